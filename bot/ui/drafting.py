"""The draft of a film: the whole of it in its model's small size, through the ordinary line, before the real one."""

from __future__ import annotations

from collections.abc import Mapping

import discord
from discord import app_commands

from bot.production.model import ProductionState
from bot.speech import say
from bot.ui.answering import answer
from bot.ui.custom_ids import Action, CustomId
from bot.ui.desk import Desk
from bot.ui.router import roles_of
from bot.ui.surface import Press
from bot.ui.wording import money


class DraftSurface:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    @property
    def presses(self) -> Mapping[Action, Press]:
        return {Action.DRAFT: self._draft}

    def add_to(self, tree: app_commands.CommandTree[discord.Client]) -> None:
        """It has no command: it begins on a plan's card."""

    async def _draft(self, interaction: discord.Interaction, custom_id: CustomId) -> None:
        async def act() -> str:
            production = await self._desk.greenlight(
                request_id=str(interaction.id),
                project_id=custom_id.ref,
                version=custom_id.version or 0,
                user_id=interaction.user.id,
                shown_microusd=custom_id.numbers[0],
                role_ids=roles_of(interaction),
                draft=True,
            )
            price = money(production.price_microusd)
            if production.state is ProductionState.ASKING:
                return say(
                    "The draft costs up to {price}, so a moderator or operator has to approve it first.", price=price
                )
            return say(
                "The draft is made for at most {price}. It comes here when it is done, and you can greenlight the real "
                "film from there.",
                price=price,
            )

        await answer(interaction, act)
