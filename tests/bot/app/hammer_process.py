"""A process that sends as much as its pool lets it, and writes down when: for tests and benchmarks.

    python -m tests.bot.app.hammer_process URL POOL LIMIT PERIOD SKEW

Every request is a line on standard output, its time on the machine's monotonic clock; at the end of input, which is how
it is told to stop, a line `journeys N`.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Callable, Iterable

from sqlalchemy.ext.asyncio import create_async_engine

from bot.app.usage import PostgresUsageStore, SqliteUsageStore
from bot.db import open_database
from ratelimit import Allowance, ApiKey, Entry, KeyPool, Limit, Limits, Priority, Turn, UsageStore

WAITERS = 50


class Counted:
    """How often the store was asked."""

    def __init__(self, store: UsageStore) -> None:
        self.journeys = 0
        self._store = store

    async def exchange(self, pool: str, turn: Callable[[Iterable[Entry], float], Turn]) -> Turn:
        self.journeys += 1
        return await self._store.exchange(pool, turn)


async def hammer(url: str, name: str, limit: int, period: float, skew: float) -> None:
    if url.startswith("sqlite"):
        store = Counted(SqliteUsageStore(await open_database(url)))
    else:
        store = Counted(PostgresUsageStore(create_async_engine(url)))
    pool = KeyPool(
        name,
        [ApiKey("key-1", "a", "fake-secret")],
        limits=Limits(account=Allowance(rates=(Limit(limit, period=period),))),
        judge=lambda outcome, now: None,
        skew=skew,
        store=store,
    )

    async def one(user: str) -> None:
        while True:
            async with pool.lease(user=user, priority=Priority.MEDIUM) as lease:
                lease.sent()
                os.write(1, f"{time.monotonic():.6f}\n".encode())
                await asyncio.sleep(0.01)

    told = asyncio.Event()
    asyncio.get_running_loop().add_reader(0, told.set)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(pool.run())]
        tasks += [group.create_task(one(f"user-{number}")) for number in range(WAITERS)]
        await told.wait()
        for task in tasks:
            task.cancel()
    os.write(1, f"journeys {store.journeys}\n".encode())
    os._exit(0)  # what else there is to close is the system's to close


if __name__ == "__main__":
    asyncio.run(hammer(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]), float(sys.argv[5])))
