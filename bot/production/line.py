"""The films that wait for their turn, in memory, kept equal to the rows; a restart fills it again.

Those that an operator moved stand before or behind all others; who goes first is charged for it like anybody.

Ten thousand may wait, and rows change many times a second: so a look reads what is new, and everything only where
the numbers do not agree. Reading all of them at each nudge stood in everybody's way for a second (measured, 2026-11).
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

from bot.production.model import Waiting
from bot.production.productions import Productions
from ratelimit import FairQueue, Priority

#: Places are told anew after so many seconds at most: telling them costs a walk along the whole line.
TELL_EVERY = 2.0
#: Everything is read at least this often, in seconds, should a clock have been set back.
SWEEP_EVERY = 60.0
#: So many are let in at a stretch.
BREATH = 250


@dataclass(frozen=True, slots=True, kw_only=True)
class Ahead:
    """How many films are served before one: of its owner, of others, and of those `favoured` for their roles."""

    own: int = 0
    others: int = 0
    favoured: int = 0


class Line:
    """Accepted films in fair order between their owners; `clock` never runs backwards."""

    def __init__(self, productions: Productions, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._productions = productions
        self._clock = clock
        self._queue: FairQueue[str] = FairQueue()
        self._known: dict[str, Waiting] = {}  # those who stand in line
        self._moved: dict[str, float] = {}  # films that do not stand where their owner's turn is
        self._turn = asyncio.Lock()
        self._newest = 0.0  # when the rows read so far last changed
        self._swept_at: float | None = None
        self._places: dict[str, int] | None = None
        self._told_at = 0.0

    async def catch_up(self) -> None:
        """Bring the line in step with the rows."""
        async with self._turn:  # a sweep takes out whom it has not read, and another look may let somebody in meanwhile
            now = self._clock()
            if self._swept_at is None or now - self._swept_at >= SWEEP_EVERY:
                await self._sweep()
                return
            await self._admit(since=self._newest)
            if await self._productions.count_waiting() != len(self._queue):
                await self._sweep()

    async def _sweep(self) -> None:
        self._swept_at = self._clock()
        known = await self._admit(since=0.0)
        # In the order of arrival: a set would do, but leave the order of removal to chance.
        for gone in [queued for queued in self._queue.in_order(self._clock()) if queued not in known]:
            self.leave(gone)

    async def _admit(self, *, since: float) -> set[str]:
        """Let those stand in line that do not yet, of those whose rows changed since; the ids of all these."""
        found = await self._productions.waiting(since=since)
        now = self._clock()
        for number, each in enumerate(found, start=1):
            if not number % BREATH:
                await asyncio.sleep(0)  # a full line is read at the start, and others have something to do meanwhile
            self._newest = max(self._newest, each.updated_at)
            if each.id not in self._queue:
                self._known[each.id] = each
                self._queue.push(
                    each.id,
                    user=str(each.owner_id),
                    priority=Priority.GENERATION,
                    cost=max(1.0, each.price_microusd / 1_000_000),
                    weight=each.weight,
                    now=now,
                )
                if self._stale(now):
                    self._places = None
            if self._moved.get(each.id) != each.moved:
                self._move(each.id, each.moved)
        return {each.id for each in found}

    def _move(self, production_id: str, moved: float | None) -> None:
        self._moved.pop(production_id, None)
        if moved is not None:
            self._moved[production_id] = moved
        self._places = None

    def in_order(self) -> Iterator[str]:
        """Who would begin one after the other if all began now; of the moment, like those of the queue."""
        moved = sorted(self._moved, key=lambda each: self._moved[each])
        yield from (each for each in moved if self._moved[each] < 0)
        yield from (each for each in self._queue.in_order(self._clock()) if each not in self._moved)
        yield from (each for each in moved if self._moved[each] >= 0)

    def pop(self) -> str | None:
        """Who is next; it has left the line."""
        first = next(self.in_order(), None)
        if first is None:
            return None
        self._places = None
        self._moved.pop(first, None)
        self._queue.take(first, self._clock())
        self._known.pop(first, None)
        return first

    def leave(self, production_id: str) -> None:
        if self._queue.remove(production_id):
            self._moved.pop(production_id, None)
            self._places = None
            self._known.pop(production_id, None)

    def position(self, production_id: str) -> int | None:
        """Place in the line, counted from 1; `None` where it is not in it, or has come this very moment."""
        if production_id not in self._queue:
            return None
        now = self._clock()
        if self._places is None or (production_id not in self._places and self._stale(now)):
            self._places = {queued: place for place, queued in enumerate(self.in_order(), start=1)}
            self._told_at = now
        return self._places.get(production_id)

    def ahead(self, production_id: str) -> Ahead:
        """Who is served before it, as its place tells."""
        place = self.position(production_id)
        if place is None or self._places is None:
            return Ahead()
        mine = self._known[production_id]
        before = [self._known[other] for other in islice(self._places, place - 1) if other in self._known]
        others = [each for each in before if each.owner_id != mine.owner_id]
        return Ahead(
            own=len(before) - len(others),
            others=len(others),
            favoured=sum(each.weight > mine.weight for each in others),
        )

    def _stale(self, now: float) -> bool:
        return now - self._told_at >= TELL_EVERY
