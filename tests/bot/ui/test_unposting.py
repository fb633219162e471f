"""Our messages about a deleted film go, wherever it was talked over; everybody else's stay."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select, update

from bot.db import Database
from bot.db.tables import productions, projects, turns
from bot.production.model import ProductionState
from tests.bot.production.deleting import BOT, HOME, OTHER, OTHERS_WORD, PERSON, THREAD, WORD, Scene


@pytest.fixture
async def scene(database: Database, tmp_path: Path) -> Scene:
    found = Scene(database, tmp_path)
    await found.fill()
    return found


async def test_in_a_channel_of_many_films_only_what_is_of_this_one_goes(scene: Scene) -> None:
    async with scene.database.transaction() as transaction:
        film = (await transaction.execute(select(projects.c.id).where(projects.c.owner_id == OTHER))).scalar_one()
        made = (await transaction.execute(select(productions.c.id).where(productions.c.owner_id == OTHER))).scalar_one()
    home = scene.server.channels[HOME]
    home.say(910, BOT, f"as much {OTHERS_WORD} as you like", answers=5_004)  # to what its owner said
    home.say(911, BOT, "", file=f"greenlight-{made}-2.mp4")
    home.say(912, BOT, f"It is not finished.\n-# plan v1 · {made[:8]}")
    home.say(913, BOT, "about another film", answers=5_001)
    home.say(914, BOT, "", file="greenlight-of-another.mp4")
    home.say(915, BOT, f"and more {OTHERS_WORD}")  # the rest of a long answer, which replies to nothing
    async with scene.database.transaction() as transaction:
        of_film = turns.c.project_id == film
        turn = (await transaction.execute(select(turns.c.id).where(of_film).limit(1))).scalar_one()
    await scene.projects.showing(turn, [910, 915])

    await scene.deletions.ask_film(OTHER, film)
    await scene.work()

    assert set(home.messages) == {THREAD, 901, 902, 913, 914}


async def test_in_a_dm_everything_of_ours_goes_where_everything_is_deleted(scene: Scene) -> None:
    async with scene.database.transaction() as transaction:
        dm = {"guild_id": None, "channel_id": THREAD, "thread_id": THREAD}
        await transaction.execute(update(projects).where(projects.c.owner_id == PERSON).values(dm))
    scene.server.channels[THREAD].say(915, BOT, f"something of {WORD} that no row knows")

    await scene.deletions.ask_everything(PERSON)
    await scene.work()

    assert set(scene.server.channels[THREAD].messages) == {804}  # what they wrote


async def test_where_we_may_not_delete_the_rest_goes_all_the_same(scene: Scene) -> None:
    scene.server.channels[THREAD].closed = True

    await scene.deletions.ask_everything(PERSON)
    await scene.work()

    assert 803 in scene.server.channels[THREAD].messages
    rows = await scene.rows()
    assert [row["owner_id"] for row in rows[projects]] == [OTHER]
    assert {row["state"] for row in rows[productions]} == {ProductionState.ACCEPTED}  # the other's
