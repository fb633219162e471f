"""A provider that counts for itself, and pools to try on it."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from ratelimit import ApiKey, BadRequest, Exhausted, KeyPool, Limits, Rejected, Scope, Throttled, Verdict
from tests import virtual_time

EPOCH = 1_700_000_000.0
"""The Unix second at which every story starts."""


class Refusal(Exception):
    """Carries its own verdict, so that the judge of these tests has an easy life."""

    def __init__(self, verdict: Verdict | None) -> None:
        super().__init__(str(verdict))
        self.verdict = verdict


def judge(failure: BaseException, now: float) -> Verdict | None:
    return failure.verdict if isinstance(failure, Refusal) else None


THROTTLED = Refusal(Throttled())
REJECTED = Refusal(Rejected())
EXHAUSTED = Refusal(Exhausted())
BAD_REQUEST = Refusal(BadRequest())
UNAVAILABLE = Refusal(Throttled(scope=Scope.PROVIDER))


def unix_now() -> float:
    return EPOCH + virtual_time.now()


def keys(*accounts: str) -> list[ApiKey]:
    return [ApiKey(f"key-{n}", account, f"fake-secret-{n}") for n, account in enumerate(accounts, start=1)]


def make_pool(limits: Limits, *accounts: str, **settings: Any) -> KeyPool:
    """A pool on virtual time with a key for each account named, "key-1" first."""
    settings.setdefault("wall_clock", unix_now)
    return KeyPool(
        "studio",
        keys(*(accounts or ("a",))),
        limits=limits,
        judge=judge,
        clock=virtual_time.now,
        dice=random.Random(1),
        **settings,
    )


class StrictServer:
    """Refuses whatever arrives beyond `limit` in any `period` seconds of one account, counting by arrival.

    The way there takes 20 ms and an exponential rest of 15 ms on average, at most 250 ms.
    """

    def __init__(self, limit: int, period: float, *, seed: int = 7) -> None:
        self._limit = limit
        self._period = period
        self._dice = random.Random(seed)
        self._arrivals: dict[str, list[float]] = defaultdict(list)
        self.served = 0
        self.refused = 0

    async def take(self, key: ApiKey) -> None:
        await asyncio.sleep(min(0.02 + self._dice.expovariate(1 / 0.015), 0.25))
        at = virtual_time.now()
        recent = [other for other in self._arrivals[key.account] if other > at - self._period]
        if len(recent) >= self._limit:
            self.refused += 1
            raise THROTTLED
        self._arrivals[key.account] = [*recent, at]
        self.served += 1
        await asyncio.sleep(0.05)


def jain(shares: Iterable[float]) -> float:
    """Jain's index of fairness: 1 when all are equal, 1/n when one has everything."""
    values = list(shares)
    return sum(values) ** 2 / (len(values) * sum(value * value for value in values))
