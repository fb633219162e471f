"""What a waiter is told: a place, a time, a reason; and whether it came true."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pytest

from ratelimit import (
    Allowance,
    Cost,
    Exhausted,
    KeyPool,
    Limit,
    Limits,
    OpenOperation,
    Outlook,
    Priority,
    Throttled,
)
from ratelimit.outlook import Durations
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
    assert (outlook.soonest, outlook.latest) == (began_at + 50, began_at + 108)  # of five: a sixth less, a fifth more


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


def test_who_only_waits_for_others_is_told_of_them_alone() -> None:
    async def story() -> Outlook | None:
        pool = make_pool(Limits(account=Allowance(rates=(Limit(None, tokens=100),))), "a")
        async with pool.lease(user="early", priority=Priority.HIGH, cost=Cost(tokens=60)):
            pass
        waiting = [
            asyncio.create_task(wait_as(pool, name, cost=Cost(tokens=tokens)))
            for name, tokens in (("large", 80), ("small", 30))  # there is enough for the small one now
        ]
        await asyncio.sleep(1)
        outlook = pool.outlook("small")
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        return outlook

    outlook = virtual_time.run(story())
    assert outlook is not None
    assert outlook.reason == "1 ahead of you"


def test_where_all_room_is_taken_it_is_told_when_some_is_free() -> None:
    async def story() -> Outlook | None:
        pool = make_pool(ROOM_FOR_TWO, "a")
        for _ in range(9):
            async with pool.lease(user="early", priority=Priority.HIGH, model="gen"):
                await asyncio.sleep(40)
        async with pool.lease(user="ana", priority=Priority.HIGH, model="gen") as lease:
            lease.hold("late-1")
        async with pool.lease(user="ana", priority=Priority.HIGH, model="gen") as lease:
            lease.hold("late-2")
        return await look(pool, "ben", "cem", asked="cem", model="gen")

    outlook = virtual_time.run(story())
    assert outlook is not None
    assert outlook.reason == "1 ahead of you; every place at the service is taken; one is free in 45 s or so"


def test_nothing_is_known_of_who_does_not_wait() -> None:
    async def story() -> Outlook | None:
        pool = make_pool(TWO_A_MINUTE, "a")
        return await look(pool, "ana", asked="ben")

    assert virtual_time.run(story()) is None


@dataclass(frozen=True)
class Crowd:
    """Who waits for what, in a story that is told by many dice; and how many may begin outside what they were told."""

    priorities: Sequence[Priority] = (Priority.MEDIUM,)
    models: Sequence[str | None] = (None,)
    costs: Sequence[int] = (1,)
    room: int | None = None
    works: tuple[float, float] = (0.5, 0.5)
    comes_within: float = 0.0
    are_named: bool = False
    urgent_every: float | None = None
    size: int = 40
    within: float = 0.9


CROWDS = {
    "alike": Crowd(within=1.0),
    "models": Crowd(models=("big", "small", "old"), within=1.0),
    "accounts": Crowd(are_named=True),
    "costs": Crowd(costs=(1, 1, 2, 4)),
    "classes": Crowd(priorities=tuple(Priority), within=0.85),
    "newcomers": Crowd(comes_within=300.0, size=90),
    "films": Crowd(priorities=(Priority.GENERATION,), models=("gen",), room=2, works=(40.0, 120.0)),
    "films of two models": Crowd(
        priorities=(Priority.GENERATION,), models=("gen", "gem"), room=2, works=(40.0, 120.0), within=0.8
    ),
    "flood": Crowd(priorities=(Priority.LOW,), size=90),
    "flood with chat": Crowd(priorities=(Priority.LOW,), urgent_every=20.0, within=0.8),
}


async def tell(crowd: Crowd, seed: int) -> list[bool]:
    """Whether each began when it was told that it would; those of whom nothing could be told do not count."""
    dice = random.Random(seed)
    accounts = "abc"[: dice.choice([1, 2, 3])]
    limits = Limits(account=Allowance(rates=(Limit(dice.choice([5, 10, 15])),)), each_model=Allowance(room=crowd.room))
    pool = make_pool(limits, *accounts, dice=random.Random(seed))
    began: dict[str, float] = {}
    told: list[tuple[str, Outlook]] = []

    async def one(name: str) -> None:
        await asyncio.sleep(dice.uniform(0.0, crowd.comes_within))
        async with pool.lease(
            user=f"user-{dice.randrange(6)}",
            priority=dice.choice(crowd.priorities),
            cost=Cost(dice.choice(crowd.costs)),
            model=dice.choice(crowd.models),
            account=dice.choice(accounts) if crowd.are_named and dice.random() < 0.4 else None,
            name=name,
        ) as lease:
            began[name] = unix_now()
            lease.sent()
            await asyncio.sleep(dice.uniform(*crowd.works))

    async def chat() -> None:
        while crowd.urgent_every is not None:
            await asyncio.sleep(dice.expovariate(1 / crowd.urgent_every))
            group.create_task(wait_as(pool, "chat"))

    async def ask() -> None:
        while True:
            await asyncio.sleep(dice.uniform(5.0, 20.0))
            for lease in list(pool._line.queue.in_order(virtual_time.now())):
                if lease.name not in names or dice.random() < 0.8:
                    continue
                outlook = pool.outlook(lease.name)
                assert outlook is not None
                told.append((lease.name, outlook))

    names = [f"shot-{number}" for number in range(crowd.size)]
    async with asyncio.TaskGroup() as group:
        others = [group.create_task(chat()), group.create_task(ask())]
        await asyncio.sleep(130.0 if crowd.urgent_every is not None else 0.0)
        await asyncio.gather(*(one(name) for name in names))
        for task in others:
            task.cancel()
    return [
        outlook.soonest - 0.1 <= began[name] <= (outlook.latest or math.inf) + 0.1
        for name, outlook in told
        if outlook.soonest is not None
    ]


@pytest.mark.parametrize("crowd", CROWDS.values(), ids=CROWDS)
def test_nearly_all_begin_between_the_two_times_they_were_told(crowd: Crowd) -> None:
    came_true = [each for seed in range(6) for each in virtual_time.run(tell(crowd, seed))]
    assert sum(came_true) >= crowd.within * len(came_true) > 100


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


# What is known of durations


def test_the_fewer_ended_the_less_is_believed_of_how_long_they_take() -> None:
    durations = Durations()
    assert (durations.quick("m"), durations.slow("m", [9.0])) == (None, None)
    durations.add("m", 4.0)
    assert (durations.quick("m"), durations.slow("m", [])) == (2.0, 8.0)
    for seconds in (1.0, 3.0, 2.0):
        durations.add("m", seconds)
    assert [durations.quick("m"), durations.slow("m", [])] == pytest.approx([1.6, 5.0])


def test_what_goes_on_for_longer_than_what_ended_is_known_to_be_slow() -> None:
    durations = Durations()
    durations.add("m", 4.0)
    assert durations.slow("m", [3.0, 9.0]) == 18.0
