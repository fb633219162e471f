"""One gateway and two workers on one PostgreSQL: films come through, whatever becomes of a worker or of the server."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TypeVar

import psycopg
import pytest

from sandbox.postgres import restartable
from sandbox.process import ROOT, BotProcess
from tests.bot.conftest import postgres_database
from tests.journeys.stage import PATIENCE, Stage
from tests.postgres import postgres

__all__ = ["postgres", "postgres_database"]

T = TypeVar("T")
SHOTS = 2


class Fleet:
    """A gateway and workers, and what their rows say. `idle` is another gateway, which serves no server here.

    With a `store` each process has a folder of its own, as on a machine of its own.
    """

    def __init__(
        self, stage: Stage, url: str, *, is_sharded: bool = False, store: Mapping[str, str] | None = None
    ) -> None:
        self.stage = stage
        self._store = store
        self._url = url.replace("+psycopg", "")
        self.workers = [self._process(f"worker-{number}", "worker") for number in (1, 2)]
        self.count = 1
        self.shards: str | None = None
        self.idle: list[BotProcess] = []
        if is_sharded:
            place = stage.discord.guild_id >> 22
            self.count = next(count for count in (2, 3, 5, 7) if place % count)
            shard = place % self.count
            self.shards = f"{shard}-{self.count - 1}/{self.count}"
            self.idle.append(self._gateway("idle", f"0-{shard - 1}/{self.count}"))
        stage.bot = self._gateway("gateway", self.shards)

    def _gateway(self, name: str, shards: str | None) -> BotProcess:
        return self._process(name, "gateway", shards)

    def _process(self, name: str, role: str, shards: str | None = None) -> BotProcess:
        apart = {} if self._store is None else {"DATA_DIR": str(self.stage.folder / f"data-{name}")}
        return self.stage.process(name, {**(self._store or {}), **apart}, role=role, shards=shards)

    def connected(self) -> set[int]:
        """The shards that are served."""
        sessions = self.stage.discord.gateway.sessions.values()
        return {session.shard[0] for session in sessions if session.socket is not None}

    async def refusal(self) -> str:
        """What a second gateway for the same shards says before it ends."""
        second = self._gateway("second", self.shards)
        await second.start()
        assert await second.wait() == 75
        return second.last_words()

    async def said(self) -> str:
        return "\n".join(each.said()[-5000:] for each in (*self.idle, *self.workers))

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


@asynccontextmanager
async def running(
    tmp_path: Path, url: str, *, is_sharded: bool = False, is_apart: bool = False
) -> AsyncIterator[Fleet]:
    async with (
        Stage(tmp_path, environ={"DATABASE_URL": url}, starts=False, pace=1.5) as stage,
        AsyncExitStack() as exits,
    ):
        fleet = Fleet(stage, url, is_sharded=is_sharded, store=await stored(stage) if is_apart else None)
        try:
            for process in (*fleet.idle, stage.bot, *fleet.workers):
                await exits.enter_async_context(process)
            await stage.discord.ready(within=PATIENCE)
            await stage.until(lambda: fleet.connected() == set(range(fleet.count)))
            yield fleet
        finally:
            print(await fleet.said())


async def stored(stage: Stage) -> dict[str, str]:
    """The settings of an object store that runs."""
    return {
        "CLOUDFLARE_R2_ENDPOINT_URL": await stage.providers.start_s3(),
        "CLOUDFLARE_R2_ACCESS_KEY_ID": "sandbox-id",
        "CLOUDFLARE_R2_SECRET_ACCESS_KEY": "sandbox-secret",
        "CLOUDFLARE_R2_BUCKET_NAME": stage.providers.bucket,
    }


async def ends_well(fleet: Fleet, thread: int) -> None:
    stage = fleet.stage
    await stage.film_in(thread)
    await stage.until(lambda: stage.card(thread, "Here is your film"))
    await stage.say_and_wait(stage.mia, thread, "what is shot 1 about?")  # a second delivery would come before this
    assert len(stage.films(thread)) == 1
    assert len(stage.orders()) == SHOTS


async def test_a_film_is_planned_made_and_posted_by_processes_of_their_own(
    tmp_path: Path, postgres_database: str
) -> None:
    async with running(tmp_path, postgres_database, is_sharded=True) as fleet:
        stage = fleet.stage
        thread = await stage.plan(stage.mia)
        await stage.greenlight(stage.mia, thread)
        await ends_well(fleet, thread)
        plans = [r for r in stage.providers.requests if r.service == "gemini" and r.method == "POST"]
        assert len(plans) <= 3  # looked at, planned, answered: nothing was planned by both workers
        posted = [message for message in stage.messages(thread) if message.get("components")]
        cards = [message for message in posted if not message.get("attachments")]
        assert len(cards) == 2  # of the plan and of the film: each was posted by one gateway
        assert "another gateway on this database serves shard" in await fleet.refusal()


async def test_what_a_killed_worker_had_ordered_another_machine_finishes_without_ordering_again(
    tmp_path: Path, postgres_database: str
) -> None:
    async with running(tmp_path, postgres_database, is_apart=True) as fleet:
        stage = fleet.stage
        thread = await stage.plan(stage.mia)
        await stage.greenlight(stage.mia, thread)
        await fleet.row("SELECT 1 FROM paid_calls WHERE state = 'submitted' GROUP BY state HAVING count(*) = 2")
        await (await fleet.busy_worker()).kill()
        await ends_well(fleet, thread)


async def test_a_server_that_crashes_and_comes_back_costs_no_film_and_no_order(tmp_path: Path, postgres: str) -> None:
    with restartable() as (url, restart):
        async with running(tmp_path, url) as fleet:
            stage = fleet.stage
            thread = await stage.plan(stage.mia)
            await stage.greenlight(stage.mia, thread)
            await fleet.row("SELECT 1 FROM paid_calls WHERE state = 'submitted' GROUP BY state HAVING count(*) = 2")
            (before,) = await fleet.row("SELECT worker FROM productions")
            await asyncio.to_thread(restart)
            await ends_well(fleet, thread)
            assert await fleet.row("SELECT worker FROM productions") == (before,)  # nobody was taken for dead


async def test_a_bot_that_moves_to_postgresql_takes_its_films_along(tmp_path: Path, postgres_database: str) -> None:
    async with Stage(tmp_path, pace=1.5) as stage:
        thread = await stage.plan(stage.mia)
        await stage.greenlight(stage.mia, thread)
        await stage.until(
            lambda: stage.rows("SELECT 1 FROM paid_calls WHERE state = 'submitted' GROUP BY state HAVING count(*) = 2")
        )
        assert "another instance" in await migrated(stage, postgres_database)
        await stage.bot.kill()
        assert "Copied" in await migrated(stage, postgres_database)
        stage.bot = stage.process("moved", {"DATABASE_URL": postgres_database})
        async with stage.bot:
            await stage.film_in(thread)
            await stage.until(lambda: stage.card(thread, "Here is your film"))
            assert len(stage.films(thread)) == 1
            assert len(stage.orders()) == SHOTS


async def migrated(stage: Stage, url: str) -> str:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "migrate", "--to", url),
        cwd=ROOT,
        env={**stage.environ(), "PATH": os.environ.get("PATH", "")},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    return said.decode()


@pytest.mark.parametrize("role", ["gateway", "worker"])
async def test_a_part_that_has_no_database_to_share_is_refused_with_words(tmp_path: Path, role: str) -> None:
    async with Stage(tmp_path, starts=False) as stage:
        stage.bot = stage.process("part", role=role)
        await stage.bot.start()
        assert await stage.bot.wait() == 78
        assert "needs a database that processes can share" in stage.bot.last_words()
