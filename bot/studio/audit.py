"""The book of what operators and approvers did that others' films, or the whole bot, felt."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, func, insert, select

from bot.db import Database, Transaction
from bot.db.tables import audit

#: Who is written down for what a rule of the operator's decided by itself.
RULE = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """One line: who did what to what; `guild_id` is the server that alone felt it."""

    at: float
    actor_id: int
    action: str
    ref: str
    detail: str
    guild_id: int | None


class Audit:
    """Writes and reads the audit table; nothing is ever changed in it."""

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

    async def count(self, *, guild_id: int | None = None, actor_id: int | None = None) -> int:
        """How many lines there are: of a server, or of somebody, where these are given."""
        query = select(func.count()).select_from(audit).where(*_matching(guild_id, actor_id))
        async with self._database.transaction() as transaction:
            return int((await transaction.execute(query)).scalar_one())

    async def lines(
        self, *, begin: int, most: int, guild_id: int | None = None, actor_id: int | None = None
    ) -> list[Noted]:
        """So many lines from the `begin`-th on, counted from 0, the newest first."""
        query = (
            select(audit)
            .where(*_matching(guild_id, actor_id))
            .order_by(audit.c.at.desc(), audit.c.id.desc())
            .offset(begin)
            .limit(most)
        )
        async with self._database.transaction() as transaction:
            rows = (await transaction.execute(query)).all()
        return [
            Noted(
                at=row.at,
                actor_id=row.actor_id,
                action=row.action,
                ref=row.ref,
                detail=row.detail,
                guild_id=row.guild_id,
            )
            for row in rows
        ]


def _matching(guild_id: int | None, actor_id: int | None) -> list[ColumnElement[bool]]:
    conditions = []
    if guild_id is not None:
        conditions.append(audit.c.guild_id == guild_id)
    if actor_id is not None:
        conditions.append(audit.c.actor_id == actor_id)
    return conditions
