"""The buttons of a storyboard: have it drawn, and start a shot from its picture."""

from __future__ import annotations

from collections.abc import Mapping

import discord
from discord import app_commands

from bot.production.shelf import PostedMessage
from bot.speech import counted, say
from bot.ui.answering import Answer, answer
from bot.ui.card_layout import CardKind
from bot.ui.card_rows import CardRows
from bot.ui.custom_ids import Action, CustomId
from bot.ui.films import link_to
from bot.ui.router import roles_of
from bot.ui.storyboarding import Ordered, Storyboarding
from bot.ui.surface import Press
from bot.ui.wording import money


class StoryboardSurface:
    def __init__(self, storyboarding: Storyboarding, rows: CardRows) -> None:
        self._storyboarding = storyboarding
        self._rows = rows

    @property
    def presses(self) -> Mapping[Action, Press]:
        return {Action.STORYBOARD: self._draw, Action.FROMSTILL: self._start}

    def add_to(self, tree: app_commands.CommandTree[discord.Client]) -> None:
        """It has no command: it begins on a plan's card."""

    async def _draw(self, interaction: discord.Interaction, custom_id: CustomId) -> None:
        async def act() -> Answer | str:
            ordered = await self._storyboarding.order(
                request_id=str(interaction.id),
                project_id=custom_id.ref,
                version=custom_id.version or 0,
                user_id=interaction.user.id,
                shown_microusd=custom_id.numbers[0],
                role_ids=roles_of(interaction),
            )
            return await self._told(ordered)

        await answer(interaction, act)

    async def _start(self, interaction: discord.Interaction, custom_id: CustomId) -> None:
        async def act() -> Answer | str:
            shot = custom_id.numbers[0]
            started = await self._storyboarding.start_from(
                project_id=custom_id.ref, version=custom_id.version or 0, shot=shot, user_id=interaction.user.id
            )
            if started.plan is None or started.quote is None:
                return say("Shot {number} starts from its picture already.", number=shot)
            return say(
                "Plan v{version}: shot {number} starts from its picture. The film costs at most {price} like that; "
                "nothing is ordered before you press **Greenlight** on its card.",
                version=started.plan.version,
                number=shot,
                price=money(started.quote.price_microusd),
            )

        await answer(interaction, act)

    async def _told(self, ordered: Ordered) -> str:
        if not ordered.stands:
            count = len(ordered.quote.missing)
            if not count:
                return say("Every still of it is drawn already, so it costs nothing; I post them here.")
            return counted(
                count,
                "Drawing {number} still, for at most {price}. It comes here in a moment.",
                "Drawing {number} stills, for at most {price}. They come here in a moment.",
                price=money(ordered.quote.price_microusd),
            )
        place = await self._rows.place_of(CardKind.STORYBOARD, ordered.storyboard.id)
        if place is None or place[1] is None:
            return say("Its storyboard is on its way.")
        link = link_to(PostedMessage(guild_id=ordered.storyboard.guild_id, channel_id=place[0], message_id=place[1]))
        return say("Nothing has changed since: [here is its storyboard]({link}).", link=link)
