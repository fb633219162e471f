"""`/plan`: from an idea, a video or both to a plan in a thread."""

from __future__ import annotations

from dataclasses import replace

import discord
from discord import app_commands

from bot.studio.model import Captions
from bot.ui.answering import answer
from bot.ui.client import Greenlight
from bot.ui.commands.film_options import Idea, Named, Seconds, asked_with, film_options
from bot.ui.desk import Desk
from bot.ui.surface import CommandsOnly

_CAPTIONS = [
    app_commands.Choice(name="A track to switch on in a player", value=Captions.SOFT.value),
    app_commands.Choice(name="In the picture", value=Captions.BURNT.value),
    app_commands.Choice(name="None", value=Captions.OFF.value),
]


class PlanCommand(CommandsOnly):
    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def add_to(self, tree: app_commands.CommandTree[discord.Client]) -> None:
        @tree.command(name="plan", description="Turn an idea or a video into a film: I write a plan, we talk it over")
        @film_options(self._desk)
        @app_commands.describe(captions="How the narration is shown")
        @app_commands.choices(captions=_CAPTIONS)
        async def plan(
            interaction: discord.Interaction,
            idea: Idea | None = None,
            video: discord.Attachment | None = None,
            seconds: Seconds | None = None,
            ratio: str | None = None,
            model: Named | None = None,
            voice: Named | None = None,
            captions: str | None = None,
        ) -> None:
            async def act() -> str:
                wanted, aside = await asked_with(
                    interaction, idea=idea, video=video, seconds=seconds, ratio=ratio, model=model, voice=voice
                )
                wanted = replace(wanted, captions=Captions(captions) if captions is not None else None)
                client = interaction.client
                assert isinstance(client, Greenlight)
                words = await client.open_thread(await self._desk.plan(wanted))
                return aside or words

            await answer(interaction, act)  # the thread itself is the answer that counts
