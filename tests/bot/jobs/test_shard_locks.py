"""One gateway for each shard, and one count of shards for all."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import psycopg
import pytest

from bot.db import driver_url
from bot.jobs.shard_locks import ShardLocks, ShardsTaken
from bot.jobs.wake import Wake


class Town:
    def __init__(self, url: str, exits: AsyncExitStack) -> None:
        self.url = url
        self._exits = exits

    async def gateway(self, first: int, last: int, count: int) -> ShardLocks:
        """A gateway that has taken its shards."""
        locks = ShardLocks(self.url, first=first, last=last, count=count)
        self._exits.push_async_callback(locks.release)
        await locks.take(tries=1)
        return locks


@pytest.fixture
async def town(postgres_database: str) -> AsyncIterator[Town]:
    async with AsyncExitStack() as exits:
        yield Town(postgres_database, exits)


async def test_ranges_beside_each_other_are_served(town: Town) -> None:
    await town.gateway(0, 1, 4)
    await town.gateway(2, 3, 4)


async def test_ranges_that_overlap_are_refused_and_told(town: Town) -> None:
    await town.gateway(0, 2, 4)
    with pytest.raises(ShardsTaken, match="serves shard 2 of 4"):
        await town.gateway(2, 3, 4)


async def test_another_count_of_shards_is_refused_and_told(town: Town) -> None:
    await town.gateway(0, 0, 4)
    with pytest.raises(ShardsTaken, match="counts 4 shards, this one 8"):
        await town.gateway(5, 5, 8)


async def test_what_a_gateway_leaves_another_takes_even_after_a_refusal(town: Town) -> None:
    before = await town.gateway(0, 0, 1)
    with pytest.raises(ShardsTaken):
        await town.gateway(0, 0, 1)
    await before.release()
    await town.gateway(0, 0, 1)


async def test_a_gateway_that_lost_its_shards_to_another_ends(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.jobs.shard_locks.PAUSE", 0.0)
    slow = await town.gateway(0, 0, 1)
    with psycopg.connect(driver_url(town.url), autocommit=True) as connection:
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'")
    await town.gateway(0, 0, 1)
    with pytest.raises(ShardsTaken):
        await slow.run(Wake().listener())
