"""A minute as it was written is a minute as it is read, of many processes too; thinning loses no request."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select

from bot.db import Database
from bot.db.tables import samples
from bot.status.sampler import Sampler
from bot.status.samples import Sample, Samples, thinned, together
from bot.status.status import ProcessStatus
from ratelimit import OpenOperation, Priority
from tests.bot.status.bench import NOON, Bench

ON_BOTH_DATABASES = True
MINUTE = NOON // 60 * 60
SAMPLE = Sample(
    at=MINUTE,
    seconds=60.0,
    requests={"k1": 3},
    waiting={"high": 2},
    films=4,
    oldest=9.5,
    spent_microusd=70,
    errors=1,
    limited=2,
)


def process(name: str) -> ProcessStatus:
    return ProcessStatus(
        name=name,
        role="worker",
        version="0.1.0",
        shards="",
        started_at=NOON - 60,
        seen_at=NOON,
        is_here=True,
        memory_bytes=5,
        loop_late=0.01,
        waiting=2,
    )


async def test_what_is_written_is_read(database: Database) -> None:
    kept = Samples(database, clock=lambda: NOON + 1)
    await kept.write(SAMPLE, process("a"))

    assert await kept.read() == (SAMPLE,)


async def test_the_same_minute_of_one_process_is_kept_once_and_of_two_added_up(database: Database) -> None:
    kept = Samples(database, clock=lambda: NOON + 1)
    await kept.write(replace(SAMPLE, films=1), process("a"))
    await kept.write(SAMPLE, process("a"))
    await kept.write(replace(SAMPLE, requests={"k1": 1, "k2": 5}, spent_microusd=60, films=2), process("b"))

    (seen,) = await kept.read()

    assert (seen.requests, seen.waiting, seen.films) == ({"k1": 4, "k2": 5}, {"high": 4}, 4)
    assert (seen.spent_microusd, seen.errors, seen.limited) == (70, 2, 4)


async def test_two_days_are_kept_and_one_is_read(database: Database) -> None:
    now = NOON
    kept = Samples(database, clock=lambda: now)
    for age in (3 * 86_400, 86_460, 60):
        await kept.write(replace(SAMPLE, at=NOON - age), process("a"))
    await kept.forget()

    assert len(await kept.read()) == 1
    async with database.transaction() as transaction:
        assert (await transaction.execute(select(func.count()).select_from(samples))).scalar_one() == 2


async def test_other_processes_are_known_by_what_they_wrote_lately(bench: Bench, database: Database) -> None:
    kept = Samples(database)
    await kept.write(replace(SAMPLE, at=NOON - 60), process("b"))
    await kept.write(replace(SAMPLE, at=NOON - 60), process("here"))
    await kept.write(replace(SAMPLE, at=NOON - 900), process("gone"))

    names = [each.name for each in (await bench.collector.collect()).processes]

    assert names == (["here", "b"] if database.is_shared else ["here"])


def test_thinned_samples_keep_every_request_and_the_most_that_waited() -> None:
    minutes = [
        replace(SAMPLE, at=60.0 * number, requests={"k1": number}, waiting={"high": number % 7}, spent_microusd=number)
        for number in range(100)
    ]
    points = thinned(minutes, since=0.0, width=600.0)

    assert len(points) == 10
    assert sum(each.requests["k1"] for each in points) == sum(range(100))
    assert {each.waiting["high"] for each in points} == {6}
    assert [each.spent_microusd for each in points[:2]] == [9, 19]
    assert points[0].seconds == 600.0


def test_a_time_in_which_nobody_was_there_has_no_point() -> None:
    assert [each.at for each in thinned([replace(SAMPLE, at=at) for at in (0.0, 3000.0)], 0.0, 600.0)] == [0.0, 3000.0]


def test_one_process_alone_stays_as_it_is() -> None:
    assert together([SAMPLE]) == SAMPLE


@pytest.fixture
def bench(database: Database, tmp_path: Path) -> Bench:
    return Bench(database, tmp_path)


async def test_a_sample_holds_what_was_done_since_the_one_before(bench: Bench, database: Database) -> None:
    kept = Samples(database, clock=lambda: bench.now)
    sampler = Sampler(bench.collector, kept, bench.pools, clock=lambda: bench.now)
    pool = bench.pools["runway"]
    for _ in range(2):
        async with pool.lease(user="a", priority=Priority.HIGH) as lease:
            key = lease.key.id
    bench.now += 60
    await sampler.take()
    async with pool.lease(user="a", key_id=key):
        pass
    bench.now += 60
    await sampler.take()

    first, second = await kept.read(points=1440)

    assert sum(first.requests.values()) == 2
    assert second.requests == {key: 1}
    assert second.seconds == 60.0


async def test_what_waits_is_seen_with_how_long(bench: Bench, database: Database) -> None:
    pool = bench.pools["runway"]
    for key in pool.view().keys:
        pool.set_room(1, key_id=key.id)
    pool.restore(OpenOperation(id=key.id, key_id=key.id, model=None) for key in pool.view().keys)
    async with asyncio.TaskGroup() as group:

        async def wait() -> None:
            async with pool.lease(user="a", priority=Priority.MEDIUM):
                pass

        waiter = group.create_task(wait())
        await asyncio.sleep(0.05)
        status = await bench.collector.collect()
        waiter.cancel()

    assert status.waits[Priority.MEDIUM].waiting == 1
    assert 0.04 < (status.waits[Priority.MEDIUM].oldest or 0) < 5
    assert status.waits[Priority.HIGH].oldest is None
