"""A channel of Discord's that remembers nonces as Discord does, and is busy when told to."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import discord

from tests.bot.ui.test_sending import http

BUSY = 503


class Posted:
    """A message as the library returns it, with the little that we read of one."""

    def __init__(self, channel: Channel, number: int, content: str, facts: dict[str, Any]) -> None:
        self.channel = channel
        self.id = number
        self.content = content
        self.facts = facts
        self.threads: list[str] = []

    async def edit(self, *, content: str) -> None:
        await self.channel.take("edit")
        self.content = content
        self.channel.texts.append(content)

    async def delete(self) -> None:
        await self.channel.take("delete")
        self.channel.posted.remove(self)

    async def create_thread(self, *, name: str, auto_archive_duration: int) -> None:
        await self.channel.take("thread")
        if self.threads:
            raise http(400, 160004)
        self.threads.append(name)


class Channel:
    """`texts` is everything that was seen, in order. A call takes `slowness` seconds and then fails as `faults` say."""

    def __init__(self, number: int = 6) -> None:
        self.id = number
        self.posted: list[Posted] = []
        self.texts: list[str] = []
        self.calls: list[str] = []
        self.slowness = 0.0
        self._remembered: dict[str, Posted] = {}
        #: What a call of a kind fails with, one after the other; `None` lets one through.
        self.faults: dict[str, list[discord.HTTPException | None]] = {}
        #: A call of these kinds does its work and loses its answer.
        self.lose_answer_of: set[str] = set()

    async def send(self, content: str, *, nonce: str, **facts: Any) -> Posted:
        await self.take("send")
        posted = self._remembered.get(nonce)
        if posted is None:
            posted = Posted(self, 100 + len(self.posted), content, {**facts, "nonce": nonce})
            self.posted.append(posted)
            self._remembered[nonce] = posted
            self.texts.append(content)
        if "send" in self.lose_answer_of:
            self.lose_answer_of.discard("send")
            raise http(BUSY)
        return posted

    def forget_nonces(self) -> None:
        """As after the few minutes for which Discord remembers them."""
        self._remembered.clear()

    def get_partial_message(self, number: int) -> Posted:
        return next(each for each in self.posted if each.id == number)

    async def typing(self) -> None:
        await self.take("typing")

    async def take(self, kind: str) -> None:
        self.calls.append(kind)
        await asyncio.sleep(self.slowness)
        if faults := self.faults.get(kind):
            fault = faults.pop(0)
            if fault is not None:
                raise fault


class Client:
    """Hands out one channel, whatever is asked for."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.get_partial_messageable: Callable[..., Channel] = lambda *_, **__: channel
