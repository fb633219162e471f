"""Films of others, as those see them who run the bot or a server: what is under way, and how much one person has."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, func, select, true

from bot.db import Database
from bot.db.tables import plans, productions, projects
from bot.production.model import OPEN, Production, ProductionState
from bot.production.production_rows import production_of
from bot.studio.model import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class OverseenFilm:
    """A production with its plan's title. `moved` is as `Waiting` has it; `thread_id` is where it is talked over."""

    production: Production
    title: str
    moved: float | None = None
    thread_id: int | None = None


class Overseer:
    """Reads productions of everybody, or of one server (`guild_id`)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def under_way(self, guild_id: int | None) -> dict[str, ProductionState]:
        """Everything that is not over, by id, the oldest first."""
        query = (
            select(productions.c.id, productions.c.state)
            .where(productions.c.state.in_(OPEN), _within(guild_id))
            .order_by(productions.c.accepted_at)
        )
        async with self._database.transaction() as transaction:
            rows = (await transaction.execute(query)).all()
        return {row.id: ProductionState(row.state) for row in rows}

    async def films(self, production_ids: Collection[str]) -> dict[str, OverseenFilm]:
        """These, by id; those that were deleted are missing."""
        query = (
            select(productions, plans.c.plan, plans.c.changes, projects.c.idea, projects.c.thread_id)
            .join(projects, projects.c.id == productions.c.project_id)
            .outerjoin(
                plans, and_(plans.c.project_id == productions.c.project_id, plans.c.version == productions.c.version)
            )
            .where(productions.c.id.in_(list(production_ids)), projects.c.deleted_at.is_(None))
        )
        async with self._database.transaction() as transaction:
            rows = (await transaction.execute(query)).all()
        found = {}
        for row in rows:
            title = row.idea
            if row.plan is not None:
                title = Plan.from_json(row.plan, version=row.version, changes=row.changes).title
            found[row.id] = OverseenFilm(
                production=production_of(row), title=title, moved=row.moved, thread_id=row.thread_id
            )
        return found

    async def of_person(self, user_id: int, guild_id: int | None) -> Mapping[ProductionState, int]:
        """How many productions a person has had, by state."""
        query = (
            select(productions.c.state, func.count())
            .where(productions.c.owner_id == user_id, _within(guild_id))
            .group_by(productions.c.state)
        )
        async with self._database.transaction() as transaction:
            rows = (await transaction.execute(query)).all()
        return {ProductionState(state): number for state, number in rows}


def _within(guild_id: int | None) -> ColumnElement[bool]:
    return true() if guild_id is None else productions.c.guild_id == guild_id
