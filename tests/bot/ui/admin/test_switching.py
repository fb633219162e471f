"""`/admin pause|resume` obeys operators only, and says what still runs."""

from __future__ import annotations

import pytest

from bot.db import Database
from bot.jobs.wake import Wake
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
        await switching.resume(OWNER, "runway")

    assert await Switches(database, Wake()).paused() == {"runway"}
