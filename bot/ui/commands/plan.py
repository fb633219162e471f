"""`/plan`: from an idea, a video or both to a plan in a thread."""

from __future__ import annotations

from dataclasses import replace

import discord
from discord import app_commands

from bot.studio.model import MAX_IDEA, Captions
from bot.studio.preferences import LONGEST, SHORTEST
from bot.ui.answering import answer
from bot.ui.asking import asked_at
from bot.ui.attachments import attachment_of
from bot.ui.client import Greenlight
from bot.ui.commands.suggestions import suggest_models, suggest_voices
from bot.ui.homes import home_of

_CAPTIONS = [
    app_commands.Choice(name="A track to switch on in a player", value=Captions.SOFT.value),
    app_commands.Choice(name="In the picture", value=Captions.BURNT.value),
    app_commands.Choice(name="None", value=Captions.OFF.value),
]


def add_to(client: Greenlight) -> None:
    ratios = client.desk.ratios

    @app_commands.command(
        name="plan", description="Turn an idea or a video into a film: I write a plan, we talk it over"
    )
    @app_commands.describe(
        idea="What the film should be about",
        video="A clip to start from (mp4, mov, mkv, avi or webm)",
        seconds="How long the film should be",
        ratio="The shape of the picture",
        model="Which model makes the shots: type a name",
        voice="Who narrates, if anybody does: type a name, an accent or a use",
        captions="How the narration is shown",
    )
    @app_commands.choices(ratio=[app_commands.Choice(name=ratio, value=ratio) for ratio in ratios], captions=_CAPTIONS)
    @app_commands.autocomplete(voice=suggest_voices(client.desk), model=suggest_models(client.desk))
    async def plan(
        interaction: discord.Interaction,
        idea: app_commands.Range[str, 1, MAX_IDEA] | None = None,
        video: discord.Attachment | None = None,
        seconds: app_commands.Range[int, SHORTEST, LONGEST] | None = None,
        ratio: str | None = None,
        model: app_commands.Range[str, 1, 80] | None = None,
        voice: app_commands.Range[str, 1, 80] | None = None,
        captions: str | None = None,
    ) -> None:
        async def act() -> str:
            home = await home_of(interaction)
            wish = replace(
                asked_at(home, interaction, idea or ""),
                model=model,
                ratio=ratio or "",
                seconds=seconds,
                attachment=attachment_of(video) if video is not None else None,
                voice=voice or "",
                captions=Captions(captions) if captions is not None else None,
            )
            words = await client.open_thread(await client.desk.plan(wish))
            return home.aside or words

        await answer(interaction, act)  # the thread itself is the answer that counts

    client.tree.add_command(plan)
