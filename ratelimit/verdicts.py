"""What an answer of the provider means for the key that got it.

The pool knows no provider: whoever builds it passes a `Judge`, which turns an exception into one of these.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias


class Scope(StrEnum):
    """Who must rest. `MODEL` is one model on one account; without a model in the lease it means the account."""

    KEY = "key"
    ACCOUNT = "account"
    MODEL = "model"
    PROVIDER = "provider"


@dataclass(frozen=True, slots=True)
class Throttled:
    """A fault of time: it passes.

    Attributes:
        until: Unix seconds when the service said it may go on; `None` where it said nothing, then the pool's own
            growing cooldown holds.
        scope: who must rest. `PROVIDER` without `until` (a 503, an outage) makes nobody rest: it is no key's fault,
            and `KeyPool.call` backs off by itself.
    """

    until: float | None = None
    scope: Scope = Scope.ACCOUNT


@dataclass(frozen=True, slots=True)
class Exhausted:
    """The day, the credit or the plan is used up until `until` (Unix seconds; `None`: until the operator acts)."""

    until: float | None = None
    scope: Scope = Scope.ACCOUNT


@dataclass(frozen=True, slots=True)
class Rejected:
    """The key is wrong, revoked or not allowed: out until `KeyPool.reinstate` or the next start."""


@dataclass(frozen=True, slots=True)
class BadRequest:
    """The request is at fault. No key will do it, and no key is hurt."""


Verdict: TypeAlias = Throttled | Exhausted | Rejected | BadRequest

Judge: TypeAlias = Callable[[BaseException, float], Verdict | None]
"""`judge(failure, now)` with `now` in Unix seconds; `None` means that the failure tells nothing about keys."""
