"""Which cards there should be, where they are, and which may need another look: rows only, no Discord."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import String, cast, func, insert, literal, select, update

from bot.db import Database
from bot.db.tables import cards, plans, productions, projects
from bot.ui.cards import CardKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A card. `ref` is "{project}:{version}" or a production's id; `stamp` moves whenever its subject does."""

    id: int
    kind: CardKind
    ref: str
    channel_id: int
    message_id: int | None
    shown: str | None
    created_at: float
    stamp: float


class CardRows:
    """Reads and writes the cards table."""

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    async def create_missing(self) -> None:
        """Add a row for every plan version and production that is talked over somewhere and has no card yet."""
        plan_ref = projects.c.id + ":" + cast(func.coalesce(plans.c.version, 1), String)
        wanted_plans = (
            select(literal(CardKind.PLAN.value), plan_ref, projects.c.thread_id, literal(self._clock()), literal(0))
            .select_from(projects.outerjoin(plans, plans.c.project_id == projects.c.id))
            .outerjoin(cards, (cards.c.kind == CardKind.PLAN) & (cards.c.ref == plan_ref))
            .where(projects.c.thread_id.is_not(None), cards.c.id.is_(None))
            .order_by(projects.c.created_at, plans.c.version)
        )
        wanted_jobs = (
            select(
                literal(CardKind.JOB.value), productions.c.id, projects.c.thread_id, literal(self._clock()), literal(0)
            )
            .join(projects, projects.c.id == productions.c.project_id)
            .outerjoin(cards, (cards.c.kind == CardKind.JOB) & (cards.c.ref == productions.c.id))
            .where(projects.c.thread_id.is_not(None), cards.c.id.is_(None))
            .order_by(productions.c.accepted_at)
        )
        columns = ["kind", "ref", "channel_id", "created_at", "settled"]
        async with self._database.transaction() as transaction:
            await transaction.execute(insert(cards).from_select(columns, wanted_plans))
            await transaction.execute(insert(cards).from_select(columns, wanted_jobs))

    async def unsettled(self) -> list[Card]:
        """Cards that may still change, oldest first, each with the moment its subject last did."""
        latest = (
            select(productions.c.project_id, func.max(productions.c.updated_at).label("at"))
            .group_by(productions.c.project_id)
            .subquery()
        )
        plan_stamp = func.max(projects.c.updated_at, func.coalesce(latest.c.at, 0.0))
        plan_cards = (
            select(cards, plan_stamp.label("stamp"))
            .join(projects, projects.c.id == func.substr(cards.c.ref, 1, 32))
            .outerjoin(latest, latest.c.project_id == projects.c.id)
            .where(cards.c.kind == CardKind.PLAN, cards.c.settled == 0)
        )
        job_cards = select(cards, literal(0.0).label("stamp")).where(cards.c.kind == CardKind.JOB, cards.c.settled == 0)
        async with self._database.transaction() as transaction:
            found = [*await transaction.execute(plan_cards), *await transaction.execute(job_cards)]
        found.sort(key=lambda row: row.id)
        return [
            Card(
                id=row.id,
                kind=CardKind(row.kind),
                ref=row.ref,
                channel_id=row.channel_id,
                message_id=row.message_id,
                shown=row.shown,
                created_at=row.created_at,
                stamp=row.stamp,
            )
            for row in found
        ]

    async def message_of(self, kind: CardKind, ref: str) -> tuple[int, int] | None:
        """(channel, message) of a posted card."""
        async with self._database.transaction() as transaction:
            row = (
                await transaction.execute(
                    select(cards.c.channel_id, cards.c.message_id).where(cards.c.kind == kind, cards.c.ref == ref)
                )
            ).one_or_none()
        return (row.channel_id, row.message_id) if row is not None and row.message_id is not None else None

    async def shown(self, card_id: int, *, message_id: int, fingerprint: str) -> None:
        await self._update(card_id, message_id=message_id, shown=fingerprint, edited_at=self._clock())

    async def settle(self, card_id: int) -> None:
        """Nothing can change this card any more, or its message is gone."""
        await self._update(card_id, settled=1)

    async def _update(self, card_id: int, **values: object) -> None:
        async with self._database.transaction() as transaction:
            await transaction.execute(update(cards).where(cards.c.id == card_id).values(**values))
