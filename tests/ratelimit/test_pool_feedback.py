"""What the pool learns from answers, and how it repeats."""

from __future__ import annotations

import asyncio

import pytest

from ratelimit import (
    Allowance,
    ApiKey,
    BadRequest,
    Exhausted,
    KeyHealth,
    KeyPool,
    LeaseTimeout,
    Limit,
    Limits,
    NoUsableKey,
    Rejected,
    Scope,
    Throttled,
)
from tests import virtual_time
from tests.ratelimit.provider import (
    BAD_REQUEST,
    EPOCH,
    EXHAUSTED,
    REJECTED,
    THROTTLED,
    UNAVAILABLE,
    Refusal,
    make_pool,
    unix_now,
)

PLENTY = Limits(account=Allowance(rates=(Limit(1000, period=60),)))


class Service:
    """Answers, unless told how a key is refused; notes who called and when."""

    def __init__(self, **refusals: Exception) -> None:
        self.refusals = {name.replace("_", "-"): refusal for name, refusal in refusals.items()}
        self.calls: list[tuple[str, float]] = []

    async def ask(self, key: ApiKey) -> str:
        self.calls.append((key.id, virtual_time.now()))
        await asyncio.sleep(0.1)
        if key.id in self.refusals:
            raise self.refusals[key.id]
        return f"answered {key.id}"

    @property
    def callers(self) -> list[str]:
        return [key_id for key_id, _ in self.calls]


def health(pool: KeyPool) -> list[KeyHealth]:
    return [key.health for key in pool.view().keys]


async def fail(pool: KeyPool, failure: BaseException, **wish: str) -> None:
    with pytest.raises(type(failure)):
        async with pool.lease(user="ana", **wish):  # type: ignore[arg-type]  # passed on as given
            raise failure


def test_an_exception_that_leaves_the_block_is_judged() -> None:
    async def story() -> list[KeyHealth]:
        pool = make_pool(PLENTY)
        await fail(pool, THROTTLED)
        return health(pool)

    assert virtual_time.run(story()) == [KeyHealth.COOLING]


@pytest.mark.parametrize("failure", [BAD_REQUEST, UNAVAILABLE, RuntimeError("a bug of ours")], ids=str)
def test_what_is_not_the_fault_of_a_key_hurts_none(failure: Exception) -> None:
    async def story() -> list[KeyHealth]:
        pool = make_pool(PLENTY)
        await fail(pool, failure)
        return health(pool)

    assert virtual_time.run(story()) == [KeyHealth.HEALTHY]


def test_a_reported_outcome_counts_in_place_of_the_exception() -> None:
    async def story() -> list[KeyHealth]:
        pool = make_pool(PLENTY)

        async def report_and_raise() -> None:
            async with pool.lease(user="ana") as lease:
                lease.report(BadRequest())
                raise REJECTED

        with pytest.raises(Refusal):
            await report_and_raise()
        return health(pool)

    assert virtual_time.run(story()) == [KeyHealth.HEALTHY]


def test_a_throttled_account_rests_until_the_time_the_provider_names() -> None:
    async def story() -> float:
        pool = make_pool(PLENTY)
        await fail(pool, Refusal(Throttled(until=EPOCH + 12.5)))
        async with pool.lease(user="ana"):
            return virtual_time.now()

    assert virtual_time.run(story()) == 12.5


def test_a_throttled_account_rests_with_all_its_keys() -> None:
    async def story() -> list[KeyHealth]:
        pool = make_pool(PLENTY, "a", "a", "b")
        await fail(pool, THROTTLED, key_id="key-1")
        return health(pool)

    assert virtual_time.run(story()) == [KeyHealth.COOLING, KeyHealth.COOLING, KeyHealth.HEALTHY]


def test_a_throttled_model_leaves_the_account_to_the_others() -> None:
    async def ask(pool: KeyPool, model: str) -> float:
        async with pool.lease(user="ana", model=model):
            return virtual_time.now()

    async def story() -> list[float]:
        pool = make_pool(PLENTY)
        await fail(pool, Refusal(Throttled(scope=Scope.MODEL)), model="big")
        return list(await asyncio.gather(ask(pool, "big"), ask(pool, "small")))

    assert virtual_time.run(story()) == [30.0, 0.0]


def test_a_success_that_was_on_its_way_before_a_model_was_throttled_proves_nothing() -> None:
    async def story() -> int:
        pool = make_pool(PLENTY)
        async with pool.lease(user="ana", model="big"):
            await fail(pool, Refusal(Throttled(scope=Scope.MODEL)), model="big")
        return len(pool.view().keys[0].resting_models)

    assert virtual_time.run(story()) == 1


def test_a_provider_that_names_a_time_for_everybody_gets_it() -> None:
    async def story() -> float:
        pool = make_pool(PLENTY, "a", "b")
        await fail(pool, Refusal(Throttled(until=EPOCH + 9, scope=Scope.PROVIDER)))
        async with pool.lease(user="ana"):
            return virtual_time.now()

    assert virtual_time.run(story()) == 9.0


def test_after_the_cooldown_one_probe_goes_alone_and_its_success_lets_the_rest_through() -> None:
    async def story() -> list[float]:
        pool = make_pool(PLENTY)
        await fail(pool, THROTTLED)
        starts: list[float] = []

        async def ask() -> None:
            async with pool.lease(user="ana"):
                starts.append(virtual_time.now())
                await asyncio.sleep(2)

        await asyncio.gather(*(ask() for _ in range(4)))
        return starts

    assert virtual_time.run(story()) == [30.0, 32.0, 32.0, 32.0]


def test_a_recovering_key_is_probed_although_others_are_idle() -> None:
    async def story() -> str:
        pool = make_pool(PLENTY, "a", "b")
        await fail(pool, THROTTLED, key_id="key-1")
        await asyncio.sleep(30)
        async with pool.lease(user="ana") as lease:
            return lease.key.id

    assert virtual_time.run(story()) == "key-1"


def test_a_probe_refused_again_doubles_the_rest() -> None:
    async def story() -> float | None:
        pool = make_pool(PLENTY)
        await fail(pool, THROTTLED)
        await fail(pool, THROTTLED)
        return pool.view().keys[0].until

    assert virtual_time.run(story()) == EPOCH + 90


def test_when_the_last_key_is_rejected_all_who_wait_are_told_the_cause() -> None:
    async def ask(pool: KeyPool, user: str) -> None:
        async with pool.lease(user=user):
            await asyncio.sleep(1)
            raise REJECTED

    async def story() -> list[BaseException | None]:
        pool = make_pool(Limits(account=Allowance(room=1)))
        return await asyncio.gather(*(ask(pool, user) for user in ("ana", "ben", "cem")), return_exceptions=True)

    first, *others = virtual_time.run(story())
    assert first is REJECTED
    assert [(type(other), other and other.__cause__) for other in others] == [(NoUsableKey, REJECTED)] * 2


def test_a_rejected_key_comes_back_when_reinstated() -> None:
    async def story() -> list[KeyHealth]:
        pool = make_pool(PLENTY)
        await fail(pool, REJECTED)
        pool.reinstate("key-1")
        return health(pool)

    assert virtual_time.run(story()) == [KeyHealth.HEALTHY]


def test_a_poll_can_report_too() -> None:
    async def story() -> list[KeyHealth]:
        pool = make_pool(PLENTY, "a", "b")
        pool.report(REJECTED, key_id="key-2")
        return health(pool)

    assert virtual_time.run(story()) == [KeyHealth.HEALTHY, KeyHealth.OUT]


# call


@pytest.mark.parametrize("fault", [REJECTED, EXHAUSTED, THROTTLED], ids=str)
def test_a_keys_fault_is_answered_by_another_key_at_once(fault: Refusal) -> None:
    async def story() -> tuple[str, float]:
        service = Service(key_1=fault)
        answer = await make_pool(PLENTY, "a", "b").call(service.ask, user="ana")
        return answer, service.calls[-1][1]

    assert virtual_time.run(story()) == ("answered key-2", 0.1)


def test_a_bad_request_costs_exactly_one_call() -> None:
    async def story() -> list[str]:
        service = Service(key_1=BAD_REQUEST, key_2=BAD_REQUEST)
        with pytest.raises(Refusal):
            await make_pool(PLENTY, "a", "b").call(service.ask, user="ana")
        return service.callers

    assert len(virtual_time.run(story())) == 1


def test_a_bug_costs_exactly_one_call_and_is_raised_as_it_is() -> None:
    async def story() -> int:
        service = Service(key_1=ZeroDivisionError())
        with pytest.raises(ZeroDivisionError):
            await make_pool(PLENTY).call(service.ask, user="ana")
        return len(service.calls)

    assert virtual_time.run(story()) == 1


def test_an_unavailable_provider_is_tried_three_times_with_growing_pauses_and_then_raised() -> None:
    async def story() -> int:
        service = Service(key_1=UNAVAILABLE, key_2=UNAVAILABLE)
        pool = make_pool(PLENTY, "a", "b")
        with pytest.raises(Refusal):
            await pool.call(service.ask, user="ana")
        assert virtual_time.now() <= 3 * 0.1 + 1 + 2
        assert health(pool) == [KeyHealth.HEALTHY] * 2
        return len(service.calls)

    assert virtual_time.run(story()) == 3


def test_with_one_key_a_throttled_call_waits_and_succeeds() -> None:
    async def story() -> list[tuple[str, float]]:
        service = Service(key_1=Refusal(Throttled(until=EPOCH + 20)))
        asyncio.get_running_loop().call_later(15, service.refusals.clear)
        await make_pool(PLENTY).call(service.ask, user="ana")
        return [(key_id, round(at, 3)) for key_id, at in service.calls]

    assert virtual_time.run(story()) == [("key-1", 0.0), ("key-1", 20.0)]


def test_a_call_waits_no_longer_than_it_may_and_then_tells_why() -> None:
    async def story() -> tuple[BaseException | None, float]:
        service = Service(key_1=THROTTLED)
        with pytest.raises(LeaseTimeout) as caught:
            await make_pool(PLENTY).call(service.ask, user="ana", max_wait=10)
        return caught.value.__cause__, virtual_time.now()

    cause, at = virtual_time.run(story())
    assert (cause, round(at, 6)) == (THROTTLED, 10.0)


def test_when_every_key_is_rejected_the_call_fails_at_once_with_the_cause() -> None:
    async def story() -> tuple[BaseException | None, list[str]]:
        service = Service(key_1=REJECTED, key_2=REJECTED)
        with pytest.raises(NoUsableKey) as caught:
            await make_pool(PLENTY, "a", "b").call(service.ask, user="ana")
        return caught.value.__cause__, service.callers

    assert virtual_time.run(story()) == (REJECTED, ["key-1", "key-2"])


@pytest.mark.parametrize(
    "fault",
    [
        Refusal(Throttled()),
        Refusal(Throttled(scope=Scope.KEY)),
        Refusal(Exhausted(until=EPOCH + 30)),
        Refusal(Rejected()),
    ],
    ids=str,
)
def test_one_bad_key_of_three_fails_nobody(fault: Refusal) -> None:
    async def story() -> int:
        service = Service(key_1=fault)
        pool = make_pool(PLENTY, "a", "b", "c")
        asyncio.get_running_loop().call_later(30, service.refusals.clear)

        async def ask(number: int) -> str:
            await asyncio.sleep(number * 0.5)
            return await pool.call(service.ask, user=f"user-{number % 3}")

        answers = await asyncio.gather(*(ask(number) for number in range(100)))
        assert all(answer.startswith("answered") for answer in answers)
        return len(service.calls) - 100

    assert virtual_time.run(story()) <= 2


# Looking at it


def test_the_view_tells_everything_but_the_secret() -> None:
    async def story() -> None:
        pool = make_pool(Limits(account=Allowance(rates=(Limit(5, period=60),), room=3)), "a", "b")
        await fail(pool, THROTTLED, key_id="key-1")
        async with pool.lease(user="ana", model="big") as lease:
            lease.hold("operation-1")
        view = pool.view(unix_now())
        first, second = view.keys
        assert (first.health, first.until, first.why) == (KeyHealth.COOLING, EPOCH + 30, "throttled")
        assert (first.usage[0].requests, first.usage[0].limit.requests) == (1, 5)
        assert (second.open, second.room, dict(second.open_by_model)) == (1, 3, {"big": 1})
        assert repr(pool) == "<KeyPool studio: 1 of 2 keys healthy, 0 in flight, 1 operations open, 0 waiting>"
        assert "fake-secret" not in f"{view!r} {pool!r} {lease!r}"

    virtual_time.run(story())


def test_a_key_that_has_rested_is_shown_as_probing() -> None:
    async def story() -> list[KeyHealth]:
        pool = make_pool(PLENTY)
        await fail(pool, THROTTLED)
        await asyncio.sleep(30)
        return health(pool)

    assert virtual_time.run(story()) == [KeyHealth.PROBING]


def test_a_corrected_wall_clock_moves_no_window() -> None:
    async def story() -> float:
        jump = 0.0
        pool = make_pool(
            Limits(account=Allowance(rates=(Limit(1, period=60),))),
            wall_clock=lambda: EPOCH + virtual_time.now() + jump,
        )
        for _ in range(2):
            async with pool.lease(user="ana"):
                jump -= 3600
        return virtual_time.now()

    assert virtual_time.run(story()) == 60.25
