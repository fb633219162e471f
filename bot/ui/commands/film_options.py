"""The options that `/plan` and `/film` share, and the request that comes of what was chosen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

import discord
from discord import app_commands

from bot.studio.model import MAX_IDEA, Request
from bot.studio.preferences import LONGEST, SHORTEST
from bot.ui.asking import asked_at
from bot.ui.attachments import attachment_of
from bot.ui.commands.suggestions import suggest_models, suggest_voices
from bot.ui.desk import Desk
from bot.ui.homes import home_of

F = TypeVar("F", bound=Callable[..., object])

Idea = app_commands.Range[str, 1, MAX_IDEA]
Seconds = app_commands.Range[int, SHORTEST, LONGEST]
#: A model or a voice: what was suggested, or what somebody typed.
Named = app_commands.Range[str, 1, 80]

_DESCRIBED = app_commands.describe(
    idea="What the film should be about",
    video="A clip to start from (mp4, mov, mkv, avi or webm)",
    seconds="How long the film should be",
    ratio="The shape of the picture",
    model="Which model makes the shots: type a name",
    voice="Who narrates, if anybody does: type a name, an accent or a use",
)


def film_options(desk: Desk) -> Callable[[F], F]:
    """Declares them for a command whose function takes them by these names."""
    shapes = app_commands.choices(ratio=[app_commands.Choice(name=ratio, value=ratio) for ratio in desk.ratios])
    suggested = app_commands.autocomplete(voice=suggest_voices(desk), model=suggest_models(desk))
    return lambda function: _DESCRIBED(shapes(suggested(function)))


async def asked_with(
    interaction: discord.Interaction,
    *,
    idea: str | None,
    video: discord.Attachment | None,
    seconds: int | None,
    ratio: str | None,
    model: str | None,
    voice: str | None,
) -> tuple[Request, str]:
    """What is asked for, and what to say about the place where it goes on. Raises as `home_of`."""
    home = await home_of(interaction)
    wanted = replace(
        asked_at(home, interaction, idea or ""),
        model=model,
        ratio=ratio or "",
        seconds=seconds,
        attachment=attachment_of(video) if video is not None else None,
        voice=voice or "",
    )
    return wanted, home.aside
