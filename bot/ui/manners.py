"""How a person wants the end of their films to be told, and how their server wants it: the stricter of both holds."""

from __future__ import annotations

import logging
from dataclasses import dataclass

import discord

from bot.studio import guilds
from bot.studio.guilds import Guilds, GuildSettings, Mentions
from bot.studio.preferences import PreferenceRows
from bot.ui.places import Place
from bot.ui.sending import DiscordFailed, once

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """`mentions`: its owner is pinged; `is_covered`: the film is a spoiler; `dms`: its owner is told in a DM, too."""

    mentions: bool = True
    is_covered: bool = False
    dms: bool = False


class Manners:
    def __init__(self, client: discord.Client, preferences: PreferenceRows, servers: Guilds) -> None:
        self._client = client
        self._preferences = preferences
        self._servers = servers

    async def of(self, owner_id: int, place: Place) -> Manner:
        """For a film of this person, posted there."""
        chosen = await self._preferences.of(owner_id)
        server = await self._servers.of(place.guild_id)
        return Manner(
            mentions=chosen.mentions and server.mentions is not Mentions.NOBODY,
            is_covered=chosen.spoiler or await self._covers(server, owner_id, place),
            dms=chosen.dms,
        )

    async def _covers(self, server: GuildSettings, owner_id: int, place: Place) -> bool:
        """Whether the server covers a film of theirs there. Roles are asked for only where they matter."""
        if place.channel_id is None or place.guild_id is None:
            return False
        where = guilds.Location(channel_id=place.channel_id)
        if server.spoiler_channels:
            try:
                where = await self._seen_by_rules(place.channel_id, place.parent_id)
            except DiscordFailed as error:  # better covered than shown against the rules
                logger.warning("channel not known", extra={"channel": place.channel_id, "error": str(error)})
                return True
        if server.hides(where, ()):
            return True
        return bool(server.spoiler_roles) and server.hides(where, await self._roles(place.guild_id, owner_id))

    async def _seen_by_rules(self, channel_id: int, parent_id: int | None) -> guilds.Location:
        """The channel and what is around it: a thread that was archived is in no cache. Raises `DiscordFailed`."""
        channel: object = self._client.get_channel(channel_id)
        if channel is None and parent_id is None:
            channel = await once(lambda: self._client.fetch_channel(channel_id))
        if isinstance(channel, discord.Thread):
            parent_id = channel.parent_id
        around = channel if parent_id is None else self._client.get_channel(parent_id)
        return guilds.Location(
            channel_id=channel_id, parent_id=parent_id, category_id=getattr(around, "category_id", None)
        )

    async def _roles(self, guild_id: int, owner_id: int) -> frozenset[int]:
        guild = self._client.get_guild(guild_id)
        if guild is None:
            return frozenset()
        try:
            member = await once(lambda: guild.fetch_member(owner_id))
        except DiscordFailed as error:  # who has left has no role there
            logger.warning("roles not known", extra={"guild": guild_id, "error": str(error)})
            return frozenset()
        return frozenset(role.id for role in member.roles)
