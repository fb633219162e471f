"""The pool behind a neutral face, so that any outside harness can drive it.

    pool = make({"keys": ["k1", "k2"], "limits": {"requests": 15, "period": 60}})
    await pool.start()
    async with pool.acquire(user="ana", priority="high", cost=1) as lease:
        lease.report(await send(lease.key))
    await pool.stop()

The spec carries keys, key → account, limits, cooldown, max_retries, max_skew, state_dir and weights, each optional but
the keys and each in any sensible shape: see `benchmarks.pool.spec`. A result has `status`, `headers` (in lower case),
`retry_after` and `reason`, as attributes or in a dict: see `benchmarks.pool.answers`. What the headers of a good answer
tell of what is left is heeded as well. A pool with a `state_dir` starts by itself, if nobody started it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from benchmarks.pool.answers import Refused, is_fine, judge, judge_answer, read
from benchmarks.pool.file_store import FileStore
from benchmarks.pool.spec import Setup, read_cost, read_priority, read_spec
from benchmarks.pool.spec_values import SpecFault
from benchmarks.pool.told import Answer, what_is_left
from benchmarks.pool.upkeep import Upkeep
from ratelimit import ApiKey, KeyPool, Lease, Limits, Unavailable

__all__ = ["AdaptedLease", "AdaptedPool", "SpecFault", "make"]

Result = TypeVar("Result")


def make(spec: object) -> AdaptedPool:
    """A pool as the spec describes it. Raises `SpecFault`, which names the field that cannot be meant."""
    return AdaptedPool(read_spec(spec))


class AdaptedLease:
    """A key on loan. `key` is what the spec called it."""

    __slots__ = ("_lease", "_pool", "account", "key")

    def __init__(self, pool: AdaptedPool, lease: Lease, key: str) -> None:
        self._pool = pool
        self._lease = lease
        self.key = key
        self.account = lease.key.account

    def sent(self) -> None:
        """Say that the request leaves now."""
        self._lease.sent()

    def report(self, result: object) -> None:
        """Say how it went; `None` for well. An exception tells of no answer, unless it has a status."""
        now = self._pool.wall_clock()
        if isinstance(result, Exception):
            self._lease.report(judge(result, now) or Unavailable())
        elif isinstance(result, BaseException):  # cancelled: nothing was learned
            self._lease.report(result)
        else:
            answer = read(result)
            verdict = judge_answer(answer, now)
            self._lease.report(verdict)
            if verdict is None:
                self._pool.learn_what_is_left(answer, self._lease.key)

    def __repr__(self) -> str:
        return f"<AdaptedLease of {self._lease.key.id}>"


class AdaptedPool:
    """`key_pool` is the pool itself, for whoever wants to look."""

    def __init__(self, setup: Setup) -> None:
        store = None if setup.state_dir is None else FileStore(setup.state_dir)
        self._setup = setup
        self.wall_clock = _WallClock()
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
            wall_clock=self.wall_clock,
        )
        self._upkeep = Upkeep(None if store is None else self.key_pool.run)

    @property
    def remembers(self) -> bool:
        """Whether what was spent survives a crash."""
        return self._setup.state_dir is not None

    async def start(self) -> None:
        self._upkeep.start()

    async def stop(self) -> None:
        """Who waits for a key that only a running pool gets fails."""
        await self._upkeep.stop()

    @asynccontextmanager
    async def acquire(
        self, *, user: object = "anyone", priority: object = None, cost: object = None, max_wait: float | None = None
    ) -> AsyncIterator[AdaptedLease]:
        """Borrow a key, waiting for a turn. An exception that leaves the block is judged."""
        name = str(user)
        lease = self.key_pool.lease(
            user=name,
            priority=read_priority(priority),
            cost=read_cost(cost),
            weight=self._setup.weights.get(name, 1.0),
            max_wait=max_wait,
        )
        async with self._upkeep.needed() as waiting, lease:
            waiting.is_over()
            yield AdaptedLease(self, lease, self._setup.given[lease.key.id])

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

        async def attempt(lease: Lease) -> Result:
            key = lease.key
            waiting.is_over()
            try:
                result = await send(self._setup.given[key.id])
                if not is_fine(result):
                    raise Refused(result)
            except Exception:
                waiting.goes_on()
                raise
            self.learn_what_is_left(read(result), key)
            return result

        name = str(user)
        try:
            async with self._upkeep.needed() as waiting:
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

    def learn_what_is_left(self, answer: Answer, key: ApiKey) -> None:
        """Heed the headers of a good answer that tell what is left of the limits of its account."""
        if answer.headers:
            rates = self._setup.account_limits[key.account].account.rates
            for verdict in what_is_left(answer, rates, self.wall_clock()):
                self.key_pool.report(verdict, key_id=key.id)

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
