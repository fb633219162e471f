"""Greenlights: accepted once, with their money and takes, or refused with no row left."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import select

from bot.db import Database
from bot.db.tables import audit, reservations
from bot.jobs.wake import Wake
from bot.production.greenlights import MAX_WAITING
from bot.production.model import ProductionState, Stage, TakeState
from bot.studio.casting import cast, quote
from bot.studio.errors import (
    AlreadyRendering,
    NoSuchFilm,
    NothingToRender,
    NotYours,
    PlanMoved,
    RoleTooSmall,
    TooManyWaiting,
)
from bot.studio.guilds import Share
from bot.studio.participants import Participants
from bot.studio.rights import Role
from tests.bot.production.test_productions import FRIEND, STRANGER, Office
from tests.bot.studio.samples import CATALOGUE, OWNER, plan

ON_BOTH_DATABASES = True


@pytest.fixture
def office(database: Database) -> Office:
    return Office(database)


async def test_an_accepted_film_stands_in_the_line_at_its_price_with_all_its_takes(office: Office) -> None:
    production = await office.accept((await office.film()).id)

    assert (production.state, production.stage, production.price_microusd, production.accepted_at) == (
        ProductionState.ACCEPTED,
        Stage.QUEUE,
        3 * 600_000,
        100.0,
    )
    takes = await office.productions.takes_of(production.id)
    assert [(take.shot, take.state, take.price_microusd) for take in takes] == [
        (number, TakeState.WAITING, 600_000) for number in (1, 2, 3)
    ]
    assert await office.productions.active() == [production]


async def test_one_press_is_one_production_even_when_it_comes_twice_at_once(office: Office) -> None:
    project = await office.film()

    first, again = await asyncio.gather(office.accept(project.id), office.accept(project.id))

    assert first == again
    assert await office.productions.active() == [first]


async def test_the_same_press_after_the_end_orders_nothing_anew(office: Office) -> None:
    project = await office.film()
    production = await office.accept(project.id)
    await office.lifecycle.stop(production.id, OWNER)

    assert (await office.accept(project.id)).id == production.id
    assert await office.productions.active() == []


async def test_an_approver_greenlights_at_the_owners_cost_and_that_is_written_down(office: Office) -> None:
    project = await office.film()
    people = Participants(office.database, Wake())
    await people.invite(project.id, owner_id=OWNER, user_id=FRIEND, role=Role.DIRECTOR)
    with pytest.raises(RoleTooSmall):
        await office.accept(project.id, user_id=FRIEND)
    await people.invite(project.id, owner_id=OWNER, user_id=FRIEND, role=Role.APPROVER)

    production = await office.accept(project.id, user_id=FRIEND)

    assert (production.owner_id, production.greenlit_by) == (OWNER, FRIEND)
    async with office.database.transaction() as transaction:
        kept = (await transaction.execute(select(reservations.c.owner_id))).scalars().all()
        noted = (await transaction.execute(select(audit.c.actor_id, audit.c.action, audit.c.ref))).all()
    assert kept == [OWNER]
    assert [tuple(row) for row in noted] == [(FRIEND, "greenlight", production.id)]


async def test_what_cannot_be_rendered_is_refused_and_leaves_no_row(office: Office) -> None:
    project, unplanned = await office.film(), await office.film("2", planned=False)

    with pytest.raises(NoSuchFilm):
        await office.accept("0" * 32)
    with pytest.raises(NotYours) as foreign:
        await office.accept(project.id, user_id=STRANGER)
    with pytest.raises(NothingToRender):
        await office.accept(unplanned.id)
    with pytest.raises(PlanMoved) as moved:
        await office.accept(project.id, version=2)

    assert (foreign.value.owner_id, moved.value.version) == (OWNER, 1)
    assert await office.productions.active() == []


async def test_an_older_version_is_refused_once_there_is_a_newer(office: Office) -> None:
    project = await office.film()
    await office.projects.keep_plan(project.id, plan(version=2, title="Dragon"))

    with pytest.raises(PlanMoved) as moved:
        await office.accept(project.id, version=1)

    assert moved.value.version == 2


async def test_a_film_in_the_line_or_running_is_not_accepted_again_until_it_is_over(office: Office) -> None:
    project = await office.film()
    production = await office.accept(project.id)
    with pytest.raises(AlreadyRendering):
        await office.accept(project.id, press="second")
    await office.lifecycle.begin(production.id)
    with pytest.raises(AlreadyRendering):
        await office.accept(project.id, press="third")

    await office.lifecycle.end(production.id, ProductionState.FAILED, failure="Unavailable")

    assert (await office.accept(project.id, press="fourth")).state is ProductionState.ACCEPTED


async def test_two_presses_of_one_film_at_once_are_one_production(office: Office) -> None:
    project = await office.film()

    results = await asyncio.gather(
        *(office.accept(project.id, press=str(number)) for number in range(5)), return_exceptions=True
    )

    assert sorted(type(result).__name__ for result in results) == ["AlreadyRendering"] * 4 + ["Production"]


async def test_a_persons_line_is_bounded_and_another_persons_is_not_touched(office: Office) -> None:
    for number in range(MAX_WAITING):
        await office.accept((await office.film(str(number))).id, press=str(number))

    with pytest.raises(TooManyWaiting):
        await office.accept((await office.film("more")).id, press="more")

    other = await office.film("other", owner_id=STRANGER)
    assert (await office.accept(other.id, press="other", user_id=STRANGER)).state is ProductionState.ACCEPTED


async def test_a_server_bounds_how_many_films_of_a_member_wait(office: Office) -> None:
    share = Share(waiting=1)
    await office.accept((await office.film("1")).id, press="1", share=share)

    with pytest.raises(TooManyWaiting) as refused:
        await office.accept((await office.film("2")).id, press="2", share=share)

    assert refused.value.limit == 1


async def test_takes_made_before_are_kept_and_free(office: Office) -> None:
    production = await office.accept((await office.film()).id, kept=[2])

    takes = await office.productions.takes_of(production.id)
    assert [take.state for take in takes] == [TakeState.WAITING, TakeState.MADE, TakeState.WAITING]
    assert (takes[1].price_microusd, production.price_microusd) == (0, 2 * 600_000)


async def test_recordings_that_are_not_in_the_price_are_remembered(office: Office) -> None:
    project, castings = await office.film(), cast(plan(), CATALOGUE)

    production = await office.greenlights.accept(
        request_id="1",
        project_id=project.id,
        version=1,
        user_id=OWNER,
        castings=castings,
        quote=quote(castings, kept_sounds={"voice-1.mp3", "music-2.mp3"}),
    )

    assert production.kept_sounds == ("music-2.mp3", "voice-1.mp3")
