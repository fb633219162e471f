"""Which cards there should be, from rows alone."""

from __future__ import annotations

import pytest

from bot.db import Database
from bot.production.model import ProductionState, TakeState
from bot.studio.model import ProjectKind
from bot.studio.shards import Shards
from bot.ui.card_rows import CardRows
from bot.ui.cards import CardKind
from tests.bot.production.test_productions import Office
from tests.bot.studio.samples import CLIP, OWNER, plan, request

ON_BOTH_DATABASES = True

PLAN, JOB = CardKind.PLAN, CardKind.JOB


class Wall(Office):
    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.rows = CardRows(database, clock=lambda: self.now)

    async def cards(self) -> list[tuple[CardKind, str, int]]:
        await self.rows.create_missing()
        return [(card.kind, card.ref, card.channel_id) for card in await self.rows.to_look_at()]


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
    (card,) = await wall.rows.to_look_at()

    await wall.rows.settle(card.id)

    assert await wall.cards() == []


async def test_a_cards_place_is_known_once_it_was_posted_or_given_up(wall: Wall) -> None:
    one, other = await wall.film("1"), await wall.film("2")
    for project in (one, other):
        await wall.projects.set_thread(project.id, 7)
    await wall.cards()
    posted, given_up = await wall.rows.to_look_at()
    assert await wall.rows.place_of(PLAN, posted.ref) is None

    await wall.rows.shown(posted, message_id=99, fingerprint="f")
    await wall.rows.settle(given_up.id)

    assert await wall.rows.place_of(PLAN, posted.ref) == (7, 99)
    assert await wall.rows.place_of(PLAN, given_up.ref) == (7, None)
    assert await wall.rows.place_of(PLAN, f"{one.id}:2") is None


async def test_a_plans_card_is_looked_at_when_its_film_or_a_production_of_it_changed(wall: Wall) -> None:
    project = await wall.film()
    await wall.projects.set_thread(project.id, 7)
    changes = 0

    async def look() -> None:
        nonlocal changes
        wall.now += 1.0
        await wall.rows.create_missing()
        (card,) = [card for card in await wall.rows.to_look_at() if card.kind is PLAN]
        changes += 1
        await (wall.rows.shown(card, message_id=99, fingerprint="f") if changes % 2 else wall.rows.found_equal(card))
        assert [card for card in await wall.rows.to_look_at() if card.kind is PLAN] == []

    await look()
    production = await wall.accept(project.id)
    await look()
    await wall.lifecycle.begin(production.id)
    await look()
    await wall.lifecycle.stop(production.id, OWNER)
    await look()
    await wall.lifecycle.end(production.id, ProductionState.CANCELLED)
    await look()
    await wall.projects.attach(project.id, CLIP)
    await look()

    assert changes == 6


async def test_the_card_of_a_production_is_looked_at_until_its_film_is_posted(wall: Wall) -> None:
    project = await wall.film()
    await wall.projects.set_thread(project.id, 7)
    production = await wall.accept(project.id)

    async def look() -> tuple[bool, bool]:
        """Whether it is looked at, and whether its rows have changed."""
        wall.now += 1.0
        await wall.rows.create_missing()
        for card in await wall.rows.to_look_at():
            if card.kind is JOB:
                await wall.rows.shown(card, message_id=9, fingerprint="f")
                return True, card.stamp != card.rendered_stamp
        return False, False

    assert [await look(), await look()] == [(True, True), (False, False)]  # in the line, only its place may change
    await wall.lifecycle.begin(production.id)
    assert [await look(), await look()] == [(True, True), (True, False)]
    await wall.lifecycle.set_take(production.id, 2, TakeState.RENDERING, progress=0.5)
    assert [await look(), await look()] == [(True, True), (True, False)]
    await wall.lifecycle.end(production.id, ProductionState.DONE, duration=1.0)
    assert [await look(), await look()] == [(True, True), (True, False)]
    await wall.outbox.posted(await wall.productions.get(production.id), None)
    assert [await look(), await look()] == [(True, True), (False, False)]
    await wall.outbox.redeliver(production.id)
    assert [await look(), await look()] == [(True, True), (True, False)]


async def test_those_never_posted_come_first_then_those_edited_longest_ago(wall: Wall) -> None:
    for number in range(3):
        project = await wall.film(str(number))
        await wall.projects.set_thread(project.id, 7)
        await wall.lifecycle.begin((await wall.accept(project.id, press=str(number))).id)
    await wall.rows.create_missing()
    jobs = [card for card in await wall.rows.to_look_at() if card.kind is JOB]
    for card in (jobs[2], jobs[0]):
        wall.now += 1.0
        await wall.rows.shown(card, message_id=card.id, fingerprint="f")

    looked_at = [card.ref for card in await wall.rows.to_look_at() if card.kind is JOB]

    assert looked_at == [jobs[1].ref, jobs[2].ref, jobs[0].ref]


async def test_a_look_at_what_changed_lately_passes_over_old_films_only(wall: Wall) -> None:
    old, new, rendered = await wall.film("old"), await wall.film("new"), await wall.film("rendered")
    for project in (old, new, rendered):
        await wall.projects.set_thread(project.id, 7)
    wall.now += 1000.0
    await wall.projects.keep_plan(new.id, plan(version=2))
    production = await wall.accept(rendered.id)

    lately = await wall.rows.changed_films(wall.now - 500.0)
    await wall.rows.create_missing(lately)

    assert set(lately) == {new.id, rendered.id}
    expected = {f"{new.id}:1", f"{new.id}:2", f"{rendered.id}:1", production.id}
    assert {card.ref for card in await wall.rows.to_look_at(lately)} == expected
    await wall.rows.create_missing()
    assert {card.ref for card in await wall.rows.to_look_at()} == expected | {f"{old.id}:1"}
    assert await wall.rows.to_look_at([]) == []
    await wall.lifecycle.begin(production.id)
    assert {card.ref for card in await wall.rows.to_look_at([])} == {production.id}


async def test_the_cards_of_other_shards_are_left_to_others(wall: Wall, database: Database) -> None:
    project = await wall.film()  # in server 5, which is shard 0's
    await wall.projects.set_thread(project.id, 7)
    await wall.accept(project.id)
    others = CardRows(database, shards=Shards.parse("1-1/2"), clock=lambda: wall.now)

    await others.create_missing()
    assert await others.to_look_at() == []
    assert await others.changed_films(0.0) == []

    assert len(await wall.cards()) == 2
    assert await others.to_look_at() == []


async def test_of_a_card_in_the_line_it_is_known_that_its_place_may_change(wall: Wall) -> None:
    project = await wall.film()
    await wall.projects.set_thread(project.id, 7)
    production = await wall.accept(project.id)
    await wall.rows.create_missing()
    (job,) = [card for card in await wall.rows.to_look_at() if card.kind is JOB]
    assert await wall.rows.in_line() == {}
    await wall.rows.shown(job, message_id=9, fingerprint="f")

    assert await wall.rows.in_line() == {job.id: production.id}
    assert [(card.id, card.is_in_line) for card in await wall.rows.of_jobs([job.id])] == [(job.id, True)]
    await wall.lifecycle.begin(production.id)
    assert await wall.rows.in_line() == {}
    assert [card.is_in_line for card in await wall.rows.of_jobs([job.id])] == [False]


async def test_the_answer_about_a_video_has_as_many_cards_as_it_takes_each_once(wall: Wall) -> None:
    asked, _ = await wall.projects.create(request(kind=ProjectKind.ANALYSIS, attachment=CLIP), model="")
    await wall.projects.set_thread(asked.id, 7)
    assert await wall.cards() == [(CardKind.ANALYSIS, f"{asked.id}:1", 7)]
    (first,) = await wall.rows.to_look_at()

    for _ in range(2):
        await wall.rows.add_parts(first, 3)

    assert await wall.cards() == [(CardKind.ANALYSIS, f"{asked.id}:{part}", 7) for part in (1, 2, 3)]
