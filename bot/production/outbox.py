"""The outbox: which ends are still to be told in Discord, how often that was tried, and what came of it. Rows only.

An end is pending (`delivered_at` is not set), posted (it is), or kept (it is, and `undelivered` says why it could not
be posted: the film waits for `/films`, **Send again**, or a server that lets us in again). A try is counted, and the
next one dated, before Discord is asked: a process that is killed meanwhile neither loses the count nor starts it anew.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from sqlalchemy import Select, and_, func, literal, or_, select, update

from bot.db import Database, insert_or_ignore
from bot.db.tables import posts, productions, projects
from bot.jobs.wake import Wake
from bot.production.model import TERMINAL

#: Seconds between two tries to post one end: first, doubling, and longest.
FIRST_PAUSE, LONGEST_PAUSE = 4.0, 600.0

_is_over = productions.c.state.in_(TERMINAL)
_is_pending = productions.c.delivered_at.is_(None)


def pause_after(tries: int) -> float:
    """Seconds from the `tries`th try (from 1) to the next."""
    return min(FIRST_PAUSE * 2.0 ** min(tries - 1, 20), LONGEST_PAUSE)


class Outbox:
    """Reads and writes how ends are delivered; nudges `changed` where a card shows it."""

    def __init__(self, database: Database, changed: Wake, *, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._changed = changed
        self._clock = clock

    async def due(self) -> list[str]:
        """Productions that are over, whose end was not posted and whose next try is due; oldest first.

        Of films that their owners deleted nothing is told any more.
        """
        is_due = or_(productions.c.delivery_at.is_(None), productions.c.delivery_at <= self._clock())
        is_kept = productions.c.project_id.in_(select(projects.c.id).where(projects.c.deleted_at.is_(None)))
        query = select(productions.c.id).where(_is_over, _is_pending, is_due, is_kept)
        return await self._ids(query.order_by(productions.c.accepted_at))

    async def begin_try(self, production_id: str) -> None:
        """Count a try and date the next one, before Discord is asked."""
        now = self._clock()
        query = select(productions.c.delivery_tries).where(productions.c.id == production_id)
        async with self._database.transaction() as transaction:
            tries = (await transaction.execute(query)).scalar_one() + 1
            await transaction.execute(
                update(productions)
                .where(productions.c.id == production_id, _is_pending)
                .values(
                    delivering_at=func.coalesce(productions.c.delivering_at, now),
                    delivery_tries=tries,
                    delivery_at=now + pause_after(tries),
                )
            )

    async def aim(self, production_id: str, *, channel_id: int, guild_id: int | None) -> None:
        """Keep where it is posted next, `None` for a DM: what a lost answer hides is looked for there."""
        await self._write(production_id, delivery_channel_id=channel_id, delivery_guild_id=guild_id)

    async def rest(self, production_id: str, why: str, *, seconds: float) -> None:
        """It was not posted this time; try again after so many seconds. `why`: an error's class and Discord's code."""
        now = self._clock()
        await self._write(production_id, undelivered=why, delivery_at=now + seconds, updated_at=now)
        self._changed()

    async def delivered(self, production_id: str, message_id: int | None) -> None:
        """It stands as `message_id` where it was aimed at last; `None` where nothing needs to be told."""
        await self._settle(production_id, message_id, None)

    async def keep(self, production_id: str, why: str) -> None:
        """It cannot be posted for now; see `redeliver`. `why`: an error's class and Discord's code."""
        await self._settle(production_id, None, why)

    async def redeliver(self, production_id: str, *, channel_id: int | None = None) -> bool:
        """Post an end again, whether it was posted or kept; in this channel first, where one is given.

        False where it is not over, or is still being posted: that goes on at once, where it was aimed at.
        """
        now = self._clock()
        async with self._database.transaction() as transaction:
            hurried = update(productions).where(productions.c.id == production_id, _is_over, _is_pending)
            await transaction.execute(hurried.values(delivery_tries=0, delivery_at=None, updated_at=now))
            again = await transaction.execute(
                update(productions)
                .where(productions.c.id == production_id, _is_over, productions.c.delivered_at.is_not(None))
                .values(**_anew(now), delivery_channel_id=channel_id)
            )
        self._changed()
        return bool(again.rowcount)

    async def redeliver_in(self, guild_id: int) -> int:
        """Post every kept end of a server again, which may let us in by now; how many."""
        kept = and_(productions.c.delivered_at.is_not(None), productions.c.undelivered.is_not(None))
        async with self._database.transaction() as transaction:
            again = await transaction.execute(
                update(productions)
                .where(productions.c.guild_id == guild_id, _is_over, kept)
                .values(**_anew(self._clock()), delivery_channel_id=None)
            )
        self._changed()
        return again.rowcount

    async def _settle(self, production_id: str, message_id: int | None, why: str | None) -> None:
        now = self._clock()
        row = update(productions).where(productions.c.id == production_id)
        where = select(productions.c.id, literal(message_id), productions.c.delivery_channel_id).where(
            productions.c.id == production_id, productions.c.delivery_channel_id.is_not(None)
        )
        async with self._database.transaction() as transaction:
            await transaction.execute(
                row.values(
                    delivered_at=now,
                    delivered_message_id=message_id,
                    delivery_at=None,
                    undelivered=why,
                    updated_at=now,
                )
            )
            if message_id is not None:  # kept beside the row, which tells of the last one only
                posted = insert_or_ignore(transaction, posts).from_select(
                    ["production_id", "message_id", "channel_id"], where
                )
                await transaction.execute(posted.on_conflict_do_nothing())
        self._changed()

    async def _write(self, production_id: str, **values: object) -> None:
        async with self._database.transaction() as transaction:
            await transaction.execute(update(productions).where(productions.c.id == production_id).values(**values))

    async def _ids(self, query: Select[tuple[str]]) -> list[str]:
        async with self._database.transaction() as transaction:
            return [row.id for row in await transaction.execute(query)]


def _anew(now: float) -> dict[str, object]:
    """A first try to come. The message of before stays: a look for the new one begins after it."""
    return {
        "delivering_at": None,
        "delivered_at": None,
        "delivery_tries": 0,
        "delivery_at": None,
        "delivery_guild_id": None,
        "undelivered": None,
        "updated_at": now,
    }
