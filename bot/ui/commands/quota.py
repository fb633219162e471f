"""`/quota`: what somebody has spent, what is kept aside, and when it starts anew."""

from __future__ import annotations

from collections.abc import Collection

import discord
from discord import app_commands

from bot.studio.budget import Budgets
from bot.ui.answering import answer
from bot.ui.receipts import quota as quota_words
from bot.ui.surface import CommandsOnly


class QuotaCommand(CommandsOnly):
    def __init__(self, budgets: Budgets, operators: Collection[int]) -> None:
        self._budgets = budgets
        self._operators = operators

    def add_to(self, tree: app_commands.CommandTree[discord.Client]) -> None:
        @tree.command(name="quota", description="What you have spent here, and what is left")
        async def quota(interaction: discord.Interaction) -> None:
            await answer(interaction, lambda: self.words(interaction))

    async def words(self, interaction: discord.Interaction) -> str:
        standing = await self._budgets.standing(interaction.user.id, interaction.guild_id)
        return quota_words(standing, sees_bot=interaction.user.id in self._operators)
