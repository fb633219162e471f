"""What a pool has done since it began: numbers that only grow, for graphs and alarms."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field

from ratelimit.fair_queue import Priority
from ratelimit.verdicts import Verdict

WAITS = (0.0, 0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0)
"""Seconds: the upper bounds of the buckets in which waits are counted; there is one more for all beyond."""


@dataclass(slots=True)
class Waits:
    """How long those of one class waited: `buckets[i]` of them at most `WAITS[i]`, and longer than the bound before."""

    count: int = 0
    seconds: float = 0.0
    buckets: list[int] = field(default_factory=lambda: [0] * (len(WAITS) + 1))

    def add(self, seconds: float) -> None:
        self.count += 1
        if seconds:
            self.seconds += seconds
            self.buckets[bisect_left(WAITS, seconds)] += 1
        else:
            self.buckets[0] += 1

    def since(self, earlier: Waits) -> Waits:
        """Those that came after `earlier`, which these were at some time."""
        buckets = [now - then for now, then in zip(self.buckets, earlier.buckets, strict=True)]
        return Waits(self.count - earlier.count, self.seconds - earlier.seconds, buckets)

    def and_those(self, others: Waits) -> Waits:
        """All of both."""
        buckets = [ours + theirs for ours, theirs in zip(self.buckets, others.buckets, strict=True)]
        return Waits(self.count + others.count, self.seconds + others.seconds, buckets)

    def within(self, share: float) -> float | None:
        """The seconds that this share of them waited at most, as near as the buckets tell; `None` where nobody did."""
        left = share * self.count
        for lower, upper, number in zip((0.0, *WAITS), (*WAITS, WAITS[-1]), self.buckets, strict=True):
            if number and left <= number:
                return lower + (upper - lower) * left / number
            left -= number
        return WAITS[-1] if self.count else None


@dataclass(slots=True)
class Counters:
    """Of one pool.

    Attributes:
        waits: of those who were granted a key; a class is an index: `waits[Priority.HIGH]`.
        timeouts: who gave up after `max_wait`, by class.
        cancellations: who was cancelled while waiting, by class.
        verdicts: by the id of the key and the name of the verdict, "Throttled".
    """

    waits: list[Waits] = field(default_factory=lambda: [Waits() for _ in Priority])
    timeouts: Counter[Priority] = field(default_factory=Counter)
    cancellations: Counter[Priority] = field(default_factory=Counter)
    verdicts: Counter[tuple[str, str]] = field(default_factory=Counter)

    def timed_out(self, priority: Priority) -> None:
        self.timeouts[priority] += 1

    def cancelled(self, priority: Priority) -> None:
        self.cancellations[priority] += 1

    def learned(self, key_id: str, verdict: Verdict) -> None:
        self.verdicts[key_id, type(verdict).__name__] += 1
