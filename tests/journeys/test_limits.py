"""A film at its service's limit: who waits is told, and a crash forgets nothing of what was spent."""

from __future__ import annotations

import asyncio
from pathlib import Path

from sandbox.discord.reading import text_of
from tests.journeys.stage import Stage


async def test_a_film_at_the_limit_of_its_service_says_how_many_are_ahead_and_when_it_goes_on(tmp_path: Path) -> None:
    async with Stage(tmp_path, environ={"RUNWAY_REQUESTS_PER_MINUTE": "1"}) as stage:
        thread = await stage.plan(stage.mia, "a koi that becomes a dragon, 4 shots")
        await stage.greenlight(stage.mia, thread)
        # While the second order is on its way there are three in the line, and the first of them, being just about to
        # go, is told nothing: "next" is there once two are left.
        card = await stage.until(lambda: stage.card(thread, "waiting: next"))
        assert "waiting: 1 ahead of it" in text_of(card)
        assert "starts <t:" in text_of(card)
        assert "runway-" not in text_of(card), "accounts and keys are the operator's words"
        await stage.people.press(stage.mia, thread, label="Cancel")
        await stage.until(lambda: stage.card(thread, "Cancelled"))


async def test_what_was_spent_survives_kill_9(tmp_path: Path) -> None:
    async with Stage(tmp_path, environ={"RUNWAY_REQUESTS_PER_MINUTE": "1"}) as stage:
        thread = await stage.plan(stage.mia, "a koi that becomes a dragon, 4 shots")
        await stage.greenlight(stage.mia, thread)
        await stage.until_ordered(lambda: len(stage.orders()) == 2)  # each of two accounts has its one
        await stage.until(lambda: stage.card(thread, "waiting: next"))
        await stage.bot.kill()
        await stage.restart()
        again = await stage.plan(stage.tom, "a kite over the sea, 2 shots")  # the bot is at work, and has a key
        await stage.greenlight(stage.tom, again)
        await stage.until(lambda: stage.card(again, "waiting: "))
        await asyncio.sleep(0.5)
        assert len(stage.orders()) == 2, "a minute is a minute, whoever counted it"
