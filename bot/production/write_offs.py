"""The operator's rule for orders without an answer: up to an amount a day they are placed again unasked."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from sqlalchemy import func, select, update

from bot.db import Database
from bot.db.tables import paid_calls
from bot.jobs.ledger import CallState, PaidCall
from bot.studio.audit import RULE, Audit

logger = logging.getLogger(__name__)

DAY = 24 * 3600.0
#: How a call that was written off by the rule is told from one that a person gave up.
BY_RULE = "by the operator's rule"


class WriteOffs:
    """Writes off unanswered orders within `amount_microusd` in any 24 hours; what they may have cost is the bot's."""

    def __init__(self, database: Database, amount_microusd: int, *, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._amount_microusd = amount_microusd
        self._audit = Audit(database, clock=clock)
        self._clock = clock

    async def cover(self, call: PaidCall) -> bool:
        """Write this order off if the amount bears it; looked at and written in one transaction."""
        if not self._amount_microusd:
            return False
        now = self._clock()
        spent = select(func.sum(paid_calls.c.price_microusd)).where(
            paid_calls.c.state == CallState.LOST, paid_calls.c.detail == BY_RULE, paid_calls.c.updated_at > now - DAY
        )
        async with self._database.transaction() as transaction:
            before = int((await transaction.execute(spent)).scalar() or 0)
            if before + call.price_microusd > self._amount_microusd:
                return False
            written = await transaction.execute(
                update(paid_calls)
                .where(paid_calls.c.key == call.key, paid_calls.c.state == CallState.UNKNOWN)
                .values(state=CallState.LOST, open=0, detail=BY_RULE, updated_at=now)
            )
            if not written.rowcount:
                return False
            await self._audit.note_within(transaction, RULE, "order again", call.key, f"{call.price_microusd} microusd")
        logger.warning("order without an answer written off", extra={"call": call.key, "price": call.price_microusd})
        return True
