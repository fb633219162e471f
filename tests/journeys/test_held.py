"""A film of which an order went unanswered: its owner chooses, and gets one end for it, across crashes."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from sandbox.providers.faults import Reset
from tests.journeys.stage import Stage

SHOTS = 2


async def _held(stage: Stage) -> int:
    thread = await stage.plan(stage.mia)
    stage.providers.faults.add("runway", "POST", "/v1/text_to_video", Reset(applied=True))
    await stage.greenlight(stage.mia, thread)
    await stage.until(lambda: stage.card(thread, "Held"))
    await stage.until(lambda: "went silent" in stage.read(thread))
    await stage.until(lambda: stage.pressable(thread, "Stop"))
    assert len(stage.orders()) == SHOTS
    return thread


@pytest.mark.parametrize("killed", [False, True], ids=["", "killed after the press"])
async def test_ordering_again_orders_just_that_and_delivers_the_film(tmp_path: Path, killed: bool) -> None:
    async with Stage(tmp_path) as stage:
        thread = await _held(stage)
        assert "It may or may not have been charged (about $" in stage.read(thread)
        label = next(
            button for button in await stage.until(lambda: stage.labels(thread)) if button.startswith("Order again")
        )
        await stage.people.press(stage.mia, thread, label=label)
        await stage.until_told(stage.mia, "It goes on.")
        if killed:
            await stage.bot.kill()
            await stage.restart()
        await stage.film_in(thread)
        await stage.until(lambda: stage.card(thread, "Here is your film"))
        assert len(stage.orders()) == SHOTS + 1
        assert len(stage.films(thread)) == 1


async def test_a_film_is_finished_without_the_shot(tmp_path: Path) -> None:
    async with Stage(tmp_path) as stage:
        thread = await _held(stage)
        await stage.people.press(stage.mia, thread, label="Finish without it")
        await stage.until_told(stage.mia, "without what is missing")
        film = await stage.film_in(thread)
        assert "Left out, as you chose: shot" in film["content"]
        assert len(stage.orders()) == SHOTS


async def test_a_held_film_is_stopped_and_a_second_press_says_so(tmp_path: Path) -> None:
    async with Stage(tmp_path) as stage:
        thread = await _held(stage)
        await stage.people.press(stage.tom, thread, label="Stop")
        await stage.until_told(stage.tom, "belongs to")
        await stage.people.press(stage.mia, thread, label="Stop")
        await stage.until_told(stage.mia, "Stopped.")
        await stage.until(lambda: stage.card(thread, "Cancelled"))
        await stage.bot.kill()
        await stage.restart()
        await stage.people.press(stage.mia, thread, label="Finish without it")  # the old message still has it
        await stage.until_told(stage.mia, "decided already")
        assert not stage.films(thread)
        assert len(stage.orders()) == SHOTS


async def test_the_operators_rule_orders_again_unasked(tmp_path: Path) -> None:
    async with Stage(tmp_path, environ={"AMBIGUOUS_RETRY_USD": "5"}) as stage:
        thread = await stage.plan(stage.mia)
        stage.providers.faults.add("runway", "POST", "/v1/text_to_video", Reset(applied=True))
        await stage.greenlight(stage.mia, thread)
        await stage.film_in(thread)
        assert len(stage.orders()) == SHOTS + 1
        assert stage.rows("SELECT action FROM audit") == [("order again",)]


async def test_a_pause_survives_a_restart_and_the_film_goes_on_when_it_is_lifted(tmp_path: Path) -> None:
    async with Stage(tmp_path) as stage:
        thread = await stage.plan(stage.mia)
        await stage.bot.kill()
        _switch(stage, "INSERT INTO switches (name, by, reason, at) VALUES ('runway', 1, '', 0)")
        await stage.restart()
        await stage.greenlight(stage.mia, thread)
        await stage.until(lambda: stage.card(thread, "paused by the operator"))
        await stage.bot.kill()
        await stage.restart()
        await stage.say_and_wait(stage.mia, thread, "what is shot 1 about?")  # an order would come before this
        assert not stage.orders()
        await stage.bot.kill()
        _switch(stage, "DELETE FROM switches")
        await stage.restart()
        await stage.film_in(thread)
        assert len(stage.orders()) == SHOTS


def _switch(stage: Stage, statement: str) -> None:
    """As `/admin` would write it, while the bot is away."""
    with closing(sqlite3.connect(stage.database)) as connection, connection:
        connection.execute(statement)
