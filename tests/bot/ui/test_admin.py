"""`/admin` obeys operators only, and says what still runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.db import Database
from bot.jobs.wake import Wake
from bot.production.switches import ALL, Switches
from bot.studio.errors import NotOperator
from bot.ui.client import Greenlight
from bot.ui.commands import admin
from bot.ui.desk import Desk
from tests.bot.studio.samples import CATALOGUE, OWNER
from tests.bot.ui.test_desk import OPERATOR, RUNWAY, Counter


def _client(database: Database, folder: Path, operators: frozenset[int]) -> Greenlight:
    counter = Counter(database)
    desk = Desk(
        projects=counter.projects,
        productions=counter.productions,
        catalogue=CATALOGUE,
        offer=RUNWAY,
        changed=Wake(),
        operators=operators,
        switches=Switches(database, Wake()),
    )
    client = Greenlight(desk=desk, projects=counter.projects, sync_mark=folder / "commands.sha256")
    admin.add_to(client)
    return client


@pytest.mark.parametrize(("operators", "shown"), [(frozenset[int](), False), (frozenset({OPERATOR}), True)])
async def test_the_command_exists_where_there_are_operators(
    database: Database, tmp_path: Path, operators: frozenset[int], shown: bool
) -> None:
    client = _client(database, tmp_path, operators)

    assert [command.name for command in client.tree.get_commands()] == (["admin"] if shown else [])


async def test_pausing_tells_how_many_films_still_run(database: Database, tmp_path: Path) -> None:
    counter, client = Counter(database), _client(database, tmp_path, frozenset({OPERATOR}))
    production = await counter.accept((await counter.film()).id)
    await counter.productions.begin(production.id)

    said = await admin.pausing(client, OPERATOR, ALL, "a deploy")

    assert said.startswith("Paused. New films wait in line")
    assert said.endswith("1 film still runs.")
    assert await admin.resuming(client, OPERATOR, ALL) == "It goes on."
    assert await admin.resuming(client, OPERATOR, ALL) == "That was not paused."


async def test_nobody_else_pauses_or_resumes(database: Database, tmp_path: Path) -> None:
    client = _client(database, tmp_path, frozenset({OPERATOR}))
    await admin.pausing(client, OPERATOR, "runway", "")

    with pytest.raises(NotOperator):
        await admin.pausing(client, OWNER, ALL, "")
    with pytest.raises(NotOperator):
        await admin.resuming(client, OWNER, "runway")

    assert await Switches(database, Wake()).paused() == {"runway"}
