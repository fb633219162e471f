"""What somebody asks for with a command or a form, as far as the interaction itself tells."""

from __future__ import annotations

import discord

from bot.studio.model import Request
from bot.ui.entrance import location_of
from bot.ui.homes import Home


def asked_at(home: Home, interaction: discord.Interaction, idea: str) -> Request:
    """What somebody asks for with this interaction, there; the rest is for who knows more."""
    return Request(
        request_id=str(interaction.id),
        owner_id=interaction.user.id,
        guild_id=home.guild_id,
        channel_id=home.channel_id,
        thread_id=home.thread_id,
        is_adult=home.guild_id == interaction.guild_id and location_of(interaction.channel).is_age_restricted,
        idea=idea,
    )
