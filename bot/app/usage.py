"""What the key pools have spent, in the bot's database: in the SQLite file, or in PostgreSQL, shared by processes.

What differs is how one turn at a time is had, and whose clock counts.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Any, cast

import psycopg
from psycopg.rows import class_row, scalar_row
from sqlalchemy import bindparam, delete, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.db import Database, uninterrupted
from bot.db.tables import usage_entries
from ratelimit import Entry, StoreAway, Turn

logger = logging.getLogger(__name__)

REACH = 5.0
"""Seconds that a turn may take, waiting for others included, before the store counts as away."""

Decide = Callable[[Iterable[Entry], float], Turn]

_of_pool = usage_entries.c.pool == bindparam("of_pool")
READ = select(*(column for column in usage_entries.c if column.name != "pool")).where(_of_pool)
DELETE = delete(usage_entries).where(_of_pool, usage_entries.c.id == bindparam("gone"))


def _upsert(
    insert: Callable[..., sqlite.Insert] | Callable[..., postgresql.Insert],
) -> sqlite.Insert | postgresql.Insert:
    """Insert or replace: the two dialects spell it alike, but share no class for it."""
    statement = insert(usage_entries)
    excluded = {column.name: statement.excluded[column.name] for column in usage_entries.c if not column.primary_key}
    return statement.on_conflict_do_update(index_elements=["pool", "id"], set_=excluded)


UPSERT = _upsert(sqlite.insert)


class SqliteUsageStore:
    """In the bot's own file: `BEGIN IMMEDIATE` lets one turn in at a time. The time is this machine's."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def exchange(self, pool: str, turn: Decide) -> Turn:
        async def take_turn() -> Turn:
            async with self._database.transaction() as transaction:
                rows = (await transaction.execute(READ, {"of_pool": pool})).mappings().all()
                done = turn([Entry(**row) for row in rows], time.time())
                if done.changed:
                    await transaction.execute(UPSERT, _changed(pool, done))
                if done.removed:
                    await transaction.execute(DELETE, _removed(pool, done))
                return done

        async with _within_reach(pool):
            # Where a statement is cancelled, its connection is given up, and holds the file's lock for a while (2.1).
            return await uninterrupted(take_turn)


class PostgresUsageStore:
    """In PostgreSQL, for any number of processes: one turn at a time holds a lock; the time is the server's.

    Two journeys to the server and back: lock, clock and entries, then what changed and the commit. That needs what
    SQLAlchemy (2.1) does not offer, several statements in one message and the driver's pipeline, so they are given to
    the driver as text; its own `BEGIN` and `commit()` would each wait for their answer (psycopg 3.3).
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")  # we say BEGIN and COMMIT ourselves

    async def exchange(self, pool: str, turn: Decide) -> Turn:
        async with _within_reach(pool), self._engine.connect() as connection:
            try:
                return await _take_turn(await _driver(connection), pool, turn)
            except BaseException:
                await connection.invalidate()  # it may be in the middle of anything
                raise


# Every statement must see what was committed before it began: the lock is worth nothing to an older snapshot.
BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED"
# A process that stands still while it holds the lock (a debugger, a frozen machine) must not stop the others.
LOCK = f"""
    SELECT set_config('idle_in_transaction_session_timeout', '{REACH * 1000:.0f}', true),
           pg_advisory_xact_lock(hashtextextended('usage_entries ' || %(of_pool)s::text, 0))
"""
CLOCK = "SELECT date_part('epoch', clock_timestamp())"
PG_READ, PG_UPSERT, PG_DELETE = (
    str(statement.compile(dialect=PGDialect_psycopg()))  # type: ignore[no-untyped-call]  # SQLAlchemy's own gap
    for statement in (READ, _upsert(postgresql.insert), DELETE)
)


async def _take_turn(driver: psycopg.AsyncConnection[Any], pool: str, turn: Decide) -> Turn:
    # Not in a pipeline: that ends with a Flush, by which the server forgets that we are idle, and would let us keep the
    # lock for ever (psycopg 3.3, PostgreSQL 15).
    async with psycopg.AsyncClientCursor[Any](driver, row_factory=scalar_row) as cursor:
        await cursor.execute(";".join((BEGIN, LOCK, CLOCK, PG_READ)), {"of_pool": pool})
        cursor.nextset()  # after BEGIN
        cursor.nextset()  # after the lock
        now: float | None = await cursor.fetchone()
        assert now is not None, "the clock answers with one row"
        cursor.nextset()
        cursor.row_factory = class_row(Entry)
        entries = await cursor.fetchall()
    done = turn(entries, now)
    async with driver.pipeline(), driver.cursor() as cursor:
        if done.changed:
            await cursor.executemany(PG_UPSERT, _changed(pool, done))
        if done.removed:
            await cursor.executemany(PG_DELETE, _removed(pool, done))
        await driver.execute("COMMIT")
    return done


async def _driver(connection: AsyncConnection) -> psycopg.AsyncConnection[Any]:
    raw = await connection.get_raw_connection()
    return cast("psycopg.AsyncConnection[Any]", raw.driver_connection)


@asynccontextmanager
async def _within_reach(pool: str) -> AsyncIterator[None]:
    """Raises `StoreAway` for all that time may mend."""
    try:
        async with asyncio.timeout(REACH):
            yield
    except (
        TimeoutError,
        OSError,
        NoConnection,
        InterfaceError,
        OperationalError,
        psycopg.InterfaceError,
        psycopg.OperationalError,
        psycopg.errors.IdleInTransactionSessionTimeout,  # we stood still ourselves; see `LOCK`
        psycopg.errors.ReadOnlySqlTransaction,  # a standby that will be promoted
    ) as error:
        if _is_a_mistake(error):
            raise
        logger.warning("the record of what was spent is not reached", extra={"pool": pool, "error": repr(error)})
        raise StoreAway(repr(error)) from error


def _is_a_mistake(error: Exception) -> bool:
    """SQLite calls it operational, too, when a table is missing."""
    cause = getattr(error, "orig", None)
    return isinstance(cause, sqlite3.Error) and getattr(cause, "sqlite_errorcode", 0) == sqlite3.SQLITE_ERROR


def _changed(pool: str, turn: Turn) -> Sequence[Mapping[str, object]]:
    return [{"pool": pool, **asdict(entry)} for entry in turn.changed]


def _removed(pool: str, turn: Turn) -> Sequence[Mapping[str, object]]:
    return [{"of_pool": pool, "gone": id_} for id_ in turn.removed]
