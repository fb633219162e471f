"""Films whose price somebody else has to allow, and money kept aside for what nobody ends any more.

asking ──► accepted     approved: it takes its place in the line
   ├────► cancelled     declined, or nobody decided within `PATIENCE`: its owner is told why
   └────► cancelled     by its owner, through `Lifecycle.stop`
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from sqlalchemy import func, or_, select, update

from bot.db import Database, Transaction
from bot.db.tables import productions, reservations, storyboards
from bot.jobs.wake import Listener, Wake, keep_looking
from bot.production.bill import settle_by_bill
from bot.production.calling_off import call_off
from bot.production.model import ProductionState
from bot.production.production_rows import OF_KEPT_FILM
from bot.production.productions import Productions
from bot.production.reports import check_production_shown
from bot.studio.audit import Audit
from bot.studio.budget import Budgets, Kind
from bot.studio.errors import DecidedAlready, NotApprover
from bot.studio.guilds import Guilds

logger = logging.getLogger(__name__)

#: Seconds that a film waits for somebody to decide, and after which a reading is over whatever became of it.
PATIENCE, READING_OVER = 72 * 3600.0, 3600.0
#: Seconds between two looks at what has waited too long.
LOOK_EVERY = 60.0


async def asking_in(database: Database, guild_id: int) -> int:
    """How many films of a server wait for somebody to approve their price."""
    query = (
        select(func.count())
        .select_from(productions)
        .where(productions.c.guild_id == guild_id, productions.c.state == ProductionState.ASKING)
    )
    async with database.transaction() as transaction:
        return (await transaction.execute(query)).scalar_one()


class Approvals:
    """Decides on films that ask: operators do, and members of the approvers' roles, never for a film of their own, or
    one that they greenlit themselves.

    The operator names roles, and so does a server (`guilds`) for the films that are made in it.
    """

    def __init__(
        self,
        database: Database,
        productions: Productions,
        budgets: Budgets,
        changed: Wake,
        *,
        operators: frozenset[int] = frozenset(),
        approver_roles: frozenset[int] = frozenset(),
        guilds: Guilds | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._productions = productions
        self._budgets = budgets
        self._changed = changed
        self._operators = operators
        self._roles = approver_roles
        self._guilds = guilds
        self._audit = Audit(database, clock=clock)
        self._clock = clock

    async def run(self, listener: Listener) -> None:
        await keep_looking(self.end_overdue, listener, every=LOOK_EVERY)

    async def approve(self, production_id: str, user_id: int, role_ids: frozenset[int]) -> None:
        """Let it into the line.

        Raises:
            NoSuchFilm | NotApprover: not for this person to decide.
            DecidedAlready: it does not wait any more, or its film was deleted.
            FilmHidden | FilmHiddenHere: it would be posted nowhere, or not in its server.
        """
        await self._check(production_id, user_id, role_ids)
        async with self._database.transaction() as transaction:
            await check_production_shown(transaction, production_id)
            approved = await transaction.execute(
                update(productions)
                .where(productions.c.id == production_id, productions.c.state == ProductionState.ASKING, OF_KEPT_FILM)
                .values(state=ProductionState.ACCEPTED, approved_by=user_id, updated_at=self._clock())
            )
            if not approved.rowcount:
                raise DecidedAlready
            await self._audit.note_within(transaction, user_id, "approve", production_id)
        self._changed()
        logger.info("film approved", extra={"production": production_id, "by": user_id})

    async def decline(self, production_id: str, user_id: int, role_ids: frozenset[int]) -> None:
        """End it unordered. Raises as `approve` does."""
        await self._check(production_id, user_id, role_ids)
        async with self._database.transaction() as transaction:
            if not await self._end(transaction, production_id, "Declined"):
                raise DecidedAlready
            await self._audit.note_within(transaction, user_id, "decline", production_id)
        self._changed()
        logger.info("film declined", extra={"production": production_id, "by": user_id})

    async def end_overdue(self) -> None:
        """End what nobody decided on; settle readings that a crash left open, and storyboards whose film has gone."""
        now = self._clock()
        asking = select(productions.c.id).where(
            productions.c.state == ProductionState.ASKING, productions.c.updated_at <= now - PATIENCE
        )
        drawn = select(storyboards.c.id)
        left_open = select(reservations.c.id).where(
            or_(
                (reservations.c.kind == Kind.READING) & (reservations.c.at <= now - READING_OVER),
                (reservations.c.kind == Kind.STORYBOARD) & reservations.c.id.not_in(drawn),
            ),
            reservations.c.settled_microusd.is_(None),
        )
        async with self._database.transaction() as transaction:
            overdue = [row.id for row in await transaction.execute(asking)]
            for production_id in overdue:
                await self._end(transaction, production_id, "NotApproved")
            for row in (await transaction.execute(left_open)).all():
                await settle_by_bill(transaction, self._budgets, row.id)
        if overdue:
            self._changed()
            logger.info("films not approved in time", extra={"count": len(overdue)})

    async def _check(self, production_id: str, user_id: int, role_ids: frozenset[int]) -> None:
        production = await self._productions.get(production_id)
        if user_id in self._operators:
            return
        roles = self._roles
        if self._guilds is not None:
            roles |= (await self._guilds.of(production.guild_id)).approver_roles
        if user_id in {production.owner_id, production.greenlit_by} or not role_ids & roles:
            raise NotApprover

    async def _end(self, transaction: Transaction, production_id: str, failure: str) -> bool:
        ended = await call_off(
            transaction,
            self._budgets,
            productions.c.id == production_id,
            failure=failure,
            now=self._clock(),
            states=[ProductionState.ASKING],
        )
        return bool(ended)
