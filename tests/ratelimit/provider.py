"""A provider that counts for itself, and pools to try on it."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import Awaitable, Iterable
from typing import Any

from ratelimit import (
    Allowance,
    ApiKey,
    BadRequest,
    Exhausted,
    KeyHealth,
    KeyPool,
    Lease,
    Limit,
    Limits,
    Rejected,
    Throttled,
    Unavailable,
    Verdict,
)
from tests import virtual_time

EPOCH = 1_700_000_000.0
"""The Unix second at which every story starts."""


class Refusal(Exception):
    """Carries its own verdict, so that the judge of these tests has an easy life."""

    def __init__(self, verdict: Verdict | None) -> None:
        super().__init__(str(verdict))
        self.verdict = verdict


class Answer:
    """What a service answers when all is well; with what it says of its limits."""

    def __init__(self, verdict: Verdict | None) -> None:
        self.verdict = verdict


def judge(outcome: object, now: float) -> Verdict | None:
    return outcome.verdict if isinstance(outcome, Refusal | Answer) else None


THROTTLED = Refusal(Throttled())
REJECTED = Refusal(Rejected())
EXHAUSTED = Refusal(Exhausted())
BAD_REQUEST = Refusal(BadRequest())
UNAVAILABLE = Refusal(Unavailable())


class LoadedDice(random.Random):
    """Always falls the same way, from 0 up to below 1."""

    def __init__(self, falls: float) -> None:
        super().__init__(0)
        self._falls = falls

    def random(self) -> float:
        return self._falls


def unix_now() -> float:
    return EPOCH + virtual_time.now()


def keys(*accounts: str) -> list[ApiKey]:
    return [ApiKey(f"key-{n}", account, f"fake-secret-{n}") for n, account in enumerate(accounts, start=1)]


def make_pool(limits: Limits, *accounts: str, **settings: Any) -> KeyPool:
    """A pool on virtual time with a key for each account named, "key-1" first."""
    settings.setdefault("wall_clock", unix_now)
    settings.setdefault("dice", random.Random(1))
    return KeyPool(
        "studio",
        keys(*(accounts or ("a",))),
        limits=limits,
        judge=judge,
        clock=virtual_time.now,
        **settings,
    )


class Service:
    """Answers, unless told how a key is refused; notes who called and when."""

    def __init__(self, **refusals: Exception) -> None:
        self.refusals = {name.replace("_", "-"): refusal for name, refusal in refusals.items()}
        self.calls: list[tuple[str, float]] = []

    async def ask(self, lease: Lease) -> str:
        key = lease.key
        self.calls.append((key.id, virtual_time.now()))
        assert len(self.calls) < 10_000, "somebody repeats without end"
        await asyncio.sleep(0.1)
        if key.id in self.refusals:
            raise self.refusals[key.id]
        return f"answered {key.id}"

    @property
    def callers(self) -> list[str]:
        return [key_id for key_id, _ in self.calls]


def health(pool: KeyPool) -> list[KeyHealth]:
    return [key.health for key in pool.view().keys]


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


# What stories are made of

ONE_A_MINUTE = Limits(account=Allowance(rates=(Limit(1, period=60),)))
ROOM_FOR_ONE = Limits(account=Allowance(room=1))


def three_a_minute() -> Limits:
    return Limits(account=Allowance(rates=(Limit(3, period=60),)))


async def granted_at(pool: KeyPool, *, user: str = "ana", **wish: object) -> tuple[str, float]:
    async with pool.lease(user=user, **wish) as lease:  # type: ignore[arg-type]  # passed on as given
        return lease.key.id, virtual_time.now()


async def gather(*stories: Awaitable[object]) -> list[object]:
    return list(await asyncio.gather(*stories))


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)
