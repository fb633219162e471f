"""Where what somebody asks for goes on: where they asked if we may write there, else in our direct messages with them.

Discord lets people use us where we are no member: their own installation goes with them into every server and chat. We
may answer there, and nothing more (discord-api-docs interactions/receiving-and-responding, 2026-08).
"""

from __future__ import annotations

from dataclasses import dataclass

import discord

from bot.speech import say
from bot.ui.sending import NotAllowed, nonce, once, persistently


class Unreachable(NotAllowed):
    """We are no member there, and may not write to the person either."""


class NoMember(NotAllowed):
    """We are no member there, so nothing of ours can stand there beside answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """A channel of a server or of direct messages (`guild_id` is `None`).

    `thread_id` is where it goes on without a thread of its own; `aside` is what to tell people about this place, ""
    where it is where they asked.
    """

    guild_id: int | None
    channel_id: int
    thread_id: int | None = None
    aside: str = ""


def may_post(interaction: discord.Interaction) -> bool:
    """Whether messages of ours can stand there, beside answers to this interaction."""
    if interaction.guild_id is not None:
        return interaction.is_guild_integration()
    return not interaction.context.private_channel


async def home_of(interaction: discord.Interaction) -> Home:
    """Where what this interaction asks for goes on.

    Raises:
        Unreachable: there is no place for it.
        DiscordFailed: Discord does not say.
    """
    if not may_post(interaction):
        return await _direct(interaction)
    assert interaction.channel_id is not None
    if isinstance(interaction.channel, discord.Thread):
        return home_in(interaction.channel)
    return Home(guild_id=interaction.guild_id, channel_id=interaction.channel_id)


def home_in(channel: discord.abc.MessageableChannel) -> Home:
    """Where a film goes on that was asked for there.

    A thread has none of its own, so the film gets one beside it; a post of a forum is there to go on in.
    """
    guild = getattr(channel, "guild", None)
    guild_id = guild.id if guild is not None else None
    if not isinstance(channel, discord.Thread):
        return Home(guild_id=guild_id, channel_id=channel.id)
    if isinstance(channel.parent, discord.ForumChannel):
        return Home(guild_id=guild_id, channel_id=channel.id, thread_id=channel.id)
    return Home(guild_id=guild_id, channel_id=channel.parent_id)


async def _direct(interaction: discord.Interaction) -> Home:
    """Our direct messages with who asks, with a first message that says why it is there."""
    person = discord.Object(interaction.user.id)
    words = say("You asked me for something in a place where I am no member, so it goes on here.")
    try:
        channel = await once(lambda: interaction.client.create_dm(person))
        await persistently(lambda: channel.send(words, silent=True, nonce=nonce(interaction.id, "home")))
    except NotAllowed as error:
        raise Unreachable(str(error), code=error.code, status=error.status) from error
    link = f"https://discord.com/channels/@me/{channel.id}"
    aside = say(
        "I am no member here, so I can't write in this place. It goes on in our direct messages: {link}", link=link
    )
    return Home(guild_id=None, channel_id=channel.id, aside=aside)
