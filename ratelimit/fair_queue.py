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

Entries may stand in *lanes*. Where the first of a lane cannot be served, neither can those behind it as a rule, and
another lane's first may be: `heads` finds those without a walk over everybody. Order is one over all lanes.
"""

from __future__ import annotations

import heapq
import math
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping
from enum import IntEnum
from functools import partial
from itertools import count
from typing import Generic, TypeVar

Item = TypeVar("Item", bound=Hashable)


class Priority(IntEnum):
    """Classes of work, the first served first."""

    HIGH = 0  # analysis of a video: somebody looks at an empty thread
    MEDIUM = 1  # chat
    GENERATION = 2  # the film itself
    LOW = 3  # plan updates, background


PATIENT = Priority.GENERATION
"""The first of the classes that can wait, and are spaced. In those above somebody looks at the screen."""


class _Entry(Generic[Item]):
    """Somebody who waits; linked to those before and behind in the line."""

    __slots__ = ("after", "before", "charge", "cost", "item", "line", "number", "priority")

    def __init__(
        self, item: Item, line: _Line[Item], priority: Priority, cost: float, charge: float, number: int
    ) -> None:
        self.item = item
        self.line = line
        self.priority = priority
        self.cost = cost
        self.charge = charge  # cost ÷ weight
        self.number = number  # of arrival
        self.before: _Entry[Item] | None = None
        self.after: _Entry[Item] | None = None


class _User(Generic[Item]):
    """One user within one class; `tag` is the virtual time at which their next entry starts."""

    __slots__ = ("lines", "name", "tag")

    def __init__(self, name: str, tag: float) -> None:
        self.name = name
        self.tag = tag
        self.lines: tuple[_Line[Item], ...] = ()


class _Line(Generic[Item]):
    """The entries of one user in one lane, in order of arrival."""

    __slots__ = ("first", "lane", "last", "user")

    def __init__(self, user: _User[Item], lane: _Lane[Item]) -> None:
        self.user = user
        self.lane = lane
        self.first: _Entry[Item] | None = None
        self.last: _Entry[Item] | None = None

    def append(self, entry: _Entry[Item]) -> None:
        entry.before = self.last
        if self.last is None:
            self.first = entry
        else:
            self.last.after = entry
        self.last = entry

    def remove(self, entry: _Entry[Item]) -> None:
        if entry.before is None:
            self.first = entry.after
        else:
            entry.before.after = entry.after
        if entry.after is None:
            self.last = entry.before
        else:
            entry.after.before = entry.before


class _Lane(Generic[Item]):
    """The lines of one lane in one class.

    `heap` holds (tag, number of its first entry, line) for every line that is not empty. A change pushes a new
    triple; the one it replaces is stale, recognised when it comes up, and swept out when there are too many. No two
    triples of a lane agree in the first two: tags never fall, and numbers only grow while a tag stays.
    """

    __slots__ = ("_sweep_at", "heap", "lines")

    def __init__(self) -> None:
        self.lines = 0  # that are not empty, or about to be filled
        self.heap: list[tuple[float, int, _Line[Item]]] = []
        self._sweep_at = 64

    def announce(self, line: _Line[Item]) -> None:
        """A line that is not empty has another first entry, or its user another tag."""
        assert line.first is not None
        heapq.heappush(self.heap, (line.user.tag, line.first.number, line))
        if len(self.heap) > self._sweep_at:
            self.heap = [entry for entry in self.heap if _is_current(*entry)]
            heapq.heapify(self.heap)
            self._sweep_at = 2 * len(self.heap) + 64

    def top(self) -> tuple[float, int, _Line[Item]] | None:
        heap = self.heap
        while heap:
            if _is_current(*heap[0]):
                return heap[0]
            heapq.heappop(heap)
        return None

    def firsts(self) -> Iterator[_Entry[Item]]:
        """The first entries of all lines, in order; a look at a few costs no more than a few."""
        passed = []
        try:
            while (top := self.top()) is not None:
                passed.append(heapq.heappop(self.heap))
                assert top[2].first is not None
                yield top[2].first
        finally:
            for entry in passed:
                heapq.heappush(self.heap, entry)


def _is_current(tag: float, number: int, line: _Line[Item]) -> bool:
    return line.first is not None and line.first.number == number and line.user.tag == tag


class _Walk(Generic[Item]):
    """A look at the first few costs little: the lanes' heaps are walked from their tops, as far as is asked."""

    __slots__ = ("_ahead", "_left", "_numbers", "_tags")

    def __init__(self, most: Mapping[_Lane[Item], float]) -> None:
        self._left = dict(most)  # how many of each lane are to be told
        self._tags: dict[_User[Item], float] = {}  # of those who were served in this foretelling
        self._numbers = count()
        self._ahead: list[tuple[float, int, int, _Entry[Item] | None, _Lane[Item] | None, int]] = []

    def visit(self, lane: _Lane[Item], place: int) -> None:
        if place < len(lane.heap):
            tag, number, _ = lane.heap[place]
            heapq.heappush(self._ahead, (tag, number, next(self._numbers), None, lane, place))

    def entries(self) -> Iterator[_Entry[Item]]:
        while self._ahead:
            tag, _, _, entry, lane, place = heapq.heappop(self._ahead)
            if lane is not None:
                entry = self._at(lane, place)
            if entry is None or self._left[entry.line.lane] <= 0:
                continue
            user = entry.line.user
            if tag != self._tags.get(user, user.tag):  # another lane's entry of the same user was served meanwhile
                self._foretell(entry)
                continue
            yield entry
            self._tags[user] = tag + entry.charge
            self._left[entry.line.lane] -= 1
            if entry.after is not None:
                self._foretell(entry.after)

    def _at(self, lane: _Lane[Item], place: int) -> _Entry[Item] | None:
        if self._left[lane] <= 0:
            return None
        self.visit(lane, 2 * place + 1)
        self.visit(lane, 2 * place + 2)
        return lane.heap[place][2].first if _is_current(*lane.heap[place]) else None

    def _foretell(self, entry: _Entry[Item]) -> None:
        user = entry.line.user
        tag = self._tags.get(user, user.tag)
        heapq.heappush(self._ahead, (tag, entry.number, next(self._numbers), entry, None, 0))


class _Class(Generic[Item]):
    """The users and lanes of one priority."""

    __slots__ = ("_lanes", "_users", "_virtual_time", "cost", "length", "unserved_since")

    def __init__(self) -> None:
        self._users: dict[str, _User[Item]] = {}
        self._lanes: dict[Hashable, _Lane[Item]] = {}
        self._virtual_time = 0.0
        self.length = 0
        self.cost = 0.0
        self.unserved_since = 0.0

    def line(self, user_name: str, lane_name: Hashable) -> _Line[Item]:
        user = self._users.get(user_name)
        if user is None:
            user = self._users[user_name] = _User(user_name, self._virtual_time)
        elif not user.lines:
            user.tag = max(user.tag, self._virtual_time)
        lane = self._lanes.get(lane_name)
        if lane is None:
            lane = self._lanes[lane_name] = _Lane()
        for line in user.lines:
            if line.lane is lane:
                return line
        line = _Line(user, lane)
        user.lines += (line,)
        lane.lines += 1
        return line

    def push(self, entry: _Entry[Item], now: float) -> None:
        if not self.length:
            self.unserved_since = now
        self.length += 1
        self.cost += entry.cost
        line = entry.line
        line.append(entry)
        if line.first is entry:
            line.lane.announce(line)

    def take(self, entry: _Entry[Item], now: float) -> None:
        """Serve an entry: charge its user, and move the virtual time on."""
        user = entry.line.user
        self._virtual_time = max(self._virtual_time, user.tag)
        user.tag += entry.charge
        self.unserved_since = now
        self._drop(entry)
        for line in user.lines:
            line.lane.announce(line)

    def remove(self, entry: _Entry[Item]) -> None:
        """Forget an entry; it costs its user nothing."""
        line = entry.line
        was_first = line.first is entry
        self._drop(entry)
        if was_first and line.first is not None:
            line.lane.announce(line)

    def lanes(self) -> list[tuple[float, int, _Lane[Item]]]:
        """Every lane somebody stands in, in the order of their firsts."""
        tops = [(top[0], top[1], lane) for lane in self._lanes.values() if (top := lane.top()) is not None]
        if len(tops) > 1:
            tops.sort(key=lambda top: top[:2])
        return tops

    def in_order(self, most: Callable[[Hashable], float]) -> Iterator[_Entry[Item]]:
        walk = _Walk[Item]({lane: most(name) for name, lane in self._lanes.items()})
        for lane in self._lanes.values():
            walk.visit(lane, 0)
        return walk.entries()

    def _drop(self, entry: _Entry[Item]) -> None:
        line = entry.line
        line.remove(entry)
        self.length -= 1
        self.cost -= entry.cost
        if not self.length:
            # Nobody waits, so what was served harmed nobody: forget the tags, and with them the users.
            self._users.clear()
            self._lanes.clear()
            self._virtual_time = self.cost = 0.0
            line.user.lines = ()
        elif line.first is None:
            user, lane = line.user, line.lane
            user.lines = tuple(other for other in user.lines if other is not line)
            lane.lines -= 1
            if not lane.lines:
                self._lanes = {name: other for name, other in self._lanes.items() if other is not lane}
            self._forget_users()

    def _forget_users(self) -> None:
        """Now and then: whoever waits for nothing and has no debt is as good as new."""
        if len(self._users) > 2 * self.length + 64:
            self._users = {n: u for n, u in self._users.items() if u.lines or u.tag > self._virtual_time}


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
    """

    def __init__(self, *, patience: float = 60.0) -> None:
        self._patience = patience
        self._classes: dict[Priority, _Class[Item]] = {priority: _Class() for priority in Priority}
        self._entries: dict[Item, _Entry[Item]] = {}
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
        if item in self._entries:
            raise ValueError(f"{item!r} waits already")
        if cost <= 0 or weight <= 0:
            raise ValueError(f"cost and weight are positive: {cost=}, {weight=}")
        of_class = self._classes[priority]
        entry = _Entry(
            item,
            of_class.line(user, lane),
            priority,
            cost,
            cost if weight == 1 else cost / weight,
            next(self._arrivals),
        )
        self._entries[item] = entry
        of_class.push(entry, now)

    def pop(self, now: float) -> Item:
        """Serve the next item. Raises `IndexError` when nobody waits."""
        for item in self.heads(now):
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
        for entry in self._entries[item].line.lane.firsts():
            if entry.item != item:
                yield entry.item

    def in_order(self, now: float, most: Callable[[Priority, Hashable], float] = lambda *_: math.inf) -> Iterator[Item]:
        """Who would be served, one after another, if all were served now; of a lane, so many at `most`."""
        for priority, of_class in self._in_turn(now):
            for entry in of_class.in_order(partial(most, priority)):
                yield entry.item

    def position(self, item: Item, now: float) -> int:
        """The place in line, 1 for the next one. Raises `KeyError` if it does not wait. Linear in the place."""
        if item not in self._entries:
            raise KeyError(item)
        return next(place for place, other in enumerate(self.in_order(now), start=1) if other == item)

    def waiting(self) -> dict[Priority, int]:
        """How many wait, by class."""
        return {priority: of_class.length for priority, of_class in self._classes.items()}

    def longest_waiting(self) -> dict[Priority, Item]:
        """Who came first of those who wait, by class; without the classes in which nobody does."""
        missing = {priority for priority, of_class in self._classes.items() if of_class.length}
        found = {}
        for item, entry in self._entries.items():  # in order of arrival
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
        return Counter((entry.priority, entry.line.user.name) for entry in self._entries.values())

    def _in_turn(self, now: float) -> list[tuple[Priority, _Class[Item]]]:
        waiting = [(priority, of_class) for priority, of_class in self._classes.items() if of_class.length]
        if len(waiting) > 1:
            waiting.sort(key=lambda pair: (now - pair[1].unserved_since < self._patience, pair[0]))
        return waiting

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, item: object) -> bool:
        return item in self._entries

    def __repr__(self) -> str:
        lines = ", ".join(f"{length} {priority.name.lower()}" for priority, length in self.waiting().items() if length)
        return f"<FairQueue: {lines or 'nobody waits'}>"
