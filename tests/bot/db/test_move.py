"""Moving from a file to PostgreSQL: all rows, all money, into an empty database alone."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import select

from bot.db import Database, open_database
from bot.db.move import NotEmpty, move
from bot.db.tables import paid_calls, productions, turns
from tests.bot.production.test_productions import Office
from tests.bot.studio.samples import OWNER


@pytest.fixture
async def target(postgres_database: str) -> AsyncIterator[Database]:
    opened = await open_database(postgres_database)
    yield opened
    await opened.close()


async def rows(database: Database) -> list[list[dict[str, object]]]:
    async with database.transaction() as transaction:
        return [
            [dict(row) for row in (await transaction.execute(select(table))).mappings()]
            for table in (productions, turns, paid_calls)
        ]


async def lived_in(database: Database) -> Office:
    office = Office(database)
    project = await office.film("1")
    await office.projects.hear(project.id, message_id=1 << 60, author_id=OWNER, words="a koi 🐉")
    production = await office.accept(project.id, press="1")
    await office.lifecycle.begin(production.id)
    return office


async def test_every_row_arrives_as_it_left(database: Database, target: Database) -> None:
    await lived_in(database)

    moved = await move(database, target)

    assert await rows(target) == await rows(database)
    assert moved["productions"].rows == 1
    assert dict(moved["productions"].microusd)["price_microusd"] > 0


async def test_rows_that_come_after_the_move_get_numbers_of_their_own(database: Database, target: Database) -> None:
    await lived_in(database)
    await move(database, target)
    office = Office(target)
    project = await office.projects.unanswered()

    turn = await office.projects.hear(project[0].project_id, message_id=2, author_id=OWNER, words="faster")

    assert turn is not None
    assert turn > project[0].turn_id


async def test_a_database_in_use_is_left_as_it_is(database: Database, target: Database) -> None:
    await lived_in(database)
    await lived_in(target)
    before = await rows(target)

    with pytest.raises(NotEmpty):
        await move(database, target)

    assert await rows(target) == before


async def test_a_film_under_way_is_anybodys_to_take_up_after_the_move(database: Database, target: Database) -> None:
    await lived_in(database)
    await move(database, target)
    office = Office(target)

    await office.lifecycle.inherit(None, "ana")

    assert [production.worker for production in await office.productions.running()] == ["ana"]
