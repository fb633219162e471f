"""Whom owners have invited to their films, as rows."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import delete, func, insert, select, update

from bot.db import Database, Transaction, lock
from bot.db.tables import participants, projects
from bot.jobs.wake import Wake
from bot.speech import say
from bot.studio.errors import CannotInvite, NoSuchFilm, NotYours, TooManyPeople
from bot.studio.rights import Role

#: People one film may have beside its owner: as many as a menu of Discord's lists.
MAX_PEOPLE = 24


@dataclass(frozen=True, slots=True)
class Participant:
    user_id: int
    role: Role


class Participants:
    """Reads and writes who takes part; a change has the film's card looked at again."""

    def __init__(self, database: Database, changed: Wake, *, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._changed = changed
        self._clock = clock

    async def of(self, project_id: str) -> list[Participant]:
        """Everybody but the owner, in the order in which they were invited."""
        query = (
            select(participants)
            .where(participants.c.project_id == project_id)
            .order_by(participants.c.at, participants.c.user_id)
        )
        async with self._database.transaction() as transaction:
            return [Participant(row.user_id, Role(row.role)) for row in await transaction.execute(query)]

    async def invite(self, project_id: str, *, owner_id: int, user_id: int, role: Role) -> None:
        """Give somebody a role; whoever has one has this one from now on.

        Raises:
            NoSuchFilm | NotYours: only the owner invites.
            CannotInvite: the owner themselves.
            TooManyPeople: it has as many as it can.
        """
        async with self._database.transaction() as transaction:
            await self._check_owner(transaction, project_id, owner_id)
            if user_id == owner_id:
                raise CannotInvite(say("It is your own film, so you may do everything with it already."))
            which = (participants.c.project_id == project_id) & (participants.c.user_id == user_id)
            changed = await transaction.execute(update(participants).where(which).values(role=role))
            if not changed.rowcount:
                others = select(func.count()).where(participants.c.project_id == project_id)
                if (await transaction.execute(others)).scalar_one() >= MAX_PEOPLE:
                    raise TooManyPeople(MAX_PEOPLE)
                await transaction.execute(
                    insert(participants).values(
                        project_id=project_id, user_id=user_id, role=role, invited_by=owner_id, at=self._clock()
                    )
                )
            await self._touch(transaction, project_id)
        self._changed()

    async def remove(self, project_id: str, *, owner_id: int, user_id: int) -> bool:
        """Take somebody's role away; false where they had none. Raises `NoSuchFilm | NotYours`."""
        async with self._database.transaction() as transaction:
            await self._check_owner(transaction, project_id, owner_id)
            removed = await transaction.execute(
                delete(participants).where(participants.c.project_id == project_id, participants.c.user_id == user_id)
            )
            await self._touch(transaction, project_id)
        self._changed()
        return bool(removed.rowcount)

    async def leave(self, project_id: str, user_id: int) -> bool:
        """Whoever was invited may go by themselves; false where they were not."""
        async with self._database.transaction() as transaction:
            left = await transaction.execute(
                delete(participants).where(participants.c.project_id == project_id, participants.c.user_id == user_id)
            )
            if left.rowcount:
                await self._touch(transaction, project_id)
        if left.rowcount:
            self._changed()
        return bool(left.rowcount)

    async def _check_owner(self, transaction: Transaction, project_id: str, owner_id: int) -> None:
        await lock(transaction, f"project {project_id}")
        there = select(projects.c.owner_id).where(projects.c.id == project_id, projects.c.deleted_at.is_(None))
        found = (await transaction.execute(there)).scalar_one_or_none()
        if found is None:
            raise NoSuchFilm
        if found != owner_id:
            raise NotYours(found)

    async def _touch(self, transaction: Transaction, project_id: str) -> None:
        """Its card tells who takes part."""
        await transaction.execute(update(projects).where(projects.c.id == project_id).values(updated_at=self._clock()))
