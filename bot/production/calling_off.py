"""Ends films that wait: in the line, or for somebody's approval. Nothing more is ordered of them."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import ColumnElement, update

from bot.db import Transaction
from bot.db.tables import productions
from bot.production.bill import settle_by_bill
from bot.production.model import ProductionState, Stage
from bot.studio.budget import Budgets

#: States in which a film may be ended at once: no workflow of it is under way.
WAITING = (ProductionState.ASKING, ProductionState.ACCEPTED)


async def call_off(
    transaction: Transaction,
    budgets: Budgets,
    which: ColumnElement[bool],
    *,
    now: float,
    failure: str | None = None,
    states: Collection[ProductionState] = WAITING,
) -> list[str]:
    """Cancel those of `which` that wait in one of these states, and settle their money; the ids of those it ended.

    `failure` is why, as `ui.replies` has words for; `None` where its owner asked for it, who is not told.
    """
    ended = await transaction.execute(
        update(productions)
        .where(which, productions.c.state.in_(list(states)))
        .values(state=ProductionState.CANCELLED, stage=Stage.OVER, failure=failure, finished_at=now, updated_at=now)
        .returning(productions.c.id)
    )
    ids = [row.id for row in ended]
    for production_id in ids:  # one that was made in part has cost something
        await settle_by_bill(transaction, budgets, production_id)
    return ids
