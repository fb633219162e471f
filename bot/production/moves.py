"""Films that an operator puts before or behind all others that wait. In their rows, so that every process and every
restart has one line.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import StrEnum

from sqlalchemy import update

from bot.db import Database
from bot.db.tables import productions
from bot.jobs.wake import Wake
from bot.production.model import ProductionState
from bot.studio.audit import Audit


class Where(StrEnum):
    """Where a film is moved to."""

    FRONT = "front"
    BACK = "back"
    FAIR = "fair"  # where its owner's turn is, as if nobody had moved it


class Moves:
    """Moves films in the line; who did is written down."""

    def __init__(self, database: Database, changed: Wake, *, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._changed = changed
        self._audit = Audit(database, clock=clock)
        self._clock = clock

    async def move(self, production_id: str, where: Where, by: int) -> bool:
        """Move a film that waits; false where it does not. Of two moved to the front, the later one goes first."""
        now = self._clock()
        moved = {Where.FRONT: -now, Where.BACK: now, Where.FAIR: None}[where]
        async with self._database.transaction() as transaction:
            found = await transaction.execute(
                update(productions)
                .where(productions.c.id == production_id, productions.c.state == ProductionState.ACCEPTED)
                .values(moved=moved, updated_at=now)
                .returning(productions.c.guild_id)
            )
            row = found.one_or_none()
            if row is not None:
                await self._audit.note_within(transaction, by, f"move {where}", production_id, guild_id=row.guild_id)
        self._changed()
        return row is not None
