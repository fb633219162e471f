"""Safer words are bought like any other: not once the whole bot's day is used up."""

from __future__ import annotations

from typing import Any

import pytest

from bot.db import Database
from bot.jobs.wake import Wake
from bot.studio.budget import Budgets, Caps
from bot.studio.errors import OverBudget
from bot.studio.rights import FilmRights
from bot.ui.safer_words import SaferWords
from tests.bot.production.test_productions import Office
from tests.bot.studio.samples import OWNER


async def test_no_model_is_asked_for_safer_words_once_the_day_is_used_up(database: Database) -> None:
    class Softener:
        async def soften(self, *_: object) -> None:
            raise AssertionError("asked")

    office, softener = Office(database), Softener()
    budgets = Budgets(database, Caps(bot_day_microusd=0), clock=lambda: office.now)
    production = await office.accept((await office.film()).id)
    unasked: Any = softener
    words = SaferWords(office.projects, office.productions, unasked, Wake(), FilmRights(), budgets)

    with pytest.raises(OverBudget):
        await words.soften(production.project_id, 1, OWNER)
