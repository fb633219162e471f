"""The pool behind a neutral face, so that any outside harness can drive it.

    pool = make({"keys": ["k1", "k2"], "limits": {"requests": 15, "period": 60}})
    await pool.start()
    async with pool.acquire(user="ana", priority="high", cost=1) as lease:
        lease.report(await send(lease.key))
    await pool.stop()

The spec carries keys, key → account, limits, cooldown, max_retries, max_skew, state_dir and weights, each optional but
the keys and each in any sensible shape: see `benchmarks.pool.spec`. A result has `status`, `headers` (in lower case),
`retry_after` and `reason`, as attributes or in a dict: see `benchmarks.pool.answers`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from benchmarks.pool.answers import Refused, is_fine, judge, judge_result
from benchmarks.pool.file_store import FileStore
from benchmarks.pool.spec import Setup, SpecFault, read_cost, read_priority, read_spec
from ratelimit import ApiKey, KeyPool, Lease, Limits

__all__ = ["AdaptedLease", "AdaptedPool", "SpecFault", "make"]

Result = TypeVar("Result")


def make(spec: object) -> AdaptedPool:
    """A pool as the spec describes it. Raises `SpecFault`, which names the field that cannot be meant."""
    return AdaptedPool(read_spec(spec))


class AdaptedLease:
    """A key on loan. `key` is what the spec called it."""

    __slots__ = ("_lease", "_wall_clock", "account", "key")

    def __init__(self, lease: Lease, key: str, wall_clock: Callable[[], float]) -> None:
        self._lease = lease
        self._wall_clock = wall_clock
        self.key = key
        self.account = lease.key.account

    def sent(self) -> None:
        """Say that the request leaves now."""
        self._lease.sent()

    def report(self, result: object) -> None:
        """Say how it went; `None` for well. An exception is judged as well."""
        if isinstance(result, BaseException):
            self._lease.report(result)
        else:
            self._lease.report(judge_result(result, self._wall_clock()))

    def __repr__(self) -> str:
        return f"<AdaptedLease of {self._lease.key.id}>"


class AdaptedPool:
    """`key_pool` is the pool itself, for whoever wants to look."""

    def __init__(self, setup: Setup) -> None:
        store = None if setup.state_dir is None else FileStore(setup.state_dir)
        self._setup = setup
        self._wall_clock = _WallClock()
        self._running: asyncio.Task[None] | None = None
        self._store = store
        self.key_pool = KeyPool(
            "harness",
            setup.keys,
            limits=Limits(),
            account_limits=setup.account_limits,
            judge=judge,
            cooldown=setup.cooldown,
            longest_cooldown=max(600.0, setup.cooldown),
            skew=setup.skew,
            max_retries=setup.max_retries,
            store=store,
            wall_clock=self._wall_clock,
        )

    @property
    def remembers(self) -> bool:
        """Whether what was spent survives a crash."""
        return self._store is not None

    async def start(self) -> None:
        if self._store is not None and self._running is None:
            self._running = asyncio.create_task(self.key_pool.run(), name="pool")  # stop() ends it

    async def stop(self) -> None:
        running, self._running = self._running, None
        if running is not None:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    @asynccontextmanager
    async def acquire(
        self, *, user: object = "anyone", priority: object = None, cost: object = None, max_wait: float | None = None
    ) -> AsyncIterator[AdaptedLease]:
        """Borrow a key, waiting for a turn. An exception that leaves the block is judged."""
        name = str(user)
        lending = self.key_pool.lease(
            user=name,
            priority=read_priority(priority),
            cost=read_cost(cost),
            weight=self._setup.weights.get(name, 1.0),
            max_wait=max_wait,
        )
        async with lending as lease:
            yield AdaptedLease(lease, self._setup.given[lease.key.id], self._wall_clock)

    async def call(
        self,
        send: Callable[[str], Awaitable[Result]],
        *,
        user: object = "anyone",
        priority: object = None,
        cost: object = None,
    ) -> Result:
        """Send with a key, and again where that helps; the last result, whether it is fine or not.

        `send(key)` returns a result. What it raises is judged, and raised on if it tells nothing of keys or if
        repeating did not help. Raises `NoUsableKey` where no key will ever serve.
        """

        async def attempt(key: ApiKey) -> Result:
            result = await send(self._setup.given[key.id])
            if not is_fine(result):
                raise Refused(result)
            return result

        name = str(user)
        try:
            return await self.key_pool.call(
                attempt,
                user=name,
                priority=read_priority(priority),
                cost=read_cost(cost),
                weight=self._setup.weights.get(name, 1.0),
            )
        except Refused as refused:
            last: Result = refused.result  # type: ignore[assignment]  # it came from `send`
            return last

    def __repr__(self) -> str:
        return f"<AdaptedPool {self.key_pool!r}>"


class _WallClock:
    """Unix seconds that pass as the loop's do: on a loop of virtual time, the day does not stand still."""

    def __init__(self) -> None:
        self._origin: float | None = None

    def __call__(self) -> float:
        try:
            passed = asyncio.get_running_loop().time()
        except RuntimeError:  # asked from outside
            return time.time()
        if self._origin is None:
            self._origin = time.time() - passed
        return self._origin + passed
