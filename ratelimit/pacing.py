"""Spacing: work that can wait leaves gaps for work that cannot.

An exact window that patient work burns in one burst is shut for a whole period, and a chat message that comes a second
later waits for a minute although it is first in line. So patient classes are spread over the period, one request every
period ÷ limit: then something frees up every few seconds, and the urgent class, which goes first, takes it. Nothing is
lost by it in the long run, for each slot is used again a period after its last use, whenever that was.

But the first round costs: spreading it delays everything behind by up to one period, and on a short backlog that is
much. So how far it is spread depends on what is to be gained and what is to be lost:

- Has anybody more urgent come within the last `MEMORY` periods, the round is spread over the whole period.
- If not, it is spread over `PRICE` of the time that the backlog takes anyway: nothing for a handful of requests, the
  whole period for a flood of an hour. Should somebody urgent come meanwhile, the rest is spread fully from there.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence

from ratelimit.account import Account
from ratelimit.fair_queue import PATIENT, Priority
from ratelimit.limits import Cost
from ratelimit.signs import LONGEST_RHYTHM, MEMORY
from ratelimit.window import RollingWindow, Window

PRICE = 0.0125
"""The share of a backlog's own time by which it may be drawn out on the mere chance that somebody comes."""

SOON = 0.25
"""Seconds: the time of some journeys to a store."""


class Pacer:
    """When the next request of a patient class may go, for each lane of it."""

    __slots__ = ("_arrived", "_elsewhere", "_gaps", "_next")

    def __init__(self) -> None:
        self._arrived = [-math.inf for _ in Priority]  # when somebody of each class came last
        self._elsewhere: Sequence[tuple[int, float]] = ()
        self._next: dict[tuple[Priority, Hashable], float] = {}
        self._gaps: dict[tuple[Priority, Hashable], float] = {}  # between the last turn and the next

    def arrived(self, priority: Priority, now: float) -> None:
        self._arrived[priority] = now

    def heard(self, elsewhere: Sequence[tuple[int, float]]) -> None:
        """In other processes somebody of these classes came at these times: the last of each, in place of before."""
        self._elsewhere = elsewhere

    def expects(self, priority: Priority, now: float) -> bool:
        """Whether somebody more urgent came lately enough to matter in any rhythm."""
        return now - self._last_before(priority) < MEMORY * LONGEST_RHYTHM

    def opens_at(self, priority: Priority, lane: Hashable) -> float:
        """When this lane may have its next turn, as far as spacing goes."""
        return self._next.get((priority, lane), -math.inf)

    def turns_soon(self, priority: Priority, lane: Hashable, now: float) -> float:
        """How many permits a store may be asked for now; infinity where the lane is not spaced.

        What it had beyond its next turns it would keep from others. Where those are in other processes, it must not
        even have one for the next turn before that has come.
        """
        at = self.opens_at(priority, lane)
        if priority < PATIENT or (at <= now and not self.expects(priority, now)):
            return math.inf
        if at > now + SOON and any(other < priority for other, _ in self._elsewhere):
            return 0
        return 1 + max(0.0, now + SOON - max(at, now)) // self._gaps.get((priority, lane), math.inf)

    def went(
        self,
        priority: Priority,
        lane: Hashable,
        now: float,
        *,
        cost: Cost,
        windows: tuple[Window, ...],
        accounts: Sequence[Account],
        model: str | None,
        backlog: float,
    ) -> None:
        """One of this lane was granted a key of one of these accounts, and spends from these windows.

        The `backlog` is what still waits in the class, in limits of one account: 3.0 takes one account three periods.
        """
        slowest = _slowest(cost, windows)
        if slowest is None:
            return
        kept = slowest.kept
        slots = len(accounts) / _share(cost, slowest)  # of this size, in a period
        if now - self._last_before(priority) < MEMORY * kept:
            # Those elsewhere who have such work to do space it as well, and together they keep the rhythm.
            others = sum(other == priority and now - at < kept for other, at in self._elsewhere)
            gap = kept / slots * _pace(_spare(cost, accounts, model, now)) * (1 + others)
        else:
            gap = kept / slots * min(1.0, PRICE * (backlog / len(accounts) - 1))
        if gap > 0:
            if len(self._next) > 256:
                self._next = {key: at for key, at in self._next.items() if at > now}
                self._gaps = {key: self._gaps[key] for key in self._next}
            self._next[priority, lane] = now + gap
            self._gaps[priority, lane] = gap

    def _last_before(self, priority: Priority) -> float:
        """When somebody of a more urgent class came last."""
        elsewhere = (at for other, at in self._elsewhere if other < priority)
        return max(*self._arrived[:priority], *elsewhere)


def _pace(spare: float) -> float:
    """How wide the next gap is, as a multiple of an even one, with so many slots to spare.

    A slot to spare is lost if nobody takes it, so patient work speeds up. Where slots are missing, a stretch is ahead
    in which nothing comes free, because what is sent now comes free in a bunch as well: patient work slows down, which
    carries some over into that stretch, and levels it out for all periods to come. An even rhythm itself lacks up to
    one slot, the one that comes free next. Found by trying: steeper answers keep the urgent waiting less, and cost
    throughput (`benchmarks/pool/urgent.py`).
    """
    return 0.4 if spare >= 1 else min(3.0, max(1.0, -spare))


def _slowest(cost: Cost, windows: tuple[Window, ...]) -> RollingWindow | None:
    """The window whose rhythm for this cost is the slowest."""
    rolling = [window for window in windows if isinstance(window, RollingWindow) and window.kept < LONGEST_RHYTHM]
    limited = [window for window in rolling if _share(cost, window)]
    return max(limited, key=lambda window: _share(cost, window) * window.kept, default=None)


def _share(cost: Cost, window: RollingWindow) -> float:
    return max(cost.requests / window.max_requests, cost.tokens / window.max_tokens)


def _spare(cost: Cost, accounts: Sequence[Account], model: str | None, now: float) -> float:
    """How many slots of this size are free now beyond those that an even rhythm needs until others come free."""
    free, rhythm = 0.0, 0.0
    expiries: list[tuple[float, float]] = []
    for account in accounts:
        window = _slowest(cost, account.meter.current(model, now))
        if window is not None:
            share = _share(cost, window)
            free += (
                max(0.0, 1.0 - max(window.requests / window.max_requests, window.tokens / window.max_tokens)) / share
            )
            rhythm += 1 / (share * window.kept)
            expiries += [(at, part / share) for at, part in window.expiries()]
    needed, freed = 0.0, 0.0
    for at, slot in sorted(expiries):
        needed = max(needed, (at - now) * rhythm - freed)
        freed += slot
    return free - needed
