"""What Discord suggests while a person types an option."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine
from typing import Any

import discord
from discord import app_commands

from bot.speech import say
from bot.studio.text import clean, shorten
from bot.ui.desk import Desk
from bot.ui.library import Library
from bot.ui.offer import models_called
from bot.ui.wording import money
from providers.catalogue import VideoModel

logger = logging.getLogger(__name__)

#: Suggestions that Discord shows at most, and characters of one.
MOST, LONGEST = 25, 100

Suggest = Callable[[discord.Interaction, str], Coroutine[Any, Any, list[app_commands.Choice[str]]]]


def suggest_voices(desk: Desk) -> Suggest:
    """Voices by what is typed: a name, an accent, an age, a use."""

    async def suggest(_interaction: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
        if desk.voices is None:
            return []
        found = await desk.voices.search(clean(typed))
        return [
            app_commands.Choice(
                name=shorten(clean(" · ".join([voice.name, *voice.labels[:4]])), LONGEST), value=voice.id
            )
            for voice in found[:MOST]
            if len(voice.id) <= LONGEST
        ]

    return suggest


def suggest_films(library: Library) -> Suggest:
    """The person's own films by words of their titles."""

    async def suggest(interaction: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
        found = await library.titles(interaction.user.id, clean(typed), most=MOST)
        return [
            app_commands.Choice(
                name=shorten(" ".join(clean(film.title).split()), LONGEST) or "…", value=film.project_id
            )
            for film in found
        ]

    return suggest


def suggest_models(desk: Desk) -> Suggest:
    """The video models on offer by words of their names, with what they cost; any number of them."""

    async def suggest(_interaction: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
        found = models_called(typed, desk.offer.video_models)
        return [app_commands.Choice(name=shorten(_offered(model), LONGEST), value=model.id) for model in found[:MOST]]

    return suggest


def _offered(model: VideoModel) -> str:
    return say("{model} · {price} a second", model=model.label, price=money(model.price_per_second_microusd))
