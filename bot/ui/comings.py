"""A server takes us in or puts us out. Nothing is posted there unasked: only whoever invited us is written to, once."""

from __future__ import annotations

import logging

import discord
from discord import ui

from bot.speech import Language, say, speaking
from bot.studio.departures import Departures
from bot.ui.card_layout import READY, layout
from bot.ui.permissions import invitation, missing
from bot.ui.sending import DiscordFailed, nonce, once, persistently
from bot.ui.wording import plain

logger = logging.getLogger(__name__)

#: Entries of a server's audit log that are looked through for our own invitation.
_LOOK_BACK = 10


class Comings:
    """Hears of both, and writes to who invited us; the server's owner where that is not told."""

    def __init__(self, departures: Departures) -> None:
        self._departures = departures

    async def arrived(self, client: discord.Client, guild: discord.Guild) -> None:
        await self._departures.returned(guild.id)
        inviter = await _inviter(guild)
        if inviter is None:
            return
        with speaking(Language.nearest(str(guild.preferred_locale))):
            assert client.application_id is not None
            card = welcome(guild.name, missing(guild.me.guild_permissions), invitation(client.application_id, guild.id))
        joined = guild.me.joined_at.timestamp() if guild.me.joined_at is not None else 0.0
        try:
            channel = await persistently(lambda: client.create_dm(discord.Object(inviter)))
            await persistently(lambda: channel.send(view=card, nonce=nonce("welcome", guild.id, joined)))
        except DiscordFailed as error:  # who takes no messages finds /setup by themselves
            logger.info("nobody welcomed", extra={"guild": guild.id, "error": str(error)})

    async def left(self, guild_id: int) -> None:
        logger.info("put out of a server", extra={"guild": guild_id})
        await self._departures.left(guild_id)

    async def started(self, guild_ids: set[int]) -> None:
        await self._departures.reconcile(guild_ids)


def welcome(server: str, lacking: tuple[str, ...], link: str) -> ui.LayoutView:
    """What whoever invited us reads: how to begin, and what is missing for that."""
    lines = [
        say("## 👋 Thank you for having me in {server}", server=plain(server)),
        say("I make short films: with `/plan` anybody tells me an idea, and nothing is ordered before they say so."),
        say("`/setup` there says where I work, for whom and what they may spend. I post nothing unasked."),
    ]
    parts: list[ui.Item[ui.LayoutView]] = []
    if lacking:
        lines.append(say("⚠️ Some permissions are missing: {names}.", names=", ".join(lacking)))
        parts.append(ui.ActionRow(ui.Button(label=say("Give me what is missing"), url=link)))
    return layout(ui.Container(ui.TextDisplay("\n".join(lines)), *parts, accent_colour=READY))


async def _inviter(guild: discord.Guild) -> int | None:
    """Who added us, where the server's log tells us; else its owner."""
    if not guild.me.guild_permissions.view_audit_log:
        return guild.owner_id

    async def look() -> int | None:
        async for entry in guild.audit_logs(action=discord.AuditLogAction.bot_add, limit=_LOOK_BACK):
            if entry.target is not None and int(getattr(entry.target, "id", 0)) == guild.me.id:
                return entry.user_id
        return None

    try:
        return await once(look) or guild.owner_id
    except DiscordFailed:
        return guild.owner_id
