"""Sums that operators set while the bot runs, in the place of the settings': for everybody, or for one person.

Every reservation reads them in its own transaction, so a change holds from the next order on, in every process.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, delete, insert, select

from bot.db import Database
from bot.db.tables import caps
from bot.studio.audit import Audit
from bot.studio.budget import EVERYBODY, Bound
from bot.studio.pseudonyms import Pseudonyms


@dataclass(frozen=True, slots=True, kw_only=True)
class SetCap:
    """`microusd` is `None` for no bound at all; `user_id` for everybody."""

    bound: Bound
    user_id: int | None
    microusd: int | None
    by: int
    at: float


class CapBook:
    """Reads and writes them; who did is written down.

    A person who has everything of theirs deleted keeps their sum: it goes by the pseudonym from then on.
    """

    def __init__(
        self, database: Database, *, pseudonyms: Pseudonyms | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self._database = database
        self._pseudonyms = pseudonyms or Pseudonyms()
        self._audit = Audit(database, clock=clock)
        self._clock = clock

    async def put(self, bound: Bound, microusd: int | None, *, by: int, user_id: int | None = None) -> None:
        """Let this sum hold from now on, or (`None`) none."""
        detail = "no bound" if microusd is None else f"${microusd / 1_000_000:.2f}"
        async with self._database.transaction() as transaction:
            await transaction.execute(delete(caps).where(caps.c.name == bound, self._of(user_id)))
            await transaction.execute(
                insert(caps).values(name=bound, ref=_ref(user_id), microusd=microusd, by=by, at=self._clock())
            )
            await self._audit.note_within(transaction, by, f"cap {bound}", _named(user_id), detail)

    async def drop(self, bound: Bound, *, by: int, user_id: int | None = None) -> bool:
        """Let the settings hold again, or for a person what holds for everybody; false where they did."""
        async with self._database.transaction() as transaction:
            gone = await transaction.execute(delete(caps).where(caps.c.name == bound, self._of(user_id)))
            if gone.rowcount:
                await self._audit.note_within(transaction, by, f"cap {bound}", _named(user_id), "as before")
        return bool(gone.rowcount)

    async def of(self, user_id: int | None = None) -> dict[Bound, SetCap]:
        """What was set for a person; `None` for everybody."""
        async with self._database.transaction() as transaction:
            rows = (await transaction.execute(select(caps).where(self._of(user_id)).order_by(caps.c.ref))).all()
        # A pseudonym is below zero, and so before the person's own row, which counts.
        return {
            Bound(row.name): SetCap(bound=Bound(row.name), user_id=user_id, microusd=row.microusd, by=row.by, at=row.at)
            for row in rows
        }

    def _of(self, user_id: int | None) -> ColumnElement[bool]:
        whose = [EVERYBODY] if user_id is None else [self._pseudonyms.of(user_id), user_id]
        return caps.c.ref.in_(whose)


def _ref(user_id: int | None) -> int:
    return EVERYBODY if user_id is None else user_id


def _named(user_id: int | None) -> str:
    return "everybody" if user_id is None else str(user_id)
