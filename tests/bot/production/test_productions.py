"""Productions as rows: accepted once, changed on conditions, ended once."""

from __future__ import annotations

import asyncio
from collections.abc import Collection

import pytest
from sqlalchemy import select

from bot.db import Database
from bot.db.tables import audit, reservations
from bot.jobs.wake import Wake
from bot.production.deletions import Deletions
from bot.production.greenlights import MAX_WAITING, Greenlights
from bot.production.lifecycle import Lifecycle
from bot.production.model import Production, ProductionState, Stage, TakeState
from bot.production.outbox import Outbox
from bot.production.productions import Productions
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
from bot.studio.guilds import EVEN, Share
from bot.studio.model import Project
from bot.studio.participants import Participants
from bot.studio.projects import Projects
from bot.studio.pseudonyms import Pseudonyms
from bot.studio.rights import Role
from bot.studio.shards import Shards
from tests.bot.studio.samples import CATALOGUE, OWNER, plan, request

ON_BOTH_DATABASES = True

STRANGER, FRIEND = 2002, 3003


class Office:
    def __init__(self, database: Database) -> None:
        self.now = 100.0
        self.database = database
        self.projects = Projects(database, clock=lambda: self.now)
        self.productions = Productions(database)
        self.greenlights = Greenlights(database, Wake(), clock=lambda: self.now)
        self.lifecycle = Lifecycle(database, Wake(), clock=lambda: self.now)
        self.outbox = Outbox(database, Wake(), clock=lambda: self.now)

    async def film(self, request_id: str = "1", *, planned: bool = True, owner_id: int = OWNER) -> Project:
        project, _ = await self.projects.create(request(request_id, owner_id=owner_id), model="gen4.5")
        if planned:
            await self.projects.keep_plan(project.id, plan())
        return project

    async def accept(
        self,
        project_id: str,
        *,
        press: str = "press",
        version: int = 1,
        user_id: int = OWNER,
        kept: Collection[int] = (),
        share: Share = EVEN,
    ) -> Production:
        """Greenlight three equal shots, of which those `kept` are made."""
        castings = cast(plan(), CATALOGUE)
        made = {casting.content for casting in castings if casting.number in kept}
        return await self.greenlights.accept(
            request_id=press,
            project_id=project_id,
            version=version,
            user_id=user_id,
            castings=castings,
            quote=quote(castings, made),
            share=share,
        )

    async def delete(self, production: Production) -> None:
        """What its owner asks for; nothing is erased yet."""
        deletions = Deletions(self.database, Wake(), Pseudonyms(), clock=lambda: self.now)
        await deletions.ask_film(OWNER, production.project_id)

    async def state(self, production: Production) -> ProductionState:
        return (await self.productions.get(production.id)).state


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


# Stopping and ending


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


async def test_an_end_is_undelivered_until_it_was_posted(office: Office) -> None:
    production = await office.accept((await office.film()).id)
    assert await office.productions.undelivered() == []
    await office.lifecycle.begin(production.id)
    await office.lifecycle.end(production.id, ProductionState.DONE, duration=1.0)
    assert [each.id for each in await office.productions.undelivered()] == [production.id]

    await office.outbox.posted(await office.productions.get(production.id), 77)

    assert await office.productions.undelivered() == []
    assert (await office.productions.get(production.id)).delivered_message_id == 77


async def test_the_latest_production_of_a_film_is_the_one_accepted_last(office: Office) -> None:
    project = await office.film()
    assert await office.productions.latest_of(project.id) is None
    for number in range(3):
        office.now += 1.0
        last = await office.accept(project.id, press=str(number))
        await office.lifecycle.stop(last.id, OWNER)

    latest = await office.productions.latest_of(project.id)

    assert latest is not None
    assert latest.id == last.id


async def test_of_greenlights_pressed_at_the_same_time_one_is_taken(database: Database) -> None:
    office = Office(database)
    project = await office.film("1")

    taken = await asyncio.gather(
        *(office.accept(project.id, press=f"press {number}") for number in range(4)), return_exceptions=True
    )

    assert sorted(type(each).__name__ for each in taken) == [*["AlreadyRendering"] * 3, "Production"]


async def test_an_end_is_posted_by_whoever_serves_its_server(office: Office, database: Database) -> None:
    production = await office.accept((await office.film()).id)  # in server 5, which is shard 0's
    await office.lifecycle.stop(production.id, OWNER)
    told = {text: await Outbox(database, Wake(), shards=Shards.parse(text)).due() for text in ("0/2", "1/2")}
    assert told == {"0/2": [production.id], "1/2": []}
