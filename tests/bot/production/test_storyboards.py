"""Storyboards as rows: who may order one, when, and within which caps; once for a press."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.db import Database
from bot.media.ffmpeg import Ffmpeg
from bot.production.storyboards import StillState, end_restored
from bot.studio.budget import Caps
from bot.studio.errors import AlreadyDrawing, Cap, NotYours, OverBudget, PlanMoved
from tests.bot.production.test_illustrator import PRICE, Atelier, atelier
from tests.bot.studio.samples import OWNER, plan

__all__ = ["atelier"]

ON_BOTH_DATABASES = True


async def test_one_press_is_one_storyboard_and_a_second_waits_for_the_first(atelier: Atelier) -> None:
    film = await atelier.film("1")
    board = await atelier.order(film.id)

    assert (await atelier.order(film.id)).id == board.id
    with pytest.raises(AlreadyDrawing):
        await atelier.order(film.id, press="2")


async def test_only_its_owner_orders_one_of_the_newest_plan_within_the_caps(
    database: Database, tmp_path: Path, ffmpeg: Ffmpeg
) -> None:
    atelier = Atelier(database, tmp_path / "data", ffmpeg, Caps(user_day_microusd=2 * PRICE))
    film = await atelier.film("1")

    with pytest.raises(NotYours):
        await atelier.order(film.id, user_id=OWNER + 1)
    with pytest.raises(PlanMoved):
        await atelier.order(film.id, plan(version=2))
    with pytest.raises(OverBudget) as refused:
        await atelier.order(film.id)
    assert refused.value.cap is Cap.USER_DAY
    assert await atelier.storyboards.being_drawn() == []


async def test_after_a_restore_what_was_being_drawn_is_over_and_not_drawn_by_guessing(atelier: Atelier) -> None:
    board = await atelier.order((await atelier.film("1")).id)

    async with atelier.database.transaction() as transaction:
        assert await end_restored(transaction, 9.0) == [board.id]

    assert await atelier.storyboards.being_drawn() == []
    assert await atelier.states(board) == [(StillState.UNKNOWN, "OutcomeUnknown")] * 3
