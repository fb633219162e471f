"""Five hundred people press Greenlight at once, and there is money for a few.

Over PostgreSQL there are fewer of them, for the time it takes; `GREENLIGHT_PRESSES=500` has as many.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence

from sqlalchemy import func, insert, select

from bot.db import Database, open_database
from bot.db.tables import plans, productions, projects, reservations
from bot.jobs.wake import Wake
from bot.production.greenlights import Greenlights
from bot.production.lifecycle import Lifecycle
from bot.production.outbox import Outbox
from bot.production.productions import Productions
from bot.studio.budget import Budgets, Caps
from bot.studio.errors import OverBudget
from bot.studio.projects import Projects
from bot.ui.desk import Desk
from bot.ui.offer import Offer
from tests.bot.studio.samples import CATALOGUE, plan, shot

BUDGET = 5_000_000
PLAN = plan(shot(duration=2))


class Counter:
    """One process's desk."""

    def __init__(self, database: Database) -> None:
        budgets = Budgets(database, Caps(bot_day_microusd=BUDGET))
        self.desk = Desk(
            projects=Projects(database),
            productions=Productions(database),
            greenlights=Greenlights(database, Wake(), budgets=budgets),
            lifecycle=Lifecycle(database, Wake(), budgets=budgets),
            outbox=Outbox(database, Wake()),
            catalogue=CATALOGUE,
            offer=Offer(video_models=CATALOGUE.video_models({"runway"}), default_model="gen4.5", can_plan=True),
            changed=Wake(),
        )

    async def greenlight(self, owner_id: int, project_id: str) -> int:
        """What it costs, 0 where it is refused for want of money."""
        try:
            accepted = await self.desk.greenlight(
                request_id=f"press {owner_id}", project_id=project_id, version=1, user_id=owner_id
            )
        except OverBudget:
            return 0
        return accepted.price_microusd


async def rush(counters: Sequence[Counter], database: Database, presses: int) -> None:
    """All press at once, at one counter or another; the rows are what was told, and never more than there is."""
    films = [f"{number:032x}" for number in range(presses)]
    facts = {"channel_id": 6, "idea": "a koi", "model": "gen4.5", "ratio": "16:9", "state": "planned"}
    whole = {"version": 1, "plan": PLAN.to_json(), "changes": "", "created_at": 0.0}
    async with database.transaction() as transaction:
        planned = [
            {**facts, "id": film, "request_id": film, "owner_id": number, "created_at": 0.0, "updated_at": 0.0}
            for number, film in enumerate(films)
        ]
        await transaction.execute(insert(projects), planned)
        await transaction.execute(insert(plans), [{**whole, "project_id": film} for film in films])

    prices = await asyncio.gather(
        *(counters[number % len(counters)].greenlight(number, film) for number, film in enumerate(films))
    )

    async with database.transaction() as transaction:
        kept = (await transaction.execute(select(func.sum(reservations.c.reserved_microusd)))).scalar_one()
        accepted = (await transaction.execute(select(func.count()).select_from(productions))).scalar_one()
    price = max(prices)
    assert sum(prices) == kept == BUDGET // price * price
    assert accepted == BUDGET // price


async def test_five_hundred_greenlights_at_once_spend_no_more_than_five_dollars(database: Database) -> None:
    await rush([Counter(database)], database, 500)


async def test_nor_do_those_that_come_to_two_processes_on_one_postgresql(postgres_database: str) -> None:
    one, other = await open_database(postgres_database), await open_database(postgres_database)
    for each in (one, other):
        each.engine.pool._timeout = 600.0  # type: ignore[attr-defined]  # a slow machine is not what is tried
    try:
        await rush([Counter(one), Counter(other)], one, int(os.environ.get("GREENLIGHT_PRESSES", "120")))
    finally:
        await one.close()
        await other.close()
