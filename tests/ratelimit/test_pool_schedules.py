"""Random crowds, faults and cancellations; what must hold holds in every one of them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from ratelimit import (
    Allowance,
    ApiKey,
    Cost,
    Exhausted,
    KeyPool,
    LeaseTimeout,
    Limit,
    Limits,
    NoUsableKey,
    Priority,
    Scope,
    Throttled,
)
from ratelimit.fair_queue import PATIENT
from ratelimit.health import Health
from tests import virtual_time
from tests.ratelimit.provider import BAD_REQUEST, EPOCH, REJECTED, THROTTLED, UNAVAILABLE, Refusal, make_pool

PERIOD = 20.0
REQUESTS = 4
TOKENS = 50
ROOM = 3
MODEL_ROOM = 2
LIMITS = Limits(
    account=Allowance(rates=(Limit(REQUESTS, tokens=TOKENS, period=PERIOD),), room=ROOM),
    each_model=Allowance(room=MODEL_ROOM),
)

SHUT = Refusal(Exhausted(until=EPOCH + 12))
BUSY = Refusal(Throttled(scope=Scope.MODEL))
AWAY = Refusal(Throttled(until=EPOCH + 8, scope=Scope.PROVIDER))


@dataclass(frozen=True)
class Client:
    """One request of a story; all times in seconds, `None` where it does not happen."""

    arrives_at: float
    user: str
    priority: Priority
    cost: Cost
    model: str | None
    account: str | None
    prepares: float
    says: str | None
    works: float
    holds: float | None
    outcome: Refusal | None
    max_wait: float | None
    cancelled_after: float | None


moments = st.sampled_from([0.0, 0.25, 1.0, 5.0, PERIOD, PERIOD + 0.25, 30.0])
accounts = st.sampled_from(["a", "aa", "aab", "abcd"])
client = st.builds(
    Client,
    arrives_at=moments,
    user=st.sampled_from(["ana", "ben", "cem"]),
    priority=st.sampled_from(Priority),
    cost=st.builds(Cost, st.integers(1, REQUESTS), st.integers(0, TOKENS)),
    model=st.sampled_from([None, "big", "small"]),
    account=st.sampled_from([None, None, "a", "b"]),
    prepares=st.sampled_from([0.0, 0.0, 2.0]),
    says=st.sampled_from(["sent", "sent", "report", None]),
    works=st.sampled_from([0.0, 0.25, 5.0]),
    holds=st.sampled_from([None, None, 0.0, 25.0]),
    outcome=st.sampled_from(
        [*[None] * 7, THROTTLED, BAD_REQUEST, UNAVAILABLE, UNAVAILABLE, REJECTED, SHUT, BUSY, AWAY]
    ),
    max_wait=st.sampled_from([None, None, 0.0, 5.0, PERIOD]),
    cancelled_after=st.none() | moments,
)


@dataclass
class Provider:
    """Counts on its own what a provider would."""

    sent: list[tuple[float, str, Cost]] = field(default_factory=list)
    is_open: Counter[tuple[str, str | None]] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)

    def open(self, key: ApiKey, model: str | None) -> None:
        self.is_open[key.account, model] += 1
        assert sum(n for (account, _), n in self.is_open.items() if account == key.account) <= ROOM
        assert model is None or self.is_open[key.account, model] <= MODEL_ROOM

    def close(self, key: ApiKey, model: str | None) -> None:
        self.is_open[key.account, model] -= 1

    def assert_no_window_was_exceeded(self) -> None:
        for start, account, _ in self.sent:
            stretch = [cost for at, other, cost in self.sent if other == account and start <= at < start + PERIOD]
            assert sum(cost.requests for cost in stretch) <= REQUESTS
            assert sum(cost.tokens for cost in stretch) <= TOKENS


async def visit(pool: KeyPool, provider: Provider, client: Client, name: str) -> None:
    await asyncio.sleep(client.arrives_at)
    try:
        async with pool.lease(
            user=client.user,
            priority=client.priority,
            cost=client.cost,
            model=client.model,
            account=client.account,
            max_wait=client.max_wait,
        ) as lease:
            provider.ends["granted"] += 1
            provider.open(lease.key, client.model)
            is_held = False
            try:
                await asyncio.sleep(client.prepares)
                if client.says == "sent":
                    lease.sent()
                provider.sent.append((virtual_time.now(), lease.key.account, client.cost))
                if client.says == "report" and client.outcome is None:
                    lease.report(None)
                await asyncio.sleep(client.works)
                if client.outcome is not None:
                    raise client.outcome
                if client.holds is not None:
                    is_held = True
                    lease.hold(name)
                    asyncio.get_running_loop().call_later(client.holds, provider.close, lease.key, client.model)
                    asyncio.get_running_loop().call_later(client.holds, pool.release, name)
            finally:
                if not is_held:
                    provider.close(lease.key, client.model)
        provider.ends["served"] += 1
    except NoUsableKey:
        provider.ends["out"] += 1
    except LeaseTimeout:
        provider.ends["timed out"] += 1
    except Refusal:
        provider.ends["failed"] += 1
    except asyncio.CancelledError:
        provider.ends["cancelled"] += 1
        raise


def healths(pool: KeyPool) -> Iterator[Health]:
    yield pool._roster.provider
    for state in pool._roster.keys.values():
        yield from (state.health, state.account.health, *state.account.models.values())


class Watcher:
    """Looks at a pool whenever all who could act have acted, and knows what must hold then."""

    def __init__(self, pool: KeyPool, *, are_alike: bool = False) -> None:
        self._pool = pool
        self._are_alike = are_alike
        self.failures: list[AssertionError] = []  # raised within the loop itself, they would tear everything down

    def look(self) -> None:
        now = virtual_time.now()
        try:
            if self._are_alike:
                self._see_that_nobody_waits_in_vain(now)
            for model in ("big", "small", None):
                self._see_that_the_best_is_first(model, now)
            self._see_that_what_is_open_is_counted()
        except AssertionError as failure:
            self.failures.append(failure)

    def _see_that_nobody_waits_in_vain(self, now: float) -> None:
        """Work-conserving: whom no spacing holds back, and whom somebody could serve, has been served."""
        pool, roster = self._pool, self._pool._roster
        for lease in pool._line.queue.in_order(now):
            assert lease.answer is not None
            target = lease.target
            if lease.priority >= PATIENT and pool._line.pacer.opens_at(lease.priority, target) > now:
                continue
            for state in roster.targets(target):
                meter = state.account.meter
                assert not (
                    state.account.may_serve(state, target.model, now)
                    and meter.has_room(target.model)
                    and meter.fits(lease.cost, target.model, now)
                ), f"{state.key.id} could serve {lease}"

    def _see_that_the_best_is_first(self, model: str | None, now: float) -> None:
        roster = self._pool._roster
        best = roster.lineup(model, now).best()
        everybody = (account.standing(model, now) for account in roster.accounts.values())
        first = min((standing for standing in everybody if standing is not None), default=None)
        assert (best is None) == (first is None)
        assert best is None or best.standing(model, now) == first

    def _see_that_what_is_open_is_counted(self) -> None:
        pool = self._pool
        for account in pool._roster.accounts.values():
            operations = sum(operation.state.account is account for operation in pool._lender.operations.values())
            in_flight = sum(state.in_flight for state in account.keys)
            assert account.in_flight == in_flight
            assert operations <= account.meter.open <= operations + in_flight
            probes = sum(health.is_probed for health in (account.health, *(state.health for state in account.keys)))
            assert bool(in_flight) or not probes


async def play(crowd: list[Client], pool: KeyPool, watcher: Watcher) -> None:
    """Everybody comes and goes, and at last nothing is left of them."""
    provider = Provider()
    virtual_time.watch(watcher.look)
    tasks = []
    for number, client in enumerate(crowd):
        task = asyncio.create_task(visit(pool, provider, client, f"operation-{number}"))
        tasks.append(task)
        if client.cancelled_after is not None:
            asyncio.get_running_loop().call_later(client.cancelled_after, task.cancel)
    # Whoever is never answered makes the loop run out of timers, which fails.
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert not [r for r in results if r is not None and not isinstance(r, asyncio.CancelledError)], results
    await asyncio.sleep(1000)

    if watcher.failures:
        raise watcher.failures[0]
    provider.assert_no_window_was_exceeded()
    assert not +provider.is_open
    assert not sum(pool.waiting().values())
    assert pool._line._timer is None
    assert not pool._lender.operations
    for key in pool.view().keys:
        assert (key.in_flight, key.open, dict(key.open_by_model)) == (0, 0, {})
        assert not any(usage.requests or usage.tokens for usage in key.usage)
    assert not any(health.is_probed for health in healths(pool))


@settings(max_examples=800, deadline=None)
@given(st.lists(client, max_size=30), accounts)
def test_limits_hold_nothing_leaks_and_everybody_is_answered(crowd: list[Client], accounts: str) -> None:
    async def story() -> None:
        pool = make_pool(LIMITS, *accounts, cooldown=5.0)
        await play(crowd, pool, Watcher(pool))

    virtual_time.run(story())


@settings(max_examples=800, deadline=None)
@given(st.lists(client, max_size=30), accounts)
def test_nobody_waits_whom_somebody_could_serve(crowd: list[Client], accounts: str) -> None:
    """With costs that are all alike nothing is kept for those further ahead, so that the letter of it can be asked."""

    async def story() -> None:
        alike = Limits(
            account=Allowance(rates=(Limit(REQUESTS, period=PERIOD),), room=ROOM),
            each_model=Allowance(room=MODEL_ROOM),
        )
        pool = make_pool(alike, *accounts, cooldown=5.0)
        await play([replace(one, cost=Cost()) for one in crowd], pool, Watcher(pool, are_alike=True))

    virtual_time.run(story())


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 3)), min_size=1, max_size=40))
def test_one_user_is_served_first_come_first_served(asks: list[tuple[str, int]]) -> None:
    async def story() -> dict[str, list[int]]:
        pool = make_pool(LIMITS, "a", "b")
        served: dict[str, list[int]] = {}

        async def ask(user: str, number: int) -> None:
            async with pool.lease(user=user):
                served.setdefault(user, []).append(number)

        waiting = []
        for number, (user, pause) in enumerate(asks):
            waiting.append(asyncio.create_task(ask(user, number)))
            await asyncio.sleep(pause)
        await asyncio.gather(*waiting)
        return served

    assert all(numbers == sorted(numbers) for numbers in virtual_time.run(story()).values())


@settings(max_examples=60, deadline=None)
@given(st.lists(st.booleans(), min_size=100, max_size=100), st.integers(0, 40))
def test_half_of_a_crowd_cancelled_at_any_instant_loses_no_slot_and_lends_none_twice(
    leaves: list[bool], at: int
) -> None:
    async def story() -> tuple[float, list[float]]:
        pool = make_pool(Limits(account=Allowance(rates=(Limit(10, period=PERIOD),))))
        served: list[float] = []

        async def ask(user: str) -> None:
            async with pool.lease(user=user, priority=Priority.MEDIUM):
                served.append(virtual_time.now())

        crowd = [asyncio.create_task(ask(f"user-{number % 7}")) for number in range(100)]
        await asyncio.sleep(at)
        for task, is_leaving in zip(crowd, leaves, strict=True):
            if is_leaving:
                task.cancel()
        await asyncio.gather(*crowd, return_exceptions=True)
        return virtual_time.now(), served

    _, served = virtual_time.run(story())
    windows = -(-len(served) // 10)
    assert max(served, default=0.0) == (windows - 1) * (PERIOD + 0.25) if served else True
    assert len(served) >= leaves.count(False)
