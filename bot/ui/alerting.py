"""Tells operators and servers' admins what is not well before they ask: once each, and once when it is over.

What concerns the bot is told by one process of all, what concerns a server by the one that is connected to it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager
from typing import NoReturn

import discord
from discord import ui

from bot.jobs.wake import Listener
from bot.speech import Language, say, speaking
from bot.status.alerts import INSTANCE, Alert, AlertRows
from bot.status.collector import Collector
from bot.status.finding import Finding, Severity
from bot.status.findings import findings
from bot.status.guild_findings import MissingHere, guild_findings
from bot.studio.budget import Budgets
from bot.studio.guilds import Guilds, GuildSettings
from bot.ui.card_layout import BAD, GOOD, PENDING, READY, layout
from bot.ui.permissions import FOR_A_LOG, check
from bot.ui.receivers import Receiver, Receivers
from bot.ui.sending import Busy, nonce

logger = logging.getLogger(__name__)

#: Seconds between two looks, and between two looks at the servers.
LOOK_EVERY, SERVERS_EVERY = 20.0, 60.0

_LOOKS = {
    Severity.NOTE: ("ℹ️", READY),  # the sign, as Discord shows it
    Severity.WARNING: ("⚠️", PENDING),
    Severity.CRITICAL: ("🔴", BAD),
}


def alert_card(alert: Alert) -> ui.LayoutView:
    """What is not well, since when, and what to do; or that it is over."""
    since = f"<t:{int(alert.began_at)}:R>"
    if alert.over_at is not None:
        head = say("## ✅ Over")
        words = say("{what}\n-# That began {since} and is over.", what=alert.what, since=since)
        return layout(ui.Container(ui.TextDisplay(f"{head}\n{words}"), accent_colour=GOOD))
    icon, colour = _LOOKS[alert.severity]
    head = f"## {icon} {_word(alert.severity)}"
    words = say("{what}\n**What to do:** {remedy}", what=alert.what, remedy=alert.remedy)
    once = say("-# Since {since} · told once; I say so when it is over.", since=since)
    return layout(ui.Container(ui.TextDisplay(f"{head}\n{words}\n{once}"), accent_colour=colour))


def _word(severity: Severity) -> str:
    match severity:
        case Severity.NOTE:
            return say("Good to know")
        case Severity.WARNING:
            return say("Please have a look")
        case Severity.CRITICAL:
            return say("This lets people down")


class Alerting:
    """Looks, and tells. `claim` lets one process at a time look after the whole bot.

    `asking_in` tells how many films of a server wait for their price to be approved.
    """

    def __init__(
        self,
        client: discord.Client,
        rows: AlertRows,
        receivers: Receivers,
        collector: Collector,
        guilds: Guilds,
        budgets: Budgets,
        *,
        claim: Callable[[str], AbstractAsyncContextManager[bool]],
        asking_in: Callable[[int], Awaitable[int]],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._rows = rows
        self._receivers = receivers
        self._collector = collector
        self._guilds = guilds
        self._budgets = budgets
        self._claim = claim
        self._asking_in = asking_in
        self._clock = clock

    async def run(self, listener: Listener) -> NoReturn:
        servers_at = 0.0
        while True:
            await self.look_at_bot()
            if self._clock() >= servers_at:
                await self.look_at_servers()
                servers_at = self._clock() + SERVERS_EVERY
            await asyncio.sleep(LOOK_EVERY / 4)  # at least: rows change all the time
            await listener.wait(LOOK_EVERY)

    async def look_at_bot(self) -> None:
        """Tell those who run it, once among all processes."""
        if receivers := self._receivers.of_bot:
            async with self._claim("alerts") as is_ours:
                if is_ours:
                    found = findings(await self._collector.collect())
                    await self._tell({INSTANCE: receivers}, [(INSTANCE, finding) for finding in found])

    async def look_at_servers(self) -> None:
        """Tell the admins of servers that this process is connected to."""
        for guild_id, settings in await self._guilds.all():
            guild = self._client.get_guild(guild_id)
            if settings.log_channel_id is None or guild is None or guild.unavailable:
                continue
            with speaking(settings.language or Language.nearest(str(guild.preferred_locale))):
                found = await self._in(guild, settings)
                receivers = [Receiver(settings.log_channel_id)]
                await self._tell({guild_id: receivers}, [(guild_id, finding) for finding in found])

    async def _in(self, guild: discord.Guild, settings: GuildSettings) -> list[Finding]:
        assert settings.log_channel_id is not None
        checks = [*check(guild, sorted(settings.allowed)), *check(guild, [settings.log_channel_id], FOR_A_LOG)]
        missing = {
            each.channel_id: MissingHere(channel_id=each.channel_id, names=each.missing)
            for each in checks
            if not each.is_well
        }
        standing = await self._budgets.standing(0, guild.id)
        return guild_findings(standing.guild, list(missing.values()), await self._asking_in(guild.id))

    async def _tell(self, receivers: dict[int, Sequence[Receiver]], found: Collection[tuple[int, Finding]]) -> None:
        ids = {guild_id: [each.id for each in all_] for guild_id, all_ in receivers.items()}
        for alert in await self._rows.look(found, ids):
            for receiver in receivers[alert.guild_id]:
                if receiver.id in alert.told:
                    continue
                one = nonce("alert", alert.guild_id, alert.name, alert.began_at, alert.over_at)
                try:
                    await self._receivers.post(receiver, alert_card(alert), one)
                except Busy as error:
                    logger.warning("alert told later", extra={"alert": alert.name, "error": str(error)})
                    continue
                await self._rows.told(alert, receiver.id)
                logger.info("alert told", extra={"alert": alert.name, "is_over": alert.over_at is not None})
