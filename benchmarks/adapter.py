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

It is measured along with the pool, so it is thin: a lease through it is one object and one frame more.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from types import TracebackType
from typing import Any, Generic, Self, TypeVar

from benchmarks.pool.answers import Refused, is_fine, judge, judge_answer, read
from benchmarks.pool.file_store import FileStore
from benchmarks.pool.spec import Setup, read_cost, read_priority, read_spec
from benchmarks.pool.spec_values import SpecFault
from benchmarks.pool.told import Answer, what_is_left
from benchmarks.pool.upkeep import Upkeep, Waiting
from ratelimit import ApiKey, KeyPool, Lease, Limits, Unavailable

__all__ = ["AdaptedLease", "AdaptedPool", "LentKey", "SpecFault", "make"]

Result = TypeVar("Result")


def make(spec: object) -> AdaptedPool:
    """A pool as the spec describes it. Raises `SpecFault`, which names the field that cannot be meant."""
    return AdaptedPool(read_spec(spec))


class AdaptedLease:
    """From `AdaptedPool.acquire`, to be entered once. An exception that leaves the block is judged."""

    __slots__ = ("_lease", "_pool")

    def __init__(self, pool: AdaptedPool, lease: Lease) -> None:
        self._pool = pool
        self._lease = lease

    async def __aenter__(self) -> Self:
        upkeep = self._pool.upkeep
        if upkeep is None:
            await self._lease.__aenter__()
        else:
            async with upkeep.needed():
                await self._lease.__aenter__()
        return self

    def __aexit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, trace: TracebackType | None
    ) -> Coroutine[Any, Any, None]:
        return self._lease.__aexit__(kind, failure, trace)

    @property
    def key(self) -> str:
        """What the spec called it."""
        return self._lease.key.secret

    @property
    def account(self) -> str:
        return self._lease.key.account

    def sent(self) -> None:
        """Say that the request leaves now."""
        self._lease.sent()

    def report(self, result: object) -> None:
        """Say how it went; `None` for well. An exception tells of no answer, unless it has a status."""
        if isinstance(result, Exception):
            self._lease.report(judge(result, self._pool.wall_clock()) or Unavailable())
            return
        if isinstance(result, BaseException):  # cancelled: nothing was learned
            self._lease.report(result)
            return
        answer = read(result)
        if is_fine(answer):
            self._lease.report(None)
            self._pool.learn_what_is_left(answer, self._lease.key)
        else:
            self._lease.report(judge_answer(answer, self._pool.wall_clock()))

    def __repr__(self) -> str:
        return f"<AdaptedLease: {self._lease!r}>"


class LentKey(str):
    """What `AdaptedPool.call` sends with: a key as the spec called it, and a lease for whoever expects one.

    `told` is what was reported, if anything: it counts in place of what sending returns.
    """

    __slots__ = ("_lease", "told")

    def __new__(cls, lease: Lease) -> Self:
        return super().__new__(cls, lease.key.secret)

    def __init__(self, lease: Lease) -> None:
        self._lease = lease
        self.told: object = None

    @property
    def key(self) -> str:
        return self._lease.key.secret

    @property
    def account(self) -> str:
        return self._lease.key.account

    def sent(self) -> None:
        """Say that the request leaves now."""
        self._lease.sent()

    def report(self, result: object) -> None:
        """Say how it went, as in a lease; `call` judges it once sending is over."""
        self.told = result


class AdaptedPool:
    """`key_pool` is the pool itself, for whoever wants to look. `upkeep` is `None` where nothing is remembered."""

    def __init__(self, setup: Setup) -> None:
        store = None if setup.state_dir is None else FileStore(setup.state_dir)
        self._setup = setup
        self._weights = setup.weights
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
        self.upkeep = None if store is None else Upkeep(self.key_pool.run)

    @property
    def remembers(self) -> bool:
        """Whether what was spent survives a crash."""
        return self.upkeep is not None

    async def start(self) -> None:
        if self.upkeep is not None:
            self.upkeep.start()

    async def stop(self) -> None:
        """Who waits for a key that only a running pool gets fails."""
        if self.upkeep is not None:
            await self.upkeep.stop()

    def acquire(
        self, *, user: object = "anyone", priority: object = None, cost: object = None, max_wait: float | None = None
    ) -> AdaptedLease:
        """Borrow a key: enter what is returned, which waits for a turn."""
        name = str(user)
        lease = self.key_pool.lease(
            user=name,
            priority=read_priority(priority),
            cost=read_cost(cost),
            weight=self._weights.get(name, 1.0),
            max_wait=max_wait,
        )
        return AdaptedLease(self, lease)

    def call(
        self,
        send: Callable[[LentKey], Awaitable[Result]],
        *,
        user: object = "anyone",
        priority: object = None,
        cost: object = None,
    ) -> Coroutine[Any, Any, Result]:
        """Send with a key, and again where that helps; the last result, whether it is fine or not.

        `send(key)` returns a result, and may take its time before it sends. What it raises is judged, and raised on if
        it tells nothing of keys or if repeating did not help. Raises `NoUsableKey` where no key will ever serve.
        """
        name = str(user)
        attempt = _Attempt(self, send)
        called = self.key_pool.call(
            attempt,
            user=name,
            priority=read_priority(priority),
            cost=read_cost(cost),
            weight=self._weights.get(name, 1.0),
            prepares=True,
        )
        return attempt.until_over(called)

    def learn_what_is_left(self, answer: Answer, key: ApiKey) -> None:
        """Heed the headers of a good answer that tell what is left of the limits of its account."""
        if answer.headers:
            rates = self._setup.account_limits[key.account].account.rates
            for verdict in what_is_left(answer, rates, self.wall_clock()):
                self.key_pool.report(verdict, key_id=key.id)

    def __repr__(self) -> str:
        return f"<AdaptedPool {self.key_pool!r}>"


class _Attempt(Generic[Result]):
    """Sends for `call`, as often as it takes."""

    __slots__ = ("_last", "_pool", "_send", "_waiting")

    def __init__(self, pool: AdaptedPool, send: Callable[[LentKey], Awaitable[Result]]) -> None:
        self._pool = pool
        self._send = send
        self._waiting: Waiting | None = None

    async def until_over(self, called: Coroutine[Any, Any, Result]) -> Result:
        upkeep = self._pool.upkeep
        try:
            if upkeep is None:
                return await called
            async with upkeep.needed() as self._waiting:
                return await called
        except Refused:
            return self._last

    async def __call__(self, lease: Lease) -> Result:
        if self._waiting is not None:
            self._waiting.is_over()
        try:
            lent = LentKey(lease)
            self._last = await self._send(lent)
            answer = read(self._last if lent.told is None else lent.told)
            if not is_fine(answer):
                raise Refused(answer)
        except Exception:
            if self._waiting is not None:
                self._waiting.goes_on()
            raise
        self._pool.learn_what_is_left(answer, lease.key)
        return self._last


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
