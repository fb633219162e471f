"""`/privacy`: what is kept of a person, to take along or to have deleted; in private."""

from __future__ import annotations

import discord
from discord import app_commands

from bot.ui.answering import Answer, answer
from bot.ui.library import Library
from bot.ui.surface import CommandsOnly


class PrivacyCommand(CommandsOnly):
    def __init__(self, library: Library) -> None:
        self._library = library

    def add_to(self, tree: app_commands.CommandTree[discord.Client]) -> None:
        @tree.command(name="privacy", description="What I keep about you; take it along, or have it deleted")
        async def privacy(interaction: discord.Interaction) -> None:
            async def act() -> Answer:
                return Answer(view=await self._library.privacy(interaction.user.id))

            await answer(interaction, act)
