"""A full disk is waited for, a damaged file ends the process; both as SQLite itself tells them."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import create_engine, func, insert, select, text
from sqlalchemy.exc import DatabaseError, OperationalError

import bot.db as module
from bot.db import AWAY, Database, open_database, patiently
from bot.db.faults import DatabaseFull, known_faults, watching_sqlite
from bot.db.snapshot import DatabaseDamaged
from bot.db.tables import audit
from bot.jobs.ledger import Accepted, CallState, Intent, Ledger, Outcome


async def fill(database: Database, pages: int | None) -> None:
    """Let the file have so many pages beyond its present ones; `None` for as many as it likes."""
    async with database.transaction() as transaction:
        (count,) = (await transaction.exec_driver_sql("PRAGMA page_count")).one()
        most = 2**30 if pages is None else count + pages
        await transaction.exec_driver_sql(f"PRAGMA max_page_count = {most}")


async def write(database: Database) -> None:
    async with database.transaction() as transaction:
        await transaction.execute(
            insert(audit), [{"at": 0.0, "actor_id": 1, "action": "x", "ref": "y", "detail": "z" * 4000}] * 20
        )


async def count(database: Database) -> int:
    async with database.transaction() as transaction:
        return (await transaction.execute(select(func.count()).select_from(audit))).scalar_one()


async def test_a_full_disk_is_told_as_what_it_is_and_keeps_nothing_half_done(database: Database) -> None:
    await fill(database, 4)
    with pytest.raises(DatabaseFull) as full:
        await write(database)
    assert isinstance(full.value, AWAY)
    assert "zzz" not in str(full.value)  # no row's words
    assert await count(database) == 0
    await fill(database, None)
    await write(database)
    assert await count(database) == 20


async def test_work_waits_for_room_and_goes_on_by_itself(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ROOM_EVERY", 0.01)
    await fill(database, 4)
    tries = 0

    async def work() -> None:
        nonlocal tries
        tries += 1
        if tries == 10:  # long after any patience
            await fill(database, None)
        await write(database)

    await patiently(work, pauses=())
    assert (tries, await count(database)) == (10, 20)


async def test_a_step_outlasts_a_database_that_is_away_for_longer_than_any_patience(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "ROOM_EVERY", 0.0)
    tries = 0

    async def work() -> int:
        nonlocal tries
        tries += 1
        if tries < 50:
            raise OperationalError("SELECT", None, Exception("the server is away"))
        return tries

    assert await module.however_long(work, pauses=()) == 50


async def test_the_id_of_an_accepted_order_waits_for_room(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ROOM_EVERY", 0.01)
    ledger = Ledger(database, pauses=())
    long = "operation" * 4000
    waited = 0
    room = module.room

    async def counted() -> None:
        nonlocal waited
        waited += 1
        if waited == 20:  # more often than any fault is borne
            await fill(database, None)
        await room()

    monkeypatch.setattr("bot.jobs.ledger.room", counted)

    async def post() -> Outcome:
        await fill(database, 1)
        return Accepted(operation=long)

    intent = Intent(
        key="p/1/1",
        job="p",
        provider="runway",
        model="gen4.5",
        key_id="key",
        request_hash="hash",
        price_microusd=1,
        deadline_at=0.0,
    )
    call = await ledger.order(intent, post)
    assert (call.state, call.operation, waited) == (CallState.SUBMITTED, long, 20)


def test_to_the_engine_a_full_disk_is_a_reason_to_wait(tmp_path: Path) -> None:
    from dbos._utils import retriable_sqlite_exception

    async def story() -> BaseException | None:
        with watching_sqlite():
            engine = create_engine(f"sqlite:///{tmp_path}/engine.db")
            try:
                with engine.begin() as connection:
                    connection.execute(text("CREATE TABLE t (x TEXT)"))
                    connection.execute(text("PRAGMA max_page_count = 3"))
                    connection.execute(text("INSERT INTO t VALUES (:x)"), {"x": "x" * 100_000})
            except DatabaseFull as full:
                return full
            finally:
                engine.dispose()
        return None

    full = asyncio.run(story())
    assert isinstance(full, DatabaseFull)
    assert retriable_sqlite_exception(full)


@pytest.mark.parametrize("harm", [b"\xff" * 4096, b"\x00" * 4096], ids=["unreadable", "malformed"])
async def test_damage_of_any_file_is_raised_once_it_shows(tmp_path: Path, harm: bytes) -> None:
    file = tmp_path / "bot.db"
    database = await open_database(f"sqlite+aiosqlite:///{file}")
    for _ in range(20):
        await write(database)
    await database.close()
    with file.open("r+b") as raw:
        raw.seek(file.stat().st_size // 2)
        raw.write(harm * 40)
    with watching_sqlite() as damage:
        database = await open_database(f"sqlite+aiosqlite:///{file}")
        try:
            with pytest.raises(DatabaseError):
                async with database.transaction() as transaction:
                    await transaction.execute(select(audit))
            with pytest.raises(DatabaseDamaged) as found:
                async with asyncio.timeout(20):
                    await damage.raise_when_found()
        finally:
            await database.close()
    assert found.value.file == file
    assert "zzz" not in str(found.value)


async def test_no_damage_is_seen_in_other_faults(tmp_path: Path) -> None:
    with watching_sqlite() as damage:
        database = await open_database(f"sqlite+aiosqlite:///{tmp_path}/bot.db")
        with pytest.raises(Exception, match="no such table"):
            async with database.transaction() as transaction:
                await transaction.exec_driver_sql("SELECT 1 FROM nowhere")
        async with asyncio.TaskGroup() as group:
            watch = group.create_task(damage.raise_when_found())
            await asyncio.sleep(0)
            assert not watch.done()
            watch.cancel()
        await database.close()


@pytest.mark.parametrize(
    ("version", "faulty"),
    [
        ((3, 6, 23), False),
        ((3, 40, 1), True),
        ((3, 44, 6), False),
        ((3, 50, 7), False),
        ((3, 51, 2), True),
        ((3, 51, 3), False),
    ],
)
def test_the_wal_reset_fault_is_known_of_the_versions_that_have_it(version: tuple[int, int, int], faulty: bool) -> None:
    assert bool(known_faults(version)) is faulty


def test_this_python_brings_a_sqlite_that_is_known_about() -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        (told,) = connection.execute("SELECT sqlite_version()").fetchone()
    assert told == sqlite3.sqlite_version
