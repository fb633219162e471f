"""What a person decides about a held film: order again, finish without, or stop. Each is decided once.

A decision is one transaction over the production, its takes and its paid calls. Whichever press changes the production
first has decided; a later one, after a restart, too, finds that it was.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from enum import StrEnum

from sqlalchemy import func, select, update

from bot.db import Database, Transaction
from bot.db.tables import paid_calls, productions, takes
from bot.jobs.ledger import CallState
from bot.jobs.wake import Wake
from bot.production.lifecycle import Lifecycle
from bot.production.model import ProductionState, Stage, TakeState
from bot.production.outbox import anew
from bot.production.productions import Productions
from bot.production.reports import check_production_shown
from bot.studio.audit import Audit
from bot.studio.errors import DecidedAlready, NothingLeft, NotYours

logger = logging.getLogger(__name__)


class Decision(StrEnum):
    AGAIN = "again"
    WITHOUT = "without"
    STOP = "stop"


class Decisions:
    """Decides on held films: their owners do, and operators, who are written down."""

    def __init__(
        self,
        database: Database,
        productions: Productions,
        lifecycle: Lifecycle,
        changed: Wake,
        *,
        operators: frozenset[int] = frozenset(),
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._productions = productions
        self._lifecycle = lifecycle
        self._changed = changed
        self._operators = operators
        self._audit = Audit(database, clock=clock)
        self._clock = clock

    async def decide(self, decision: Decision, production_id: str, user_id: int) -> None:
        """Carry out a decision, if nobody has decided before.

        Raises:
            NoSuchFilm | NotYours: not this person's film.
            DecidedAlready: it is not held any more, or was deleted, so that only `STOP` is left.
            FilmHidden | FilmHiddenHere: it would not be posted, so that only `STOP` is left.
            OverBudget: the bot's day does not bear what may have to be paid twice.
            NothingLeft: no shot of it is made, so there is nothing to finish.
        """
        production = await self._productions.get(production_id)
        is_owner = production.owner_id == user_id
        if not is_owner and user_id not in self._operators:
            raise NotYours(production.owner_id)
        async with self._database.transaction() as transaction:
            if decision is not Decision.STOP:
                await check_production_shown(transaction, production_id)
            if not await self._change(transaction, decision, production_id, is_owner=is_owner):
                raise DecidedAlready
            match decision:
                case Decision.AGAIN:
                    await self._lifecycle.lose_within(transaction, production_id)
                    await self._write_off(transaction, production_id)
                case Decision.WITHOUT:
                    await self._leave_out(transaction, production_id)
                case Decision.STOP:
                    pass
            if not is_owner:
                await self._audit.note_within(transaction, user_id, f"held: {decision}", production_id)
        self._changed()
        logger.info("held film decided", extra={"production": production_id, "decision": decision.value, "by": user_id})

    async def _change(
        self, transaction: Transaction, decision: Decision, production_id: str, *, is_owner: bool
    ) -> bool:
        """The one conditional update that makes this the decision; false where another was."""
        if decision is not Decision.STOP:
            return await self._lifecycle.resume_within(transaction, production_id, [ProductionState.HELD])
        # Whoever settles stops at the services what still runs there, and then the money.
        stopped = await transaction.execute(
            update(productions)
            .where(productions.c.id == production_id, productions.c.state == ProductionState.HELD)
            .values(
                **anew(self._clock()),
                state=ProductionState.RUNNING,
                stopping=1,
                run=productions.c.run + 1,
                worker=None,
                stage=Stage.SHOTS,
                failure=None if is_owner else "CancelledByOperator",  # its owner has to hear of it
                finished_at=None,
            )
        )
        return bool(stopped.rowcount)

    async def _write_off(self, transaction: Transaction, production_id: str) -> None:
        """Let everything that went unanswered be ordered anew; what was accepted stays to be looked at again."""
        now = self._clock()
        await transaction.execute(
            update(paid_calls)
            .where(paid_calls.c.job == production_id, paid_calls.c.state == CallState.UNKNOWN)
            .values(state=CallState.LOST, open=0, detail="ordered again", updated_at=now)
        )
        await transaction.execute(
            update(takes)
            .where(takes.c.production_id == production_id, takes.c.state == TakeState.UNKNOWN)
            .values(state=TakeState.WAITING, failure=None, progress=None, updated_at=now)
        )

    async def _leave_out(self, transaction: Transaction, production_id: str) -> None:
        """Leave out every shot that is not made: in a held film each chain has ended, at its end or before."""
        made = select(func.count()).where(takes.c.production_id == production_id, takes.c.state == TakeState.MADE)
        if not (await transaction.execute(made)).scalar():
            raise NothingLeft
        await transaction.execute(
            update(takes)
            .where(takes.c.production_id == production_id, takes.c.state != TakeState.MADE)
            .values(state=TakeState.LEFT_OUT, failure=None, progress=None, updated_at=self._clock())
        )
