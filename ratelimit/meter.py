"""What one account has spent and what it has open: exact, and free of any clock."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ratelimit.limits import Cost, Limits, Rate
from ratelimit.window import (
    UNSENT,
    Midnight,
    RollingWindow,
    Spending,
    Usage,
    Window,
    Windows,
    midnight_after,
    open_window,
    refit,
)

FULL = math.inf
"""The load of what can take nothing more."""

KEPT = 120.0
"""Seconds for which room is kept at most for somebody who waits for time, since what is begun now may last as long; and
everything, from those who are more urgent. An hour's or a day's budget is not held up that long for one request."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What somebody who cannot be served yet will take, and when it will fit if nobody takes it away."""

    at: float
    cost: Cost
    model: str | None


class Meter:
    """Rates and room of one account, over all models and for each.

    Every question takes `now`, in seconds on one clock that never runs backwards.

    Args:
        skew: seconds by which two requests may come closer together on their way; see `ratelimit.window`.
        midnight: tells when days end, on the clock of `now`; by default that is Unix seconds.

    Attributes:
        limits: that hold.
        has_rooms: whether anything limits how much is open at once.
        open: leases out and operations that go on.
    """

    __slots__ = (
        "_account_windows",
        "_by_model",
        "_midnight",
        "_model_windows",
        "_others",
        "_skew",
        "_unsent",
        "has_rooms",
        "limits",
        "open",
    )

    def __init__(self, limits: Limits, *, skew: float, midnight: Midnight = midnight_after) -> None:
        self.limits = limits
        self._skew = skew
        self._midnight = midnight
        self._account_windows = tuple(open_window(rate, skew, midnight) for rate in limits.account.rates)
        self._model_windows: dict[str, tuple[Window, ...]] = {}  # with those of the account, which bind every model
        self.has_rooms = any(allowance.room is not None for allowance in limits.every())
        self._others: list[Spending] = []
        self._unsent: dict[Spending, None] = {}
        self.open = 0
        self._by_model: defaultdict[str | None, int] = defaultdict(int)

    def set_room(self, room: int | None, model: str | None) -> None:
        """From now on there is so much room; what is open beyond it goes on, and nothing more is begun."""
        self.limits = self.limits.with_room(room, model)
        self.has_rooms = any(allowance.room is not None for allowance in self.limits.every())

    def set_limits(self, limits: Limits, now: float) -> None:
        """From now on these hold. What was spent stays spent, and what is open beyond them goes on.

        A limit over a new period begins with what the others still know: of a day that had none, the last minute.
        """
        of_account, of_models = self._account_windows, self._model_windows
        self.limits = limits
        self.has_rooms = any(allowance.room is not None for allowance in limits.every())

        def open_new(rate: Rate) -> Window:
            return open_window(rate, self._skew, self._midnight)

        self._account_windows, fresh = refit(of_account, limits.account.rates, open_new)
        self._tell(fresh, [*_longest(of_account, now), *self._unsent], now)
        self._model_windows = {}
        for model, windows in of_models.items():
            own, fresh = refit(windows[len(of_account) :], limits.for_model(model).rates, open_new)
            self._model_windows[model] = (*self._account_windows, *own)
            known = [*_longest(windows, now), *self._unsent]
            self._tell(fresh, [spending for spending in known if spending.model == model], now)

    @staticmethod
    def _tell(fresh: Windows, known: Sequence[Spending], now: float) -> None:
        for window in fresh:
            window.forget(now)
            for spending in known:
                spending.windows = (*spending.windows, window)
                if spending.at == UNSENT:
                    window.add(spending)
                else:
                    window.insert(spending)

    # Rates

    def fits(self, cost: Cost, model: str | None, now: float) -> bool:
        requests, tokens = cost.requests, cost.tokens
        for window in self._account_windows if model is None else self.windows(model):
            window.forget(now)
            if window.requests + requests > window.max_requests or window.tokens + tokens > window.max_tokens:
                return False
        return True

    def earliest(self, cost: Cost, model: str | None, now: float) -> float:
        """When the rates will allow it if nobody else comes; infinity if never. Knows nothing of room."""
        return max((window.earliest(cost, now) for window in self.current(model, now)), default=now)

    def fits_beside(self, claim: Claim, cost: Cost, model: str | None, now: float, *, by: float | None = None) -> bool:
        """Whether spending now leaves the claim where it is: then it delays nobody, and may overtake.

        It is sent `by` then at the latest, if not now.
        """
        if self.has_rooms and claim.at - now <= KEPT and not self._has_room_beside(claim, model):
            return False
        shared = set(self.current(claim.model, now))
        for window in self.current(model, now):
            if window in shared and window.expiry(now if by is None else by) >= claim.at:
                gone_requests, gone_tokens = window.expired_by(claim.at)
                requests = window.requests - gone_requests + claim.cost.requests + cost.requests
                tokens = window.tokens - gone_tokens + claim.cost.tokens + cost.tokens
                if requests > window.max_requests or tokens > window.max_tokens:
                    return False
        return True

    def spend(self, cost: Cost, model: str | None) -> Spending:
        """Take it from every window. It is unsent until it is stamped."""
        spending = Spending(cost.requests, cost.tokens, self.windows(model), model=model)
        self.take(spending)
        return spending

    def take(self, spending: Spending) -> None:
        """Take it from its windows, likewise."""
        self._unsent[spending] = None
        for window in spending.windows:
            window.add(spending)

    def stamp(self, spending: Spending, now: float) -> None:
        """It was sent now; the last time it is told counts."""
        if spending.at == UNSENT:
            self._unsent.pop(spending, None)
        else:
            for window in spending.windows:
                window.retract(spending, now)
            spending.windows = self.current(spending.model, now)  # other limits may hold by now
            for window in spending.windows:
                window.add(spending)
        spending.at = now
        for window in spending.windows:
            window.stamp(spending)

    def correct(self, spending: Spending, tokens: int, now: float) -> None:
        """It took so many tokens in truth."""
        for window in spending.windows:
            window.correct(spending, tokens - spending.tokens, now)
        spending.tokens = tokens

    def refund(self, spending: Spending) -> None:
        """It will not be sent at all, and was not."""
        self._unsent.pop(spending, None)
        for window in spending.windows:
            window.refund(spending)

    def insert(self, cost: Cost, model: str | None, at: float, now: float) -> None:
        """Count what was sent at a time in the past, by whomever."""
        spending = Spending(cost.requests, cost.tokens, self.windows(model), at, model)
        for window in self.current(model, now):
            window.insert(spending)

    def replace_others(self, others: Iterable[tuple[float, str | None, Cost]], now: float) -> None:
        """Count what others sent, and when, by model: all they did, in place of what was told before."""
        for spending in self._others:
            for window in spending.windows:
                window.retract(spending, now)
        self._others = []
        for at, model, cost in others:
            spending = Spending(cost.requests, cost.tokens, self.current(model, now), at, model)
            self._others.append(spending)
            for window in spending.windows:
                window.insert(spending)

    def observe(
        self, period: float, requests: int | None, tokens: int | None, until: float, model: str | None, now: float
    ) -> bool:
        """The service says what is left of its limit over this period until then; whether we have such a limit.

        What is said of a model tells nothing about limits over all models.
        """
        windows = self.current(model, now)
        spoken_of = windows if model is None else windows[len(self._account_windows) :]
        matching = [window for window in spoken_of if window.rate.period == period]
        for window in matching:
            window.observe(requests, tokens, until, now)
        return bool(matching)

    # Room

    def has_room(self, model: str | None) -> bool:
        if not self.has_rooms:
            return True
        return all(is_open < room for room, is_open in self._rooms(model))

    def _has_room_beside(self, claim: Claim, model: str | None) -> bool:
        """Whether the room of a model is enough for both. How long one stays open, nobody knows.

        Of the account's own room nothing need be kept: while it is taken, nobody spends what the claim waits for.
        """
        room = None if model is None or model != claim.model else self.limits.for_model(model).room
        return room is None or room - self._by_model.get(model, 0) >= 2

    def enter(self, model: str | None) -> None:
        """One more is open, even beyond the limit, where it is so."""
        self.open += 1
        self._by_model[model] += 1

    def leave(self, model: str | None) -> None:
        """One less is open."""
        self.open -= 1
        self._by_model[model] -= 1

    # Looking at it

    def load(self, model: str | None, now: float) -> float:
        """How full the scarcest of rates and rooms is, from 0; `FULL` if not even the smallest request could go."""
        load = 0.0
        for window in self.windows(model):
            window.forget(now)
            requests, tokens = window.requests, window.tokens
            if requests >= window.max_requests or tokens > window.max_tokens:
                return FULL
            share = requests / window.max_requests
            if share > load:
                load = share
            if tokens and tokens / window.max_tokens > load:
                load = tokens / window.max_tokens
        if self.has_rooms:
            for room, is_open in self._rooms(model):
                if is_open >= room:
                    return FULL
                load = max(load, is_open / room)
        return load

    def next_expiry(self, model: str | None, now: float) -> float:
        """When time gives something back to requests for this model; infinity if nothing is spent."""
        at = math.inf
        for window in self.windows(model):
            window.forget(now)
            at = min(at, window.next_expiry())
        return at

    def usage(self, now: float) -> tuple[Usage, ...]:
        windows: list[tuple[str | None, Window]] = [(None, window) for window in self.current(None, now)]
        for model in self._model_windows:
            own = self.current(model, now)[len(self._account_windows) :]
            windows += [(model, window) for window in own]
        return tuple(Usage(window.rate, window.requests, window.tokens, model) for model, window in windows)

    @property
    def open_by_model(self) -> dict[str | None, int]:
        return {model: is_open for model, is_open in self._by_model.items() if is_open}

    def windows(self, model: str | None) -> tuple[Window, ...]:
        """All that binds a request for this model, as it was when last asked."""
        if model is None:
            return self._account_windows
        windows = self._model_windows.get(model)
        if windows is None:
            own = (open_window(rate, self._skew, self._midnight) for rate in self.limits.for_model(model).rates)
            windows = self._model_windows[model] = (*self._account_windows, *own)
        return windows

    def current(self, model: str | None, now: float) -> tuple[Window, ...]:
        """All that binds a request for this model, as of now."""
        windows = self.windows(model)
        for window in windows:
            window.forget(now)
        return windows

    def _rooms(self, model: str | None) -> Iterator[tuple[int, int]]:
        """Every room that binds, with how much of it is taken."""
        if self.limits.account.room is not None:
            yield self.limits.account.room, self.open
        if model is not None:
            room = self.limits.for_model(model).room
            if room is not None:
                yield room, self._by_model.get(model, 0)


def _longest(windows: Windows, now: float) -> list[Spending]:
    """What was sent, as far back as one of them knows."""
    logs = [window for window in windows if isinstance(window, RollingWindow)]
    return max(logs, key=lambda log: log.kept).sent(now) if logs else []
