"""Rows that stay lose their name, however often that is done and whatever was written meanwhile."""

from __future__ import annotations

import pytest
from sqlalchemy import insert, select

from bot.db import Database
from bot.db.tables import blocks, caps, reports
from bot.production.erased_rows import erase_words, unname
from bot.production.reports import ReportState
from tests.bot.production.test_productions import Office

ON_BOTH_DATABASES = True

PERSON, NOBODY_KNOWS, OPERATOR, OTHER, NOW = 41, -41, 9, 5, 1000.0


def report_of(project_id: str, state: ReportState, *, number: int, owner_id: int = OTHER) -> dict[str, object]:
    row = {"id": f"{number:032x}", "project_id": project_id, "owner_id": owner_id, "reporter_id": PERSON, "at": NOW}
    return {**row, "reason": "a word", "state": state}


async def test_what_was_written_again_meanwhile_takes_the_place_of_what_has_lost_its_name(database: Database) -> None:
    for microusd in (10, 20):
        async with database.transaction() as transaction:
            await transaction.execute(
                insert(caps).values(name="user_day", ref=PERSON, microusd=microusd, by=OPERATOR, at=NOW)
            )
            await transaction.execute(
                insert(blocks).values(guild_id=0, user_id=PERSON, reason=str(microusd), by=OPERATOR, at=NOW)
            )
        async with database.transaction() as transaction:
            await unname(transaction, PERSON, NOBODY_KNOWS, NOW)

    async with database.transaction() as transaction:
        sums = (await transaction.execute(select(caps.c.ref, caps.c.microusd))).all()
        kept_out = (await transaction.execute(select(blocks.c.user_id, blocks.c.reason))).all()
    assert (sums, kept_out) == ([(NOBODY_KNOWS, 20)], [(NOBODY_KNOWS, "20")])


@pytest.mark.parametrize(
    ("first", "second", "stays"),
    [
        (ReportState.DISMISSED, ReportState.OPEN, ReportState.OPEN),
        (ReportState.HIDDEN, ReportState.OPEN, ReportState.HIDDEN),
        (ReportState.OPEN, ReportState.HIDDEN, ReportState.HIDDEN),
    ],
)
async def test_a_film_that_is_reported_again_meanwhile_has_one_report(
    database: Database, first: ReportState, second: ReportState, stays: ReportState
) -> None:
    for number, state in enumerate((first, second)):
        async with database.transaction() as transaction:
            await transaction.execute(insert(reports).values(**report_of("a" * 32, state, number=number)))
        async with database.transaction() as transaction:
            await unname(transaction, PERSON, NOBODY_KNOWS, NOW)

    async with database.transaction() as transaction:
        left = (await transaction.execute(select(reports.c.reporter_id, reports.c.reason, reports.c.state))).all()
    assert left == [(NOBODY_KNOWS, "", stays)]


async def test_reports_go_with_their_film(database: Database) -> None:
    kept, gone = "a" * 32, "b" * 32
    async with database.transaction() as transaction:
        for number, film in enumerate((kept, gone)):
            await transaction.execute(insert(reports).values(**report_of(film, ReportState.HIDDEN, number=number)))
        await erase_words(transaction, gone, [])
        assert (await transaction.execute(select(reports.c.project_id))).scalars().all() == [kept]


async def test_a_report_names_the_owner_of_a_film_only_while_it_is_there(database: Database) -> None:
    office = Office(database)
    film = await office.film()
    async with database.transaction() as transaction:
        for number, project_id in enumerate((film.id, "b" * 32)):
            row = report_of(project_id, ReportState.OPEN, number=number, owner_id=film.owner_id)
            await transaction.execute(insert(reports).values(**row))
        await unname(transaction, film.owner_id, NOBODY_KNOWS, NOW)
        owners = (await transaction.execute(select(reports.c.owner_id).order_by(reports.c.id))).scalars().all()
    assert owners == [film.owner_id, NOBODY_KNOWS]
