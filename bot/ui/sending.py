"""One way out to Discord: every call has a deadline, and every way it fails has one of five names.

discord.py 2.7.1 retries 429s and some 5xx by itself, but not 503, resets, broken bodies or hangs, and those surface as
four unrelated exception families. Codes as Discord documents them (2026-08).
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

import aiohttp
import discord

logger = logging.getLogger(__name__)
Result = TypeVar("Result")

#: Seconds for a call without files, and for one that uploads.
CALL_DEADLINE = 15.0
UPLOAD_DEADLINE = 180.0
_TRIES = 4

#: Channel, guild, message, webhook; an interaction that is over, or whose token is.
_VANISHED = {10003, 10004, 10008, 10015, 10062, 50027}
_TOO_LARGE = {40005, 50045}
#: No access, missing permission, archived, locked, uploads limited here, AutoMod, link filter, closed DMs.
_NOT_ALLOWED = {50001, 50013, 50083, 160005, 400001, 200000, 240000, 50007, 50278, 40003}


class DiscordFailed(Exception):
    """Discord did not do what was asked. `code` is its own, 0 where it gave none."""

    def __init__(self, detail: str, *, code: int = 0) -> None:
        super().__init__(detail)
        self.code = code


class Vanished(DiscordFailed):
    """The guild, channel, thread or message does not exist any more."""


class NotAllowed(DiscordFailed):
    """We may not do that there; asking again only counts against us."""


class TooLarge(DiscordFailed):
    """The file is over what may be uploaded there."""


class Busy(DiscordFailed):
    """Discord is down, slow or limiting us; asking again later may help."""


class Malformed(DiscordFailed):
    """Discord refused what we sent: a fault of ours."""


async def once(call: Callable[[], Awaitable[Result]], *, deadline: float = CALL_DEADLINE) -> Result:
    """Make one call. Raises `DiscordFailed`."""
    try:
        async with asyncio.timeout(deadline):
            return await call()
    except discord.HTTPException as error:
        raise _named(error) from error
    except (discord.RateLimited, aiohttp.ClientError, TimeoutError, OSError, json.JSONDecodeError) as error:
        raise Busy(type(error).__name__) from error
    except (RuntimeError, AttributeError) as error:  # how the library fails while its session is closed or not open yet
        raise Busy(type(error).__name__) from error


async def persistently(call: Callable[[], Awaitable[Result]], *, deadline: float = CALL_DEADLINE) -> Result:
    """Make a call that may safely be made twice (an edit, or a message with a nonce), again while Discord is busy."""
    for attempt in range(1, _TRIES + 1):
        try:
            return await once(call, deadline=deadline)
        except Busy as error:
            if attempt == _TRIES:
                raise
            logger.warning("Discord is busy", extra={"error": str(error), "attempt": attempt})
            await asyncio.sleep(0.5 * 2**attempt)
    raise AssertionError("unreachable")


def nonce(*parts: object) -> str:
    """A nonce of Discord's 25 characters that names a message for good, so that sending it twice posts it once.

    Discord remembers nonces for some minutes only; what must hold longer is in a row.
    """
    return hashlib.sha256("/".join(map(str, parts)).encode()).hexdigest()[:25]


def _named(error: discord.HTTPException) -> DiscordFailed:
    """By Discord's own codes. A 401, 403 or 404 without one is a proxy, a block or a token change, and may pass."""
    detail = f"{error.status} {error.code}"
    if error.code in _TOO_LARGE or error.status == 413:
        return TooLarge(detail, code=error.code)
    if error.code in _VANISHED:
        return Vanished(detail, code=error.code)
    if error.code in _NOT_ALLOWED:
        return NotAllowed(detail, code=error.code)
    if error.status == 400:
        return Malformed(f"{detail} {error.text[:500]}", code=error.code)
    return Busy(detail, code=error.code)
