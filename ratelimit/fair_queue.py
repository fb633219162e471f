"""Who is next: a pure data structure. It knows no keys, no loop and no clock; `now` is passed in.

Order, from the outside in:

1. *Class.* A higher `Priority` goes before a lower one, except that a class which has waited `patience` seconds
   without a turn gets the next one. That is ageing by class. Ageing single entries instead would undo fairness: the
   flood of one user ages as a whole and would overtake everybody who came after it.
2. *User*, within a class: start-time fair queueing (Goyal, Vin, Cheng 1996), which stays fair however much the
   server's speed varies. Every user carries a tag, the virtual time at which their next entry starts; the lowest tag
   is served, and then grows by cost ÷ weight. The class's virtual time is the tag served last, and whoever begins to
   wait starts no earlier than that: nobody saves up turns by being away.
3. *Arrival*, within a user, and between users with equal tags.
"""

from __future__ import annotations

import heapq
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import count
from typing import Generic, TypeVar

Item = TypeVar("Item", bound=Hashable)


class Priority(IntEnum):
    """Classes of work, the first served first."""

    HIGH = 0  # analysis of a video: somebody looks at an empty thread
    MEDIUM = 1  # chat
    GENERATION = 2  # the film itself
    LOW = 3  # plan updates, background


@dataclass(slots=True, eq=False)
class _Entry(Generic[Item]):
    item: Item
    user: str
    priority: Priority
    charge: float  # cost ÷ weight
    number: int  # of arrival


@dataclass(slots=True, eq=False)
class _User(Generic[Item]):
    """One user within one class; `tag` is the virtual time at which their next entry starts."""

    tag: float
    entries: dict[Item, _Entry[Item]] = field(default_factory=dict)  # in order of arrival

    def head(self) -> _Entry[Item]:
        return next(iter(self.entries.values()))


class _Class(Generic[Item]):
    """The users of one priority.

    `_heap` holds (tag, number of the head, user) for every waiting user. A change pushes a new triple; the one it
    replaces is stale, recognised when it comes up, dropped from the top, and swept out when there are too many.
    """

    __slots__ = ("_heap", "_sweep_at", "_users", "_virtual_time", "length", "unserved_since")

    def __init__(self) -> None:
        self._users: dict[str, _User[Item]] = {}
        self._heap: list[tuple[float, int, str]] = []
        self._sweep_at = 64
        self._virtual_time = 0.0
        self.length = 0
        self.unserved_since = 0.0

    def push(self, entry: _Entry[Item], now: float) -> None:
        if not self.length:
            self.unserved_since = now
        self.length += 1
        user = self._users.setdefault(entry.user, _User(self._virtual_time))
        user.entries[entry.item] = entry
        if len(user.entries) == 1:
            user.tag = max(user.tag, self._virtual_time)
            self._announce(entry.user, user)

    def take(self, entry: _Entry[Item], now: float) -> None:
        """Serve an entry: charge its user, and move the virtual time on."""
        user = self._users[entry.user]
        self._virtual_time = max(self._virtual_time, user.tag)
        user.tag += entry.charge
        self.unserved_since = now
        self._drop(entry, user)

    def remove(self, entry: _Entry[Item]) -> None:
        """Forget an entry; it costs its user nothing."""
        self._drop(entry, self._users[entry.user])

    def in_order(self) -> Iterator[_Entry[Item]]:
        heap = self._heap.copy()  # a copy of a heap is a heap
        walks: dict[str, Iterator[_Entry[Item]]] = {}
        coming: dict[str, _Entry[Item]] = {}  # the entry each walk stands at, once its user's head was seen
        while heap:
            tag, number, name = heapq.heappop(heap)
            if name in walks:
                if name not in coming or coming[name].number != number:
                    continue
                entry = coming.pop(name)
            elif self._is_current(tag, number, name):
                walks[name] = iter(self._users[name].entries.values())
                entry = next(walks[name])
            else:
                continue
            following = next(walks[name], None)
            if following is not None:
                coming[name] = following
                heapq.heappush(heap, (tag + entry.charge, following.number, name))
            yield entry

    def _drop(self, entry: _Entry[Item], user: _User[Item]) -> None:
        del user.entries[entry.item]
        self.length -= 1
        if not self.length:
            # Nobody waits, so what was served harmed nobody: forget the tags, and with them the users.
            self._users.clear()
            self._heap.clear()
            self._virtual_time = 0.0
            return
        if user.entries:
            self._announce(entry.user, user)
        while not self._is_current(*self._heap[0]):  # or every walk would begin with those served long ago
            heapq.heappop(self._heap)

    def _announce(self, name: str, user: _User[Item]) -> None:
        heapq.heappush(self._heap, (user.tag, user.head().number, name))
        if len(self._heap) > self._sweep_at:
            self._users = {n: u for n, u in self._users.items() if u.entries or u.tag > self._virtual_time}
            self._heap = [(u.tag, u.head().number, n) for n, u in self._users.items() if u.entries]
            heapq.heapify(self._heap)
            self._sweep_at = 2 * len(self._heap) + 64

    def _is_current(self, tag: float, number: int, name: str) -> bool:
        user = self._users.get(name)
        return user is not None and bool(user.entries) and (user.tag, user.head().number) == (tag, number)


class FairQueue(Generic[Item]):
    """Items that wait for a turn, each with a user and a class; see the module for the order.

        queue = FairQueue[str]()
        queue.push(production.id, user=production.user_id, priority=Priority.GENERATION, cost=3, now=now)
        queue.position(production.id, now)  # 1 is next
        next_id = queue.pop(now)

    `take` and `pop` serve an item and charge its user; `remove` forgets one that no longer waits, free of charge.
    Taking one that is not first is allowed: that is how a waiter who cannot be served now is passed over without
    losing its place. Times are seconds on any one clock that never runs backwards.

    Args:
        patience: seconds after which a class that got no turn is given one before all others.
    """

    def __init__(self, *, patience: float = 60.0) -> None:
        self._patience = patience
        self._classes: dict[Priority, _Class[Item]] = {priority: _Class() for priority in Priority}
        self._entries: dict[Item, _Entry[Item]] = {}
        self._arrivals = count()

    def push(
        self, item: Item, *, user: str, priority: Priority, cost: float = 1.0, weight: float = 1.0, now: float
    ) -> None:
        """Let `item` wait. A user of `weight` 2 gets twice the share. Raises `ValueError` if it waits already."""
        if item in self._entries:
            raise ValueError(f"{item!r} waits already")
        if cost <= 0 or weight <= 0:
            raise ValueError(f"cost and weight are positive: {cost=}, {weight=}")
        entry = _Entry(item, user, priority, cost / weight, next(self._arrivals))
        self._entries[item] = entry
        self._classes[priority].push(entry, now)

    def pop(self, now: float) -> Item:
        """Serve the next item. Raises `IndexError` when nobody waits."""
        for item in self.in_order(now):
            self.take(item, now)
            return item
        raise IndexError("nobody waits")

    def take(self, item: Item, now: float) -> None:
        """Serve this item, wherever it stands. Raises `KeyError` if it does not wait."""
        entry = self._entries.pop(item)
        self._classes[entry.priority].take(entry, now)

    def remove(self, item: Item) -> bool:
        """Forget this item; `False` if it did not wait."""
        entry = self._entries.pop(item, None)
        if entry is None:
            return False
        self._classes[entry.priority].remove(entry)
        return True

    def in_order(self, now: float) -> Iterator[Item]:
        """Who would be served, one after another, if all were served now. Start anew after every change."""
        waiting = [(priority, line) for priority, line in self._classes.items() if line.length]
        waiting.sort(key=lambda pair: (now - pair[1].unserved_since < self._patience, pair[0]))
        for _, line in waiting:
            for entry in line.in_order():
                yield entry.item

    def position(self, item: Item, now: float) -> int:
        """The place in line, 1 for the next one. Raises `KeyError` if it does not wait. Linear in the place."""
        if item not in self._entries:
            raise KeyError(item)
        return next(place for place, other in enumerate(self.in_order(now), start=1) if other == item)

    def waiting(self) -> dict[Priority, int]:
        """How many wait, by class."""
        return {priority: line.length for priority, line in self._classes.items()}

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, item: object) -> bool:
        return item in self._entries

    def __repr__(self) -> str:
        lines = ", ".join(f"{length} {priority.name.lower()}" for priority, length in self.waiting().items() if length)
        return f"<FairQueue: {lines or 'nobody waits'}>"
