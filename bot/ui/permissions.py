"""What the bot needs where it works, what of that is missing, and the invitation that brings it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import discord

from bot.speech import later, say

#: The least that works, as one number: 309237763072. Names as Discord's own settings show them (2026-08).
NEEDED = {
    "view_channel": later("View Channel"),
    "send_messages": later("Send Messages"),
    "create_public_threads": later("Create Public Threads"),
    "send_messages_in_threads": later("Send Messages in Threads"),
    "embed_links": later("Embed Links"),
    "attach_files": later("Attach Files"),
    "read_message_history": later("Read Message History"),
}
INVITED_WITH = discord.Permissions(**dict.fromkeys(NEEDED, True))
#: A log channel has no threads and no films.
FOR_A_LOG = ("view_channel", "send_messages", "embed_links", "read_message_history")


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelCheck:
    """`missing` are names as Discord shows them; `is_gone` where there is no such channel any more."""

    channel_id: int
    missing: tuple[str, ...] = ()
    is_gone: bool = False

    @property
    def is_well(self) -> bool:
        return not self.missing and not self.is_gone


def missing(held: discord.Permissions, needed: Iterable[str] = tuple(NEEDED)) -> tuple[str, ...]:
    """What is not held of what is needed, by the names that Discord's settings show."""
    return tuple(say(NEEDED[name]) for name in needed if not getattr(held, name))


def check(
    guild: discord.Guild, channel_ids: Iterable[int], needed: Iterable[str] = tuple(NEEDED)
) -> list[ChannelCheck]:
    """How it stands in these channels; for a category, in each of its channels for words."""
    needed = tuple(needed)
    checks: dict[int, ChannelCheck] = {}
    for channel_id in channel_ids:
        channel = guild.get_channel(channel_id)
        if channel is None:
            checks[channel_id] = ChannelCheck(channel_id=channel_id, is_gone=True)
            continue
        inside = channel.text_channels if isinstance(channel, discord.CategoryChannel) else [channel]
        for each in inside:
            held = each.permissions_for(guild.me)
            checks[each.id] = ChannelCheck(channel_id=each.id, missing=missing(held, needed))
    return list(checks.values())


def is_public(guild: discord.Guild, channel_id: int) -> bool:
    """Whether every member sees a channel: one that is gone is seen by nobody."""
    channel = guild.get_channel(channel_id)
    return channel is not None and channel.permissions_for(guild.default_role).view_channel


def invitation(application_id: int, guild_id: int) -> str:
    """A link that asks a server's admins for what is needed; accepting it again adds what is missing."""
    return discord.utils.oauth_url(
        application_id,
        permissions=INVITED_WITH,
        guild=discord.Object(guild_id),
        scopes=("bot", "applications.commands"),
        disable_guild_select=True,
    )
