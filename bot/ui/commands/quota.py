"""`/quota`: what somebody has spent, what is kept aside, and when it starts anew."""

from __future__ import annotations

import discord
from discord import app_commands

from bot.studio.budget import Budgets, Spending
from bot.ui.answering import answer
from bot.ui.desk import Desk
from bot.ui.receipts import quota as quota_words
from bot.ui.router import roles_of
from bot.ui.surface import CommandsOnly


class QuotaCommand(CommandsOnly):
    def __init__(self, budgets: Budgets, desk: Desk) -> None:
        self._budgets = budgets
        self._desk = desk

    def add_to(self, tree: app_commands.CommandTree[discord.Client]) -> None:
        @tree.command(name="quota", description="What you have spent here, and what is left")
        async def quota(interaction: discord.Interaction) -> None:
            await answer(interaction, lambda: self.words(interaction))

    async def words(self, interaction: discord.Interaction) -> str:
        user_id = interaction.user.id
        standing = await self._budgets.standing(user_id, interaction.guild_id)
        member = await self._member(interaction)
        return quota_words(standing, member=member, sees_bot=user_id in self._desk.operators)

    async def _member(self, interaction: discord.Interaction) -> Spending | None:
        """What they spent in this server today, where it bounds that."""
        guild_id = interaction.guild_id
        cap_microusd = (await self._desk.share_of(guild_id, roles_of(interaction))).day_microusd
        if guild_id is None or cap_microusd is None:
            return None
        return await self._budgets.member_day(interaction.user.id, guild_id, cap_microusd)
