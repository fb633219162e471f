"""The limiters that stand beside the pool, unmodified from the package index, and optional.

They limit one thing each, so a caller with several keys goes round robin between as many limiters: that is what their
documentation suggests. On virtual time only their clocks are replaced.
"""

from __future__ import annotations

import asyncio
import importlib
import importlib.util
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from itertools import count
from types import SimpleNamespace
from typing import Any

from benchmarks.pool.world import EPOCH

Acquire = Callable[[], Awaitable[object]]

MISSING = "not installed (make bench-pool)"


@dataclass(frozen=True, slots=True)
class Peer:
    """A limiter: `make(limit, period)` returns a function that waits for a turn. `None` where it is not installed."""

    name: str
    make: Callable[[int, float], Acquire] | None


def peers() -> list[Peer]:
    makers = {"aiolimiter": _aiolimiter, "pyrate-limiter": _pyrate, "limits (moving window)": _limits}
    modules = {"aiolimiter": "aiolimiter", "pyrate-limiter": "pyrate_limiter", "limits (moving window)": "limits"}
    return [Peer(name, make if is_installed(modules[name]) else None) for name, make in makers.items()]


def is_installed(module: str) -> bool:
    return importlib.util.find_spec(module) is not None


def _aiolimiter(limit: int, period: float) -> Acquire:
    limiter: Any = importlib.import_module("aiolimiter").AsyncLimiter(limit, period)
    acquire: Acquire = limiter.acquire
    return acquire


def _pyrate(limit: int, period: float) -> Acquire:
    pyrate: Any = importlib.import_module("pyrate_limiter")
    clocks: Any = importlib.import_module("pyrate_limiter.clocks")
    loop = asyncio.get_running_loop()

    class LoopClock(clocks.AbstractClock):  # type: ignore[misc]  # a class that may be missing
        def now(self) -> int:
            return int(loop.time() * 1000)

    bucket = pyrate.InMemoryBucket([pyrate.Rate(limit, int(period * 1000))])
    bucket._clock = LoopClock()  # noqa: SLF001 - there is no other way to give a bucket of memory a clock
    # Its leaking is a thread on real time; without it nothing but memory grows.
    leaks = not hasattr(loop, "_jumping")
    factory: Any = importlib.import_module("pyrate_limiter.limiter").SingleBucketFactory
    limiter = pyrate.Limiter(factory(bucket, schedule_leak=leaks))

    acquire: Acquire = limiter.try_acquire_async
    return acquire


def _limits(limit: int, period: float) -> Acquire:
    limits: Any = importlib.import_module("limits")
    memory: Any = importlib.import_module("limits.aio.storage.memory")
    strategies: Any = importlib.import_module("limits.aio.strategies")
    loop = asyncio.get_running_loop()
    origin = EPOCH if hasattr(loop, "_jumping") else time.time() - loop.time()
    memory.time = SimpleNamespace(time=lambda: origin + loop.time())
    limiter = strategies.MovingWindowRateLimiter(memory.MemoryStorage())
    item = limits.RateLimitItemPerSecond(limit, int(period))

    async def acquire() -> None:
        # It says yes or no and when to ask again; waiting is the caller's.
        while not await limiter.hit(item, "key"):
            resets_at = (await limiter.get_window_stats(item, "key")).reset_time
            await asyncio.sleep(max(0.001, resets_at - origin - loop.time()))

    return acquire


def round_robin(acquires: list[Acquire]) -> Callable[[], Awaitable[int]]:
    """Wait for a turn on the next of several limiters; which one it was."""
    turns = count()

    async def acquire() -> int:
        chosen = next(turns) % len(acquires)
        await acquires[chosen]()
        return chosen

    return acquire
