"""One gateway and two workers on one PostgreSQL: films come through, whatever becomes of a worker or of the server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TypeVar

import psycopg
import pytest

from sandbox.process import BotProcess
from tests.bot.conftest import postgres_database
from tests.journeys.stage import PATIENCE, Stage
from tests.postgres import postgres

__all__ = ["postgres", "postgres_database"]

T = TypeVar("T")
SHOTS = 2


class Fleet:
    """A gateway and workers, and what their rows say."""

    def __init__(self, stage: Stage, url: str) -> None:
        self.stage = stage
        self._url = url.replace("+psycopg", "")
        environ = stage.environ()
        self.workers = [BotProcess(environ, stage.folder / f"worker-{number}.log", role="worker") for number in (1, 2)]
        stage.bot = BotProcess(environ, stage.folder / "gateway.log", role="gateway")

    async def said(self) -> str:
        return "\n".join(each.said()[-5000:] for each in self.workers)

    async def row(self, query: str) -> tuple[object, ...]:
        """The first row that a query finds, waited for."""
        found: list[tuple[object, ...]] = []

        def look() -> bool:
            with psycopg.connect(self._url) as connection:
                found[:] = connection.execute(query.encode()).fetchall()
            return bool(found)

        await self.stage.until(look)
        return found[0]

    async def busy_worker(self) -> BotProcess:
        (name,) = await self.row("SELECT worker FROM productions WHERE state = 'running' AND worker IS NOT NULL")
        return next(each for each in self.workers if f"-{each.pid}-" in str(name))


@pytest.fixture
async def fleet(tmp_path: Path, postgres_database: str) -> AsyncIterator[Fleet]:
    async with (
        Stage(tmp_path, environ={"DATABASE_URL": postgres_database}, starts=False, pace=1.5) as stage,
        AsyncExitStack() as exits,
    ):
        fleet = Fleet(stage, postgres_database)
        try:
            for process in (stage.bot, *fleet.workers):
                await exits.enter_async_context(process)
            await stage.discord.ready(within=PATIENCE)
            yield fleet
        finally:
            print(await fleet.said())


async def ends_well(fleet: Fleet, thread: int) -> None:
    stage = fleet.stage
    await stage.film_in(thread)
    await stage.until(lambda: stage.card(thread, "Here is your film"))
    await stage.say_and_wait(stage.mia, thread, "what is shot 1 about?")  # a second delivery would come before this
    assert len(stage.films(thread)) == 1
    assert len(stage.orders()) == SHOTS


async def test_a_film_is_planned_made_and_posted_by_processes_of_their_own(fleet: Fleet) -> None:
    stage = fleet.stage
    thread = await stage.plan(stage.mia)
    await stage.greenlight(stage.mia, thread)
    await ends_well(fleet, thread)
    plans = [r for r in stage.providers.requests if r.service == "gemini" and r.method == "POST"]
    assert len(plans) <= 3  # looked at, planned, answered: nothing was planned by both workers


async def test_what_a_killed_worker_had_ordered_another_finishes_without_ordering_again(fleet: Fleet) -> None:
    stage = fleet.stage
    thread = await stage.plan(stage.mia)
    await stage.greenlight(stage.mia, thread)
    await fleet.row("SELECT 1 FROM paid_calls WHERE state = 'submitted' GROUP BY state HAVING count(*) = 2")
    await (await fleet.busy_worker()).kill()
    await ends_well(fleet, thread)
