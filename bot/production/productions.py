"""Productions and their takes, read."""

from __future__ import annotations

from sqlalchemy import ColumnElement, func, select

from bot.db import Database
from bot.db.tables import paid_calls, productions, takes
from bot.jobs.ledger import CallState
from bot.production.bill import Bill, bill_of
from bot.production.model import ACTIVE, TERMINAL, Production, ProductionState, Take, Waiting
from bot.production.production_rows import production_of, take_of
from bot.studio.errors import NoSuchFilm


class Productions:
    """Reads the production tables. `Greenlights` begins what stands there, and `Lifecycle` changes it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, production_id: str) -> Production:
        """Raises `NoSuchFilm`."""
        found = await self._select(productions.c.id == production_id)
        if not found:
            raise NoSuchFilm
        return found[0]

    async def active(self) -> list[Production]:
        """Everything in the line or running, oldest first."""
        return await self._select(productions.c.state.in_(ACTIVE))

    async def running(self) -> list[Production]:
        """Everything that runs, oldest first."""
        return await self._select(productions.c.state == ProductionState.RUNNING)

    async def waiting(self, *, since: float = 0.0) -> list[Waiting]:
        """Everything in the line whose rows changed at `since` or later, oldest first."""
        query = (
            select(
                productions.c.id,
                productions.c.owner_id,
                productions.c.price_microusd,
                productions.c.updated_at,
                productions.c.weight,
                productions.c.moved,
            )
            .where(productions.c.state == ProductionState.ACCEPTED, productions.c.updated_at >= since)
            .order_by(productions.c.accepted_at)
        )
        async with self._database.transaction() as transaction:
            rows = (await transaction.execute(query)).all()
        return [
            Waiting(id=id_, owner_id=owner, price_microusd=price, updated_at=at, weight=weight, moved=moved)
            for id_, owner, price, at, weight, moved in rows
        ]

    async def count_waiting(self) -> int:
        query = select(func.count()).where(productions.c.state == ProductionState.ACCEPTED)
        async with self._database.transaction() as transaction:
            return (await transaction.execute(query)).scalar_one()

    async def count_waiting_of(self, owner_id: int) -> int:
        """Films of one person in the line."""
        query = select(func.count()).where(
            productions.c.state == ProductionState.ACCEPTED, productions.c.owner_id == owner_id
        )
        async with self._database.transaction() as transaction:
            return (await transaction.execute(query)).scalar_one()

    async def undelivered(self) -> list[Production]:
        """Everything that is over and whose end was not posted."""
        return await self._select(productions.c.state.in_(TERMINAL), productions.c.delivered_at.is_(None))

    async def latest_of(self, project_id: str) -> Production | None:
        found = await self._select(productions.c.project_id == project_id)
        return found[-1] if found else None

    async def takes_of(self, production_id: str) -> list[Take]:
        async with self._database.transaction() as transaction:
            rows = await transaction.execute(
                select(takes).where(takes.c.production_id == production_id).order_by(takes.c.shot)
            )
            return [take_of(row) for row in rows]

    async def at_risk(self, production_id: str) -> int:
        """What a production may have been charged for without an answer, in micro-dollars."""
        query = select(func.sum(paid_calls.c.price_microusd)).where(
            paid_calls.c.job == production_id, paid_calls.c.state == CallState.UNKNOWN
        )
        async with self._database.transaction() as transaction:
            return int((await transaction.execute(query)).scalar() or 0)

    async def bill(self, production_id: str) -> Bill:
        """What it was charged so far, part by part."""
        async with self._database.transaction() as transaction:
            return await bill_of(transaction, production_id)

    async def _select(self, *conditions: ColumnElement[bool]) -> list[Production]:
        query = select(productions).where(*conditions).order_by(productions.c.accepted_at)
        async with self._database.transaction() as transaction:
            return [production_of(row) for row in await transaction.execute(query)]
