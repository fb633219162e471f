"""`/admin`: one group of commands for those who run the bot and those who manage a server, a module a matter.

Whatever Discord shows to whom, each part asks `bot.ui.rights` at every entry: command, suggestion, button and form.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import discord
from discord import app_commands

from bot.ui.custom_ids import Action
from bot.ui.surface import Press


class Part(Protocol):
    """One matter of the group."""

    @property
    def presses(self) -> Mapping[Action, Press]:
        """As of a `Surface`."""
        ...

    def add_to(self, group: app_commands.Group) -> None:
        """Register its commands, if anybody may use them here."""
        ...


class Admin:
    """The surface that all parts are: Discord takes a group whole."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self._parts = parts

    @property
    def presses(self) -> Mapping[Action, Press]:
        return {action: press for part in self._parts for action, press in part.presses.items()}

    def add_to(self, tree: app_commands.CommandTree[discord.Client]) -> None:
        group = app_commands.Group(
            name="admin",
            description="For the people who run this bot, or this server",
            default_permissions=discord.Permissions(manage_guild=True),  # who sees it; rights are asked in code
            allowed_contexts=app_commands.AppCommandContext(guild=True, dm_channel=True),
            allowed_installs=app_commands.AppInstallationType(guild=True),
        )
        for part in self._parts:
            part.add_to(group)
        if group.commands:
            tree.add_command(group)
