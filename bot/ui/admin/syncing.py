"""`/admin sync`: send Discord the commands again, for when they look wrong there."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping

import discord
from discord import app_commands

from bot.speech import counted, say
from bot.studio.audit import Audit
from bot.ui.answering import answer
from bot.ui.custom_ids import Action
from bot.ui.rights import Asker, Rights
from bot.ui.sending import persistently
from bot.ui.surface import Press

logger = logging.getLogger(__name__)

#: Seconds between two times. Discord takes 200 new commands a day, and telling it the same again changes nothing.
COOLDOWN = 60.0


class Syncing:
    """A part of `/admin`, for operators."""

    def __init__(self, audit: Audit, rights: Rights, *, clock: Callable[[], float] = time.time) -> None:
        self._audit = audit
        self._rights = rights
        self._clock = clock
        self._last = 0.0

    @property
    def presses(self) -> Mapping[Action, Press]:
        return {}

    def add_to(self, group: app_commands.Group) -> None:
        if not self._rights.operators:
            return  # nobody may use it here

        @group.command(name="sync", description="Send Discord the list of commands again, once a minute at most")
        async def sync(interaction: discord.Interaction) -> None:
            client = interaction.client
            tree = getattr(client, "tree", None)
            assert isinstance(tree, app_commands.CommandTree)
            await answer(interaction, lambda: self.sync(self._rights.of(interaction), tree))

    async def sync(self, asker: Asker, tree: app_commands.CommandTree[discord.Client]) -> str:
        """Send them, unless that was done just now. Raises `NotOperator | DiscordFailed`."""
        by = asker.check_operator()
        now = self._clock()
        if now - self._last < COOLDOWN:
            again = f"<t:{int(self._last + COOLDOWN) + 1}:R>"
            return say(
                "That was done a moment ago; again {again}. I send the commands by myself at each start where they "
                "changed. What looks old in Discord is mostly its own cache: reload it with Ctrl+R.",
                again=again,
            )
        self._last = now
        sent = await persistently(tree.sync)
        await self._audit.note(by, "sync", "commands", str(len(sent)))
        logger.info("commands sent", extra={"commands": len(sent), "by": by})
        return counted(
            len(sent),
            "Discord has {number} command of mine now. If it still looks old, reload Discord with Ctrl+R.",
            "Discord has {number} commands of mine now. If they still look old, reload Discord with Ctrl+R.",
        )
