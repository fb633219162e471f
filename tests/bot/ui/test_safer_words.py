"""Safer words: what is shown of them, and that they are bought like any other."""

from __future__ import annotations

from typing import Any

import pytest
from discord import ui

from bot.db import Database
from bot.jobs.wake import Wake
from bot.studio.budget import Budgets, Caps
from bot.studio.errors import OverBudget
from bot.studio.model import MAX_SHOTS, Plan
from bot.studio.rights import FilmRights
from bot.ui.card_layout import fits, fitted
from bot.ui.safer_words import SaferWords, difference, difference_view
from tests.bot.production.test_productions import Office
from tests.bot.studio.samples import OWNER, plan, shot
from tests.bot.ui.test_cards import text


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


async def test_whoever_pressed_reads_what_is_different_on_a_card(database: Database) -> None:
    class Softener:
        async def soften(self, *_: object) -> Plan:
            return plan(shot("One", prompt="calm"), shot("Two"), shot("Three"), version=2)

    office, softener = Office(database), Softener()
    production = await office.accept((await office.film()).id)
    unasked: Any = softener
    words = SaferWords(office.projects, office.productions, unasked, Wake(), FilmRights(), Budgets(database))

    found = await words.soften(production.project_id, 1, OWNER)

    assert isinstance(found.view, ui.LayoutView)
    assert "**Plan v2** has safer words" in text(found.view)
    assert "> now: calm" in text(found.view)


async def test_a_dozen_refused_shots_are_shown_in_one_message_that_discord_takes() -> None:
    before = plan(*(shot(f"Shot {n}", prompt="*_~" * 300) for n in range(MAX_SHOTS)))
    after = plan(*(shot(f"Shot {n}", prompt="~_*" * 300) for n in range(MAX_SHOTS)), version=2)

    card = fitted(lambda room: difference_view(difference(before, after, room)))

    assert fits(card)
    assert f"**Shot {MAX_SHOTS}** was:" in difference(before, after, 16)
