"""What a status holds: rows of every kind, the pools' views, the disk; and what stands in nobody's way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import OperationalError

from bot.db import Database, Transaction
from bot.db.tables import channels, paid_calls, productions, projects, reservations, switches
from bot.production.model import ProductionState
from bot.status.rows import NO_ROWS
from ratelimit import Priority
from tests.bot.status.bench import NOON, Bench

ON_BOTH_DATABASES = True
HOUR = 3600.0


async def film(database: Database, name: str, state: ProductionState, **columns: object) -> None:
    rows = {
        "id": name,
        "request_id": name,
        "project_id": "p",
        "version": 1,
        "owner_id": 7,
        "guild_id": 5,
        "state": state,
        "stage": "queue",
        "price_microusd": 100,
        "accepted_at": NOON - HOUR,
        "updated_at": NOON,
    }
    async with database.transaction() as transaction:
        await transaction.execute(insert(productions).values(rows | columns))


@pytest.fixture
async def bench(database: Database, tmp_path: Path) -> Bench:
    async with database.transaction() as transaction:
        await transaction.execute(
            insert(projects).values(
                id="p",
                request_id="r",
                owner_id=7,
                channel_id=1,
                idea="",
                model="m",
                ratio="16:9",
                state="planned",
                created_at=NOON,
                updated_at=NOON,
            )
        )
    return Bench(database, tmp_path)


async def test_films_are_counted_by_what_becomes_of_them(bench: Bench, database: Database) -> None:
    await film(database, "a", ProductionState.ACCEPTED, accepted_at=NOON - 60)
    await film(database, "b", ProductionState.ACCEPTED, accepted_at=NOON - 30)
    await film(database, "c", ProductionState.RUNNING, worker="w", started_at=NOON - HOUR + 20)
    await film(database, "d", ProductionState.DONE, started_at=NOON - HOUR + 40, finished_at=NOON, delivered_at=NOON)
    await film(database, "e", ProductionState.FAILED, finished_at=NOON - 25 * HOUR, undelivered="NotAllowed 50013")
    await film(database, "f", ProductionState.DONE, finished_at=NOON - 1)  # about to be posted

    films = (await bench.collector.collect()).films

    assert films.now == {ProductionState.ACCEPTED: 2, ProductionState.RUNNING: 1}
    assert films.last_day == {ProductionState.DONE: 2}
    assert (films.undelivered, films.by_worker) == (1, {"w": 1})
    line = films.line
    assert (line.waiting, line.oldest, line.p50, line.p95) == (2, 60.0, 20.0, 40.0)


async def test_money_names_who_spent_most_and_no_more_than_today(bench: Bench, database: Database) -> None:
    async with database.transaction() as transaction:
        for number, (owner, amount, at) in enumerate(
            [(1, 50, NOON), (2, 70, NOON), (1, 30, NOON), (3, 900, NOON - 9e4)]
        ):
            await transaction.execute(
                insert(reservations).values(
                    id=str(number), kind="film", owner_id=owner, guild_id=5, reserved_microusd=amount, at=at
                )
            )

    money = (await bench.collector.collect()).money

    assert money is not None
    assert [(each.id, each.used_microusd) for each in money.users] == [(1, 80), (2, 70)]
    assert money.bot.used_microusd == 150
    assert money.bot.cap_microusd == 1_000


async def test_what_is_paused_closed_and_refused_is_told(bench: Bench, database: Database) -> None:
    async with database.transaction() as transaction:
        await transaction.execute(insert(switches).values(name="runway", by=9, reason="bill", at=NOON))
        for channel, until in ((1, NOON + 60), (2, NOON - 60)):
            await transaction.execute(
                insert(channels).values(id=channel, closed_until=until, closed_because="NotAllowed", updated_at=NOON)
            )
        for number, state in enumerate(["refused", "refused", "done"]):
            await transaction.execute(
                insert(paid_calls).values(
                    key=str(number),
                    job="j",
                    provider="runway",
                    model="m",
                    key_id="k1",
                    request_hash="",
                    state=state,
                    price_microusd=1,
                    deadline_at=0,
                    created_at=NOON - 10,
                    updated_at=NOON,
                )
            )

    status = await bench.collector.collect()

    assert [(each.name, each.by, each.reason) for each in status.paused] == [("runway", 9, "bill")]
    assert [each.id for each in status.closed] == [1]
    (runway,) = status.services
    assert (runway.paused, runway.calls, status.films.refused) == (True, {"refused": 2, "done": 1}, 2)


async def test_who_waits_for_a_key_and_what_keys_met_is_told(bench: Bench) -> None:
    pool = bench.pools["runway"]
    async with pool.lease(user="a", priority=Priority.HIGH) as lease:
        key = lease.key.id

    status = await bench.collector.collect()

    (runway,) = status.services
    assert {each.view.id: (each.asked, each.error_rate) for each in runway.keys}[key] == (1, 0.0)
    assert (status.waits[Priority.HIGH].waiting, status.waits[Priority.HIGH].p95) == (0, 0.0)
    assert status.waits[Priority.LOW].p95 is None


async def test_this_process_its_disk_and_its_database_are_told(bench: Bench, database: Database) -> None:
    status = await bench.collector.collect()

    (here,) = status.processes
    assert (here.name, here.is_here) == ("here", True)
    assert (here.memory_bytes or 0) > 1 << 20
    assert status.disk.free_bytes > 0
    assert status.database.error is None
    assert (status.database.bytes or 0) > 0
    assert status.database.kind == ("PostgreSQL" if database.is_shared else "SQLite")


class Sometimes(Database):
    is_away = True

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        if self.is_away:
            raise OperationalError("", None, OSError("away"))
        async with super().transaction() as transaction:
            yield transaction


async def test_a_database_that_is_away_costs_the_rows_and_nothing_else(database: Database, tmp_path: Path) -> None:
    status = await Bench(Sometimes(database.engine), tmp_path).collector.collect()

    assert status.database.error == "OperationalError"
    assert (status.films, status.money, len(status.services)) == (NO_ROWS.films, None, 1)


async def test_many_who_look_at_once_cost_one_look(bench: Bench) -> None:
    first, second = await asyncio.gather(bench.collector.collect(), bench.collector.collect())
    bench.now += 2

    assert first is second
    assert (await bench.collector.collect()).at == first.at + 2
