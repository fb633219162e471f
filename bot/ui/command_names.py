"""What commands, options and choices are called in the languages we speak, from the same files as everything we say."""

from __future__ import annotations

import discord
from discord import app_commands
from discord.app_commands import TranslationContextLocation as Location

from bot.languages.words import NAME
from bot.speech import Language, translated

#: What Discord wants in small letters and without spaces.
_NAMES = {Location.command_name, Location.group_name, Location.parameter_name}
#: Discord's locales that we speak, with ours for them. American English stands among them, for people who have it would
#: else read what is given for British.
SERVED = {
    discord.Locale.american_english: Language.ENGLISH,
    discord.Locale.british_english: Language.ENGLISH,
    discord.Locale.spain_spanish: Language.SPANISH,
    discord.Locale.latin_american_spanish: Language.SPANISH,
    discord.Locale.german: Language.GERMAN,
    discord.Locale.french: Language.FRENCH,
    discord.Locale.brazil_portuguese: Language.PORTUGUESE,
    discord.Locale.japanese: Language.JAPANESE,
}


class CommandNames(app_commands.Translator):
    """Discord asks for every word in every locale; where there is none it shows the one in the code."""

    async def translate(
        self, string: app_commands.locale_str, locale: discord.Locale, context: app_commands.TranslationContextTypes
    ) -> str | None:
        language = SERVED.get(locale)
        if language is None:
            return None
        is_menu = isinstance(context.data, app_commands.ContextMenu)
        is_name = context.location in _NAMES and not is_menu
        return translated(string.message, language, context=NAME if is_name else None)
