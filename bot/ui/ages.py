"""Asks people once whether they are old enough for the services' terms, before their first film.

What they asked for goes on by itself once they said so: words that they wrote, and the command they used.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol, runtime_checkable

import discord
from discord import app_commands, ui

from bot.speech import say
from bot.studio.ages import Ages
from bot.studio.errors import NotYours
from bot.ui.answering import Answer, answer, quietly, told
from bot.ui.custom_ids import Action, CustomId
from bot.ui.films import owner_of, owner_ref
from bot.ui.postponed import Postponed
from bot.ui.sending import DiscordFailed, once
from bot.ui.surface import Press

#: As the version of the button's id: a command waits for the press.
_COMMAND_WAITS = 1


@runtime_checkable
class TakesUp(Protocol):
    """A tree of commands."""

    async def take_up(self, interaction: discord.Interaction) -> None:
        """Run the command that this interaction asks for."""


def age_question(least: int, user_id: int, *, command_waits: bool = False) -> Answer:
    """What is asked, with the button that says so; only this person's press counts.

    `command_waits`: what they asked for is kept, and goes on with the press.
    """
    words = say(
        "🔞 **One question before your first film.** The services that make it are for people of {least} or older. "
        "Are you? I keep only that you said so, and when; `/privacy` shows and deletes it.",
        least=least,
    )
    if command_waits:
        words += " " + say("What you asked for goes on by itself then.")
    yes: ui.Button[Any] = ui.Button(
        style=discord.ButtonStyle.primary,
        label=say("I am {least} or older", least=least),
        custom_id=str(CustomId(Action.OFAGE, owner_ref(user_id), _COMMAND_WAITS if command_waits else None)),
    )
    view = ui.View(timeout=None)
    view.add_item(yes)
    view.stop()
    return Answer(words, view)


class AgeGate:
    """The button below the question. `postponed` are the commands that wait for it."""

    def __init__(self, ages: Ages, postponed: Postponed | None = None) -> None:
        self._ages = ages
        self._postponed = postponed or Postponed()
        self._tree: object = None

    @property
    def presses(self) -> Mapping[Action, Press]:
        return {Action.OFAGE: self._confirm}

    def add_to(self, tree: app_commands.CommandTree[discord.Client]) -> None:
        """It has no command, and takes up others'."""
        self._tree = tree

    async def _confirm(self, interaction: discord.Interaction, custom_id: CustomId) -> None:
        if custom_id.version == _COMMAND_WAITS and owner_of(custom_id.ref) == interaction.user.id:
            await self._go_on(interaction)
            return

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

    async def _go_on(self, interaction: discord.Interaction) -> None:
        """Take up the command that waits, in the name of the press: the command answers that, as it would its own.

        So nothing may acknowledge it before, for the command may answer with a form.
        """
        asked = self._postponed.take(interaction)
        if asked is None or not isinstance(self._tree, TakesUp):
            await answer(interaction, self._confirm_alone(interaction))
            return
        try:
            await self._ages.confirm(interaction.user.id)
        except Exception as error:  # noqa: BLE001  # whatever it is, the person reads a sentence; told() logs it
            await quietly(interaction.response.send_message(told(error), ephemeral=True))
            return
        interaction.type, interaction.data, interaction.message = asked.type, asked.data, None
        await self._tree.take_up(interaction)
        await quietly(asked.delete_original_response())  # the question, which is answered

    def _confirm_alone(self, interaction: discord.Interaction) -> Callable[[], Awaitable[str]]:
        async def act() -> str:
            await self._ages.confirm(interaction.user.id)
            return say(
                "Thank you, I won't ask again. I don't have what you asked for any more, for I was restarted since, or "
                "it was too long ago: use the command once more."
            )

        return act


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
