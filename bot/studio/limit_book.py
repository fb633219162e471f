"""Limits that operators set while the bot runs, as rows: in the place of the settings' where they say something."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Row, delete, insert, select

from bot.db import Database, Transaction, lock
from bot.db.tables import limit_book
from bot.settings import Amount, LimitSetting
from bot.studio.audit import Audit


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitLine:
    """What was said of one place, by whom and when. `said` names the account and the model, `None` for every one."""

    provider: str
    said: LimitSetting
    by: int
    at: float


class LimitBook:
    """Reads and writes the lines; every change goes into the audit in the same transaction."""

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._audit = Audit(database, clock=clock)
        self._clock = clock

    async def lines(self) -> list[LimitLine]:
        """All there are, in an order that stays."""
        in_order = select(limit_book).order_by(limit_book.c.provider, limit_book.c.account, limit_book.c.model)
        async with self._database.transaction() as transaction:
            return [_line(row) for row in await transaction.execute(in_order)]

    async def put(self, provider: str, said: LimitSetting, *, by: int, remark: str = "") -> None:
        """Let this hold at its place, in the stead of what was set there before; nothing said drops that.

        The `remark` goes into the audit.
        """
        if not said.amounts and said.room is None:
            await self.drop(provider, said.account, said.model, by=by)
            return
        async with self._database.transaction() as transaction:
            await lock(transaction, "limit book")
            await transaction.execute(delete(limit_book).where(*_at(provider, said.account, said.model)))
            await transaction.execute(
                insert(limit_book).values(
                    provider=provider,
                    account=said.account or "",
                    model=said.model or "",
                    said=_to_json(said),
                    by=by,
                    at=self._clock(),
                )
            )
            await self._note(
                transaction, by, provider, said.account, said.model, f"{said} ({remark})" if remark else str(said)
            )

    async def drop(self, provider: str, account: str | None, model: str | None, *, by: int) -> bool:
        """Let the settings hold there again; false where they did."""
        async with self._database.transaction() as transaction:
            gone = await transaction.execute(delete(limit_book).where(*_at(provider, account, model)))
            if gone.rowcount:
                await self._note(transaction, by, provider, account, model, "as the settings say")
        return bool(gone.rowcount)

    async def _note(
        self, transaction: Transaction, by: int, provider: str, account: str | None, model: str | None, detail: str
    ) -> None:
        ref = f"{provider}{'' if account is None else f' @{account}'}{'' if model is None else f' {model}'}"
        await self._audit.note_within(transaction, by, "limit", ref, detail)


def _at(provider: str, account: str | None, model: str | None) -> tuple[ColumnElement[bool], ...]:
    book = limit_book.c
    return book.provider == provider, book.account == (account or ""), book.model == (model or "")


def _to_json(said: LimitSetting) -> str:
    return json.dumps({"amounts": [[each.number, each.what, each.period] for each in said.amounts], "room": said.room})


def _line(row: Row[tuple[object, ...]]) -> LimitLine:
    kept = json.loads(row.said)
    said = LimitSetting(
        account=row.account or None,
        model=row.model or None,
        amounts=tuple(Amount(number, what, period) for number, what, period in kept["amounts"]),
        room=kept["room"],
    )
    return LimitLine(provider=row.provider, said=said, by=row.by, at=row.at)
