"""Notices from the gateway that a server lets us write again, and has the ends posted that were kept there."""

from __future__ import annotations

import logging
from collections.abc import Collection

import discord

from bot.production.outbox import Outbox
from bot.ui.comings import Comings

logger = logging.getLogger(__name__)

#: What posting an end takes; the rest of what we ask for at the invitation makes it nicer.
_NEEDED = ("view_channel", "send_messages", "send_messages_in_threads", "attach_files")


class Returns:
    """`comings` hears of servers that take us in or put us out, beside the ends that are kept."""

    def __init__(self, outbox: Outbox, comings: Comings | None = None) -> None:
        self._outbox = outbox
        self._comings = comings

    async def arrived(self, client: discord.Client, guild: discord.Guild) -> None:
        """A server takes us in."""
        await self.joined(guild.id)
        if self._comings is not None:
            await self._comings.arrived(client, guild)

    async def left(self, guild_id: int) -> None:
        """A server puts us out; an outage is none of this."""
        if self._comings is not None:
            await self._comings.left(guild_id)

    async def joined(self, guild_id: int) -> None:
        """A server has us (again), or is there again after an outage."""
        if count := await self._outbox.redeliver_in(guild_id):
            logger.info("ends are posted again", extra={"guild": guild_id, "ends": count})

    async def started(self, guild_ids: Collection[int]) -> None:
        """What happened while we were away was not told: whatever these servers have kept is tried once more."""
        if self._comings is not None:
            await self._comings.started(set(guild_ids))
        for guild_id in await self._outbox.guilds_that_keep():
            if guild_id in guild_ids:
                await self.joined(guild_id)

    async def channel_changed(self, before: discord.abc.GuildChannel, after: discord.abc.GuildChannel) -> None:
        me = after.guild.me
        if _more(before.permissions_for(me), after.permissions_for(me)):
            await self.joined(after.guild.id)

    async def role_changed(self, before: discord.Role, after: discord.Role) -> None:
        if after in after.guild.me.roles and _more(before.permissions, after.permissions):
            await self.joined(after.guild.id)

    async def roles_given(self, before: discord.Member, after: discord.Member) -> None:
        """Only of ourselves are we told without the members intent."""
        if after.id == after.guild.me.id and set(after.roles) - set(before.roles):
            await self.joined(after.guild.id)

    async def thread_changed(self, before: discord.Thread, after: discord.Thread) -> None:
        if before.locked and not after.locked:
            await self.joined(after.guild.id)


def _more(before: discord.Permissions, after: discord.Permissions) -> bool:
    """Whether something was granted that posting takes."""
    return any(getattr(after, name) and not getattr(before, name) for name in _NEEDED)
