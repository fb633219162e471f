"""Which cards there should be, from rows alone."""

from __future__ import annotations

import pytest

from bot.db import Database
from bot.production.model import ProductionState
from bot.ui.card_rows import CardRows
from bot.ui.cards import CardKind
from tests.bot.production.test_productions import Office
from tests.bot.studio.samples import OWNER, plan

PLAN, JOB = CardKind.PLAN, CardKind.JOB


class Wall(Office):
    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.rows = CardRows(database, clock=lambda: self.now)

    async def cards(self) -> list[tuple[CardKind, str, int]]:
        await self.rows.create_missing()
        return [(card.kind, card.ref, card.channel_id) for card in await self.rows.unsettled()]


@pytest.fixture
def wall(database: Database) -> Wall:
    return Wall(database)


async def test_a_film_has_a_card_as_soon_as_it_has_a_thread_even_without_a_plan(wall: Wall) -> None:
    project = await wall.film(planned=False)
    assert await wall.cards() == []

    await wall.projects.set_thread(project.id, 7)

    assert await wall.cards() == [(PLAN, f"{project.id}:1", 7)]


async def test_the_card_of_a_plan_being_written_becomes_that_of_version_one(wall: Wall) -> None:
    project = await wall.film(planned=False)
    await wall.projects.set_thread(project.id, 7)
    before = await wall.cards()

    await wall.projects.keep_plan(project.id, plan())

    assert await wall.cards() == before


async def test_every_version_and_every_production_has_one_card(wall: Wall) -> None:
    project = await wall.film()
    await wall.projects.set_thread(project.id, 7)
    await wall.cards()
    await wall.projects.keep_plan(project.id, plan(version=2, title="Dragon"))
    production = await wall.accept(project.id, version=2)

    expected = [(PLAN, f"{project.id}:1", 7), (PLAN, f"{project.id}:2", 7), (JOB, production.id, 7)]
    assert await wall.cards() == expected
    assert await wall.cards() == expected


async def test_a_settled_card_is_looked_at_no_more_and_not_made_again(wall: Wall) -> None:
    project = await wall.film()
    await wall.projects.set_thread(project.id, 7)
    await wall.cards()
    (card,) = await wall.rows.unsettled()

    await wall.rows.settle(card.id)

    assert await wall.cards() == []


async def test_a_posted_card_is_found_by_what_it_shows(wall: Wall) -> None:
    project = await wall.film()
    await wall.projects.set_thread(project.id, 7)
    await wall.cards()
    (card,) = await wall.rows.unsettled()
    assert await wall.rows.message_of(PLAN, card.ref) is None

    await wall.rows.shown(card.id, message_id=99, fingerprint="f")

    (shown,) = await wall.rows.unsettled()
    assert (shown.message_id, shown.shown) == (99, "f")
    assert await wall.rows.message_of(PLAN, card.ref) == (7, 99)


async def test_the_stamp_of_a_plan_card_moves_with_its_film_and_with_its_productions(wall: Wall) -> None:
    project = await wall.film()
    await wall.projects.set_thread(project.id, 7)
    await wall.cards()
    stamps = []

    async def look() -> None:
        stamps.append((await wall.rows.unsettled())[0].stamp)
        wall.now += 1.0

    await look()
    production = await wall.accept(project.id)
    await look()
    await wall.productions.begin(production.id)
    await look()
    await wall.productions.stop(production.id, OWNER)
    await look()
    await wall.productions.end(production.id, ProductionState.CANCELLED)
    await look()
    await wall.projects.keep_plan(project.id, plan(version=2))
    await look()

    assert stamps == sorted(set(stamps))
