"""`/privacy`: what is kept of a person, to take along or to have deleted; in private."""

from __future__ import annotations

import discord
from discord import app_commands

from bot.ui.answering import Answer, answer
from bot.ui.client import Greenlight


def add_to(client: Greenlight) -> None:
    library = client.desk.library
    if library is None:
        return

    @app_commands.command(name="privacy", description="What I keep about you; take it along, or have it deleted")
    async def privacy(interaction: discord.Interaction) -> None:
        async def act() -> Answer:
            return Answer(view=await library.privacy(interaction.user.id))

        await answer(interaction, act)

    client.tree.add_command(privacy)
