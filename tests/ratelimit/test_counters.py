from __future__ import annotations

import asyncio
import copy

import pytest

from ratelimit import WAITS, Allowance, Counters, KeyPool, LeaseTimeout, Limit, Limits, Priority, Throttled, Waits
from tests import virtual_time
from tests.ratelimit.provider import BAD_REQUEST, THROTTLED, Refusal, make_pool

ONE_A_MINUTE = Limits(account=Allowance(rates=(Limit(1, period=60),)))


@pytest.mark.parametrize(
    ("seconds", "bucket"),
    [(0.0, 0), (0.01, 1), (0.1, 1), (0.11, 2), (600.0, len(WAITS) - 1), (600.1, len(WAITS)), (1e9, len(WAITS))],
)
def test_a_wait_falls_into_the_bucket_of_its_bound(seconds: float, bucket: int) -> None:
    waits = Waits()
    waits.add(seconds)
    assert [number for number, count in enumerate(waits.buckets) if count] == [bucket]


def test_waits_are_summed() -> None:
    waits = Waits()
    for seconds in (0.0, 1.5, 2.5):
        waits.add(seconds)
    assert (waits.count, waits.seconds, sum(waits.buckets)) == (3, 4.0, 3)


def test_two_pools_count_for_themselves() -> None:
    counters, other = Counters(), Counters()
    counters.waits[Priority.HIGH].add(1.0)
    assert (counters.waits[Priority.HIGH].count, other.waits[Priority.HIGH].count) == (1, 0)


async def ask(pool: KeyPool, *, priority: Priority = Priority.MEDIUM, max_wait: float | None = None) -> None:
    async with pool.lease(user="ana", priority=priority, max_wait=max_wait):
        pass


def test_a_pool_counts_how_long_each_class_waited() -> None:
    async def story() -> dict[Priority, tuple[int, float]]:
        pool = make_pool(ONE_A_MINUTE)
        await asyncio.gather(ask(pool), ask(pool, priority=Priority.HIGH), ask(pool))
        return {
            priority: (pool.counters.waits[priority].count, pool.counters.waits[priority].seconds)
            for priority in Priority
        }

    assert virtual_time.run(story()) == {
        Priority.HIGH: (1, 60.25),
        Priority.MEDIUM: (2, 120.5),
        Priority.GENERATION: (0, 0.0),
        Priority.LOW: (0, 0.0),
    }


def test_a_pool_counts_who_gave_up_and_who_was_cancelled() -> None:
    async def story() -> Counters:
        pool = make_pool(ONE_A_MINUTE)
        await ask(pool)
        cancelled = asyncio.create_task(ask(pool, priority=Priority.HIGH))
        with pytest.raises(LeaseTimeout):
            await ask(pool, max_wait=5)
        cancelled.cancel()
        await asyncio.gather(cancelled, return_exceptions=True)
        return pool.counters

    counters = virtual_time.run(story())
    assert (dict(counters.timeouts), dict(counters.cancellations)) == ({Priority.MEDIUM: 1}, {Priority.HIGH: 1})
    assert sum(waits.count for waits in counters.waits) == 1


def test_a_pool_counts_what_it_learned_of_each_key() -> None:
    async def story() -> dict[tuple[str, str], int]:
        pool = make_pool(Limits(), "a", "b")
        for key_id, failure in (("key-1", THROTTLED), ("key-2", BAD_REQUEST), ("key-2", BAD_REQUEST)):
            with pytest.raises(Refusal):
                async with pool.lease(user="ana", key_id=key_id):
                    raise failure
        pool.report(Throttled(until=None), key_id="key-1")
        return dict(pool.counters.verdicts)

    assert virtual_time.run(story()) == {("key-1", "Throttled"): 2, ("key-2", "BadRequest"): 2}


def test_what_was_waited_since_is_what_came_on_top() -> None:
    waits = Waits()
    for seconds in (0.0, 0.0, 40.0):
        waits.add(seconds)
    earlier = copy.deepcopy(waits)
    waits.add(90.0)

    since = waits.since(earlier)

    assert (since.count, since.seconds) == (1, 90.0)
    assert 60.0 <= (since.within(1.0) or 0) <= 120.0
    assert waits.since(Waits()) == waits


def test_a_share_stayed_within_what_its_bucket_holds() -> None:
    waits = Waits()
    assert waits.within(0.5) is None
    for seconds in (0.0, 0.0, 0.0, 7.0, 900.0):
        waits.add(seconds)

    assert waits.within(0.5) == 0.0
    assert 5.0 < (waits.within(0.8) or 0) <= 10.0
    assert waits.within(0.95) == WAITS[-1]


def test_within_a_bucket_those_who_waited_are_spread_evenly() -> None:
    waits = Waits()
    for seconds in (6.0, 7.0, 8.0, 9.0):
        waits.add(seconds)

    assert [waits.within(share) for share in (0.0, 0.25, 0.5, 1.0)] == [5.0, 6.25, 7.5, 10.0]


def test_waits_of_two_pools_add_up() -> None:
    one, other = Waits(), Waits()
    one.add(1.0)
    other.add(50.0)

    both = one.and_those(other)

    assert (both.count, both.seconds, sum(both.buckets)) == (2, 51.0, 2)
