"""What a shot that is not being made yet waits for, from the pool's own words."""

from __future__ import annotations

import asyncio

import pytest

from bot.production.model import TakeState
from bot.studio.casting import cast
from bot.studio.model import ShotStart
from bot.ui.waits import why_waiting
from ratelimit import (
    Allowance,
    ApiKey,
    Exhausted,
    KeyPool,
    Limit,
    Limits,
    OpenOperation,
    Outlook,
    Rejected,
    Scope,
    Throttled,
)
from tests.bot.studio.samples import CATALOGUE, plan, shot
from tests.bot.ui.test_cards import take

NOW = 1_000_000.0
SPREAD = "orders are spread out, so that questions get through"
KEYS = [ApiKey("a", "a", "fake-1"), ApiKey("b", "b", "fake-2")]


def pool(*, room: int | None = None) -> KeyPool:
    limits = Limits(account=Allowance(rates=(Limit(10),), room=room))
    return KeyPool("runway", KEYS, limits=limits, judge=lambda *_: None, clock=lambda: 5.0, wall_clock=lambda: NOW)


def waits(
    keys: KeyPool, *states: TakeState, starts: ShotStart = ShotStart.TEXT, outlook: Outlook | None = None
) -> dict[int, str]:
    states = states or (TakeState.WAITING,)
    made_of = plan(*(shot(str(n), start=starts if n > 1 else ShotStart.TEXT) for n in range(1, len(states) + 1)))
    takes = [take(number, state) for number, state in enumerate(states, 1)]
    outlooks = {} if outlook is None else {1: outlook}
    return why_waiting(takes, cast(made_of, CATALOGUE), {"runway": keys.view()}, outlooks, NOW)


def in_line(*, ahead: int = 0, soonest: float | None, latest: float | None) -> Outlook:
    """`soonest` and `latest` in seconds from now."""
    return Outlook(
        position=ahead + 1,
        ahead=ahead,
        soonest=None if soonest is None else NOW + soonest,
        latest=None if latest is None else NOW + latest,
        reason="account the-operators-secret frees a slot in 40 s",
    )


def test_with_a_free_key_nothing_is_waited_for() -> None:
    assert waits(pool(room=2)) == {}


def test_a_shot_that_continues_another_waits_for_that() -> None:
    three = [TakeState.RENDERING, TakeState.WAITING, TakeState.WAITING]
    assert waits(pool(), *three, starts=ShotStart.PREVIOUS) == {2: "waiting for shot 1", 3: "waiting for shot 2"}
    assert waits(pool(), TakeState.MADE, TakeState.WAITING, starts=ShotStart.PREVIOUS) == {}


@pytest.mark.parametrize("scope", [Scope.ACCOUNT, Scope.MODEL])
def test_when_every_key_rests_it_is_told_when_the_first_goes_on(scope: Scope) -> None:
    keys = pool()
    keys.report(Throttled(NOW + 90.0, scope), key_id="a", model="gen4.5")
    assert waits(keys) == {}
    keys.report(Exhausted(NOW + 3600.0, scope), key_id="b", model="gen4.5")

    assert waits(keys) == {1: f"waiting: the service is at its limit; it goes on <t:{int(NOW) + 90}:R>"}


def test_the_rest_of_another_model_is_not_told() -> None:
    keys = pool()
    for key in KEYS:
        keys.report(Throttled(NOW + 90.0, Scope.MODEL), key_id=key.id, model="gen4_turbo")

    assert waits(keys) == {}


def test_full_rooms_are_told_for_the_keys_that_are_awake() -> None:
    keys = pool(room=1)
    keys.restore([OpenOperation(id="o", key_id="a", model="gen4.5")])
    assert waits(keys) == {}
    keys.report(Throttled(NOW + 90.0, Scope.ACCOUNT), key_id="b")

    assert waits(keys) == {1: "waiting for a free place at the service"}


def test_a_model_that_is_used_up_for_good_is_not_waited_for() -> None:
    keys = pool()
    for key in KEYS:
        keys.report(Exhausted(None, Scope.MODEL), key_id=key.id, model="gen4.5")

    assert waits(keys) == {}


async def test_somebody_waiting_tells_of_a_limit_that_no_room_shows() -> None:
    keys = KeyPool(
        "runway", KEYS[:1], limits=Limits(each_model=Allowance(room=1)), judge=lambda *_: None, wall_clock=lambda: NOW
    )
    keys.restore([OpenOperation(id="o", key_id="a", model="gen4.5")])

    async def wait() -> None:
        async with keys.lease(user="mia", model="gen4.5"):
            pass

    async with asyncio.TaskGroup() as group:
        group.create_task(wait())
        await asyncio.sleep(0)
        assert waits(keys) == {1: "waiting for a free place at the service"}
        keys.release("o")


def test_a_key_that_is_out_for_good_counts_for_nothing() -> None:
    keys = pool()
    keys.report(Rejected(), key_id="a")
    keys.report(Throttled(NOW + 9.0, Scope.ACCOUNT), key_id="b")
    assert 1 in waits(keys)
    keys.report(Rejected(), key_id="b")

    assert waits(keys) == {}


# In the pool's line


@pytest.mark.parametrize(
    ("outlook", "said"),
    [
        (
            in_line(ahead=2, soonest=40, latest=300),
            f"2 ahead of it; {SPREAD} · starts <t:1000050:R>, perhaps only <t:1000320:R>",
        ),
        (
            in_line(soonest=40, latest=41),
            f"next; {SPREAD} · starts <t:1000050:R>",
        ),
        (in_line(soonest=0, latest=41), "next · starts any moment, perhaps only <t:1000050:R>"),
        (in_line(ahead=1, soonest=0, latest=0), "1 ahead of it · starts any moment"),
        (
            in_line(ahead=1, soonest=7200, latest=None),
            f"1 ahead of it; {SPREAD} · starts <t:1007400:R> at the earliest",
        ),
        (in_line(ahead=9, soonest=None, latest=None), "9 ahead of it · nobody can tell yet when it starts"),
    ],
)
def test_who_stands_in_line_reads_their_place_and_an_honest_range(outlook: Outlook, said: str) -> None:
    assert waits(pool(), outlook=outlook) == {1: f"waiting: {said}"}


def test_who_is_about_to_go_waits_for_nothing() -> None:
    assert waits(pool(), outlook=in_line(soonest=0, latest=1)) == {}


def test_the_reason_is_told_beside_the_place_and_names_no_account() -> None:
    resting, full = pool(), pool(room=1)
    for key in KEYS:
        resting.report(Throttled(NOW + 90.0), key_id=key.id)
    full.restore([OpenOperation(id=key.id, key_id=key.id, model="gen4.5") for key in KEYS])
    outlook = in_line(ahead=2, soonest=90, latest=90)

    assert waits(resting, outlook=outlook) == {
        1: "waiting: 2 ahead of it; the service is at its limit · starts <t:1000095:R>"
    }
    assert waits(full, outlook=outlook) == {
        1: "waiting: 2 ahead of it; every place at the service is taken · starts <t:1000095:R>"
    }


async def test_a_minute_that_is_used_up_and_one_that_is_kept_for_others_are_reasons_too() -> None:
    spent = pool()
    for _ in range(2 * 10):
        async with spent.lease(user="mia", model="gen4.5"):
            pass

    outlook = in_line(soonest=40, latest=40)
    assert waits(spent, outlook=outlook) == {1: "waiting: next; the service is at its limit · starts <t:1000050:R>"}
    assert waits(pool(), outlook=outlook) == {1: f"waiting: next; {SPREAD} · starts <t:1000050:R>"}


def test_a_moment_that_moves_by_a_second_is_not_told_anew() -> None:
    told = {waits(pool(), outlook=in_line(soonest=40 + second, latest=None))[1] for second in range(10)}

    assert len(told) == 1
