"""A memory of what was spent, which outlives a process and is shared by several: what is kept, and who keeps it.

Nobody sends anything before it is in the store. A process asks the store for *permits*, each leave to send one request
within a short span of time, and tells it afterwards when they were used. What it does not tell, because it was killed,
counts as used at the last moment of its span. So the store never knows of less than was sent: a restart bursts over no
limit, and several processes on one quota admit what one would.

Permits are asked for in batches, as many as wait, and are given for the near future too (when a slot is known to come
free), so that under load a journey to the store serves many requests.

The store itself is a box that runs a function over its entries, one caller at a time (`UsageStore`). All thinking is
in `ratelimit.book`, a pure function of entries, a question and the time. Times are Unix seconds on the store's clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from ratelimit.limits import Cost


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One request, or several that were summed up, or an operation, or a sign; in the store of one pool.

    Attributes:
        id: unique in the pool.
        holder: the process that it belongs to.
        requests, tokens: what it takes from the rates; no requests for an operation, which only takes room.
        at: when it was sent; while it was not, the last moment at which it may be.
        is_sent: whether `at` is known.
        open_until: until when it takes up room, unless its holder says otherwise before.
        priority: of a sign, the class of work that its holder came for; see `ratelimit.signs`. It tells when that was;
            or who waits, with what that takes, since when, and until when the sign stands unless it is renewed.
    """

    id: str
    holder: str
    account: str
    model: str | None
    requests: int
    tokens: int
    at: float
    is_sent: bool
    open_until: float
    priority: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Permit:
    """Leave to send one request between two times."""

    id: str
    account: str
    model: str | None
    cost: Cost
    opens_at: float
    closes_at: float

    def covers(self, cost: Cost, model: str | None) -> bool:
        return self.model == model and self.cost.requests >= cost.requests and self.cost.tokens >= cost.tokens


@dataclass(frozen=True, slots=True)
class Want:
    """Somebody waits for a permit, on one of these accounts; of a class of work, the smallest the most urgent."""

    accounts: tuple[str, ...]
    model: str | None
    cost: Cost
    priority: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """A permit was used then, and took so much."""

    account: str
    model: str | None
    requests: int
    tokens: int
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """What a process tells and wants on one journey.

    Attributes:
        spare: permits at hand. Those it was given and does not name anywhere here are free again: it has let them
            lapse, or never learned of them because an answer was lost.
        unsent: permits that are used, but whose request may not have left yet: they stay valid.
        sent: permits that were used, by id.
        open: leases and operations that go on, and take up room.
        opened: operations that are not in the store yet, with their account and model.
        ended: leases and operations that take up no room any more.
        wants: in the order in which they should be served.
    """

    holder: str
    spare: frozenset[str] = frozenset()
    unsent: frozenset[str] = frozenset()
    sent: Mapping[str, Sent] = field(default_factory=dict)
    open: frozenset[str] = frozenset()
    opened: Mapping[str, tuple[str, str | None]] = field(default_factory=dict)
    ended: frozenset[str] = frozenset()
    wants: Sequence[Want] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What came of one journey.

    Attributes:
        now: the store's time.
        permits: for as many wants as could be served.
        unmet: the wants that could not be served.
        again_at: when asking again for those may help; infinity if there are none.
        others: the entries of other processes, and of those before this one.
        signs: of other processes.
        closed: which of `Ask.open` take up no room any more: another process saw their end.
        changed, removed: entries to write, and ids of entries to delete: for the store.
    """

    now: float
    permits: Sequence[Permit]
    unmet: Sequence[Want]
    again_at: float
    others: Sequence[Entry]
    signs: Sequence[Entry]
    closed: frozenset[str]
    changed: Sequence[Entry]
    removed: Sequence[str]


class UsageStore(Protocol):
    """Keeps the entries of pools."""

    async def exchange(self, pool: str, turn: Callable[[Iterable[Entry], float], Turn]) -> Turn:
        """Call `turn` with all entries of this pool and the time, write down what it changed, and return it.

        It is one transaction: durable when this returns, and nobody else's turn on this pool is between the reading
        and the writing. `turn` may be called again if the first attempt came to nothing.

        Raises:
            StoreAway: the store cannot be reached. Perhaps it was written: the next turn tells.
        """
        ...


class StoreAway(Exception):
    """The store cannot be reached now. Until it is back, a pool spends the permits it has, and then waits."""
