"""Who is alive among processes that share a PostgreSQL, and who holds what: locks that die with their process.

Each process holds a lock of its own name on a connection of its own. A name that others can lock is nobody's any more.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import psycopg

from bot.db import driver_url

logger = logging.getLogger(__name__)


def name_of_process() -> str:
    """A name no other process has or will have: one that starts again must not be taken for the one that died."""
    return f"{socket.gethostname()[:40]}-{os.getpid()}-{uuid.uuid4().hex[:12]}"


class Presence:
    """This process among the others. `async with` it before anything is done in its name."""

    def __init__(self, url: str, name: str) -> None:
        self.name = name
        self._url = driver_url(url)
        self._connection: psycopg.AsyncConnection[tuple[object, ...]] | None = None

    async def show(self) -> None:
        """Hold our name, again where the connection was lost. Raises `psycopg.Error` while the server is away."""
        if self._connection is not None:
            try:
                await self._connection.execute("SELECT 1")
                return
            except psycopg.Error:
                await self.hide()
        connection = await psycopg.AsyncConnection.connect(self._url, autocommit=True)
        try:
            await connection.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", (_worker(self.name),))
        except BaseException:
            await connection.close()
            raise
        self._connection = connection

    async def hide(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(psycopg.Error):
                await connection.close()

    async def is_gone(self, name: str) -> bool:
        """Whether nobody holds this name just now. A server that has restarted lets go of all names for a moment."""
        if not await self._ask("pg_try_advisory_lock_shared", _worker(name)):  # shared: two may ask at once
            return False
        await self._ask("pg_advisory_unlock_shared", _worker(name))
        return True

    @asynccontextmanager
    async def heir_of(self, name: str) -> AsyncIterator[bool]:
        """Whether the block alone may take over from a process that is gone."""
        async with self._held(_worker(name)) as is_ours:
            yield is_ours

    @asynccontextmanager
    async def claim(self, thing: str) -> AsyncIterator[bool]:
        """Whether the block alone, of all processes, may work on this. Not re-entrant within a process."""
        async with self._held(f"claim:{thing}") as is_ours:
            yield is_ours

    @asynccontextmanager
    async def _held(self, lock: str) -> AsyncIterator[bool]:
        connection = self._connection
        is_ours = await self._ask("pg_try_advisory_lock", lock)
        try:
            yield is_ours
        finally:
            if is_ours and self._connection is connection:  # another connection has not what the lost one had
                with suppress(psycopg.Error):
                    await self._ask("pg_advisory_unlock", lock)

    async def _ask(self, function: str, lock: str) -> bool:
        if self._connection is None:
            raise psycopg.OperationalError("the connection that holds our name is being made anew")
        cursor = await self._connection.execute(f"SELECT {function}(hashtextextended(%s, 0))".encode(), (lock,))
        row = await cursor.fetchone()
        return row is not None and bool(row[0])


@asynccontextmanager
async def claim_alone(thing: str) -> AsyncIterator[bool]:
    """What `Presence.claim` is where there is only one process."""
    await asyncio.sleep(0)
    yield bool(thing)


def _worker(name: str) -> str:
    return f"worker:{name}"
