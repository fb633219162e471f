"""The ledger of paid calls, state by state, and at the worst moments."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from sqlalchemy.exc import OperationalError

from bot.db import Database, Transaction
from bot.jobs.ledger import Accepted, CallState, Completed, Intent, Ledger, Outcome, PaidCall, Refused, Unknown
from tests.bot.waiting import until

ON_BOTH_DATABASES = True

INTENT = Intent(
    key="film/1/1",
    job="film",
    provider="runway",
    model="gen4.5",
    key_id="key-1",
    request_hash="0" * 64,
    price_microusd=600_000,
    deadline_at=90.0,
)


def answers(outcome: Outcome) -> Callable[[], Awaitable[Outcome]]:
    async def post() -> Outcome:
        return outcome

    return post


async def never() -> Outcome:
    raise AssertionError("nothing may be ordered")


@pytest.fixture
def ledger(database: Database) -> Ledger:
    return Ledger(database, clock=lambda: 5.0)


async def test_a_key_nobody_ordered_under_is_not_found(ledger: Ledger) -> None:
    assert await ledger.find("film/1/1") is None


async def test_an_accepted_order_is_open_under_its_operation_at_the_providers_price(ledger: Ledger) -> None:
    call = await ledger.order(INTENT, answers(Accepted(operation="op-1", price_microusd=500_000)))

    assert (call.state, call.operation, call.open, call.price_microusd) == (
        CallState.SUBMITTED,
        "op-1",
        True,
        500_000,
    )
    assert await ledger.find("film/1/1") == call
    assert await ledger.open_calls() == [call]


async def test_an_accepted_order_without_a_price_keeps_our_estimate(ledger: Ledger) -> None:
    call = await ledger.order(INTENT, answers(Accepted(operation="op-1")))

    assert call.price_microusd == 600_000


async def test_an_order_answered_by_its_result_is_done_and_takes_no_room(ledger: Ledger) -> None:
    call = await ledger.order(INTENT, answers(Completed(price_microusd=42)))

    assert (call.state, call.open, call.price_microusd) == (CallState.DONE, False, 42)


async def test_a_refused_order_costs_nothing_and_says_why(ledger: Ledger) -> None:
    call = await ledger.order(INTENT, answers(Refused("KeyRejected no")))

    assert (call.state, call.open, call.price_microusd, call.detail) == (CallState.REFUSED, False, 0, "KeyRejected no")


async def test_an_unanswered_order_is_unknown_and_holds_its_price(ledger: Ledger) -> None:
    call = await ledger.order(INTENT, answers(Unknown("reset")))

    assert (call.state, call.open, call.price_microusd) == (CallState.UNKNOWN, False, 600_000)


@pytest.mark.parametrize("state", [CallState.DONE, CallState.FAILED])
async def test_an_operation_that_is_over_takes_no_room(ledger: Ledger, state: CallState) -> None:
    await ledger.order(INTENT, answers(Accepted(operation="op-1")))

    await ledger.finish(INTENT.key, state, price_microusd=0, detail="because")

    call = await ledger.find(INTENT.key)
    assert call is not None
    assert (call.state, call.open, call.price_microusd, call.detail) == (state, False, 0, "because")
    assert await ledger.open_calls() == []


async def test_a_refused_order_may_be_placed_again_under_its_key(ledger: Ledger) -> None:
    await ledger.order(INTENT, answers(Refused("RateLimited")))

    call = await ledger.order(replace(INTENT, key_id="key-2"), answers(Accepted(operation="op-2")))

    assert (call.state, call.key_id, call.operation, call.price_microusd, call.detail) == (
        CallState.SUBMITTED,
        "key-2",
        "op-2",
        600_000,
        None,
    )
    assert len(await ledger.calls_of("film")) == 1


@pytest.mark.parametrize("outcome", [Accepted(operation="op-1"), Completed(), Unknown("reset")])
async def test_no_order_is_ever_placed_over_another(ledger: Ledger, outcome: Outcome) -> None:
    before = await ledger.order(INTENT, answers(outcome))

    assert await ledger.order(INTENT, never) == before
    assert await ledger.find(INTENT.key) == before


async def test_an_order_interrupted_before_its_answer_is_unknown_after_a_crash(ledger: Ledger) -> None:
    class Died(BaseException):
        """Stands for the end of the process: nothing after it runs."""

    async def crash() -> Outcome:
        raise Died

    with pytest.raises(BaseExceptionGroup):
        await ledger.order(INTENT, crash)

    call = await ledger.find(INTENT.key)
    assert call is not None
    assert (call.state, call.detail, call.price_microusd) == (CallState.UNKNOWN, "interrupted while ordering", 600_000)
    assert await ledger.order(INTENT, never) == call


async def test_an_order_cancelled_while_its_request_is_under_way_still_records_the_answer(ledger: Ledger) -> None:
    sent, answer = asyncio.Event(), asyncio.Event()

    async def post() -> Outcome:
        sent.set()
        await answer.wait()
        return Accepted(operation="op-1")

    async with asyncio.TaskGroup() as group:
        task = group.create_task(ledger.order(INTENT, post))
        await sent.wait()
        task.cancel()
        await asyncio.sleep(0)
        answer.set()

    assert task.cancelled()
    call = await ledger.find(INTENT.key)
    assert call is not None
    assert (call.state, call.operation, call.open) == (CallState.SUBMITTED, "op-1", True)


async def test_the_intent_is_committed_before_the_request_leaves(ledger: Ledger) -> None:
    seen = []

    async def post() -> Outcome:
        seen.extend(await ledger.calls_of("film"))
        return Accepted(operation="op-1")

    await ledger.order(INTENT, post)

    assert [call.state for call in seen] == [CallState.INTENT]


async def test_an_answer_that_comes_after_somebody_looked_is_recorded_all_the_same(
    ledger: Ledger, database: Database
) -> None:
    async def post() -> Outcome:
        looked = await Ledger(database).find(INTENT.key)
        assert looked is not None
        assert looked.state is CallState.UNKNOWN
        return Accepted(operation="op-1")

    call = await ledger.order(INTENT, post)

    assert (call.state, call.operation, call.open) == (CallState.SUBMITTED, "op-1", True)


async def test_who_looks_or_orders_while_an_order_is_under_way_here_waits_for_its_answer(ledger: Ledger) -> None:
    sent, answer = asyncio.Event(), asyncio.Event()

    async def post() -> Outcome:
        sent.set()
        await answer.wait()
        return Completed(operation="request-1")

    async with asyncio.TaskGroup() as group:
        first = group.create_task(ledger.order(INTENT, post))
        await sent.wait()
        looked = group.create_task(ledger.find(INTENT.key))
        second = group.create_task(ledger.order(INTENT, never))
        await asyncio.sleep(0.01)
        assert not looked.done()
        assert not second.done()
        answer.set()

    assert first.result().operation == "request-1"
    assert first.result() == looked.result() == second.result()


async def test_closing_waits_for_the_order_under_way_and_begins_no_other(ledger: Ledger) -> None:
    sent, answer = asyncio.Event(), asyncio.Event()

    async def post() -> Outcome:
        sent.set()
        await answer.wait()
        return Accepted(operation="op-1")

    async with asyncio.TaskGroup() as group:
        order = group.create_task(ledger.order(INTENT, post))
        await sent.wait()
        closed = group.create_task(ledger.close())
        await asyncio.sleep(0)
        assert not closed.done()
        late = group.create_task(ledger.order(replace(INTENT, key="film/2/1"), never))
        answer.set()
        await closed
        assert order.done()
        late.cancel()

    assert await ledger.find("film/2/1") is None


async def test_a_fault_of_ours_while_ordering_leaves_an_unknown_order(ledger: Ledger) -> None:
    async def post() -> Outcome:
        raise RuntimeError("a bug")

    call = await ledger.order(INTENT, post)

    assert call.state is CallState.UNKNOWN


async def test_what_another_job_ordered_and_nobody_saw_end_is_found_by_its_request(ledger: Ledger) -> None:
    await ledger.order(INTENT, answers(Accepted(operation="op-1")))

    assert await ledger.accepted_before(INTENT.request_hash, but_for=INTENT.job) is None
    found = await ledger.accepted_before(INTENT.request_hash, but_for="another")
    assert found is not None
    assert found.operation == "op-1"
    await ledger.give_back(INTENT.key)
    assert await ledger.open_calls() == []
    await ledger.finish(INTENT.key, CallState.DONE)
    assert await ledger.accepted_before(INTENT.request_hash, but_for="another") is None


async def test_orders_of_a_job_are_found_in_the_order_they_were_placed(database: Database) -> None:
    now = 0.0
    ledger = Ledger(database, clock=lambda: now)
    for number in (2, 1, 3):
        now += 1.0
        await ledger.order(replace(INTENT, key=f"film/{number}/1"), answers(Refused("no")))
    await ledger.order(replace(INTENT, key="other/1/1", job="other"), answers(Refused("no")))

    assert [call.key for call in await ledger.calls_of("film")] == ["film/2/1", "film/1/1", "film/3/1"]


class SilentDatabase(Database):
    """Keeps the first transaction, and loses its answer."""

    def __init__(self, real: Database) -> None:
        self._real = real
        self._answers = False

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        async with self._real.transaction() as transaction:
            yield transaction
        if not self._answers:
            self._answers = True
            raise OperationalError("COMMIT", None, Exception("the connection was lost"))


class BusyDatabase(Database):
    """Refuses the given transactions, counted from 1, as SQLite does when it is busy or full."""

    def __init__(self, database: Database, refuses: set[int]) -> None:
        super().__init__(database._engine)
        self._refuses = refuses
        self._count = 0

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        self._count += 1
        if self._count in self._refuses:
            raise OperationalError("UPDATE", {}, Exception("database is locked"))
        async with super().transaction() as transaction:
            yield transaction


async def test_an_operation_id_is_written_again_until_the_database_answers(database: Database) -> None:
    ledger = Ledger(BusyDatabase(database, refuses={2, 3}))

    call = await ledger.order(INTENT, answers(Accepted(operation="op-1")))

    assert (call.state, call.operation) == (CallState.SUBMITTED, "op-1")


async def test_nothing_is_ordered_while_the_intent_cannot_be_written(database: Database) -> None:
    ledger = Ledger(BusyDatabase(database, refuses={1}), pauses=())

    with pytest.raises(OperationalError):
        await ledger.order(INTENT, never)


async def test_an_intent_whose_commit_was_not_answered_is_ordered_once(database: Database) -> None:
    posts = 0

    async def post() -> Outcome:
        nonlocal posts
        posts += 1
        return Accepted(operation="op")

    call = await Ledger(SilentDatabase(database), pauses=(0.0,)).order(INTENT, post)

    assert (call.state, posts) == (CallState.SUBMITTED, 1)


@pytest.mark.parametrize("outcome", [Refused("KeyRejected fake-secret"), Unknown("fake-secret")])
async def test_a_secret_that_a_service_repeats_is_not_written_down(database: Database, outcome: Outcome) -> None:
    ledger = Ledger(database, scrub=lambda text: text.replace("fake-secret", "…"))

    call = await ledger.order(INTENT, answers(outcome))
    await ledger.finish(INTENT.key, CallState.FAILED, detail="again fake-secret")

    after = await ledger.find(INTENT.key)
    assert call.detail is not None
    assert after is not None
    assert "fake-secret" not in call.detail
    assert after.detail == "again …"


# Several processes


class Elsewhere:
    """An order that another process is in the middle of, and a ledger that looks at it."""

    def __init__(self, database: Database) -> None:
        self.now = 5.0
        self.looks = 0
        self.answer: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self.theirs = Ledger(database, clock=lambda: self.now, is_shared=True)
        self.ours = Ledger(database, clock=self._look, is_shared=True)

    def _look(self) -> float:
        self.looks += 1
        return self.now

    async def post(self) -> Outcome:
        async with asyncio.timeout(30.0):  # nothing cancels an order, not even a test that failed
            return await self.answer

    async def looked(self, times: int) -> None:
        async def enough() -> bool:
            return self.looks >= times

        await until(enough)


@pytest.fixture
async def elsewhere(database: Database, monkeypatch: pytest.MonkeyPatch) -> Elsewhere:
    monkeypatch.setattr("bot.jobs.ledger.LOOK_EVERY", 0.01)
    return Elsewhere(database)


async def test_an_order_that_another_process_may_be_placing_is_waited_for(elsewhere: Elsewhere) -> None:
    async with asyncio.TaskGroup() as group:
        order = group.create_task(elsewhere.theirs.order(INTENT, elsewhere.post))
        found = group.create_task(wait_for_intent(elsewhere))
        await elsewhere.looked(3)
        assert not found.done()
        elsewhere.answer.set_result(Accepted(operation="op-1"))

    assert (found.result(), order.result().state) == (order.result(), CallState.SUBMITTED)


async def test_after_its_deadline_it_is_unknown_and_its_late_answer_still_counts(elsewhere: Elsewhere) -> None:
    async with asyncio.TaskGroup() as group:
        order = group.create_task(elsewhere.theirs.order(INTENT, elsewhere.post))
        found = group.create_task(wait_for_intent(elsewhere))
        await elsewhere.looked(2)
        elsewhere.now = INTENT.deadline_at
        call = await found
        assert call is not None
        assert call.state is CallState.UNKNOWN
        elsewhere.answer.set_result(Accepted(operation="op-1"))

    assert (order.result().state, order.result().operation) == (CallState.SUBMITTED, "op-1")


async def test_an_answer_changes_nothing_once_the_order_was_written_off(elsewhere: Elsewhere) -> None:
    async with asyncio.TaskGroup() as group:
        order = group.create_task(elsewhere.theirs.order(INTENT, elsewhere.post))
        found = group.create_task(wait_for_intent(elsewhere))
        await elsewhere.looked(2)
        elsewhere.now = INTENT.deadline_at
        await found
        await elsewhere.ours.finish(INTENT.key, CallState.LOST)
        elsewhere.answer.set_result(Accepted(operation="op-1"))

    assert (order.result().state, order.result().open) == (CallState.LOST, False)


async def wait_for_intent(elsewhere: Elsewhere) -> PaidCall | None:
    async def is_there() -> bool:
        return bool(await elsewhere.theirs.calls_of(INTENT.job))

    await until(is_there)
    return await elsewhere.ours.find(INTENT.key)
