"""`/quota`: what somebody has spent, what is kept aside, and when it starts anew."""

from __future__ import annotations

import logging

import discord
from discord import app_commands

from bot.ui.client import Greenlight
from bot.ui.receipts import quota as quota_words
from bot.ui.router import acknowledge, told
from bot.ui.sending import DiscordFailed, once

logger = logging.getLogger(__name__)


def add_to(client: Greenlight) -> None:
    if client.desk.budgets is None:
        return

    @app_commands.command(name="quota", description="What you have spent here, and what is left")
    async def quota(interaction: discord.Interaction) -> None:
        await acknowledge(interaction)
        await answer(client, interaction)

    client.tree.add_command(quota)


async def answer(client: Greenlight, interaction: discord.Interaction) -> None:
    budgets = client.desk.budgets
    assert budgets is not None
    try:
        standing = await budgets.standing(interaction.user.id, interaction.guild_id)
        words = quota_words(standing, sees_bot=interaction.user.id in client.desk.operators)
    except Exception as error:  # noqa: BLE001  # whatever it is, the person reads a sentence; told() logs it
        words = told(error)
    try:
        await once(lambda: interaction.edit_original_response(content=words))
    except DiscordFailed as error:
        logger.warning("command not answered", extra={"code": error.code, "error": str(error)})
