"""What was decided about API keys while the bot runs, as rows: added, paused, retired. What nobody decided about, and
the settings name, has none.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from sqlalchemy import Row, func, insert, select, update

from bot.db import Database, Transaction, lock
from bot.db.tables import key_book, paid_calls
from bot.jobs.ledger import CallState
from bot.studio.audit import Audit

#: Orders in these states are looked for, fetched or cancelled with the key they were placed with.
_OPEN = (CallState.INTENT, CallState.SUBMITTED, CallState.UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyLine:
    """A line of the book. `sealed` is a secret that was told at run time, as `Seal` has it; `None` where the settings
    hold it, or nobody any more.
    """

    id: str
    provider: str
    account: str
    sealed: str | None = field(default=None, repr=False)
    paused_at: float | None = None
    paused_because: str = ""
    retired_at: float | None = None
    by: int = 0
    at: float = 0.0


class KeyBook:
    """Reads and writes the lines; every decision goes into the audit in the same transaction."""

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._audit = Audit(database, clock=clock)
        self._clock = clock

    async def lines(self) -> list[KeyLine]:
        async with self._database.transaction() as transaction:
            rows = (await transaction.execute(select(key_book).order_by(key_book.c.at))).all()
        return [_line(row) for row in rows]

    async def add(self, key_id: str, provider: str, account: str, sealed: str, by: int) -> None:
        """A key that is told now; one that was paused or retired is lent again."""
        async with self._database.transaction() as transaction:
            await self._put(transaction, key_id, provider, account, by, sealed=sealed, **_LENT)
            await self._audit.note_within(transaction, by, "key add", key_id, account)

    async def lend(self, key_id: str, provider: str, account: str, by: int, *, sealed: str | None = None) -> None:
        """A key that was paused or retired is lent again; `sealed` for one that the settings do not name."""
        told = {} if sealed is None else {"sealed": sealed}
        async with self._database.transaction() as transaction:
            await self._put(transaction, key_id, provider, account, by, **_LENT, **told)
            await self._audit.note_within(transaction, by, "key resume", key_id)

    async def pause(self, key_id: str, provider: str, account: str, by: int, because: str) -> None:
        async with self._database.transaction() as transaction:
            values = {"paused_at": self._clock(), "paused_because": because}
            await self._put(transaction, key_id, provider, account, by, **values)
            await self._audit.note_within(transaction, by, "key pause", key_id, because)

    async def retire(self, key_id: str, provider: str, account: str, by: int) -> None:
        async with self._database.transaction() as transaction:
            await self._put(transaction, key_id, provider, account, by, retired_at=self._clock(), paused_at=None)
            await self._audit.note_within(transaction, by, "key retire", key_id)

    async def forget_secrets(self) -> int:
        """Drop the secrets of retired keys that nothing is open with any more; how many."""
        waits = select(paid_calls.c.key_id).where(paid_calls.c.state.in_(_OPEN))
        async with self._database.transaction() as transaction:
            gone = await transaction.execute(
                update(key_book)
                .where(key_book.c.retired_at.is_not(None), key_book.c.sealed.is_not(None), key_book.c.id.not_in(waits))
                .values(sealed=None)
            )
        return int(gone.rowcount)

    async def open_orders(self, key_id: str) -> int:
        """How many orders may still need this key."""
        query = select(func.count()).where(paid_calls.c.key_id == key_id, paid_calls.c.state.in_(_OPEN))
        async with self._database.transaction() as transaction:
            return int((await transaction.execute(query)).scalar_one())

    async def _put(
        self, transaction: Transaction, key_id: str, provider: str, account: str, by: int, **values: object
    ) -> None:
        await lock(transaction, "key book")
        known = await transaction.execute(select(key_book.c.id).where(key_book.c.id == key_id))
        values |= {"by": by, "at": self._clock()}
        if known.one_or_none() is None:
            await transaction.execute(insert(key_book).values(id=key_id, provider=provider, account=account, **values))
        else:
            await transaction.execute(update(key_book).where(key_book.c.id == key_id).values(account=account, **values))


_LENT: dict[str, object] = {"paused_at": None, "paused_because": "", "retired_at": None}


def _line(row: Row[tuple[object, ...]]) -> KeyLine:
    return KeyLine(
        id=row.id,
        provider=row.provider,
        account=row.account,
        sealed=row.sealed,
        paused_at=row.paused_at,
        paused_because=row.paused_because,
        retired_at=row.retired_at,
        by=row.by,
        at=row.at,
    )
