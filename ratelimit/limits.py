"""Limits as data: what a request costs, and what an account may do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias
from zoneinfo import ZoneInfo

DAY = 86_400.0
"""Seconds. On the two days a year when clocks change a day is an hour off that: as a `DayLimit`'s period, this is a
name for the day, by which a service's word about it is found."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What one lease takes from its account's windows: `requests` ≥ 1, and `tokens` ≥ 0 as estimated beforehand."""

    requests: int = 1
    tokens: int = 0

    def __post_init__(self) -> None:
        if self.requests < 1 or self.tokens < 0:
            raise ValueError(f"a lease costs at least one request and no negative tokens: {self}")


@dataclass(frozen=True, slots=True)
class Limit:
    """So many requests and tokens in *every* stretch of `period` seconds; `None` means without limit."""

    requests: int | None
    tokens: int | None = None
    period: float = 60.0

    def __post_init__(self) -> None:
        _check(self.requests, self.tokens)
        if self.period <= 0:
            raise ValueError(f"a limit's period is longer than nothing: {self}")

    def __str__(self) -> str:
        return f"{_amount(self.requests, self.tokens)} per {_span(self.period)}"


@dataclass(frozen=True, slots=True)
class DayLimit:
    """So many requests and tokens from midnight to midnight in `zone`, an IANA name; `None` means without limit.

    Google's days begin at midnight in America/Los_Angeles. A day that rolls (Runway's, the last 24 hours) is a
    `Limit` with a period of `DAY`.
    """

    requests: int | None
    tokens: int | None = None
    zone: str = "UTC"

    def __post_init__(self) -> None:
        _check(self.requests, self.tokens)
        ZoneInfo(self.zone)  # an unknown zone is found here, not at midnight

    @property
    def period(self) -> float:
        return DAY

    def __str__(self) -> str:
        return f"{_amount(self.requests, self.tokens)} per day ({self.zone})"


Rate: TypeAlias = Limit | DayLimit


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What may be done: `rates` over time (all of them hold), and `room`, operations open at once (`None`: any)."""

    rates: tuple[Rate, ...] = ()
    room: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one account may do.

    Attributes:
        account: over all models together.
        each_model: for every model by itself, besides `account`.
        models: for the models named, in place of `each_model`.
    """

    account: Allowance = Allowance()
    each_model: Allowance = Allowance()
    models: Mapping[str, Allowance] = field(default_factory=dict)

    def for_model(self, model: str) -> Allowance:
        return self.models.get(model, self.each_model)

    def with_room(self, room: int | None, model: str | None) -> Limits:
        """The same with another room: one model's own, or the account's where `model` is `None`."""
        if model is None:
            return replace(self, account=replace(self.account, room=room))
        return replace(self, models={**self.models, model: replace(self.for_model(model), room=room)})

    def every(self) -> tuple[Allowance, ...]:
        """All there are, for whatever model."""
        return (self.account, self.each_model, *self.models.values())

    def every_rate(self) -> list[Rate]:
        return [rate for allowance in self.every() for rate in allowance.rates]

    def binding(self, model: str | None) -> tuple[Allowance, ...]:
        """All that binds a request."""
        return (self.account,) if model is None else (self.account, self.for_model(model))

    def allow(self, cost: Cost, model: str | None) -> bool:
        """Whether a request would ever be possible, with nothing spent and nothing open."""
        return all(
            allowance.room != 0 and all(fits(rate, cost.requests, cost.tokens) for rate in allowance.rates)
            for allowance in self.binding(model)
        )

    def charge(self, cost: Cost, model: str | None) -> float:
        """What a request weighs against others: the largest share it takes of anything limited."""
        shares = [1 / allowance.room for allowance in self.binding(model) if allowance.room]
        for allowance in self.binding(model):
            shares += [share(rate, cost.requests, cost.tokens) for rate in allowance.rates]
        return max(shares, default=0.0) or float(cost.requests)


def fits(rate: Rate, requests: int, tokens: int) -> bool:
    """Whether a window of this rate may hold so much in all."""
    return (rate.requests is None or requests <= rate.requests) and (rate.tokens is None or tokens <= rate.tokens)


def share(rate: Rate, requests: int, tokens: int) -> float:
    """How much of the rate this is, by its scarcer dimension; 0 where nothing is limited."""
    shares = [requests / rate.requests] if rate.requests else []
    shares += [tokens / rate.tokens] if rate.tokens else []
    return max(shares, default=0.0)


def _check(requests: int | None, tokens: int | None) -> None:
    if (requests is not None and requests < 0) or (tokens is not None and tokens < 0):
        raise ValueError(f"a limit is not negative: {requests} requests, {tokens} tokens")


def _amount(requests: int | None, tokens: int | None) -> str:
    parts = [f"{requests:,} requests"] if requests is not None else []
    parts += [f"{tokens:,} tokens"] if tokens is not None else []
    return " and ".join(parts) or "anything"


def _span(period: float) -> str:
    for unit, name in ((DAY, "day"), (3600.0, "hour"), (60.0, "minute")):
        if period % unit == 0:
            count = int(period // unit)
            return name if count == 1 else f"{count} {name}s"
    return f"{period:g} s"
