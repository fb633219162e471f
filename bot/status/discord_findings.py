"""What is not well between the bot and Discord."""

from __future__ import annotations

from collections.abc import Iterator

from bot.speech import counted, lasting, say
from bot.status.finding import Finding, Severity
from bot.status.house_findings import SETTLING
from bot.status.status import DiscordStatus, Status

#: Identifications left below which no more restarts should be risked.
FEW_SESSIONS = 50


def of_discord(discord: DiscordStatus, status: Status) -> Iterator[Finding]:
    if not discord.is_connected and status.uptime > SETTLING:
        yield Finding(
            name="discord away",
            severity=Severity.CRITICAL,
            what=say("There is no connection to Discord."),
            remedy=say("See the log for why; the bot tries again by itself. Is Discord up (discordstatus.com)?"),
        )
    if discord.silent_until is not None:
        yield Finding(
            name="discord silent",
            severity=Severity.CRITICAL,
            what=say(
                "Discord refused {refused} requests in ten minutes; for {time} only interactions are answered.",
                refused=discord.refused,
                time=lasting(discord.silent_until - status.at),
            ),
            remedy=say("See the log for which requests it refused: mostly channels that lost a permission."),
        )
    elif discord.refused > discord.refused_at_most / 2:
        yield Finding(
            name="discord refusing",
            severity=Severity.WARNING,
            what=say(
                "Discord refused {refused} requests in ten minutes; at {most} the bot falls silent.",
                refused=discord.refused,
                most=discord.refused_at_most,
            ),
            remedy=say("See the log for which requests it refused: mostly channels that lost a permission."),
        )
    if discord.sessions_left is not None and discord.sessions_left < FEW_SESSIONS:
        yield Finding(
            name="discord sessions",
            severity=Severity.WARNING,
            what=counted(
                discord.sessions_left,
                "Discord lets the bot connect {number} more time today.",
                "Discord lets the bot connect {number} more times today.",
            ),
            remedy=say("Do not restart it without need, and find out why it connects so often."),
        )


def of_channels(status: Status) -> Iterator[Finding]:
    if status.closed:
        yield Finding(
            name="channels closed",
            severity=Severity.NOTE,
            what=counted(
                len(status.closed),
                "{number} channel does not let the bot write.",
                "{number} channels do not let the bot write.",
            ),
            remedy=say("Ask the servers' admins for the permissions; /setup shows which are missing."),
        )
