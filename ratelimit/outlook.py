"""When somebody's turn will come, and why not now: for people, who would rather know than guess."""

from __future__ import annotations

import math
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from operator import itemgetter

from ratelimit.account import Account
from ratelimit.course import Course, Seats
from ratelimit.fair_queue import PATIENT, Priority
from ratelimit.limits import Cost
from ratelimit.roster import Grant, Roster, Target
from ratelimit.signs import LONGEST_RHYTHM
from ratelimit.window import RollingWindow, Window

LOOK_AT = 40
"""How many of those further ahead are looked at one by one; the others take as long in proportion."""

UNSEEN = 0.15
"""By how much more or less than in proportion: windows open in steps, and costs differ."""

MOST_OVERTAKEN = 0.75
"""So that no estimate is longer than four times what it would be if nobody came."""


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
    """How long operations took lately, by model; or leases, where those are what takes room."""

    __slots__ = ("_seen",)

    def __init__(self) -> None:
        self._seen: defaultdict[str | None, deque[float]] = defaultdict(lambda: deque(maxlen=50))

    def add(self, model: str | None, seconds: float) -> None:
        self._seen[model].append(seconds)

    def quick(self, model: str | None) -> float | None:
        """One in four of them takes no longer; `None` while none was seen. Fewer were seen: less, to be sure."""
        seen = sorted(self._seen.get(model, ()))
        return seen[len(seen) // 4] * len(seen) / (len(seen) + 1) if seen else None

    def slow(self, model: str | None, lasting: Iterable[float]) -> float | None:
        """Nine in ten of them take no longer; `None` while none was seen. Fewer were seen: more, to be sure.

        Of those that go on it is known how long they have been `lasting`: where few have ended, those were quick ones.
        """
        ended = self._seen.get(model)
        if not ended:
            return None
        seen = sorted((*ended, *(seconds for seconds in lasting if seconds > ended[-1])))
        return seen[9 * len(seen) // 10] * (len(ended) + 1) / len(ended)


@dataclass(frozen=True, slots=True)
class Waiter:
    """One who stands in line, and when spacing lets it go."""

    priority: Priority
    target: Target
    cost: Cost
    spaced_until: float
    gap: float  # behind it, in its rhythm, should somebody urgent come


@dataclass(frozen=True, slots=True)
class Forecast:
    """When a request can probably begin, on the clock of the pool, and what it waits for, in words."""

    soonest: float
    latest: float
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Prospect:
    """What is known when somebody asks.

    Attributes:
        ahead: those further ahead, in order, or the first `LOOK_AT` of them.
        stretch: how many times more there are.
        alike: how many of all those want the same.
        overdue_at: when the class gets a turn for having waited long, whoever goes before it.
        overtaken: what share of all there is to spend went lately to those who came later, or are more urgent.
        open: since when operations that go on do, by account and model.
    """

    now: float
    waiter: Waiter
    ahead: Sequence[Waiter]
    stretch: float
    alike: int
    overdue_at: float
    overtaken: float
    open: Mapping[str, Sequence[tuple[str | None, float]]]


def foresee(roster: Roster, prospect: Prospect, durations: Durations) -> Forecast:
    """Look ahead from what is spent, what is open and who rests.

    The soonest supposes that of those further ahead only those count who are in the same class or one that is not
    spaced, and need no more, and that operations end as the quicker ones do; the latest, that everybody in the line
    counts, that as many come in between as lately, and that operations end as the slower ones do.
    """
    now, waiter = prospect.now, prospect.waiter
    rivals = [
        other
        for other in prospect.ahead
        if (other.priority == waiter.priority or other.priority < PATIENT)
        and other.cost.requests <= waiter.cost.requests
        and other.cost.tokens <= waiter.cost.tokens
    ]
    quick = _Play(roster, prospect, durations, is_slow=False)
    soonest = quick.begins_at([*rivals, waiter])
    peers = [other for other in rivals if other.priority == waiter.priority]
    if len(peers) < len(rivals):
        alone = _Play(roster, prospect, durations, is_slow=False).begins_at([*peers, waiter])
        soonest = min(soonest, max(alone, prospect.overdue_at))
    slow = _Play(roster, prospect, durations, is_slow=True)
    latest = slow.begins_at([*prospect.ahead, waiter])
    if latest < math.inf:
        latest = now + (latest - now) / (1 - min(prospect.overtaken, MOST_OVERTAKEN)) + 2 * waiter.gap
    return Forecast(soonest, max(soonest, latest), _reason(roster, prospect, durations))


def overtaken(roster: Roster, waiter: Waiter, first_asked_at: float, now: float) -> float:
    """What share of all there is to spend goes to others first: as went, in the last period, to the more urgent, or to
    those who came after the first of those who wait in this class. Of few it is more, to be sure.
    """
    target = waiter.target
    accounts = [roster.accounts[id_] for id_ in roster.accounts_of(target)]
    shares: list[float] = []
    for account in accounts:
        windows = account.meter.current(target.model, now)
        rolling = [window for window in windows if isinstance(window, RollingWindow) and window.kept < LONGEST_RHYTHM]
        window = max(rolling, key=lambda each: each.kept, default=None)
        if window is not None:
            shares += [
                window.share(spending.requests, spending.tokens)
                for spending in window.sent(now)
                if isinstance(spending, Grant)
                and (spending.priority < waiter.priority or spending.asked_at > first_asked_at)
            ]
    return sum(shares) / len(accounts) * (1 + len(shares) ** -0.5) if shares else 0.0


class _Play:
    """Lets one after the other go as soon as it can, on accounts as they will be."""

    def __init__(self, roster: Roster, prospect: Prospect, durations: Durations, *, is_slow: bool) -> None:
        self._roster = roster
        self._prospect = prospect
        self._durations = durations
        self._is_slow = is_slow
        self._stretch = prospect.stretch
        if prospect.stretch > 1.0:
            self._stretch *= 1.0 + UNSEEN if is_slow else 1.0 - UNSEEN
        self._courses: dict[Window, Course] = {}
        self._rooms: dict[tuple[str, str | None], Seats] = {}
        self._rhythms: dict[tuple[Priority, str | None, str | None], float] = {}
        self._known: dict[str | None, float] = {}
        self._found: dict[tuple[Target, Cost], list[tuple[float, str]]] = {}

    def begins_at(self, waiters: Sequence[Waiter]) -> float:
        """When the last of them begins; infinity if nobody knows."""
        now, last = self._prospect.now, len(waiters) - 1
        lanes: dict[Target, deque[tuple[int, Waiter]]] = {}
        for number, waiter in enumerate(waiters):
            lanes.setdefault(waiter.target, deque()).append((number, waiter))
        while True:
            starts = self._starts(sorted(lane[0] for lane in lanes.values()))
            begun = min(starts, key=itemgetter(0, 1), default=None)
            if begun is None:
                return math.inf
            at, number, waiter, account = begun
            self._begin(waiter, account, at)
            if number == last:
                return now + (at - now) * self._stretch
            lanes[waiter.target].popleft()
            if not lanes[waiter.target]:
                del lanes[waiter.target]

    def _starts(self, heads: Iterable[tuple[int, Waiter]]) -> Iterator[tuple[float, int, Waiter, Account]]:
        """When each of them could begin, and where: who waits for a window is not overtaken there."""
        kept: dict[Account, float] = {}
        for number, waiter in heads:
            rhythm = self._rhythms.get(_rhythm(waiter), -math.inf)
            start = max(self._prospect.now, waiter.spaced_until, rhythm)
            at, account, is_for_room = self._best(waiter, start, kept)
            if account is not None:
                if at > start and not is_for_room:
                    kept[account] = at
                yield at, number, waiter, account

    def _best(self, waiter: Waiter, start: float, kept: Mapping[Account, float]) -> tuple[float, Account | None, bool]:
        """The account on which it begins first, and when, and whether it waits for room until then.

        Every account only ever gets later: so what was found before stands, until it is the first.
        """
        known = self._found.get((waiter.target, waiter.cost))
        if known is None:
            ids = self._roster.accounts_of(waiter.target)
            known = self._found[waiter.target, waiter.cost] = [(-math.inf, id_) for id_ in ids]
        best: tuple[float, Account | None, bool] = (math.inf, None, False)
        looked = []
        while known and max(known[0][0], start) < best[0]:
            _, id_ = heappop(known)
            account = self._roster.accounts[id_]
            begins_at = max(start, _back_at(account, waiter.target, self._prospect.now), kept.get(account, start))
            roomy_at = begins_at
            for seats in self._seats(account, waiter.target.model):
                roomy_at = seats.earliest(roomy_at)
            at = roomy_at
            for course in self._windows(account, waiter.target.model):
                at = course.earliest(waiter.cost, at)
            looked.append((at if account not in kept and start == self._prospect.now else -math.inf, id_))
            best = min(best, (at, account, roomy_at > begins_at), key=itemgetter(0))
        for each in looked:
            heappush(known, each)
        return best

    def _begin(self, waiter: Waiter, account: Account, at: float) -> None:
        for course in self._windows(account, waiter.target.model):
            course.take(waiter.cost, at)
        for seats in self._seats(account, waiter.target.model):
            seats.take(at, at + self._lasts(waiter.target.model))
        if self._is_slow:
            self._rhythms[_rhythm(waiter)] = at + waiter.gap

    def frees_at(self, accounts: Iterable[Account], model: str | None) -> float:
        """When there is room for one more on one of these accounts."""
        now = self._prospect.now
        return min((max(seats.earliest(now) for seats in self._seats(each, model)) for each in accounts), default=now)

    def _windows(self, account: Account, model: str | None) -> list[Course]:
        now, courses = self._prospect.now, self._courses
        return [
            courses[window] if window in courses else courses.setdefault(window, window.course(now))
            for window in account.meter.current(model, now)
        ]

    def _seats(self, account: Account, model: str | None) -> Iterator[Seats]:
        limits = account.meter.limits
        rooms: list[tuple[str | None, int | None]] = [(None, limits.account.room)]
        if model is not None:
            rooms.append((model, limits.for_model(model).room))
        for which, room in rooms:
            if room is not None:
                seats = self._rooms.get((account.id, which))
                if seats is None:
                    seats = self._rooms[account.id, which] = Seats(room, self._ends(account, which))
                yield seats

    def _ends(self, account: Account, model: str | None) -> list[float]:
        """When those end that are open there."""
        known = [(other, since) for other, since in self._prospect.open.get(account.id, ()) if model in (None, other)]
        is_open = account.meter.open if model is None else account.meter.open_by_model.get(model, 0)
        ends = [self._ends_at(other, since) for other, since in known]
        # Of leases that are out it is not known since when: some have just begun, and some are about to end.
        out = is_open - len(known)
        lasts = self._lasts(model)
        return ends + [self._prospect.now + lasts * (part + self._is_slow) / out for part in range(out)]

    def _ends_at(self, model: str | None, since: float) -> float:
        now, lasts = self._prospect.now, self._lasts(model)
        if since + lasts > now:
            return since + lasts
        return now + lasts / 2 if self._is_slow else now

    def _lasts(self, model: str | None) -> float:
        if model not in self._known:
            self._known[model] = self._guess(model)
        return self._known[model]

    def _guess(self, model: str | None) -> float:
        if self._is_slow:
            now, those = self._prospect.now, (each for there in self._prospect.open.values() for each in there)
            seconds = self._durations.slow(model, [now - since for other, since in those if other == model])
        else:
            seconds = self._durations.quick(model)
        return math.inf if seconds is None else seconds


def _reason(roster: Roster, prospect: Prospect, durations: Durations) -> str:
    """Why it does not begin now, were it the first in line; and how many there are before it."""
    now, waiter = prospect.now, prospect.waiter
    target = waiter.target
    accounts = [roster.accounts[id_] for id_ in roster.accounts_of(target)]
    accounts = [account for account in accounts if account.meter.limits.allow(waiter.cost, target.model)]
    back_at, returner = min(((_back_at(each, target, now), each.id) for each in accounts), default=(math.inf, ""))
    back = [each for each in accounts if _back_at(each, target, now) <= now]
    roomy = [each for each in back if each.meter.has_room(target.model)]
    opens_at, opener = min(
        ((each.meter.earliest(waiter.cost, target.model, now), each.id) for each in roomy), default=(math.inf, "")
    )
    if back_at == math.inf:
        reason = "every key is paused"
    elif back_at > now:
        reason = f"every key rests; account {returner} is asked again {_in(back_at - now)}"
    elif not roomy:
        ends_at = _Play(roster, prospect, durations, is_slow=True).frees_at(back, target.model)
        frees = "nobody knows yet for how long" if ends_at == math.inf else f"one is free {_in(ends_at - now)} or so"
        reason = f"every place at the service is taken; {frees}"
    elif waiter.spaced_until > now:
        reason = f"room is left for urgent work; the next one goes {_in(waiter.spaced_until - now)}"
    elif opens_at > now:
        reason = f"account {opener} frees a slot {_in(opens_at - now)}"
    else:
        reason = "" if prospect.alike else "about to go"
    return "; ".join(part for part in (f"{prospect.alike} ahead of you" if prospect.alike else "", reason) if part)


def _rhythm(waiter: Waiter) -> tuple[Priority, str | None, str | None]:
    return waiter.priority, waiter.target.account, waiter.target.key_id


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
