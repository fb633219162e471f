"""What one account has spent and what it has open: exact, and free of any clock.

A window is a log of what was sent when. Buckets and counters are smaller and let up to twice the limit through in the
worst stretch of a period; a provider counts exactly that stretch. The provider also counts by *arrival*: two requests
sent a period apart may arrive closer, because the second one's way was shorter. So everything stays in the log `skew`
seconds longer than the period, which keeps the promise for all networks that delay by less than that.
"""

from __future__ import annotations

import math
from bisect import insort
from collections import Counter
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field

from ratelimit.limits import Cost, Limit, Limits


@dataclass(slots=True, eq=False)
class Spending:
    """One lease in the logs. `at` is when it was sent, as far as known."""

    at: float
    cost: Cost
    windows: tuple[Window, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Usage:
    """A window as an operator sees it; `model` is `None` for the window over all models."""

    limit: Limit
    requests: int
    tokens: int
    model: str | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """What somebody who cannot be served yet will take, and when it will fit if nobody takes it away."""

    at: float
    cost: Cost
    model: str | None


class Window:
    """The log of one limit, oldest first."""

    __slots__ = ("_kept", "_log", "limit", "requests", "tokens")

    def __init__(self, limit: Limit, skew: float) -> None:
        self.limit = limit
        self._kept = limit.period + skew
        self._log: list[Spending] = []
        self.requests = 0
        self.tokens = 0

    def forget(self, now: float) -> None:
        """Drop what has left the window by `now`."""
        gone = 0
        for spending in self._log:
            if spending.at + self._kept > now:
                break
            gone += 1
            self.requests -= spending.cost.requests
            self.tokens -= spending.cost.tokens
        del self._log[:gone]

    def add(self, spending: Spending) -> None:
        insort(self._log, spending, key=lambda other: other.at)
        self.requests += spending.cost.requests
        self.tokens += spending.cost.tokens

    def discard(self, spending: Spending) -> None:
        if spending in self._log:
            self._log.remove(spending)
            self.requests -= spending.cost.requests
            self.tokens -= spending.cost.tokens

    def fits(self, requests: int, tokens: int) -> bool:
        """Whether so much fits besides what is in the log."""
        return self.limit.allows(self.requests + requests, self.tokens + tokens)

    def earliest(self, cost: Cost, now: float) -> float:
        """When the cost fits if nothing else is added; infinity if never."""
        limit = self.limit
        if not limit.allows(cost.requests, cost.tokens):
            return math.inf
        excess_requests = 0 if limit.requests is None else self.requests + cost.requests - limit.requests
        excess_tokens = 0 if limit.tokens is None else self.tokens + cost.tokens - limit.tokens
        at = now
        for spending in self._log:
            if excess_requests <= 0 and excess_tokens <= 0:
                break
            excess_requests -= spending.cost.requests
            excess_tokens -= spending.cost.tokens
            at = spending.at + self._kept
        return at

    def expired_by(self, at: float) -> tuple[int, int]:
        """How many of the requests and tokens in the log will have left it at a later time."""
        requests = tokens = 0
        for spending in self._log:
            if spending.at + self._kept > at:
                break
            requests += spending.cost.requests
            tokens += spending.cost.tokens
        return requests, tokens

    def next_expiry(self) -> float:
        return self._log[0].at + self._kept if self._log else math.inf

    def load(self) -> float:
        return self.limit.share(self.requests, self.tokens)


class Meter:
    """Rates and room of one account, over all models and for each.

    Every question takes `now`, in seconds on one clock that never runs backwards.

    Args:
        skew: seconds by which two requests may come closer together on their way; see the module.
    """

    def __init__(self, limits: Limits, *, skew: float) -> None:
        self.limits = limits
        self._skew = skew
        self._account_windows = tuple(Window(limit, skew) for limit in limits.account.rates)
        self._model_windows: dict[str, tuple[Window, ...]] = {}
        self._open: dict[Hashable, str | None] = {}
        self._open_by_model: Counter[str | None] = Counter()

    # Rates

    def fits(self, cost: Cost, model: str | None, now: float) -> bool:
        return all(window.fits(cost.requests, cost.tokens) for window in self._windows(model, now))

    def earliest(self, cost: Cost, model: str | None, now: float) -> float:
        """When the rates will allow it if nobody else comes; infinity if never. Knows nothing of room."""
        return max((window.earliest(cost, now) for window in self._windows(model, now)), default=now)

    def fits_beside(self, claim: Claim, cost: Cost, model: str | None, now: float) -> bool:
        """Whether spending now leaves the claim where it is: then it delays nobody, and may overtake."""
        shared = set(self._windows(claim.model, now))
        for window in self._windows(model, now):
            if window in shared:
                gone_requests, gone_tokens = window.expired_by(claim.at)
                requests = claim.cost.requests + cost.requests - gone_requests
                if not window.fits(requests, claim.cost.tokens + cost.tokens - gone_tokens):
                    return False
        return True

    def spend(self, cost: Cost, model: str | None, now: float) -> Spending:
        spending = Spending(now, cost, self._windows(model, now))
        for window in spending.windows:
            window.add(spending)
        return spending

    def restamp(self, spending: Spending, now: float) -> None:
        """It was sent only now: count it from here on."""
        for window in spending.windows:
            window.discard(spending)
        spending.at = now
        for window in spending.windows:
            window.add(spending)

    def refund(self, spending: Spending) -> None:
        """It will not be sent at all."""
        for window in spending.windows:
            window.discard(spending)

    # Room

    def has_room(self, model: str | None) -> bool:
        return all(room is None or is_open < room for room, is_open in self._rooms(model))

    def occupy(self, holder: Hashable, model: str | None) -> None:
        """Count `holder` (a lease, or an operation's id) as open, once; even beyond the limit, where it is so."""
        if holder not in self._open:
            self._open[holder] = model
            self._open_by_model[model] += 1

    def vacate(self, holder: Hashable) -> None:
        """Quiet when it is not open."""
        if holder in self._open:
            self._open_by_model[self._open.pop(holder)] -= 1

    # Looking at it

    def is_full(self, now: float) -> bool:
        """Whether not even the smallest request of any model could go now."""
        return not self.has_room(None) or not self.fits(Cost(), None, now)

    def load(self, model: str | None, now: float) -> float:
        """How full the scarcest of rates and rooms is, 0 to 1 (more if restored beyond a limit)."""
        loads = [window.load() for window in self._windows(model, now)]
        loads += [is_open / room for room, is_open in self._rooms(model) if room]
        return max(loads, default=0.0)

    def next_expiry(self, now: float) -> float:
        """When the oldest spending of any window leaves it; infinity if nothing is spent."""
        return min((window.next_expiry() for _, window in self._all_windows(now)), default=math.inf)

    def usage(self, now: float) -> tuple[Usage, ...]:
        return tuple(Usage(w.limit, w.requests, w.tokens, model) for model, w in self._all_windows(now))

    @property
    def open_count(self) -> int:
        return len(self._open)

    @property
    def open_by_model(self) -> dict[str | None, int]:
        return {model: is_open for model, is_open in self._open_by_model.items() if is_open}

    def _windows(self, model: str | None, now: float) -> tuple[Window, ...]:
        windows = self._account_windows
        if model is not None:
            if model not in self._model_windows:
                rates = self.limits.for_model(model).rates
                self._model_windows[model] = tuple(Window(limit, self._skew) for limit in rates)
            windows += self._model_windows[model]
        for window in windows:
            window.forget(now)
        return windows

    def _all_windows(self, now: float) -> Iterator[tuple[str | None, Window]]:
        groups: list[tuple[str | None, tuple[Window, ...]]] = [(None, self._account_windows)]
        groups += self._model_windows.items()
        for model, windows in groups:
            for window in windows:
                window.forget(now)
                yield model, window

    def _rooms(self, model: str | None) -> Iterator[tuple[int | None, int]]:
        """Every room that binds, with how much of it is taken."""
        yield self.limits.account.room, len(self._open)
        if model is not None:
            yield self.limits.for_model(model).room, self._open_by_model[model]
