"""Who renders next, and what becomes of films that were stopped, interrupted or broken."""

from __future__ import annotations

import asyncio

import pytest

from bot.db import Database
from bot.jobs.ledger import Intent, Ledger, Outcome, Unknown
from bot.production.dispatcher import Dispatcher
from bot.production.film import FILM, SETTLE
from bot.production.model import Production, ProductionState, TakeState
from tests.bot.production.fakes import NotingEngine
from tests.bot.production.test_productions import Office
from tests.bot.studio.samples import OWNER

ON_BOTH_DATABASES = True


class Line(Office):
    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.engine = NotingEngine()
        self.names: dict[str, str] = {}
        self.given_back: list[str] = []

    def dispatcher(self, at_once: int = 1, *, worker: str | None = None) -> Dispatcher:
        async def give_back(production_id: str) -> None:
            self.given_back.append(production_id)

        return Dispatcher(
            self.engine,
            self.productions,
            self.lifecycle,
            give_back=give_back,
            at_once=at_once,
            worker=worker,
            clock=lambda: self.now,
        )

    async def enter(self, name: str, owner_id: int = OWNER) -> Production:
        self.now += 1.0
        project = await self.film(name, owner_id=owner_id)
        production = await self.accept(project.id, press=name, user_id=owner_id)
        self.names[production.id] = name
        return production

    async def finish(self, production: Production) -> None:
        await self.lifecycle.end(production.id, ProductionState.DONE, duration=1.0)
        self.engine.over.add(production.id)

    def films(self) -> list[str]:
        return [self.names[workflow_id] for name, workflow_id in self.engine.started if name == FILM]


@pytest.fixture
def line(database: Database) -> Line:
    return Line(database)


async def test_so_many_films_run_at_once_and_the_next_follows_when_one_is_done(line: Line) -> None:
    a, b, c = [await line.enter(name) for name in "abc"]
    dispatcher = line.dispatcher(at_once=2)

    await dispatcher.look()
    await dispatcher.look()
    assert line.films() == ["a", "b"]
    assert [dispatcher.position(each.id) for each in (a, b, c)] == [None, None, 1]
    await line.finish(a)
    await dispatcher.look()

    assert line.films() == ["a", "b", "c"]
    assert dispatcher.position(c.id) is None


async def test_a_flood_of_one_person_does_not_hold_up_another(line: Line) -> None:
    for number in range(4):
        await line.enter(f"ana-{number}", owner_id=1)
    await line.enter("ben", owner_id=2)
    dispatcher = line.dispatcher()

    while len(line.films()) < 5:
        await dispatcher.look()
        for production in await line.productions.active():
            if production.state is ProductionState.RUNNING:
                await line.finish(production)

    assert line.films().index("ben") == 1


async def test_one_stopped_in_the_line_leaves_it(line: Line) -> None:
    _, b, c = [await line.enter(name) for name in "abc"]
    dispatcher = line.dispatcher()
    await dispatcher.look()

    await line.lifecycle.stop(b.id, OWNER)
    await dispatcher.look()

    assert [dispatcher.position(each.id) for each in (b, c)] == [None, 1]


async def test_a_running_film_that_is_stopped_is_cancelled_then_settled(line: Line) -> None:
    a = await line.enter("a")
    dispatcher = line.dispatcher()
    await dispatcher.look()
    await line.lifecycle.stop(a.id, OWNER)

    await dispatcher.look()
    assert line.engine.cancelled == [a.id]
    assert (SETTLE, f"{a.id}-settle") not in line.engine.started
    line.engine.over.add(a.id)
    await dispatcher.look()

    assert (SETTLE, f"{a.id}-settle") in line.engine.started


async def test_a_film_begun_but_not_started_before_a_crash_is_started(line: Line) -> None:
    a = await line.enter("a")
    await line.lifecycle.begin(a.id)

    await line.dispatcher().look()

    assert line.films() == ["a"]


async def test_a_film_whose_workflow_ended_without_an_end_has_failed_by_our_fault(line: Line) -> None:
    a = await line.enter("a")
    dispatcher = line.dispatcher()
    await dispatcher.look()
    line.engine.over.add(a.id)

    await dispatcher.look()

    ended = await line.productions.get(a.id)
    assert (ended.state, ended.failure) == (ProductionState.FAILED, "Bug")


async def test_a_film_that_broke_while_an_order_had_no_answer_asks_its_owner(line: Line) -> None:
    a = await line.enter("a")
    dispatcher = line.dispatcher()
    await dispatcher.look()
    intent = Intent(
        key=f"{a.id}/1/1",
        job=a.id,
        provider="runway",
        model="gen4.5",
        key_id="key-1",
        request_hash="0" * 64,
        price_microusd=600_000,
        deadline_at=0.0,
    )

    async def silence() -> Outcome:
        return Unknown("reset")

    await Ledger(line.database).order(intent, silence)
    line.engine.over.add(a.id)

    await dispatcher.look()

    assert (await line.productions.get(a.id)).state is ProductionState.HELD
    assert (await line.productions.takes_of(a.id))[0].state is TakeState.UNKNOWN


async def test_a_film_whose_settling_failed_does_not_take_a_place_for_ever(line: Line) -> None:
    a, _ = await line.enter("a"), await line.enter("b")
    dispatcher = line.dispatcher()
    await dispatcher.look()
    await line.lifecycle.stop(a.id, OWNER)
    line.engine.over |= {a.id, f"{a.id}-settle"}

    for _ in range(3):
        await dispatcher.look()

    assert (await line.productions.get(a.id)).state is ProductionState.CANCELLED
    assert line.films() == ["a", "b"]


async def test_the_line_is_filled_again_after_a_restart_in_the_same_order(line: Line) -> None:
    a, b, c = [await line.enter(name) for name in "abc"]
    await line.dispatcher().look()

    after = line.dispatcher()
    await after.look()

    assert line.films() == ["a"]
    assert [after.position(each.id) for each in (a, b, c)] == [None, 1, 2]


async def test_a_paused_dispatcher_starts_nothing_and_looks_after_what_runs(line: Line) -> None:
    a = await line.enter("a")
    dispatcher = line.dispatcher()
    await dispatcher.look()
    await line.enter("b")
    dispatcher.pause()
    line.engine.over.add(a.id)

    await dispatcher.look()

    assert line.films() == ["a"]
    assert (await line.productions.get(a.id)).state is ProductionState.FAILED


async def test_workers_with_a_line_in_common_each_take_what_they_may_and_begin_nothing_twice(line: Line) -> None:
    a, b, _ = [await line.enter(name) for name in "abc"]
    ana, ben = line.dispatcher(worker="ana"), line.dispatcher(worker="ben")

    await asyncio.gather(ana.look(), ben.look())
    await asyncio.gather(ana.look(), ben.look())

    assert sorted(line.films()) == ["a", "b"]
    assert {(await line.productions.get(each.id)).worker for each in (a, b)} == {"ana", "ben"}


async def test_one_that_only_talks_knows_the_line_and_begins_nothing(line: Line) -> None:
    production = await line.enter("a")
    gateway = line.dispatcher(0, worker="gateway")

    await gateway.look()

    assert gateway.position(production.id) == 1
    assert not line.films()


async def test_a_film_of_another_worker_is_left_alone_until_it_is_inherited(line: Line) -> None:
    production = await line.enter("a")
    await line.lifecycle.begin(production.id, "dead")  # killed before it was started
    ana = line.dispatcher(worker="ana")

    await ana.look()
    assert not line.films()
    await line.lifecycle.inherit("dead", "ana")
    await ana.look()

    assert line.films() == ["a"]
