"""`/quota`: what somebody has spent, what is kept aside, and when it starts anew."""

from __future__ import annotations

import discord
from discord import app_commands

from bot.ui.answering import answer
from bot.ui.client import Greenlight
from bot.ui.receipts import quota as quota_words


def add_to(client: Greenlight) -> None:
    if client.desk.budgets is None:
        return

    @app_commands.command(name="quota", description="What you have spent here, and what is left")
    async def quota(interaction: discord.Interaction) -> None:
        await answer(interaction, lambda: standing_words(client, interaction))

    client.tree.add_command(quota)


async def standing_words(client: Greenlight, interaction: discord.Interaction) -> str:
    budgets = client.desk.budgets
    assert budgets is not None
    standing = await budgets.standing(interaction.user.id, interaction.guild_id)
    return quota_words(standing, sees_bot=interaction.user.id in client.desk.operators)
