"""Does Discord let us in, with what we need? Asked of its API without opening the gateway."""

from __future__ import annotations

import email.utils
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp

from bot import __version__
from bot.ops.deployment import Answer, Question, fail, note, ok, warn
from bot.settings import Settings

ABOUT = "discord"
API = "https://discord.com/api/v10"
#: Of an application's flags: it may have the words of messages, as a verified bot or an unverified one.
#: Source: Discord's reference, "Application Flags", checked 2026-11-29.
MESSAGE_CONTENT = (1 << 18) | (1 << 19)
#: What we need in a server, by its bit. Source: Discord's reference, "Permissions", checked 2026-11-29.
NEEDED = {
    "View Channel": 1 << 10,
    "Send Messages": 1 << 11,
    "Embed Links": 1 << 14,
    "Attach Files": 1 << 15,
    "Read Message History": 1 << 16,
    "Create Public Threads": 1 << 35,
    "Send Messages in Threads": 1 << 38,
}
ADMINISTRATOR = 1 << 3
#: Sessions left of the day's thousand below which a restart should wait.
FEW_SESSIONS = 50
#: Seconds by which this machine's clock may be wrong: signed links and Discord's times suffer, and the object store
#: refuses everything from 900 on.
SKEW, LARGE_SKEW = 5.0, 300.0
#: Servers that are named one by one.
_NAMED = 5


class Refused(Exception):
    """Discord answered otherwise than it should; the text says how."""


def question(settings: Settings) -> Question:
    async def ask() -> AsyncIterator[Answer]:
        endpoints = settings.discord.endpoints
        base = endpoints.api_url if endpoints is not None else API
        headers = {
            "Authorization": f"Bot {settings.discord.token}",
            "User-Agent": f"DiscordBot (https://github.com/greenlight, {__version__})",
        }
        try:
            async with aiohttp.ClientSession(headers=headers, timeout=aiohttp.ClientTimeout(total=20)) as session:
                async for answer in _look(session, base):
                    yield answer
        except Refused as refused:
            yield fail(ABOUT, str(refused), "copy the token anew from the portal, page Bot, into DISCORD_TOKEN")
        except (aiohttp.ClientError, OSError) as error:
            yield fail(ABOUT, f"not reached: {type(error).__name__}", "is the network open to discord.com?")

    return Question(about=ABOUT, ask=ask, remedy="is the network open to discord.com?")


async def _look(session: aiohttp.ClientSession, base: str) -> AsyncIterator[Answer]:
    began = time.time()
    application, dated = await _get(session, f"{base}/oauth2/applications/@me")
    yield ok(ABOUT, f"the token is that of {application['name']} ({application['id']})")
    for answer in clock(dated, began, time.time()):
        yield answer
    for answer in intents(int(application.get("flags") or 0)):
        yield answer
    commands, _ = await _get(session, f"{base}/applications/{application['id']}/commands")
    for answer in known_commands(len(commands)):
        yield answer
    gateway, _ = await _get(session, f"{base}/gateway/bot")
    for answer in sessions(gateway):
        yield answer
    guilds, _ = await _get(session, f"{base}/users/@me/guilds?limit=200")
    for answer in permissions(guilds, str(application["id"])):
        yield answer


async def _get(session: aiohttp.ClientSession, url: str) -> tuple[Any, str]:
    """The answer, read, and its Date header."""
    async with session.get(url, allow_redirects=False) as answer:
        if answer.status == 401:
            raise Refused("the token is refused")
        if answer.status != 200:
            raise Refused(f"{answer.url.path} answers {answer.status}")
        return await answer.json(), answer.headers.get("Date", "")


def clock(dated: str, began: float, ended: float) -> list[Answer]:
    """How far this machine's clock is from Discord's, which tells whole seconds."""
    parsed = email.utils.parsedate_tz(dated)
    if parsed is None:
        return [note("clock", "not compared: Discord told no time")]
    theirs = email.utils.mktime_tz(parsed) + 0.5
    off = max(0.0, began - theirs - 0.5, theirs - 0.5 - ended)
    remedy = "set it by the network: timedatectl set-ntp true"
    if off > LARGE_SKEW:
        return [fail("clock", f"it is wrong by {off:.0f} s; the object store will refuse everything", remedy)]
    if off > SKEW:
        return [warn("clock", f"it is wrong by {off:.0f} s", remedy)]
    return [ok("clock", "right to a few seconds")]


def intents(flags: int) -> list[Answer]:
    if flags & MESSAGE_CONTENT:
        return [ok(ABOUT, "the message-content intent is on")]
    text = "the message-content intent is off: only replies, mentions and buttons are understood in threads"
    return [warn(ABOUT, text, "switch Message Content Intent on in the portal, page Bot")]


def known_commands(number: int) -> list[Answer]:
    if number:
        return [ok(ABOUT, f"{number} commands are known there")]
    return [note(ABOUT, "no commands are known there yet", "the bot sends them when it starts")]


def sessions(gateway: dict[str, Any]) -> list[Answer]:
    limit = gateway["session_start_limit"]
    left, of = int(limit["remaining"]), int(limit["total"])
    hours = int(limit["reset_after"]) / 3_600_000
    found = []
    if left < FEW_SESSIONS:
        found.append(
            warn(ABOUT, f"only {left} of {of} connections are left today", f"do not restart it for {hours:.0f} h")
        )
    else:
        found.append(ok(ABOUT, f"{left} of {of} connections are left today"))
    if int(gateway.get("shards") or 1) > 1:
        found.append(note(ABOUT, f"Discord wants {gateway['shards']} shards", "see docs/scaling.md"))
    return found


def permissions(guilds: list[dict[str, Any]], application_id: str) -> list[Answer]:
    """What is missing in which server, as far as its roles tell; channels may take more away."""
    wanted = sum(NEEDED.values())
    link = f"https://discord.com/oauth2/authorize?client_id={application_id}&permissions={wanted}"
    link += "&scope=bot+applications.commands"
    if not guilds:
        return [warn(ABOUT, "the bot is in no server", f"invite it: {link}")]
    found = []
    for guild in guilds:
        held = int(guild.get("permissions") or 0)
        lacking = [name for name, bit in NEEDED.items() if not held & (bit | ADMINISTRATOR)]
        if lacking:
            found.append((guild["id"], lacking))
    if not found:
        return [ok(ABOUT, f"all permissions are there in {len(guilds)} server{'s' if len(guilds) > 1 else ''}")]
    answers = [
        warn(ABOUT, f"in server {id_} it lacks: {', '.join(lacking)}", f"invite it again: {link}&guild_id={id_}")
        for id_, lacking in found[:_NAMED]
    ]
    if len(found) > _NAMED:
        answers.append(warn(ABOUT, f"and in {len(found) - _NAMED} more servers", "invite it again there"))
    return answers
