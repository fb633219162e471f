"""How those wait whom no key can serve yet: in what order, for how long, and what is left when they give up."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from ratelimit import (
    Allowance,
    Cost,
    DayLimit,
    KeyPool,
    LeaseTimeout,
    Limit,
    Limits,
    NoUsableKey,
    OpenOperation,
    Priority,
    Scope,
    Throttled,
)
from ratelimit.window import midnight_after
from tests import virtual_time
from tests.ratelimit.provider import (
    EPOCH,
    ONE_A_MINUTE,
    ROOM_FOR_ONE,
    THROTTLED,
    UNAVAILABLE,
    LoadedDice,
    Service,
    gather,
    granted_at,
    jain,
    judge,
    keys,
    make_pool,
    settle,
    three_a_minute,
)

# Giving up


def test_nobody_waits_longer_than_they_said() -> None:
    async def story() -> float:
        pool = make_pool(ONE_A_MINUTE)
        await granted_at(pool)
        with pytest.raises(LeaseTimeout, match="within 5 s"):
            await granted_at(pool, max_wait=5)
        assert sum(pool.waiting().values()) == 0
        return virtual_time.now()

    assert virtual_time.run(story()) == 5.0


def test_max_wait_zero_takes_what_is_free() -> None:
    async def story() -> tuple[str, float]:
        return await granted_at(make_pool(ONE_A_MINUTE), max_wait=0)

    assert virtual_time.run(story()) == ("key-1", 0.0)


def test_max_wait_zero_takes_what_is_free_while_others_are_served() -> None:
    async def story() -> tuple[str, float]:
        pool = make_pool(three_a_minute())
        async with pool.lease(user="ana"):
            return await granted_at(pool, user="ben", max_wait=0)

    assert virtual_time.run(story()) == ("key-1", 0.0)


def test_patient_work_that_is_cancelled_before_it_is_decided_on_takes_nothing() -> None:
    async def story() -> list[tuple[str, float]]:
        pool = make_pool(three_a_minute())
        async with pool.lease(user="ana"):
            gone = asyncio.create_task(granted_at(pool, user="ben"))
            asyncio.get_running_loop().call_soon(gone.cancel)
            asked = [asyncio.create_task(granted_at(pool, user="cleo")) for _ in range(2)]
            await asyncio.gather(gone, return_exceptions=True)
            assert gone.cancelled()
            return await asyncio.gather(*asked)

    assert virtual_time.run(story()) == [("key-1", 0.0)] * 2


def test_a_request_that_no_key_may_ever_take_fails_at_once() -> None:
    async def story() -> None:
        with pytest.raises(NoUsableKey, match="more than any key may ever take"):
            await granted_at(make_pool(ONE_A_MINUTE), cost=Cost(requests=2))

    virtual_time.run(story())


@pytest.mark.parametrize("accounts", [("a",), ("a", "b")])
def test_a_target_without_a_key_fails_at_once(accounts: tuple[str, ...]) -> None:
    async def story() -> None:
        with pytest.raises(NoUsableKey, match="no key is configured for this target"):
            await granted_at(make_pool(ONE_A_MINUTE, *accounts), account="z")

    virtual_time.run(story())


# Cancelling


def test_a_cancelled_waiter_leaves_its_turn_to_the_next() -> None:
    async def story() -> tuple[str, float]:
        pool = make_pool(ONE_A_MINUTE)
        await granted_at(pool)
        impatient = asyncio.create_task(granted_at(pool))
        patient = asyncio.create_task(granted_at(pool))
        await asyncio.sleep(30)
        impatient.cancel()
        return await patient

    assert virtual_time.run(story()) == ("key-1", 60.25)


@pytest.mark.parametrize("max_wait", [None, 5.0], ids=["cancelled", "out of patience"])
def test_whoever_leaves_from_the_middle_of_the_line_waits_no_more(max_wait: float | None) -> None:
    async def story() -> int:
        pool = make_pool(ONE_A_MINUTE)
        await granted_at(pool)
        first = asyncio.create_task(granted_at(pool))
        second = asyncio.create_task(granted_at(pool, max_wait=max_wait))
        await asyncio.sleep(10)
        if max_wait is None:
            second.cancel()
        await asyncio.wait([second])
        waiting = sum(pool.waiting().values())
        await first
        return waiting

    assert virtual_time.run(story()) == 1


def test_a_small_request_cancelled_just_before_it_passes_a_large_one_is_passed_over() -> None:
    async def story() -> list[object]:
        pool = make_pool(Limits(account=Allowance(rates=(Limit(None, tokens=100, period=60),), room=1)))
        await granted_at(pool, cost=Cost(tokens=50))
        pool.restore([OpenOperation("operation-1", "key-1")])
        waiting = [
            asyncio.create_task(granted_at(pool, user=user, cost=Cost(tokens=tokens)))
            for user, tokens in (("ben", 80), ("cem", 10), ("dan", 10))
        ]
        await settle()
        waiting[1].cancel()
        pool.release("operation-1")
        return await asyncio.gather(*waiting, return_exceptions=True)

    large, cancelled, small = virtual_time.run(story())
    assert (large, small) == (("key-1", 60.25), ("key-1", 0.0))
    assert isinstance(cancelled, asyncio.CancelledError)


def _cancel_between_grant_and_wake(pool: KeyPool, give_back: Callable[[], None]) -> Awaitable[tuple[str, float]]:
    """`give_back` grants the key to the first of two waiters, who is cancelled before it can wake."""

    async def story() -> tuple[str, float]:
        first = asyncio.create_task(granted_at(pool))
        second = asyncio.create_task(granted_at(pool))
        await settle()
        give_back()
        first.cancel()
        await settle()
        assert first.cancelled()
        return await second

    return story()


def test_a_key_granted_to_somebody_cancelled_before_waking_goes_to_the_next() -> None:
    async def story() -> tuple[str, float]:
        pool = make_pool(ROOM_FOR_ONE)
        pool.restore([OpenOperation("operation-1", "key-1")])
        return await _cancel_between_grant_and_wake(pool, lambda: pool.release("operation-1"))

    assert virtual_time.run(story()) == ("key-1", 0.0)


def test_what_was_granted_to_somebody_cancelled_before_waking_is_not_spent() -> None:
    async def story() -> tuple[str, float]:
        limits = Limits(account=Allowance(rates=(Limit(1, period=60),), room=1))
        pool = make_pool(limits)
        pool.restore([OpenOperation("operation-1", "key-1")])
        return await _cancel_between_grant_and_wake(pool, lambda: pool.release("operation-1"))

    assert virtual_time.run(story()) == ("key-1", 0.0)


def test_a_waiter_cancelled_just_before_its_grant_is_passed_over() -> None:
    async def story() -> tuple[str, float]:
        pool = make_pool(ROOM_FOR_ONE)
        pool.restore([OpenOperation("operation-1", "key-1")])
        first = asyncio.create_task(granted_at(pool))
        second = asyncio.create_task(granted_at(pool))
        await settle()
        first.cancel()
        pool.release("operation-1")
        return await second

    assert virtual_time.run(story()) == ("key-1", 0.0)


def test_a_cancelled_probe_leaves_its_turn_to_the_next() -> None:
    async def probe(pool: KeyPool) -> None:
        async with pool.lease(user="ana"):
            await asyncio.sleep(1000)

    async def story() -> tuple[str, float]:
        pool = make_pool(three_a_minute())
        pool.report(THROTTLED, key_id="key-1")
        probing = asyncio.create_task(probe(pool))
        waiting = asyncio.create_task(granted_at(pool))
        await asyncio.sleep(40)
        probing.cancel()
        return await waiting

    assert virtual_time.run(story()) == ("key-1", 40.0)


def test_a_body_cancelled_halfway_gives_back_its_room() -> None:
    async def work(pool: KeyPool) -> None:
        async with pool.lease(user="ana"):
            await asyncio.sleep(1000)

    async def story() -> tuple[str, float]:
        pool = make_pool(ROOM_FOR_ONE)
        working = asyncio.create_task(work(pool))
        waiting = asyncio.create_task(granted_at(pool))
        await asyncio.sleep(7)
        working.cancel()
        return await waiting

    assert virtual_time.run(story()) == ("key-1", 7.0)


def test_nothing_is_left_when_everybody_is_gone() -> None:
    async def story() -> None:
        pool = make_pool(ONE_A_MINUTE)
        await granted_at(pool)
        waiting = asyncio.create_task(granted_at(pool))
        await settle()
        waiting.cancel()
        await settle()
        assert pool._line._timer is None
        assert repr(pool) == "<KeyPool studio: 1 of 1 keys healthy, 0 in flight, 0 operations open, 0 waiting>"

    virtual_time.run(story())


@pytest.mark.parametrize("hops", range(8), ids=lambda hops: f"{hops} turns of the loop later")
@pytest.mark.parametrize(
    "moment", [0.0, 30.0, 60.25, 60.3, 60.35, 60.5, 60.85, 60.9, 60.95, 61.2], ids=lambda moment: f"at {moment} s"
)
def test_a_call_cancelled_at_any_stage_leaves_nothing(moment: float, hops: int) -> None:
    """It waits for its turn, is granted it at 60.25, fails at 60.35, backs off until 60.85, and answers at 60.95."""

    async def story() -> None:
        service = Service(key_1=UNAVAILABLE)
        pool = make_pool(Limits(account=Allowance(rates=(Limit(2, period=60),), room=1)), dice=LoadedDice(0.5))
        loop = asyncio.get_running_loop()
        await gather(granted_at(pool), granted_at(pool))
        calling = asyncio.create_task(pool.call(service.ask, user="ana"))

        def cancel(hops_left: int) -> None:
            if hops_left:
                loop.call_soon(cancel, hops_left - 1)
            else:
                calling.cancel()

        loop.call_at(60.4, service.refusals.clear)
        loop.call_at(moment, cancel, hops)
        await asyncio.gather(calling, return_exceptions=True)
        await settle()
        (key,) = pool.view().keys
        assert (key.in_flight, key.open, sum(pool.waiting().values()), pool._line._timer) == (0, 0, 0, None)
        counted = sum(at > virtual_time.now() - 60.25 for at in [0.0, 0.0, *(at for _, at in service.calls)])
        assert key.usage[0].requests == counted

    virtual_time.run(story())


# Fairness and large costs


def test_a_hundred_to_one_flood_takes_no_more_than_its_share() -> None:
    async def story() -> float:
        pool = make_pool(Limits(account=Allowance(rates=(Limit(10, period=60),))))
        served = {"flood": 0, "ben": 0, "cem": 0}

        async def ask(user: str) -> None:
            async with pool.lease(user=user):
                served[user] += 1

        crowd = [asyncio.create_task(ask("flood")) for _ in range(1000)]
        await settle()
        crowd += [asyncio.create_task(ask(user)) for user in ("ben", "cem") for _ in range(10)]
        await asyncio.sleep(61)
        before = dict(served)
        await asyncio.sleep(120.6)
        for task in crowd:
            task.cancel()
        await settle()
        return jain(served[user] - before[user] for user in served)

    assert virtual_time.run(story()) > 0.99


def test_a_newcomer_to_a_slow_model_is_not_behind_by_all_that_a_quick_one_served() -> None:
    async def story() -> float:
        limits = Limits(account=Allowance(rates=(Limit(15, period=60),)), models={"film": Allowance(room=1)})
        pool = make_pool(limits)

        async def film(user: str, number: int) -> float:
            asked_at = virtual_time.now()
            async with pool.lease(user=user, model="film") as lease:
                lease.hold(f"{user}-{number}")
            waited = virtual_time.now() - asked_at
            await asyncio.sleep(300)
            pool.release(f"{user}-{number}")
            return waited

        async def pictures() -> None:
            while True:
                await granted_at(pool, user="cem", model="picture")
                await asyncio.sleep(6)

        films = [asyncio.create_task(film(user, number)) for number in range(50) for user in ("ana", "ben")]
        crowd: list[asyncio.Task[Any]] = [*films, asyncio.create_task(pictures())]
        await asyncio.sleep(3600)
        waited = await film("dan", 0)
        for task in crowd:
            task.cancel()
        await settle()
        return waited

    assert virtual_time.run(story()) <= 900


def test_what_a_turn_costs_is_weighed_anew_when_limits_change() -> None:
    """With tokens limited ana's requests weigh as much as ten of ben's, and without as much as one."""

    async def story() -> list[str]:
        pool = make_pool(Limits(account=Allowance(rates=(Limit(10, tokens=100, period=60),))))
        served: list[str] = []

        async def ask(user: str, tokens: int) -> None:
            async with pool.lease(user=user, priority=Priority.MEDIUM, cost=Cost(tokens=tokens)):
                served.append(user)

        await gather(ask("ana", 100), ask("ana", 100), ask("ben", 0))
        pool.set_limits(Limits(account=Allowance(rates=(Limit(10, period=60),))))
        served.clear()
        await gather(*(ask("zoe", 0) for _ in range(9)))
        await gather(*(ask("ana", 100) for _ in range(3)), *(ask("ben", 0) for _ in range(3)))
        return served[9:]

    assert virtual_time.run(story()) == ["ana", "ben", "ana", "ben", "ana", "ben"]


def test_a_turn_costs_what_it_takes_of_the_account_that_has_most() -> None:
    async def story() -> list[str]:
        narrow, wide = (Limits(account=Allowance(rates=(rate,))) for rate in (Limit(5, tokens=100), Limit(10)))
        pool = make_pool(narrow, "a", "b", account_limits={"b": wide})
        served: list[str] = []

        async def ask(user: str, tokens: int) -> None:
            async with pool.lease(user=user, priority=Priority.MEDIUM, cost=Cost(tokens=tokens)):
                served.append(user)

        await gather(*(ask("zoe", 0) for _ in range(15)))
        await gather(*(ask("ana", 100) for _ in range(3)), *(ask("ben", 0) for _ in range(3)))
        return served[15:]

    assert virtual_time.run(story()) == ["ana", "ben", "ana", "ben", "ana", "ben"]


def test_everybody_goes_when_their_own_model_opens() -> None:
    async def story() -> list[object]:
        pool = make_pool(Limits(each_model=Allowance(rates=(Limit(1, period=60),))))
        for model in ("early", "late"):
            await granted_at(pool, model=model)
            await asyncio.sleep(10)
        wishes = [granted_at(pool, user=model, model=model, priority=Priority.MEDIUM) for model in ("early", "late")]
        return await gather(*wishes)

    assert virtual_time.run(story()) == [("key-1", 60.25), ("key-1", 70.25)]


def test_work_that_is_spaced_holds_up_nobody_who_waits_for_something_else() -> None:
    async def story() -> list[float]:
        pool = make_pool(Limits(account=Allowance(rates=(Limit(15),))), "a", "b")
        await granted_at(pool, account="b", priority=Priority.MEDIUM, cost=Cost(requests=15))
        flood = [asyncio.create_task(granted_at(pool, account="a", priority=Priority.LOW)) for _ in range(30)]
        await asyncio.sleep(1)
        urgent = asyncio.create_task(granted_at(pool, account="b", priority=Priority.MEDIUM))
        patient = asyncio.create_task(granted_at(pool, user="zoe", priority=Priority.LOW, key_id="key-1"))
        await asyncio.gather(urgent, patient, *flood)
        return [urgent.result()[1], patient.result()[1]]

    assert virtual_time.run(story()) == [60.25, 1.0]


def test_the_log_of_waits_begins_when_somebody_came() -> None:
    async def story() -> tuple[int, float]:
        pool = make_pool(ONE_A_MINUTE)
        await asyncio.sleep(1000)
        for _ in range(2):
            await granted_at(pool, priority=Priority.MEDIUM)
        waits = pool.counters.waits[Priority.MEDIUM]
        return waits.count, waits.seconds

    assert virtual_time.run(story()) == (2, 60.25)


def test_costs_that_were_asked_for_once_are_not_remembered_for_ever() -> None:
    async def story() -> int:
        pool = make_pool(Limits(account=Allowance(rates=(Limit(None, tokens=1, period=60),))))
        await granted_at(pool, cost=Cost(tokens=1))
        pool.set_limits(Limits(account=Allowance(rates=(Limit(1, tokens=10_000, period=60),))))
        waiting = [asyncio.create_task(granted_at(pool, cost=Cost(tokens=tokens))) for tokens in range(2500)]
        await settle()
        for task in waiting:
            task.cancel()
        await settle()
        return len(pool._line._charges)

    assert virtual_time.run(story()) < 1500


def test_limits_are_measured_on_the_clock_that_a_pool_was_given() -> None:
    async def story() -> list[tuple[str, float]]:
        now = 1000.0
        pool = KeyPool("studio", keys("a"), limits=ONE_A_MINUTE, judge=judge, clock=lambda: now)
        granted = [await granted_at(pool)]
        now += 60.25
        return [*granted, await granted_at(pool)]

    assert virtual_time.run(story()) == [("key-1", 0.0), ("key-1", 0.0)]


def test_a_huge_cost_is_not_starved_by_small_ones_that_keep_coming() -> None:
    async def story() -> float:
        pool = make_pool(Limits(account=Allowance(rates=(Limit(None, tokens=100, period=60),))))

        async def flood() -> None:
            while virtual_time.now() < 600:
                await granted_at(pool, user="ana", cost=Cost(tokens=10))
                await asyncio.sleep(0.01)

        floods = [asyncio.create_task(flood()) for _ in range(20)]
        await asyncio.sleep(5)
        _, at = await granted_at(pool, user="ben", cost=Cost(tokens=100))
        for task in floods:
            task.cancel()
        await settle()
        return at

    assert virtual_time.run(story()) <= 60.25 * 2


def test_small_ones_pass_a_huge_cost_where_they_do_not_delay_it() -> None:
    async def story() -> list[object]:
        pool = make_pool(Limits(account=Allowance(rates=(Limit(None, tokens=100, period=60),))))
        await granted_at(pool, cost=Cost(tokens=50))
        await asyncio.sleep(1)
        huge = granted_at(pool, user="ben", cost=Cost(tokens=80))
        small = granted_at(pool, user="cem", cost=Cost(tokens=20))
        middling = granted_at(pool, user="dan", cost=Cost(tokens=21))
        return await gather(huge, small, middling)

    assert virtual_time.run(story()) == [("key-1", 60.25), ("key-1", 1.0), ("key-1", 120.5)]


@pytest.mark.parametrize("dimension", ["requests", "tokens"])
def test_a_small_one_passes_all_the_larger_ones_before_it(dimension: str) -> None:
    def cost(share: int) -> Cost:
        return Cost(requests=share) if dimension == "requests" else Cost(tokens=share)

    async def story() -> list[object]:
        pool = make_pool(Limits(account=Allowance(rates=(Limit(100, tokens=100, period=60),))))
        await granted_at(pool, cost=cost(50))
        wishes = [("ben", 80), ("cem", 80), ("dan", 90), ("eva", 10)]
        return await gather(*(granted_at(pool, user=user, cost=cost(share)) for user, share in wishes))

    *_, small = virtual_time.run(story())
    assert small == ("key-1", 0.0)


def test_ones_own_small_request_stays_behind_ones_own_huge_one() -> None:
    async def story() -> list[object]:
        pool = make_pool(Limits(account=Allowance(rates=(Limit(None, tokens=100, period=60),))))
        await granted_at(pool, cost=Cost(tokens=50))
        huge = granted_at(pool, user="ben", cost=Cost(tokens=80))
        own = granted_at(pool, user="ben", cost=Cost(tokens=10))
        others = granted_at(pool, user="cem", cost=Cost(tokens=10))
        return await gather(huge, own, others)

    assert virtual_time.run(story()) == [("key-1", 60.25), ("key-1", 60.25), ("key-1", 0.0)]


def test_a_claim_holds_on_the_account_that_will_have_it_soonest_and_the_others_are_free() -> None:
    async def story() -> list[object]:
        pool = make_pool(Limits(account=Allowance(rates=(Limit(None, tokens=100, period=60),))), "a", "b")
        await granted_at(pool, account="a", cost=Cost(tokens=60))
        await asyncio.sleep(1)
        await granted_at(pool, account="b", cost=Cost(tokens=60))
        huge = granted_at(pool, user="ben", cost=Cost(tokens=100))
        small = granted_at(pool, user="cem", cost=Cost(tokens=40))
        other = granted_at(pool, user="dan", cost=Cost(tokens=40))
        return await gather(huge, small, other)

    assert virtual_time.run(story()) == [("key-1", 60.25), ("key-2", 1.0), ("key-2", 61.25)]


def test_a_huge_cost_is_not_starved_by_small_ones_in_another_lane() -> None:
    async def story() -> float:
        pool = make_pool(Limits(account=Allowance(rates=(Limit(None, tokens=100, period=60),))))

        async def flood() -> None:
            while virtual_time.now() < 600:
                await granted_at(pool, user="ana", model="small", cost=Cost(tokens=10))
                await asyncio.sleep(0.01)

        floods = [asyncio.create_task(flood()) for _ in range(20)]
        await asyncio.sleep(5)
        _, at = await granted_at(pool, user="ben", model="big", cost=Cost(tokens=100))
        for task in floods:
            task.cancel()
        await settle()
        return at

    assert virtual_time.run(story()) <= 60.25 * 2


@pytest.mark.parametrize("accounts", ["a", "ab"])
def test_what_takes_no_tokens_waits_for_none(accounts: str) -> None:
    async def story() -> float:
        pool = make_pool(Limits(account=Allowance(rates=(Limit(10, tokens=100, period=60),))), *accounts)
        for account in accounts:
            await granted_at(pool, account=account, cost=Cost(tokens=100))
        waiting = asyncio.create_task(granted_at(pool, user="ben", account="a", cost=Cost(tokens=1)))
        await settle()
        _, at = await granted_at(pool, user="cem")
        waiting.cancel()
        return at

    assert virtual_time.run(story()) == 0.0


def test_nothing_is_kept_for_somebody_who_waits_for_room() -> None:
    async def story() -> float:
        limits = Limits(
            account=Allowance(rates=(Limit(None, tokens=100, period=60),)), models={"film": Allowance(room=1)}
        )
        pool = make_pool(limits)
        pool.restore([OpenOperation("operation-1", "key-1", "film")])
        waiting = asyncio.create_task(granted_at(pool, model="film", cost=Cost(tokens=90)))
        await settle()
        _, at = await granted_at(pool, user="ben", model="still", cost=Cost(tokens=50))
        pool.release("operation-1")
        await waiting
        return at

    assert virtual_time.run(story()) == 0.0


def test_a_huge_cost_is_not_starved_by_small_ones_that_take_the_room_it_needs() -> None:
    async def story() -> float:
        limits = Limits(account=Allowance(rates=(Limit(10, period=60),)), models={"film": Allowance(room=1)})
        pool = make_pool(limits)

        async def flood(user: str, model: str | None, works: float) -> None:
            while virtual_time.now() < 3600:
                async with pool.lease(user=user, priority=Priority.HIGH, model=model) as lease:
                    lease.sent()
                    await asyncio.sleep(works)

        floods = [asyncio.create_task(flood(f"ana-{number}", "film", 31.0)) for number in range(3)]
        floods += [asyncio.create_task(flood(f"cem-{number}", None, 0.5)) for number in range(3)]
        await asyncio.sleep(100)
        _, at = await granted_at(pool, user="ben", priority=Priority.HIGH, model="film", cost=Cost(6))
        for task in floods:
            task.cancel()
        await settle()
        return at - 100

    assert virtual_time.run(story()) <= 60.25 * 3


@pytest.mark.parametrize("period", [60.0, 3600.0])
def test_a_huge_cost_in_the_last_class_and_a_flood_in_a_higher_one_hold_up_each_other_for_one_turn(
    period: float,
) -> None:
    async def story() -> tuple[int, float]:
        pool = make_pool(Limits(account=Allowance(rates=(Limit(None, tokens=100, period=period),))))
        served = 0

        async def flood() -> None:
            nonlocal served
            while virtual_time.now() < 20 * period:
                await granted_at(pool, user="ana", priority=Priority.MEDIUM, cost=Cost(tokens=10))
                served += 1

        floods = [asyncio.create_task(flood()) for _ in range(20)]
        await asyncio.sleep(5)
        _, at = await granted_at(pool, user="ben", priority=Priority.LOW, cost=Cost(tokens=100))
        await asyncio.gather(*floods)
        return served, at

    served, at = virtual_time.run(story())

    assert served >= 10 * 18
    assert at <= 3 * (period + 0.25)


def test_a_huge_cost_that_waits_for_midnight_stands_in_nobodys_way_until_then() -> None:
    async def story() -> tuple[int, float]:
        day = Allowance(rates=(DayLimit(None, tokens=1000),))
        pool = make_pool(Limits(account=Allowance(rates=(Limit(10, period=60),), room=1), models={"film": day}))
        midnight = midnight_after("UTC", EPOCH) - EPOCH
        await granted_at(pool, model="film", cost=Cost(tokens=1000))
        huge = asyncio.create_task(granted_at(pool, user="ben", model="film", cost=Cost(10, tokens=1000)))
        served = 0
        while virtual_time.now() < midnight + 3600:
            await granted_at(pool, user="cem", priority=Priority.MEDIUM)
            served += virtual_time.now() < midnight - 400
        return served, (await huge)[1] - midnight

    served, late = virtual_time.run(story())

    assert served >= 10 * ((midnight_after("UTC", EPOCH) - EPOCH - 400) // 60.25)
    assert late <= 60.25 * 2


@pytest.mark.parametrize("rests", ["paused", "throttled"])
def test_nothing_is_kept_on_an_account_for_a_key_of_it_that_cannot_serve(rests: str) -> None:
    async def story() -> object:
        pool = make_pool(Limits(account=Allowance(rates=(Limit(3, period=60),))), "a", "a")
        if rests == "paused":
            pool.pause("key-1")
        else:
            pool.report(Throttled(until=EPOCH + 3600, scope=Scope.KEY), key_id="key-1")
        waiting = asyncio.create_task(granted_at(pool, key_id="key-1", cost=Cost(3)))
        await settle()
        granted = await granted_at(pool, user="ben")
        waiting.cancel()
        return granted

    assert virtual_time.run(story()) == ("key-2", 0.0)


def test_what_is_kept_for_somebody_is_kept_on_one_account_however_many_wait_behind() -> None:
    async def story() -> float:
        pool = make_pool(Limits(account=Allowance(rates=(Limit(None, tokens=100, period=60),))), "a", "b", "c")
        for account in ("a", "b", "c"):
            await granted_at(pool, account=account, cost=Cost(tokens=60))
        wishes = (("ben", 100), ("cem", 70), ("dan", 40))
        waiting = [
            asyncio.create_task(granted_at(pool, user=user, model=f"for {user}", cost=Cost(tokens=tokens)))
            for user, tokens in wishes
        ]
        *_, (_, at) = await asyncio.gather(*waiting)
        return at

    assert virtual_time.run(story()) == 0.0


def test_two_who_wait_for_a_huge_cost_are_kept_one_account_each() -> None:
    async def story() -> list[float]:
        pool = make_pool(Limits(account=Allowance(rates=(Limit(None, tokens=100, period=60),))), "a", "b")
        for account in ("a", "b"):
            await granted_at(pool, account=account, cost=Cost(tokens=50))
        wishes = (("ben", 100), ("cem", 100), ("dan", 40))
        waiting = [
            asyncio.create_task(granted_at(pool, user=user, model=f"for {user}", cost=Cost(tokens=tokens)))
            for user, tokens in wishes
        ]
        return [at for _, at in await asyncio.gather(*waiting)]

    assert virtual_time.run(story()) == [60.25, 60.25, 120.5]


def test_whoever_gives_up_waiting_for_a_huge_cost_frees_what_was_kept_for_them() -> None:
    async def story() -> float:
        pool = make_pool(Limits(account=Allowance(rates=(Limit(None, tokens=100, period=60),))))
        await granted_at(pool, cost=Cost(tokens=50))
        huge = asyncio.create_task(granted_at(pool, user="ben", cost=Cost(tokens=90), max_wait=5))
        small = asyncio.create_task(granted_at(pool, user="cem", cost=Cost(tokens=20)))
        with pytest.raises(LeaseTimeout):
            await huge
        return (await small)[1]

    assert virtual_time.run(story()) == 5.0
