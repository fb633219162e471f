"""A held film is decided on once, by whoever may, and nothing is ordered that nobody asked for."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import select

from bot.db import Database
from bot.db.tables import audit
from bot.jobs.ledger import Accepted, CallState, Intent, Ledger, Outcome, Unknown
from bot.jobs.wake import Wake
from bot.production.decisions import Decision, Decisions
from bot.production.lifecycle import Lifecycle
from bot.production.model import Production, ProductionState, TakeState
from bot.production.write_offs import DAY, WriteOffs
from bot.studio.budget import Budgets, Caps
from bot.studio.errors import AwaitsDecision, DecidedAlready, NothingLeft, NotYours, OverBudget
from tests.bot.production.test_productions import STRANGER, Office
from tests.bot.studio.samples import OWNER

OPERATOR = 3003


class Bench:
    """A held film: shot 1 is made, shot 2 went unanswered, shot 3 was not begun."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.office = Office(database)
        self.ledger = Ledger(database, clock=lambda: self.office.now)

    def decisions(self) -> Decisions:
        return Decisions(
            self.database, self.office.productions, self.office.lifecycle, Wake(), operators=frozenset({OPERATOR})
        )

    async def held(self, *, made: int = 1) -> Production:
        production = await self.office.accept((await self.office.film()).id)
        await self.office.lifecycle.begin(production.id)
        for shot in range(1, made + 1):
            await self.call(production, shot, Accepted(operation=f"op-{shot}"))
            await self.ledger.finish(f"{production.id}/{shot}/1", CallState.DONE)
            await self.office.lifecycle.set_take(production.id, shot, TakeState.MADE)
        await self.call(production, made + 1, Unknown("silence"))
        await self.office.lifecycle.set_take(production.id, made + 1, TakeState.UNKNOWN, failure="OutcomeUnknown")
        await self.office.lifecycle.end(production.id, ProductionState.HELD, failure="OutcomeUnknown")
        return production

    async def call(self, production: Production, shot: int, outcome: Outcome) -> None:
        async def post() -> Outcome:
            return outcome

        intent = Intent(
            key=f"{production.id}/{shot}/1",
            job=production.id,
            provider="runway",
            model="gen4.5",
            key_id="key-1",
            request_hash="hash",
            price_microusd=600_000,
            deadline_at=0.0,
        )
        await self.ledger.order(intent, post)

    async def calls(self, production: Production) -> list[CallState]:
        return [call.state for call in await self.ledger.calls_of(production.id)]

    async def takes(self, production: Production) -> list[TakeState]:
        return [take.state for take in await self.office.productions.takes_of(production.id)]


@pytest.fixture
def bench(database: Database) -> Bench:
    return Bench(database)


async def test_what_went_unanswered_is_ordered_again_and_what_is_made_is_kept(bench: Bench) -> None:
    film = await bench.held()
    assert await bench.office.productions.at_risk(film.id) == 600_000

    await bench.decisions().decide(Decision.AGAIN, film.id, OWNER)

    again = await bench.office.productions.get(film.id)
    assert (again.state, again.run) == (ProductionState.ACCEPTED, 2)
    assert await bench.calls(film) == [CallState.DONE, CallState.LOST]
    assert await bench.takes(film) == [TakeState.MADE, TakeState.WAITING, TakeState.WAITING]


async def test_what_was_accepted_is_looked_at_again_and_not_written_off(bench: Bench) -> None:
    film = await bench.held()
    await bench.call(film, 3, Accepted(operation="late"))

    await bench.decisions().decide(Decision.AGAIN, film.id, OWNER)

    assert await bench.calls(film) == [CallState.DONE, CallState.LOST, CallState.SUBMITTED]


async def test_a_film_is_finished_without_what_is_missing(bench: Bench) -> None:
    film = await bench.held()

    await bench.decisions().decide(Decision.WITHOUT, film.id, OWNER)

    assert await bench.office.state(film) is ProductionState.ACCEPTED
    assert await bench.takes(film) == [TakeState.MADE, TakeState.LEFT_OUT, TakeState.LEFT_OUT]
    assert await bench.calls(film) == [CallState.DONE, CallState.UNKNOWN]


async def test_a_film_of_which_nothing_is_made_cannot_be_finished(bench: Bench) -> None:
    film = await bench.held(made=0)

    with pytest.raises(NothingLeft):
        await bench.decisions().decide(Decision.WITHOUT, film.id, OWNER)

    held = await bench.office.productions.get(film.id)
    assert (held.state, held.run) == (ProductionState.HELD, 1)


async def test_a_held_film_is_stopped_by_whoever_settles_it(bench: Bench) -> None:
    film = await bench.held()

    await bench.decisions().decide(Decision.STOP, film.id, OWNER)

    stopping = await bench.office.productions.get(film.id)
    assert (stopping.state, stopping.stopping, stopping.run) == (ProductionState.RUNNING, True, 2)
    assert await bench.calls(film) == [CallState.DONE, CallState.UNKNOWN]


async def test_a_deleted_film_can_be_stopped_only(bench: Bench) -> None:
    film = await bench.held()
    await bench.office.delete(film)

    for each in (Decision.AGAIN, Decision.WITHOUT):
        with pytest.raises(DecidedAlready):
            await bench.decisions().decide(each, film.id, OWNER)
    assert await bench.calls(film) == [CallState.DONE, CallState.UNKNOWN]

    await bench.decisions().decide(Decision.STOP, film.id, OWNER)
    assert (await bench.office.productions.get(film.id)).stopping


@pytest.mark.parametrize("first", Decision)
@pytest.mark.parametrize("second", Decision)
async def test_the_first_decision_stands(bench: Bench, first: Decision, second: Decision) -> None:
    film = await bench.held()
    await bench.decisions().decide(first, film.id, OWNER)
    before = (await bench.office.productions.get(film.id), await bench.takes(film), await bench.calls(film))

    with pytest.raises(DecidedAlready):
        await bench.decisions().decide(second, film.id, OWNER)

    assert (await bench.office.productions.get(film.id), await bench.takes(film), await bench.calls(film)) == before


async def test_of_presses_at_once_one_decides(bench: Bench) -> None:
    film = await bench.held()

    presses = [bench.decisions().decide(each, film.id, OWNER) for each in (*Decision, *Decision)]
    answers = await asyncio.gather(*presses, return_exceptions=True)

    assert [isinstance(answer, DecidedAlready) for answer in answers].count(False) == 1
    assert (await bench.office.productions.get(film.id)).run <= 2


async def test_a_stranger_decides_nothing(bench: Bench) -> None:
    film = await bench.held()

    for each in Decision:
        with pytest.raises(NotYours):
            await bench.decisions().decide(each, film.id, STRANGER)

    assert await bench.office.state(film) is ProductionState.HELD


async def test_an_operator_who_decides_is_written_down_and_an_owner_is_not(bench: Bench) -> None:
    film = await bench.held()
    await bench.decisions().decide(Decision.STOP, film.id, OPERATOR)
    await bench.office.lifecycle.end(film.id, ProductionState.CANCELLED)
    another = await bench.office.accept(film.project_id, press="again")
    await bench.office.lifecycle.begin(another.id)
    await bench.office.lifecycle.end(another.id, ProductionState.HELD)
    await bench.decisions().decide(Decision.STOP, another.id, OWNER)

    async with bench.database.transaction() as transaction:
        rows = (await transaction.execute(select(audit))).all()
    assert [(row.actor_id, row.action, row.ref) for row in rows] == [(OPERATOR, "held: stop", film.id)]


@pytest.mark.parametrize(("user_id", "told"), [(OPERATOR, True), (OWNER, False)])
async def test_an_owner_is_told_that_an_operator_stopped_a_held_film(bench: Bench, user_id: int, told: bool) -> None:
    film = await bench.held()
    await bench.office.outbox.posted(await bench.office.productions.get(film.id), 77)  # that it is held

    await bench.decisions().decide(Decision.STOP, film.id, user_id)
    assert await bench.office.outbox.due() == []  # first what runs for it is stopped and settled
    await bench.office.lifecycle.end(film.id, ProductionState.CANCELLED)

    assert await bench.office.outbox.due() == [film.id]  # whose delivery knows that nothing is to be told
    assert (await bench.office.productions.get(film.id)).failure == ("CancelledByOperator" if told else None)


async def test_a_held_film_is_not_greenlit_beside_itself(bench: Bench) -> None:
    film = await bench.held()

    with pytest.raises(AwaitsDecision):
        await bench.office.accept(film.project_id, press="again")

    await bench.decisions().decide(Decision.STOP, film.id, OWNER)
    await bench.office.lifecycle.end(film.id, ProductionState.CANCELLED)
    assert (await bench.office.accept(film.project_id, press="again")).id != film.id


async def test_the_operators_rule_bears_so_much_a_day_and_no_more(bench: Bench) -> None:
    film = await bench.held(made=0)
    for shot in (2, 3):
        await bench.call(film, shot, Unknown("silence"))
    rule = WriteOffs(bench.database, 1_200_000, clock=lambda: bench.office.now)

    covered = [await rule.cover(call) for call in await bench.ledger.calls_of(film.id)]
    bench.office.now += DAY - 1
    covered.append(await rule.cover((await bench.ledger.calls_of(film.id))[2]))
    bench.office.now += 2
    covered.append(await rule.cover((await bench.ledger.calls_of(film.id))[2]))

    assert covered == [True, True, False, False, True]
    assert await bench.calls(film) == [CallState.LOST] * 3


async def test_the_rule_is_not_exceeded_by_orders_at_once_and_is_written_down(bench: Bench) -> None:
    film = await bench.held(made=0)
    for shot in (2, 3):
        await bench.call(film, shot, Unknown("silence"))
    rule = WriteOffs(bench.database, 1_199_999, clock=lambda: bench.office.now)

    covered = await asyncio.gather(*(rule.cover(call) for call in await bench.ledger.calls_of(film.id)))

    assert sum(covered) == 1
    async with bench.database.transaction() as transaction:
        assert [row.action for row in await transaction.execute(select(audit))] == ["order again"]


async def test_without_a_rule_nothing_is_written_off_unasked(bench: Bench) -> None:
    film = await bench.held(made=0)

    assert not await WriteOffs(bench.database, 0).cover((await bench.ledger.calls_of(film.id))[0])
    assert await bench.calls(film) == [CallState.UNKNOWN]


async def test_what_is_lost_counts_in_the_bots_day_before_it_is_ordered_again(database: Database) -> None:
    bench = Bench(database)
    production = await bench.held()
    before = await Budgets(database, clock=lambda: bench.office.now).standing(OWNER, None)

    await bench.decisions().decide(Decision.AGAIN, production.id, OWNER)

    after = await Budgets(database, clock=lambda: bench.office.now).standing(OWNER, None)
    assert after.bot.used_microusd - before.bot.used_microusd == 600_000
    assert after.user.used_microusd == before.user.used_microusd


async def test_a_day_that_cannot_bear_paying_twice_leaves_the_film_held(database: Database) -> None:
    bench = Bench(database)
    production = await bench.held()
    spent = (await Budgets(database, clock=lambda: bench.office.now).standing(OWNER, None)).bot.used_microusd
    caps = Caps(bot_day_microusd=spent + 599_999)
    budgets = Budgets(database, caps, clock=lambda: bench.office.now)
    lifecycle = Lifecycle(database, Wake(), budgets=budgets, clock=lambda: bench.office.now)

    with pytest.raises(OverBudget):
        await Decisions(database, bench.office.productions, lifecycle, Wake()).decide(
            Decision.AGAIN, production.id, OWNER
        )

    assert (await bench.office.productions.get(production.id)).state is ProductionState.HELD
    call = await bench.ledger.find(f"{production.id}/2/1")
    assert call is not None
    assert call.state is CallState.UNKNOWN
