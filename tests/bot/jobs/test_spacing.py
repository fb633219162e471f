"""Turns that are apart, whoever takes them."""

from __future__ import annotations

import asyncio

import psycopg

from bot.db import Database, driver_url, open_database
from bot.jobs.spacing import Spacing
from tests.bot.waiting import until


class Pauses:
    """Pauses that last until they are let go on."""

    def __init__(self) -> None:
        self.begun = 0
        self._over = asyncio.Semaphore(0)

    async def __call__(self, _: float) -> None:
        self.begun += 1
        await self._over.acquire()

    async def reach(self, number: int) -> None:
        async def there() -> bool:
            return self.begun == number

        await until(there)

    def end_one(self) -> None:
        self._over.release()


async def waiting(url: str) -> bool:
    """Whether somebody waits for a lock."""
    async with await psycopg.AsyncConnection.connect(driver_url(url), autocommit=True) as connection:
        found = await connection.execute("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
        return await found.fetchone() is not None


async def test_the_pause_of_one_process_keeps_the_others_waiting(postgres_database: str) -> None:
    ana, ben = await open_database(postgres_database), await open_database(postgres_database)
    pauses = Pauses()
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(Spacing(ana, 5.0, sleep=pauses).turn("identify 0"))
            await pauses.reach(1)
            group.create_task(Spacing(ben, 5.0, sleep=pauses).turn("identify 0"))
            await until(lambda: waiting(postgres_database))
            assert pauses.begun == 1
            group.create_task(Spacing(ben, 5.0, sleep=pauses).turn("identify 1"))  # another slot need not wait
            await pauses.reach(2)
            for _ in range(3):
                pauses.end_one()
        assert pauses.begun == 3
    finally:
        await ana.close()
        await ben.close()


async def test_a_process_alone_keeps_its_turns_apart_and_its_database_free(database: Database) -> None:
    pauses = Pauses()
    spacing = Spacing(database, 5.0, sleep=pauses)
    async with asyncio.TaskGroup() as group:
        group.create_task(spacing.turn("identify 0"))
        group.create_task(spacing.turn("identify 0"))
        await pauses.reach(1)
        async with asyncio.timeout(5.0), database.transaction():
            pass
        assert pauses.begun == 1
        pauses.end_one()
        pauses.end_one()
    assert pauses.begun == 2
