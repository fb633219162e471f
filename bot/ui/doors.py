"""Turns people away with a sentence while more is asked than can be done; nobody waits in vain for an answer.

What waits for the database tells how full it is. Without a bound everything that is asked waits for everything asked
before: first answers come too late for Discord, and then nothing is answered at all (measured, 2026-11).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import discord
from discord import app_commands, ui
from discord.utils import MISSING

from bot.speech import Language, later, say, speak
from bot.studio.tongues import Tongues
from bot.ui.answering import Answer, quietly
from bot.ui.entrance import Entrance
from bot.ui.sending import DiscordFailed, once

logger = logging.getLogger(__name__)

#: Transactions that may wait for the database when somebody comes in.
MOST_WAITING = 100
#: Seconds between two lines in the log on how many were turned away.
TELL_EVERY = 10.0
WORDS = later(
    "Very many people are asking for something right now, so I could not take this up. Nothing was changed or ordered: "
    "please try again in a minute."
)


class Doors:
    """Whether somebody may come in, and in which language they are spoken to from here on.

    `waiting` tells how many transactions wait for the database, `entrance` knows the rules of the house; without
    `tongues` everybody is spoken to in the language of their Discord.
    """

    def __init__(
        self,
        waiting: Callable[[], int] = lambda: 0,
        entrance: Entrance | None = None,
        tongues: Tongues | None = None,
    ) -> None:
        self._waiting = waiting
        self.entrance = entrance
        self.tongues = tongues
        self._turned_away = 0
        self._tell_at = 0.0

    async def let_in(self, interaction: discord.Interaction) -> bool:
        """Whether to take up what is asked; where not, it is answered here."""
        speak(Language.nearest(interaction.locale.value))
        waiting = self._waiting()
        if waiting < MOST_WAITING:
            await self._speak_to(interaction)
            refused = await self.entrance.refusal(interaction) if self.entrance is not None else None
            if refused is not None:
                await quietly(_refusing(interaction, refused))
            return refused is None
        self._count(waiting)
        try:
            if interaction.type is discord.InteractionType.autocomplete:
                await once(lambda: interaction.response.autocomplete([]))
            else:
                await once(lambda: interaction.response.send_message(say(WORDS), ephemeral=True))
        except DiscordFailed as error:
            logger.debug("not even turned away", extra={"error": str(error)})
        return False

    async def _speak_to(self, interaction: discord.Interaction) -> None:
        if self.tongues is not None:
            tongue = await self.tongues.of(
                interaction.user.id,
                interaction.guild_id,
                locale=interaction.locale.value,
                guild_locale=interaction.guild_locale.value if interaction.guild_locale is not None else None,
            )
            speak(tongue.private, shared=tongue.shared)

    def _count(self, waiting: int) -> None:
        self._turned_away += 1
        now = asyncio.get_running_loop().time()
        if now >= self._tell_at:
            logger.warning("people were turned away", extra={"people": self._turned_away, "waiting": waiting})
            self._turned_away, self._tell_at = 0, now + TELL_EVERY


def _refusing(interaction: discord.Interaction, refused: Answer) -> Coroutine[object, object, object]:
    if isinstance(refused.view, ui.View):
        return interaction.response.send_message(refused.words, view=refused.view, ephemeral=True)
    return interaction.response.send_message(refused.words, ephemeral=True)


_Command = app_commands.Command[Any, ..., Any] | app_commands.ContextMenu | app_commands.Group


class GuardedTree(app_commands.CommandTree[discord.Client]):
    """Commands, behind the doors; everywhere and for whoever installed us, but for those that say otherwise."""

    def __init__(self, client: discord.Client, doors: Doors) -> None:
        super().__init__(client)
        self._doors = doors

    def add_command(
        self,
        command: _Command,
        /,
        *,
        guild: discord.abc.Snowflake | None = MISSING,
        guilds: Sequence[discord.abc.Snowflake] = MISSING,
        override: bool = False,
    ) -> None:
        """Add a command; what is for servers alone is for those who installed us there.

        Not by the library's defaults for a whole tree: it adds those to what a command says of itself (2.7.1).
        """
        if command.allowed_contexts is None:
            command.allowed_contexts = app_commands.AppCommandContext(guild=True, dm_channel=True, private_channel=True)
        if command.allowed_installs is None:
            beyond_servers = command.allowed_contexts.dm_channel or command.allowed_contexts.private_channel
            command.allowed_installs = app_commands.AppInstallationType(guild=True, user=bool(beyond_servers))
        super().add_command(command, guild=guild, guilds=guilds, override=override)

    async def take_up(self, interaction: discord.Interaction) -> None:
        """Run a command that waited, which this interaction asks for now: as one that has just come in."""
        try:
            await self._call(interaction)
        except app_commands.AppCommandError as error:
            await self.on_error(interaction, error)

    async def interaction_check(self, interaction: discord.Interaction) -> bool:
        return await self._doors.let_in(interaction)
