"""Which gateway serves which of Discord's shards: locks in PostgreSQL that die with their process.

Two that served the same would each post every card and every film. A range that is taken is refused; so is another
count of shards than the one in use, since it deals the servers out differently.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import NoReturn

import psycopg

from bot.db import driver_url
from bot.jobs.wake import Listener

logger = logging.getLogger(__name__)

#: The first halves of the locks' keys; the second are a shard's number, and the count of all.
_SHARD, _COUNT = 0x676C7368, 0x676C636E
#: Tries to take what a process that is just ending may still hold, and the seconds between two.
TRIES, PAUSE = 10, 0.5
#: Seconds between two looks at our own connection.
LOOK_EVERY = 1.0

_OTHER_COUNTS = """
SELECT DISTINCT objid::bigint FROM pg_locks
WHERE locktype = 'advisory' AND granted AND classid::bigint = %s AND objsubid = 2 AND objid::bigint <> %s
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
_TAKEN = """
SELECT shard FROM generate_series(%s::int, %s::int) AS shard
WHERE NOT pg_try_advisory_lock(%s::int, shard) ORDER BY shard
"""


class ShardsTaken(Exception):
    """Another gateway has some of these shards, or counts them otherwise; the text tells the operator."""


class ShardLocks:
    """The shards of one process, from `first` to `last`, of `count`."""

    def __init__(self, url: str, *, first: int, last: int, count: int) -> None:
        self._url = driver_url(url)
        self._first, self._last, self._count = first, last, count
        self._connection: psycopg.AsyncConnection[tuple[object, ...]] | None = None

    async def take(self, *, tries: int = TRIES) -> None:
        """Hold the shards. Raises `ShardsTaken`, or `psycopg.Error` while the server is away."""
        for last_try in [*([False] * (tries - 1)), True]:
            connection = await psycopg.AsyncConnection.connect(self._url, autocommit=True)
            try:
                await self._take(connection)
            except ShardsTaken:
                await connection.close()
                if last_try:
                    raise
                await asyncio.sleep(PAUSE)
            except BaseException:
                await connection.close()
                raise
            else:
                self._connection = connection
                return

    async def release(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(psycopg.Error):
                await connection.close()

    async def run(self, _: Listener) -> NoReturn:
        """Hold them until cancelled, again after a restart of the server; raises `ShardsTaken` where they are lost."""
        while True:
            try:
                await self._hold()
            except psycopg.Error as error:
                logger.warning("shards not held", extra={"error": type(error).__name__})
            await asyncio.sleep(LOOK_EVERY)

    async def _hold(self) -> None:
        if self._connection is not None:
            try:
                await self._connection.execute("SELECT 1")
                return
            except psycopg.Error:
                await self.release()
        await self.take()

    async def _take(self, connection: psycopg.AsyncConnection[tuple[object, ...]]) -> None:
        await connection.execute("SELECT pg_advisory_lock_shared(%s::int, %s::int)", (_COUNT, self._count))
        other = await (await connection.execute(_OTHER_COUNTS, (_COUNT, self._count))).fetchone()
        if other is not None:
            raise ShardsTaken(
                f"another gateway on this database counts {other[0]} shards, this one {self._count}. Give all of them "
                "the same N in --shards A-B/N; to change it, stop them all first."
            )
        taken = await (await connection.execute(_TAKEN, (self._first, self._last, _SHARD))).fetchall()
        if taken:
            which = ", ".join(str(row[0]) for row in taken)
            raise ShardsTaken(
                f"another gateway on this database serves shard {which} of {self._count}. Stop it first, or give this "
                "one a range of its own with --shards A-B/N."
            )
