"""The life of a production: changed on conditions, ended once."""

from __future__ import annotations

import pytest

from bot.db import Database
from bot.jobs.wake import Wake
from bot.production.model import ProductionState, Stage
from bot.studio.errors import (
    NoSuchFilm,
    NotYours,
    RoleTooSmall,
)
from bot.studio.participants import Participants
from bot.studio.rights import Role
from tests.bot.production.test_productions import FRIEND, STRANGER, Office
from tests.bot.studio.samples import OWNER

ON_BOTH_DATABASES = True


@pytest.fixture
def office(database: Database) -> Office:
    return Office(database)


async def test_an_approver_may_stop_what_was_ordered_and_its_owner_is_told(office: Office) -> None:
    project = await office.film()
    production = await office.accept(project.id)
    people = Participants(office.database, Wake())
    await people.invite(project.id, owner_id=OWNER, user_id=FRIEND, role=Role.VIEWER)
    with pytest.raises(RoleTooSmall):
        await office.lifecycle.stop(production.id, FRIEND)
    await people.invite(project.id, owner_id=OWNER, user_id=FRIEND, role=Role.APPROVER)

    stopped = await office.lifecycle.stop(production.id, FRIEND)

    assert (stopped.state, stopped.failure) == (ProductionState.CANCELLED, "CancelledByApprover")


async def test_one_in_the_line_that_is_stopped_is_over_at_once_and_never_begins(office: Office) -> None:
    production = await office.accept((await office.film()).id)

    stopped = await office.lifecycle.stop(production.id, OWNER)

    assert (stopped.state, stopped.stage, stopped.stopping) == (ProductionState.CANCELLED, Stage.OVER, False)
    assert not await office.lifecycle.begin(production.id)


async def test_one_that_runs_is_asked_to_stop_and_goes_on_until_it_is_settled(office: Office) -> None:
    production = await office.accept((await office.film()).id)
    assert await office.lifecycle.begin(production.id)

    stopped = await office.lifecycle.stop(production.id, OWNER)

    assert (stopped.state, stopped.stopping) == (ProductionState.RUNNING, True)


async def test_a_stranger_stops_nothing(office: Office) -> None:
    production = await office.accept((await office.film()).id)

    with pytest.raises(NotYours):
        await office.lifecycle.stop(production.id, STRANGER)
    with pytest.raises(NoSuchFilm):
        await office.lifecycle.stop("0" * 32, OWNER)

    assert await office.state(production) is ProductionState.ACCEPTED


async def test_a_production_begins_once(office: Office) -> None:
    production = await office.accept((await office.film()).id)

    assert [await office.lifecycle.begin(production.id) for _ in range(2)] == [True, False]


async def test_a_deleted_film_does_not_begin_and_can_be_stopped(office: Office) -> None:
    production = await office.accept((await office.film()).id)
    await office.delete(production)

    assert not await office.lifecycle.begin(production.id)
    assert (await office.lifecycle.stop(production.id, OWNER)).state is ProductionState.CANCELLED


@pytest.mark.parametrize("second", [state for state in ProductionState if state is not ProductionState.DONE])
async def test_a_production_ends_once(office: Office, second: ProductionState) -> None:
    production = await office.accept((await office.film()).id)
    await office.lifecycle.begin(production.id)
    office.now = 200.0
    await office.lifecycle.end(production.id, ProductionState.DONE, duration=15.2)
    office.now = 300.0

    await office.lifecycle.end(production.id, second, failure="Bug")
    await office.lifecycle.enter(production.id, Stage.CUT)
    await office.lifecycle.stop(production.id, OWNER)

    ended = await office.productions.get(production.id)
    assert (ended.state, ended.stage, ended.failure, ended.film_duration, ended.finished_at, ended.stopping) == (
        ProductionState.DONE,
        Stage.OVER,
        None,
        15.2,
        200.0,
        False,
    )
