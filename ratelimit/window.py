"""What one limit has seen: an exact log for a limit over a period, counters for a limit over a day.

A log holds what was sent when. Buckets and counters are smaller and let up to twice the limit through in the worst
stretch of a period; a provider counts exactly that stretch. The provider also counts by *arrival*: two requests sent a
period apart may arrive closer, because the second one's way was shorter. So everything stays in the log `skew` seconds
longer than the period, which keeps the promise for all networks that delay by less than that.

The grant is not the sending. Between the two a spending is *unsent*: it counts, and no time makes it expire.

Times are seconds on one clock that never runs backwards.
"""

from __future__ import annotations

import math
from bisect import insort
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import TypeAlias
from zoneinfo import ZoneInfo

from ratelimit.course import Course
from ratelimit.limits import DAY, Cost, DayLimit, Limit, Rate

UNSENT = math.inf
"""When something is sent that was not yet."""


class Spending:
    """What one lease takes from its windows, for a model. `at` is when it was sent, infinity until then."""

    __slots__ = ("at", "model", "requests", "tokens", "windows")

    def __init__(
        self,
        requests: int,
        tokens: int,
        windows: tuple[Window, ...] = (),
        at: float = UNSENT,
        model: str | None = None,
    ) -> None:
        self.requests = requests
        self.tokens = tokens
        self.windows = windows
        self.at = at
        self.model = model


@dataclass(frozen=True, slots=True)
class Usage:
    """A window as an operator sees it; `model` is `None` for the window over all models."""

    limit: Rate
    requests: int
    tokens: int
    model: str | None = None


class RollingWindow:
    """The log of a `Limit`, oldest first, without what is unsent."""

    __slots__ = ("_log", "_unseen", "kept", "max_requests", "max_tokens", "rate", "requests", "tokens")

    def __init__(self, rate: Limit, skew: float) -> None:
        self.rate: Rate = rate
        self.kept = rate.period + skew
        self.max_requests = _most(rate.requests)
        self.max_tokens = _most(rate.tokens)
        self.requests = 0
        self.tokens = 0
        self._log: deque[Spending] = deque()
        self._unseen: list[Spending | None] = [None, None]  # what others spent, as told: requests, and tokens

    def set_rate(self, rate: Limit) -> None:
        """From now on it holds so much, over the same period; what is in it stays."""
        self.rate = rate
        self.max_requests, self.max_tokens = _most(rate.requests), _most(rate.tokens)

    def sent(self, now: float) -> list[Spending]:
        """What was sent and is in it: for a window that opens later."""
        self.forget(now)
        return list(self._log)

    def forget(self, now: float) -> None:
        """Drop what has left the window by `now`."""
        log, kept = self._log, self.kept
        while log and log[0].at + kept <= now:
            spending = log.popleft()
            self.requests -= spending.requests
            self.tokens -= spending.tokens

    def add(self, spending: Spending) -> None:
        self.requests += spending.requests
        self.tokens += spending.tokens

    def refund(self, spending: Spending) -> None:
        """An unsent one will never be."""
        self.requests -= spending.requests
        self.tokens -= spending.tokens

    def stamp(self, spending: Spending) -> None:
        """It was sent, at the time that it says by now."""
        log = self._log
        if log and log[-1].at > spending.at:  # what others may send reaches into the future
            insort(log, spending, key=_sent_at)
        else:
            log.append(spending)

    def insert(self, spending: Spending) -> None:
        """Count what was sent at a time in the past, or by others may be in the future."""
        self.add(spending)
        insort(self._log, spending, key=_sent_at)

    def retract(self, spending: Spending, now: float) -> None:
        """What was sent, or inserted, was not so."""
        self.forget(now)
        if spending.at + self.kept > now:
            self.refund(spending)
            self._log.remove(spending)

    def correct(self, spending: Spending, tokens: int, now: float) -> None:
        """It turned out to take so many tokens more (fewer, if negative) than it says itself."""
        self.forget(now)
        if spending.at + self.kept > now:
            self.tokens += tokens

    def observe(self, requests: int | None, tokens: int | None, until: float, now: float) -> None:
        """The service says what is left until then: what we know nothing of, others have spent."""
        if requests is not None:
            self._replace_unseen(0, now)
            self._count_unseen(0, Spending(_unseen(self.rate.requests, requests, self.requests), 0), until)
        if tokens is not None:
            self._replace_unseen(1, now)
            self._count_unseen(1, Spending(0, _unseen(self.rate.tokens, tokens, self.tokens)), until)

    def _replace_unseen(self, dimension: int, now: float) -> None:
        before = self._unseen[dimension]
        if before is not None:
            self.retract(before, now)
        self._unseen[dimension] = None

    def _count_unseen(self, dimension: int, spending: Spending, until: float) -> None:
        if spending.requests or spending.tokens:
            spending.at = until - self.kept
            self.insert(spending)
            self._unseen[dimension] = spending

    def earliest(self, cost: Cost, now: float) -> float:
        """When the cost fits if nothing else is added; infinity if never."""
        requests = self.requests + cost.requests - self.max_requests
        tokens = self.tokens + cost.tokens - self.max_tokens
        if requests <= 0 and tokens <= 0:
            return now
        if cost.requests > self.max_requests or cost.tokens > self.max_tokens:
            return math.inf
        for spending in self._log:
            requests -= spending.requests
            tokens -= spending.tokens
            if requests <= 0 and tokens <= 0:
                return spending.at + self.kept
        return now + self.kept  # the rest is unsent: at best it leaves now

    def expired_by(self, at: float) -> tuple[int, int]:
        """How many of the requests and tokens in the log will have left it at a later time."""
        requests = tokens = 0
        for spending in self._log:
            if spending.at + self.kept > at:
                break
            requests += spending.requests
            tokens += spending.tokens
        return requests, tokens

    def expiry(self, at: float) -> float:
        """When something sent at that time leaves it."""
        return at + self.kept

    def next_expiry(self) -> float:
        return self._log[0].at + self.kept if self._log else math.inf

    def expiries(self) -> list[tuple[float, float]]:
        """When what is in the log leaves it, soonest first, and what share of the window it is."""
        return [(spending.at + self.kept, self.share(spending.requests, spending.tokens)) for spending in self._log]

    def share(self, requests: int, tokens: int) -> float:
        """How much of the window this is, by its scarcer dimension."""
        return max(_part(requests, self.max_requests), _part(tokens, self.max_tokens))

    def course(self, now: float) -> Course:
        """How it goes on from here; what is unsent at best is sent now."""
        coming = [(spending.at + self.kept, spending.requests, spending.tokens) for spending in self._log]
        requests = self.requests - sum(requests for _, requests, _ in coming)
        tokens = self.tokens - sum(tokens for _, _, tokens in coming)
        unsent = [(now + self.kept, requests, tokens)] if requests or tokens else []
        return Course(
            self.max_requests - self.requests,
            self.max_tokens - self.tokens,
            sorted([*coming, *unsent]),
            lambda at: at + self.kept,
        )


class DayWindow:
    """The counters of a `DayLimit`. They are cleared at midnight in its zone, and `skew` seconds later for safety.

    What is unsent at that time, or was sent within `skew` seconds of midnight, may be counted on either day by the
    provider, and so it is counted on both here.
    """

    __slots__ = (
        "_at_midnight",
        "_counts_from",
        "_midnight",
        "_resets_at",
        "_skew",
        "_unsent",
        "_zone",
        "max_requests",
        "max_tokens",
        "rate",
        "requests",
        "tokens",
    )

    def __init__(self, rate: DayLimit, skew: float, midnight: Midnight) -> None:
        self.rate: Rate = rate
        self.max_requests = _most(rate.requests)
        self.max_tokens = _most(rate.tokens)
        self.requests = 0
        self.tokens = 0
        self._skew = skew
        self._zone = rate.zone
        self._midnight = midnight
        self._resets_at = -math.inf
        self._counts_from = -math.inf  # what was sent since then is counted on this day
        self._unsent: dict[Spending, None] = {}
        self._at_midnight: dict[Spending, None] = {}

    def set_rate(self, rate: DayLimit) -> None:
        """From now on it holds so much, over the same days; what is in it stays."""
        self.rate = rate
        self.max_requests, self.max_tokens = _most(rate.requests), _most(rate.tokens)

    def forget(self, now: float) -> None:
        """Begin a new day if it is time."""
        if now >= self._resets_at:
            midnight = self._midnight(self._zone, now - self._skew)
            is_same = midnight < self._resets_at + DAY / 2  # the wall clock was set back, and the day is not over
            self._resets_at = midnight + self._skew
            if is_same:
                return
            # Days have 23 to 25 hours.
            self._counts_from = self._midnight(self._zone, midnight - 1.25 * DAY) - self._skew
            late = (one for one in self._at_midnight if one.at >= self._counts_from)
            carried = [*self._unsent, *late]
            self.requests = sum(spending.requests for spending in carried)
            self.tokens = sum(spending.tokens for spending in carried)
            self._at_midnight = {}

    def add(self, spending: Spending) -> None:
        self.requests += spending.requests
        self.tokens += spending.tokens
        self._unsent[spending] = None

    def refund(self, spending: Spending) -> None:
        del self._unsent[spending]
        self.requests -= spending.requests
        self.tokens -= spending.tokens

    def stamp(self, spending: Spending) -> None:
        self.forget(spending.at)
        self._unsent.pop(spending, None)
        if spending.at >= self._resets_at - 2 * self._skew:
            self._at_midnight[spending] = None

    def insert(self, spending: Spending) -> None:
        if spending.at >= self._counts_from:
            self.requests += spending.requests
            self.tokens += spending.tokens
        if spending.at >= self._resets_at - 2 * self._skew:
            self._at_midnight[spending] = None

    def retract(self, spending: Spending, now: float) -> None:
        self.forget(now)
        self._at_midnight.pop(spending, None)
        if spending.at >= self._counts_from:
            self.requests -= spending.requests
            self.tokens -= spending.tokens

    def correct(self, spending: Spending, tokens: int, now: float) -> None:
        self.forget(now)
        if spending.at >= self._counts_from:
            self.tokens += tokens

    def observe(self, requests: int | None, tokens: int | None, until: float, now: float) -> None:  # noqa: ARG002
        self.forget(now)
        self.requests += _unseen(self.rate.requests, requests, self.requests)
        self.tokens += _unseen(self.rate.tokens, tokens, self.tokens)

    def earliest(self, cost: Cost, now: float) -> float:
        if self.requests + cost.requests <= self.max_requests and self.tokens + cost.tokens <= self.max_tokens:
            return now
        if cost.requests > self.max_requests or cost.tokens > self.max_tokens:
            return math.inf
        requests, tokens = self._carried()
        if requests + cost.requests <= self.max_requests and tokens + cost.tokens <= self.max_tokens:
            return self._resets_at
        return self._midnight(self._zone, self._resets_at + 1.0) + self._skew

    def expired_by(self, at: float) -> tuple[int, int]:
        if at < self._resets_at:
            return 0, 0
        requests, tokens = self._carried()
        return self.requests - requests, self.tokens - tokens

    def _carried(self) -> tuple[int, int]:
        """What will be counted on the next day as well, as far as is known: others may send after midnight."""
        late = self._at_midnight
        return sum(spending.requests for spending in late), sum(spending.tokens for spending in late)

    def expiry(self, at: float) -> float:
        return self._resets_at if at < self._resets_at - 2 * self._skew else math.inf

    def next_expiry(self) -> float:
        return self._resets_at if self.requests or self.tokens else math.inf

    def course(self, now: float) -> Course:  # noqa: ARG002
        """How it goes on from here, with days of 24 hours."""
        resets_at = self._resets_at
        return Course(
            self.max_requests - self.requests,
            self.max_tokens - self.tokens,
            [(resets_at, self.requests, self.tokens)],
            lambda at: resets_at + DAY * max(0, math.floor((at - resets_at) / DAY) + 1),
        )


Window: TypeAlias = RollingWindow | DayWindow
Windows: TypeAlias = tuple[Window, ...]

Midnight: TypeAlias = Callable[[str, float], float]
"""`midnight(zone, now)`: the next midnight in an IANA zone after `now`, both on the clock of the pool."""


def open_window(rate: Rate, skew: float, midnight: Midnight) -> Window:
    match rate:
        case Limit():
            return RollingWindow(rate, skew)
        case DayLimit():
            return DayWindow(rate, skew, midnight)


def refit(
    windows: Sequence[Window], rates: Sequence[Rate], open_new: Callable[[Rate], Window]
) -> tuple[Windows, Windows]:
    """Windows for other rates, and which of them are new and empty.

    One over a period that had one already is that one, with all that is in it.
    """
    left = list(windows)
    fitted: list[Window] = []
    fresh: list[Window] = []
    for rate in rates:
        match rate, next((each for each in left if _spans_the_same(each.rate, rate)), None):
            case Limit(), RollingWindow() as window:
                window.set_rate(rate)
                left.remove(window)
            case DayLimit(), DayWindow() as window:
                window.set_rate(rate)
                left.remove(window)
            case _:
                window = open_new(rate)
                fresh.append(window)
        fitted.append(window)
    return tuple(fitted), tuple(fresh)


def _spans_the_same(one: Rate, other: Rate) -> bool:
    match one, other:
        case Limit(), Limit():
            return one.period == other.period
        case DayLimit(), DayLimit():
            return one.zone == other.zone
        case _:
            return False


def midnight_after(zone: str, unix: float) -> float:
    """The next midnight in an IANA zone, in Unix seconds."""
    local = datetime.fromtimestamp(unix, ZoneInfo(zone))
    return datetime.combine(local.date() + timedelta(days=1), time(), ZoneInfo(zone)).timestamp()


def _most(amount: int | None) -> float:
    return math.inf if amount is None else amount


def _part(amount: int, most: float) -> float:
    if not amount:
        return 0.0
    return amount / most if most else math.inf


def _unseen(limit: int | None, remaining: int | None, known: int) -> int:
    return max(0, limit - remaining - known) if limit is not None and remaining is not None else 0


def _sent_at(spending: Spending) -> float:
    return spending.at
