"""Who is next: a pure data structure. It knows no keys, no loop and no clock; `now` is passed in.

Order, from the outside in:

1. *Class.* A higher `Priority` goes before a lower one, except that a class which has waited `patience` seconds
   without a turn gets the next one; of several, the one that has waited longest. That is ageing by class. Ageing single
   entries instead would undo fairness: the flood of one user ages as a whole and would overtake everybody who came
   after it.
2. *User*, within a class: whoever had least of it, by cost ÷ weight, goes next (`ratelimit.fair_share`).
3. *Arrival*, within a user, and between users who had the same.

Entries may stand in *lanes*. Where the first of a lane cannot be served, neither can those behind it as a rule, and
another lane's first may be: `heads` finds those without a walk over everybody. Order is one over all lanes.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Hashable, Iterator
from enum import IntEnum
from functools import partial
from itertools import count
from typing import Generic

from ratelimit.fair_share import Entry, Item, Share


class Priority(IntEnum):
    """Classes of work, the first served first."""

    HIGH = 0  # analysis of a video: somebody looks at an empty thread
    MEDIUM = 1  # chat
    GENERATION = 2  # the film itself
    LOW = 3  # plan updates, background


PATIENT = Priority.GENERATION
"""The first of the classes that can wait, and are spaced. In those above somebody looks at the screen."""


class FairQueue(Generic[Item]):
    """Items that wait for a turn, each with a user and a class; see the module for the order.

        queue = FairQueue[str]()
        queue.push(production.id, user=production.user_id, priority=Priority.GENERATION, cost=3, now=now)
        queue.position(production.id, now)  # 1 is next
        next_id = queue.pop(now)

    `take` and `pop` serve an item and charge its user; `remove` forgets one that no longer waits, free of charge.
    Taking one that is not first is allowed: that is how a waiter who cannot be served now is passed over without
    losing its place. Times are seconds on any one clock that never runs backwards. Iterators are of the moment: after
    a change, start anew.

    Args:
        patience: seconds after which a class that got no turn is given one before all others.

    Attributes:
        entries: those who wait, by item, in order of arrival; for looking only. Truth is asked of it with every lease.
    """

    def __init__(self, *, patience: float = 60.0) -> None:
        self._patience = patience
        self._classes: dict[Priority, Share[Item]] = {priority: Share() for priority in Priority}
        self.entries: dict[Item, Entry[Item]] = {}
        self._arrivals = count()

    def push(
        self,
        item: Item,
        *,
        user: str,
        priority: Priority,
        cost: float = 1.0,
        weight: float = 1.0,
        lane: Hashable = None,
        now: float,
    ) -> None:
        """Let `item` wait. A user of `weight` 2 gets twice the share. Raises `ValueError` if it waits already."""
        if item in self.entries:
            raise ValueError(f"{item!r} waits already")
        if cost <= 0 or weight <= 0:
            raise ValueError(f"cost and weight are positive: {cost=}, {weight=}")
        of_class = self._classes[priority]
        entry = Entry(
            item,
            of_class.row(user, lane),
            priority,
            cost,
            cost if weight == 1 else cost / weight,
            next(self._arrivals),
        )
        self.entries[item] = entry
        of_class.push(entry, now)

    def pop(self, now: float) -> Item:
        """Serve the next item. Raises `IndexError` when nobody waits."""
        for item in self.heads(now):
            self.take(item, now)
            return item
        raise IndexError("nobody waits")

    def take(self, item: Item, now: float) -> None:
        """Serve this item, wherever it stands. Raises `KeyError` if it does not wait."""
        entry = self.entries.pop(item)
        self._classes[entry.priority].take(entry, now)

    def remove(self, item: Item) -> bool:
        """Forget this item; `False` if it did not wait."""
        entry = self.entries.pop(item, None)
        if entry is None:
            return False
        self._classes[entry.priority].remove(entry)
        return True

    def heads(self, now: float) -> Iterator[Item]:
        """The first of every lane of every class, in order."""
        for _, of_class in self._in_turn(now):
            for _, _, lane in of_class.lanes():
                top = lane.top()
                assert top is not None
                assert top[2].first is not None
                yield top[2].first.item

    def behind(self, item: Item) -> Iterator[Item]:
        """Who else is first of the other users in the lane and class of this item, in order."""
        for entry in self.entries[item].row.lane.firsts():
            if entry.item != item:
                yield entry.item

    def in_order(self, now: float, most: Callable[[Priority, Hashable], float] = lambda *_: math.inf) -> Iterator[Item]:
        """Who would be served, one after another, if all were served now; of a lane, so many at `most`."""
        for priority, of_class in self._in_turn(now):
            for entry in of_class.in_order(partial(most, priority)):
                yield entry.item

    def position(self, item: Item, now: float) -> int:
        """The place in line, 1 for the next one. Raises `KeyError` if it does not wait. Linear in the place."""
        if item not in self.entries:
            raise KeyError(item)
        return next(place for place, other in enumerate(self.in_order(now), start=1) if other == item)

    def most_urgent(self) -> Priority | None:
        """The highest class in which somebody waits."""
        return next((priority for priority, of_class in self._classes.items() if of_class.length), None)

    def overdue_at(self, priority: Priority) -> float:
        """When a class that had no turn until then gets one."""
        return self._classes[priority].unserved_since + self._patience

    def waiting(self) -> dict[Priority, int]:
        """How many wait, by class."""
        return {priority: of_class.length for priority, of_class in self._classes.items()}

    def longest_waiting(self) -> dict[Priority, Item]:
        """Who came first of those who wait, by class; without the classes in which nobody does."""
        missing = {priority for priority, of_class in self._classes.items() if of_class.length}
        found = {}
        for item, entry in self.entries.items():  # in order of arrival
            if not missing:
                break
            if entry.priority in missing:
                missing.remove(entry.priority)
                found[entry.priority] = item
        return found

    def cost_waiting(self, priority: Priority) -> float:
        """What all who wait in a class cost together."""
        return self._classes[priority].cost

    def by_user(self) -> dict[tuple[Priority, str], int]:
        """How many wait, by class and user."""
        return Counter((entry.priority, entry.row.user.name) for entry in self.entries.values())

    def _in_turn(self, now: float) -> list[tuple[Priority, Share[Item]]]:
        waiting = [pair for pair in self._classes.items() if pair[1].length]  # by priority, as equals stay
        if len(waiting) > 1:
            waiting.sort(key=lambda pair: pair[1].overdue_since(now - self._patience))
        return waiting

    def __len__(self) -> int:
        return len(self.entries)

    def __contains__(self, item: object) -> bool:
        return item in self.entries

    def __repr__(self) -> str:
        lines = ", ".join(f"{length} {priority.name.lower()}" for priority, length in self.waiting().items() if length)
        return f"<FairQueue: {lines or 'nobody waits'}>"
