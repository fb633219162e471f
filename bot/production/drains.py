"""Draining: nothing new begins, what is under way goes on, and whoever asked is told once when the last of it is over.

    begin ──► what is under way ends ──► over ──► told      `Switches.resume` takes it back at any time

A drain is a pause with a row of its own, which stays until it was told: so it outlives restarts, and where several
processes share the rows, any of them can tell it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass

from sqlalchemy import delete, distinct, func, select

from bot.db import Database, Transaction, insert_or_ignore
from bot.db.tables import drains, paid_calls, productions, storyboards, switches
from bot.jobs.ledger import CallState
from bot.jobs.wake import Wake
from bot.production.model import ProductionState
from bot.production.storyboards import StoryboardState
from bot.production.switches import ALL, pause_within
from bot.studio.audit import Audit

#: Orders in these states are on their way, or being made, at a service.
_UNDER_WAY = (CallState.INTENT, CallState.SUBMITTED)
#: Seconds after which whoever looked right before the pause has begun what they would.
SETTLED = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class UnderWay:
    """What goes on though nothing new begins. `paused` are services that are paused by themselves: what needs one of
    them does not end before it is resumed.
    """

    films: int = 0
    storyboards: int = 0
    paused: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.films or self.storyboards)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drain:
    """Somebody waits for the end of what is under way: of everything (`ALL`), or at one service."""

    name: str
    by: int
    at: float


class Drains:
    """Begins drains, and finds those that are over."""

    def __init__(self, database: Database, changed: Wake, *, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._changed = changed
        self._audit = Audit(database, clock=clock)
        self._clock = clock

    async def begin(self, name: str, by: int, reason: str = "") -> UnderWay:
        """Pause `ALL` or a service; what goes on. Where that is nothing, nobody needs to be told later.

        Of two who drain the same, the later one is told.
        """
        now = self._clock()
        async with self._database.transaction() as transaction:
            await pause_within(transaction, self._audit, name, by, reason, now=now, action="drain")
            await transaction.execute(delete(drains).where(drains.c.name == name))
        # In another transaction: what began before the pause was written is seen.
        async with self._database.transaction() as transaction:
            found = await _under_way(transaction, name, now)
            if found:
                await transaction.execute(
                    insert_or_ignore(transaction, drains)
                    .values(name=name, by=by, at=now)
                    .on_conflict_do_update(index_elements=[drains.c.name], set_={"by": by, "at": now})
                )
        self._changed()
        return found

    async def under_way(self, name: str) -> UnderWay:
        """What goes on, of everything (`ALL`) or at one service."""
        async with self._database.transaction() as transaction:
            return await _under_way(transaction, name, self._clock())

    async def over(self) -> list[Drain]:
        """Those to be told now."""
        now = self._clock()
        async with self._database.transaction() as transaction:
            rows = (await transaction.execute(select(drains).order_by(drains.c.at))).all()
            return [
                Drain(name=row.name, by=row.by, at=row.at)
                for row in rows
                if now - row.at >= SETTLED and not await _under_way(transaction, row.name, now)
            ]

    async def told(self, drain: Drain) -> None:
        """Whoever asked has read of it, or can never; another drain begun since then is left."""
        async with self._database.transaction() as transaction:
            await transaction.execute(delete(drains).where(drains.c.name == drain.name, drains.c.at == drain.at))


async def _under_way(transaction: Transaction, name: str, now: float) -> UnderWay:
    """Films that run, and storyboards that are drawn; at a service, those with an order that is not over there."""
    paused = tuple((await transaction.execute(select(switches.c.name).order_by(switches.c.name))).scalars())
    # An order whose process ended is looked after when its work goes on, and a storyboard's does not while all is
    # paused: past its deadline nothing is on its way any more.
    drawn = select(func.count(distinct(storyboards.c.id))).join(paid_calls, paid_calls.c.job == storyboards.c.id)
    drawn = drawn.where(
        storyboards.c.state == StoryboardState.DRAWING,
        paid_calls.c.state.in_(_UNDER_WAY),
        paid_calls.c.deadline_at > now,
    )
    films = select(func.count(distinct(productions.c.id))).where(productions.c.state == ProductionState.RUNNING)
    if name != ALL:
        films = films.join(paid_calls, paid_calls.c.job == productions.c.id)
        films = films.where(paid_calls.c.state.in_(_UNDER_WAY), paid_calls.c.provider == name)
        drawn = drawn.where(paid_calls.c.provider == name)
    return UnderWay(
        films=int((await transaction.execute(films)).scalar_one()),
        storyboards=int((await transaction.execute(drawn)).scalar_one()),
        paused=_others(paused, name),
    )


def _others(paused: Collection[str], name: str) -> tuple[str, ...]:
    return tuple(each for each in paused if each not in {ALL, name})
