"""Rate limits as Discord announces them: a bucket per route and major parameter, headers on every answer.

Source: discord-api-docs topics/rate-limits.mdx. Discord publishes no numbers; five messages in five seconds per channel
is what others observe (discord-api-docs' own example has Limit 5). A thread is a channel of its own.
"""

from __future__ import annotations

import hashlib
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


@dataclass(frozen=True, slots=True)
class Rate:
    """`limit` requests per `period` seconds for requests matching `method` and `path` (regular expressions)."""

    method: str
    path: str
    limit: int
    period: float


OBSERVED = (
    Rate("POST", r"/channels/\d+/messages", 5, 5.0),
    Rate("PATCH", r"/channels/\d+/messages/\d+", 5, 5.0),
    Rate(".*", ".*", 50, 1.0),
)
UNHURRIED = (Rate(".*", ".*", 1000, 1.0),)
"""For tests that are not about rate limits."""

_MAJOR = re.compile(r"^/(?:channels|guilds|webhooks|interactions)/([^/]+)")


@dataclass(frozen=True, slots=True)
class Draw:
    """What a request got from its bucket. `retry_after` (seconds) is 0 when it may pass."""

    headers: dict[str, str]
    retry_after: float


@dataclass(slots=True)
class _Window:
    opened_at: float
    used: int = 0


class Buckets:
    """Counts per window, from the first request in it."""

    def __init__(self, rates: Sequence[Rate], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._rates = rates
        self._clock = clock
        self._windows: dict[tuple[str, str], _Window] = {}

    def draw(self, method: str, path: str) -> Draw:
        rate = next(r for r in self._rates if re.fullmatch(r.method, method) and re.fullmatch(r.path, path))
        major = _MAJOR.match(path)
        route = f"{method} {re.sub(r'[0-9]{15,}', ':id', path)}"
        bucket = hashlib.sha256(route.encode()).hexdigest()[:32]
        now = self._clock()
        window = self._windows.setdefault((bucket, major[1] if major else ""), _Window(now))
        if now - window.opened_at >= rate.period:
            window.opened_at, window.used = now, 0
        reset_after = window.opened_at + rate.period - now
        passed = window.used < rate.limit
        window.used += passed
        headers = {
            "X-RateLimit-Limit": str(rate.limit),
            "X-RateLimit-Remaining": str(rate.limit - window.used),
            "X-RateLimit-Reset": f"{time.time() + reset_after:.3f}",
            "X-RateLimit-Reset-After": f"{reset_after:.3f}",
            "X-RateLimit-Bucket": bucket,
        }
        if passed:
            return Draw(headers, 0.0)
        return Draw(headers | {"Retry-After": f"{reset_after:.3f}", "X-RateLimit-Scope": "user"}, reset_after)
