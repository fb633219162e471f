"""Keeps Discord from shutting us out: bots with too many refused requests lose their address, for everybody on it.

Discord bans an address for 10,000 answers of 401, 403 or 429 in ten minutes (discord-api-docs topics/rate-limits,
2026-08). Its front says so early: a 429 that is not the API's own, which discord.py 2.7.1 raises at once. Both are seen
here on the wire, below the library. Answers to interactions are exempt from the limits and are always let through.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import time
from collections import deque
from dataclasses import dataclass
from types import SimpleNamespace

import aiohttp
import discord

logger = logging.getLogger(__name__)

#: Refused answers in so many seconds after which nothing but answers to interactions is sent: a fifth of the ban.
BUDGET, PERIOD = 2_000, 600.0
#: Seconds without a request after a 429 of Discord's front: at least, and at most whatever it asks for.
PAUSE, LONGEST_PAUSE = 60.0, 900.0
#: Of the thousand sessions a bot may begin in a day, so many are kept for an operator who repairs it.
LEAST_SESSIONS = 10
#: The longest limit that discord.py waits out before it raises, in seconds.
LONGEST_LIMIT = 60.0

_REFUSED = {401, 403, 429}
_ANSWERS = re.compile(r"/(?:interactions|webhooks)/\d+/")


class Braked(aiohttp.ClientError):
    """Not sent: too much was refused lately."""


@dataclass(frozen=True, slots=True)
class Sessions:
    """Identifications that Discord grants: how many are left, of how many, until these Unix seconds."""

    left: int
    of: int
    reset_at: float


class Brake:
    """Counts what is refused, and stops what is sent while that is too much. Serves one client at a time.

    Attributes:
        limited: answers of 429 so far.
        sessions: as Discord told when we last connected.
    """

    def __init__(self, *, budget: int = BUDGET, period: float = PERIOD) -> None:
        self.budget = budget
        self.limited = 0
        self.sessions: Sessions | None = None
        self._period = period
        self._refused: deque[float] = deque()
        self._paused_until = 0.0
        self._is_told = False

    def trace(self) -> aiohttp.TraceConfig:
        """What the library's HTTP session shall call."""
        config = aiohttp.TraceConfig()
        config.on_request_start.append(self._before)
        config.on_request_end.append(self._after)
        return config

    def refused(self) -> int:
        """How many answers of 401, 403 and 429 came within the last ten minutes."""
        since = asyncio.get_running_loop().time() - self._period
        while self._refused and self._refused[0] <= since:
            self._refused.popleft()
        return len(self._refused)

    def silent_for(self) -> float:
        """Seconds for which nothing but answers to interactions is sent; 0 where that is not so."""
        now = asyncio.get_running_loop().time()
        braked = self._refused[0] + self._period - now if self.refused() >= self.budget else 0.0
        return max(braked, self._paused_until - now, 0.0)

    async def _before(
        self, _: aiohttp.ClientSession, __: SimpleNamespace, request: aiohttp.TraceRequestStartParams
    ) -> None:
        if request.url.scheme in {"ws", "wss"} or _ANSWERS.search(request.url.path):
            return
        now = asyncio.get_running_loop().time()
        if now < self._paused_until:
            raise Braked("Discord's front asked for a pause")
        if self.refused() >= self.budget:
            if not self._is_told:
                logger.error("too many requests refused; only interactions are answered for now")
            self._is_told = True
            raise Braked("too many requests were refused")
        self._is_told = False

    async def _after(
        self, _: aiohttp.ClientSession, __: SimpleNamespace, request: aiohttp.TraceRequestEndParams
    ) -> None:
        answer = request.response
        if answer.status not in _REFUSED:
            return
        now = asyncio.get_running_loop().time()
        self._refused.append(now)
        self.limited += answer.status == 429
        if answer.status == 429 and ("Via" not in answer.headers or answer.content_type != "application/json"):
            pause = min(max(PAUSE, _seconds(answer.headers.get("Retry-After", ""))), LONGEST_PAUSE)
            self._paused_until = max(self._paused_until, now + pause)
            logger.error("refused by Discord's front; nothing is sent for a while", extra={"seconds": round(pause)})


def let_global_limit_end(http: discord.http.HTTPClient) -> None:
    """Have a global limit end although the call that met it was given up.

    HACK: discord.py 2.7.1 lets only that call reopen the gate, after it has waited; cancelled by a deadline meanwhile,
    it leaves the gate shut, and every later request hangs for good. May go when the library reopens it in a `finally`.
    """
    http._global_over = _ReopensItself()  # noqa: SLF001  # it has no other name
    http._global_over.set()  # noqa: SLF001


class _ReopensItself(asyncio.Event):
    def clear(self) -> None:
        super().clear()
        asyncio.get_running_loop().call_later(LONGEST_LIMIT, self.set)


async def until_we_may_identify(http: discord.http.HTTPClient, brake: Brake) -> None:
    """Wait while too few sessions are left: one that is begun beyond the day's last has Discord change our token."""
    while True:
        try:
            _, _, limit = await http.get_bot_gateway()
            left, resets_in = int(limit["remaining"]), int(limit["reset_after"]) / 1000
            brake.sessions = Sessions(left, int(limit["total"]), time.time() + resets_in)
        except (discord.DiscordException, aiohttp.ClientError, OSError, ValueError, LookupError, TypeError):
            return  # connecting will show what is the matter
        if left >= LEAST_SESSIONS:
            return
        logger.error("too few sessions left; connecting again later", extra={"left": left, "again_in": resets_in})
        await asyncio.sleep(resets_in)


def _seconds(text: str) -> float:
    with contextlib.suppress(ValueError):
        return float(text)
    return 0.0
