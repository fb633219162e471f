"""What the pool learns from answers, and how it repeats."""

from __future__ import annotations

import asyncio
import math
from collections import Counter

import pytest

from ratelimit import (
    Allowance,
    BadRequest,
    Cost,
    KeyHealth,
    KeyPool,
    Limit,
    Limits,
    NoUsableKey,
    Priority,
    Rejected,
    Remaining,
    Scope,
    Throttled,
)
from tests import virtual_time
from tests.ratelimit.provider import (
    BAD_REQUEST,
    EPOCH,
    REJECTED,
    THROTTLED,
    UNAVAILABLE,
    Answer,
    LoadedDice,
    Refusal,
    Service,
    granted_at,
    health,
    make_pool,
    unix_now,
)

PLENTY = Limits(account=Allowance(rates=(Limit(1000, period=60),)))


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


def test_a_failure_that_tells_nothing_of_a_key_is_no_success_either() -> None:
    async def story() -> tuple[int, int]:
        pool = make_pool(PLENTY)
        await fail(pool, RuntimeError("a bug of ours"))
        (key,) = pool.view().keys
        return key.granted, key.served

    assert virtual_time.run(story()) == (1, 0)


def test_the_log_says_which_key_was_refused_and_how_and_no_secret(caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        pool = make_pool(PLENTY)
        for failure in (BAD_REQUEST, THROTTLED):
            await fail(pool, failure, model="m")

    with caplog.at_level("INFO"):
        virtual_time.run(story())

    (record,) = caplog.records
    facts = vars(record)
    assert (record.levelname, record.getMessage()) == ("WARNING", "key was refused")
    assert (facts["provider"], facts["key_id"], facts["model"]) == ("studio", "key-1", "m")
    assert facts["verdict"].startswith("Throttled")
    assert "fake-secret" not in str(facts)


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


def test_a_throttled_key_rests_alone() -> None:
    async def story() -> list[KeyHealth]:
        pool = make_pool(PLENTY, "a", "a", "b")
        await fail(pool, Refusal(Throttled(scope=Scope.KEY)), key_id="key-1")
        return health(pool)

    assert virtual_time.run(story()) == [KeyHealth.COOLING, KeyHealth.HEALTHY, KeyHealth.HEALTHY]


def test_a_throttled_model_leaves_the_account_to_the_others() -> None:
    async def ask(pool: KeyPool, model: str) -> float:
        async with pool.lease(user="ana", model=model):
            return virtual_time.now()

    async def story() -> list[float]:
        pool = make_pool(PLENTY)
        await fail(pool, Refusal(Throttled(scope=Scope.MODEL)), model="big")
        return list(await asyncio.gather(ask(pool, "big"), ask(pool, "small")))

    assert virtual_time.run(story()) == [30.0, 0.0]


def test_a_model_that_is_throttled_without_a_name_is_its_account() -> None:
    async def story() -> list[KeyHealth]:
        pool = make_pool(PLENTY, "a", "a", "b")
        await fail(pool, Refusal(Throttled(scope=Scope.MODEL)), key_id="key-1")
        return health(pool)

    assert virtual_time.run(story()) == [KeyHealth.COOLING, KeyHealth.COOLING, KeyHealth.HEALTHY]


def test_a_model_that_serves_again_brings_back_no_other() -> None:
    async def story() -> tuple[float, float]:
        pool = make_pool(PLENTY)
        for model, seconds in (("small", 5.0), ("big", 60.0)):
            await fail(pool, Refusal(Throttled(until=unix_now() + seconds, scope=Scope.MODEL)), model=model)
        return await answer(pool, None, model="small"), await answer(pool, None, model="big")

    assert virtual_time.run(story()) == (5.0, 60.0)


def test_a_key_that_served_before_is_well_after_its_probe() -> None:
    async def story() -> list[list[KeyHealth]]:
        pool = make_pool(PLENTY, "a", "b")
        await answer(pool, None, key_id="key-1")
        await fail(pool, THROTTLED, key_id="key-1")
        seen = [health(pool)]
        await answer(pool, None, key_id="key-1")
        return [*seen, health(pool)]

    assert virtual_time.run(story()) == [
        [KeyHealth.COOLING, KeyHealth.HEALTHY],
        [KeyHealth.HEALTHY, KeyHealth.HEALTHY],
    ]


def test_refusals_of_requests_in_flight_together_are_one() -> None:
    async def refuse(pool: KeyPool, seconds: float) -> None:
        async with pool.lease(user="ana") as lease:
            await asyncio.sleep(seconds)
            lease.report(Throttled(until=unix_now()))

    async def story() -> list[float | None]:
        pool = make_pool(PLENTY)
        await asyncio.gather(*(refuse(pool, seconds) for seconds in (1.0, 3.0, 5.0)))
        return [pool._roster.accounts["a"].health.refusals, pool.view().keys[0].until]

    assert virtual_time.run(story()) == [1, None]  # it rested for a second after the first, and may be probed since


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


@pytest.mark.parametrize("until", [1000 * EPOCH, math.inf, math.nan])
def test_a_time_that_nobody_could_mean_is_none(until: float) -> None:
    async def story() -> list[float]:
        pool = make_pool(PLENTY)
        await fail(pool, Refusal(Throttled(until=until)))
        starts = []
        for told in (Throttled(until=until), Remaining(period=60.0, requests=0, until=until)):
            async with pool.lease(user="ana", priority=Priority.HIGH):
                starts.append(virtual_time.now())
            pool.report(told, key_id="key-1")
        async with pool.lease(user="ana", priority=Priority.HIGH):
            return [*starts, virtual_time.now()]

    assert virtual_time.run(story())[-1] <= 30.0 + 60.0 + 60.25


def test_a_provider_that_rests_rests_for_keys_that_served_too() -> None:
    async def story() -> float:
        pool = make_pool(PLENTY, "a", "b")
        for key_id in ("key-1", "key-2"):
            await answer(pool, None, key_id=key_id)
        await fail(pool, Refusal(Throttled(until=unix_now() + 20, scope=Scope.PROVIDER)))
        return await answer(pool, None)

    assert virtual_time.run(story()) == 20.0


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


def test_the_end_of_an_earlier_probe_does_not_let_a_second_one_go_beside_a_later_one() -> None:
    async def ask(pool: KeyPool, arrives_at: float, ends_at: float, *, reports: bool) -> float:
        await asyncio.sleep(arrives_at - virtual_time.now())
        async with pool.lease(user="ana") as lease:
            start = virtual_time.now()
            if reports:
                lease.report(None)
            await asyncio.sleep(ends_at - virtual_time.now())
            return start

    async def story() -> list[float]:
        pool = make_pool(PLENTY)
        await fail(pool, THROTTLED)
        earlier = asyncio.create_task(ask(pool, 1, 75, reports=True))
        await asyncio.sleep(40)
        await fail(pool, THROTTLED)
        later, waiting = ask(pool, 41, 300, reports=False), ask(pool, 42, 400, reports=False)
        return list(await asyncio.gather(earlier, later, waiting))

    assert virtual_time.run(story()) == [30.0, 70.0, 80.0]  # nobody waits for a slow probe for longer than 10 s


def test_what_is_reported_begins_to_expire_although_the_block_goes_on() -> None:
    async def ask(pool: KeyPool, outcome: object) -> float:
        async with pool.lease(user="ana") as lease:
            lease.report(outcome)
            start = virtual_time.now()
            await asyncio.sleep(1000)
            return start

    async def story() -> list[float]:
        pool = make_pool(Limits(account=Allowance(rates=(Limit(1, period=60),))), "a")
        return list(await asyncio.gather(ask(pool, None), ask(pool, BadRequest()), ask(pool, Answer(None))))

    assert virtual_time.run(story()) == [0.0, 60.25, 120.5]


def test_a_recovering_key_is_probed_although_others_are_idle() -> None:
    async def story() -> str:
        pool = make_pool(PLENTY, "a", "b")
        await fail(pool, THROTTLED, key_id="key-1")
        await asyncio.sleep(30)
        async with pool.lease(user="ana") as lease:
            return lease.key.id

    assert virtual_time.run(story()) == "key-1"


@pytest.mark.parametrize(("falls", "until"), [(0.0, 60.0), (0.5, 75.0)])
def test_a_probe_refused_again_draws_a_rest_between_the_cooldown_and_its_double(falls: float, until: float) -> None:
    async def story() -> float | None:
        pool = make_pool(PLENTY, dice=LoadedDice(falls))
        await fail(pool, THROTTLED)
        await fail(pool, THROTTLED)
        return pool.view().keys[0].until

    assert virtual_time.run(story()) == EPOCH + until


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
    assert others[0] is not others[1]  # each task raises its own


def test_an_answer_that_ends_the_last_key_is_told_to_all_who_wait() -> None:
    async def story() -> list[BaseException | str]:
        pool = make_pool(Limits(account=Allowance(room=1)))

        async def ask(user: str) -> str:
            async with pool.lease(user=user) as lease:
                await asyncio.sleep(1)
                lease.report(Answer(Rejected()))
                return "heard"

        return list(await asyncio.gather(ask("ana"), ask("ben"), return_exceptions=True))

    first, second = virtual_time.run(story())
    assert first == "heard"
    assert (type(second), isinstance(second, NoUsableKey) and second.__cause__) == (NoUsableKey, None)


def test_a_rejected_key_comes_back_when_reinstated() -> None:
    async def story() -> list[KeyHealth]:
        pool = make_pool(PLENTY)
        await fail(pool, REJECTED)
        pool.reinstate("key-1")
        return health(pool)

    assert virtual_time.run(story()) == [KeyHealth.HEALTHY]


@pytest.mark.parametrize("accounts", ["a", "ab"], ids=["one account", "two accounts"])
def test_whoever_waits_goes_as_soon_as_a_key_is_reinstated(accounts: str) -> None:
    async def story() -> tuple[str, float]:
        pool = make_pool(PLENTY, *accounts)
        for number in range(len(accounts)):
            await fail(pool, THROTTLED, key_id=f"key-{number + 1}")
        waiting = asyncio.create_task(granted_at(pool))
        await asyncio.sleep(5)
        pool.reinstate("key-1")
        return await waiting

    assert virtual_time.run(story()) == ("key-1", 5.0)


def test_a_poll_can_report_too() -> None:
    async def story() -> list[KeyHealth]:
        pool = make_pool(PLENTY, "a", "b")
        pool.report(REJECTED, key_id="key-2")
        return health(pool)

    assert virtual_time.run(story()) == [KeyHealth.HEALTHY, KeyHealth.OUT]


def out_until(pool: KeyPool) -> list[float | None]:
    return [None if key.until is None else key.until - EPOCH for key in pool.view().keys]


@pytest.mark.parametrize(("has_served", "rest"), [(False, 90.0), (True, 30.0)])
def test_a_rejected_key_rests_for_a_cooldown_and_for_as_many_as_others_serve_if_it_never_did(
    has_served: bool, rest: float
) -> None:
    async def story() -> float | None:
        pool = make_pool(PLENTY, *"abcde")
        if has_served:
            async with pool.lease(user="ana", key_id="key-1"):
                pass
        await fail(pool, REJECTED, key_id="key-5")  # does not serve
        await fail(pool, REJECTED, key_id="key-1")
        return out_until(pool)[0]

    assert virtual_time.run(story()) == rest


def test_a_rejected_key_comes_back_by_itself_once_somebody_mended_it() -> None:
    async def story() -> tuple[list[float], list[KeyHealth]]:
        service = Service(key_1=REJECTED)
        pool = make_pool(PLENTY, "a", "b")
        asyncio.get_running_loop().call_later(70, service.refusals.clear)
        while virtual_time.now() < 200:
            await pool.call(service.ask, user="ana")
            await asyncio.sleep(1)
        return [at for key_id, at in service.calls if key_id == "key-1"][:3], health(pool)

    probes, healths = virtual_time.run(story())
    assert probes == pytest.approx([0, 30, 90], abs=3)  # out for 30 s, then for 60 s; then it serves
    assert healths == [KeyHealth.HEALTHY] * 2


def test_whoever_needs_a_rejected_key_is_told_at_once_until_it_may_be_probed() -> None:
    async def ask(pool: KeyPool) -> str:
        try:
            async with pool.lease(user="ana", key_id="key-1"):
                return "lent"
        except NoUsableKey as failure:
            return str(failure)

    async def story() -> list[str]:
        pool = make_pool(PLENTY, "a", "b")
        await fail(pool, REJECTED, key_id="key-1")
        told = []
        for moment in (1.0, 29.9, 30.1):
            await asyncio.sleep(moment - virtual_time.now())
            told.append(await ask(pool))
        return told

    out = "studio: every usable key is out, the last one rejected"
    assert virtual_time.run(story()) == [out, out, "lent"]


def test_while_a_rejected_key_is_probed_others_wait_for_what_the_probe_finds() -> None:
    async def ask(pool: KeyPool, service: Service) -> str:
        try:
            return await pool.call(service.ask, user="ana")
        except NoUsableKey:
            return "out"

    async def story() -> tuple[list[str], int]:
        service = Service(key_1=REJECTED)
        pool = make_pool(PLENTY)
        await ask(pool, service)
        await asyncio.sleep(30 + 10)
        return [*await asyncio.gather(*(ask(pool, service) for _ in range(5)))], len(service.calls)

    assert virtual_time.run(story()) == (["out"] * 5, 2)


# A key that never served


async def work(pool: KeyPool, seconds: float, **wish: str) -> tuple[str, float]:
    """Borrow for so long; what, and when."""
    async with pool.lease(user="ana", priority=Priority.HIGH, **wish) as lease:  # type: ignore[arg-type]  # as above
        start = virtual_time.now()
        await asyncio.sleep(seconds)
        return lease.key.id, start


def test_a_key_that_never_served_gets_one_request_until_it_answers() -> None:
    async def story() -> list[tuple[str, float]]:
        pool = make_pool(PLENTY, "a", "b")
        await work(pool, 0.0, key_id="key-1")
        return sorted([*await asyncio.gather(*(work(pool, 0.5, account="b") for _ in range(3)))])

    assert virtual_time.run(story()) == [("key-2", 0.0), ("key-2", 0.5), ("key-2", 0.5)]


def test_an_account_that_comes_back_is_probed_alone_with_a_new_key_too() -> None:
    async def ask(pool: KeyPool) -> float:
        async with pool.lease(user="ana", priority=Priority.HIGH):
            start = virtual_time.now()
            await asyncio.sleep(6.0)
            return start

    async def story() -> list[float]:
        pool = make_pool(PLENTY, "a", "a")
        pool.report(Throttled(until=EPOCH + 30.0), key_id="key-1")
        return sorted(await asyncio.gather(*(ask(pool) for _ in range(3))))

    assert virtual_time.run(story()) == [30.0, 36.0, 36.0]


def test_nobody_waits_for_longer_than_two_seconds_for_the_answer_to_a_first_request() -> None:
    async def story() -> list[tuple[str, float]]:
        pool = make_pool(PLENTY, "a", "b")
        return sorted([*await asyncio.gather(*(work(pool, 60.0, account="b") for _ in range(3)))])

    assert virtual_time.run(story()) == [("key-2", 0.0), ("key-2", 2.0), ("key-2", 4.0)]


def test_while_a_new_key_is_tried_the_others_do_the_work() -> None:
    async def story() -> Counter[str]:
        pool = make_pool(PLENTY, "a", "b")
        await work(pool, 0.0, key_id="key-1")
        lent = await asyncio.gather(*(work(pool, 1.0) for _ in range(20)))
        return Counter(key_id for key_id, at in lent if at == 0.0)

    assert virtual_time.run(story()) == {"key-1": 19, "key-2": 1}


def test_a_dead_key_costs_one_refusal_however_many_come_at_once() -> None:
    async def story() -> tuple[int, float]:
        service = Service(key_2=REJECTED)
        pool = make_pool(PLENTY, "a", "b", "c")
        await asyncio.gather(*(pool.call(service.ask, user=f"user-{number}") for number in range(100)))
        return service.callers.count("key-2"), virtual_time.now()

    refusals, seconds = virtual_time.run(story())
    assert (refusals, round(seconds, 3)) == (1, 0.2)


def test_the_only_key_is_believed_from_the_start() -> None:
    async def story() -> list[tuple[str, float]]:
        pool = make_pool(PLENTY)
        return [*await asyncio.gather(*(work(pool, 60.0) for _ in range(3)))]

    assert virtual_time.run(story()) == [("key-1", 0.0)] * 3


# An unavailable service


def test_while_others_serve_a_key_whose_service_fails_rests_for_a_second_then_for_two() -> None:
    async def story() -> list[list[float | None]]:
        pool = make_pool(PLENTY, "a", "b")
        seen = []
        for _ in range(3):
            await fail(pool, UNAVAILABLE, key_id="key-1")
            seen.append(out_until(pool))
        return seen

    assert virtual_time.run(story()) == [[1.0, None], [3.0, None], [7.0, None]]


def test_the_last_key_that_serves_never_rests_and_brings_back_those_that_failed_before_it() -> None:
    async def story() -> list[list[KeyHealth]]:
        pool = make_pool(PLENTY, "a", "b", "c")
        seen = []
        for key_id in ("key-1", "key-2", "key-3"):
            await fail(pool, UNAVAILABLE, key_id=key_id)
            seen.append(health(pool))
        return seen

    cooling, healthy = KeyHealth.COOLING, KeyHealth.HEALTHY
    assert virtual_time.run(story()) == [[cooling, healthy, healthy], [cooling, cooling, healthy], [healthy] * 3]


def test_whoever_waits_goes_at_once_with_a_key_that_is_brought_back() -> None:
    async def story() -> tuple[str, float]:
        pool = make_pool(Limits(account=Allowance(rates=(Limit(2, period=60),))), "a", "b")
        await fail(pool, UNAVAILABLE, key_id="key-2")
        for _ in range(2):
            await answer(pool, None, key_id="key-1")
        waiting = asyncio.create_task(granted_at(pool))
        await asyncio.sleep(0.5)
        pool.report(UNAVAILABLE, key_id="key-1")
        return await waiting

    assert virtual_time.run(story()) == ("key-2", 0.5)


def test_the_last_key_brings_back_nobody_who_rests_for_another_reason() -> None:
    async def story() -> list[str]:
        pool = make_pool(PLENTY, "a", "b", "c")
        for key_id, failure in (("key-1", REJECTED), ("key-2", THROTTLED), ("key-3", UNAVAILABLE)):
            await fail(pool, failure, key_id=key_id)
        return [key.why for key in pool.view().keys]

    assert virtual_time.run(story()) == ["rejected", "throttled", ""]


# Answers that say what is left


def remaining(requests: int | None, *, tokens: int | None = None, seconds: float = 60.0) -> Answer:
    return Answer(Remaining(period=60.0, requests=requests, tokens=tokens, until=unix_now() + seconds))


async def answer(pool: KeyPool, outcome: object, **wish: object) -> float:
    """Borrow, report, give back; when."""
    async with pool.lease(user="ana", **wish) as lease:  # type: ignore[arg-type]  # passed on as given
        lease.report(outcome)
        return virtual_time.now()


def test_what_others_spent_of_the_same_quota_fills_the_window_until_it_is_whole_again() -> None:
    async def story() -> list[float]:
        pool = make_pool(Limits(account=Allowance(rates=(Limit(10, period=60),))))
        await answer(pool, remaining(1, seconds=20))
        return [await answer(pool, None) for _ in range(2)]

    assert virtual_time.run(story()) == [0.0, 20.0]


def test_an_answer_that_says_what_is_left_counts_as_served() -> None:
    async def story() -> tuple[int, int, list[KeyHealth]]:
        pool = make_pool(Limits(account=Allowance(rates=(Limit(10, period=60),))))
        await fail(pool, THROTTLED)
        await answer(pool, remaining(5))
        (key,) = pool.view().keys
        return key.served, key.refused, health(pool)

    assert virtual_time.run(story()) == (1, 1, [KeyHealth.HEALTHY])


def test_an_answer_that_tells_nothing_counts_as_served() -> None:
    async def story() -> tuple[int, list[KeyHealth]]:
        pool = make_pool(PLENTY)
        await fail(pool, THROTTLED)
        await answer(pool, Answer(None))
        return pool.view().keys[0].served, health(pool)

    assert virtual_time.run(story()) == (1, [KeyHealth.HEALTHY])


def test_an_answer_can_be_a_refusal_too() -> None:
    async def story() -> tuple[int, list[KeyHealth]]:
        pool = make_pool(PLENTY)
        await answer(pool, Answer(Throttled()))
        return pool.view().keys[0].served, health(pool)

    assert virtual_time.run(story()) == (0, [KeyHealth.COOLING])


@pytest.mark.parametrize(
    ("limits", "left", "model", "resting"),
    [
        (Limits(), {"requests": 0}, "m", True),
        (Limits(), {"requests": 9, "tokens": 0}, "m", True),
        (Limits(), {"requests": 1, "tokens": 1}, "m", False),
        (Limits(), {"requests": 0}, None, False),
        (Limits(each_model=Allowance(rates=(Limit(10),))), {"requests": 0}, "m", False),
    ],
    ids=["no requests", "no tokens", "some of both", "no model", "a limit that we count"],
)
def test_a_model_rests_that_is_used_up_by_a_limit_that_we_do_not_count(
    limits: Limits, left: dict[str, int], model: str | None, resting: bool
) -> None:
    async def story() -> tuple[list[str], float]:
        pool = make_pool(limits)
        await answer(pool, Answer(Remaining(period=60.0, until=unix_now() + 20.0, **left)), model=model)
        (key,) = pool.view().keys
        return list(key.resting_models), await answer(pool, None, model=model)

    is_full = bool(limits.each_model.rates)
    assert virtual_time.run(story()) == (["m"] if resting else [], 20.0 if resting or is_full else 0.0)


def test_what_a_poll_learns_of_the_quota_fills_the_window_too() -> None:
    async def story() -> float:
        pool = make_pool(Limits(account=Allowance(rates=(Limit(10, period=60),))))
        pool.report(remaining(0, seconds=15), key_id="key-1")
        return await answer(pool, None)

    assert virtual_time.run(story()) == 15.0


def test_what_a_poll_learned_of_a_key_counts_in_the_next_choice() -> None:
    async def story() -> list[str]:
        pool = make_pool(Limits(account=Allowance(rates=(Limit(10, period=60),))), "a", "b")
        for key_id in ("key-1", "key-2"):
            await work(pool, 0.0, key_id=key_id)
        before = await work(pool, 0.0)
        pool.report(remaining(2), key_id="key-2")
        return [before[0], (await work(pool, 0.0))[0]]

    assert virtual_time.run(story()) == ["key-1", "key-1"]


@pytest.mark.parametrize(("tokens", "second"), [(40, 0.0), (60, 60.25)])
def test_the_tokens_taken_in_truth_decide_whether_the_next_may_go(tokens: int, second: float) -> None:
    async def story() -> float:
        pool = make_pool(Limits(account=Allowance(rates=(Limit(None, tokens=100, period=60),))))
        async with pool.lease(user="ana", cost=Cost(tokens=50)) as lease:
            lease.sent()
            lease.spent(tokens)
        return await answer(pool, None, cost=Cost(tokens=60))

    assert virtual_time.run(story()) == second


def test_tokens_that_were_not_needed_let_somebody_go_who_waits() -> None:
    async def story() -> float:
        pool = make_pool(Limits(account=Allowance(rates=(Limit(None, tokens=100, period=60),))))

        async def generate() -> None:
            async with pool.lease(user="ana", cost=Cost(tokens=100)) as lease:
                lease.sent()
                await asyncio.sleep(5)
                lease.spent(20)
                await asyncio.sleep(5)

        generating = asyncio.create_task(generate())
        await asyncio.sleep(1)
        at = await answer(pool, None, cost=Cost(tokens=80))
        await generating
        return at

    assert virtual_time.run(story()) == 5.0


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
        assert (second.open, second.has_room("big"), dict(second.open_by_model)) == (1, True, {"big": 1})
        assert repr(pool) == "<KeyPool studio: 1 of 2 keys healthy, 0 in flight, 1 operations open, 0 waiting>"
        assert "fake-secret" not in f"{view!r} {pool!r} {lease!r}"

    virtual_time.run(story())


def test_times_in_a_view_are_on_the_clock_that_was_asked_for() -> None:
    async def story() -> float | None:
        pool = make_pool(PLENTY)
        await fail(pool, THROTTLED)
        return pool.view(5000.0).keys[0].until

    assert virtual_time.run(story()) == 5030.0


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
