"""Whose choice of a language counts, for what only they read and for what others read, too."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.db import Database
from bot.speech import Language
from bot.studio.guilds import Guilds
from bot.studio.preferences import PreferenceRows
from bot.studio.tongues import Tongue, Tongues, tongue

ENGLISH, GERMAN, JAPANESE, FRENCH = Language.ENGLISH, Language.GERMAN, Language.JAPANESE, Language.FRENCH


@pytest.mark.parametrize(
    ("chosen", "of_guild", "locale", "guild_locale", "private", "shared"),
    [
        (None, None, "de", "ja", GERMAN, JAPANESE),
        (None, FRENCH, "de", "ja", GERMAN, FRENCH),
        (FRENCH, JAPANESE, "de", "ja", FRENCH, FRENCH),
        (None, None, "de", "en-US", GERMAN, GERMAN),
        (None, None, "de", None, GERMAN, GERMAN),
        (None, None, None, "ja", JAPANESE, JAPANESE),
        (None, None, None, None, ENGLISH, ENGLISH),
        (None, None, "en-GB", "de", ENGLISH, GERMAN),
        (None, None, "es-419", "pl", Language.SPANISH, ENGLISH),
    ],
)
def test_own_choice_comes_first_then_the_servers_then_what_discord_tells(  # a table
    chosen: Language | None,
    of_guild: Language | None,
    locale: str | None,
    guild_locale: str | None,
    private: Language,
    shared: Language,
) -> None:
    assert tongue(chosen, of_guild, locale=locale, guild_locale=guild_locale) == Tongue(private, shared)


async def test_what_people_and_servers_chose_is_looked_up(database: Database) -> None:
    preferences, guilds = PreferenceRows(database), Guilds(database)
    tongues = Tongues(database, preferences, guilds)
    await preferences.change(1, lambda before: replace(before, language=GERMAN))
    await guilds.change(5, lambda before: replace(before, language=JAPANESE))

    assert await tongues.of(1, 5, locale="en-US", guild_locale="fr") == Tongue(GERMAN, GERMAN)
    assert await tongues.of(2, 5, locale="en-US", guild_locale="fr") == Tongue(ENGLISH, JAPANESE)
    assert await tongues.of(2, None, locale="fr") == Tongue(FRENCH, FRENCH)


async def test_an_answer_does_not_wait_for_a_database_that_is_busy(database: Database) -> None:
    preferences = PreferenceRows(database)
    await preferences.change(1, lambda before: replace(before, language=GERMAN))

    found = await Tongues(database, preferences, Guilds(database), within=0.0).of(1, None, locale="fr")

    assert found == Tongue(FRENCH, FRENCH)
    assert (await preferences.of(1)).language is GERMAN
