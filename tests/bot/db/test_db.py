"""The database: opens with its schema, keeps transactions whole, and lets some work run to its end."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, select
from sqlalchemy.exc import IntegrityError

from bot.db import MIGRATIONS, Database, DatabaseTooNew, Transaction, known_schemas, lock, open_database, uninterrupted
from bot.db.tables import assets, metadata, plans


def asset(name: str) -> dict[str, object]:
    return {
        "id": name,
        "suffix": ".mp4",
        "bytes": 1,
        "duration": 1.0,
        "width": 2,
        "height": 2,
        "fps": 24.0,
        "has_audio": 0,
        "created_at": 1.0,
    }


async def add(transaction: Transaction, name: str) -> None:
    await transaction.execute(assets.insert().values(asset(name)))


async def kept(database: Database) -> list[str]:
    async with database.transaction() as transaction:
        return sorted((await transaction.execute(select(assets.c.id))).scalars())


# Opening


async def test_opening_makes_exactly_the_tables_that_the_code_declares(tmp_path: Path) -> None:
    path = tmp_path / "new.sqlite3"
    await (await open_database(f"sqlite+aiosqlite:///{path}")).close()

    def differences(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata))

    engine = create_engine(f"sqlite:///{path}")
    with engine.connect() as connection:
        assert differences(connection) == []
    engine.dispose()


async def test_processes_that_open_a_new_postgresql_at_once_make_the_same_tables_together(
    postgres_database: str,
) -> None:
    opened = await asyncio.gather(*(open_database(postgres_database) for _ in range(3)))
    for each in opened:
        await each.close()

    def differences(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection, opts={"compare_type": True}), metadata))

    engine = create_engine(postgres_database)
    with engine.connect() as connection:
        assert differences(connection) == []
    engine.dispose()


async def test_who_holds_a_name_is_waited_for(postgres_database: str) -> None:
    database = await open_database(postgres_database)
    order = []
    held = asyncio.Event()

    async def first() -> None:
        async with database.transaction() as transaction:
            await lock(transaction, "a name")
            held.set()
            await asyncio.sleep(0.05)  # long enough for the second to be there, were it let in
            order.append("first")

    async def second() -> None:
        await held.wait()
        async with database.transaction() as transaction:
            await lock(transaction, "a name")
            order.append("second")

    await asyncio.gather(first(), second())

    assert order == ["first", "second"]
    await database.close()


async def test_connections_that_the_server_has_cut_are_made_anew(postgres_database: str) -> None:
    database = await open_database(postgres_database)
    async with database.transaction() as transaction:
        await add(transaction, "a")
    engine = create_engine(postgres_database)
    with engine.connect() as connection:
        cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid != pg_backend_pid()"
        connection.exec_driver_sql(cut + " AND datname = current_database()")
    engine.dispose()

    assert await kept(database) == ["a"]
    await database.close()


async def test_what_was_kept_is_there_when_opened_again(tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path}/again.sqlite3"
    database = await open_database(url)
    async with database.transaction() as transaction:
        await add(transaction, "a")
    await database.close()

    again = await open_database(url)

    assert await kept(again) == ["a"]
    await again.close()


async def test_a_schema_from_the_future_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "future.sqlite3"
    await (await open_database(f"sqlite+aiosqlite:///{path}")).close()
    connection = sqlite3.connect(path)
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()

    with pytest.raises(DatabaseTooNew, match="9999"):
        await open_database(f"sqlite+aiosqlite:///{path}")


async def test_a_commit_survives_power_loss_and_foreign_keys_hold(database: Database) -> None:
    async with database.transaction() as transaction:
        found = [
            (await transaction.exec_driver_sql(f"PRAGMA {name}")).scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]

    assert found == ["wal", 2, 1]
    with pytest.raises(IntegrityError):
        async with database.transaction() as transaction:
            await transaction.execute(
                plans.insert().values(project_id="nobody's", version=1, plan="{}", changes="", created_at=1.0)
            )


# Transactions


async def test_a_transaction_that_fails_leaves_nothing(database: Database) -> None:
    async def half() -> None:
        async with database.transaction() as transaction:
            await add(transaction, "a")
            raise LookupError

    with pytest.raises(LookupError):
        await half()

    assert await kept(database) == []


async def test_a_transaction_cancelled_between_two_statements_leaves_nothing(database: Database) -> None:
    begun = asyncio.Event()

    async def half() -> None:
        async with database.transaction() as transaction:
            await add(transaction, "a")
            begun.set()
            await asyncio.Event().wait()

    async with asyncio.TaskGroup() as group:
        task = group.create_task(half())
        await begun.wait()
        task.cancel()

    assert await kept(database) == []


@pytest.mark.parametrize("tenths_of_milliseconds", range(0, 60, 3))
async def test_a_transaction_cancelled_at_any_moment_is_all_or_nothing(
    database: Database, tenths_of_milliseconds: int
) -> None:
    async def both() -> None:
        async with database.transaction() as transaction:
            await add(transaction, "a")
            await add(transaction, "b")

    async with asyncio.TaskGroup() as group:
        task = group.create_task(both())
        await asyncio.sleep(tenths_of_milliseconds / 10_000)  # the driver works in a thread: turns do not reach it
        task.cancel()

    assert await kept(database) in ([], ["a", "b"])


async def test_transactions_of_many_tasks_take_turns(database: Database) -> None:
    async def one(name: str) -> None:
        async with database.transaction() as transaction:
            await add(transaction, name)

    async with asyncio.TaskGroup() as group:
        for number in range(20):
            group.create_task(one(f"{number:02d}"))

    assert len(await kept(database)) == 20


# What must not stop half-way


async def test_uninterrupted_work_returns_its_result() -> None:
    async def work() -> int:
        await asyncio.sleep(0)
        return 7

    assert await uninterrupted(work) == 7


async def test_uninterrupted_work_fails_with_its_own_failure() -> None:
    async def work() -> None:
        raise LookupError("as it came")

    with pytest.raises(LookupError, match="as it came"):
        await uninterrupted(work)


async def test_work_goes_to_its_end_however_often_it_is_cancelled_and_the_cancellation_goes_on() -> None:
    recorded = []
    begun, answer = asyncio.Event(), asyncio.Event()

    async def work() -> str:
        begun.set()
        await answer.wait()
        recorded.append("answer")
        return "answer"

    async with asyncio.TaskGroup() as group:
        task = group.create_task(uninterrupted(work))
        await begun.wait()
        for _ in range(3):
            task.cancel()
            await asyncio.sleep(0)
        assert not task.done()
        answer.set()

    assert recorded == ["answer"]
    assert task.cancelled()


async def test_work_that_fails_after_a_cancellation_is_its_cause() -> None:
    begun, answer = asyncio.Event(), asyncio.Event()

    async def work() -> None:
        begun.set()
        await answer.wait()
        raise LookupError

    async def story() -> BaseException | None:
        try:
            await uninterrupted(work)
        except asyncio.CancelledError as error:
            return error.__cause__
        raise AssertionError("the cancellation was swallowed")

    async with asyncio.TaskGroup() as group:
        task = group.create_task(story())
        await begun.wait()
        task.cancel()
        await asyncio.sleep(0)
        answer.set()

    assert isinstance(task.result(), LookupError)


async def test_a_deadline_around_uninterrupted_work_ends_it_late_but_as_a_timeout() -> None:
    recorded = []

    async def work() -> None:
        await asyncio.sleep(0.003)
        recorded.append("answer")

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.001):
            await uninterrupted(work)

    assert recorded == ["answer"]


async def test_how_many_wait_for_a_connection_is_known(database: Database) -> None:
    async def once() -> None:
        async with database.transaction():
            pass

    async with asyncio.TaskGroup() as group, database.transaction():
        waiting = [group.create_task(once()) for _ in range(3)]
        await asyncio.sleep(0)
        if not database.is_shared:
            assert database.waiting == len(waiting)
        waiting.pop().cancel()
    assert database.waiting == 0


def test_the_schemas_are_named_by_their_files_as_the_migrations_name_themselves() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    told = [revision.revision for revision in ScriptDirectory.from_config(config).walk_revisions()]

    assert known_schemas() == told


def test_a_bot_whose_database_is_up_to_date_never_loads_what_migrates(tmp_path: Path) -> None:
    opens = (
        "import asyncio, sys\nfrom bot.db import open_database\n"
        f"async def main():\n    await (await open_database('sqlite+aiosqlite:///{tmp_path}/a.db')).close()\n"
        "asyncio.run(main())\nsys.exit('alembic' in sys.modules)"
    )
    codes = [subprocess.run([sys.executable, "-c", opens], check=False).returncode for _ in range(2)]

    assert codes == [1, 0]
