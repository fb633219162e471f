"""How a key is lent, in virtual time: second 0 is when a story starts."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Awaitable, Callable

import pytest

from ratelimit import (
    Allowance,
    ApiKey,
    BadRequest,
    DayLimit,
    KeyPool,
    LeaseTimeout,
    Limit,
    Limits,
    NoUsableKey,
    OpenOperation,
    Priority,
)
from tests import virtual_time
from tests.ratelimit.provider import (
    BAD_REQUEST,
    ONE_A_MINUTE,
    ROOM_FOR_ONE,
    Refusal,
    StrictServer,
    gather,
    granted_at,
    keys,
    make_pool,
    settle,
    three_a_minute,
)


def test_a_free_key_is_lent_at_once() -> None:
    async def story() -> tuple[str, float]:
        return await granted_at(make_pool(ONE_A_MINUTE))

    assert virtual_time.run(story()) == ("key-1", 0.0)


def test_a_full_window_makes_the_next_wait_until_it_opens() -> None:
    async def story() -> list[object]:
        pool = make_pool(ONE_A_MINUTE)
        return await gather(granted_at(pool), granted_at(pool), granted_at(pool))

    assert virtual_time.run(story()) == [("key-1", 0.0), ("key-1", 60.25), ("key-1", 120.5)]


def test_keys_of_one_account_share_its_limits() -> None:
    async def story() -> list[object]:
        pool = make_pool(ONE_A_MINUTE, "a", "a")
        return await gather(granted_at(pool), granted_at(pool))

    assert virtual_time.run(story()) == [("key-1", 0.0), ("key-2", 60.25)]


def test_the_least_loaded_account_is_chosen_and_equals_take_turns() -> None:
    async def story() -> list[str]:
        pool = make_pool(three_a_minute(), "a", "b", "c")
        return [(await granted_at(pool))[0] for _ in range(6)]

    assert virtual_time.run(story()) == ["key-1", "key-2", "key-3"] * 2


def test_the_keys_of_an_account_take_turns() -> None:
    async def story() -> list[str]:
        pool = make_pool(Limits(), "a", "a", "a")
        for key_id in ("key-1", "key-2", "key-3"):  # none is on trial then
            await granted_at(pool, key_id=key_id)
        return [(await granted_at(pool))[0] for _ in range(6)]

    assert Counter(virtual_time.run(story())) == {"key-1": 2, "key-2": 2, "key-3": 2}


def test_the_less_loaded_account_is_chosen_although_it_served_last() -> None:
    async def story() -> str:
        pool = make_pool(three_a_minute(), "a", "b")
        for key_id in ("key-1", "key-1", "key-2"):
            await granted_at(pool, key_id=key_id)
        return (await granted_at(pool))[0]

    assert virtual_time.run(story()) == "key-2"


def test_of_equals_the_one_with_the_least_in_flight_is_chosen() -> None:
    async def story() -> str:
        pool = make_pool(Limits(), "a", "b")
        for key_id in ("key-1", "key-2", "key-1", "key-1"):
            await granted_at(pool, key_id=key_id)
        async with pool.lease(user="ana", key_id="key-1"):
            await granted_at(pool, key_id="key-2")
            return (await granted_at(pool))[0]

    assert virtual_time.run(story()) == "key-2"


def test_the_keys_of_an_account_that_is_named_take_turns() -> None:
    async def story() -> list[str]:
        pool = make_pool(Limits(), "a", "a", "b")
        return [(await granted_at(pool, account="a"))[0] for _ in range(4)]

    assert virtual_time.run(story()) == ["key-1", "key-2", "key-1", "key-2"]


def test_an_account_can_have_limits_of_its_own() -> None:
    async def story() -> list[object]:
        pool = make_pool(ONE_A_MINUTE, "a", account_limits={"a": three_a_minute()})
        return await gather(*(granted_at(pool) for _ in range(3)))

    assert virtual_time.run(story()) == [("key-1", 0.0)] * 3


@pytest.mark.parametrize("wish", [{"key_id": "key-2"}, {"account": "b"}])
def test_a_request_gets_the_key_it_must_have(wish: dict[str, str]) -> None:
    async def story() -> str:
        return (await granted_at(make_pool(three_a_minute(), "a", "b"), **wish))[0]

    assert virtual_time.run(story()) == "key-2"


def test_whoever_waits_for_one_account_does_not_block_those_who_fit_elsewhere() -> None:
    async def story() -> list[object]:
        pool = make_pool(ONE_A_MINUTE, "a", "b")
        await granted_at(pool, account="a")
        return await gather(granted_at(pool, account="a"), granted_at(pool))

    assert virtual_time.run(story()) == [("key-1", 60.25), ("key-2", 0.0)]


def test_a_higher_class_is_served_before_those_who_came_earlier() -> None:
    async def story() -> list[object]:
        pool = make_pool(ONE_A_MINUTE)
        await granted_at(pool)
        return await gather(granted_at(pool, priority=Priority.LOW), granted_at(pool, priority=Priority.HIGH))

    assert virtual_time.run(story()) == [("key-1", 120.5), ("key-1", 60.25)]


def test_a_request_prepared_for_long_counts_from_its_sending() -> None:
    async def story() -> tuple[str, float]:
        pool = make_pool(ONE_A_MINUTE)
        async with pool.lease(user="ana") as lease:
            await asyncio.sleep(3)
            lease.sent()
        return await granted_at(pool)

    assert virtual_time.run(story()) == ("key-1", 63.25)


@pytest.mark.parametrize("end", [None, BadRequest(), BAD_REQUEST, asyncio.CancelledError()], ids=repr)
def test_what_was_sent_counts_from_then_however_long_the_answer_takes_and_whatever_it_is(end: object) -> None:
    async def story() -> tuple[str, float]:
        pool = make_pool(ONE_A_MINUTE)
        with contextlib.suppress(Refusal, asyncio.CancelledError):
            async with pool.lease(user="ana") as lease:
                lease.sent()
                await asyncio.sleep(30)
                if isinstance(end, BaseException):
                    raise end
                lease.report(end)
        return await granted_at(pool)

    assert virtual_time.run(story()) == ("key-1", 60.25)


def test_a_request_in_preparation_keeps_its_place_in_the_window_however_long_it_takes() -> None:
    async def story() -> float:
        pool = make_pool(ONE_A_MINUTE)

        async def prepare() -> None:
            async with pool.lease(user="ana") as lease:
                await asyncio.sleep(500)
                lease.sent()
                await asyncio.sleep(500)

        preparing = asyncio.create_task(prepare())
        await settle()
        _, at = await granted_at(pool)
        await preparing
        return at

    assert virtual_time.run(story()) == 560.25


@pytest.mark.parametrize("hours", [0, 7], ids=["from the start", "hours later"])
def test_a_days_limit_opens_at_midnight_in_its_zone(hours: int) -> None:
    async def story() -> float:
        pool = make_pool(Limits(account=Allowance(rates=(DayLimit(1, zone="America/Los_Angeles"),))))
        await asyncio.sleep(hours * 3600)
        await granted_at(pool)
        return (await granted_at(pool))[1]

    # The story starts at 22:13:20 UTC, which is 14:13:20 in Los Angeles.
    assert virtual_time.run(story()) == pytest.approx(9 * 3600 + 46 * 60 + 40 + 0.25)


def test_of_many_lanes_those_that_are_full_do_not_hold_up_the_one_that_is_not() -> None:
    async def story() -> list[float]:
        pool = make_pool(Limits(each_model=Allowance(rates=(Limit(1, period=60),))), "a", "b")
        for _ in range(2):
            await gather(*(granted_at(pool, model=f"model-{number}") for number in range(100)))
        waiting = [asyncio.create_task(granted_at(pool, model=f"model-{number}")) for number in range(100)]
        await settle()
        _, at = await granted_at(pool, user="ben", model="model-new")
        return [at, *(at for _, at in await asyncio.gather(*waiting))]

    assert virtual_time.run(story()) == [0.0, *[60.25] * 100]


# Room


def test_room_is_given_back_after_the_block() -> None:
    async def work(pool: KeyPool) -> float:
        async with pool.lease(user="ana"):
            start = virtual_time.now()
            await asyncio.sleep(10)
        return start

    async def story() -> list[object]:
        pool = make_pool(ROOM_FOR_ONE)
        return await gather(work(pool), work(pool), work(pool))

    assert virtual_time.run(story()) == [0.0, 10.0, 20.0]


def test_an_operation_keeps_its_room_until_it_is_released() -> None:
    async def story() -> tuple[str, float]:
        pool = make_pool(ROOM_FOR_ONE)
        async with pool.lease(user="ana") as lease:
            lease.hold("operation-1")
        asyncio.get_running_loop().call_later(90, pool.release, "operation-1")
        return await granted_at(pool)

    assert virtual_time.run(story()) == ("key-1", 90.0)


def test_an_operation_takes_over_the_room_of_its_lease() -> None:
    async def story() -> int:
        pool = make_pool(Limits(account=Allowance(room=2)))
        async with pool.lease(user="ana") as lease:
            lease.hold("operation-1")
            return pool.view().keys[0].open

    assert virtual_time.run(story()) == 1


def test_two_operations_of_one_lease_take_room_for_two() -> None:
    async def story() -> list[int]:
        pool = make_pool(Limits(account=Allowance(room=3)))
        async with pool.lease(user="ana") as lease:
            lease.hold("operation-1")
            lease.hold("operation-2")
            seen = [pool.view().keys[0].open]
        seen.append(pool.view().keys[0].open)
        for operation_id in ("operation-1", "operation-2"):
            pool.release(operation_id)
            seen.append(pool.view().keys[0].open)
        return seen

    assert virtual_time.run(story()) == [2, 2, 1, 0]


def test_an_operation_that_two_leases_hold_takes_room_once() -> None:
    async def story() -> list[int]:
        pool = make_pool(Limits(account=Allowance(room=3)))
        for _ in range(2):
            async with pool.lease(user="ana") as lease:
                lease.hold("operation-1")
        seen = [pool.view().keys[0].open]
        pool.release("operation-1")
        return [*seen, pool.view().keys[0].open]

    assert virtual_time.run(story()) == [1, 0]


def test_an_operation_held_after_the_block_has_room_of_its_own() -> None:
    async def story() -> list[int]:
        pool = make_pool(Limits(account=Allowance(room=2)))
        async with pool.lease(user="ana") as lease:
            pass
        lease.hold("operation-1")
        held = pool.view().keys[0].open
        pool.release("operation-1")
        return [held, pool.view().keys[0].open]

    assert virtual_time.run(story()) == [1, 0]


def test_room_of_one_model_leaves_the_others_free() -> None:
    async def story() -> list[object]:
        pool = make_pool(Limits(each_model=Allowance(room=1)))
        async with pool.lease(user="ana", model="big") as lease:
            lease.hold("operation-1")
        asyncio.get_running_loop().call_later(90, pool.release, "operation-1")
        return await gather(granted_at(pool, model="big"), granted_at(pool, model="small"))

    assert virtual_time.run(story()) == [("key-1", 90.0), ("key-1", 0.0)]


def test_operations_open_before_a_restart_hold_their_room() -> None:
    async def story() -> tuple[str, float]:
        pool = make_pool(ROOM_FOR_ONE)
        pool.restore([OpenOperation("operation-1", "key-1", "big"), OpenOperation("operation-2", "key-gone")])
        asyncio.get_running_loop().call_later(5, pool.release, "operation-1")
        return await granted_at(pool)

    assert virtual_time.run(story()) == ("key-1", 5.0)


def test_operations_restored_late_hold_their_room_too() -> None:
    async def story() -> tuple[str, float]:
        pool = make_pool(ROOM_FOR_ONE, "a", "b")
        for _ in range(4):
            await granted_at(pool)
        pool.restore([OpenOperation("operation-1", "key-1"), OpenOperation("operation-2", "key-2")])
        asyncio.get_running_loop().call_later(5, pool.release, "operation-2")
        return await granted_at(pool)

    assert virtual_time.run(story()) == ("key-2", 5.0)


def test_restoring_what_is_held_already_counts_it_once() -> None:
    async def story() -> int:
        pool = make_pool(Limits(account=Allowance(room=2)))
        async with pool.lease(user="ana") as lease:
            lease.hold("operation-1")
        pool.restore([OpenOperation("operation-1", "key-1")])
        return pool.view().keys[0].open

    assert virtual_time.run(story()) == 1


def test_releasing_what_is_not_open_is_quiet() -> None:
    async def story() -> None:
        make_pool(ROOM_FOR_ONE).release("operation-1")

    virtual_time.run(story())


def test_an_operation_is_polled_with_the_key_that_started_it() -> None:
    assert make_pool(ONE_A_MINUTE, "a", "b").key("key-2") == keys("a", "b")[1]


def test_a_key_that_is_configured_no_more_is_not_usable() -> None:
    with pytest.raises(NoUsableKey, match="key-9 is not configured"):
        make_pool(ONE_A_MINUTE).key("key-9")


def test_two_keys_cannot_have_one_id() -> None:
    with pytest.raises(ValueError, match="two keys have the id"):
        KeyPool("studio", keys("a") * 2, limits=ONE_A_MINUTE, judge=lambda failure, now: None)


def test_a_lease_is_entered_once() -> None:
    async def story() -> int:
        pool = make_pool(three_a_minute())
        lease = pool.lease(user="ana")
        async with lease:
            with pytest.raises(RuntimeError, match="entered once"):
                await lease.__aenter__()
        with pytest.raises(RuntimeError, match="entered once"):
            await lease.__aenter__()
        return pool.view().keys[0].usage[0].requests

    assert virtual_time.run(story()) == 1


@pytest.mark.parametrize("weight", [0.0, -1.0])
def test_a_weight_is_positive_though_nobody_waits(weight: float) -> None:
    with pytest.raises(ValueError, match="a weight is positive"):
        make_pool(ONE_A_MINUTE).lease(user="ana", weight=weight)


def test_a_clock_of_its_own_counts_whatever_the_loop_says() -> None:
    async def story() -> bool:
        pool = KeyPool("studio", keys("a"), limits=ONE_A_MINUTE, judge=lambda failure, now: None, clock=lambda: 7.0)
        await granted_at(pool)
        waiting = asyncio.create_task(granted_at(pool, priority=Priority.HIGH))
        await asyncio.sleep(1000.0)
        waiting.cancel()
        return waiting.done()

    assert not virtual_time.run(story())


# The provider counts for itself


@pytest.mark.parametrize(("priority", "slack"), [(Priority.MEDIUM, 1.01), (Priority.GENERATION, 1.03)], ids=str)
@pytest.mark.parametrize("prepares", [0.0, 3.0], ids=["at once", "after up to 3 s"])
def test_a_strict_provider_refuses_nothing_however_the_network_jitters(
    prepares: float, priority: Priority, slack: float
) -> None:
    async def story() -> tuple[int, int, float]:
        pool = make_pool(Limits(account=Allowance(rates=(Limit(15, period=60),))), "a", "b", "c")
        server = StrictServer(15, 60)

        async def ask(number: int) -> None:
            async with pool.lease(user=f"user-{number % 5}", priority=priority) as lease:
                await asyncio.sleep(prepares * (number % 7) / 7)
                lease.sent()
                await server.take(lease.key)

        await gather(*(ask(number) for number in range(450)))
        return server.served, server.refused, virtual_time.now()

    served, refused, seconds = virtual_time.run(story())
    assert (served, refused) == (450, 0)
    assert seconds <= slack * 9 * (60.25 + prepares)


def test_across_the_edge_of_a_minute_nothing_is_refused() -> None:
    async def story() -> int:
        pool = make_pool(Limits(account=Allowance(rates=(Limit(20, period=60),))), *"abcdefg")
        server = StrictServer(20, 60)

        async def ask(key_taker: Callable[[ApiKey], Awaitable[None]]) -> None:
            async with pool.lease(user="ana") as lease:
                await key_taker(lease.key)

        await asyncio.sleep(58)
        await gather(*(ask(server.take) for _ in range(140)))
        await asyncio.sleep(3)
        await gather(*(ask(server.take) for _ in range(140)))
        return server.refused

    assert virtual_time.run(story()) == 0


def test_room_that_the_service_tells_of_is_heeded_from_then_on() -> None:
    async def story() -> list[int]:
        pool = make_pool(Limits(each_model=Allowance(room=2)))
        open_at_once = []
        for room in (None, 3, 1):
            if room is not None:
                pool.set_room(room, key_id="key-1", model="gen4.5")
            begun = 0
            with contextlib.suppress(LeaseTimeout):
                while True:
                    async with pool.lease(user="ana", model="gen4.5", max_wait=0) as lease:
                        lease.hold(f"operation-{begun}")
                        begun += 1
            open_at_once.append(begun)
            for number in range(begun):
                pool.release(f"operation-{number}")
        return open_at_once

    assert virtual_time.run(story()) == [2, 3, 1]


def test_more_room_wakes_who_waits_for_it() -> None:
    async def story() -> float:
        pool = make_pool(Limits(account=Allowance(room=1)))
        async with pool.lease(user="ana") as lease:
            lease.hold("operation-1")
        asyncio.get_running_loop().call_later(5, lambda: pool.set_room(2, key_id="key-1"))
        async with pool.lease(user="ana"):
            return virtual_time.now()

    assert virtual_time.run(story()) == 5.0
