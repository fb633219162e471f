"""The part of the bot that talks to Discord, in one process with its Discord: real client, real rows, no films made."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

from bot.app.service import Service
from bot.db import open_database
from bot.jobs.wake import Wake
from bot.studio.model import Project, Request
from bot.ui.client import Greenlight
from bot.ui.commands.plan import PlanCommand
from bot.ui.missed import Missed
from sandbox.discord.buckets import UNHURRIED
from sandbox.discord.traffic import LoggedRequest
from sandbox.discord.world import DiscordWorld
from tests.bot.studio.samples import plan as sample
from tests.bot.ui.test_desk import Counter
from tests.faults.invariants import damage, rows_as_text, secrets_out, storms, tasks_left, told_once, unfit_words
from tests.sandbox.discord.clients import pointed_at

#: Of a hurried loop: half a minute.
PATIENCE = 900.0
#: How the library names the tasks in which it tells us of events.
_LIBRARYS = ("discord.py: ", "CommandTree")


class Front:
    """A client with its desk, its rows, and the Discord it talks to."""

    def __init__(self, client: Greenlight, counter: Counter, world: DiscordWorld) -> None:
        self.client = client
        self.counter = counter
        self.world = world
        everything: Any = None
        self.service = Service(
            client=client, token=world.token, engine=None, ledger=everything, dispatcher=everything, changed=Wake()
        )

    async def connect(self) -> None:
        """As the service does; ends with `DiscordRefused` where it does."""
        await self.service._stay_connected(self.world.token)

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[None]:
        """Connected and ready while the block lasts."""
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(self.connect()),
                group.create_task(Missed(self.client, self.counter.projects).run(Wake().listener())),
            ]
            await self.client.became_ready.wait()
            yield
            for task in tasks:
                task.cancel()
        await self._library_is_done()
        assert list(tasks_left()) == []

    async def _library_is_done(self) -> None:
        if under_way := [task for task in asyncio.all_tasks() if task.get_name().startswith(_LIBRARYS)]:
            await asyncio.wait(under_way)

    async def until(self, look: Callable[[], Any]) -> Any:
        return await self.world.wait_for(look, within=PATIENCE)

    async def film(self) -> Project:
        """A planned film of Mia's, with its thread."""
        world = self.world
        project, _ = await self.counter.projects.create(
            Request(
                request_id="1",
                owner_id=world.mia.id,
                guild_id=world.guild_id,
                channel_id=world.channel_id,
                idea="a koi",
            ),
            model="gen4.5",
        )
        await self.counter.projects.keep_plan(project.id, sample())
        await self.client.threads.open(project)
        return await self.counter.projects.get(project.id)

    async def heard(self) -> list[str]:
        return [turn.words for turn in await self.counter.projects.unanswered()]

    def posts(self, path: str) -> list[LoggedRequest]:
        return [r for r in self.world.requests if r.method == "POST" and r.path == path]


def _breaches(world: DiscordWorld, database: Path) -> Iterator[str]:
    """What of the invariants does not hold when a story is over."""
    channels = [world.channel_id, *(int(thread["id"]) for thread in world.threads(world.channel_id))]
    for channel in channels:
        messages = world.messages(channel)
        yield from told_once(messages)
        yield from unfit_words(messages)
        yield from secrets_out([world.token], str(messages))
    yield from unfit_words([message for who in (world.mia, world.tom) for message in world.ephemeral_messages(who)])
    yield from storms(world.requests)
    yield from secrets_out([world.token], rows_as_text(database))
    yield from damage(database)


@asynccontextmanager
async def front(folder: Path, *, heartbeat: float = 41.25) -> AsyncIterator[Front]:
    """Everything but the connection."""
    database = await open_database(f"sqlite+aiosqlite:///{folder}/greenlight.sqlite3")
    try:
        async with DiscordWorld(rates=UNHURRIED, heartbeat_period=heartbeat) as world:
            counter = Counter(database)
            client = Greenlight(
                desk=counter.desk,
                projects=counter.projects,
                sync_mark=folder / "mark",
                surfaces=[PlanCommand(counter.desk)],
            )
            with pointed_at(cast("Any", world.environ)):
                yield Front(client, counter, world)
                assert list(_breaches(world, folder / "greenlight.sqlite3")) == []
    finally:
        await database.close()
