"""When somebody's turn will come, and why not now: for people, who would rather know than guess."""

from __future__ import annotations

import heapq
import math
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ratelimit.account import Account
from ratelimit.limits import Cost
from ratelimit.meter import Meter
from ratelimit.roster import Roster, Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """How it stands with a request that waits.

    Attributes:
        position: in the whole line of the pool; 1 is next.
        ahead: of those who want the same, and are further ahead.
        soonest, latest: Unix seconds between which it will probably begin; `None` where nobody can tell.
        reason: why it waits, in words: "2 ahead of you; account studio-b frees a slot in 40 s".
    """

    position: int
    ahead: int
    soonest: float | None
    latest: float | None
    reason: str


class Durations:
    """How long operations took lately, by model."""

    __slots__ = ("_seen",)

    def __init__(self) -> None:
        self._seen: defaultdict[str | None, deque[float]] = defaultdict(lambda: deque(maxlen=50))

    def add(self, model: str | None, seconds: float) -> None:
        self._seen[model].append(seconds)

    def quantile(self, model: str | None, share: float) -> float | None:
        """So much of them took no longer; `None` while none was seen."""
        seen = sorted(self._seen.get(model, ()))
        return seen[min(len(seen) - 1, int(share * len(seen)))] if seen else None


@dataclass(frozen=True, slots=True)
class Forecast:
    """When a request can probably begin, on the clock of the pool, and what it waits for, in words."""

    soonest: float
    latest: float
    reason: str


def foresee(
    roster: Roster,
    target: Target,
    cost: Cost,
    now: float,
    *,
    ahead: int,
    position: int,
    spaced_until: float,
    open_since: Mapping[str, Sequence[float]],
    durations: Durations,
) -> Forecast:
    """Look ahead from what is spent, what is open and who rests.

    The soonest supposes that of those further ahead only the `ahead` who want the same take anything from it, and that
    operations end as the quicker ones do; the latest, that everybody in the line does, and that they end as the slower
    ones do.
    Patient work goes on after `spaced_until`; operations on this model that go on began at `open_since`, by account.
    """
    quick, slow = durations.quantile(target.model, 0.25), durations.quantile(target.model, 0.9)
    accounts = [roster.accounts[id_] for id_ in roster.accounts_of(target)]

    def streams(duration: float | None) -> list[Iterator[float]]:
        return [
            _from(
                max(spaced_until, _back_at(account, target, now)),
                openings(
                    account.meter,
                    cost,
                    target.model,
                    now,
                    open_since=open_since.get(account.id, ()),
                    duration=duration,
                ),
            )
            for account in accounts
        ]

    firsts = [(next(stream, math.inf), account.id) for stream, account in zip(streams(slow), accounts, strict=True)]
    opens_at, opener = min(firsts, default=(math.inf, ""))
    backs = [(_back_at(account, target, now), account.id) for account in accounts]
    back_at, returner = min(backs, default=(math.inf, ""))
    if back_at == math.inf:
        reason = "every key is paused"
    elif back_at > now:
        reason = f"every key rests; account {returner} is asked again {_in(back_at - now)}"
    elif opens_at == math.inf:
        reason = "every place at the service is taken; nobody knows yet for how long"
    elif spaced_until > now:
        reason = f"room is left for urgent work; the next one goes {_in(spaced_until - now)}"
    elif opens_at > now:
        reason = f"account {opener} frees a slot {_in(opens_at - now)}"
    else:
        reason = "about to go"
    if ahead:
        reason = f"{ahead} ahead of you; {reason}"
    return Forecast(nth(streams(quick), ahead + 1), nth(streams(slow), position), reason)


def openings(
    meter: Meter, cost: Cost, model: str | None, now: float, *, open_since: Sequence[float], duration: float | None
) -> Iterator[float]:
    """When an account could begin one such request after the other, as far as its rates and its room tell.

    The operations now open began at `open_since`, and one is expected to take `duration` seconds; where that is not
    known, room that is taken stays so.
    """
    rates = [window.openings(cost, now) for window in meter.current(model, now)]
    seats = meter.free_room(model)
    rooms = None if seats is None else _rooms(seats, open_since, duration, now)
    streams = rates if rooms is None else [*rates, rooms]
    while True:
        times = [next(stream, math.inf) for stream in streams]
        at = max(times, default=now)
        if at == math.inf:
            return
        yield at


def nth(streams: Iterable[Iterator[float]], place: int) -> float:
    """The time of the `place`th opening of all; infinity if there are not so many."""
    for number, at in enumerate(heapq.merge(*streams), start=1):
        if number == place:
            return at
    return math.inf


def _from(start: float, times: Iterator[float]) -> Iterator[float]:
    return (max(start, at) for at in times)


def _back_at(account: Account, target: Target, now: float) -> float:
    """When the account has a key that may serve this: `now` or later."""
    states = [s for s in account.keys if target.key_id in (None, s.key.id) and not s.is_withheld]
    rests = [
        max((h.until for h in account.healths(state, target.model) if not h.is_healthy), default=now)
        for state in states
    ]
    return max(now, min(rests, default=math.inf))


def _in(seconds: float) -> str:
    return f"in {math.ceil(seconds)} s" if seconds <= 120 else f"in {math.ceil(seconds / 60)} min"


def _rooms(seats: int, open_since: Sequence[float], duration: float | None, now: float) -> Iterator[float]:
    ends = [now] * seats
    if duration is not None:
        ends += [max(now, since + duration) for since in open_since]
    heapq.heapify(ends)
    while ends:
        at = heapq.heappop(ends)
        yield at
        if duration is not None:
            heapq.heappush(ends, at + duration)
