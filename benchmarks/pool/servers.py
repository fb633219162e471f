"""Providers that count for themselves, by arrival: the three things that "N per minute" may mean."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Callable
from typing import Protocol


class Server(Protocol):
    """Refuses what is beyond the limit of an account. What it refuses does not count."""

    def admits(self, account: str, at: float) -> bool:
        """Whether a request that arrives at `at` is served; times never run backwards."""
        ...


class SlidingWindow:
    """At most `limit` in *every* stretch of `period` seconds. `limits` names accounts that have others."""

    def __init__(self, limit: int, period: float, limits: dict[str, int] | None = None) -> None:
        self._limit = limit
        self._period = period
        self._limits = limits or {}
        self._arrivals: dict[str, deque[float]] = defaultdict(deque)

    def admits(self, account: str, at: float) -> bool:
        arrivals = self._arrivals[account]
        while arrivals and arrivals[0] <= at - self._period:
            arrivals.popleft()
        if len(arrivals) >= self._limits.get(account, self._limit):
            return False
        arrivals.append(at)
        return True


class AlignedMinute:
    """At most `limit` in every period that begins on a multiple of it, plus `phase`: a clock's own minutes."""

    def __init__(self, limit: int, period: float, phase: float = 0.0) -> None:
        self._limit = limit
        self._period = period
        self._phase = phase
        self._counts: dict[tuple[str, int], int] = defaultdict(int)

    def admits(self, account: str, at: float) -> bool:
        window = (account, int((at + self._phase) // self._period))
        if self._counts[window] >= self._limit:
            return False
        self._counts[window] += 1
        return True


class TokenBucket:
    """A bucket of `limit` that fills up evenly, `limit` in each period."""

    def __init__(self, limit: int, period: float) -> None:
        self._limit = limit
        self._rate = limit / period
        self._buckets: dict[str, tuple[float, float]] = {}

    def admits(self, account: str, at: float) -> bool:
        level, since = self._buckets.get(account, (float(self._limit), at))
        level = min(self._limit, level + (at - since) * self._rate)
        if level < 1 - 1e-9:
            self._buckets[account] = (level, at)
            return False
        self._buckets[account] = (level - 1, at)
        return True


SERVERS: dict[str, Callable[[int, float], Server]] = {
    "sliding window": SlidingWindow,
    "aligned minute": lambda limit, period: AlignedMinute(limit, period, phase=17.0),
    "token bucket": TokenBucket,
}
