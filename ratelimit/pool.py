"""The key pool: lends the keys of one provider, each when its limits allow, to whoever's turn it is."""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from types import MappingProxyType
from typing import TypeVar

from ratelimit.errors import LeaseTimeout, NoUsableKey
from ratelimit.fair_queue import FairQueue, Priority
from ratelimit.keys import ApiKey, OpenOperation
from ratelimit.lease import Lease, Waiter
from ratelimit.limits import Cost, Limits
from ratelimit.meter import Claim
from ratelimit.roster import Grant, KeyState, Request, Roster
from ratelimit.verdicts import BadRequest, Exhausted, Judge, Rejected, Scope, Throttled, Verdict
from ratelimit.views import PoolView, view_key

Result = TypeVar("Result")

ATTEMPTS = 3
"""Of `KeyPool.call` while the whole provider is unavailable."""


class KeyPool:
    """The keys of one provider.

        pool = KeyPool("runway", keys, limits=DEFAULTS["runway"].limits, judge=judge)

        async with pool.lease(user="ana", priority=Priority.GENERATION, model="gen4.5") as lease:
            operation = await runway.submit(request, lease.key)
            lease.hold(operation.id)

    Lives on one event loop. It owns no task: while somebody waits it has one timer, and none otherwise.

    Args:
        provider: its name, for errors and views.
        keys: with ids that are unique.
        limits: of each account; `account_limits` names accounts that have others.
        judge: tells what an exception means for the key that met it.
        cooldown: seconds to rest after a refusal without a time; doubles up to `longest_cooldown` while it goes on.
        skew: seconds by which requests may come closer together on their way to the provider.
        patience: seconds after which a class of work that got no turn is given one; see `FairQueue`.
        backoff: seconds, the first step of `call` while the provider is unavailable; doubles, with full jitter.
        clock: seconds that never run backwards; limits are measured on it, so that a corrected wall clock can
            neither open a window early nor close it for an hour.
        wall_clock: Unix seconds; only translates the times in verdicts and views.
        dice: where jitter comes from.
    """

    def __init__(
        self,
        provider: str,
        keys: Iterable[ApiKey],
        *,
        limits: Limits,
        judge: Judge,
        account_limits: Mapping[str, Limits] | None = None,
        cooldown: float = 30.0,
        longest_cooldown: float = 600.0,
        skew: float = 0.25,
        patience: float = 60.0,
        backoff: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
        dice: random.Random | None = None,
    ) -> None:
        self.provider = provider
        self._limits = limits
        self._judge = judge
        self._backoff = backoff
        self._clock = clock
        self._wall_clock = wall_clock
        self._dice = dice or random.Random()  # noqa: S311 - jitter needs no secrecy

        # The mutable state: who may serve, who waits, which operations hold room, and the timer of the next decision.
        self._roster = Roster(limits, account_limits or {}, cooldown, longest_cooldown, skew)
        self._queue = FairQueue[Waiter](patience=patience)
        self._operations: dict[str, KeyState] = {}
        self._timer: asyncio.TimerHandle | None = None
        for key in keys:
            self._roster.add(key)

    # Lending

    @asynccontextmanager
    async def lease(
        self,
        *,
        user: str,
        priority: Priority = Priority.GENERATION,
        cost: Cost = Cost(),  # noqa: B008 - a frozen value
        model: str | None = None,
        account: str | None = None,
        key_id: str | None = None,
        weight: float = 1.0,
        max_wait: float | None = None,
    ) -> AsyncIterator[Lease]:
        """Borrow a key for one request, waiting for a turn.

        An exception that leaves the block is judged, and a block that ends well counts as served, unless the block
        called `lease.report` itself. The rate is spent when the key is granted; room is given back after the block,
        unless `lease.hold` keeps it. Cancelling gives back everything, at whatever moment.

        Args:
            user: who shares fairly with the others.
            priority: the class of work; between classes there is no fairness, only `patience`.
            cost: of the request, as far as known beforehand.
            model: what is asked of the provider, where limits or room are counted by model.
            account: the only account that will do: an uploaded file lives on one.
            key_id: the only key that will do.
            weight: twice the weight, twice the share.
            max_wait: seconds to wait for a turn; `None` for as long as it takes.

        Raises:
            LeaseTimeout: no key came free within `max_wait`.
            NoUsableKey: none ever will.
        """
        request = Request(cost, model, account, key_id)
        grant = await self._acquire(request, user, priority, weight, max_wait)
        lease = Lease(grant, send=self._send, learn=self._learn_from, hold=self._hold)
        try:
            yield lease
            if not lease.is_reported:
                lease.report(None)
        except Exception as failure:
            if not lease.is_reported:
                lease.report(failure)
            raise
        finally:
            self._take_back(grant)

    async def call(
        self,
        function: Callable[[ApiKey], Awaitable[Result]],
        *,
        user: str,
        priority: Priority = Priority.GENERATION,
        cost: Cost = Cost(),  # noqa: B008 - a frozen value
        model: str | None = None,
        account: str | None = None,
        key_id: str | None = None,
        weight: float = 1.0,
        max_wait: float | None = None,
    ) -> Result:
        """Borrow a key for `function`, and repeat it where that helps. Never for paid calls.

        A key's fault is answered by another key, a fault of time by waiting for it, an unavailable provider by
        `ATTEMPTS` attempts in all. Everything else, the request's own fault among it, is raised as it came.
        The other arguments are those of `lease`; `max_wait` counts the waiting of all attempts together.

        Raises:
            LeaseTimeout: as in `lease`; its cause is the last failure, if there was one.
            NoUsableKey: likewise.
        """
        deadline = math.inf if max_wait is None else self._clock() + max_wait
        attempt = 1
        last: Exception | None = None
        while True:
            remaining = None if max_wait is None else max(0.0, deadline - self._clock())
            lending = self.lease(
                user=user,
                priority=priority,
                cost=cost,
                model=model,
                account=account,
                key_id=key_id,
                weight=weight,
                max_wait=remaining,
            )
            try:
                async with lending as lease:
                    try:
                        return await function(lease.key)
                    except Exception as failure:
                        lease.report(failure)
                        if not self._is_worth_repeating(lease.verdict, attempt):
                            raise
                        last = failure
            except LeaseTimeout as timeout:
                raise timeout from last
            if lease.verdict == Throttled(None, Scope.PROVIDER):
                await asyncio.sleep(self._dice.uniform(0, self._backoff * 2 ** (attempt - 1)))
                attempt += 1

    def report(self, outcome: BaseException | Verdict | None, *, key_id: str, model: str | None = None) -> None:
        """Say what was learned without a lease, by a poll or a check. Raises `KeyError` for an unknown key."""
        self._learn(self._roster.keys[key_id], model, outcome)

    # Operations that outlive their lease

    def release(self, operation_id: str) -> None:
        """The operation is over: its room is free. Quiet when it is not known."""
        state = self._operations.pop(operation_id, None)
        if state is not None:
            state.account.meter.vacate(operation_id)
            self._decide()

    def restore(self, open_operations: Iterable[OpenOperation]) -> None:
        """Count operations that were open before this process began; those of keys that have gone hold no room."""
        for operation in open_operations:
            state = self._roster.keys.get(operation.key_id)
            if state is not None:
                self._open(operation.id, state, operation.model)
        self._decide()

    def key(self, key_id: str) -> ApiKey:
        """The key by its id, to poll what it started: that takes no turn. Raises `NoUsableKey` if it has gone."""
        state = self._roster.keys.get(key_id)
        if state is None:
            raise NoUsableKey(self.provider, f"key {key_id} is not configured any more")
        return state.key

    def reinstate(self, key_id: str) -> None:
        """Believe in this key and its account again, whatever they did. Raises `KeyError` for an unknown id."""
        self._roster.reinstate(key_id)
        self._decide()

    # Looking at it

    def view(self, now: float | None = None) -> PoolView:
        """Everything an operator may know; `now` in Unix seconds, by default the wall clock's."""
        ours = self._clock()
        offset = (self._wall_clock() if now is None else now) - ours
        views = tuple(view_key(state, self._roster.healths_of(state), ours, offset) for state in self._roster.states)
        return PoolView(provider=self.provider, keys=views, waiting=self.waiting())

    def waiting(self) -> dict[Priority, int]:
        """How many wait, by class."""
        return self._queue.waiting()

    def __repr__(self) -> str:
        view = self.view()
        in_flight = sum(key.in_flight for key in view.keys)
        return (
            f"<KeyPool {self.provider}: {view.healthy} of {len(view.keys)} keys healthy, "
            f"{in_flight} in flight, {len(self._operations)} operations open, {len(self._queue)} waiting>"
        )

    # Deciding: plain functions, called on every event

    def _decide(self) -> None:
        """Give every waiter who can be served now a key, in order, and set the timer for when time changes things.

        Called whenever somebody arrives, returns a key, gives up, reports, or the timer fires.
        """
        now = self._clock()
        while self._queue and self._grant_next(now):
            pass
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._queue:
            at = self._roster.next_change(now)
            if at < math.inf:
                self._timer = asyncio.get_running_loop().call_later(at - now, self._decide)

    def _grant_next(self, now: float) -> bool:
        """Serve the first waiter who can be served, passing over those who cannot; `False` if there is none."""
        if self._roster.is_busy(now):
            return False
        refused: set[Request] = set()
        claims: dict[str, Claim] = {}
        for waiter in self._queue.in_order(now):
            if waiter.request in refused or waiter.answer.done():  # done: cancelled, and about to withdraw itself
                continue
            state = self._roster.choose(waiter.request, now, claims)
            if state is not None:
                self._queue.take(waiter, now)
                grant = self._roster.grant(state, waiter.request, now)
                state.account.meter.occupy(grant, waiter.request.model)
                waiter.answer.set_result(grant)
                return True
            refused.add(waiter.request)
            self._roster.claim(waiter.request, now, claims)
        return False

    def _fail_hopeless(self) -> None:
        """After a key went out for good: tell those whom nobody is left to serve."""
        for waiter in list(self._queue.in_order(self._clock())):
            failure = self._impossibility(waiter.request)
            if failure is not None:
                self._queue.remove(waiter)
                if not waiter.answer.done():
                    waiter.answer.set_exception(failure)

    # The life of a lease

    async def _acquire(
        self, request: Request, user: str, priority: Priority, weight: float, max_wait: float | None
    ) -> Grant:
        failure = self._impossibility(request)
        if failure is not None:
            raise failure
        loop = asyncio.get_running_loop()
        waiter = Waiter(request, loop.create_future())
        charge = self._limits.charge(request.cost, request.model)
        self._queue.push(waiter, user=user, priority=priority, cost=charge, weight=weight, now=self._clock())
        self._decide()
        expiry = None
        if max_wait is not None and not waiter.answer.done():
            expiry = loop.call_later(max_wait, self._expire, waiter, max_wait)
        try:
            return await waiter.answer
        except asyncio.CancelledError:
            self._withdraw(waiter)
            raise
        finally:
            if expiry is not None:
                expiry.cancel()

    def _expire(self, waiter: Waiter, max_wait: float) -> None:
        if not waiter.answer.done():
            self._queue.remove(waiter)
            waiter.answer.set_exception(LeaseTimeout(self.provider, max_wait))
            self._decide()  # what it claimed is free for others

    def _withdraw(self, waiter: Waiter) -> None:
        """Whoever waited was cancelled: perhaps after it was given a key, and before it could wake to take it."""
        self._queue.remove(waiter)
        answer = waiter.answer
        if not answer.cancelled() and answer.exception() is None:
            grant = answer.result()
            grant.state.account.meter.refund(grant.spending)
            self._take_back(grant)
        else:
            self._decide()

    def _take_back(self, grant: Grant) -> None:
        self._roster.end(grant)
        grant.state.account.meter.vacate(grant)
        self._decide()

    def _send(self, grant: Grant) -> None:
        grant.state.account.meter.restamp(grant.spending, self._clock())

    def _hold(self, grant: Grant, operation_id: str) -> None:
        grant.state.account.meter.vacate(grant)
        self._open(operation_id, grant.state, grant.request.model)

    def _open(self, operation_id: str, state: KeyState, model: str | None) -> None:
        if operation_id not in self._operations:
            self._operations[operation_id] = state
            state.account.meter.occupy(operation_id, model)

    def _learn_from(self, grant: Grant, outcome: BaseException | Verdict | None) -> Verdict | None:
        if outcome is None:
            self._roster.served(grant)
            self._decide()
            return None
        return self._learn(grant.state, grant.request.model, outcome, grant.generations)

    def _learn(
        self,
        state: KeyState,
        model: str | None,
        outcome: BaseException | Verdict | None,
        generations: Mapping[Scope, int] = MappingProxyType({}),
    ) -> Verdict | None:
        verdict = self._verdict(outcome)
        if verdict is not None:
            cause = outcome if isinstance(outcome, BaseException) else None
            self._roster.refused(state, model, self._on_our_clock(verdict), cause, self._clock(), generations)
            if isinstance(verdict, Rejected | Exhausted):
                self._fail_hopeless()
            self._decide()
        return verdict

    def _verdict(self, outcome: BaseException | Verdict | None) -> Verdict | None:
        return self._judge(outcome, self._wall_clock()) if isinstance(outcome, BaseException) else outcome

    def _on_our_clock(self, verdict: Verdict) -> Verdict:
        if isinstance(verdict, Throttled | Exhausted) and verdict.until is not None:
            return replace(verdict, until=verdict.until - self._wall_clock() + self._clock())
        return verdict

    @staticmethod
    def _is_worth_repeating(verdict: Verdict | None, attempt: int) -> bool:
        match verdict:
            case None | BadRequest():
                return False
            case Throttled(until=None, scope=Scope.PROVIDER):
                return attempt < ATTEMPTS
            case _:
                return True

    def _impossibility(self, request: Request) -> NoUsableKey | None:
        reason = self._roster.impossibility(request)
        if reason is None:
            return None
        failure = NoUsableKey(self.provider, reason[0])
        failure.__cause__ = reason[1]
        return failure
