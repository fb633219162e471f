from __future__ import annotations

import asyncio
import math

import pytest

from ratelimit import Allowance, Exhausted, KeyHealth, KeyView, Limits, OpenOperation, Rejected, Scope, Throttled
from tests import virtual_time
from tests.ratelimit.provider import BAD_REQUEST, EPOCH, THROTTLED, Refusal, make_pool


def view(limits: Limits, *operations: OpenOperation) -> KeyView:
    """Of the only key of a pool, while these go on."""

    async def story() -> KeyView:
        pool = make_pool(limits)
        pool.restore(operations)
        return pool.view().keys[0]

    return virtual_time.run(story())


@pytest.mark.parametrize(
    ("limits", "big", "small"),
    [
        (Limits(), True, True),
        (Limits(account=Allowance(room=2)), True, True),
        (Limits(account=Allowance(room=1)), False, False),
        (Limits(each_model=Allowance(room=1)), False, True),
        (Limits(each_model=Allowance(room=1), models={"big": Allowance(room=2)}), True, True),
    ],
    ids=["none", "of the account", "of the account, full", "of each model", "of this model"],
)
def test_room_is_there_where_every_room_has_some(limits: Limits, big: bool, small: bool) -> None:
    seen = view(limits, OpenOperation("operation-1", "key-1", "big"))
    assert (seen.has_room("big"), seen.has_room("small")) == (big, small)


def test_the_error_rate_is_the_share_of_what_was_lent_that_speaks_against_the_key() -> None:
    async def story() -> float:
        pool = make_pool(Limits())
        for outcome in (None, BAD_REQUEST, None, THROTTLED):
            try:
                async with pool.lease(user="ana"):
                    if outcome is not None:
                        raise outcome
            except Refusal:
                await asyncio.sleep(1)
        return pool.view().keys[0].error_rate

    assert virtual_time.run(story()) == 0.25


def test_models_rest_until_their_time_and_no_longer() -> None:
    async def story() -> list[dict[str, float]]:
        pool = make_pool(Limits())
        pool.report(Throttled(until=EPOCH + 20, scope=Scope.MODEL), key_id="key-1", model="big")
        seen = [dict(pool.view().keys[0].resting_models)]
        await asyncio.sleep(20)
        return [*seen, dict(pool.view().keys[0].resting_models)]

    assert virtual_time.run(story()) == [{"big": EPOCH + 20}, {}]


def test_a_key_is_shown_by_the_worst_it_depends_on() -> None:
    async def story() -> tuple[KeyHealth, str, dict[str, float]]:
        pool = make_pool(Limits())
        pool.report(Throttled(until=EPOCH + 500), key_id="key-1")
        pool.report(Rejected(), key_id="key-1")
        pool.report(Exhausted(scope=Scope.MODEL), key_id="key-1", model="big")
        (key,) = pool.view().keys
        return key.health, key.why, dict(key.resting_models)

    assert virtual_time.run(story()) == (KeyHealth.OUT, "rejected", {"big": math.inf})


def test_a_key_that_was_never_lent_has_no_errors() -> None:
    assert view(Limits()).error_rate == 0.0
