"""Where the scenarios happen: virtual time, a network that delays, and the figures one makes of waits."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Callable, Coroutine, Iterable, Sequence
from concurrent.futures import Executor
from typing import Any, TypeVar

from ratelimit import Allowance, ApiKey, DayLimit, KeyPool, Limit, Limits, Verdict
from tests.virtual_time import VirtualTimeLoop

Result = TypeVar("Result")

MINUTE = 60.0
EPOCH = 1_790_000_040.0
"""The Unix second at which every story starts: a full minute, so that clock-minute windows begin with the story."""


class StoryLoop(VirtualTimeLoop):
    """Virtual time for others' code as well: every turn of the loop takes a microsecond, and threads take none.

    Without the microsecond a limiter whose arithmetic says "in 10⁻¹⁷ seconds" would ask for ever at the same instant.
    """

    turns = 0

    def time(self) -> float:
        return super().time() + self.turns * 1e-6

    def _run_once(self) -> None:
        self.turns += 1
        super()._run_once()  # type: ignore[misc]  # BaseEventLoop's, and not in the stubs

    def run_in_executor(self, _executor: Executor | None, func: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:  # type: ignore[override]  # noqa: ANN401 - asyncio's own signature
        done: asyncio.Future[Any] = self.create_future()
        try:
            done.set_result(func(*args))
        except Exception as failure:  # noqa: BLE001 - the caller's, as from a thread
            done.set_exception(failure)
        return done


def tell(story: Coroutine[Any, Any, Result]) -> Result:
    """Run a story from second 0 of a fresh virtual clock."""
    with asyncio.Runner(loop_factory=StoryLoop) as runner:
        return runner.run(story)


def now() -> float:
    """Seconds since the story began."""
    return asyncio.get_running_loop().time()


def unix_now() -> float:
    return EPOCH + now()


class Network:
    """One way takes 20 ms and an exponential rest of 15 ms on average, at most 250 ms: half a bad mobile link."""

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)  # noqa: S311 - a story, not a secret

    def delay(self) -> float:
        return min(0.020 + self._dice.expovariate(1 / 0.015), 0.250)


class Refusal(Exception):
    """A provider's answer that brings its verdict along, so that the pools here need no judge of their own."""

    def __init__(self, verdict: Verdict | None) -> None:
        super().__init__(str(verdict))
        self.verdict = verdict


def judge(outcome: object, now: float) -> Verdict | None:
    del now
    return outcome.verdict if isinstance(outcome, Refusal) else None


def make_pool(*rates: Limit | DayLimit, accounts: int = 1, room: int | None = None, seed: int = 1) -> KeyPool:
    """A pool with one key for each account, on the running loop's time."""
    return KeyPool(
        "provider",
        [ApiKey(f"key-{n}", f"account-{n}", f"secret-{n}") for n in range(1, accounts + 1)],
        limits=Limits(account=Allowance(rates=rates, room=room)),
        judge=judge,
        wall_clock=unix_now,
        dice=random.Random(seed),  # noqa: S311 - jitter
    )


def percentile(values: Iterable[float], share: float) -> float:
    """The smallest value that at least `share` of them do not exceed; not a number if there are none."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else math.nan


def jain(shares: Sequence[float]) -> float:
    """Jain's index of fairness: 1 when all are equal, 1/n when one has everything."""
    return sum(shares) ** 2 / (len(shares) * sum(share * share for share in shares)) if any(shares) else math.nan
