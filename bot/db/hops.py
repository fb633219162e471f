"""SQLite with one hop to its thread for each statement, and one for the commit.

aiosqlite makes four for a statement (cursor, execute, fetch, close), and SQLAlchemy adds one for BEGIN and one for a
rollback of nothing. Each is two threads waking each other: on a busy machine that, not SQLite, is what a transaction
takes, and everybody's waits for the one before (measured, 2026-11: `python -m benchmarks.hops`).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Self

import aiosqlite


class HopConnection(aiosqlite.Connection):
    """A connection whose statements are fetched whole, and whose transactions begin with their first statement."""

    def __init__(self, connector: Callable[[], sqlite3.Connection]) -> None:
        super().__init__(connector, iter_chunk_size=64)
        self._thread.daemon = True  # as SQLAlchemy has it: a process that must end does not wait for SQLite
        self._begin: str | None = None
        self._is_clean = True

    def begin(self, statement: str) -> None:
        """Begin a transaction with the next statement, in the same hop."""
        self._begin = statement

    def cursor(self) -> HopCursor:  # type: ignore[override]  # what SQLAlchemy awaits of a cursor, this one has
        return HopCursor(self)

    async def hop(self, work: Callable[[sqlite3.Connection], HopResult]) -> HopResult:
        """Do something with the connection in its own thread."""
        begin, self._begin = self._begin, None

        def in_thread() -> HopResult:
            if begin is not None:
                self._conn.execute(begin)
            return work(self._conn)

        result: HopResult = await self._execute(in_thread)
        return result

    async def commit(self) -> None:
        if self._begin is not None:
            self._begin = None  # a transaction without a statement never began
            return
        await super().commit()
        self._is_clean = True

    async def rollback(self) -> None:
        self._begin = None
        if self._is_clean:
            return  # the pool rolls back whatever comes home; nothing was sent since the last end
        await super().rollback()
        self._is_clean = True

    async def _execute(self, fn: Callable[..., Any], *args: object, **kwargs: object) -> Any:  # noqa: ANN401
        self._is_clean = False  # before it is sent: a statement whose awaiting is cancelled runs all the same
        return await super()._execute(fn, *args, **kwargs)  # type: ignore[no-untyped-call]  # untyped there (0.22)


class HopResult:
    """What a statement left behind, read in the hop that ran it."""

    __slots__ = ("description", "lastrowid", "rowcount", "rows")

    def __init__(self, cursor: sqlite3.Cursor) -> None:
        self.description = cursor.description
        self.rows: list[Any] = cursor.fetchall() if cursor.description else []
        self.rowcount = cursor.rowcount  # after the rows: RETURNING counts them as they are fetched
        self.lastrowid = cursor.lastrowid
        cursor.close()


class HopCursor:
    """As much of a cursor as SQLAlchemy (2.1) asks for. `fetchall` and `close` have nothing left to do."""

    def __init__(self, connection: HopConnection) -> None:
        self._connection = connection
        self._result: HopResult | None = None
        self.arraysize = 1

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    @property
    def description(self) -> Any:  # noqa: ANN401  # the driver's own
        return None if self._result is None else self._result.description

    @property
    def rowcount(self) -> int:
        return -1 if self._result is None else self._result.rowcount

    @property
    def lastrowid(self) -> int | None:
        return None if self._result is None else self._result.lastrowid

    async def execute(self, statement: str, parameters: Sequence[Any] = ()) -> Self:
        self._result = None
        self._result = await self._connection.hop(lambda raw: HopResult(raw.execute(statement, parameters)))
        return self

    async def executemany(self, statement: str, parameters: Iterable[Sequence[Any]]) -> Self:
        self._result = None
        self._result = await self._connection.hop(lambda raw: HopResult(raw.executemany(statement, parameters)))
        return self

    async def fetchall(self) -> list[Any]:
        return [] if self._result is None else self._result.rows

    async def close(self) -> None:
        pass


def connecting(file: str) -> Callable[[], Awaitable[Any]]:
    """What SQLAlchemy's `async_creator` makes a connection to a file with."""
    return lambda: HopConnection(lambda: sqlite3.connect(file, check_same_thread=False))
