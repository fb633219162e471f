"""Asks people once whether they are old enough for the services' terms, before their first film."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import discord
from discord import app_commands, ui

from bot.speech import say
from bot.studio.ages import Ages
from bot.studio.errors import NotYours
from bot.ui.answering import Answer, answer
from bot.ui.custom_ids import Action, CustomId
from bot.ui.films import owner_of, owner_ref
from bot.ui.sending import DiscordFailed, once
from bot.ui.surface import Press


def age_question(least: int, user_id: int) -> Answer:
    """What is asked, with the button that says so; only this person's press counts."""
    words = say(
        "🔞 **One question before your first film.** The services that make it are for people of {least} or older. "
        "Are you? I keep only that you said so, and when; `/privacy` shows and deletes it.",
        least=least,
    )
    yes: ui.Button[Any] = ui.Button(
        style=discord.ButtonStyle.primary,
        label=say("I am {least} or older", least=least),
        custom_id=str(CustomId(Action.OFAGE, owner_ref(user_id))),
    )
    view = ui.View(timeout=None)
    view.add_item(yes)
    view.stop()
    return Answer(words, view)


class AgeGate:
    """The button below the question."""

    def __init__(self, ages: Ages) -> None:
        self._ages = ages

    @property
    def presses(self) -> Mapping[Action, Press]:
        return {Action.OFAGE: self._confirm}

    def add_to(self, tree: app_commands.CommandTree[discord.Client]) -> None:
        """It has no command."""

    async def _confirm(self, interaction: discord.Interaction, custom_id: CustomId) -> None:
        async def act() -> str:
            if owner_of(custom_id.ref) != interaction.user.id:
                raise NotYours(owner_of(custom_id.ref))
            await self._ages.confirm(interaction.user.id)
            asked = await _asked_in_words(interaction)
            if asked is None:
                return say("Thank you, I won't ask again. Now use the command or button once more.")
            interaction.client.dispatch("message", asked)
            return say("Thank you, I won't ask again. I am taking up what you wrote.")

        await answer(interaction, act)


async def _asked_in_words(interaction: discord.Interaction) -> discord.Message | None:
    """The message that our question replies to, if it stands there still; a command has none."""
    reference = interaction.message.reference if interaction.message is not None else None
    if reference is None or reference.message_id is None or interaction.channel_id is None:
        return None
    channel_id, message_id = interaction.channel_id, reference.message_id
    # the real channel, for the rules of the place go by its parent, its category and its age flag
    channel = interaction.client.get_channel(channel_id) or interaction.channel
    try:
        if channel is None:
            channel = await once(lambda: interaction.client.fetch_channel(channel_id))
        if not isinstance(channel, discord.abc.Messageable):
            return None
        there = channel
        found = await once(lambda: there.fetch_message(message_id))
    except DiscordFailed:
        return None
    return found if found.author.id == interaction.user.id else None
