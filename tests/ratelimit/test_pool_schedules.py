"""Random crowds, faults and cancellations; what must hold holds in every one of them."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from ratelimit import Allowance, ApiKey, Cost, KeyPool, LeaseTimeout, Limit, Limits, Priority
from tests import virtual_time
from tests.ratelimit.provider import BAD_REQUEST, THROTTLED, UNAVAILABLE, Refusal, make_pool

PERIOD = 20.0
REQUESTS = 4
TOKENS = 50
ROOM = 3
MODEL_ROOM = 2
LIMITS = Limits(
    account=Allowance(rates=(Limit(REQUESTS, tokens=TOKENS, period=PERIOD),), room=ROOM),
    each_model=Allowance(room=MODEL_ROOM),
)


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
    works: float
    holds: float | None
    outcome: Refusal | None
    max_wait: float | None
    cancelled_after: float | None


moments = st.sampled_from([0.0, 0.25, 1.0, 5.0, PERIOD, PERIOD + 0.25, 30.0])
clients = st.lists(
    st.builds(
        Client,
        arrives_at=moments,
        user=st.sampled_from(["ana", "ben", "cem"]),
        priority=st.sampled_from(Priority),
        cost=st.builds(Cost, st.integers(1, REQUESTS), st.integers(0, TOKENS)),
        model=st.sampled_from([None, "big", "small"]),
        account=st.sampled_from([None, None, "a", "b"]),
        prepares=st.sampled_from([0.0, 0.0, 2.0]),
        works=st.sampled_from([0.0, 0.25, 5.0]),
        holds=st.sampled_from([None, None, 0.0, 25.0]),
        outcome=st.sampled_from([None, None, None, THROTTLED, BAD_REQUEST, UNAVAILABLE]),
        max_wait=st.sampled_from([None, None, 0.0, 5.0, PERIOD]),
        cancelled_after=st.none() | moments,
    ),
    max_size=25,
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
                lease.sent()
                provider.sent.append((virtual_time.now(), lease.key.account, client.cost))
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
    except LeaseTimeout:
        provider.ends["timed out"] += 1
    except Refusal:
        provider.ends["failed"] += 1
    except asyncio.CancelledError:
        provider.ends["cancelled"] += 1
        raise


@settings(max_examples=300, deadline=None)
@given(clients)
def test_limits_hold_nothing_leaks_and_everybody_is_answered(crowd: list[Client]) -> None:
    async def story() -> None:
        pool = make_pool(LIMITS, "a", "a", "b", cooldown=5.0)
        provider = Provider()
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

        provider.assert_no_window_was_exceeded()
        assert not +provider.is_open
        assert not sum(pool.waiting().values())
        assert pool._timer is None
        assert not pool._operations
        for key in pool.view().keys:
            assert (key.in_flight, key.open, dict(key.open_by_model)) == (0, 0, {})
            assert [(usage.requests, usage.tokens) for usage in key.usage] == [(0, 0)]
        assert not any(state.health.is_probed or state.account.health.is_probed for state in pool._roster.states)

    virtual_time.run(story())


@settings(max_examples=100, deadline=None)
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
            async with pool.lease(user=user):
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
