"""How a call is repeated: by another key where it was the key's fault, later where it was time's, else not at all."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from ratelimit import (
    Allowance,
    Cost,
    Exhausted,
    KeyHealth,
    KeyPool,
    Lease,
    LeaseTimeout,
    Limit,
    Limits,
    NoUsableKey,
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
    LoadedDice,
    Refusal,
    Service,
    health,
    make_pool,
)

PLENTY = Limits(account=Allowance(rates=(Limit(1000, period=60),)))


async def warm_up(pool: KeyPool, key_id: str) -> None:
    async with pool.lease(user="ana", key_id=key_id):
        pass


@pytest.mark.parametrize("fault", [REJECTED, EXHAUSTED, THROTTLED, UNAVAILABLE], ids=str)
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


@pytest.mark.parametrize("max_retries", [0, 1, 3])
@pytest.mark.parametrize("accounts", [("a",), ("a", "b"), ("a", "b", "c")], ids=len)
def test_where_every_key_is_unavailable_a_call_is_repeated_as_often_as_it_may_and_then_raised(
    accounts: tuple[str, ...], max_retries: int
) -> None:
    async def story() -> tuple[int, bool]:
        service = Service(key_1=UNAVAILABLE, key_2=UNAVAILABLE, key_3=UNAVAILABLE)
        pool = make_pool(PLENTY, *accounts, max_retries=max_retries)
        with pytest.raises(Refusal) as caught:
            await pool.call(service.ask, user="ana")
        return len(service.calls), caught.value is UNAVAILABLE

    assert virtual_time.run(story()) == (1 + max_retries, True)


@pytest.mark.parametrize(("falls", "pauses"), [(0.0, [0.1, 0.1, 0.1]), (0.5, [0.6, 1.1, 2.1])])
def test_the_only_key_is_asked_again_after_pauses_drawn_up_to_the_double_of_the_last(
    falls: float, pauses: list[float]
) -> None:
    async def story() -> list[float]:
        service = Service(key_1=UNAVAILABLE)
        with pytest.raises(Refusal):
            await make_pool(PLENTY, dice=LoadedDice(falls)).call(service.ask, user="ana")
        times = [at for _, at in service.calls]
        return [later - earlier for earlier, later in itertools.pairwise(times)]

    assert virtual_time.run(story()) == pytest.approx(pauses)


def test_a_success_on_the_last_attempt_is_a_success() -> None:
    async def story() -> tuple[str, int]:
        service = Service(key_1=UNAVAILABLE)
        pool = make_pool(PLENTY, dice=LoadedDice(0.5))
        asyncio.get_running_loop().call_later(3.0, service.refusals.clear)
        return await pool.call(service.ask, user="ana"), len(service.calls)

    assert virtual_time.run(story()) == ("answered key-1", 4)


def test_where_every_key_is_unavailable_none_is_out_for_those_who_come_when_it_is_over() -> None:
    async def story() -> float:
        service = Service(key_1=UNAVAILABLE, key_2=UNAVAILABLE, key_3=UNAVAILABLE)
        pool = make_pool(PLENTY, "a", "b", "c")
        calls = [pool.call(service.ask, user=f"user-{number}") for number in range(30)]
        assert all(isinstance(end, Refusal) for end in await asyncio.gather(*calls, return_exceptions=True))
        service.refusals.clear()
        over_at = virtual_time.now()
        await asyncio.gather(*(pool.call(service.ask, user="ana") for _ in range(3)))
        return virtual_time.now() - over_at

    assert virtual_time.run(story()) <= 2.5  # a trial of a key that never served takes that long


def test_a_named_key_that_is_unavailable_is_waited_for_while_others_serve() -> None:
    async def story() -> list[tuple[str, float]]:
        service = Service(key_1=UNAVAILABLE)
        pool = make_pool(PLENTY, "a", "b")
        asyncio.get_running_loop().call_later(0.5, service.refusals.clear)
        await pool.call(service.ask, user="ana", key_id="key-1")
        return service.calls

    assert virtual_time.run(story()) == [("key-1", 0.0), ("key-1", pytest.approx(1.1))]


def test_a_call_counts_as_sent_when_it_begins_and_one_that_prepares_when_it_ends() -> None:
    async def story() -> list[float]:
        service = Service()
        pool = make_pool(Limits(account=Allowance(rates=(Limit(1, period=60),))))
        await pool.call(service.ask, user="ana")
        await pool.call(service.ask, user="ana", prepares=True)
        await pool.call(service.ask, user="ana")
        return [at for _, at in service.calls]

    assert virtual_time.run(story()) == pytest.approx([0.0, 60.25, 60.25 + 60.35])


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
        THROTTLED,
        UNAVAILABLE,
        Refusal(Throttled(scope=Scope.KEY)),
        Refusal(Exhausted(until=EPOCH + 30)),
        REJECTED,
        EXHAUSTED,
    ],
    ids=str,
)
def test_one_bad_key_of_three_fails_nobody(fault: Refusal) -> None:
    async def story() -> tuple[int, KeyHealth]:
        service = Service(key_1=fault)
        pool = make_pool(PLENTY, "a", "b", "c")
        asyncio.get_running_loop().call_later(30, service.refusals.clear)

        async def ask(number: int) -> str:
            await asyncio.sleep(number * 0.5)
            return await pool.call(service.ask, user=f"user-{number % 3}")

        answers = await asyncio.gather(*(ask(number) for number in range(300)))
        assert all(answer.startswith("answered") for answer in answers)
        return len(service.calls) - 300, health(pool)[0]

    wasted, key = virtual_time.run(story())
    # One refusal, and one at each probe: after 1, 3, 7, 15, and 31 s where it is a matter of seconds.
    assert wasted <= (5 if fault is UNAVAILABLE else 2)
    # Exhausted without a time, it waits for the operator.
    assert key is (KeyHealth.OUT if fault is EXHAUSTED else KeyHealth.HEALTHY)


@pytest.mark.parametrize("fault", [THROTTLED, UNAVAILABLE, REJECTED, EXHAUSTED], ids=str)
def test_a_crowd_that_meets_a_bad_key_at_once_is_served_by_the_others(fault: Refusal) -> None:
    async def story() -> list[str]:
        service = Service(key_2=fault)
        pool = make_pool(PLENTY, "a", "b", "c")
        for key_id in ("key-1", "key-2", "key-3"):  # they served before, so that none is on trial
            await warm_up(pool, key_id)
        return list(await asyncio.gather(*(pool.call(service.ask, user=f"user-{n}") for n in range(60))))

    assert all(answer in ("answered key-1", "answered key-3") for answer in virtual_time.run(story()))


@pytest.mark.parametrize("keys", [1, 2, 8])
def test_more_keys_do_not_make_a_short_outage_worse(keys: int) -> None:
    async def story() -> int:
        pool = make_pool(PLENTY, *(f"account-{number}" for number in range(keys)))
        failed = 0

        async def answer(lease: Lease) -> str:
            if virtual_time.now() < 1.5:
                raise UNAVAILABLE
            return f"answered by {lease.key.id}"

        async def ask(number: int) -> None:
            nonlocal failed
            await asyncio.sleep(number * 0.03)
            try:
                await pool.call(answer, user=f"user-{number}")
            except Refusal:
                failed += 1

        await asyncio.gather(*(ask(number) for number in range(40)))
        return failed

    assert virtual_time.run(story()) <= 6


def test_a_pause_that_would_go_beyond_the_deadline_raises_the_failure_instead() -> None:
    async def story() -> float:
        pool = make_pool(PLENTY, backoff=30.0, max_retries=50)

        async def fail_always(_: Lease) -> None:
            raise UNAVAILABLE

        with pytest.raises(Refusal):
            await pool.call(fail_always, user="ana", max_wait=40.0)
        return virtual_time.now()

    assert virtual_time.run(story()) <= 40.0


def test_what_a_call_took_in_truth_stands_in_place_of_the_estimate() -> None:
    async def story() -> list[float]:
        pool = make_pool(Limits(account=Allowance(rates=(Limit(None, tokens=100, period=60),))))

        async def ask(lease: Lease) -> None:
            sent_at.append(virtual_time.now())
            lease.spent(10)

        sent_at: list[float] = []
        for _ in range(3):
            await pool.call(ask, user="ana", cost=Cost(tokens=80))
        return sent_at

    assert virtual_time.run(story()) == [0.0, 0.0, 0.0]
