"""The menus of `/setup`: each shows what is chosen, and carries what it sets."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import discord
from discord import ui

from bot.ui.custom_ids import Action, CustomId
from bot.ui.films import owner_ref
from bot.ui.setup_choices import Choice

CHANNELS = [
    discord.ChannelType.text,
    discord.ChannelType.news,
    discord.ChannelType.forum,
    discord.ChannelType.category,
]
#: Discord's bound on what one menu takes.
_MOST = 25


def _id(guild_id: int, choice: Choice) -> str:
    return str(CustomId(Action.SETUPSET, owner_ref(guild_id), choice))


def channel_menu(
    guild_id: int,
    choice: Choice,
    placeholder: str,
    chosen: Collection[int],
    *,
    kinds: Sequence[discord.ChannelType] = tuple(CHANNELS),
    most: int = _MOST,
) -> ui.ActionRow[Any]:
    menu: ui.ChannelSelect[Any] = ui.ChannelSelect(
        custom_id=_id(guild_id, choice),
        channel_types=list(kinds),
        placeholder=placeholder,
        min_values=0,
        max_values=most,
        default_values=[
            discord.SelectDefaultValue(id=each, type=discord.SelectDefaultValueType.channel)
            for each in sorted(chosen)[:most]
        ],
    )
    return ui.ActionRow(menu)


def role_menu(
    guild_id: int, choice: Choice, placeholder: str, chosen: Collection[int], *, most: int = _MOST
) -> ui.ActionRow[Any]:
    menu: ui.RoleSelect[Any] = ui.RoleSelect(
        custom_id=_id(guild_id, choice),
        placeholder=placeholder,
        min_values=0,
        max_values=most,
        default_values=[
            discord.SelectDefaultValue(id=each, type=discord.SelectDefaultValueType.role)
            for each in sorted(chosen)[:most]
        ],
    )
    return ui.ActionRow(menu)


def text_menu(
    guild_id: int, choice: Choice, placeholder: str, options: list[discord.SelectOption]
) -> ui.ActionRow[Any]:
    menu: ui.Select[Any] = ui.Select(custom_id=_id(guild_id, choice), placeholder=placeholder, options=options)
    return ui.ActionRow(menu)
