"""One place to open the database: a SQLite file, one connection, every change in a visible transaction.

SQLite runs in WAL mode with FULL sync, so that a committed intent survives power loss. One connection serves
reader and writer alike: SQLite up to 3.51.2 can corrupt a WAL that two connections reset at once
(sqlite.org/wal.html#walresetbug, checked 2026-11), and our rows are few.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, event
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from bot.db.tables import metadata

MIGRATIONS = Path(__file__).parent / "migrations"
Result = TypeVar("Result")

Transaction = AsyncConnection


class DatabaseTooNew(Exception):
    """The database was written by a newer version of Greenlight than this one."""


class Database:
    """The open database. `transaction()` is the only way in."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Run the block in one transaction: all of it, or nothing if it raises or is cancelled.

        Never nest: the one connection is lent until the block ends.
        """
        async with self._engine.begin() as connection:
            yield connection

    async def close(self) -> None:
        await self._engine.dispose()


async def open_database(url: str) -> Database:
    """Open the database at an SQLAlchemy URL and bring its schema up to date.

    Raises:
        DatabaseTooNew: its schema is one this version does not know.
    """
    engine = create_async_engine(url, pool_size=1, max_overflow=0, pool_timeout=30)
    event.listen(engine.sync_engine, "connect", _prepare)
    event.listen(engine.sync_engine, "begin", _begin_immediate)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(_migrate)
    except BaseException:
        await engine.dispose()
        raise
    return Database(engine)


async def uninterrupted(work: Callable[[], Awaitable[Result]]) -> Result:
    """Run `work` to its end even when cancelled meanwhile, then let the cancellation go on.

    For the few stretches that must not stop half-way: an order and the row that records it. What `work` raises is
    raised as it came; where we were cancelled as well, it is the cause of the `CancelledError`.
    """
    outcome: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
    cancelled: asyncio.CancelledError | None = None
    async with asyncio.TaskGroup() as group:
        task = group.create_task(_settle(outcome, work))
        while not task.done():
            try:
                await asyncio.wait([task])
            except asyncio.CancelledError as error:
                cancelled = error
    if cancelled is not None:
        raise cancelled from (None if outcome.cancelled() else outcome.exception())
    return outcome.result()


async def _settle(outcome: asyncio.Future[Result], work: Callable[[], Awaitable[Result]]) -> None:
    """Never fails itself: a failing task would have its group wrap the failure and cancel its owner."""
    try:
        outcome.set_result(await work())
    except asyncio.CancelledError:  # the loop itself is closing
        outcome.cancel()
        raise
    except Exception as error:  # noqa: BLE001  # handed to whoever waits, as it came
        outcome.set_exception(error)


def _prepare(connection: Any, _: ConnectionPoolEntry) -> None:  # noqa: ANN401  # the driver's own, untyped
    connection.isolation_level = None  # we say BEGIN ourselves; the driver's own is deferred and can fail late
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=5000"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _migrate(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    config.attributes["metadata"] = metadata
    known = {revision.revision for revision in ScriptDirectory.from_config(config).walk_revisions()}
    if connection.dialect.has_table(connection, "alembic_version"):
        for (revision,) in connection.exec_driver_sql("SELECT version_num FROM alembic_version"):
            if revision not in known:
                raise DatabaseTooNew(
                    f"{make_url(str(connection.engine.url)).database} has schema {revision}, which this version of "
                    "Greenlight does not know. Run the version that wrote it, or a newer one."
                )
    command.upgrade(config, "head")
