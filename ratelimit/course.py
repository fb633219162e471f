"""How windows and rooms go on from here, if this one and that one go then: for foretelling, and changes nothing."""

from __future__ import annotations

import math
from bisect import insort
from collections.abc import Callable, Iterable

from ratelimit.limits import Cost


class Course:
    """What is free in one window, and what comes free in it, and when; things go in order, each no earlier than those
    before it.

    Args:
        requests, tokens: that are free now.
        coming: when so many requests and tokens come free, soonest first.
        back: when what goes at a time comes free again.
    """

    __slots__ = ("_at", "_back", "_coming", "_requests", "_tokens")

    def __init__(
        self,
        requests: float,
        tokens: float,
        coming: Iterable[tuple[float, int, int]],
        back: Callable[[float], float],
    ) -> None:
        self._requests = requests
        self._tokens = tokens
        self._coming = list(coming)
        self._back = back
        self._at = -math.inf

    def earliest(self, cost: Cost, at: float) -> float:
        """When the cost fits, not before `at`; infinity if never."""
        requests, tokens = cost.requests - self._requests, cost.tokens - self._tokens
        at = max(at, self._at)
        for comes_at, more_requests, more_tokens in self._coming:
            if requests <= 0 and tokens <= 0:
                break
            requests -= more_requests
            tokens -= more_tokens
            at = max(at, comes_at)
        return at if requests <= 0 and tokens <= 0 else math.inf

    def take(self, cost: Cost, at: float) -> None:
        """It goes then."""
        self._at = at
        come = 0
        for comes_at, requests, tokens in self._coming:
            if comes_at > at:
                break
            self._requests += requests
            self._tokens += tokens
            come += 1
        del self._coming[:come]
        self._requests -= cost.requests
        self._tokens -= cost.tokens
        insort(self._coming, (self._back(at), cost.requests, cost.tokens))


class Seats:
    """A room, and when those in it leave: infinity where nobody knows."""

    __slots__ = ("_ends", "_room")

    def __init__(self, room: int, ends: Iterable[float]) -> None:
        self._room = room
        self._ends = sorted(ends)

    def earliest(self, at: float) -> float:
        """When there is room for one more, not before `at`; infinity if nobody knows."""
        if not self._room:
            return math.inf
        beyond = len(self._ends) - self._room
        return at if beyond < 0 else max(at, self._ends[beyond])

    def take(self, at: float, until: float) -> None:
        """One more is in it from then until then."""
        self._ends = [end for end in self._ends if end > at]
        insort(self._ends, until)
