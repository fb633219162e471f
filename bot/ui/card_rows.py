"""Which cards there should be, where they are, and which may show something old: rows only, no Discord."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass

from sqlalchemy import (
    ColumnElement,
    Float,
    Row,
    ScalarSelect,
    Select,
    String,
    and_,
    case,
    cast,
    func,
    insert,
    literal,
    not_,
    or_,
    select,
    true,
    update,
)

from bot.db import Database, insert_or_ignore
from bot.db.tables import cards, plans, productions, projects, storyboards, takes
from bot.production.model import TERMINAL, ProductionState
from bot.production.storyboards import StoryboardState
from bot.studio.model import ProjectKind
from bot.studio.shards import ALL_SHARDS, Shards
from bot.ui.card_layout import CardKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A card.

    Attributes:
        ref: "{project}:{version}", a production's or storyboard's id, or "{project}:{part}" of an analysis.
        message_id: `None` until posted.
        shown: the fingerprint of what Discord shows.
        posted_at: when its message was posted; when it was created, until it is.
        edited_at: when it was last posted or edited.
        stamp: when its subject last changed.
        rendered_stamp: what `stamp` was when the card was last rendered.
        is_over: its production has ended; always false for a plan.
        is_in_line: its production waits in the line; always false for a plan.
    """

    id: int
    kind: CardKind
    ref: str
    channel_id: int
    message_id: int | None
    shown: str | None
    created_at: float
    posted_at: float
    edited_at: float | None
    stamp: float
    rendered_stamp: float
    is_over: bool
    is_in_line: bool


def _later(one: ColumnElement[float], other: ScalarSelect[float]) -> ColumnElement[float]:
    """The later of two moments, of which the second may be missing."""
    return case((other > one, other), else_=one)


_SHOT = select(func.max(takes.c.updated_at)).where(takes.c.production_id == productions.c.id)
#: When a production, or one of its shots, last changed.
_JOB_STAMP = _later(productions.c.updated_at, _SHOT.scalar_subquery())
_JOB_CARDS = (
    select(
        cards,
        _JOB_STAMP.label("moved_at"),
        case((productions.c.state.in_(TERMINAL), 1), else_=0).label("is_over"),
        case((productions.c.state == ProductionState.ACCEPTED, 1), else_=0).label("is_in_line"),
    )
    .join(productions, productions.c.id == cards.c.ref)
    .where(cards.c.kind == CardKind.JOB, cards.c.settled == 0)
)
#: Storyboards that are over: one is told once, and changes when another takes its place.
_STORYBOARD_CARDS = (
    select(
        cards,
        storyboards.c.updated_at.label("moved_at"),
        literal(0).label("is_over"),
        literal(0).label("is_in_line"),
    )
    .join(storyboards, storyboards.c.id == cards.c.ref)
    .join(projects, projects.c.id == storyboards.c.project_id)
    .where(
        cards.c.kind == CardKind.STORYBOARD,
        cards.c.settled == 0,
        or_(cards.c.message_id.is_(None), cards.c.stamp != storyboards.c.updated_at),
    )
)


class CardRows:
    """Reads and writes the cards table.

    `films` bounds a look to those that changed lately, so that thousands of old ones cost nothing; `None` means all.
    Only films of `shards` are looked at.
    """

    def __init__(
        self, database: Database, *, shards: Shards = ALL_SHARDS, clock: Callable[[], float] = time.time
    ) -> None:
        self._database = database
        self._are_ours = shards.among(projects.c.guild_id)
        self._are_made_for_us = shards.among(productions.c.guild_id)
        self._clock = clock

    async def changed_films(self, since: float) -> list[str]:
        """Ids of the films that changed after `since`, in words or in the making."""
        in_words = select(projects.c.id).where(projects.c.updated_at > since, self._are_ours)
        in_the_making = select(productions.c.project_id).where(productions.c.updated_at > since, self._are_made_for_us)
        async with self._database.transaction() as transaction:
            return [row.id for row in await transaction.execute(in_words.union(in_the_making))]

    async def create_missing(self, films: Collection[str] | None = None) -> None:
        """Add a row for every plan version and production that is talked over somewhere and has no card yet."""
        if films is not None and not films:
            return
        plan_ref = projects.c.id + ":" + cast(func.coalesce(plans.c.version, 1), String)
        job_ref = productions.c.id
        wanted_plans = (
            _new_card(CardKind.PLAN, plan_ref, self._clock())
            .select_from(projects.outerjoin(plans, plans.c.project_id == projects.c.id))
            .outerjoin(cards, and_(cards.c.kind == CardKind.PLAN, cards.c.ref == plan_ref))
            .where(_is_among(films), self._are_ours, projects.c.kind == ProjectKind.FILM)
            .order_by(projects.c.created_at, plans.c.version)
        )
        first_part = projects.c.id + ":1"
        wanted_analyses = (
            _new_card(CardKind.ANALYSIS, first_part, self._clock())
            .select_from(projects.outerjoin(cards, and_(cards.c.kind == CardKind.ANALYSIS, cards.c.ref == first_part)))
            .where(_is_among(films), self._are_ours, projects.c.kind == ProjectKind.ANALYSIS)
            .order_by(projects.c.created_at)
        )
        wanted_jobs = (
            _new_card(CardKind.JOB, job_ref, self._clock())
            .select_from(projects.join(productions, productions.c.project_id == projects.c.id))
            .outerjoin(cards, and_(cards.c.kind == CardKind.JOB, cards.c.ref == job_ref))
            .where(_is_among(films), self._are_ours)
            .order_by(productions.c.accepted_at)
        )
        wanted_storyboards = (
            _new_card(CardKind.STORYBOARD, storyboards.c.id, self._clock())
            .select_from(projects.join(storyboards, storyboards.c.project_id == projects.c.id))
            .outerjoin(cards, and_(cards.c.kind == CardKind.STORYBOARD, cards.c.ref == storyboards.c.id))
            .where(_is_among(films), self._are_ours, storyboards.c.state == StoryboardState.OVER)
            .order_by(storyboards.c.accepted_at)
        )
        columns = ["kind", "ref", "channel_id", "created_at", "stamp", "settled"]
        async with self._database.transaction() as transaction:
            for wanted in (wanted_plans, wanted_analyses, wanted_jobs, wanted_storyboards):
                await transaction.execute(insert(cards).from_select(columns, wanted))

    async def to_look_at(self, films: Collection[str] | None = None) -> list[Card]:
        """Cards that may show something old: never posted first, then the one edited longest ago.

        Those are the cards whose subject has changed since they were rendered, and always those of productions that
        are being made: what they wait for is in no row. Of the productions that are over only films that could not be
        posted, or wait for a decision, stay unsettled. `films` bounds all but the cards of what is being made.
        """
        made = select(func.max(productions.c.updated_at)).where(productions.c.project_id == projects.c.id)
        plan_stamp = _later(projects.c.updated_at, made.scalar_subquery())
        plan_cards = (
            select(cards, plan_stamp.label("moved_at"), literal(0).label("is_over"), literal(0).label("is_in_line"))
            .join(projects, projects.c.id == func.substr(cards.c.ref, 1, 32))
            .where(
                _is_among(films),
                self._are_ours,
                cards.c.kind.in_([CardKind.PLAN, CardKind.ANALYSIS]),
                cards.c.settled == 0,
                or_(cards.c.message_id.is_(None), cards.c.stamp != plan_stamp),
            )
        )
        if films is not None:
            # Says nothing new, but lets the database go from these films to their cards by the index on `ref`.
            plan_cards = plan_cards.where(cards.c.ref.between(projects.c.id + ":", projects.c.id + ";"))
        is_unposted = and_(
            productions.c.state == ProductionState.DONE,
            productions.c.delivered_at.is_not(None),
            productions.c.delivered_message_id.is_(None),
        )
        waits = or_(is_unposted, productions.c.state.in_([ProductionState.HELD, ProductionState.ACCEPTED]))
        job_cards = _JOB_CARDS.where(
            self._are_made_for_us, or_(cards.c.message_id.is_(None), not_(waits), cards.c.stamp != _JOB_STAMP)
        )
        if films is not None:
            is_made = productions.c.state == ProductionState.RUNNING
            job_cards = job_cards.where(or_(is_made, productions.c.project_id.in_(films)))
        storyboard_cards = _STORYBOARD_CARDS.where(_is_among(films), self._are_ours)
        async with self._database.transaction() as transaction:
            found = [*await transaction.execute(job_cards)]
            if films is None or films:
                found += await transaction.execute(plan_cards)
                found += await transaction.execute(storyboard_cards)
        found.sort(key=lambda row: (row.message_id is not None, row.edited_at or 0.0, row.id))
        return [_card(row) for row in found]

    async def in_line(self) -> dict[int, str]:
        """Cards of which only the place in the line may have changed, and the productions that stand there."""
        posted = _JOB_CARDS.with_only_columns(cards.c.id, cards.c.ref).where(
            self._are_made_for_us, productions.c.state == ProductionState.ACCEPTED, cards.c.message_id.is_not(None)
        )
        async with self._database.transaction() as transaction:
            return {row.id: row.ref for row in await transaction.execute(posted)}

    async def of_jobs(self, ids: Collection[int]) -> list[Card]:
        """These cards of productions, where nothing has settled them."""
        if not ids:
            return []
        async with self._database.transaction() as transaction:
            return [_card(row) for row in await transaction.execute(_JOB_CARDS.where(cards.c.id.in_(ids)))]

    async def place_of(self, kind: CardKind, ref: str) -> tuple[int, int | None] | None:
        """(channel, message) of a card; `None` until it is posted.

        The message alone is `None` where the card was given up unposted.
        """
        async with self._database.transaction() as transaction:
            row = (
                await transaction.execute(select(cards).where(cards.c.kind == kind, cards.c.ref == ref))
            ).one_or_none()
        if row is None or (row.message_id is None and not row.settled):
            return None
        return row.channel_id, row.message_id

    async def add_parts(self, card: Card, parts: int) -> None:
        """Let the cards of an analysis follow its first, `card`, up to so many in all."""
        project_id, _, _ = card.ref.partition(":")
        rows = [
            {
                "kind": card.kind,
                "ref": f"{project_id}:{part}",
                "channel_id": card.channel_id,
                "created_at": self._clock(),
                "stamp": 0.0,
                "settled": 0,
            }
            for part in range(2, parts + 1)
        ]
        if rows:
            async with self._database.transaction() as transaction:
                added = insert_or_ignore(transaction, cards).values(rows)
                await transaction.execute(added.on_conflict_do_nothing(index_elements=["kind", "ref"]))

    async def shown(self, card: Card, *, message_id: int, fingerprint: str) -> None:
        """Discord shows this rendering of the card's subject as it was at `card.stamp`."""
        now = self._clock()
        values: dict[str, object] = {"shown": fingerprint, "edited_at": now, "stamp": card.stamp}
        if message_id != card.message_id:
            values |= {"message_id": message_id, "posted_at": now}
        await self._update(card.id, **values)

    async def found_equal(self, card: Card) -> None:
        """Its subject as it was at `card.stamp` looks just as Discord shows it."""
        if card.stamp != card.rendered_stamp:
            await self._update(card.id, stamp=card.stamp)

    async def lost(self, card_id: int) -> None:
        """Its message was deleted; it is posted anew."""
        await self._update(card_id, message_id=None, shown=None)

    async def settle(self, card_id: int) -> None:
        """Nothing can change this card any more, or its message is gone."""
        await self._update(card_id, settled=1)

    async def _update(self, card_id: int, **values: object) -> None:
        async with self._database.transaction() as transaction:
            await transaction.execute(update(cards).where(cards.c.id == card_id).values(**values))


def _new_card(kind: CardKind, ref: ColumnElement[str], now: float) -> Select[tuple[object, ...]]:
    """The card's row, in the order of `columns` above, where it has a place to be and does not exist."""
    return select(literal(kind.value), ref, projects.c.thread_id, literal(now), literal(0.0, Float), literal(0)).where(
        projects.c.thread_id.is_not(None), cards.c.id.is_(None)
    )


def _is_among(films: Collection[str] | None) -> ColumnElement[bool]:
    return projects.c.deleted_at.is_(None) & (true() if films is None else projects.c.id.in_(films))


def _card(row: Row[tuple[object, ...]]) -> Card:
    return Card(
        id=row.id,
        kind=CardKind(row.kind),
        ref=row.ref,
        channel_id=row.channel_id,
        message_id=row.message_id,
        shown=row.shown,
        created_at=row.created_at,
        posted_at=row.created_at if row.posted_at is None else row.posted_at,
        edited_at=row.edited_at,
        stamp=row.moved_at,
        rendered_stamp=row.stamp,
        is_over=bool(row.is_over),
        is_in_line=bool(row.is_in_line),
    )
