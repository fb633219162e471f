"""One place to open the database: a SQLite file or a PostgreSQL, every change in a visible transaction.

SQLite runs in WAL mode with FULL sync, so that a committed intent survives power loss. One connection serves
reader and writer alike: SQLite up to 3.51.2 can corrupt a WAL that two connections reset at once
(sqlite.org/wal.html#walresetbug, checked 2026-11), and our rows are few.

PostgreSQL runs at READ COMMITTED, for any number of processes. What SQLite's one writer gives for nothing is asked for
there by name: `lock`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import psycopg
from psycopg.conninfo import make_conninfo
from sqlalchemy import Connection, Table, event, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from bot.db.faults import DatabaseFull, name_full_disk
from bot.db.hops import HopConnection, connecting
from bot.db.tables import metadata

MIGRATIONS = Path(__file__).parent / "migrations"
Result = TypeVar("Result")

Transaction = AsyncConnection
logger = logging.getLogger(__name__)

#: What a statement raises where the database is away, busy or restarting, or chose us to end a deadlock: nothing was
#: kept unless the commit itself was cut off, and trying again later may work.
AWAY = (OperationalError, InterfaceError, NoConnection, psycopg.OperationalError, psycopg.InterfaceError)
#: Seconds that a transaction waits for a PostgreSQL that is away to come back before it begins, and between two tries.
COMES_BACK_WITHIN, KNOCK_EVERY = 20.0, 0.5
#: A dead machine's connection is noticed after about half a minute, on both sides.
KEEPALIVE = {"keepalives": 1, "keepalives_idle": 10, "keepalives_interval": 5, "keepalives_count": 3}


class DatabaseTooNew(Exception):
    """The database was written by a newer version of Greenlight than this one."""

    def __init__(self, database: str, schema: str) -> None:
        super().__init__(
            f"{database} has schema {schema}, which this version of Greenlight does not know. Run the version that "
            "wrote it, or a newer one."
        )


class Database:
    """The open database. `transaction()` is the only way in."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        #: Transactions that wait for a connection.
        self.waiting = 0

    @property
    def engine(self) -> AsyncEngine:
        """The engine itself, for the one store that speaks to the driver."""
        return self._engine

    @property
    def is_shared(self) -> bool:
        """Whether other processes may write here, too."""
        return self._engine.dialect.name == "postgresql"

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Run the block in one transaction: all of it, or nothing if it raises or is cancelled.

        Never nest: on SQLite the one connection is lent until the block ends. A PostgreSQL that restarts is waited for.
        """
        async with AsyncExitStack() as stack:
            self.waiting += 1
            try:
                if self.is_shared:
                    connection = await self._reach()
                    stack.push_async_exit(connection)
                else:
                    connection = await stack.enter_async_context(self._engine.connect())
            finally:
                self.waiting -= 1
            async with connection.begin():
                yield connection

    async def _reach(self) -> AsyncConnection:
        """A connection that works, or `OperationalError` where the server does not come back in time."""
        loop = asyncio.get_running_loop()
        until = loop.time() + COMES_BACK_WITHIN
        while True:
            connection = self._engine.connect()
            try:
                return await connection.start()
            except (OperationalError, InterfaceError) as error:
                if loop.time() >= until:
                    raise
                logger.warning("database not reached", extra={"error": type(error).__name__})
            await asyncio.sleep(KNOCK_EVERY)

    async def shred(self) -> None:
        """Leave nothing of deleted rows in the files, as far as we rule them.

        SQLite overwrites what is deleted (`secure_delete`), but its journal of writes still tells of it. What a
        PostgreSQL deleted goes when it vacuums.
        """
        if not self.is_shared:
            async with self._engine.connect() as connection:
                driver = (await connection.get_raw_connection()).driver_connection
                assert driver is not None
                await driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    async def close(self) -> None:
        await self._engine.dispose()


async def open_database(url: str) -> Database:
    """Open the database at an SQLAlchemy URL and bring its schema up to date.

    Raises:
        DatabaseTooNew: its schema is one this version does not know.
    """
    if make_url(url).get_backend_name() == "postgresql":
        engine = create_async_engine(
            url,
            isolation_level="READ COMMITTED",
            pool_size=5,
            max_overflow=5,
            pool_timeout=30,
            pool_pre_ping=True,
            connect_args={"connect_timeout": 10, **KEEPALIVE},
        )
    else:
        file = make_url(url).database or ":memory:"
        engine = create_async_engine(url, async_creator=connecting(file), pool_size=1, max_overflow=0, pool_timeout=30)
        event.listen(engine.sync_engine, "connect", _prepare)
        event.listen(engine.sync_engine, "begin", _begin_immediate)
        event.listen(engine.sync_engine, "handle_error", name_full_disk, retval=True)
    try:
        async with engine.begin() as connection:
            await lock(connection, "migrations")  # several processes may start at once
            await connection.run_sync(_migrate)
    except BaseException:
        await engine.dispose()
        raise
    return Database(engine)


def file_of(url: str) -> Path | None:
    """The file of a SQLite database; `None` for a PostgreSQL."""
    made = make_url(url)
    return Path(made.database) if made.get_backend_name() == "sqlite" and made.database else None


def driver_url(url: str) -> str:
    """A PostgreSQL's URL as the driver itself takes it, for the few connections that hold something of their own."""
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    return make_conninfo(plain, connect_timeout=10, **KEEPALIVE)


async def lock(transaction: Transaction, name: str) -> None:
    """Until the transaction ends, no other holds this name. On SQLite it is alone anyway."""
    if transaction.dialect.name == "postgresql":
        await transaction.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": name})


def insert_or_ignore(transaction: Transaction, table: Table) -> sqlite.Insert | postgresql.Insert:
    """An insert with `on_conflict_do_nothing`: the two dialects spell it alike, but share no class for it."""
    return postgresql.insert(table) if transaction.dialect.name == "postgresql" else sqlite.insert(table)


#: Seconds after which work begins again that found the database away.
AGAIN_AFTER = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
#: Seconds between two tries while the disk is full: for as long as it takes.
ROOM_EVERY = 15.0


async def patiently(work: Callable[[], Awaitable[Result]], pauses: Sequence[float] = AGAIN_AFTER) -> Result:
    """Do repeatable work, again where the database was away. While the disk is full it waits, however long."""
    left = list(pauses)
    while True:
        try:
            return await work()
        except DatabaseFull:
            await room()
        except AWAY as error:
            if not left:
                raise
            logger.warning("database away; once more", extra={"error": type(error).__name__})
            await asyncio.sleep(left.pop(0))


async def however_long(work: Callable[[], Awaitable[Result]], pauses: Sequence[float] = AGAIN_AFTER) -> Result:
    """As `patiently`, but a database that is away is waited for until it is back, or we are cancelled."""
    while True:
        try:
            return await patiently(work, pauses)
        except AWAY as error:
            logger.error("THE DATABASE IS AWAY: what runs waits for it", extra={"error": type(error).__name__})
            await asyncio.sleep(ROOM_EVERY)


async def room() -> None:
    """Tell the operator that the disk is full, and wait a moment for room."""
    logger.error("THE DISK IS FULL: nothing new is begun, and what runs waits for room")
    await asyncio.sleep(ROOM_EVERY)


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
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=5000", "secure_delete=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_immediate(connection: Connection) -> None:
    driver = connection.connection.driver_connection
    assert isinstance(driver, HopConnection), driver
    driver.begin("BEGIN IMMEDIATE")


def known_schemas() -> list[str]:
    """The numbers of all migrations that this version has, the newest first: each file's name begins with its own."""
    return sorted((file.name[1:5] for file in (MIGRATIONS / "versions").glob("m[0-9]*_*.py")), reverse=True)


def _migrate(connection: Connection) -> None:
    known = known_schemas()
    schema = None
    if connection.dialect.has_table(connection, "alembic_version"):
        for (schema,) in connection.exec_driver_sql("SELECT version_num FROM alembic_version"):
            if schema not in known:
                raise DatabaseTooNew(str(make_url(str(connection.engine.url)).database), schema)
    if schema == known[0]:
        return
    # Imported where there is something to migrate: it takes 12 MB that a bot never gives back (1.20, measured 2026-11).
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    config.attributes["metadata"] = metadata
    command.upgrade(config, "head")
