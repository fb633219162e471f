"""What became of an order, for whoever is asked about it in the thread."""

from __future__ import annotations

import pytest

from bot.db import Database
from bot.production.chronicle import Chronicle
from bot.production.model import ProductionState, TakeState
from tests.bot.production.test_productions import Office


@pytest.fixture
def office(database: Database) -> Office:
    return Office(database)


async def test_what_was_never_ordered_has_no_story(office: Office) -> None:
    assert await Chronicle(office.productions).tell(await office.film()) == {}


async def test_each_shot_is_told_with_why_it_failed(office: Office) -> None:
    project = await office.film()
    production = await office.accept(project.id, kept=[1])
    await office.lifecycle.begin(production.id)
    await office.lifecycle.set_take(production.id, 3, TakeState.FAILED, failure="ContentRejected")
    await office.lifecycle.end(production.id, ProductionState.FAILED, failure="ContentRejected")

    told = await Chronicle(office.productions, words=lambda failure: f"because {failure}").tell(project)

    assert (told["state"], told["of_plan_version"], told["charged"]) == ("failed", 1, "$0.00")
    assert told["why"] == "because ContentRejected"
    shots = told["shots"]
    assert isinstance(shots, list)
    assert shots[0] == {"number": 1, "state": "made"}
    assert shots[2] == {"number": 3, "state": "failed", "why": "because ContentRejected", "at_most": "$0.60"}


async def test_a_film_in_the_line_tells_its_place(office: Office) -> None:
    project = await office.film()
    await office.accept(project.id)

    told = await Chronicle(office.productions, place=lambda _: 3).tell(project)

    assert (told["state"], told["place_in_line"]) == ("accepted", 3)
