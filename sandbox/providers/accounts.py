"""Keys, the accounts they belong to, and the limits each account lives under.

A key is `sandbox-<service>-<account>-<n>`; keys of one account share its limits. Any key that starts with `sandbox-` is
good until `Accounts.revoke` says otherwise; every other one is refused as the service refuses a bad key.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

MINUTE = 60.0
DAY = 86_400.0

_KEY = re.compile(r"sandbox-(?P<service>[a-z0-9]+)-(?P<account>.+?)(?:-(?P<number>\d+))?$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one account may do at one service; `None` means no limit.

    Attributes:
        requests_per_minute: per account and model, over a sliding minute.
        requests_per_day: the same over a sliding day; Runway counts generations so.
        tokens_per_minute: Groq.
        concurrency: operations open at once; per model at Runway, where one too many waits instead of failing.
        credit: what the account may spend in all: Runway credits, ElevenLabs characters.
    """

    requests_per_minute: int | None = None
    requests_per_day: int | None = None
    tokens_per_minute: int | None = None
    concurrency: int | None = None
    credit: int | None = None


#: Runway: tier 2 of its usage tiers page (2026); ElevenLabs: the Creator plan (2025-08); the others are off.
REALISTIC: Mapping[str, Limits] = {
    "gemini": Limits(),
    "omni": Limits(),
    "vertex": Limits(),
    "runway": Limits(concurrency=3, requests_per_day=500, credit=50_000),
    "elevenlabs": Limits(concurrency=5, credit=100_000),
    "groq": Limits(),
}


@dataclass(frozen=True, slots=True)
class Exceeded:
    """A limit would be broken. `retry_after` is seconds until it would not."""

    limit: int
    used: int
    retry_after: float


@dataclass(slots=True)
class Account:
    """What one account has used at one service."""

    name: str
    limits: Limits
    spent: int = 0
    open: int = 0
    windows: dict[str, deque[tuple[float, int]]] = field(default_factory=dict)

    def used(self, window: str, period: float, now: float) -> int:
        uses = self.windows.setdefault(window, deque())
        while uses and uses[0][0] <= now - period:
            uses.popleft()
        return sum(amount for _, amount in uses)

    def admit(self, window: str, limit: int | None, period: float, now: float, amount: int = 1) -> Exceeded | None:
        """Count `amount` into the window, unless that would go over `limit`."""
        used = self.used(window, period, now)
        uses = self.windows[window]
        if limit is not None and used + amount > limit:
            oldest = uses[0][0] if uses else now
            return Exceeded(limit, used, max(0.01, oldest + period - now))
        uses.append((now, amount))
        return None


class Accounts:
    """The accounts of every service."""

    def __init__(self, limits: Mapping[str, Limits], clock: Callable[[], float]) -> None:
        self.limits = {**REALISTIC, **limits}
        self.clock = clock
        self._accounts: dict[tuple[str, str], Account] = {}
        self._revoked: set[str] = set()

    def revoke(self, key: str) -> None:
        self._revoked.add(key)

    def name_of(self, key: str) -> str | None:
        """The account of a good key, `None` for a bad one."""
        if key in self._revoked or not key.startswith("sandbox-"):
            return None
        match = _KEY.match(key)
        return match["account"] if match else key.removeprefix("sandbox-")

    def of(self, service: str, name: str) -> Account:
        """The account `name` at `service`, opened at its first use."""
        if (service, name) not in self._accounts:
            self._accounts[service, name] = Account(name, self.limits.get(service, Limits()))
        return self._accounts[service, name]

    def limit(self, service: str, name: str, limits: Limits) -> None:
        """Give one account limits of its own."""
        self.of(service, name).limits = limits
