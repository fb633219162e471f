"""Patient work leaves gaps where somebody urgent may come, and only there. Told by what a pool does."""

from __future__ import annotations

import asyncio
import itertools
import math
import random
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ratelimit import Allowance, Cost, DayLimit, KeyPool, Limit, Limits, Priority
from ratelimit.pacing import RESERVE
from ratelimit.signs import MEMORY
from tests import virtual_time
from tests.ratelimit.provider import make_pool

PERIOD = 60.0
KEPT = PERIOD + 0.25


def of(limit: int | None, *, tokens: int | None = None, period: float = PERIOD) -> Limits:
    return Limits(account=Allowance(rates=(Limit(limit, tokens=tokens, period=period),)))


class Crowd:
    """Borrows from a pool, and notes when it was lent."""

    def __init__(self, pool: KeyPool) -> None:
        self._pool = pool
        self.lent: list[float] = []
        self.waits: list[tuple[float, float]] = []  # of the urgent: when they came, and for how long they waited

    async def patient(
        self,
        number: int,
        *,
        priority: Priority = Priority.LOW,
        cost: Cost = Cost(),  # noqa: B008 - it is frozen
        model: str | None = None,
        seconds: float = 0.0,
    ) -> None:
        async with self._pool.lease(user=f"user-{number % 3}", priority=priority, cost=cost, model=model):
            self.lent.append(virtual_time.now())
            await asyncio.sleep(seconds)

    async def flood(self, size: int, *, priority: Priority = Priority.LOW, models: int = 1) -> None:
        await asyncio.gather(
            *(self.patient(number, priority=priority, model=f"model-{number % models}") for number in range(size))
        )

    async def urgent(self, at: float, *, priority: Priority = Priority.MEDIUM) -> None:
        await asyncio.sleep(at - virtual_time.now())
        async with self._pool.lease(user="chat", priority=priority):
            self.waits.append((at, virtual_time.now() - at))

    async def conversation(self, moments: Iterable[float], *, priority: Priority = Priority.MEDIUM) -> None:
        await asyncio.gather(*(self.urgent(at, priority=priority) for at in moments))


def gaps(times: list[float]) -> list[float]:
    return [later - earlier for earlier, later in itertools.pairwise(times)]


# Nobody urgent came


@pytest.mark.parametrize("priority", [Priority.GENERATION, Priority.LOW])
@pytest.mark.parametrize("accounts", ["a", "abc"])
def test_what_fits_into_one_period_goes_at_once(accounts: str, priority: Priority) -> None:
    async def story() -> list[float]:
        crowd = Crowd(make_pool(of(15), *accounts))
        for key in accounts:  # none of them is on trial
            async with crowd._pool.lease(user="ana", account=key, priority=priority):
                pass
        await crowd.flood(14 * len(accounts), priority=priority)
        return crowd.lent

    assert set(virtual_time.run(story())) == {0.0}


def test_the_rhythm_is_that_of_the_slowest_limit_and_not_of_budgets() -> None:
    async def story(limits: Limits) -> list[float]:
        crowd = Crowd(make_pool(limits))
        await crowd.urgent(0.0)
        await crowd.flood(40)
        return crowd.lent

    minute, day = Limit(15), DayLimit(1000)
    alone, *others = (
        virtual_time.run(story(Limits(account=Allowance(rates=rates))))
        for rates in ((minute,), (minute, day), (day, minute, Limit(1000, period=3600)), (Limit(9, period=5), minute))
    )
    assert all(other == alone for other in others)
    assert len(set(alone)) > 30


@settings(max_examples=100, deadline=None)
@given(st.integers(1, 400), st.sampled_from([5, 15, 20]), st.sampled_from(["a", "ab", "abc"]))
def test_a_backlog_takes_hardly_longer_than_in_bursts(size: int, limit: int, accounts: str) -> None:
    async def story() -> float:
        crowd = Crowd(make_pool(of(limit), *accounts))
        await crowd.flood(size)
        return virtual_time.now()

    bursts = (math.ceil(size / (limit * len(accounts))) - 1) * KEPT
    assert bursts - 1e-6 <= virtual_time.run(story()) <= bursts * 1.025 + 0.25


def test_a_flood_of_an_hour_is_spread_over_the_whole_period_from_its_start() -> None:
    async def story() -> list[float]:
        crowd = Crowd(make_pool(of(15)))
        flood = asyncio.create_task(crowd.flood(15 * 100))
        await asyncio.sleep(2 * KEPT - 0.1)
        flood.cancel()
        await asyncio.gather(flood, return_exceptions=True)
        return gaps(crowd.lent)

    # The first of all comes to an idle pool, which cannot know what is right behind.
    assert virtual_time.run(story()) == pytest.approx([0.0] + [KEPT / 15] * 13 + [2 * KEPT / 15] + [KEPT / 15] * 14)


@pytest.mark.parametrize("priority", [Priority.HIGH, Priority.MEDIUM])
def test_where_somebody_waits_for_an_answer_nothing_is_spaced(priority: Priority) -> None:
    async def story() -> list[float]:
        crowd = Crowd(make_pool(of(15)))
        await crowd.urgent(0.0, priority=Priority.HIGH)
        await crowd.flood(44, priority=priority)
        return crowd.lent

    assert sorted(set(virtual_time.run(story()))) == [0.0, KEPT, 2 * KEPT]


@pytest.mark.parametrize(
    "limits", [Limits(), of(15, period=3600.0), of(None)], ids=["none", "by the hour", "of nothing"]
)
def test_without_a_rhythm_to_keep_nothing_is_spaced(limits: Limits) -> None:
    async def story() -> list[float]:
        crowd = Crowd(make_pool(limits))
        await crowd.urgent(0.0)
        await crowd.flood(14)
        return crowd.lent

    assert virtual_time.run(story()) == [0.0] * 14


# Somebody urgent came


def test_after_somebody_urgent_patient_work_is_spread_over_the_period() -> None:
    async def story() -> list[float]:
        crowd = Crowd(make_pool(of(15)))
        await crowd.urgent(0.0)
        await crowd.flood(14)
        return gaps(crowd.lent)

    first, *others = virtual_time.run(story())
    assert KEPT / 15 <= first <= 3 * KEPT / 15
    assert others == pytest.approx([KEPT / 15] * 12, rel=0.15)


def test_with_slots_to_spare_patient_work_goes_faster_than_an_even_rhythm() -> None:
    async def story() -> list[float]:
        crowd = Crowd(make_pool(of(15)))
        await crowd.urgent(0.0)
        await asyncio.sleep(KEPT)
        await asyncio.gather(*(crowd.patient(number, seconds=50.0) for number in range(10)))
        return gaps(crowd.lent)

    assert max(virtual_time.run(story())) < KEPT / 15 / 2


def test_long_after_somebody_urgent_patient_work_goes_at_once_again() -> None:
    async def story() -> list[float]:
        crowd = Crowd(make_pool(of(15)))
        await crowd.urgent(0.0)
        await asyncio.sleep(MEMORY * KEPT)
        await crowd.flood(15)
        return gaps(crowd.lent)

    assert virtual_time.run(story()) == [0.0] * 14


@pytest.mark.parametrize("shut", [Limit(0), Limit(15, tokens=0)])
def test_an_account_that_may_do_nothing_has_no_part_in_the_rhythm(shut: Limit) -> None:
    async def story(*accounts: str) -> list[float]:
        pool = make_pool(of(15), *accounts, account_limits={"shut": Limits(account=Allowance(rates=(shut,)))})
        crowd = Crowd(pool)
        await crowd.urgent(0.0)
        await asyncio.gather(*(crowd.patient(number, cost=Cost(tokens=1)) for number in range(14)))
        return crowd.lent

    assert virtual_time.run(story("a", "shut")) == virtual_time.run(story("a"))


def test_other_limits_have_another_rhythm() -> None:
    async def story() -> list[float]:
        crowd = Crowd(make_pool(of(1)))
        await crowd.urgent(0.0)
        await crowd.patient(0)
        crowd._pool.set_limits(of(600))
        await crowd.patient(1)
        return gaps(crowd.lent)

    assert virtual_time.run(story()) == [0.0]


def test_generations_leave_gaps_for_chat_but_not_for_background_work() -> None:
    async def story(other: Priority) -> list[float]:
        crowd = Crowd(make_pool(of(15)))
        await crowd.patient(0, priority=other)
        await crowd.flood(14, priority=Priority.GENERATION)
        return gaps(crowd.lent[1:])

    assert sum(virtual_time.run(story(Priority.LOW))) == 0
    assert sum(virtual_time.run(story(Priority.MEDIUM))) > KEPT / 3


def test_a_request_of_twice_the_tokens_leaves_twice_the_gap() -> None:
    async def story(tokens: int) -> float:
        crowd = Crowd(make_pool(of(None, tokens=15_000)))
        await crowd.urgent(0.0)
        for number in range(2):
            await crowd.patient(number, cost=Cost(tokens=tokens))
        return sum(gaps(crowd.lent))

    assert virtual_time.run(story(2000)) == pytest.approx(2 * virtual_time.run(story(1000)))


@pytest.mark.parametrize(
    ("limits", "is_one"),
    [(of(15), True), (Limits(each_model=Allowance(rates=(Limit(15),))), False)],
    ids=["of the account", "of each model"],
)
def test_models_keep_one_rhythm_where_one_limit_binds_them(limits: Limits, is_one: bool) -> None:
    async def story() -> list[float]:
        crowd = Crowd(make_pool(limits))
        await crowd.urgent(0.0)
        for model in ("big", "small"):
            await crowd.patient(0, model=model)
        return crowd.lent

    first, second = virtual_time.run(story())
    assert (second - first >= KEPT / 15) == is_one


def test_who_asks_for_more_models_has_no_larger_share() -> None:
    async def story() -> list[int]:
        pool = make_pool(of(15))
        served = {"ana": 0, "ben": 0}

        async def ask(user: str, model: str) -> None:
            async with pool.lease(user=user, priority=Priority.LOW, model=model):
                served[user] += 1

        wishes = [("ben", "small"), *(("ana", model) for model in ("big", "small", "old", "new"))]
        crowd = [asyncio.create_task(ask(*wish)) for wish in wishes for _ in range(400)]
        await asyncio.sleep(1800)
        for task in crowd:
            task.cancel()
        await asyncio.gather(*crowd, return_exceptions=True)
        return list(served.values())

    ana, ben = virtual_time.run(story())
    assert abs(ana - ben) <= 15


@pytest.mark.parametrize(
    ("limit", "accounts", "every"),
    [(20, "a", 7.0), (20, "a", 13.0), (15, "ab", 11.0), (10, "a", 31.0), (30, "abc", 3.0), (20, "a", 100.0)],
)
@pytest.mark.parametrize("priority", [Priority.GENERATION, Priority.LOW])
@pytest.mark.parametrize("models", [1, 6])
def test_over_a_flood_the_urgent_wait_a_gap_at_most_and_nothing_is_lost(
    limit: int, accounts: str, every: float, priority: Priority, models: int
) -> None:
    async def story() -> Crowd:
        crowd = Crowd(make_pool(of(limit), *accounts))
        flood = asyncio.create_task(crowd.flood(15 * limit * len(accounts), priority=priority, models=models))
        await crowd.conversation(every * number + 1 for number in range(1, int(10 * PERIOD / every)))
        await asyncio.sleep(10 * PERIOD - virtual_time.now())
        flood.cancel()
        await asyncio.gather(flood, return_exceptions=True)
        return crowd

    crowd = virtual_time.run(story())
    gap = KEPT / limit / len(accounts)
    settled = [wait for at, wait in crowd.waits if at > every + 2 * KEPT]
    assert max(settled) <= 1.01 * gap
    assert len(crowd.lent) + len(crowd.waits) >= 0.99 * 10 * limit * len(accounts) - 10 * RESERVE


@pytest.mark.parametrize("accounts", ["abc", "abcdefgh"])
@pytest.mark.parametrize("seconds", [0.5, 2.0])
def test_answers_that_take_long_do_not_slow_patient_work_more_and_more(accounts: str, seconds: float) -> None:
    async def story() -> int:
        crowd = Crowd(make_pool(of(15), *accounts))
        work = [asyncio.create_task(crowd.patient(number, seconds=seconds)) for number in range(165 * len(accounts))]
        await crowd.conversation(7.0 * number for number in range(1, int(10 * PERIOD / 7.0)))
        await asyncio.sleep(10 * PERIOD - virtual_time.now())
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)
        return len(crowd.lent) + len(crowd.waits)

    bound = 10 * PERIOD / (KEPT + seconds) * 15 * len(accounts)
    assert virtual_time.run(story()) >= 0.8 * bound


@pytest.mark.parametrize("seed", range(5))
def test_over_a_flood_the_urgent_who_come_at_random_seldom_wait_longer_than_two_gaps(seed: int) -> None:
    dice = random.Random(seed)
    moments, at = [], 0.0
    while at < 1700.0:
        at += dice.expovariate(1 / 8.0)
        moments.append(at)

    async def story() -> Crowd:
        crowd = Crowd(make_pool(of(20), "a", "b"))
        flood = asyncio.create_task(crowd.flood(40 * 35))
        await crowd.conversation(moments)
        await asyncio.sleep(1800.0 - virtual_time.now())
        flood.cancel()
        await asyncio.gather(flood, return_exceptions=True)
        return crowd

    crowd = virtual_time.run(story())
    settled = sorted(wait for at, wait in crowd.waits if at > 3 * KEPT)
    assert settled[int(0.95 * len(settled))] <= 2 * KEPT / 40
    assert len(crowd.lent) + len(crowd.waits) >= 0.985 * 40 * 30


@pytest.mark.parametrize("requests", [None, 20, 1000])
def test_where_tokens_are_scarce_they_set_the_rhythm_whatever_the_requests_allow(requests: int | None) -> None:
    async def story() -> float:
        pool = make_pool(Limits(account=Allowance(rates=(Limit(requests, tokens=1000),))))

        async def patient() -> float:
            async with pool.lease(user="flood", priority=Priority.LOW, cost=Cost(tokens=100)):
                return virtual_time.now()

        async def urgent(number: int) -> None:
            await asyncio.sleep(number * 30)
            async with pool.lease(user="chat", priority=Priority.HIGH, cost=Cost(tokens=10)):
                pass

        chat = [asyncio.create_task(urgent(number)) for number in range(40)]
        ends = await asyncio.gather(*(patient() for _ in range(200)))
        await asyncio.gather(*chat)
        return max(ends)

    assert virtual_time.run(story()) <= 1.2 * 19 * 60.25
