"""Clips under way: when one starts, how far it is, when it ends. Time is computed on looking, so nothing ticks."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from math import inf

from sandbox.providers.faults import ContentRefused, Fate, NeverEnds
from sandbox.providers.film import Clip

#: The part of a clip's time for which it is accepted but not begun.
PENDING_SHARE = 0.1
#: A refused clip ends early, at this part of its time.
REFUSED_SHARE = 0.4


class Phase(StrEnum):
    PENDING = "pending"
    THROTTLED = "throttled"
    RUNNING = "running"
    ENDED = "ended"
    CANCELLED = "cancelled"


@dataclass(slots=True, kw_only=True)
class Order:
    """One accepted clip. `price` is in the service's own unit; `fate` is `None` where it simply succeeds."""

    id: str
    account: str
    model: str
    clip: Clip
    price: int
    created_at: float
    pace: float
    fate: Fate | None = None
    cancelled: bool = False
    started_at: float | None = None

    @property
    def ends_at(self) -> float:
        """Unix seconds; `inf` while it has not started, or never ends."""
        if self.started_at is None or isinstance(self.fate, NeverEnds):
            return inf
        share = REFUSED_SHARE if isinstance(self.fate, ContentRefused) else 1.0
        return self.started_at + self.pace * share

    def phase(self, now: float) -> Phase:
        if self.cancelled:
            return Phase.CANCELLED
        if self.started_at is None:
            return Phase.THROTTLED
        if now >= self.ends_at:
            return Phase.ENDED
        return Phase.PENDING if now < self.started_at + self.pace * PENDING_SHARE else Phase.RUNNING

    def progress(self, now: float) -> float:
        """0..1 of the running part; one that never ends stays just short of the end."""
        if self.started_at is None or self.pace <= 0:
            return 0.0
        share = (now - self.started_at) / self.pace
        return min(0.99, max(0.0, (share - PENDING_SHARE) / (1 - PENDING_SHARE)))


class Line:
    """The operations of one account and model: `room` run at once, the others wait their turn. `None` is no bound."""

    def __init__(self, room: int | None) -> None:
        self.room = room
        self._running: list[Order] = []
        self._waiting: deque[Order] = deque()

    def join(self, order: Order) -> None:
        self._waiting.append(order)

    def advance(self, now: float) -> None:
        """Start whatever had room by `now`, each at the moment its room came free."""
        while self._waiting:
            order = self._waiting[0]
            starts_at = order.created_at
            if self.room is not None and len(self._running) >= self.room:
                first = min(self._running, key=lambda running: running.ends_at)
                if first.ends_at > now:
                    return
                self._running.remove(first)
                starts_at = max(starts_at, first.ends_at)
            self._waiting.popleft()
            order.started_at = starts_at
            self._running.append(order)

    def cancel(self, order: Order) -> None:
        order.cancelled = True
        if order in self._waiting:
            self._waiting.remove(order)
        if order in self._running:
            self._running.remove(order)
