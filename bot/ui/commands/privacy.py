"""`/privacy`: what is kept of a person, to take along or to have deleted; in private."""

from __future__ import annotations

import logging

import discord
from discord import app_commands

from bot.ui.client import Greenlight
from bot.ui.router import told
from bot.ui.sending import DiscordFailed, once

logger = logging.getLogger(__name__)


def add_to(client: Greenlight) -> None:
    library = client.desk.library
    if library is None:
        return

    @app_commands.command(name="privacy", description="What I keep about you; take it along, or have it deleted")
    async def privacy(interaction: discord.Interaction) -> None:
        await interaction.response.defer(ephemeral=True, thinking=True)
        try:
            try:
                view = await library.privacy(interaction.user.id)
            except Exception as error:  # noqa: BLE001  # whatever it is, the person reads a sentence; told() logs it
                words = told(error)
                await once(lambda: interaction.edit_original_response(content=words))
            else:
                await once(lambda: interaction.edit_original_response(view=view))
        except DiscordFailed as error:
            logger.warning("command not answered", extra={"code": error.code, "error": str(error)})

    client.tree.add_command(privacy)
