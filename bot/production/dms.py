"""Who is told in a DM, too, how a film ended: asked for on its card, or always. Rows only.

A DM is due once the end itself was posted, for it says where. A try is counted before Discord is asked.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from sqlalchemy import insert, or_, select, update

from bot.db import Database, insert_or_ignore, lock
from bot.db.tables import dms, posts, productions, projects
from bot.jobs.wake import Wake
from bot.production.model import TERMINAL, Production
from bot.production.outbox import pause_after
from bot.production.production_rows import production_of
from bot.studio.errors import NoSuchFilm, NotYours
from bot.studio.shards import ALL_SHARDS, Shards

#: Tries after which a DM is left: the film stands where it was posted, and `/films` has it.
MOST_TRIES = 8


class Dms:
    """Reads and writes what is to be told; due are films of `shards`."""

    def __init__(
        self,
        database: Database,
        changed: Wake,
        *,
        shards: Shards = ALL_SHARDS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._changed = changed
        self._are_ours = shards.among(productions.c.guild_id)
        self._clock = clock

    async def choose(self, production_id: str, user_id: int, *, wanted: bool | None, by_default: bool) -> bool:
        """Tell its owner, or do not; which it is now. A choice that reaches us twice counts once.

        `wanted` is `None` on buttons of older versions of us: whichever it was not so far. `by_default` is what holds
        where nothing was chosen for this film. Raises `NoSuchFilm | NotYours`.
        """
        async with self._database.transaction() as transaction:
            await lock(transaction, f"dm {production_id}")
            owner = select(productions.c.owner_id).where(productions.c.id == production_id)
            owner_id = (await transaction.execute(owner)).scalar()
            if owner_id is None:
                raise NoSuchFilm
            if owner_id != user_id:
                raise NotYours(owner_id)
            row = (await transaction.execute(select(dms).where(dms.c.production_id == production_id))).one_or_none()
            if wanted is None:
                wanted = not (by_default if row is None else bool(row.wanted))
            if row is None:
                await transaction.execute(insert(dms).values(production_id=production_id, wanted=int(wanted)))
            else:
                which = dms.c.production_id == production_id
                await transaction.execute(update(dms).where(which).values(wanted=int(wanted)))
        self._changed()
        return wanted

    async def expect(self, production_id: str) -> None:
        """Its owner is always told: note it, unless they chose otherwise for this film."""
        async with self._database.transaction() as transaction:
            fresh = insert_or_ignore(transaction, dms).values(production_id=production_id, wanted=1)
            await transaction.execute(fresh.on_conflict_do_nothing(index_elements=["production_id"]))

    async def due(self) -> list[Production]:
        """Productions whose end was told, or kept, and whose owners are to be told so in a DM now."""
        query = (
            select(productions)
            .join(dms, dms.c.production_id == productions.c.id)
            .where(
                dms.c.wanted == 1,
                dms.c.told_run < productions.c.run,
                or_(dms.c.next_at.is_(None), dms.c.next_at <= self._clock()),
                productions.c.state.in_(TERMINAL),
                productions.c.delivered_at.is_not(None),
                productions.c.project_id.in_(select(projects.c.id).where(projects.c.deleted_at.is_(None))),
                self._are_ours,
            )
            .order_by(productions.c.accepted_at)
        )
        async with self._database.transaction() as transaction:
            return [production_of(row) for row in await transaction.execute(query)]

    async def begin_try(self, production: Production) -> bool:
        """Count a try and date the next one. False where it was tried often enough, and is left."""
        async with self._database.transaction() as transaction:
            which = dms.c.production_id == production.id
            tries = int((await transaction.execute(select(dms.c.tries).where(which))).scalar() or 0) + 1
            if tries > MOST_TRIES:
                await transaction.execute(update(dms).where(which).values(**_told(production)))
                return False
            later = {"tries": tries, "next_at": self._clock() + pause_after(tries)}
            await transaction.execute(update(dms).where(which).values(**later))
        return True

    async def told(
        self, production: Production, *, channel_id: int | None = None, message_id: int | None = None
    ) -> None:
        """This run's end needs no DM any more; where one was sent, it goes with the film when that is deleted."""
        async with self._database.transaction() as transaction:
            if channel_id is not None and message_id is not None:
                sent = {"production_id": production.id, "message_id": message_id, "channel_id": channel_id}
                await transaction.execute(insert_or_ignore(transaction, posts).values(**sent).on_conflict_do_nothing())
            which = dms.c.production_id == production.id
            await transaction.execute(update(dms).where(which).values(**_told(production)))


def _told(production: Production) -> dict[str, object]:
    return {"told_run": production.run, "tries": 0, "next_at": None}
