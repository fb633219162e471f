"""The life of a production: begun, brought on stage by stage, stopped, ended once, and taken up again.

Every step is a conditional update, so that of two who would take it one does.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence

from sqlalchemy import ColumnElement, select, update

from bot.db import Database, Transaction, lock
from bot.db.tables import paid_calls, productions, takes
from bot.jobs.ledger import CallState
from bot.jobs.wake import Wake
from bot.production import notes
from bot.production.bill import bill_of, settle_by_bill
from bot.production.calling_off import call_off
from bot.production.model import RESTORED, Production, ProductionState, Stage, TakeState
from bot.production.notes import Note, NoteKind
from bot.production.production_rows import OF_KEPT_FILM
from bot.production.productions import Productions
from bot.studio.audit import Audit
from bot.studio.budget import Budgets
from bot.studio.rights import Act, refusal, role_of


class Lifecycle:
    """Brings productions on, and their money with them; nudges `changed` after each step."""

    def __init__(
        self,
        database: Database,
        changed: Wake,
        *,
        budgets: Budgets | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._productions = Productions(database)
        self._changed = changed
        self._budgets = budgets or Budgets(database, clock=clock)
        self._audit = Audit(database, clock=clock)
        self._clock = clock

    async def begin(self, production_id: str, worker: str | None = None) -> bool:
        """Take a production out of the line; false where it was stopped, deleted, or begun by anybody, meanwhile."""
        now = self._clock()
        return await self._change(
            production_id,
            [ProductionState.ACCEPTED],
            OF_KEPT_FILM,
            state=ProductionState.RUNNING,
            worker=worker,
            stage=Stage.SHOTS,
            moved=None,
            started_at=now,
        )

    async def made_by(self, production_id: str, worker: str) -> None:
        """The engine has given a running production to this worker."""
        async with self._database.transaction() as transaction:
            await transaction.execute(
                update(productions)
                .where(productions.c.id == production_id, productions.c.state == ProductionState.RUNNING)
                .values(worker=worker)
            )

    async def owners(self) -> set[str]:
        """Workers that have a film under way."""
        running = await self._productions.running()
        return {production.worker for production in running if production.worker is not None}

    async def inherit(self, gone: str | None, heir: str) -> None:
        """What a worker has under way, or nobody has, is another's from here on."""
        async with self._database.transaction() as transaction:
            await transaction.execute(
                update(productions)
                .where(productions.c.state == ProductionState.RUNNING, productions.c.worker.is_not_distinct_from(gone))
                .values(worker=heir)
            )

    async def enter(self, production_id: str, stage: Stage) -> None:
        await self._change(production_id, [ProductionState.RUNNING], stage=stage)

    async def set_take(
        self,
        production_id: str,
        shot: int,
        state: TakeState,
        *,
        progress: float | None = None,
        failure: str | None = None,
    ) -> None:
        async with self._database.transaction() as transaction:
            changed = await transaction.execute(
                update(takes)
                .where(
                    takes.c.production_id == production_id,
                    takes.c.shot == shot,
                    # Nobody is woken for a look that found nothing new.
                    (takes.c.state != state) | takes.c.progress.is_distinct_from(progress),
                )
                .values(updated_at=self._clock(), state=state, progress=progress, failure=failure)
            )
        if changed.rowcount:
            self._changed()

    async def note(self, production_id: str, kinds: Collection[NoteKind], new: Sequence[Note]) -> None:
        """Keep what is not as planned in place of what was noted of these kinds before."""
        query = select(productions.c.notes).where(productions.c.id == production_id)
        async with self._database.transaction() as transaction:
            await lock(transaction, f"notes {production_id}")
            before = notes.from_json((await transaction.execute(query)).scalar())
            after = notes.replaced(before, kinds, new)
            if after == before:
                return
            await transaction.execute(
                update(productions)
                .where(productions.c.id == production_id)
                .values(notes=notes.to_json(after), updated_at=self._clock())
            )
        self._changed()

    async def stop(self, production_id: str, user_id: int, *, operators: Collection[int] = frozenset()) -> Production:
        """Ask a production to stop; in the line it is over at once. Over already, it stays as it is.

        An operator or approver who stops another's is written down, and its owner is told.

        Raises:
            NoSuchFilm | NotYours: not this person's production.
        """
        now = self._clock()
        production = await self._productions.get(production_id)
        is_owner = production.owner_id == user_id
        failure = None if is_owner else "CancelledByOperator"
        async with self._database.transaction() as transaction:
            if not is_owner and user_id not in operators:
                role = await role_of(transaction, production.project_id, user_id)
                if refused := refusal(Act.STOP, user_id=user_id, owner_id=production.owner_id, role=role):
                    raise refused
                failure = "CancelledByApprover"
            one = productions.c.id == production_id
            stopped = await call_off(transaction, self._budgets, one, failure=failure, now=now)
            stopping = await transaction.execute(
                update(productions)
                .where(
                    productions.c.id == production_id,
                    productions.c.state == ProductionState.RUNNING,
                    productions.c.stopping == 0,
                )
                .values(stopping=1, failure=failure, updated_at=now)
            )
            if not is_owner and (stopped or stopping.rowcount):
                guild_id = production.guild_id
                await self._audit.note_within(transaction, user_id, "cancel", production_id, guild_id=guild_id)
        self._changed()
        return await self._productions.get(production_id)

    async def end(
        self,
        production_id: str,
        state: ProductionState,
        *,
        cost_microusd: int | None = None,
        failure: str | None = None,
        duration: float | None = None,
    ) -> None:
        """Bring a running production to its one end; a second end changes nothing.

        It has cost what the ledger tells, unless another cost is given. What was kept aside is settled, but for a held
        one, which may yet order.
        """
        now = self._clock()
        async with self._database.transaction() as transaction:
            if cost_microusd is None:
                cost_microusd = (await bill_of(transaction, production_id)).charged_microusd
            ended = await transaction.execute(
                update(productions)
                .where(productions.c.id == production_id, productions.c.state == ProductionState.RUNNING)
                .values(
                    updated_at=now,
                    state=state,
                    stage=Stage.OVER,
                    failure=failure if failure is not None else _why_stopped(state),
                    cost_microusd=cost_microusd,
                    film_duration=duration,
                    finished_at=now,
                )
            )
            if ended.rowcount and state is not ProductionState.HELD:
                await settle_by_bill(transaction, self._budgets, production_id)
        self._changed()

    async def holds_for_answers(self, production_id: str) -> bool:
        """Note at each shot whose order has no answer that nobody knows what became of it; whether there is any.

        For a production of which nothing is at work any more.
        """
        now = self._clock()
        unanswered = [CallState.INTENT, CallState.UNKNOWN]
        calls = select(paid_calls.c.key).where(paid_calls.c.job == production_id, paid_calls.c.state.in_(unanswered))
        async with self._database.transaction() as transaction:
            keys = [row.key for row in await transaction.execute(calls)]
            shots = [int(part) for key in keys if (part := key.split("/")[1]).isdecimal()]
            await transaction.execute(
                update(paid_calls)
                .where(paid_calls.c.key.in_(keys), paid_calls.c.state == CallState.INTENT)
                .values(state=CallState.UNKNOWN, detail="interrupted while ordering", updated_at=now)
            )
            held = await transaction.execute(
                update(takes)
                .where(
                    takes.c.production_id == production_id,
                    takes.c.shot.in_(shots),
                    takes.c.state.not_in([TakeState.MADE, TakeState.LEFT_OUT]),
                )
                .values(state=TakeState.UNKNOWN, failure="OutcomeUnknown", progress=None, updated_at=now)
            )
        return bool(held.rowcount)

    async def found_done(self, production_id: str) -> None:
        """A film that was held when a backup was brought back turns out to have been made and posted."""
        now = self._clock()
        async with self._database.transaction() as transaction:
            found = await transaction.execute(
                update(productions)
                .where(
                    productions.c.id == production_id,
                    productions.c.state == ProductionState.HELD,
                    productions.c.failure == RESTORED,
                )
                .values(state=ProductionState.DONE, failure=None, updated_at=now)
            )
            if found.rowcount:
                await transaction.execute(
                    update(takes)
                    .where(takes.c.production_id == production_id, takes.c.state == TakeState.UNKNOWN)
                    .values(state=TakeState.MADE, failure=None, progress=1.0, updated_at=now)
                )
                await settle_by_bill(transaction, self._budgets, production_id)
        self._changed()

    async def resume_within(
        self, transaction: Transaction, production_id: str, states: Collection[ProductionState], **values: object
    ) -> bool:
        """Put a production that was over, or waited for a person, into the line again: its next run.

        What was made is kept, and its next end is told anew. False where it is not in one of these states any more, or
        its film was deleted. The caller nudges once the transaction is committed.
        """
        resumed = await transaction.execute(
            update(productions)
            .where(productions.c.id == production_id, productions.c.state.in_(list(states)), OF_KEPT_FILM)
            .values(
                updated_at=self._clock(),
                state=ProductionState.ACCEPTED,
                stage=Stage.QUEUE,
                run=productions.c.run + 1,
                stopping=0,
                worker=None,
                failure=None,
                finished_at=None,
                delivering_at=None,
                delivered_at=None,
                delivered_message_id=None,
                delivery_channel_id=None,
                delivery_guild_id=None,
                delivery_tries=0,
                delivery_at=None,
                undelivered=None,
                **values,
            )
        )
        return bool(resumed.rowcount)

    async def lose_within(self, transaction: Transaction, production_id: str) -> None:
        """Count what went unanswered as lost to the bot, before it is ordered again. Raises `OverBudget`."""
        told = await bill_of(transaction, production_id)
        await self._budgets.lose(transaction, production_id, told.unanswered_microusd)

    async def balance(self, production_id: str) -> None:
        """Bring the money of a production that is over in step with the ledger, where that has changed since."""
        async with self._database.transaction() as transaction:
            await self.balance_within(transaction, production_id)

    async def balance_within(self, transaction: Transaction, production_id: str) -> None:
        """As `balance`, in the transaction that changes the ledger."""
        told = await bill_of(transaction, production_id)
        await self._budgets.balance(
            transaction,
            production_id,
            charged_microusd=told.charged_microusd,
            lost_microusd=told.unanswered_microusd,
        )
        await transaction.execute(
            update(productions)
            .where(productions.c.id == production_id, productions.c.cost_microusd.is_not(None))
            .values(cost_microusd=told.charged_microusd)
        )

    async def _change(
        self,
        production_id: str,
        states: list[ProductionState],
        *conditions: ColumnElement[bool],
        **values: object,
    ) -> bool:
        async with self._database.transaction() as transaction:
            changed = await transaction.execute(
                update(productions)
                .where(productions.c.id == production_id, productions.c.state.in_(states), *conditions)
                .values(updated_at=self._clock(), **values)
            )
        self._changed()
        return bool(changed.rowcount)


def _why_stopped(state: ProductionState) -> object:
    """What was noted when somebody asked it to stop, where that became its end."""
    return productions.c.failure if state is ProductionState.CANCELLED else None
