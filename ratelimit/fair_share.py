"""Who is next within one class: start-time fair queueing (Goyal, Vin, Cheng 1996), by lanes.

Every user carries a tag, the virtual time at which their next entry starts; the lowest tag is served, and then grows by
cost ÷ weight. The virtual time is the tag served last, and whoever begins to wait starts no earlier than that: nobody
saves up turns by being away. It stays fair however much the server's speed varies.

It takes for granted that whoever is first can be served. A *lane* is what may be held up as a whole (a model whose room
is taken, a key that rests) while the others go on, and so it *lags*: its tags fall behind the virtual time. Then it is
a world of its own. Whoever comes starts at its own clock, and not behind those who were there before by all that was
served elsewhere; and what its users take elsewhere costs them nothing in it, since nobody in it could have had that.
When it is served again, it goes first, once, and has caught up then: it saves up no turns either, and the order among
its users stays what it was.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Hashable, Iterator
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from ratelimit.fair_queue import Priority

Item = TypeVar("Item", bound=Hashable)


class Entry(Generic[Item]):
    """Somebody who waits; linked to those before and behind in the row."""

    __slots__ = ("after", "before", "charge", "cost", "item", "number", "priority", "row")

    def __init__(self, item: Item, row: Row[Item], priority: Priority, cost: float, charge: float, number: int) -> None:
        self.item = item
        self.row = row
        self.priority = priority
        self.cost = cost
        self.charge = charge  # cost ÷ weight
        self.number = number  # of arrival
        self.before: Entry[Item] | None = None
        self.after: Entry[Item] | None = None


class User(Generic[Item]):
    """One user within one class, who has paid for all until a virtual time."""

    __slots__ = ("name", "paid_until", "rows")

    def __init__(self, name: str) -> None:
        self.name = name
        self.paid_until = 0.0
        self.rows: tuple[Row[Item], ...] = ()  # where they wait, or did


class Row(Generic[Item]):
    """The entries of one user in one lane, in order of arrival; `tag` is when the first starts, on the lane's clock."""

    __slots__ = ("first", "lane", "last", "tag", "user")

    def __init__(self, user: User[Item], lane: Lane[Item]) -> None:
        self.user = user
        self.lane = lane
        self.tag = 0.0
        self.first: Entry[Item] | None = None
        self.last: Entry[Item] | None = None

    def append(self, entry: Entry[Item]) -> None:
        entry.before = self.last
        if self.last is None:
            self.first = entry
        else:
            self.last.after = entry
        self.last = entry

    def remove(self, entry: Entry[Item]) -> None:
        if entry.before is None:
            self.first = entry.after
        else:
            entry.before.after = entry.after
        if entry.after is None:
            self.last = entry.before
        else:
            entry.after.before = entry.before


class Lane(Generic[Item]):
    """The rows of one lane in one class.

    `heap` holds (tag, number of its first entry, row) for every row that is not empty. A change pushes a new
    triple; the one it replaces is stale, recognised when it comes up, and swept out when there are too many. No two
    triples of a lane agree in the first two: tags never fall, and numbers only grow while a tag stays.

    Attributes:
        clock: the lane's own virtual time.
        offset: what makes a virtual time of the class out of one of the lane.
        rows: how many are not empty.
    """

    __slots__ = ("_sweep_at", "clock", "heap", "name", "offset", "rows")

    def __init__(self, name: Hashable, offset: float) -> None:
        self.name = name
        self.clock = 0.0
        self.offset = offset
        self.rows = 0
        self.heap: list[tuple[float, int, Row[Item]]] = []
        self._sweep_at = 64

    def lags(self, virtual_time: float) -> bool:
        """Whether it was held up: even what it serves next starts earlier than what was served elsewhere."""
        top = self.top()
        return (self.clock if top is None else max(self.clock, top[0])) + self.offset < virtual_time

    def announce(self, row: Row[Item]) -> None:
        """A row that is not empty has another first entry, or another tag."""
        assert row.first is not None
        heapq.heappush(self.heap, (row.tag, row.first.number, row))
        if len(self.heap) > self._sweep_at:
            self.heap = [entry for entry in self.heap if is_current(*entry)]
            heapq.heapify(self.heap)
            self._sweep_at = 2 * len(self.heap) + 64

    def top(self) -> tuple[float, int, Row[Item]] | None:
        heap = self.heap
        while heap:
            if is_current(*heap[0]):
                return heap[0]
            heapq.heappop(heap)
        return None

    def firsts(self) -> Iterator[Entry[Item]]:
        """The first entries of all rows, in order; a look at a few costs no more than a few."""
        passed = []
        try:
            while (top := self.top()) is not None:
                passed.append(heapq.heappop(self.heap))
                assert top[2].first is not None
                yield top[2].first
        finally:
            for entry in passed:
                heapq.heappush(self.heap, entry)


def is_current(tag: float, number: int, row: Row[Item]) -> bool:
    return row.first is not None and row.first.number == number and row.tag == tag


class Share(Generic[Item]):
    """The users and lanes of one class."""

    __slots__ = ("_gone", "_lanes", "_users", "_virtual_time", "cost", "length", "unserved_since")

    def __init__(self) -> None:
        self._users: dict[str, User[Item]] = {}
        self._lanes: dict[Hashable, Lane[Item]] = {}
        self._gone = 0  # who stood in a row no longer, since the last look for users to forget
        self._virtual_time = 0.0
        self.length = 0
        self.cost = 0.0
        self.unserved_since = 0.0

    def overdue_since(self, then: float) -> float:
        """When it got its last turn, if that was by then; infinity if it was later."""
        return self.unserved_since if self.unserved_since <= then else math.inf

    def row(self, user_name: str, lane_name: Hashable) -> Row[Item]:
        user = self._users.get(user_name)
        if user is None:
            user = self._users[user_name] = User(user_name)
        lane = self._lanes.get(lane_name)
        if lane is None:
            lane = self._lanes[lane_name] = Lane(lane_name, self._virtual_time)
        for row in user.rows:
            if row.lane is lane:
                return row
        row = Row(user, lane)
        user.rows = (*(other for other in user.rows if other.lane.rows), row)
        return row

    def push(self, entry: Entry[Item], now: float) -> None:
        if not self.length:
            self.unserved_since = now
        self.length += 1
        self.cost += entry.cost
        row = entry.row
        if row.first is not None:
            row.append(entry)
            return
        lane = row.lane
        start = lane.clock
        if not lane.lags(self._virtual_time):
            start = max(self._virtual_time, row.user.paid_until) - lane.offset
        row.tag = max(row.tag, start)
        row.append(entry)
        lane.rows += 1
        lane.announce(row)

    def take(self, entry: Entry[Item], now: float) -> None:
        """Serve an entry: charge its user, and move the virtual time on."""
        row = entry.row
        lane, user = row.lane, row.user
        self.unserved_since = now
        self._virtual_time = max(self._virtual_time, row.tag + lane.offset)
        lane.clock = max(lane.clock, row.tag)
        row.tag += entry.charge
        self._drop(entry)
        if row.first is not None:
            lane.announce(row)
        if lane.lags(self._virtual_time):
            lane.offset = self._virtual_time - lane.clock
        user.paid_until = row.tag + lane.offset
        for other in user.rows:
            if other is not row and other.first is not None and not other.lane.lags(self._virtual_time):
                other.tag += entry.charge
                other.lane.announce(other)

    def remove(self, entry: Entry[Item]) -> None:
        """Forget an entry; it costs its user nothing."""
        row = entry.row
        was_first = row.first is entry
        self._drop(entry)
        if was_first and row.first is not None:
            row.lane.announce(row)

    def lanes(self) -> list[tuple[float, int, Lane[Item]]]:
        """Every lane somebody stands in, in the order of their firsts."""
        tops = [
            (top[0] + lane.offset, top[1], lane) for lane in self._lanes.values() if (top := lane.top()) is not None
        ]
        if len(tops) > 1:
            tops.sort(key=lambda top: top[:2])
        return tops

    def _drop(self, entry: Entry[Item]) -> None:
        row = entry.row
        row.remove(entry)
        self.length -= 1
        self.cost -= entry.cost
        if not self.length:
            # Nobody waits, so what was served harmed nobody: forget the tags, and with them the users.
            self._users.clear()
            self._lanes.clear()
            self._virtual_time = self.cost = 0.0
        elif row.first is None:
            row.lane.rows -= 1
            if not row.lane.rows:
                del self._lanes[row.lane.name]
            self._forget_users()

    def _forget_users(self) -> None:
        """Now and then: whoever waits for nothing and has no debt is as good as new.

        Perhaps they all have, as after a rush of many who came for one thing each, so the next look is far enough away
        for all who leave until then to pay for it.
        """
        self._gone += 1
        if len(self._users) > 2 * self.length + 64 and 2 * self._gone > len(self._users):
            self._gone = 0
            self._users = {name: user for name, user in self._users.items() if self._is_known(user)}

    def _is_known(self, user: User[Item]) -> bool:
        if user.paid_until > self._virtual_time:
            return True
        return any(row.first is not None or (row.lane.rows and row.tag > row.lane.clock) for row in user.rows)

    def in_order(self, most: Callable[[Hashable], float]) -> Iterator[Entry[Item]]:
        """Who would be served, one after another, of a lane so many at `most`; a look at a few costs little."""
        return _foretell({lane: most(name) for name, lane in self._lanes.items()}, self._virtual_time)


class _Ahead(Generic[Item]):
    """A lane in a foretelling: its heap is walked from the top, as far as is asked, and stays as it is."""

    __slots__ = ("_heap", "_tags", "_walk", "clock", "offset")

    def __init__(self, lane: Lane[Item], tags: dict[Row[Item], float]) -> None:
        self.clock = lane.clock
        self.offset = lane.offset
        self._heap = lane.heap
        self._tags = tags
        self._walk: list[tuple[float, int, int, Entry[Item] | None]] = []
        self._visit(0)

    def first(self) -> tuple[float, Entry[Item]] | None:
        """Who is served next in this lane, and their tag."""
        walk = self._walk
        while walk:
            tag, _, place, entry = walk[0]
            if entry is None:
                heapq.heappop(walk)
                self._visit(2 * place + 1)
                self._visit(2 * place + 2)
                if is_current(*self._heap[place]):
                    entry = self._heap[place][2].first
                    assert entry is not None
                    self._wait(entry)
            elif tag != self._tags.get(entry.row, entry.row.tag):  # its user was served in another lane meanwhile
                heapq.heappop(walk)
                self._wait(entry)
            else:
                return tag, entry
        return None

    def place(self) -> tuple[float, int] | None:
        """When the first starts, in virtual time of the class, and its number."""
        first = self.first()
        return None if first is None else (first[0] + self.offset, first[1].number)

    def serve(self, virtual_time: float) -> Entry[Item]:
        """The first is served, as of then."""
        first = self.first()
        assert first is not None
        tag, entry = first
        heapq.heappop(self._walk)
        self.clock = max(self.clock, tag)
        self._tags[entry.row] = tag + entry.charge
        if entry.after is not None:
            self._wait(entry.after)
        if self.lags(virtual_time):
            self.offset = virtual_time - self.clock
        return entry

    def lags(self, virtual_time: float) -> bool:
        first = self.first()
        return (self.clock if first is None else max(self.clock, first[0])) + self.offset < virtual_time

    def _wait(self, entry: Entry[Item]) -> None:
        heapq.heappush(self._walk, (self._tags.get(entry.row, entry.row.tag), entry.number, -1, entry))

    def _visit(self, place: int) -> None:
        if place < len(self._heap):
            tag, number, _ = self._heap[place]
            heapq.heappush(self._walk, (tag, number, place, None))


def _foretell(most: dict[Lane[Item], float], virtual_time: float) -> Iterator[Entry[Item]]:
    tags: dict[Row[Item], float] = {}  # of those who were served, or paid, in this foretelling
    ahead = {lane: _Ahead(lane, tags) for lane, number in most.items() if number > 0}
    queue = [(*place, here) for here in ahead.values() if (place := here.place()) is not None]
    heapq.heapify(queue)
    while queue:
        start, number, here = heapq.heappop(queue)
        place = here.place()
        if place == (start, number):  # else whoever was first there was served elsewhere meanwhile, and paid here
            virtual_time = max(virtual_time, start)
            entry = here.serve(virtual_time)
            yield entry
            for other in entry.row.user.rows:
                if other.lane in ahead and ahead[other.lane] is not here and not ahead[other.lane].lags(virtual_time):
                    tags[other] = tags.get(other, other.tag) + entry.charge
            most[entry.row.lane] -= 1
            place = here.place() if most[entry.row.lane] > 0 else None
        if place is not None:
            heapq.heappush(queue, (*place, here))
