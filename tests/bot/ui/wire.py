"""Discord as the outbox sees it: channels that keep messages, know nonces, and fail when told to."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import discord

from tests.bot.ui.test_sending import http

US, DM = 424242, 9001
SERVER = 5


@dataclass
class Sent:
    id: int
    content: str
    file_name: str | None = None
    size: int = 0
    alt: str | None = None
    labels: list[str] = field(default_factory=list)
    pings: list[int] = field(default_factory=list)

    @property
    def author(self) -> discord.Object:
        return discord.Object(US)

    @property
    def attachments(self) -> list[Any]:
        return [type("File", (), {"filename": self.file_name})()] if self.file_name else []


@dataclass
class Lost:
    """A call that does its work and loses its answer."""

    error: Exception = field(default_factory=lambda: http(503))


class Wire:
    """A client. `faults` are met by what is sent to a channel, one after the other; `always` by every one."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.clock = clock
        self.user = discord.Object(US)
        self.sent: dict[int, list[Sent]] = {}
        self.faults: dict[int, list[Exception | Lost | None]] = {}
        self.always: dict[int, Exception] = {}
        self.limits: dict[int, int] = {}
        self.tries: list[int] = []  # the channels that were sent to, in order
        self.looks: list[int] = []
        self.boosts: dict[int, int] = {SERVER: 50 << 20}
        self.dm_fault: Exception | None = None
        self.look_fault: Exception | None = None
        self.opened: list[int] = []
        self.nonces: dict[tuple[int, str], Sent] = {}
        self._count = 0

    def all(self) -> list[tuple[int, Sent]]:
        return [(channel, sent) for channel, messages in self.sent.items() for sent in messages]

    def get_partial_messageable(self, channel_id: int, *, guild_id: int | None = None) -> Channel:
        return Channel(self, channel_id, guild_id)

    async def create_dm(self, user: discord.Object) -> discord.Object:
        if self.dm_fault is not None:
            raise self.dm_fault
        return discord.Object(DM)

    def get_guild(self, guild_id: int) -> Any:
        limit = self.boosts.get(guild_id)
        return None if limit is None else type("Guild", (), {"filesize_limit": limit})()

    def get_channel(self, channel_id: int) -> Any:
        return None

    async def fetch_channel(self, channel_id: int) -> Any:
        self.opened.append(channel_id)
        return None

    def new_id(self) -> int:
        self._count += 1
        return discord.utils.time_snowflake(datetime.fromtimestamp(self.clock(), tz=UTC)) + self._count


class Channel:
    def __init__(self, wire: Wire, channel_id: int, guild_id: int | None) -> None:
        self.wire = wire
        self.id = channel_id
        self.guild_id = guild_id

    async def send(
        self,
        content: str,
        *,
        allowed_mentions: discord.AllowedMentions,
        nonce: str,
        file: discord.File | None = None,
        view: discord.ui.View | None = None,
        suppress_embeds: bool = False,
    ) -> Sent:
        wire = self.wire
        wire.tries.append(self.id)
        size = 0
        if file is not None:
            size = len(file.fp.read())
            file.close()  # as the library does after every send
        faults = wire.faults.get(self.id, [])
        fault = faults.pop(0) if faults else wire.always.get(self.id)
        if fault is not None and not isinstance(fault, Lost):
            raise fault
        if size > wire.limits.get(self.id, 1 << 60):
            raise http(413, 40005)
        known = wire.nonces.get((self.id, nonce))
        if known is None:
            pings: Any = allowed_mentions.users or []
            labels = [str(item.label) for item in view.children if isinstance(item, discord.ui.Button)] if view else []
            known = Sent(
                wire.new_id(),
                content,
                file_name=file.filename if file is not None else None,
                size=size,
                alt=file.description if file is not None else None,
                labels=labels,
                pings=[each.id for each in pings],
            )
            wire.sent.setdefault(self.id, []).append(known)
            wire.nonces[self.id, nonce] = known
        if isinstance(fault, Lost):
            raise fault.error
        return known

    async def history(self, *, after: discord.Object, limit: int) -> AsyncIterator[Sent]:
        self.wire.looks.append(self.id)
        if self.wire.look_fault is not None:
            raise self.wire.look_fault
        for sent in self.wire.sent.get(self.id, [])[:limit]:
            if sent.id > after.id:
                yield sent
