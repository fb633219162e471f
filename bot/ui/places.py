"""Where an end may be posted, in which order, and what may be uploaded there."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import discord

from bot.production.model import Production
from bot.studio.model import Project
from bot.ui.channel_rows import ChannelRows
from bot.ui.sending import NotAllowed, once

#: What Discord lets a bot upload where nobody boosts (Discord docs, 2026-08).
DEFAULT_UPLOAD_LIMIT = 10 << 20


@dataclass(frozen=True, slots=True)
class Place:
    """A channel, of a server or a DM (`None`); a channel of `None` is its owner's DM, not opened yet.

    `parent_id` is the channel that a film's thread hangs on, where we know it by ourselves.
    """

    channel_id: int | None
    guild_id: int | None
    parent_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Those that are open, the best first.

    `closed_because` are the last refusals of the others, and `opens_at` is when the first of them is tried again that
    may yet let us in.
    """

    open: list[Place]
    closed_because: list[str]
    opens_at: float | None


class PlaceFinder:
    def __init__(self, client: discord.Client, rows: ChannelRows) -> None:
        self._client = client
        self._rows = rows

    async def places(self, production: Production, project: Project, *, barred: Collection[int] = ()) -> Places:
        """Where it was aimed at, its thread, the channel it was asked for in, and its owner's DM.

        Of no server in `barred`.
        """
        known = dict.fromkeys([production.delivery_channel_id, project.thread_id, project.channel_id])
        channel_ids = [channel_id for channel_id in known if channel_id is not None]
        closed = await self._rows.closed(channel_ids)
        places = [
            Place(channel_id, await self._guild_of(channel_id, production, project), _parent_of(channel_id, project))
            for channel_id in channel_ids
            if channel_id not in closed
        ]
        places = [place for place in places if place.guild_id not in barred]
        if project.guild_id is not None:
            places.append(Place(None, None))
        may_open = [each.until for each in closed.values() if each.because.startswith(NotAllowed.__name__)]
        return Places(
            open=places,
            closed_because=[closed[channel_id].because for channel_id in channel_ids if channel_id in closed],
            opens_at=min(may_open, default=None),
        )

    async def enter(self, place: Place, owner_id: int) -> int:
        """The channel of a place. Raises `DiscordFailed`: a DM that its owner closed lately is not tried, either."""
        if place.channel_id is not None:
            return place.channel_id
        channel_id = await self._dm_with(owner_id)
        if (closed := (await self._rows.closed([channel_id])).get(channel_id)) is not None:
            _, _, code = closed.because.partition(":")
            raise NotAllowed(closed.because, code=int(code) if code.isdecimal() else 0)
        return channel_id

    async def upload_limit(self, place: Place, channel_id: int) -> int:
        """In bytes: by the server's boosts, which its threads share, and no more than was really taken there."""
        guild = self._client.get_guild(place.guild_id) if place.guild_id is not None else None
        allowed = guild.filesize_limit if guild is not None else DEFAULT_UPLOAD_LIMIT
        learned = await self._rows.upload_limit(channel_id)
        return allowed if learned is None else min(allowed, learned)

    async def _guild_of(self, channel_id: int, production: Production, project: Project) -> int | None:
        if channel_id in (project.thread_id, project.channel_id):
            return project.guild_id
        if production.delivery_guild_id is not None:
            return production.delivery_guild_id
        channel = self._client.get_channel(channel_id)
        guild: discord.Guild | None = getattr(channel, "guild", None)
        if guild is not None:
            return guild.id
        return None if channel_id == await self._dm_with(production.owner_id) else project.guild_id

    async def _dm_with(self, owner_id: int) -> int:
        return (await once(lambda: self._client.create_dm(discord.Object(owner_id)))).id


def _parent_of(channel_id: int, project: Project) -> int | None:
    """A post of a forum has itself for a channel: its forum is not known to us."""
    return project.channel_id if project.thread_id == channel_id != project.channel_id else None
