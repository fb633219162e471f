"""What a waiter is told: a place, a time, a reason; and whether it came true."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from itertools import islice

import pytest

from ratelimit import (
    Allowance,
    Cost,
    Exhausted,
    KeyPool,
    Limit,
    Limits,
    Meter,
    OpenOperation,
    Outlook,
    Priority,
    Throttled,
)
from ratelimit.outlook import Durations, openings
from tests import virtual_time
from tests.ratelimit.provider import EPOCH, Refusal, make_pool, unix_now

TWO_A_MINUTE = Limits(account=Allowance(rates=(Limit(2),)))
ROOM_FOR_TWO = Limits(each_model=Allowance(room=2))


async def wait_as(pool: KeyPool, name: str, *, model: str | None = None, cost: Cost = Cost()) -> None:  # noqa: B008
    async with pool.lease(user=name, priority=Priority.HIGH, model=model, cost=cost, name=name):
        pass


async def look(pool: KeyPool, *names: str, asked: str, model: str | None = None) -> Outlook | None:
    """Let these stand in line, ask about one of them, and send all home."""
    waiting = [asyncio.create_task(wait_as(pool, name, model=model)) for name in names]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    outlook = pool.outlook(asked)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    return outlook


async def spend(pool: KeyPool, *moments: float) -> None:
    for moment in moments:
        await asyncio.sleep(moment - virtual_time.now())
        async with pool.lease(user="early", priority=Priority.HIGH):
            pass


def test_who_waits_for_a_window_is_told_when_a_slot_comes_free() -> None:
    async def story() -> Outlook | None:
        pool = make_pool(TWO_A_MINUTE, "studio-b")
        await spend(pool, 0.0, 20.0)
        return await look(pool, "ana", asked="ana")

    assert virtual_time.run(story()) == Outlook(
        position=1,
        ahead=0,
        soonest=EPOCH + 60.25,
        latest=EPOCH + 60.25,
        reason="account studio-b frees a slot in 41 s",
    )


def test_those_ahead_take_the_first_slots() -> None:
    async def story() -> Outlook | None:
        pool = make_pool(TWO_A_MINUTE, "studio-b")
        await spend(pool, 0.0, 20.0)
        return await look(pool, "ana", "ben", "cem", asked="cem")

    outlook = virtual_time.run(story())
    assert outlook is not None
    assert (outlook.position, outlook.ahead, outlook.soonest) == (3, 2, EPOCH + 120.5)
    assert outlook.reason == "2 ahead of you; account studio-b frees a slot in 41 s"


def test_of_two_accounts_the_one_that_is_free_first_is_named() -> None:
    async def story() -> Outlook | None:
        pool = make_pool(Limits(account=Allowance(rates=(Limit(1),))), "a", "b")
        await spend(pool, 0.0, 30.0)
        return await look(pool, "ana", "ben", asked="ben")

    outlook = virtual_time.run(story())
    assert outlook is not None
    assert outlook.soonest == EPOCH + 90.25
    assert outlook.reason == "1 ahead of you; account a frees a slot in 31 s"


def test_room_is_foretold_by_how_long_operations_took_lately() -> None:
    async def story() -> Outlook | None:
        pool = make_pool(ROOM_FOR_TWO, "a")
        for number, seconds in enumerate((50, 60, 70, 80, 90)):
            pool.restore([OpenOperation(f"early-{number}", "key-1", "gen")])
            await asyncio.sleep(seconds)
            pool.release(f"early-{number}")
        pool.restore([OpenOperation(f"late-{number}", "key-1", "gen") for number in range(2)])
        await asyncio.sleep(10)
        return await look(pool, "ana", asked="ana", model="gen")

    outlook = virtual_time.run(story())
    assert outlook is not None
    began_at = EPOCH + 350
    assert (outlook.soonest, outlook.latest) == (began_at + 60, began_at + 90)


def test_nobody_guesses_about_room_while_nothing_is_known() -> None:
    async def story() -> Outlook | None:
        pool = make_pool(ROOM_FOR_TWO, "a")
        pool.restore([OpenOperation(f"late-{number}", "key-1", "gen") for number in range(2)])
        return await look(pool, "ana", asked="ana", model="gen")

    outlook = virtual_time.run(story())
    assert outlook is not None
    assert (outlook.soonest, outlook.latest) == (None, None)
    assert outlook.reason == "every place at the service is taken; nobody knows yet for how long"


@pytest.mark.parametrize("verdict", [Throttled, Exhausted])
def test_while_every_key_rests_the_first_to_come_back_is_named(verdict: Callable[[float], Throttled]) -> None:
    async def story() -> Outlook | None:
        pool = make_pool(TWO_A_MINUTE, "a", "b")
        pool.report(Refusal(verdict(unix_now() + 300)), key_id="key-1")
        pool.report(Refusal(verdict(unix_now() + 200)), key_id="key-2")
        return await look(pool, "ana", asked="ana")

    outlook = virtual_time.run(story())
    assert outlook is not None
    assert outlook.soonest == EPOCH + 200
    assert outlook.reason == "every key rests; account b is asked again in 4 min"


def test_patient_work_is_told_that_it_leaves_room() -> None:
    async def story() -> Outlook | None:
        pool = make_pool(TWO_A_MINUTE, "a")
        async with pool.lease(user="chat", priority=Priority.HIGH):
            pass
        async with pool.lease(user="film"):
            pass
        (rhythm,) = pool._line.pacer._rhythms
        pool._line.pacer._rhythms[rhythm] = (90.0, 30.0)

        async def film() -> None:
            async with pool.lease(user="film", name="film"):
                pass

        task = asyncio.create_task(film())
        await asyncio.sleep(61)
        outlook = pool.outlook("film")
        task.cancel()
        return outlook

    outlook = virtual_time.run(story())
    assert outlook is not None
    assert outlook.reason == "room is left for urgent work; the next one goes in 29 s"


def test_nothing_is_known_of_who_does_not_wait() -> None:
    async def story() -> Outlook | None:
        pool = make_pool(TWO_A_MINUTE, "a")
        return await look(pool, "ana", asked="ben")

    assert virtual_time.run(story()) is None


def test_most_begin_between_the_two_times_they_were_told() -> None:
    """A day of films at a service with two places, whose operations take 40 to 100 s."""

    async def story() -> tuple[float, float]:
        dice = random.Random(5)
        pool = make_pool(ROOM_FOR_TWO, "a", "b")
        told: list[tuple[float | None, float | None, float]] = []

        async def film(number: int) -> None:
            await asyncio.sleep(number * 18)
            name = f"film-{number}"
            task = asyncio.create_task(clip(name))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            outlook = pool.outlook(name)
            began_at = await task
            if outlook is not None and number > 20:  # before, nothing is known of how long they take
                told.append((outlook.soonest, outlook.latest, began_at))

        async def clip(name: str) -> float:
            async with pool.lease(user=f"user-{dice.randrange(5)}", model="gen", name=name) as lease:
                began_at = unix_now()
                lease.hold(name)
            asyncio.get_running_loop().call_later(dice.uniform(40, 100), pool.release, name)
            return began_at

        await asyncio.gather(*(film(number) for number in range(400)))
        assert len(told) > 50
        known = [(soonest, latest, at) for soonest, latest, at in told if soonest is not None and latest is not None]
        not_before = sum(at >= soonest - 1 for soonest, _, at in known)
        by_then = sum(at <= latest + 1 for _, latest, at in known)
        return not_before / len(told), by_then / len(told)

    not_before, by_then = virtual_time.run(story())
    assert not_before >= 0.9
    assert by_then >= 0.8


# What an account could begin


def test_room_comes_free_as_operations_end_again_and_again() -> None:
    account = Meter(Limits(account=Allowance(room=3)), skew=0.25)
    for _ in range(2):
        account.enter(None)
    times = openings(account, Cost(), None, 1000.0, open_since=[950.0, 800.0], duration=100.0)
    assert list(islice(times, 6)) == [1000.0, 1000.0, 1050.0, 1100.0, 1100.0, 1150.0]


def test_of_operations_that_nobody_has_seen_end_none_is_expected_to() -> None:
    account = Meter(Limits(account=Allowance(room=3)), skew=0.25)
    account.enter(None)
    assert list(openings(account, Cost(), None, 1000.0, open_since=[950.0], duration=None)) == [1000.0, 1000.0]


def test_both_rates_and_room_must_be_there() -> None:
    account = Meter(Limits(account=Allowance(rates=(Limit(1, period=60),), room=1)), skew=0.25)
    account.insert(Cost(), None, 990.0, 1000.0)
    times = openings(account, Cost(), None, 1000.0, open_since=[], duration=100.0)
    assert list(islice(times, 3)) == [1050.25, 1110.5, 1200.0]


def test_durations_are_told_by_the_share_that_took_no_longer() -> None:
    durations = Durations()
    for seconds in (4.0, 1.0, 3.0, 2.0):
        durations.add("m", seconds)
    assert [durations.quantile("m", share) for share in (0.0, 0.25, 0.9, 1.0)] == [1.0, 2.0, 4.0, 4.0]
    assert durations.quantile("other", 0.5) is None
