"""The book of what operators and approvers did that others' films, or the whole bot, felt."""

from __future__ import annotations

import time
from collections.abc import Callable

from sqlalchemy import insert

from bot.db import Database, Transaction
from bot.db.tables import audit

#: Who is written down for what a rule of the operator's decided by itself.
RULE = 0


class Audit:
    """Writes the audit table; nothing is ever changed in it."""

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    async def note(
        self, actor_id: int, action: str, ref: str, detail: str = "", *, guild_id: int | None = None
    ) -> None:
        """Write one line; `ref` is what it was done to, `guild_id` the server that alone felt it."""
        async with self._database.transaction() as transaction:
            await self.note_within(transaction, actor_id, action, ref, detail, guild_id=guild_id)

    async def note_within(
        self,
        transaction: Transaction,
        actor_id: int,
        action: str,
        ref: str,
        detail: str = "",
        *,
        guild_id: int | None = None,
    ) -> None:
        """As `note`, in the transaction that does what is noted."""
        await transaction.execute(
            insert(audit).values(
                at=self._clock(),
                actor_id=actor_id,
                action=action,
                ref=ref[:80],
                detail=detail[:500],
                guild_id=guild_id,
            )
        )
