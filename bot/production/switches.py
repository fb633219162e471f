"""What an operator has paused: every new film, or the orders at one service. In rows, so that it outlives restarts.

What was ordered is still collected, and a film that has begun goes on wherever nothing paused is in its way.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from sqlalchemy import delete, insert, select

from bot.db import Database, Transaction
from bot.db.tables import drains, switches
from bot.jobs.wake import Wake
from bot.studio.audit import Audit

#: Pauses the line: no further film begins, nor a storyboard.
ALL = "all"
#: Seconds between two looks of an order that waits for its service to be resumed.
LOOK_EVERY = 2.0


class Paused(Exception):
    """An operator paused a service before an order left for it. To a pool, which judges it, it tells nothing."""


class Switches:
    """Pauses and resumes; who did is written down."""

    def __init__(self, database: Database, changed: Wake, *, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._changed = changed
        self._audit = Audit(database, clock=clock)
        self._clock = clock

    async def pause(self, name: str, by: int, reason: str = "") -> None:
        """Pause `ALL` or a provider; paused already, the newer reason counts."""
        async with self._database.transaction() as transaction:
            await pause_within(transaction, self._audit, name, by, reason, now=self._clock())
        self._changed()

    async def resume(self, name: str, by: int) -> bool:
        """Go on; false where it was not paused. Whoever waits to hear that it is drained waits no more."""
        async with self._database.transaction() as transaction:
            await transaction.execute(delete(drains).where(drains.c.name == name))
            gone = await transaction.execute(delete(switches).where(switches.c.name == name))
            if gone.rowcount:
                await self._audit.note_within(transaction, by, "resume", name)
        self._changed()
        return bool(gone.rowcount)

    async def paused(self) -> frozenset[str]:
        async with self._database.transaction() as transaction:
            return frozenset(row.name for row in await transaction.execute(select(switches.c.name)))

    async def is_paused(self, name: str) -> bool:
        return name in await self.paused()

    async def check_on(self, name: str) -> None:
        """Raise `Paused` where it is: for an order that stood in line at its service when that was paused."""
        if await self.is_paused(name):
            raise Paused(name)

    async def until_on(self, name: str) -> None:
        """Return as soon as it is not paused."""
        while await self.is_paused(name):  # noqa: ASYNC110  # another process may have written the row
            await asyncio.sleep(LOOK_EVERY)


async def pause_within(
    transaction: Transaction, audit: Audit, name: str, by: int, reason: str, *, now: float, action: str = "pause"
) -> None:
    """Pause, and write down under `action` who did; paused already, the newer reason counts."""
    await transaction.execute(delete(switches).where(switches.c.name == name))
    await transaction.execute(insert(switches).values(name=name, by=by, reason=reason, at=now))
    await audit.note_within(transaction, by, action, name, reason)
