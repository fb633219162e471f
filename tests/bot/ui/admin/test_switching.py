"""`/admin pause|drain|resume` obeys operators only, and says what still runs."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from sqlalchemy import Row, select

from bot.db import Database
from bot.db.tables import drains
from bot.jobs.wake import Wake
from bot.production.drains import Drains
from bot.production.switches import ALL, Switches
from bot.studio.errors import NotOperator
from bot.ui.admin.switching import Switching
from bot.ui.desk import Desk
from bot.ui.rights import Rights
from tests.bot.studio.samples import CATALOGUE, OWNER
from tests.bot.ui.test_desk import OPERATOR, RUNWAY, Counter


def _switching(database: Database) -> Switching:
    counter = Counter(database)
    operators = frozenset({OPERATOR})
    desk = Desk(
        projects=counter.projects,
        productions=counter.productions,
        greenlights=counter.greenlights,
        lifecycle=counter.lifecycle,
        outbox=counter.outbox,
        catalogue=CATALOGUE,
        offer=RUNWAY,
        changed=Wake(),
        operators=operators,
        switches=Switches(database, Wake()),
        drains=Drains(database, Wake()),
    )
    return Switching(desk, Rights(operators))


async def test_pausing_tells_how_many_films_still_run(database: Database) -> None:
    counter, switching = Counter(database), _switching(database)
    production = await counter.accept((await counter.film()).id)
    await counter.lifecycle.begin(production.id)

    said = await switching.pause(OPERATOR, ALL, "a deploy")

    assert said.startswith("Paused. New films wait in line")
    assert said.endswith("1 film still runs.")
    assert await switching.resume(OPERATOR, ALL) == "It goes on."
    assert await switching.resume(OPERATOR, ALL) == "That was not paused."


async def test_nobody_else_pauses_or_resumes(database: Database) -> None:
    switching = _switching(database)
    await switching.pause(OPERATOR, "runway", "")

    with pytest.raises(NotOperator):
        await switching.pause(OWNER, ALL, "")
    with pytest.raises(NotOperator):
        await switching.drain(OWNER, ALL, "")
    with pytest.raises(NotOperator):
        await switching.resume(OWNER, "runway")

    assert await Switches(database, Wake()).paused() == {"runway"}


async def test_a_drain_says_what_still_runs_and_that_its_end_is_told(database: Database) -> None:
    counter, switching = Counter(database), _switching(database)
    production = await counter.accept((await counter.film()).id)
    await counter.lifecycle.begin(production.id)
    await switching.pause(OPERATOR, "elevenlabs", "")

    said = await switching.drain(OPERATOR, ALL, "a deploy")

    assert said.startswith("Draining: no film and no storyboard begins. 1 film still runs. I write to you once")
    assert said.endswith("Paused by itself: elevenlabs. What needs that waits, and does not end.")
    assert [(each.name, each.by) for each in await _drains(database)] == [(ALL, OPERATOR)]


async def test_a_drain_where_nothing_runs_says_so_at_once(database: Database) -> None:
    switching = _switching(database)

    said = await switching.drain(OPERATOR, ALL, "")
    of_one = await switching.drain(OPERATOR, "runway", "")

    assert said.startswith("No film runs. It is safe to stop me.")
    assert of_one.startswith("Nothing is under way at runway. Nothing is ordered there")
    assert await _drains(database) == []


async def test_a_pause_of_one_service_counts_the_films_that_wait_for_it(database: Database) -> None:
    counter, switching = Counter(database), _switching(database)
    production = await counter.accept((await counter.film()).id)
    await counter.lifecycle.begin(production.id)

    said = await switching.pause(OPERATOR, "runway", "")

    assert said.endswith("Nothing is under way at runway.")


async def _drains(database: Database) -> Sequence[Row[tuple[object, ...]]]:
    async with database.transaction() as transaction:
        return (await transaction.execute(select(drains))).all()
