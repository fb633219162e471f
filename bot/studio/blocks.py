"""Who is kept out: everywhere, by an operator, or in one server, by those who manage it.

Nothing is taken from a blocked person; films that they have already are theirs to see, take along and delete.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, delete, insert, select

from bot.db import Database
from bot.db.tables import blocks
from bot.studio.audit import Audit
from bot.studio.errors import Blocked, BlockedHere
from bot.studio.pseudonyms import Pseudonyms

#: The `guild_id` of a row that counts in every server and in direct messages.
_EVERYWHERE = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """`guild_id` is the only server where it counts; `None` for everywhere."""

    user_id: int
    guild_id: int | None
    reason: str
    by: int
    at: float


class Blocks:
    """Reads and writes the block list; every change is written down.

    A person who has everything of theirs deleted stays blocked: their block goes by the pseudonym from then on.
    """

    def __init__(
        self, database: Database, *, pseudonyms: Pseudonyms | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self._database = database
        self._pseudonyms = pseudonyms or Pseudonyms()
        self._audit = Audit(database, clock=clock)
        self._clock = clock

    async def block(self, user_id: int, *, guild_id: int | None, by: int, reason: str = "") -> None:
        """Keep somebody out of a server, or everywhere (`None`); out already, the newer reason counts."""
        async with self._database.transaction() as transaction:
            await transaction.execute(delete(blocks).where(self._theirs(user_id), _exactly(guild_id)))
            await transaction.execute(
                insert(blocks).values(
                    guild_id=guild_id or _EVERYWHERE, user_id=user_id, reason=reason, by=by, at=self._clock()
                )
            )
            await self._audit.note_within(transaction, by, "block", str(user_id), reason, guild_id=guild_id)

    async def unblock(self, user_id: int, *, guild_id: int | None, by: int) -> bool:
        """Let somebody in again; false where no such block stood."""
        async with self._database.transaction() as transaction:
            gone = await transaction.execute(delete(blocks).where(self._theirs(user_id), _exactly(guild_id)))
            if gone.rowcount:
                await self._audit.note_within(transaction, by, "unblock", str(user_id), guild_id=guild_id)
        return bool(gone.rowcount)

    async def of(self, user_id: int) -> list[Block]:
        """Every block of a person, the one that counts everywhere first."""
        query = select(blocks).where(self._theirs(user_id)).order_by(blocks.c.guild_id)
        async with self._database.transaction() as transaction:
            rows = (await transaction.execute(query)).all()
        return [
            Block(user_id=user_id, guild_id=row.guild_id or None, reason=row.reason, by=row.by, at=row.at)
            for row in rows
        ]

    async def check(self, user_id: int, guild_id: int | None) -> None:
        """Raise `Blocked` where this person is kept out here: everywhere, or (`BlockedHere`) of this server."""
        query = select(blocks.c.guild_id).where(
            self._theirs(user_id), blocks.c.guild_id.in_([_EVERYWHERE, guild_id or _EVERYWHERE])
        )
        async with self._database.transaction() as transaction:
            found = (await transaction.execute(query)).scalars().all()
        if found:
            raise Blocked if _EVERYWHERE in found else BlockedHere

    def _theirs(self, user_id: int) -> ColumnElement[bool]:
        return blocks.c.user_id.in_([user_id, self._pseudonyms.of(user_id)])


def _exactly(guild_id: int | None) -> ColumnElement[bool]:
    return blocks.c.guild_id == (guild_id or _EVERYWHERE)
