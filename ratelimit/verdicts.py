"""What an answer of the provider means for the key that got it.

The pool knows no provider: whoever builds it passes a `Judge`, which turns an exception, or any answer that the caller
reports, into one of these.
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
        scope: who must rest.
    """

    until: float | None = None
    scope: Scope = Scope.ACCOUNT


@dataclass(frozen=True, slots=True)
class Exhausted:
    """The day, the credit or the plan is used up until `until` (Unix seconds).

    `None` means until somebody pays: nobody waits for that, and one request an hour finds out.
    """

    until: float | None = None
    scope: Scope = Scope.ACCOUNT


@dataclass(frozen=True, slots=True)
class Rejected:
    """The key is wrong, revoked or not allowed. It is asked again now and then, should somebody have mended it."""


@dataclass(frozen=True, slots=True)
class Unavailable:
    """The service failed (an outage, a 5xx, no answer in time), and nobody knows yet whether the key has to do with it.

    While other keys serve, it is this key's, which rests; when none does, it is the provider's, and no key rests.
    """


@dataclass(frozen=True, slots=True)
class BadRequest:
    """The request is at fault. No key will do it, and no key is hurt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remaining:
    """The request was served, and the service says what is left of a limit: others may spend the same quota.

    Attributes:
        period: seconds of the limit it speaks of: `DAY` for the day's.
        requests, tokens: that are left; `None` where nothing is said of them.
        until: Unix seconds when the limit is whole again.
    """

    period: float
    requests: int | None = None
    tokens: int | None = None
    until: float


Verdict: TypeAlias = Throttled | Exhausted | Rejected | Unavailable | BadRequest | Remaining

Judge: TypeAlias = Callable[[object, float], Verdict | None]
"""`judge(outcome, now)` with `now` in Unix seconds; `None` means that the outcome tells nothing about keys."""
