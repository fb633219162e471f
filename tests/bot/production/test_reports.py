"""What people report is decided once, and what is hidden is posted nowhere any more."""

from __future__ import annotations

import pytest
from sqlalchemy import insert, select

from bot.db import Database
from bot.db.tables import cards, reservations, storyboards
from bot.jobs.wake import Wake
from bot.production.approvals import Approvals
from bot.production.decisions import Decision, Decisions
from bot.production.model import ProductionState
from bot.production.ordering import film_to_order
from bot.production.reports import HIDDEN_EVERYWHERE, HIDDEN_HERE, MOST_A_DAY, Report, Reports, ReportState
from bot.studio.budget import Budgets
from bot.studio.errors import DecidedAlready, FilmHidden, FilmHiddenHere, NoSuchFilm, NotYours, TooManyReports
from tests.bot.production.test_productions import Office
from tests.bot.studio.samples import OWNER

TOM, SERVER = 2002, 5


class Place(Office):
    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.reports = Reports(database, Wake(), clock=lambda: self.now)

    async def reported(self, project_id: str, *, by: int = TOM, guild_id: int | None = SERVER) -> Report:
        await self.reports.report(project_id, reporter_id=by, guild_id=guild_id, reason="not nice")
        return next(each for each in await self.reports.pending() if each.reporter_id == by)


@pytest.fixture
def place(database: Database) -> Place:
    return Place(database)


@pytest.mark.parametrize("database", ["sqlite", "postgres"], indirect=True)
async def test_a_film_is_reported_once_by_each_person(place: Place) -> None:
    project = await place.film()

    first = await place.reports.report(project.id, reporter_id=TOM, guild_id=SERVER, reason="a")
    again = await place.reports.report(project.id, reporter_id=TOM, guild_id=SERVER, reason="b")

    assert (first, again) == (True, False)
    [report] = await place.reports.pending()
    assert (report.owner_id, report.reason, report.state, report.shown) == (OWNER, "a", ReportState.OPEN, None)


async def test_one_person_makes_so_many_reports_a_day(place: Place) -> None:
    films = [await place.film(str(number)) for number in range(MOST_A_DAY + 1)]
    for film in films[:-1]:
        await place.reports.report(film.id, reporter_id=TOM, guild_id=SERVER, reason="x")

    with pytest.raises(TooManyReports):
        await place.reports.report(films[-1].id, reporter_id=TOM, guild_id=SERVER, reason="x")

    place.now += 86_401
    assert await place.reports.report(films[-1].id, reporter_id=TOM, guild_id=SERVER, reason="x")


async def test_a_film_that_is_gone_cannot_be_reported(place: Place) -> None:
    with pytest.raises(NoSuchFilm):
        await place.reports.report("0" * 32, reporter_id=TOM, guild_id=SERVER, reason="x")


async def test_it_is_shown_in_every_state_and_answered_once(place: Place) -> None:
    report = await place.reported((await place.film()).id)
    await place.reports.told(report, 77, 501)
    await place.reports.shown(report)
    assert await place.reports.pending() == []

    await place.reports.decide(report.id, ReportState.DISMISSED, by=OWNER)
    [decided] = await place.reports.pending()
    assert (decided.told, decided.decided_by) == ({77: 501}, OWNER)
    await place.reports.shown(decided)
    [unanswered] = await place.reports.pending()
    await place.reports.answered(unanswered)

    assert await place.reports.pending() == []


async def test_all_reports_of_a_film_are_decided_at_once_and_by_one_person(place: Place) -> None:
    project = await place.film()
    first, second = await place.reported(project.id), await place.reported(project.id, by=TOM + 1)

    await place.reports.decide(first.id, ReportState.HIDDEN, by=OWNER)
    with pytest.raises(DecidedAlready):
        await place.reports.decide(second.id, ReportState.DISMISSED, by=OWNER)

    assert {each.state for each in await place.reports.pending()} == {ReportState.HIDDEN}


async def test_what_is_hidden_is_posted_nowhere_any_more(place: Place) -> None:
    production = await place.accept((await place.film()).id)
    await place.lifecycle.stop(production.id, OWNER)
    assert await place.outbox.due() == [production.id]
    report = await place.reported(production.project_id)

    await place.reports.decide(report.id, ReportState.HIDDEN, by=OWNER, everywhere=True)

    assert await place.outbox.due() == []
    with pytest.raises(FilmHidden):
        await place.outbox.redeliver(production.id)


async def test_what_is_hidden_is_not_ordered_any_more_and_can_only_be_stopped(place: Place) -> None:
    approvals = Approvals(
        place.database, place.productions, Budgets(place.database), Wake(), operators=frozenset({OWNER})
    )
    decisions = Decisions(place.database, place.productions, place.lifecycle, Wake(), clock=lambda: place.now)
    production = await place.accept((await place.film()).id)
    await place.lifecycle.begin(production.id)
    await place.lifecycle.end(production.id, ProductionState.HELD, failure="OutcomeUnknown")
    report = await place.reported(production.project_id)
    await place.reports.decide(report.id, ReportState.HIDDEN, by=OWNER, everywhere=True)

    for decision in (Decision.AGAIN, Decision.WITHOUT):
        with pytest.raises(FilmHidden):
            await decisions.decide(decision, production.id, OWNER)
    with pytest.raises(FilmHidden):
        await approvals.approve(production.id, OWNER, frozenset())
    with pytest.raises(FilmHidden):
        await place.accept(production.project_id, press="again")
    with pytest.raises(NotYours):
        await place.accept(production.project_id, press="again", user_id=TOM)
    async with place.database.transaction() as transaction:
        with pytest.raises(FilmHidden):  # as for its storyboard
            await film_to_order(transaction, production.project_id, 1, OWNER)

    await decisions.decide(Decision.STOP, production.id, OWNER)
    assert (await place.productions.get(production.id)).stopping


@pytest.mark.parametrize("database", ["sqlite", "postgres"], indirect=True)
async def test_a_film_that_waits_is_called_off_when_it_is_hidden_and_nothing_is_charged(place: Place) -> None:
    production = await place.accept((await place.film()).id)
    report = await place.reported(production.project_id)

    await place.reports.decide(report.id, ReportState.HIDDEN, by=TOM, everywhere=True)

    ended = await place.productions.get(production.id)
    assert (ended.state, ended.failure) == (ProductionState.CANCELLED, HIDDEN_EVERYWHERE)
    assert not await place.lifecycle.begin(production.id)
    async with place.database.transaction() as transaction:
        assert (await transaction.execute(select(reservations.c.settled_microusd))).scalar_one() == 0
    assert await place.outbox.due() == [production.id]  # its owner is told why
    assert await place.outbox.barred(production.id) == {SERVER}  # and nobody else


async def test_a_film_that_runs_when_it_is_hidden_goes_on_and_is_not_posted_until_that_is_lifted(place: Place) -> None:
    production = await place.accept((await place.film()).id)
    await place.lifecycle.begin(production.id)
    report = await place.reported(production.project_id)
    await place.reports.decide(report.id, ReportState.HIDDEN, by=TOM, everywhere=True)
    assert await place.state(production) is ProductionState.RUNNING
    await place.lifecycle.end(production.id, ProductionState.DONE, duration=1.0)
    assert await place.outbox.due() == []

    await place.reports.decide(report.id, ReportState.LIFTED, by=TOM, everywhere=True)

    assert await place.outbox.due() == [production.id]


async def test_what_a_server_hides_is_called_off_and_not_ordered_there_until_that_is_lifted(place: Place) -> None:
    production = await place.accept((await place.film()).id)
    report = await place.reported(production.project_id)

    await place.reports.decide(report.id, ReportState.HIDDEN, by=TOM)

    assert (await place.productions.get(production.id)).failure == HIDDEN_HERE
    with pytest.raises(FilmHiddenHere):
        await place.accept(production.project_id, press="again")
    await place.reports.decide(report.id, ReportState.LIFTED, by=TOM)
    again = await place.accept(production.project_id, press="once more")
    assert again.state is ProductionState.ACCEPTED


async def test_what_an_operator_hid_stays_hidden_when_a_server_shows_what_it_hid_itself(place: Place) -> None:
    project_id = (await place.film()).id
    theirs = await place.reported(project_id)
    await place.reports.decide(theirs.id, ReportState.HIDDEN, by=TOM)
    operators = await place.reported(project_id, by=TOM + 1)
    await place.reports.decide(operators.id, ReportState.HIDDEN, by=OWNER, everywhere=True)

    await place.reports.decide(theirs.id, ReportState.LIFTED, by=TOM)

    assert (await place.reports.get(operators.id)).state is ReportState.HIDDEN
    assert await place.reports.hides(project_id, SERVER)


async def test_a_storyboard_that_was_withdrawn_gets_a_card_again_when_it_is_shown_again(place: Place) -> None:
    project_id = (await place.film()).id
    report = await place.reported(project_id)
    board = {
        "id": "b" * 32, "request_id": "r", "project_id": project_id, "version": 1, "owner_id": OWNER,
        "guild_id": SERVER, "provider": "gemini", "model": "m", "ratio": "16:9", "state": "over",
        "price_microusd": 1, "accepted_at": 1.0, "updated_at": 1.0,
    }  # fmt: skip
    async with place.database.transaction() as transaction:
        await transaction.execute(insert(storyboards).values(**board))
        card = {
            "kind": "storyboard",
            "ref": "b" * 32,
            "channel_id": 7,
            "message_id": 70,
            "settled": 1,
            "stamp": 1.0,
            "created_at": 1.0,
        }
        await transaction.execute(insert(cards).values(**card))
    await place.reports.decide(report.id, ReportState.HIDDEN, by=TOM)

    await place.reports.decide(report.id, ReportState.LIFTED, by=TOM)

    async with place.database.transaction() as transaction:
        row = (await transaction.execute(select(cards.c.settled, cards.c.message_id))).one()
    assert tuple(row) == (0, None)


async def test_what_another_server_hides_leaves_a_film_in_the_line(place: Place) -> None:
    production = await place.accept((await place.film()).id)
    report = await place.reported(production.project_id, guild_id=SERVER + 1)

    await place.reports.decide(report.id, ReportState.HIDDEN, by=TOM)

    assert await place.state(production) is ProductionState.ACCEPTED
    await place.lifecycle.stop(production.id, OWNER)
    await place.accept(production.project_id, press="again")


async def test_what_is_not_hidden_cannot_be_lifted(place: Place) -> None:
    report = await place.reported((await place.film()).id)
    await place.reports.decide(report.id, ReportState.DISMISSED, by=OWNER)

    with pytest.raises(DecidedAlready):
        await place.reports.decide(report.id, ReportState.LIFTED, by=OWNER)


async def test_whoever_reported_it_is_answered_anew_when_it_is_lifted(place: Place) -> None:
    report = await place.reported((await place.film()).id)
    await place.reports.decide(report.id, ReportState.HIDDEN, by=OWNER)
    [hidden] = await place.reports.pending()
    await place.reports.shown(hidden)
    await place.reports.answered(hidden)

    await place.reports.decide(report.id, ReportState.LIFTED, by=OWNER)

    [lifted] = await place.reports.pending()
    assert (lifted.state, lifted.shown, lifted.answered_at) == (ReportState.LIFTED, ReportState.HIDDEN, None)


async def test_what_a_server_decides_holds_there_and_leaves_the_reports_of_others_open(place: Place) -> None:
    production = await place.accept((await place.film()).id)
    await place.lifecycle.stop(production.id, OWNER)
    here = await place.reported(production.project_id)
    there = await place.reported(production.project_id, by=TOM + 1, guild_id=SERVER + 1)

    await place.reports.decide(here.id, ReportState.HIDDEN, by=OWNER)

    assert (await place.reports.get(there.id)).state is ReportState.OPEN
    assert await place.outbox.due() == [production.id]
    assert await place.outbox.barred(production.id) == {SERVER}
    with pytest.raises(FilmHiddenHere):
        await place.outbox.redeliver(production.id, channel_id=9, guild_id=SERVER)
    await place.outbox.redeliver(production.id, channel_id=9, guild_id=SERVER + 1)


async def test_what_an_operator_decides_holds_for_the_reports_of_all_servers(place: Place) -> None:
    film = await place.film()
    here, there = await place.reported(film.id), await place.reported(film.id, by=TOM + 1, guild_id=None)

    await place.reports.decide(here.id, ReportState.DISMISSED, by=OWNER, everywhere=True)

    assert (await place.reports.get(there.id)).state is ReportState.DISMISSED
