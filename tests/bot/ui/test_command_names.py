"""Commands as Discord is told of them, in each language."""

from __future__ import annotations

from typing import Any

import discord
import pytest
from discord import app_commands

from bot.speech import Language
from bot.ui.command_names import SERVED, CommandNames


@app_commands.command(name="plan", description="No such description")
@app_commands.describe(idea="What the film should be about")
@app_commands.choices(idea=[app_commands.Choice(name="None", value="none")])
async def plan(_: discord.Interaction, idea: str) -> None:
    del idea


async def payload() -> dict[str, Any]:
    client = discord.Client(intents=discord.Intents.none())
    return await plan.get_translated_payload(app_commands.CommandTree(client), CommandNames())


async def test_american_english_is_given_so_that_nobody_there_reads_what_is_meant_for_others() -> None:
    told = await payload()

    assert told["name_localizations"]["en-US"] == "plan"
    assert told["description_localizations"]["en-US"] == "No such description"


async def test_what_has_no_translation_is_shown_as_it_stands_in_the_code() -> None:
    assert set((await payload())["description_localizations"]) == {"en-US", "en-GB"}


@pytest.mark.parametrize("language", Language)
def test_every_language_serves_some_locale_of_discords(language: Language) -> None:
    assert all(Language.nearest(locale.value) is found for locale, found in SERVED.items())
    assert language in SERVED.values()
