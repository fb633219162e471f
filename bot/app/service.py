"""How the built bot lives: loops that start again, a connection that is kept, a stop that drains."""

from __future__ import annotations

import asyncio
import logging
import os
import random
import signal
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import NoReturn

import aiohttp
import discord

from bot.app.data_dir import AnotherInstance
from bot.db.faults import Damage
from bot.jobs.engine import Engine
from bot.jobs.ledger import Ledger
from bot.jobs.shard_locks import ShardsTaken
from bot.jobs.wake import Listener, Wake
from bot.production.dispatcher import Dispatcher
from bot.ui.client import Greenlight

logger = logging.getLogger(__name__)

#: Seconds that orders under way get to hear their answer when we are told to stop, and that the whole stop may take.
DRAIN = 15.0
STOP_WITHIN = 24.0
#: Seconds between attempts to reach Discord: first and longest.
RECONNECT_FIRST, RECONNECT_LONGEST = 2.0, 300.0
#: What ran this long, in seconds, was well: its next failure is a first one.
HEALTHY_AFTER = 60.0
#: Close codes after which connecting again cannot help, beside 4014, which discord.py names (Discord docs, 2026-08).
FATAL_CLOSES = {
    4004: "Discord refuses the token. Copy it anew from the portal into DISCORD_TOKEN.",
    4010: "Discord refuses our shard. Check how the shards are dealt out.",
    4011: "Discord asks for more shards. Deal the servers out among several.",
    4012: "Discord no longer speaks our version of its gateway. Update the bot.",
    4013: "Discord does not know one of our intents. Update the bot.",
}


class DiscordRefused(Exception):
    """Discord does not let us in; the text tells the operator what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loop:
    """A long-lived loop: its name, and what to run with a listener to `changed`."""

    name: str
    run: Callable[[Listener], Awaitable[None]]


class Service:
    """The built parts, and how they run and stop."""

    def __init__(
        self,
        *,
        client: Greenlight,
        token: str,
        engine: Engine | None,
        ledger: Ledger,
        dispatcher: Dispatcher,
        changed: Wake,
    ) -> None:
        self.client = client
        #: `None` in a process that does not talk to Discord.
        self.token: str | None = token
        self._engine = engine
        self._ledger = ledger
        self._dispatcher = dispatcher
        self._changed = changed
        #: A damaged database ends the process: what is written to it from then on may be lost.
        self.damage: Damage | None = None
        #: Whether films can be worked on: the engine has been launched and not been closed.
        self.is_working = False
        self.pool_loops: list[Loop] = []
        self.loops: list[Loop] = []
        self.discord_loops: list[Loop] = []

    async def serve(self) -> None:
        """Run everything until told to stop, then drain. Told twice, or too slow, it ends at once: rows bear that."""
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()

        def told() -> None:
            if stop.is_set():
                os._exit(0)
            stop.set()
            loop.call_later(STOP_WITHIN, os._exit, 0)

        for signal_number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(signal_number, told)
        async with asyncio.TaskGroup() as pools:
            # First to come and last to go: nobody sends anything without them, and what was sent must be written down.
            keeping = [pools.create_task(self._supervised(each), name=each.name) for each in self.pool_loops]
            try:
                await self._work(stop)
            finally:
                for task in keeping:
                    task.cancel()

    async def _work(self, stop: asyncio.Event) -> None:
        if self._engine is not None:
            await self._engine.launch()
            self.is_working = True
        try:
            async with asyncio.TaskGroup() as group:
                tasks: list[asyncio.Task[NoReturn]] = [
                    group.create_task(self._supervised(each), name=each.name) for each in self.loops
                ]
                tasks += [group.create_task(self._after_ready(each), name=each.name) for each in self.discord_loops]
                if self.token is not None:
                    tasks.append(group.create_task(self._stay_connected(self.token), name="discord"))
                watch = group.create_task(self.damage.raise_when_found()) if self.damage is not None else None
                await stop.wait()
                if watch is not None:
                    watch.cancel()
                logger.info("stopping")
                self._dispatcher.pause()
                await self._drain()
                for task in tasks:
                    task.cancel()
        finally:
            self.is_working = False
            await self._drain()
            if self._engine is not None:
                await self._engine.close()

    async def _drain(self) -> None:
        """Hear the answers of orders under way, and begin none: an answer unheard holds a film."""
        try:
            async with asyncio.timeout(DRAIN):
                await self._ledger.close()
        except TimeoutError:
            logger.warning("orders still unanswered at the end; they are looked at after the restart")

    async def _stay_connected(self, token: str) -> NoReturn:
        """Keep the gateway open. The library reconnects after drops; the first connection, and crashes, are ours."""
        pause = RECONNECT_FIRST
        client = self.client
        while True:
            began = time.monotonic()
            try:
                async with client:  # sets its loop anew; a client that was closed has none (2.7.1)
                    await client.start(token)
            except discord.LoginFailure as error:
                raise DiscordRefused(FATAL_CLOSES[4004]) from error
            except discord.PrivilegedIntentsRequired as error:
                raise DiscordRefused(
                    "Discord refuses our intents. Switch Message Content Intent on in the portal, page Bot."
                ) from error
            except discord.ConnectionClosed as error:
                if error.code in FATAL_CLOSES:
                    raise DiscordRefused(FATAL_CLOSES[error.code]) from error
                logger.warning("Discord closed the connection", extra={"code": error.code, "again_in": round(pause)})
            except (discord.DiscordException, aiohttp.ClientError, OSError, AttributeError, TimeoutError) as error:
                # AttributeError is how discord.py 2.7.1 fails when the first connection does (Rapptz/discord.py#10520).
                logger.warning("Discord not reached", extra={"error": repr(error), "again_in": round(pause)})
            except Exception:  # an answer that nobody can read fails the library in many ways; films go on meanwhile
                logger.exception("Discord not reached", extra={"again_in": round(pause)})
            if time.monotonic() - began > HEALTHY_AFTER:
                pause = RECONNECT_FIRST
            await asyncio.sleep(pause * random.uniform(0.8, 1.2))  # noqa: S311  # spread, not secret
            pause = min(pause * 2, RECONNECT_LONGEST)
            client.clear()
            client.http.connector = discord.utils.MISSING  # closed with its session, and not forgotten (2.7.1)

    async def _after_ready(self, each: Loop) -> NoReturn:
        await self.client.became_ready.wait()
        await self._supervised(each)

    async def _supervised(self, each: Loop) -> NoReturn:
        """Run a loop for ever: one that fails for outside reasons starts again, more slowly each time."""
        listener = self._changed.listener()
        pause = 1.0
        while True:
            began = time.monotonic()
            try:
                await each.run(listener)
            except ShardsTaken as error:  # lost to another process: what both showed would be seen twice
                raise AnotherInstance(str(error)) from error
            except Exception:
                logger.exception("loop failed; starting it again", extra={"loop": each.name})
            if time.monotonic() - began > HEALTHY_AFTER:
                pause = 1.0
            await asyncio.sleep(pause)
            pause = min(pause * 2, 60.0)
