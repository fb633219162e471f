"""Keys that come, rest by somebody's wish, and go, while others are at work."""

from __future__ import annotations

import asyncio
import random

import pytest

from ratelimit import Allowance, ApiKey, Cost, KeyHealth, KeyPool, Lease, Limit, Limits, NoUsableKey, OpenOperation
from tests import virtual_time
from tests.ratelimit.provider import (
    ONE_A_MINUTE,
    REJECTED,
    ROOM_FOR_ONE,
    UNAVAILABLE,
    gather,
    granted_at,
    health,
    make_pool,
    settle,
)

NEW = ApiKey("key-9", "z", "fake-secret-9")


def ids(pool: KeyPool) -> list[str]:
    return [key.id for key in pool.view().keys]


# Coming


def test_a_key_that_comes_serves_whoever_waits() -> None:
    async def story() -> list[object]:
        pool = make_pool(ONE_A_MINUTE)

        async def come() -> None:
            await asyncio.sleep(5.0)
            pool.add(NEW)

        return (await gather(granted_at(pool), granted_at(pool), come()))[:2]

    assert virtual_time.run(story()) == [("key-1", 0.0), ("key-9", 5.0)]


def test_another_key_of_an_account_adds_no_room() -> None:
    async def story() -> list[float]:
        pool = make_pool(ONE_A_MINUTE)
        pool.add(ApiKey("key-9", "a", "fake-secret-9"))
        return [at for _, at in (await granted_at(pool), await granted_at(pool))]

    assert virtual_time.run(story()) == [0.0, 60.25]


def test_an_account_that_comes_has_the_limits_that_were_given_for_it() -> None:
    async def story() -> list[str]:
        pool = make_pool(ONE_A_MINUTE, account_limits={"z": Limits()})
        pool.add(NEW)
        return [(await granted_at(pool))[0] for _ in range(5)]

    assert sorted(virtual_time.run(story())) == ["key-1", *["key-9"] * 4]


def test_an_id_is_taken_once() -> None:
    pool = make_pool(Limits())

    with pytest.raises(ValueError, match="key-1"):
        pool.add(ApiKey("key-1", "b", "fake-secret-2"))


# Paused


def test_a_paused_key_is_not_lent_and_the_others_are() -> None:
    async def story() -> set[object]:
        pool = make_pool(Limits(), "a", "b")
        pool.pause("key-1")
        return {(await granted_at(pool))[0] for _ in range(6)}

    assert virtual_time.run(story()) == {"key-2"}


@pytest.mark.parametrize("accounts", [("a",), ("a", "a"), ("a", "b")])
def test_who_waits_for_keys_that_are_all_paused_waits_until_one_is_resumed(accounts: tuple[str, ...]) -> None:
    async def story() -> tuple[object, str | None]:
        pool = make_pool(Limits(), *accounts)
        for key_id in ids(pool):
            pool.pause(key_id)
        waiter = asyncio.create_task(granted_at(pool, name="shot"))
        await asyncio.sleep(3600.0)
        outlook = pool.outlook("shot")
        pool.resume("key-1")
        return await waiter, outlook.reason if outlook is not None else None

    assert virtual_time.run(story()) == (("key-1", 3600.0), "every key is paused")


def test_what_a_paused_key_has_begun_goes_on() -> None:
    async def story() -> tuple[list[KeyHealth], str, KeyHealth]:
        pool = make_pool(ROOM_FOR_ONE)
        async with pool.lease(user="ana") as lease:
            pool.pause("key-1")
            lease.hold("operation")
        paused, key = health(pool), pool.key("key-1")
        pool.release("operation")
        pool.resume("key-1")
        return paused, key.id, health(pool)[0]

    assert virtual_time.run(story()) == ([KeyHealth.PAUSED], "key-1", KeyHealth.HEALTHY)


def test_the_only_key_that_is_not_paused_is_believed_from_the_start() -> None:
    async def story() -> list[object]:
        pool = make_pool(Limits(), "a", "b")
        pool.pause("key-2")

        async def work() -> float:
            async with pool.lease(user="ana"):
                at = asyncio.get_running_loop().time()
                await asyncio.sleep(1.0)
                return at

        return await gather(work(), work())

    assert virtual_time.run(story()) == [0.0, 0.0]


def test_a_paused_key_is_no_witness_that_the_service_is_well() -> None:
    async def story() -> list[KeyHealth]:
        pool = make_pool(Limits(), "a", "b")
        await granted_at(pool, key_id="key-1")
        await granted_at(pool, key_id="key-2")
        pool.pause("key-2")
        pool.report(UNAVAILABLE, key_id="key-1")
        return health(pool)

    assert virtual_time.run(story()) == [KeyHealth.HEALTHY, KeyHealth.PAUSED]


# Retired


def test_a_retired_key_that_has_nothing_open_is_gone_at_once() -> None:
    async def story() -> tuple[list[str], str, str]:
        pool = make_pool(Limits(), "a", "b")
        pool.retire("key-1")
        return ids(pool), (await granted_at(pool))[0], pool.key("key-1").id

    assert virtual_time.run(story()) == (["key-2"], "key-2", "key-1")


def test_operations_of_a_retired_key_keep_their_room_until_they_are_over() -> None:
    async def story() -> tuple[tuple[KeyHealth, int], object, list[str]]:
        pool = make_pool(ROOM_FOR_ONE, "a", "a")
        async with pool.lease(user="ana", key_id="key-1") as lease:
            lease.hold("operation")
        pool.retire("key-1")
        shown = pool.view().keys[0]

        async def end() -> None:
            await asyncio.sleep(7.0)
            pool.release("operation")

        granted = (await gather(granted_at(pool), end()))[0]
        return (shown.health, shown.open), granted, ids(pool)

    assert virtual_time.run(story()) == ((KeyHealth.RETIRED, 1), ("key-2", 7.0), ["key-2"])


def test_a_retired_key_is_lent_no_more_though_something_is_open_with_it() -> None:
    async def story() -> set[str]:
        pool = make_pool(Limits(), "a", "b")
        for key_id in ("key-1", "key-2"):
            async with pool.lease(user="ana", key_id=key_id) as lease:
                lease.hold(f"operation of {key_id}")
        pool.retire("key-1")
        return {(await granted_at(pool))[0] for _ in range(6)}

    assert virtual_time.run(story()) == {"key-2"}


def test_a_lease_that_is_out_goes_on_and_its_key_leaves_with_it() -> None:
    async def story() -> tuple[list[str], list[str]]:
        pool = make_pool(Limits(), "a", "b")
        async with pool.lease(user="ana", key_id="key-1") as lease:
            pool.retire("key-1")
            lease.sent()
            lease.spent(3)
            during = ids(pool)
        return during, ids(pool)

    assert virtual_time.run(story()) == (["key-1", "key-2"], ["key-2"])


def test_who_waits_for_a_key_that_retires_is_told_and_the_others_wait_on() -> None:
    async def story() -> list[object]:
        pool = make_pool(ROOM_FOR_ONE, "a", "b")
        for key_id in ("key-1", "key-2"):
            pool.restore([OpenOperation(f"of-{key_id}", key_id)])
        waiting = [
            asyncio.create_task(granted_at(pool, key_id="key-1")),
            asyncio.create_task(granted_at(pool, account="a")),
            asyncio.create_task(granted_at(pool)),
        ]
        await settle()
        pool.retire("key-1")
        await settle()
        pool.release("of-key-2")
        told = await asyncio.gather(*waiting, return_exceptions=True)
        return [type(each).__name__ if isinstance(each, Exception) else each for each in told]

    assert virtual_time.run(story()) == ["NoUsableKey", "NoUsableKey", ("key-2", 0.0)]


def test_the_last_key_that_retires_leaves_nobody_waiting_in_vain() -> None:
    async def story() -> str:
        pool = make_pool(Limits())
        pool.pause("key-1")
        waiter = asyncio.create_task(granted_at(pool))
        await settle()
        pool.retire("key-1")
        with pytest.raises(NoUsableKey) as refused:
            await waiter
        with pytest.raises(NoUsableKey):
            await granted_at(pool)
        pool.add(NEW)
        return f"{refused.value.__class__.__name__} {(await granted_at(pool))[0]}"

    assert virtual_time.run(story()) == "NoUsableKey key-9"


def test_a_waiter_cancelled_as_its_key_retires_leaves_nothing_behind() -> None:
    async def story() -> tuple[list[str], int]:
        pool = make_pool(ROOM_FOR_ONE, "a", "b")
        pool.pause("key-2")
        async with pool.lease(user="ana", key_id="key-1"):
            waiter = asyncio.create_task(granted_at(pool, key_id="key-1"))
            await settle()
        waiter.cancel()  # it was given the key as the block ended, and did not wake yet
        pool.retire("key-1")
        await asyncio.gather(waiter, return_exceptions=True)
        return ids(pool), sum(pool.waiting().values())

    assert virtual_time.run(story()) == (["key-2"], 0)


def test_a_waiter_cancelled_right_before_its_key_retires_is_passed_over() -> None:
    async def story() -> list[str]:
        pool = make_pool(ROOM_FOR_ONE, "a", "b")
        async with pool.lease(user="ana", key_id="key-1"):
            waiting = [asyncio.create_task(granted_at(pool, user=user, key_id="key-1")) for user in ("ben", "cem")]
            await settle()
            waiting[0].cancel()
            pool.retire("key-1")
            answers = await asyncio.gather(*waiting, return_exceptions=True)
        return [type(answer).__name__ for answer in answers]

    assert virtual_time.run(story()) == ["CancelledError", "NoUsableKey"]


def test_a_retired_key_that_is_not_gone_yet_comes_back() -> None:
    async def story() -> tuple[KeyHealth, str]:
        pool = make_pool(Limits())
        pool.restore([OpenOperation("operation", "key-1")])
        pool.retire("key-1")
        pool.add(ApiKey("key-1", "a", "fake-secret-1"))
        return health(pool)[0], (await granted_at(pool))[0]

    assert virtual_time.run(story()) == (KeyHealth.HEALTHY, "key-1")


def test_another_key_cannot_come_back_in_the_place_of_a_retired_one_that_is_not_gone_yet() -> None:
    async def story() -> None:
        pool = make_pool(Limits())
        pool.restore([OpenOperation("operation", "key-1")])
        pool.retire("key-1")
        with pytest.raises(ValueError, match="key-1"):
            pool.add(ApiKey("key-1", "a", "fake-secret-of-another"))

    virtual_time.run(story())


def test_an_account_whose_keys_are_gone_comes_back_with_what_it_spent_and_the_limits_of_now() -> None:
    async def story() -> list[tuple[str, float]]:
        pool = make_pool(ONE_A_MINUTE)
        granted = [await granted_at(pool)]
        pool.retire("key-1")
        pool.set_limits(Limits(account=Allowance(rates=(Limit(2, period=60.0),))))
        pool.add(ApiKey("key-9", "a", "fake-secret-9"))
        return granted + [await granted_at(pool) for _ in range(2)]

    assert virtual_time.run(story()) == [("key-1", 0.0), ("key-9", 0.0), ("key-9", 60.25)]


def test_a_retired_key_is_not_lent_while_what_is_open_with_it_is_counted_again() -> None:
    async def story() -> float:
        pool = make_pool(ONE_A_MINUTE, "a", "b")
        pool.retire("key-1")
        await granted_at(pool)
        waiting = asyncio.create_task(granted_at(pool))
        await settle()
        pool.restore([OpenOperation("operation", "key-1")])
        return (await waiting)[1]

    assert virtual_time.run(story()) == 60.25


def test_a_key_that_comes_back_has_open_what_it_had_open() -> None:
    async def story() -> tuple[list[str], int]:
        pool = make_pool(Limits(account=Allowance(room=2)))
        async with pool.lease(user="ana") as lease:
            lease.hold("operation")
        pool.retire("key-1")
        pool.add(ApiKey("key-1", "a", "fake-secret-1"))
        await granted_at(pool)
        pool.retire("key-1")
        kept = ids(pool)
        pool.release("operation")
        return kept, len(ids(pool))

    assert virtual_time.run(story()) == (["key-1"], 0)


def test_a_key_that_is_gone_is_still_known_and_told() -> None:
    async def story() -> list[object]:
        pool = make_pool(Limits(), "a", "b")
        pool.retire("key-1")
        return [ids(pool), *(pool.knows(f"key-{number}") for number in (1, 2, 3)), pool.key("key-1").id]

    assert virtual_time.run(story()) == [["key-2"], True, True, False, "key-1"]


def test_a_key_that_comes_back_is_waited_for() -> None:
    async def story() -> tuple[str, float]:
        pool = make_pool(ROOM_FOR_ONE)
        async with pool.lease(user="ana") as lease:
            lease.hold("operation")
        pool.retire("key-1")
        pool.add(ApiKey("key-1", "a", "fake-secret-1"))
        asyncio.get_running_loop().call_later(5.0, pool.release, "operation")
        return await granted_at(pool)

    assert virtual_time.run(story()) == ("key-1", 5.0)


@pytest.mark.parametrize("key_id", ["key-1", "key-9"], ids=["the same key", "another key"])
def test_an_account_without_a_key_for_a_while_forgets_nothing(key_id: str) -> None:
    async def story() -> tuple[str, float]:
        pool = make_pool(Limits(account=Allowance(rates=(Limit(2, period=60),))))
        await gather(granted_at(pool), granted_at(pool))
        pool.retire("key-1")
        pool.set_limits(ONE_A_MINUTE)
        await asyncio.sleep(5.0)
        pool.add(ApiKey(key_id, "a", "fake-secret"))
        return await granted_at(pool)

    assert virtual_time.run(story()) == (key_id, 60.25)


def test_of_three_accounts_one_goes_and_the_others_do_its_work() -> None:
    async def story() -> list[str]:
        pool = make_pool(Limits(account=Allowance(rates=(Limit(2, period=60),))), "a", "b", "c")
        await gather(*(granted_at(pool, key_id=f"key-{number}") for number in (1, 2, 3)))
        await granted_at(pool, key_id="key-2")
        await granted_at(pool, key_id="key-3")
        pool.retire("key-1")
        return [key_id for key_id, _ in (await granted_at(pool), await granted_at(pool))]

    assert sorted(virtual_time.run(story())) == ["key-2", "key-3"]


def test_operations_are_counted_again_though_their_key_was_retired() -> None:
    async def story() -> tuple[list[tuple[str, KeyHealth, int]], list[str]]:
        pool = make_pool(ROOM_FOR_ONE, "a", "b")
        pool.retire("key-1")
        pool.restore([OpenOperation("one", "key-1"), OpenOperation("two", "key-1"), OpenOperation("three", "key-9")])
        shown = [(key.id, key.health, key.open) for key in pool.view().keys]
        pool.release("one")
        pool.release("two")
        return shown, ids(pool)

    shown, left = virtual_time.run(story())

    assert shown == [("key-2", KeyHealth.HEALTHY, 0), ("key-1", KeyHealth.RETIRED, 2)]
    assert left == ["key-2"]


def test_news_of_a_key_that_is_gone_is_no_news() -> None:
    async def story() -> list[str]:
        pool = make_pool(Limits(), "a", "b")
        pool.retire("key-1")
        pool.report(REJECTED, key_id="key-1")
        pool.set_room(3, key_id="key-1")
        with pytest.raises(KeyError):
            pool.report(REJECTED, key_id="key-77")
        return ids(pool)

    assert virtual_time.run(story()) == ["key-2"]


# Other limits


def test_a_higher_limit_serves_whoever_waits_and_holds_for_keys_to_come() -> None:
    async def story() -> list[object]:
        pool = make_pool(ONE_A_MINUTE)

        async def change() -> None:
            await asyncio.sleep(5.0)
            pool.set_limits(Limits(account=Allowance(rates=(Limit(2, period=60.0),))))

        served = await gather(granted_at(pool), granted_at(pool), change())
        pool.add(NEW)
        return [*served[:2], pool.view().keys[1].limits.account.rates]

    assert virtual_time.run(story()) == [("key-1", 0.0), ("key-1", 5.0), (Limit(2, period=60.0),)]


def test_a_lower_limit_holds_at_once_and_what_was_spent_counts() -> None:
    async def story() -> float:
        pool = make_pool(Limits(account=Allowance(rates=(Limit(3, period=60.0),))))
        await gather(granted_at(pool), granted_at(pool))
        pool.set_limits(ONE_A_MINUTE)
        return (await granted_at(pool))[1]

    assert virtual_time.run(story()) == pytest.approx(60.25)


def test_whoever_waits_for_what_a_new_limit_never_allows_is_told_so() -> None:
    async def story() -> None:
        pool = make_pool(Limits(account=Allowance(rates=(Limit(None, tokens=100, period=60.0),))))

        async def change() -> None:
            await asyncio.sleep(5.0)
            pool.set_limits(Limits(account=Allowance(rates=(Limit(None, tokens=50, period=60.0),))))

        async def ask() -> None:
            async with pool.lease(user="ana", cost=Cost(tokens=80)) as lease:
                lease.spent(80)
            with pytest.raises(NoUsableKey, match="more than any key may ever take"):
                async with pool.lease(user="ana", cost=Cost(tokens=80)):
                    pass

        await gather(ask(), change())

    virtual_time.run(story())


def test_whoever_waits_where_there_is_no_room_any_more_is_told_so() -> None:
    async def story() -> None:
        pool = make_pool(ROOM_FOR_ONE)
        pool.restore([OpenOperation("operation", "key-1")])
        waiting = asyncio.create_task(granted_at(pool))
        await settle()
        pool.set_room(0, key_id="key-1")
        with pytest.raises(NoUsableKey):
            await waiting

    virtual_time.run(story())


def test_a_request_that_is_over_counts_once_in_a_limit_that_is_new() -> None:
    async def story() -> list[tuple[str, float]]:
        pool = make_pool(ONE_A_MINUTE)
        await granted_at(pool)  # nobody said when it was sent
        pool.set_limits(Limits(account=Allowance(rates=(Limit(2, period=3600.0),))))
        return [await granted_at(pool), await granted_at(pool)]

    assert virtual_time.run(story()) == [("key-1", 0.0), ("key-1", 3600.25)]


def test_an_account_may_have_limits_of_its_own() -> None:
    async def story() -> dict[str, int | None]:
        pool = make_pool(Limits(), "a", "b")
        pool.set_limits(ROOM_FOR_ONE, {"b": Limits(account=Allowance(room=7))})
        return {key.account: key.limits.account.room for key in pool.view().keys}

    assert virtual_time.run(story()) == {"a": 1, "b": 7}


# Any order


def _decide(pool: KeyPool, dice: random.Random, number: int) -> None:
    """What an operator may do, at random; one key stays."""
    staying = [key.id for key in pool.view().keys if key.health is not KeyHealth.RETIRED]
    name = dice.choice(staying)
    act = dice.choice([pool.pause, pool.resume, pool.retire, None])
    if act is None:
        pool.add(ApiKey(f"new-{number}", dice.choice("abc"), "fake-secret"))
    elif act != pool.retire or len(staying) > 1:
        act(name)


@pytest.mark.parametrize("seed", range(12))
def test_whatever_comes_and_goes_no_room_is_exceeded_or_lost(seed: int) -> None:
    """Keys come, are paused, resumed and retired at random beneath a crowd that opens and closes operations."""

    async def story() -> tuple[int, int, int]:
        dice = random.Random(seed)
        pool = make_pool(Limits(account=Allowance(room=2)), "a", "b")
        open_by_account: dict[str, int] = {}
        served = exceeded = 0

        async def one(number: int) -> None:
            nonlocal served, exceeded
            await asyncio.sleep(dice.uniform(0.0, 60.0))
            lease: Lease
            async with pool.lease(user=f"user-{number % 5}") as lease:
                account = lease.key.account
                open_by_account[account] = open_by_account.get(account, 0) + 1
                exceeded = max(exceeded, open_by_account[account])
                await asyncio.sleep(dice.uniform(0.0, 1.0))
                lease.hold(f"operation-{number}")
            await asyncio.sleep(dice.uniform(0.0, 4.0))
            open_by_account[account] -= 1
            pool.release(f"operation-{number}")
            served += 1

        async def operator() -> None:
            for number in range(40):
                await asyncio.sleep(dice.uniform(0.0, 3.0))
                _decide(pool, dice, number)
            for name in ids(pool):
                pool.resume(name)
            pool.add(ApiKey("last", "d", "fake-secret"))

        async with asyncio.TaskGroup() as group:
            group.create_task(operator())
            for number in range(60):
                group.create_task(one(number))
        return served, exceeded, sum(key.open for key in pool.view().keys)

    served, exceeded, left = virtual_time.run(story())

    assert (served, left) == (60, 0)
    assert exceeded <= 2
