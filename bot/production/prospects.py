"""What a person's open films wait for, and how the whole line stands, without a word about others' films."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import distinct, func, select

from bot.db import Database
from bot.db.tables import plans, productions, projects, takes
from bot.production.dispatcher import Dispatcher
from bot.production.forecast import Between, Made, begins, ends, usual_pace
from bot.production.line import Ahead
from bot.production.model import ACTIVE, OPEN, Production, ProductionState
from bot.production.production_rows import production_of
from bot.production.switches import Switches
from bot.studio.model import Plan

NOBODY = Ahead()
#: Films that were done last: how long those took is how long films take.
LATELY = 50
#: Films over that these are found among.
LOOKED_THROUGH = 200
#: Seconds for which cards go by what was looked up of that.
KNOWN_FOR = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Prospect:
    """A film that is not over.

    `thread_id` is where it is talked over; `place` counts from 1 in the line; `begins` and `ends` tell when it will
    probably begin and be done, `None` where nobody can tell, or where that is over. `is_late` says that it takes longer
    than films did lately.
    """

    production: Production
    plan: Plan
    thread_id: int | None = None
    place: int | None = None
    ahead: Ahead = NOBODY
    begins: Between | None = None
    ends: Between | None = None
    is_late: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """How many films wait and run in all, and how many people these belong to."""

    waiting: int
    running: int
    people: int


class Prospects:
    """Looks at the rows and the line as they are now."""

    def __init__(
        self,
        database: Database,
        dispatcher: Dispatcher,
        switches: Switches,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._dispatcher = dispatcher
        self._switches = switches
        self._clock = clock
        self._known: Sequence[Made] = ()
        self._made_at = -KNOWN_FOR

    async def of(self, owner_id: int) -> list[Prospect]:
        """A person's films that are not over, the oldest first."""
        query = (
            select(productions, plans.c.plan, plans.c.changes, projects.c.thread_id)
            .join(projects, projects.c.id == productions.c.project_id)
            .join(plans, (plans.c.project_id == projects.c.id) & (plans.c.version == productions.c.version))
            .where(
                productions.c.owner_id == owner_id,
                productions.c.state.in_(OPEN),
                projects.c.deleted_at.is_(None),
            )
            .order_by(productions.c.accepted_at, productions.c.id)
        )
        async with self._database.transaction() as transaction:
            rows = (await transaction.execute(query)).all()
        made, since = await self._made(), await self._running_since()
        return [
            self._prospect(
                production_of(row),
                Plan.from_json(row.plan, version=row.version, changes=row.changes),
                made,
                since,
                thread_id=row.thread_id,
            )
            for row in rows
        ]

    async def of_film(self, production: Production, plan: Plan) -> Prospect:
        """Of one film, for its card: how long films took is not looked up for each of many cards."""
        now = self._clock()
        if not 0 <= now - self._made_at < KNOWN_FOR:
            self._known, self._made_at = await self._made(), now
        return self._prospect(production, plan, self._known, await self._running_since())

    async def title(self, production: Production) -> str:
        """What a film is called, in the version that is made."""
        query = select(plans.c.plan).where(
            plans.c.project_id == production.project_id, plans.c.version == production.version
        )
        async with self._database.transaction() as transaction:
            found = (await transaction.execute(query)).scalar()
        return "" if found is None else Plan.from_json(found, version=production.version, changes="").title

    async def totals(self) -> Totals:
        states = select(productions.c.state, func.count().label("number")).where(productions.c.state.in_(ACTIVE))
        people = select(func.count(distinct(productions.c.owner_id))).where(productions.c.state.in_(ACTIVE))
        async with self._database.transaction() as transaction:
            rows = (await transaction.execute(states.group_by(productions.c.state))).all()
            owners = int((await transaction.execute(people)).scalar_one())
        counts = {row.state: int(row.number) for row in rows}
        return Totals(
            waiting=counts.get(ProductionState.ACCEPTED, 0),
            running=counts.get(ProductionState.RUNNING, 0),
            people=owners,
        )

    async def paused(self) -> frozenset[str]:
        """What an operator has paused: all films, or services."""
        return await self._switches.paused()

    def _prospect(
        self,
        production: Production,
        plan: Plan,
        made: Sequence[Made],
        running_since: list[float],
        *,
        thread_id: int | None = None,
    ) -> Prospect:
        now = self._clock()
        pace, others = usual_pace(made, len(plan.shots)), usual_pace(made)
        prospect = Prospect(production=production, plan=plan, thread_id=thread_id)
        if production.state is ProductionState.ACCEPTED:
            place = self._dispatcher.position(production.id)
            begin = None if place is None or others is None else begins(place, running_since, others, now)
            if not running_since and place != 1:
                begin = None  # nothing runs, so nothing tells how many will at once
            return replace(
                prospect,
                place=place,
                ahead=self._dispatcher.ahead(production.id),
                begins=begin,
                ends=None if begin is None or pace is None else ends(begin, pace, now),
            )
        if production.state is ProductionState.RUNNING and production.started_at is not None and pace is not None:
            began = Between(production.started_at, production.started_at)
            end = ends(began, pace, now)
            return replace(prospect, ends=end, is_late=end is None)
        return prospect

    async def _made(self) -> list[Made]:
        """How long films took that were done lately, from when they began.

        Which of the last ones were done is seen here: asked for it, SQLite goes by the state and sorts all there are.
        """
        shots = select(func.count()).where(takes.c.production_id == productions.c.id).scalar_subquery()
        took = productions.c.finished_at - productions.c.started_at
        lately = (
            select(productions.c.state, took.label("took"), shots.label("shots"))
            .where(productions.c.finished_at.is_not(None))
            .order_by(productions.c.finished_at.desc())
            .limit(LOOKED_THROUGH)
        )
        async with self._database.transaction() as transaction:
            rows = (await transaction.execute(lately)).all()
        done = [row for row in rows if row.state == ProductionState.DONE and row.took is not None and row.took > 0]
        return [Made(row.shots, float(row.took)) for row in done[:LATELY]]

    async def _running_since(self) -> list[float]:
        """When those began that run, wherever they do."""
        query = select(productions.c.started_at).where(
            productions.c.state == ProductionState.RUNNING, productions.c.started_at.is_not(None)
        )
        async with self._database.transaction() as transaction:
            return [float(at) for at in (await transaction.execute(query)).scalars()]
