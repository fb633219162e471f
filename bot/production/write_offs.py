"""The operator's rule for orders without an answer: up to an amount a day they are placed again unasked."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from sqlalchemy import func, select, update

from bot.db import Database, Transaction, lock
from bot.db.tables import paid_calls
from bot.jobs.ledger import CallState, PaidCall
from bot.studio.audit import RULE, Audit
from bot.studio.budget import Budgets
from bot.studio.errors import OverBudget

logger = logging.getLogger(__name__)

DAY = 24 * 3600.0
#: How a call that was written off by the rule is told from one that a person gave up.
BY_RULE = "by the operator's rule"


class WriteOffs:
    """Writes off unanswered orders within `amount_microusd` in any 24 hours; what they may have cost is the bot's."""

    def __init__(
        self,
        database: Database,
        amount_microusd: int,
        *,
        budgets: Budgets | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._budgets = budgets or Budgets(database, clock=clock)
        self._amount_microusd = amount_microusd
        self._audit = Audit(database, clock=clock)
        self._clock = clock

    async def cover(self, call: PaidCall) -> bool:
        """Write this order off if the amount and the bot's day bear it; looked at and written in one transaction."""
        if not self._amount_microusd:
            return False
        try:
            async with self._database.transaction() as transaction:
                if not await self._cover(transaction, call):
                    return False
        except OverBudget as error:
            logger.warning("order without an answer not written off", extra={"call": call.key, "cap": error.cap.value})
            return False
        logger.warning("order without an answer written off", extra={"call": call.key, "price": call.price_microusd})
        return True

    async def _cover(self, transaction: Transaction, call: PaidCall) -> bool:
        now = self._clock()
        await lock(transaction, "write-offs")
        spent = select(func.coalesce(func.sum(paid_calls.c.price_microusd), 0)).where(
            paid_calls.c.state == CallState.LOST, paid_calls.c.detail == BY_RULE, paid_calls.c.updated_at > now - DAY
        )
        before = int((await transaction.execute(spent)).scalar_one())
        if before + call.price_microusd > self._amount_microusd:
            return False
        written = await transaction.execute(
            update(paid_calls)
            .where(paid_calls.c.key == call.key, paid_calls.c.state == CallState.UNKNOWN)
            .values(state=CallState.LOST, open=0, detail=BY_RULE, updated_at=now)
        )
        if not written.rowcount:
            return False
        # Not what is unanswered beside it: that may be answered yet.
        lost = select(func.coalesce(func.sum(paid_calls.c.price_microusd), 0)).where(
            paid_calls.c.job == call.job, paid_calls.c.state == CallState.LOST
        )
        in_all = int((await transaction.execute(lost)).scalar_one())
        await self._budgets.lose(transaction, call.job, in_all)
        await self._audit.note_within(transaction, RULE, "order again", call.key, f"{call.price_microusd} microusd")
        return True
