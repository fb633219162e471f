"""Limits as data: what a request costs, and what an account may do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


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
        if self.period <= 0:
            raise ValueError(f"a limit's period is longer than nothing: {self}")

    def allows(self, requests: int, tokens: int) -> bool:
        """Whether a window may hold so much in all."""
        return (self.requests is None or requests <= self.requests) and (self.tokens is None or tokens <= self.tokens)

    def share(self, requests: int, tokens: int) -> float:
        """How much of the limit this is, by its scarcer dimension; 0 where nothing is limited."""
        shares = [requests / self.requests] if self.requests else []
        shares += [tokens / self.tokens] if self.tokens else []
        return max(shares, default=0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What may be done: `rates` over time (all of them hold), and `room`, operations open at once (`None`: any)."""

    rates: tuple[Limit, ...] = ()
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

    def binding(self, model: str | None) -> tuple[Allowance, ...]:
        """All that binds a request."""
        return (self.account,) if model is None else (self.account, self.for_model(model))

    def allow(self, cost: Cost, model: str | None) -> bool:
        """Whether a request would ever be possible, with nothing spent and nothing open."""
        return all(
            allowance.room != 0 and all(limit.allows(cost.requests, cost.tokens) for limit in allowance.rates)
            for allowance in self.binding(model)
        )

    def charge(self, cost: Cost, model: str | None) -> float:
        """What a request weighs against others: the largest share it takes of anything limited."""
        shares = [1 / allowance.room for allowance in self.binding(model) if allowance.room]
        for allowance in self.binding(model):
            shares += [limit.share(cost.requests, cost.tokens) for limit in allowance.rates]
        return max(shares, default=0.0) or float(cost.requests)
