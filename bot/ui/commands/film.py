"""`/film`: from an idea or a video to a film with its price, in one answer. Ordering it takes a press, as ever."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable
from dataclasses import replace

import discord
from discord import app_commands, ui

from bot.studio.errors import CannotRender
from bot.studio.model import ProjectState, Request
from bot.studio.projects import Projects
from bot.ui.answering import acknowledge, quietly, told
from bot.ui.card_layout import BAD, layout
from bot.ui.client import Greenlight
from bot.ui.commands.film_options import Idea, Named, Seconds, asked_with, film_options
from bot.ui.desk import Desk
from bot.ui.quote_card import Quoted, late_card, quote_card, unplanned_card, writing_card
from bot.ui.surface import CommandsOnly
from providers.errors import RequestFault

#: Seconds in which the price must be here: an answer may be changed for fifteen minutes (Discord docs, 2026-08).
QUOTED_WITHIN = 13 * 60.0
#: Seconds between looks at what the plan has become.
LOOK_EVERY = 0.7
_MICROUSD = 1_000_000


class FilmCommand(CommandsOnly):
    def __init__(self, projects: Projects, desk: Desk) -> None:
        self._projects = projects
        self._desk = desk

    def add_to(self, tree: app_commands.CommandTree[discord.Client]) -> None:
        @tree.command(name="film", description="In a hurry: an idea becomes a film with a price, and you greenlight it")
        @film_options(self._desk)
        @app_commands.describe(max_price="The most it may cost, in US dollars")
        async def film(
            interaction: discord.Interaction,
            idea: Idea | None = None,
            video: discord.Attachment | None = None,
            max_price: app_commands.Range[float, 0.01, 10_000.0] | None = None,
            seconds: Seconds | None = None,
            ratio: str | None = None,
            model: Named | None = None,
            voice: Named | None = None,
        ) -> None:
            async def wish() -> tuple[Request, str]:
                wanted, aside = await asked_with(
                    interaction, idea=idea, video=video, seconds=seconds, ratio=ratio, model=model, voice=voice
                )
                most = math.floor(max_price * _MICROUSD) if max_price is not None else None
                return replace(wanted, max_price_microusd=most), aside

            await self.quote(interaction, wish)

    async def quote(self, interaction: discord.Interaction, wish: Callable[[], Awaitable[tuple[Request, str]]]) -> None:
        """Have a film planned, and answer with its price as soon as that is known; its thread has it as well.

        `wish` tells what is asked for, and what to say about the place where it goes on.
        """
        await acknowledge(interaction)
        try:
            wanted, aside = await wish()
            client = interaction.client
            assert isinstance(client, Greenlight)
            project = await self._desk.plan(wanted)
            words = await client.open_thread(project)
            words = aside or words
            await self._show(interaction, writing_card(words))
            view = await self._quoted(project.id) or late_card(words)
        except Exception as error:  # noqa: BLE001  # whatever it is, the person reads a sentence; told() logs it
            view = layout(ui.Container(ui.TextDisplay(told(error)), accent_colour=BAD))
        await self._show(interaction, view)

    async def _show(self, interaction: discord.Interaction, view: ui.LayoutView) -> None:
        await quietly(interaction.edit_original_response(view=view))

    async def _quoted(self, project_id: str) -> ui.LayoutView | None:
        """The film with its price once it is planned, or why it is not; `None` where that takes too long."""
        try:
            async with asyncio.timeout(QUOTED_WITHIN):
                while True:
                    project = await self._projects.get(project_id)
                    if not project.is_unfinished:
                        break
                    await asyncio.sleep(LOOK_EVERY)
        except TimeoutError:
            return None
        plan = await self._projects.plan(project_id)
        if project.state is ProjectState.FAILED or plan is None:
            return unplanned_card(project)
        try:
            castings, quoted = await self._desk.pricing.price(project, plan)
        except (CannotRender, RequestFault):
            return quote_card(Quoted(project=project, plan=plan, quote=None))
        if not self._desk.pricing.can_render(castings):
            return quote_card(Quoted(project=project, plan=plan, quote=None))
        label = " + ".join(dict.fromkeys(casting.model.label for casting in castings))
        return quote_card(Quoted(project=project, plan=plan, quote=quoted, label=label))
