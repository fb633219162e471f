"""Productions and takes as rows: accepted in one transaction, changed by conditional updates."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Collection, Sequence

from sqlalchemy import ColumnElement, Row, func, insert, select, update

from bot.db import Database, Transaction, lock
from bot.db.tables import paid_calls, productions, projects, takes
from bot.jobs.ledger import CallState
from bot.jobs.wake import Wake
from bot.production import notes
from bot.production.bill import Bill, bill_of, settle_by_bill
from bot.production.calling_off import call_off
from bot.production.model import (
    ACTIVE,
    RESTORED,
    TERMINAL,
    Production,
    ProductionState,
    Stage,
    Take,
    TakeState,
    Waiting,
)
from bot.production.notes import Note, NoteKind
from bot.production.outbox import Outbox
from bot.production.reports import check_shown
from bot.studio.audit import Audit
from bot.studio.budget import Budgets, Kind
from bot.studio.casting import Casting, Quote
from bot.studio.errors import (
    AlreadyRendering,
    AwaitsDecision,
    NoSuchFilm,
    NothingToRender,
    PlanMoved,
    TooManyWaiting,
)
from bot.studio.guilds import EVEN, Share
from bot.studio.projects import latest_version
from bot.studio.rights import Act, refusal, role_of
from bot.studio.shards import ALL_SHARDS, Shards

#: Productions one person may have in the line at once.
MAX_WAITING = 10
#: Nothing more is ordered for a film from the moment its owner deleted it, whatever its production waits for.
OF_KEPT_FILM = productions.c.project_id.in_(select(projects.c.id).where(projects.c.deleted_at.is_(None)))


class Productions:
    """Reads and writes the production tables; nudges `changed` after each write."""

    def __init__(
        self,
        database: Database,
        changed: Wake,
        *,
        budgets: Budgets | None = None,
        shards: Shards = ALL_SHARDS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._changed = changed
        self._budgets = budgets or Budgets(database, clock=clock)
        self._audit = Audit(database, clock=clock)
        self._clock = clock
        self.outbox = Outbox(database, changed, shards=shards, clock=clock)

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

    async def get(self, production_id: str) -> Production:
        async with self._database.transaction() as transaction:
            row = (
                await transaction.execute(select(productions).where(productions.c.id == production_id))
            ).one_or_none()
        if row is None:
            raise NoSuchFilm
        return production_of(row)

    async def stop(self, production_id: str, user_id: int, *, operators: Collection[int] = frozenset()) -> Production:
        """Ask a production to stop; in the line it is over at once. Over already, it stays as it is.

        An operator or approver who stops another's is written down, and its owner is told.

        Raises:
            NoSuchFilm | NotYours: not this person's production.
        """
        now = self._clock()
        production = await self.get(production_id)
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
        return await self.get(production_id)

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

    async def owners(self) -> set[str]:
        """Workers that have a film under way."""
        running = await self._select(productions.c.state == ProductionState.RUNNING)
        return {production.worker for production in running if production.worker is not None}

    async def inherit(self, gone: str | None, heir: str) -> None:
        """What a worker has under way, or nobody has, is another's from here on."""
        async with self._database.transaction() as transaction:
            await transaction.execute(
                update(productions)
                .where(productions.c.state == ProductionState.RUNNING, productions.c.worker.is_not_distinct_from(gone))
                .values(worker=heir)
            )

    async def made_by(self, production_id: str, worker: str) -> None:
        """The engine has given a running production to this worker."""
        async with self._database.transaction() as transaction:
            await transaction.execute(
                update(productions)
                .where(productions.c.id == production_id, productions.c.state == ProductionState.RUNNING)
                .values(worker=worker)
            )

    async def resume(self, production_id: str, states: Collection[ProductionState], **values: object) -> bool:
        """Put a production that was over, or waited for a person, into the line again: its next run.

        What was made is kept, and its next end is told anew. False where it is not in one of these states any more, or
        its film was deleted.
        """
        async with self._database.transaction() as transaction:
            resumed = await self.resume_within(transaction, production_id, states, **values)
        self._changed()
        return resumed

    async def resume_within(
        self, transaction: Transaction, production_id: str, states: Collection[ProductionState], **values: object
    ) -> bool:
        """As `resume`, in a transaction that changes more; the caller nudges once it is committed."""
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

    async def at_risk(self, production_id: str) -> int:
        """What a production may have been charged for without an answer, in micro-dollars."""
        query = select(func.sum(paid_calls.c.price_microusd)).where(
            paid_calls.c.job == production_id, paid_calls.c.state == CallState.UNKNOWN
        )
        async with self._database.transaction() as transaction:
            return int((await transaction.execute(query)).scalar() or 0)

    async def enter(self, production_id: str, stage: Stage) -> None:
        await self._change(production_id, [ProductionState.RUNNING], stage=stage)

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
                await self.settle_within(transaction, production_id)
        self._changed()

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
                await self.settle_within(transaction, production_id)
        self._changed()

    async def settle_within(self, transaction: Transaction, production_id: str) -> None:
        """Charge what a production that is over has cost, at most its price, in the transaction that ends it."""
        await settle_by_bill(transaction, self._budgets, production_id)

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

    async def bill(self, production_id: str) -> Bill:
        """What it was charged so far, part by part."""
        async with self._database.transaction() as transaction:
            return await bill_of(transaction, production_id)

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

    async def delivered(self, production_id: str, message_id: int | None) -> None:
        """The end stands as `message_id`, or nothing needs to be told (`None`), whoever posted it."""
        await self.outbox.posted(await self.get(production_id), message_id)

    async def redeliver(
        self, production_id: str, *, channel_id: int | None = None, guild_id: int | None = None
    ) -> bool:
        """As `Outbox.redeliver`."""
        return await self.outbox.redeliver(production_id, channel_id=channel_id, guild_id=guild_id)

    async def takes_of(self, production_id: str) -> list[Take]:
        async with self._database.transaction() as transaction:
            rows = await transaction.execute(
                select(takes).where(takes.c.production_id == production_id).order_by(takes.c.shot)
            )
            return [_take(row) for row in rows]

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

    async def _select(self, *conditions: object) -> list[Production]:
        query = select(productions).where(*conditions).order_by(productions.c.accepted_at)  # type: ignore[arg-type]
        async with self._database.transaction() as transaction:
            return [production_of(row) for row in await transaction.execute(query)]

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


async def _owner_of(transaction: Transaction, project_id: str) -> int:
    """Whose film it is, which never changes. Raises `NoSuchFilm`."""
    query = select(projects.c.owner_id).where(projects.c.id == project_id, projects.c.deleted_at.is_(None))
    owner_id = (await transaction.execute(query)).scalar_one_or_none()
    if owner_id is None:
        raise NoSuchFilm
    return int(owner_id)


async def film_to_order(
    transaction: Transaction, project_id: str, version: int, user_id: int
) -> Row[tuple[object, ...]]:
    """The film as it is at this moment, where this person may order something for this version of its plan.

    Raises `NoSuchFilm | NotYours | FilmHidden | FilmHiddenHere | NothingToRender | PlanMoved`.
    """
    project = (await transaction.execute(select(projects).where(projects.c.id == project_id))).one_or_none()
    if project is None or project.deleted_at is not None:
        raise NoSuchFilm
    role = await role_of(transaction, project_id, user_id)
    if refused := refusal(Act.GREENLIGHT, user_id=user_id, owner_id=project.owner_id, role=role):
        raise refused
    await check_shown(transaction, project_id, project.guild_id)
    newest = await latest_version(transaction, project_id)
    if newest == 0:
        raise NothingToRender
    if newest != version:
        raise PlanMoved(newest)
    return project


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


def production_of(row: Row[tuple[object, ...]]) -> Production:
    return Production(
        id=row.id,
        project_id=row.project_id,
        version=row.version,
        owner_id=row.owner_id,
        guild_id=row.guild_id,
        asset_id=row.asset_id,
        state=ProductionState(row.state),
        stopping=bool(row.stopping),
        stage=Stage(row.stage),
        failure=row.failure,
        price_microusd=row.price_microusd,
        cost_microusd=row.cost_microusd,
        film_duration=row.film_duration,
        accepted_at=row.accepted_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        delivering_at=row.delivering_at,
        delivered_message_id=row.delivered_message_id,
        delivered_at=row.delivered_at,
        delivery_channel_id=row.delivery_channel_id,
        delivery_guild_id=row.delivery_guild_id,
        delivery_tries=row.delivery_tries,
        delivery_at=row.delivery_at,
        undelivered=row.undelivered,
        run=row.run,
        worker=row.worker,
        approved_by=row.approved_by,
        greenlit_by=row.greenlit_by,
        kept_sounds=tuple(json.loads(row.kept_sounds or "[]")),
        draft=bool(row.draft),
        notes=notes.from_json(row.notes),
    )


def _take(row: Row[tuple[object, ...]]) -> Take:
    return Take(
        shot=row.shot,
        content=row.content,
        state=TakeState(row.state),
        progress=row.progress,
        failure=row.failure,
        price_microusd=row.price_microusd,
    )
