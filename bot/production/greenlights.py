"""Greenlights: a film is put in the line, with its money kept aside, in one transaction."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Sequence

from sqlalchemy import Row, func, insert, select

from bot.db import Database, Transaction, lock
from bot.db.tables import productions, projects, takes
from bot.jobs.wake import Wake
from bot.production.model import ACTIVE, Production, ProductionState, Stage, TakeState
from bot.production.ordering import film_to_order
from bot.production.production_rows import production_of
from bot.studio.audit import Audit
from bot.studio.budget import Budgets, Kind
from bot.studio.casting import Casting, Quote
from bot.studio.errors import AlreadyRendering, AwaitsDecision, NoSuchFilm, TooManyWaiting
from bot.studio.guilds import EVEN, Share

#: Productions one person may have in the line at once.
MAX_WAITING = 10


class Greenlights:
    """Writes what people greenlight; nudges `changed` after each."""

    def __init__(
        self,
        database: Database,
        changed: Wake,
        *,
        budgets: Budgets | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._changed = changed
        self._budgets = budgets or Budgets(database, clock=clock)
        self._audit = Audit(database, clock=clock)
        self._clock = clock

    async def accept(
        self,
        *,
        request_id: str,
        project_id: str,
        version: int,
        user_id: int,
        castings: Sequence[Casting],
        quote: Quote,
        share: Share = EVEN,
        draft: bool = False,
    ) -> Production:
        """Put a film in the line: all checks and all rows in one transaction, once per request.

        It is its owner's, and at their cost, where one of its approvers pressed (`user_id`), too: that is written down.
        `share` is what its server gives its owner.

        Raises:
            NoSuchFilm | NotYours: not for this person to order.
            FilmHidden | FilmHiddenHere: nothing of it would be posted, or not in its server.
            NothingToRender: it has no plan.
            PlanMoved: the version is not the newest.
            AlreadyRendering: a production of it is in the line or running.
            AwaitsDecision: one of it is held.
            TooManyWaiting: its owner's line is full.
            OverBudget: its price would pass a cap.
        """
        now = self._clock()
        async with self._database.transaction() as transaction:
            owner_id = await _owner_of(transaction, project_id)
            await lock(transaction, f"owner {owner_id}")
            await lock(transaction, f"project {project_id}")
            same = await transaction.execute(select(productions).where(productions.c.request_id == request_id))
            if (row := same.one_or_none()) is not None:
                return production_of(row)
            project = await _check(transaction, project_id, version, user_id, share)
            production_id = uuid.uuid4().hex
            asks = await self._budgets.needs_approval(transaction, quote.price_microusd)
            await transaction.execute(
                insert(productions).values(
                    id=production_id,
                    request_id=request_id,
                    project_id=project_id,
                    version=version,
                    owner_id=owner_id,
                    greenlit_by=user_id if user_id != owner_id else None,
                    guild_id=project.guild_id,
                    asset_id=project.asset_id,
                    state=ProductionState.ASKING if asks else ProductionState.ACCEPTED,
                    stopping=0,
                    stage=Stage.QUEUE,
                    price_microusd=quote.price_microusd,
                    weight=share.weight,
                    kept_sounds=json.dumps(quote.kept_sounds),
                    draft=int(draft),
                    accepted_at=now,
                    updated_at=now,
                )
            )
            await self._budgets.reserve(
                transaction,
                id=production_id,
                kind=Kind.FILM,
                owner_id=owner_id,
                guild_id=project.guild_id,
                amount_microusd=quote.price_microusd,
                member_day_microusd=share.day_microusd,
            )
            if user_id != owner_id:
                await self._audit.note_within(transaction, user_id, "greenlight", production_id)
            for casting in castings:
                kept = casting.number in quote.kept
                await transaction.execute(
                    insert(takes).values(
                        production_id=production_id,
                        shot=casting.number,
                        content=casting.content,
                        state=TakeState.MADE if kept else TakeState.WAITING,
                        price_microusd=0 if kept else casting.price_microusd,
                        updated_at=now,
                    )
                )
            row = (await transaction.execute(select(productions).where(productions.c.id == production_id))).one()
        self._changed()
        return production_of(row)


async def _owner_of(transaction: Transaction, project_id: str) -> int:
    """Whose film it is, which never changes. Raises `NoSuchFilm`."""
    query = select(projects.c.owner_id).where(projects.c.id == project_id, projects.c.deleted_at.is_(None))
    owner_id = (await transaction.execute(query)).scalar_one_or_none()
    if owner_id is None:
        raise NoSuchFilm
    return int(owner_id)


async def _check(
    transaction: Transaction, project_id: str, version: int, user_id: int, share: Share
) -> Row[tuple[object, ...]]:
    """Whether this person may have this version made now; the film as it is at this moment."""
    project = await film_to_order(transaction, project_id, version, user_id)
    under_way = (ProductionState.ASKING, *ACTIVE)
    same = select(func.count()).where(productions.c.project_id == project_id, productions.c.state.in_(under_way))
    if (await transaction.execute(same)).scalar():
        raise AlreadyRendering
    held = select(func.count()).where(
        productions.c.project_id == project_id, productions.c.state == ProductionState.HELD
    )
    if (await transaction.execute(held)).scalar():
        raise AwaitsDecision
    waiting = select(func.count()).where(
        productions.c.owner_id == project.owner_id, productions.c.state == ProductionState.ACCEPTED
    )
    if ((await transaction.execute(waiting)).scalar() or 0) >= MAX_WAITING:
        raise TooManyWaiting(MAX_WAITING)
    if share.waiting is not None:
        here = waiting.where(productions.c.guild_id == project.guild_id)
        if ((await transaction.execute(here)).scalar() or 0) >= share.waiting:
            raise TooManyWaiting(share.waiting)
    return project
