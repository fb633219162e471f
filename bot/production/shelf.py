"""The films a person owns or takes part in, newest first: what each is, how it stands, and where it was posted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, func, or_, select

from bot.db import Database, Transaction
from bot.db.tables import participants, plans, productions, projects, reservations
from bot.production.model import OPEN, Production, ProductionState
from bot.production.production_rows import production_of
from bot.studio.errors import NoSuchFilm
from bot.studio.model import Plan, Project
from bot.studio.projects import project_of
from bot.studio.rights import Act, refusal, role_of

#: Films whose titles are searched: so many of the newest.
SEARCHED = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class PostedMessage:
    """A message of ours; `guild_id` is `None` in a DM."""

    guild_id: int | None
    channel_id: int
    message_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Film:
    """A film as its owner knows it.

    `plan` is the newest; `latest` the production ordered last and `done` the last that became a film; `posted` is where
    that stands; `charged_microusd` is what all of it has cost so far; `at` when it was asked for.
    """

    project: Project
    at: float
    plan: Plan | None = None
    latest: Production | None = None
    done: Production | None = None
    posted: PostedMessage | None = None
    charged_microusd: int = 0

    @property
    def title(self) -> str:
        return self.plan.title if self.plan is not None else self.project.idea

    @property
    def is_active(self) -> bool:
        """Whether it is in the line, waits for somebody, or is being made."""
        over = {ProductionState.DONE, ProductionState.FAILED, ProductionState.CANCELLED}
        return self.latest is not None and self.latest.state not in over


@dataclass(frozen=True, slots=True)
class Title:
    """A film's name among its owner's others."""

    project_id: str
    title: str


class Shelf:
    """Reads what a person's films are; of others' it tells nothing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def count(self, owner_id: int) -> int:
        query = select(func.count()).where(projects.c.owner_id == owner_id, projects.c.deleted_at.is_(None))
        async with self._database.transaction() as transaction:
            return int((await transaction.execute(query)).scalar_one())

    async def count_seen(self, user_id: int) -> int:
        """How many films somebody owns or takes part in."""
        query = select(func.count()).where(_seen_by(user_id), projects.c.deleted_at.is_(None))
        async with self._database.transaction() as transaction:
            return int((await transaction.execute(query)).scalar_one())

    async def page(self, user_id: int, *, begin: int, most: int) -> list[Film]:
        """So many of the films somebody owns or takes part in, from the `begin`-th on, counted from 0."""
        query = (
            select(projects)
            .where(_seen_by(user_id), projects.c.deleted_at.is_(None))
            .order_by(projects.c.created_at.desc(), projects.c.id)
            .offset(begin)
            .limit(most)
        )
        async with self._database.transaction() as transaction:
            return [await _film(transaction, row) for row in (await transaction.execute(query)).all()]

    async def film(self, user_id: int, project_id: str, act: Act = Act.SEE) -> Film:
        """A film, for whoever may do this with it. Raises `NoSuchFilm | NotYours`."""
        async with self._database.transaction() as transaction:
            row = (await transaction.execute(select(projects).where(projects.c.id == project_id))).one_or_none()
            if row is None or row.deleted_at is not None:
                raise NoSuchFilm
            role = await role_of(transaction, project_id, user_id)
            if refused := refusal(act, user_id=user_id, owner_id=row.owner_id, role=role):
                raise refused
            return await _film(transaction, row)

    async def search(self, user_id: int, words: str, *, most: int) -> list[Title]:
        """The films somebody owns or takes part in with all these words in their titles, or in the idea without a plan;
        newest first.
        """
        newest = select(plans.c.project_id, func.max(plans.c.version).label("version")).group_by(plans.c.project_id)
        latest = newest.subquery()
        query = (
            select(projects.c.id, projects.c.idea, plans.c.plan, plans.c.version, plans.c.changes)
            .select_from(
                projects.outerjoin(latest, latest.c.project_id == projects.c.id).outerjoin(
                    plans, and_(plans.c.project_id == projects.c.id, plans.c.version == latest.c.version)
                )
            )
            .where(_seen_by(user_id), projects.c.deleted_at.is_(None))
            .order_by(projects.c.created_at.desc(), projects.c.id)
            .limit(SEARCHED)
        )
        async with self._database.transaction() as transaction:
            rows = (await transaction.execute(query)).all()
        wanted = words.casefold().split()
        titles = [Title(row.id, _plan_of(row).title if row.plan is not None else row.idea) for row in rows]
        return [title for title in titles if all(word in title.title.casefold() for word in wanted)][:most]


def _seen_by(user_id: int) -> ColumnElement[bool]:
    """A film of somebody's own, or one that its owner invited them to."""
    invited = select(participants.c.project_id).where(participants.c.user_id == user_id)
    return or_(projects.c.owner_id == user_id, projects.c.id.in_(invited))


async def _film(transaction: Transaction, row: Row[tuple[object, ...]]) -> Film:
    project = project_of(row)
    newest = select(plans).where(plans.c.project_id == project.id).order_by(plans.c.version.desc()).limit(1)
    plan = (await transaction.execute(newest)).one_or_none()
    made = select(productions).where(productions.c.project_id == project.id).order_by(productions.c.accepted_at)
    rows = (await transaction.execute(made)).all()
    told = [row for row in rows if not row.draft or row.state in OPEN]  # a draft that is over is no film
    done = next((each for each in told[::-1] if each.state == ProductionState.DONE), None)
    return Film(
        project=project,
        at=row.created_at,
        plan=_plan_of(plan) if plan is not None else None,
        latest=production_of(told[-1]) if told else None,
        done=production_of(done) if done is not None else None,
        posted=_place(project, done) if done is not None else None,
        charged_microusd=await _charged(transaction, [each.id for each in rows]),
    )


def _place(project: Project, done: Row[tuple[object, ...]]) -> PostedMessage | None:
    if done.delivered_message_id is None:
        return None
    if done.delivery_channel_id is None:  # posted before that was kept
        place = project.thread_id or project.channel_id
        return PostedMessage(channel_id=place, guild_id=project.guild_id, message_id=done.delivered_message_id)
    return PostedMessage(
        channel_id=done.delivery_channel_id, guild_id=done.delivery_guild_id, message_id=done.delivered_message_id
    )


async def _charged(transaction: Transaction, production_ids: Sequence[str]) -> int:
    query = select(func.coalesce(func.sum(reservations.c.settled_microusd), 0))
    return int((await transaction.execute(query.where(reservations.c.id.in_(production_ids)))).scalar_one())


def _plan_of(row: Row[Any, Any, Any, Any, Any]) -> Plan:
    return Plan.from_json(row.plan, version=row.version, changes=row.changes)
