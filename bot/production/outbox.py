"""The outbox: which ends are still to be told in Discord, how often that was tried, and what came of it. Rows only.

An end is pending (`delivered_at` is not set), posted (it is), or kept (it is, and `undelivered` says why it could not
be posted: the film waits for `/films`, **Send again**, or a server that lets us in again). A try is counted, and the
next one dated, before Discord is asked: a process that is killed meanwhile neither loses the count nor starts it anew.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from sqlalchemy import ColumnElement, Select, and_, func, literal, or_, select, update

from bot.db import Database, Transaction, insert_or_ignore
from bot.db.tables import channels, posts, productions, projects
from bot.jobs.wake import Wake
from bot.production.model import TERMINAL, Production
from bot.production.reports import HIDDEN_EVERYWHERE, hidden_in, hidden_projects, is_hidden
from bot.studio.errors import FilmHidden, FilmHiddenHere
from bot.studio.shards import ALL_SHARDS, Shards

#: Seconds between two tries to post one end: first, doubling, and longest.
FIRST_PAUSE, LONGEST_PAUSE = 2.0, 600.0

#: Where films lie in the object store that were too large to post.
STORED_FILMS = "films/"

_is_over = productions.c.state.in_(TERMINAL)
_is_pending = productions.c.delivered_at.is_(None)


def pause_after(tries: int) -> float:
    """Seconds from the `tries`th try (from 1) to the next."""
    return min(FIRST_PAUSE * 2.0 ** min(tries - 1, 20), LONGEST_PAUSE)


def stored_film(production_id: str, run: int) -> str:
    """A film's key in the object store: another run never takes the place of the one before."""
    return f"{STORED_FILMS}{production_id}/{run}.mp4"


class Outbox:
    """Reads and writes how ends are delivered; nudges `changed` where a card shows it. Due are ends of `shards`."""

    def __init__(
        self,
        database: Database,
        changed: Wake,
        *,
        shards: Shards = ALL_SHARDS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._are_ours = shards.among(productions.c.guild_id)
        self._changed = changed
        self._clock = clock

    async def due(self) -> list[str]:
        """Productions that are over, whose end was not posted and whose next try is due; oldest first.

        Of films that their owners deleted, or that an operator hid, nothing is told any more, but to the owner of one
        that was hidden while it waited.
        """
        is_due = or_(productions.c.delivery_at.is_(None), productions.c.delivery_at <= self._clock())
        is_kept = productions.c.project_id.in_(select(projects.c.id).where(projects.c.deleted_at.is_(None)))
        is_seen = or_(productions.c.failure == HIDDEN_EVERYWHERE, productions.c.project_id.not_in(hidden_projects()))
        query = select(productions.c.id).where(_is_over, _is_pending, is_due, is_kept, is_seen, self._are_ours)
        return await self._ids(query.order_by(productions.c.accepted_at))

    async def begin_try(self, production_id: str, *, after: int) -> bool:
        """Count the try that follows `after` others and date the next one, before Discord is asked.

        False where somebody else has begun it, or it is not pending any more.
        """
        now = self._clock()
        async with self._database.transaction() as transaction:
            begun = await transaction.execute(
                update(productions)
                .where(productions.c.id == production_id, _is_over, _is_pending, productions.c.delivery_tries == after)
                .values(
                    delivering_at=func.coalesce(productions.c.delivering_at, now),
                    delivery_tries=after + 1,
                    delivery_at=now + pause_after(after + 1),
                )
            )
        return bool(begun.rowcount)

    async def aim(self, attempt: Production, *, channel_id: int, guild_id: int | None) -> None:
        """Keep where it is posted next, `None` for a DM: what a lost answer hides is looked for there."""
        await self._write(attempt, delivery_channel_id=channel_id, delivery_guild_id=guild_id)

    async def rest(self, attempt: Production, why: str, *, seconds: float) -> None:
        """It was not posted this time; try again after so many seconds. `why`: an error's class and Discord's code."""
        now = self._clock()
        await self._write(attempt, undelivered=why, delivery_at=now + seconds, updated_at=now)
        self._changed()

    async def posted(self, attempt: Production, message_id: int | None) -> None:
        """It stands as `message_id` where it was aimed at last; `None` where nothing needs to be told."""
        await self._settle(attempt, message_id, None)

    async def keep(self, attempt: Production, why: str) -> None:
        """It cannot be posted for now; see `redeliver`. `why`: an error's class and Discord's code."""
        await self._settle(attempt, None, why)

    async def barred(self, production_id: str) -> frozenset[int]:
        """Servers that nothing of it is posted in: their own people hid its film after a report, or operators did."""
        own = (
            select(projects.c.guild_id, productions.c.delivery_guild_id)
            .join(projects, projects.c.id == productions.c.project_id)
            .where(productions.c.id == production_id)
        )
        async with self._database.transaction() as transaction:
            if not await is_hidden(transaction, production_id):
                return await hidden_in(transaction, production_id)
            rows = await transaction.execute(own)
            return frozenset(guild_id for row in rows for guild_id in row if guild_id is not None)

    async def redeliver(
        self, production_id: str, *, channel_id: int | None = None, guild_id: int | None = None
    ) -> bool:
        """Post an end again, whether it was posted or kept; in this channel, of this server, first where one is given.

        Somebody asked for it, so places that were closed to us are tried as well. False where it is not over, or is
        still being posted: that goes on at once, where it was aimed at.

        Raises:
            FilmHidden: it was hidden after a report.
            FilmHiddenHere: it was hidden in the server of that channel.
        """
        now = self._clock()
        async with self._database.transaction() as transaction:
            if await is_hidden(transaction, production_id):
                raise FilmHidden
            if guild_id is not None and guild_id in await hidden_in(transaction, production_id):
                raise FilmHiddenHere
            await _reopen(transaction, select(productions.c.project_id).where(productions.c.id == production_id))
            if channel_id is not None:
                await transaction.execute(update(channels).where(channels.c.id == channel_id).values(closed_until=None))
            hurried = update(productions).where(productions.c.id == production_id, _is_over, _is_pending)
            await transaction.execute(hurried.values(delivery_tries=0, delivery_at=None, updated_at=now))
            again = await transaction.execute(
                update(productions)
                .where(productions.c.id == production_id, _is_over, productions.c.delivered_at.is_not(None))
                .values(**{**anew(now), "delivery_channel_id": channel_id})
            )
        self._changed()
        return bool(again.rowcount)

    async def redeliver_in(self, guild_id: int) -> int:
        """Post every kept end of a server again, which lets us in by now, and the waiting ones at once; how many."""
        here = and_(productions.c.guild_id == guild_id, _is_over, productions.c.undelivered.is_not(None))
        async with self._database.transaction() as transaction:
            await _reopen(transaction, select(projects.c.id).where(projects.c.guild_id == guild_id))
            hurried = await transaction.execute(update(productions).where(here, _is_pending).values(delivery_at=None))
            again = await transaction.execute(
                update(productions).where(here, productions.c.delivered_at.is_not(None)).values(**anew(self._clock()))
            )
        self._changed()
        return hurried.rowcount + again.rowcount

    async def guilds_that_keep(self) -> list[int]:
        """Servers whose ends were kept because they did not let us write, or had no such place any more."""
        refused = or_(productions.c.undelivered.like("NotAllowed%"), productions.c.undelivered.like("Vanished%"))
        query = (
            select(productions.c.guild_id)
            .where(_is_over, refused, productions.c.delivered_at.is_not(None), productions.c.guild_id.is_not(None))
            .distinct()
        )
        async with self._database.transaction() as transaction:
            return [row.guild_id for row in await transaction.execute(query)]

    async def _settle(self, attempt: Production, message_id: int | None, why: str | None) -> None:
        now = self._clock()
        ended = update(productions).where(_is_try(attempt))
        place = select(productions.c.id, literal(message_id), productions.c.delivery_channel_id).where(
            productions.c.id == attempt.id, productions.c.delivery_channel_id.is_not(None)
        )
        async with self._database.transaction() as transaction:
            if message_id is not None:  # kept beside the row, which tells of the last one only
                told = insert_or_ignore(transaction, posts).from_select(
                    ["production_id", "message_id", "channel_id"], place
                )
                await transaction.execute(told.on_conflict_do_nothing())
            await transaction.execute(
                ended.values(
                    delivered_at=now,
                    delivered_message_id=message_id,
                    delivery_at=None,
                    undelivered=why,
                    updated_at=now,
                )
            )
        self._changed()

    async def _write(self, attempt: Production, **values: object) -> None:
        async with self._database.transaction() as transaction:
            await transaction.execute(update(productions).where(_is_try(attempt)).values(**values))

    async def _ids(self, query: Select[tuple[str]]) -> list[str]:
        async with self._database.transaction() as transaction:
            return [row.id for row in await transaction.execute(query)]


def _is_try(attempt: Production) -> ColumnElement[bool]:
    """Whether a production's end is still at this try: what became of it must not pass for the end of its next run."""
    return and_(
        productions.c.id == attempt.id,
        productions.c.run == attempt.run,
        productions.c.delivery_tries == attempt.delivery_tries,
        _is_pending,
    )


async def _reopen(transaction: Transaction, project_ids: Select[tuple[str]]) -> None:
    """Try the threads and channels of these films again, whatever they last answered."""
    threads = select(projects.c.thread_id).where(projects.c.id.in_(project_ids))
    parents = select(projects.c.channel_id).where(projects.c.id.in_(project_ids))
    await transaction.execute(
        update(channels).where(or_(channels.c.id.in_(threads), channels.c.id.in_(parents))).values(closed_until=None)
    )


def anew(now: float) -> dict[str, object]:
    """A first try to come. The message of before stays: a look for the new one begins after it."""
    return {
        "delivery_channel_id": None,
        "delivering_at": None,
        "delivered_at": None,
        "delivery_tries": 0,
        "delivery_at": None,
        "delivery_guild_id": None,
        "undelivered": None,
        "updated_at": now,
    }
