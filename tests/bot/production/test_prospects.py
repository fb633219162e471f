"""What a person learns of their open films and of the line, and what they do not learn of others'."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.db import Database
from bot.jobs.wake import Wake
from bot.production.dispatcher import Dispatcher
from bot.production.forecast import Between
from bot.production.line import Ahead
from bot.production.model import Production, ProductionState
from bot.production.prospects import KNOWN_FOR, Prospects, Totals
from bot.production.switches import Switches
from bot.studio.errors import NoSuchFilm
from tests.bot.production.fakes import NotingEngine
from tests.bot.production.test_productions import STRANGER, Office
from tests.bot.studio.samples import OWNER

ON_BOTH_DATABASES = True


class House(Office):
    def __init__(self, database: Database) -> None:
        super().__init__(database)
        engine: Any = NotingEngine()
        switches = Switches(database, Wake())
        self.dispatcher = Dispatcher(
            engine, self.productions, self.lifecycle, give_back=lambda _: None, at_once=0, clock=lambda: self.now  # type: ignore[arg-type, return-value]  # never called
        )  # fmt: skip
        self.prospects = Prospects(database, self.dispatcher, switches, clock=lambda: self.now)

    async def enter(self, name: str, owner_id: int = OWNER) -> Production:
        self.now += 1.0
        film = await self.film(name, owner_id=owner_id)
        await self.projects.set_thread(film.id, 77)
        return await self.accept(film.id, press=name, user_id=owner_id)

    async def made(self, name: str, took: float) -> None:
        production = await self.enter(name, STRANGER)
        await self.lifecycle.begin(production.id)
        self.now += took
        await self.lifecycle.end(production.id, ProductionState.DONE, duration=5.0)


@pytest.fixture
def house(database: Database) -> House:
    return House(database)


async def test_a_person_sees_their_open_films_and_nobody_elses(house: House) -> None:
    await house.enter("a stranger's", STRANGER)
    running = await house.enter("a")
    await house.lifecycle.begin(running.id)
    waiting = await house.enter("b")
    cancelled = await house.enter("c")
    await house.lifecycle.stop(cancelled.id, OWNER)
    await house.dispatcher.look()

    found = await house.prospects.of(OWNER)

    assert [(each.production.id, each.place, each.ahead) for each in found] == [
        (running.id, None, Ahead()),
        (waiting.id, 2, Ahead(others=1)),
    ]
    assert [(each.plan.title, each.thread_id) for each in found] == [("Koi", 77)] * 2
    assert await house.prospects.totals() == Totals(waiting=2, running=1, people=2)


async def test_nobody_is_promised_anything_before_a_few_films_were_made(house: House) -> None:
    await house.made("x", 60.0)
    await house.enter("a")
    await house.dispatcher.look()

    (found,) = await house.prospects.of(OWNER)

    assert (found.begins, found.ends) == (None, None)


async def test_ranges_go_by_how_long_films_took_lately(house: House) -> None:
    for name, took in (("x", 60.0), ("y", 80.0), ("z", 100.0)):
        await house.made(name, took)
    running = await house.enter("a")
    await house.lifecycle.begin(running.id)
    began = house.now
    await house.enter("b")
    await house.dispatcher.look()

    runs, waits = await house.prospects.of(OWNER)

    assert runs.ends == Between(began + 60.0, began + 100.0)
    assert waits.begins == runs.ends
    assert waits.ends == Between(began + 120.0, began + 200.0)
    house.now += 100.0
    assert [each.is_late for each in await house.prospects.of(OWNER)] == [True, False]


async def test_a_card_is_told_the_same_of_its_film_and_of_those_made_since_a_while_later(house: House) -> None:
    for name, took in (("x", 60.0), ("y", 80.0), ("z", 100.0)):
        await house.made(name, took)
    running = await house.enter("a")
    await house.lifecycle.begin(running.id)
    waiting = await house.enter("b")
    await house.dispatcher.look()
    plan = await house.projects.plan(waiting.project_id)
    assert plan is not None
    first = await house.prospects.of_film(waiting, plan)
    assert first == replace((await house.prospects.of(OWNER))[1], thread_id=None)
    for number in range(9):
        await house.made(str(number), 0.5)

    soon = await house.prospects.of_film(waiting, plan)
    house.now += KNOWN_FOR
    later = await house.prospects.of_film(waiting, plan)

    assert soon.begins is not None
    assert later.begins is not None
    assert first.begins is not None
    assert soon.begins.latest == first.begins.latest
    assert later.begins.latest < first.begins.latest


async def test_nothing_is_told_of_a_line_while_nothing_runs_but_of_who_is_next(house: House) -> None:
    for name in ("x", "y", "z"):
        await house.made(name, 60.0)
    await house.enter("a")
    await house.enter("b")
    await house.dispatcher.look()

    following, behind = await house.prospects.of(OWNER)

    assert following.begins == Between(house.now, house.now)
    assert (behind.begins, behind.ends) == (None, None)


async def test_a_film_that_its_owner_deleted_is_not_told_of(house: House) -> None:
    await house.delete(await house.enter("a"))

    assert await house.prospects.of(OWNER) == []


async def test_a_film_is_called_as_in_the_version_that_is_made(house: House) -> None:
    production = await house.enter("a")

    assert await house.prospects.title(production) == "Koi"
    with pytest.raises(NoSuchFilm):
        await house.productions.get("f" * 32)
