"""Transactions on SQLite begin with their first statement and leave nothing behind, however they end."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import delete, func, insert, select, update

from bot.db import Database, open_database
from bot.db.hops import HopConnection
from bot.db.tables import audit

ROW = {"at": 1.0, "actor_id": 7, "action": "paused", "ref": "all", "detail": ""}


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = await open_database(f"sqlite+aiosqlite:///{tmp_path / 'hops.db'}")
    yield database
    await database.close()


def is_free(file: Path) -> bool:
    """Whether somebody else may write just now."""
    with closing(sqlite3.connect(file, timeout=0)) as other:
        try:
            other.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            return False
        return True


async def driver_of(database: Database) -> HopConnection:
    async with database.engine.connect() as connection:
        driver = (await connection.get_raw_connection()).driver_connection
    assert isinstance(driver, HopConnection)
    return driver


async def test_a_transaction_holds_the_file_from_its_first_statement_to_its_end(
    database: Database, tmp_path: Path
) -> None:
    file = tmp_path / "hops.db"
    async with database.transaction() as transaction:
        before = is_free(file)
        await transaction.execute(select(audit))
        within = is_free(file)
    assert (before, within, is_free(file)) == (True, False, True)


async def test_one_that_says_nothing_takes_no_hop_and_another_one_for_each_statement_and_the_commit(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    hops = []
    execute = HopConnection._execute

    async def counted(self: HopConnection, *given: object, **more: object) -> object:
        hops.append(given)
        return await execute(self, *given, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(HopConnection, "_execute", counted)
    async with database.transaction():
        pass
    assert not hops
    async with database.transaction() as transaction:
        await transaction.execute(insert(audit).values(**ROW))
        await transaction.execute(select(audit))
    assert len(hops) == 3


async def test_what_statements_leave_behind_is_told(database: Database) -> None:
    async with database.transaction() as transaction:
        added = await transaction.execute(insert(audit).values(**ROW))
        more = await transaction.execute(insert(audit).values(**ROW).returning(audit.c.id))
        many = await transaction.execute(insert(audit), [ROW, ROW])
        changed = await transaction.execute(update(audit).values(ref="film"))
        gone = await transaction.execute(delete(audit).where(audit.c.id == 1))
        rows = await transaction.execute(select(audit.c.id).order_by(audit.c.id))
        assert added.inserted_primary_key == (1,)
        assert (more.scalar_one(), many.rowcount, changed.rowcount, gone.rowcount) == (2, 2, 4, 1)
        assert [*rows.scalars()] == [2, 3, 4]


async def test_a_statement_whose_awaiting_is_cancelled_is_rolled_back_before_the_next_transaction(
    database: Database,
) -> None:
    entered, released = threading.Event(), threading.Event()

    def stay() -> int:
        entered.set()
        released.wait(10)
        return 1

    await (await driver_of(database)).create_function("stay", 0, stay)

    async def write() -> None:
        async with database.transaction() as transaction:
            await transaction.execute(insert(audit).values({**ROW, "at": func.stay()}))

    async with asyncio.TaskGroup() as group:
        writing = group.create_task(write())
        await asyncio.to_thread(entered.wait)
        writing.cancel()
        asyncio.get_running_loop().call_soon(released.set)
    async with database.transaction() as transaction:
        assert not (await transaction.execute(select(audit))).all()


async def test_a_connection_that_comes_home_in_the_middle_is_rolled_back(database: Database) -> None:
    driver = await driver_of(database)
    connection = await database.engine.connect()
    await connection.execute(insert(audit).values(**ROW))
    assert driver.in_transaction
    await connection.close()
    assert not driver.in_transaction
