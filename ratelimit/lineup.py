"""The accounts that can serve a model now, the best first: kept in order, so that no choice looks at all of them.

A heap of standings. Whatever changes an account (a grant, a return, a refusal) makes it stale, and stale ones are
placed anew before the next look. What time changes is known beforehand, and stands in a second heap, the alarms.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from heapq import heappop, heappush
from itertools import count

from ratelimit.account import Account


class Lineup:
    """Of one model (`None`: of requests that name none)."""

    __slots__ = ("_alarms", "_heap", "_numbers", "_places", "_sweep_at", "_wakes", "model", "stale")

    def __init__(self, model: str | None, accounts: Iterable[Account]) -> None:
        self.model = model
        self.stale = dict.fromkeys(accounts)  # in the order of their changes
        self._heap: list[tuple[tuple[bool, float, int, int], int, Account]] = []
        self._places: dict[Account, int] = {}  # the number of the entry in the heap that counts
        self._alarms: list[tuple[float, int, Account]] = []
        self._wakes: dict[Account, float] = {}  # the soonest alarm of each
        self._numbers = count()
        self._sweep_at = 64

    def refresh(self, now: float) -> None:
        """Place anew whoever changed by now."""
        alarms, stale = self._alarms, self.stale
        while alarms and alarms[0][0] <= now:
            at, _, account = heappop(alarms)
            if self._wakes.get(account) == at:
                del self._wakes[account]
            stale[account] = None
        if stale:
            for account in stale:
                self._place(account, now)
            stale.clear()
            if len(self._heap) > self._sweep_at:
                self._heap = [entry for entry in self._heap if self._places.get(entry[2]) == entry[1]]
                self._heap.sort()  # a sorted list is a heap
                self._sweep_at = 2 * len(self._heap) + 64

    def best(self) -> Account | None:
        """The first; `None` if none can serve anything. Ask after `refresh`."""
        heap = self._heap
        while heap:
            _, number, account = heap[0]
            if self._places.get(account) == number:
                return account
            heappop(heap)
        return None

    def in_order(self) -> Iterator[Account]:
        """All who can serve something, the best first. Looking at the first few costs no more than a few."""
        passed = []
        try:
            while (account := self.best()) is not None:
                passed.append(heappop(self._heap))
                yield account
        finally:
            for entry in passed:
                heappush(self._heap, entry)

    def next_change(self) -> float:
        """When time may next change anything; infinity if it will not. Ask after `refresh`."""
        return self._alarms[0][0] if self._alarms else math.inf

    def _place(self, account: Account, now: float) -> None:
        standing = account.standing(self.model, now)
        if standing is None:
            self._places.pop(account, None)
        else:
            number = next(self._numbers)
            self._places[account] = number
            heappush(self._heap, (standing, number, account))
        at = account.next_change(self.model, now)
        if at < self._wakes.get(account, math.inf):
            self._wakes[account] = at
            heappush(self._alarms, (at, account.number, account))
