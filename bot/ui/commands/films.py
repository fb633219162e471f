"""`/films`: one's own films, to watch, send again, decide on, or delete; in private."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import discord
from discord import app_commands

from bot.studio.errors import NoSuchFilm, NotYours
from bot.studio.text import clean
from bot.ui.answering import Answer, answer
from bot.ui.commands.suggestions import suggest_films
from bot.ui.surface import CommandsOnly

if TYPE_CHECKING:
    from discord import ui

    from bot.ui.library import Library

_ID = re.compile(r"[0-9a-f]{32}")


class FilmsCommand(CommandsOnly):
    def __init__(self, library: Library) -> None:
        self._library = library

    def add_to(self, tree: app_commands.CommandTree[discord.Client]) -> None:
        @tree.command(name="films", description="Your films: watch them, send them again, or delete them")
        @app_commands.describe(title="Which one: type a word of its title")
        @app_commands.autocomplete(title=suggest_films(self._library))
        async def films(interaction: discord.Interaction, title: app_commands.Range[str, 1, 100] | None = None) -> None:
            async def act() -> Answer:
                return Answer(view=await shown(self._library, interaction.user.id, title))

            await answer(interaction, act)


async def shown(library: Library, user_id: int, title: str | None) -> ui.LayoutView:
    """All films, or what was typed or chosen: an id where Discord suggested it."""
    words = clean(title or "").strip()
    if not words:
        return await library.page(user_id)
    if _ID.fullmatch(words):
        try:
            return await library.film(user_id, words)
        except (NoSuchFilm, NotYours):  # an id that somebody typed: of others' films nothing is told
            pass
    return await library.search(user_id, words)
