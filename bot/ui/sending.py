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

#: Seconds that Discord may ask for and a call still waits by itself; who is told to wait longer comes back later.
PATIENCE = 5.0

#: An interaction that is over, or whose token is. Other 404s with a code are gone, too.
_VANISHED = {10015, 10062, 50027}
_TOO_LARGE = {40005, 50045}
#: Archived, locked, uploads limited here, AutoMod, link filter, explicit content, not a channel for text, closed DMs.
#: Other 403s with a code are refusals, too.
_NOT_ALLOWED = {50083, 160005, 160006, 400001, 200000, 200001, 240000, 20009, 50008, 50024, 50007, 50278}
#: Limits on writing, on edits of old messages and on opening DMs, overload, and Cloudflare in Discord's name.
_LATER = {20016, 20022, 20028, 20029, 30046, 40003, 40062, 130000, 40333}
#: Full: so many pins, threads, members or the like, which only people make room for.
_FULL = range(30001, 31000)


class DiscordFailed(Exception):
    """Discord did not do what was asked.

    `code` is its own and `status` that of the answer, 0 where it gave none; `retry_after` is the seconds it asked for.
    """

    def __init__(self, detail: str, *, code: int = 0, status: int = 0, retry_after: float = 0.0) -> None:
        super().__init__(detail)
        self.code = code
        self.status = status
        self.retry_after = retry_after


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
    except discord.RateLimited as error:
        raise Busy(type(error).__name__, retry_after=error.retry_after) from error
    except (aiohttp.ClientError, TimeoutError, OSError, json.JSONDecodeError) as error:
        raise Busy(type(error).__name__) from error
    except (RuntimeError, AttributeError) as error:  # how the library fails while its session is closed or not open yet
        raise Busy(type(error).__name__) from error
    except (LookupError, TypeError) as error:  # how it fails over a proxy's page in the place of an answer
        if not _is_the_librarys(error):
            raise
        raise Busy(type(error).__name__) from error


async def persistently(call: Callable[[], Awaitable[Result]], *, deadline: float = CALL_DEADLINE) -> Result:
    """Make a call that may safely be made twice (an edit, or a message with a nonce), again while Discord is busy."""
    for attempt in range(1, _TRIES + 1):
        try:
            return await once(call, deadline=deadline)
        except Busy as error:
            if attempt == _TRIES or error.retry_after > PATIENCE:
                raise
            logger.warning("Discord is busy", extra={"error": str(error), "attempt": attempt})
            await asyncio.sleep(0.5 * 2**attempt)
    raise AssertionError("unreachable")


def nonce(*parts: object) -> str:
    """A nonce of Discord's 25 characters that names a message for good, so that sending it twice posts it once.

    Discord remembers nonces for some minutes only; what must hold longer is in a row.
    """
    return hashlib.sha256("/".join(map(str, parts)).encode()).hexdigest()[:25]


def _is_the_librarys(error: Exception) -> bool:
    """Whether it was raised by discord.py's own code, not by what we gave it to call."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace is not None and str(trace.tb_frame.f_globals.get("__name__")).startswith("discord.")


def _named(error: discord.HTTPException) -> DiscordFailed:
    """By Discord's own codes. A 401, 403 or 404 without one is a proxy, a block or a token change, and may pass."""
    code, status = error.code, error.status
    kind: type[DiscordFailed] = Busy
    if code in _TOO_LARGE or status == 413:
        kind = TooLarge
    elif code in _LATER:
        pass
    elif code in _VANISHED or (status == 404 and code):
        kind = Vanished
    elif code in _NOT_ALLOWED or code in _FULL or (status == 403 and code):
        kind = NotAllowed
    elif status == 400:
        return Malformed(f"{status} {code} {error.text[:500]}", code=code, status=status)
    return kind(f"{status} {code}", code=code, status=status, retry_after=_retry_after(error))


def _retry_after(error: discord.HTTPException) -> float:
    """The seconds that an answer asks to wait, 0 where it does not say."""
    said = getattr(error.response, "headers", {}).get("Retry-After", "")
    try:
        seconds = float(said)
    except ValueError:  # a date, or nothing
        return 0.0
    return seconds if 0.0 < seconds < float("inf") else 0.0
