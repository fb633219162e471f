"""What every thing people can do here has in common: commands that Discord lists, and buttons and forms behind them.

A surface is one thing people do, whole: `bot.app` builds it with what it needs and puts it in the list.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

import discord
from discord import app_commands

from bot.ui.custom_ids import Action, CustomId

#: Answers a press of a button, a choice in a menu or a submitted form; acknowledges by itself, within three seconds.
Press = Callable[[discord.Interaction, CustomId], Awaitable[None]]


class Surface(Protocol):
    @property
    def presses(self) -> Mapping[Action, Press]:
        """Who answers which button, menu and form; no two surfaces name the same action."""
        ...

    def add_to(self, tree: app_commands.CommandTree[discord.Client]) -> None:
        """Register the commands, if this installation can do what they are for."""
        ...


class CommandsOnly:
    """What a surface is whose answers need no buttons, or those of another."""

    @property
    def presses(self) -> Mapping[Action, Press]:
        return {}
