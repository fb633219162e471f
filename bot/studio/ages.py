"""Who confirmed that they are old enough for the services' terms: a time for each person, and nothing else."""

from __future__ import annotations

import time
from collections.abc import Callable

from sqlalchemy import select

from bot.db import Database, insert_or_ignore
from bot.db.tables import age_confirmations


class Ages:
    """`least` is the age that is asked for, `None` where no service here asks."""

    def __init__(self, database: Database, *, least: int | None, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self.least = least
        self._clock = clock

    async def confirm(self, user_id: int) -> None:
        """Keep that somebody said so now; the first time counts."""
        async with self._database.transaction() as transaction:
            said = insert_or_ignore(transaction, age_confirmations).values(user_id=user_id, at=self._clock())
            await transaction.execute(said.on_conflict_do_nothing(index_elements=["user_id"]))

    async def are_asked(self, user_id: int) -> bool:
        """Whether this person has to say it first."""
        if self.least is None:
            return False
        query = select(age_confirmations.c.at).where(age_confirmations.c.user_id == user_id)
        async with self._database.transaction() as transaction:
            return (await transaction.execute(query)).one_or_none() is None
