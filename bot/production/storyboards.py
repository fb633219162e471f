"""Storyboards as rows: ordered in one transaction, drawn still by still, over once.

drawing ──► over      every still is drawn, refused, or may have been charged without an answer
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import ColumnElement, Row, insert, select, update

from bot.db import Database, Transaction, lock
from bot.db.tables import projects, stills, storyboards
from bot.jobs.wake import Wake
from bot.production.bill import bill_of, settle_by_bill
from bot.production.ordering import film_to_order
from bot.studio.audit import Audit
from bot.studio.budget import Budgets, Kind
from bot.studio.errors import AlreadyDrawing, NeedsApproval, NoSuchFilm
from bot.studio.guilds import EVEN, Share
from bot.studio.storyboard import StoryboardQuote


class StoryboardState(StrEnum):
    DRAWING = "drawing"
    OVER = "over"


class StillState(StrEnum):
    WAITING = "waiting"
    DRAWN = "drawn"
    FAILED = "failed"
    UNKNOWN = "unknown"  # the order went unanswered


@dataclass(frozen=True, slots=True, kw_only=True)
class Still:
    """The picture of one shot. `failure` is an error class's name, or a word of `ui.replies`."""

    shot: int
    content: str
    prompt: str
    state: StillState
    failure: str | None
    price_microusd: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Storyboard:
    id: str
    project_id: str
    version: int
    owner_id: int
    guild_id: int | None
    provider: str
    model: str
    ratio: str
    state: StoryboardState
    price_microusd: int
    cost_microusd: int | None
    accepted_at: float
    weight: float = 1.0  # its owner's share of the keys, as in a production


class Storyboards:
    """Reads and writes storyboards; nudges `changed` after each write. Their plan's card changes with them."""

    def __init__(
        self, database: Database, changed: Wake, *, budgets: Budgets, clock: Callable[[], float] = time.time
    ) -> None:
        self._database = database
        self._changed = changed
        self._budgets = budgets
        self._audit = Audit(database, clock=clock)
        self._clock = clock

    async def accept(
        self,
        *,
        request_id: str,
        project_id: str,
        version: int,
        user_id: int,
        quote: StoryboardQuote,
        share: Share = EVEN,
    ) -> Storyboard:
        """Order a storyboard: all checks and all rows in one transaction, once per request.

        Its film's owner pays where one of its approvers pressed (`user_id`), too: that is written down.
        `share` is what its server gives its owner.

        Raises:
            NoSuchFilm | NotYours: not for this person to order.
            FilmHidden: nothing of it would be posted.
            NothingToRender: it has no plan.
            PlanMoved: the version is not the newest.
            AlreadyDrawing: one of this film is being drawn.
            NeedsApproval | OverBudget: its price would need approval, or pass a cap.
        """
        now = self._clock()
        async with self._database.transaction() as transaction:
            await lock(transaction, f"project {project_id}")
            same = await transaction.execute(select(storyboards).where(storyboards.c.request_id == request_id))
            if (row := same.one_or_none()) is not None:
                return _storyboard(row)
            film = await film_to_order(transaction, project_id, version, user_id)
            if await _is_drawn_now(transaction, project_id):
                raise AlreadyDrawing
            if await self._budgets.needs_approval(transaction, quote.price_microusd):
                raise NeedsApproval
            storyboard_id = uuid.uuid4().hex
            await transaction.execute(
                insert(storyboards).values(
                    id=storyboard_id,
                    request_id=request_id,
                    project_id=project_id,
                    version=version,
                    owner_id=film.owner_id,
                    guild_id=film.guild_id,
                    provider=quote.model.provider,
                    model=quote.model.id,
                    ratio=quote.stills[0].ratio,
                    state=StoryboardState.DRAWING,
                    price_microusd=quote.price_microusd,
                    weight=share.weight,
                    accepted_at=now,
                    updated_at=now,
                )
            )
            for still in quote.stills:
                is_missing = still.number in quote.missing
                await transaction.execute(
                    insert(stills).values(
                        storyboard_id=storyboard_id,
                        shot=still.number,
                        content=still.content,
                        prompt=still.prompt,
                        state=StillState.WAITING if is_missing else StillState.DRAWN,
                        price_microusd=quote.model.price_per_image_microusd if is_missing else 0,
                    )
                )
            if quote.price_microusd:
                await self._budgets.reserve(
                    transaction,
                    id=storyboard_id,
                    kind=Kind.STORYBOARD,
                    owner_id=film.owner_id,
                    guild_id=film.guild_id,
                    amount_microusd=quote.price_microusd,
                    member_day_microusd=share.day_microusd,
                )
            if user_id != film.owner_id:
                await self._audit.note_within(transaction, user_id, "storyboard", storyboard_id)
            await _touch(transaction, project_id, now)
            row = (await transaction.execute(select(storyboards).where(storyboards.c.id == storyboard_id))).one()
        self._changed()
        return _storyboard(row)

    async def get(self, storyboard_id: str) -> Storyboard:
        """Raises `NoSuchFilm`."""
        found = await self._select(storyboards.c.id == storyboard_id)
        if not found:
            raise NoSuchFilm
        return found[0]

    async def being_drawn(self) -> list[Storyboard]:
        """Everything that is not over, oldest first."""
        return await self._select(storyboards.c.state == StoryboardState.DRAWING)

    async def newest_of(self, project_id: str) -> Storyboard | None:
        found = await self._select(storyboards.c.project_id == project_id)
        return found[-1] if found else None

    async def stills_of(self, storyboard_id: str) -> list[Still]:
        query = select(stills).where(stills.c.storyboard_id == storyboard_id).order_by(stills.c.shot)
        async with self._database.transaction() as transaction:
            return [_still(row) for row in await transaction.execute(query)]

    async def is_wanted(self, storyboard: Storyboard) -> bool:
        """Whether more may be ordered for it: not once its film was deleted."""
        query = select(projects.c.id).where(projects.c.id == storyboard.project_id, projects.c.deleted_at.is_(None))
        async with self._database.transaction() as transaction:
            return (await transaction.execute(query)).one_or_none() is not None

    async def set_stills(
        self, storyboard_id: str, content: str, state: StillState, *, failure: str | None = None
    ) -> None:
        """What became of a picture, for every shot that shows it."""
        async with self._database.transaction() as transaction:
            await transaction.execute(
                update(stills)
                .where(stills.c.storyboard_id == storyboard_id, stills.c.content == content)
                .values(state=state, failure=failure)
            )

    async def end(self, storyboard_id: str) -> None:
        """Bring it to its one end and charge what it has cost; a second end changes nothing.

        The card of one before shows now that this took its place.
        """
        now = self._clock()
        async with self._database.transaction() as transaction:
            charged = (await bill_of(transaction, storyboard_id)).charged_microusd
            ended = await transaction.execute(
                update(storyboards)
                .where(storyboards.c.id == storyboard_id, storyboards.c.state == StoryboardState.DRAWING)
                .values(state=StoryboardState.OVER, cost_microusd=charged, updated_at=now)
                .returning(storyboards.c.project_id)
            )
            if (row := ended.one_or_none()) is not None:
                await settle_by_bill(transaction, self._budgets, storyboard_id)
                await _touch(transaction, row.project_id, now)
                await transaction.execute(
                    update(storyboards)
                    .where(storyboards.c.project_id == row.project_id, storyboards.c.id != storyboard_id)
                    .values(updated_at=now)
                )
        self._changed()

    async def _select(self, *conditions: ColumnElement[bool]) -> list[Storyboard]:
        query = select(storyboards).where(*conditions).order_by(storyboards.c.accepted_at)
        async with self._database.transaction() as transaction:
            return [_storyboard(row) for row in await transaction.execute(query)]


async def end_restored(transaction: Transaction, now: float) -> list[str]:
    """What was being drawn when a backup was made may have been drawn and charged since: nothing goes on by itself.

    Returns the ids of those that are over now.
    """
    open_ones = select(storyboards.c.id).where(storyboards.c.state == StoryboardState.DRAWING)
    ids = list((await transaction.execute(open_ones)).scalars())
    await transaction.execute(
        update(stills)
        .where(stills.c.storyboard_id.in_(ids), stills.c.state == StillState.WAITING)
        .values(state=StillState.UNKNOWN, failure="OutcomeUnknown")
    )
    await transaction.execute(
        update(storyboards).where(storyboards.c.id.in_(ids)).values(state=StoryboardState.OVER, updated_at=now)
    )
    return ids


def shown_stills(found: Collection[Still]) -> dict[int, str]:
    """The contents of the pictures that were drawn, by their shots."""
    return {still.shot: still.content for still in found if still.state is StillState.DRAWN}


async def _is_drawn_now(transaction: Transaction, project_id: str) -> bool:
    open_one = select(storyboards.c.id).where(
        storyboards.c.project_id == project_id, storyboards.c.state == StoryboardState.DRAWING
    )
    return (await transaction.execute(open_one.limit(1))).one_or_none() is not None


async def _touch(transaction: Transaction, project_id: str, now: float) -> None:
    await transaction.execute(update(projects).where(projects.c.id == project_id).values(updated_at=now))


def _storyboard(row: Row[tuple[object, ...]]) -> Storyboard:
    return Storyboard(
        id=row.id,
        project_id=row.project_id,
        version=row.version,
        owner_id=row.owner_id,
        guild_id=row.guild_id,
        provider=row.provider,
        model=row.model,
        ratio=row.ratio,
        state=StoryboardState(row.state),
        price_microusd=row.price_microusd,
        cost_microusd=row.cost_microusd,
        accepted_at=row.accepted_at,
        weight=row.weight,
    )


def _still(row: Row[tuple[object, ...]]) -> Still:
    return Still(
        shot=row.shot,
        content=row.content,
        prompt=row.prompt,
        state=StillState(row.state),
        failure=row.failure,
        price_microusd=row.price_microusd,
    )
