"""Servers that put the bot out: what their admins chose is kept for a while, should they take it back, and then goes.

Films belong to the people who made them, not to the server: they stay. So does a server's place on a block list.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Sequence
from typing import NoReturn

from sqlalchemy import delete, func, select, update

from bot.db import Database, Transaction, insert_or_ignore
from bot.db.tables import alerts, departures, guild_settings, reports
from bot.studio.shards import ALL_SHARDS, Shards

logger = logging.getLogger(__name__)

#: Seconds for which a server may take the bot back as if nothing had been, and between two looks at who has not.
GRACE, LOOK_EVERY = 30 * 86_400.0, 3600.0
#: The state of a report whose film was hidden (`production.reports`), and the reporter of one that has lost its own.
_HIDDEN, _NOBODY = "hidden", 0


class Departures:
    """Notes who put us out and who took us back; `shards` are those whose servers this process is told of."""

    def __init__(
        self, database: Database, *, shards: Shards = ALL_SHARDS, clock: Callable[[], float] = time.time
    ) -> None:
        self._database = database
        self._shards = shards
        self._clock = clock

    async def left(self, guild_id: int) -> None:
        """We were put out of a server; the first time counts."""
        async with self._database.transaction() as transaction:
            gone = insert_or_ignore(transaction, departures).values(guild_id=guild_id, at=self._clock())
            await transaction.execute(gone.on_conflict_do_nothing(index_elements=["guild_id"]))

    async def returned(self, guild_id: int) -> None:
        """A server has us (again)."""
        async with self._database.transaction() as transaction:
            await transaction.execute(delete(departures).where(departures.c.guild_id == guild_id))

    async def reconcile(self, present: Collection[int]) -> None:
        """Bring the rows in step with the servers that have us now: what happened while we were away was not told.

        `present` must hold those that are out of order as well: an outage puts nobody out.
        """
        async with self._database.transaction() as transaction:
            chosen = (await transaction.execute(select(guild_settings.c.guild_id))).scalars().all()
            noted = (await transaction.execute(select(departures.c.guild_id))).scalars().all()
        for guild_id in chosen:
            if self._shards.serve(guild_id) and guild_id not in present and guild_id not in noted:
                await self.left(guild_id)
        for guild_id in noted:
            if guild_id in present:
                await self.returned(guild_id)

    async def run(self) -> NoReturn:
        while True:
            await self.purge()
            await asyncio.sleep(LOOK_EVERY)

    async def purge(self) -> None:
        """Forget the servers that put us out long ago."""
        async with self._database.transaction() as transaction:
            due = select(departures.c.guild_id).where(departures.c.at <= self._clock() - GRACE)
            gone = (await transaction.execute(due)).scalars().all()
            await self._forget_reports(transaction, gone)
            for table in (guild_settings, alerts, departures):
                await transaction.execute(delete(table).where(table.c.guild_id.in_(gone)))
        for guild_id in gone:
            logger.info("server forgotten", extra={"guild": guild_id})

    async def _forget_reports(self, transaction: Transaction, gone: Sequence[int]) -> None:
        """Of a film that was hidden it stays known that it is, once, and not who reported it or why."""
        theirs = reports.c.guild_id.in_(gone)
        anew = reports.c.project_id.not_in(select(reports.c.project_id).where(reports.c.reporter_id == _NOBODY))
        hidden = select(func.min(reports.c.id)).where(theirs, anew, reports.c.state == _HIDDEN)
        kept = (await transaction.execute(hidden.group_by(reports.c.project_id))).scalars().all()
        await transaction.execute(delete(reports).where(theirs, reports.c.id.not_in(kept)))
        values = {"guild_id": None, "reporter_id": _NOBODY, "reason": "", "told": "{}", "shown": _HIDDEN}
        await transaction.execute(
            update(reports).where(reports.c.id.in_(kept)).values(**values, answered_at=self._clock())
        )
