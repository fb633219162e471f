"""Spacing: work that can wait leaves gaps for work that cannot.

An exact window that patient work burns in one burst is shut for a whole period, and a chat message that comes a second
later waits for a minute although it is first in line. So patient classes are spread over the period, one request every
period ÷ limit: then something frees up every few seconds, and the urgent class, which goes first, takes it. Nothing is
lost by it in the long run, for each slot is used again a period after its last use, whenever that was.

But the first round costs: spreading it delays everything behind by up to one period, and on a short backlog that is
much. So how far it is spread depends on what is to be gained and what is to be lost:

- Has anybody more urgent come within the last `MEMORY` periods, the round is spread over the whole period.
- If not, it is spread over `PRICE` of the time that the backlog takes anyway: nothing for a handful of requests, the
  whole period for a flood of sixty of them. Should somebody urgent come meanwhile, the rest is spread fully from there.

What one limit binds keeps one rhythm: all models that the account's limit holds back go by turns. With a rhythm for
each, so many would go at once and burn the window together, and whoever asks for more models would have more turns.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeAlias

from ratelimit.account import Account
from ratelimit.fair_queue import PATIENT, Priority
from ratelimit.limits import Cost
from ratelimit.roster import Target
from ratelimit.signs import LONGEST_RHYTHM, MEMORY
from ratelimit.window import RollingWindow, Window

PRICE = 0.019
"""The share of a backlog's own time by which it may be drawn out on the mere chance that somebody comes. At this one a
flood of three quarters of an hour is spread over most of a minute from its start, and ten windows take 1.027 times as
long."""

RESERVE = 0.45
"""Slots that spaced work keeps back beyond an even rhythm, for two who are urgent at once. Of 45 a minute that leaves
less than a hundredth idle, and takes half a second off their longest waits."""

SOON = 0.25
"""Seconds: the time of some journeys to a store."""

NEVER_SPACED = (-math.inf, math.inf)

_Rhythm: TypeAlias = tuple[Priority, str | None, str | None, str | None]
"""A class, the account and the key that are asked for, and the model: `None` for what an account's own limits bind."""


class Pacer:
    """When the next request of a patient class may go.

    Attributes:
        arrived_at: when somebody of each class came last; to be kept by whoever lets them in.
    """

    __slots__ = ("_elsewhere", "_rhythms", "arrived_at")

    def __init__(self) -> None:
        self.arrived_at = [-math.inf for _ in Priority]
        self._elsewhere: Sequence[tuple[int, float]] = ()
        self._rhythms: dict[_Rhythm, tuple[float, float]] = {}  # when the next one may go, and the gap before it

    def heard(self, elsewhere: Sequence[tuple[int, float]]) -> None:
        """In other processes somebody of these classes came at these times: the last of each, in place of before."""
        self._elsewhere = elsewhere

    def expects(self, priority: Priority, now: float) -> bool:
        """Whether somebody more urgent came lately enough to matter in any rhythm."""
        return now - self._last_before(priority) < MEMORY * LONGEST_RHYTHM

    def opens_at(self, priority: Priority, target: Target) -> float:
        """When the next one with this target may have a turn, as far as spacing goes."""
        return self._turn(priority, target)[0]

    def forget(self) -> None:
        """Other limits hold: let there be other rhythms."""
        self._rhythms.clear()

    def turns_soon(self, priority: Priority, target: Target, now: float) -> float:
        """How many permits a store may be asked for now; infinity where such work is not spaced.

        What it had beyond its next turns it would keep from others. Where those are in other processes, it must not
        even have one for the next turn before that has come.
        """
        at, gap = self._turn(priority, target)
        if priority < PATIENT or (at <= now and not self.expects(priority, now)):
            return math.inf
        if at > now + SOON and any(other < priority for other, _ in self._elsewhere):
            return 0
        return 1 + max(0.0, now + SOON - max(at, now)) // gap

    def went(
        self,
        priority: Priority,
        target: Target,
        now: float,
        *,
        cost: Cost,
        windows: Sequence[Window],
        shared: Sequence[Window],
        accounts: Sequence[Account],
        backlog: float,
    ) -> None:
        """One with this target was granted a key of one of these accounts, and spends from these windows.

        Those `shared` by all models are the first of them.

        The `backlog` is what still waits in the class, in limits of one account: 3.0 takes one account three periods.
        """
        gap = self.gap(priority, cost, windows, len(accounts), backlog, now)
        slowest = _slowest(cost, windows)
        if gap > 0 and slowest is not None:
            if now - self._last_before(priority) < MEMORY * slowest.kept:
                # Those elsewhere who have such work to do space it as well, and together they keep the rhythm.
                others = sum(other == priority and now - at < slowest.kept for other, at in self._elsewhere)
                gap *= _pace(_spare(cost, accounts, target.model, now)) * (1 + others)
            if len(self._rhythms) > 256:
                self._rhythms = {rhythm: turn for rhythm, turn in self._rhythms.items() if turn[0] > now}
            rhythm = _rhythm(priority, target, None if slowest in shared else target.model)
            self._rhythms[rhythm] = (now + gap, gap)

    def _turn(self, priority: Priority, target: Target) -> tuple[float, float]:
        """The later of those in the rhythm of the account's limits and in that of the model's own."""
        turn = self._rhythms.get(_rhythm(priority, target, None), NEVER_SPACED)
        if target.model is None:
            return turn
        return max(turn, self._rhythms.get(_rhythm(priority, target, target.model), NEVER_SPACED))

    def gap(
        self, priority: Priority, cost: Cost, windows: Sequence[Window], accounts: int, backlog: float, now: float
    ) -> float:
        """How much later the next one goes in an even rhythm; 0 where there is none."""
        slowest = _slowest(cost, windows)
        if slowest is None:
            return 0.0
        even = slowest.kept * _share(cost, slowest) / accounts  # so many, of this size, fill a period
        if now - self._last_before(priority) < MEMORY * slowest.kept:
            return even
        return even * max(0.0, min(1.0, PRICE * (backlog / accounts - 1)))

    def _last_before(self, priority: Priority) -> float:
        """When somebody of a more urgent class came last."""
        elsewhere = (at for other, at in self._elsewhere if other < priority)
        return max(*self.arrived_at[:priority], *elsewhere)


def _rhythm(priority: Priority, target: Target, model: str | None) -> _Rhythm:
    return (priority, target.account, target.key_id, model)


def _pace(spare: float) -> float:
    """How wide the next gap is, as a multiple of an even one, with so many slots to spare.

    A slot to spare is lost if nobody takes it, so patient work speeds up. Where slots are missing, a stretch is ahead
    in which nothing comes free, because what is sent now comes free in a bunch as well: patient work slows down, which
    carries some over into that stretch, and levels it out for all periods to come. An even rhythm itself lacks up to
    one slot, the one that comes free next. Found by trying: steeper answers keep the urgent waiting less, and cost
    throughput (`benchmarks/pool/urgent.py`).
    """
    return 0.4 if spare >= 1 else min(3.0, max(1.0, -spare))


def _slowest(cost: Cost, windows: Sequence[Window]) -> RollingWindow | None:
    """The window whose rhythm for this cost is the slowest."""
    rolling = [window for window in windows if isinstance(window, RollingWindow) and window.kept < LONGEST_RHYTHM]
    limited = [window for window in rolling if _share(cost, window)]
    return max(limited, key=lambda window: _share(cost, window) * window.kept, default=None)


def _share(cost: Cost, window: RollingWindow) -> float:
    return window.share(cost.requests, cost.tokens)


def _spare(cost: Cost, accounts: Sequence[Account], model: str | None, now: float) -> float:
    """How many slots of this size are free now beyond those that an even rhythm needs until others come free.

    Slots that are lent and not sent take no part in the rhythm: when they come free is not known, and until then the
    others alone cannot keep up with all.
    """
    free, rhythm = 0.0, 0.0
    expiries: list[tuple[float, float]] = []
    for account in accounts:
        window = _slowest(cost, account.meter.current(model, now))
        if window is not None:
            share = _share(cost, window)
            left = max(0.0, 1.0 - window.share(window.requests, window.tokens))
            coming = window.expiries()
            free += left / share
            rhythm += min(1.0, left + sum(part for _, part in coming)) / (share * window.kept)
            expiries += [(at, part / share) for at, part in coming]
    needed, freed = 0.0, 0.0
    for at, slot in sorted(expiries):
        needed = max(needed, (at - now) * rhythm - freed)
        freed += slot
    return free - needed - RESERVE
