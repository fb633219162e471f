"""The platform's limits, as data; settings replace whatever an operator knows better.

Providers enforce other things than these (checked 2026-11): Google counts per project, ElevenLabs and Runway count
operations open at once and publish no requests per minute. The rates are our own politeness; the rooms are what binds
on the smaller paid plans.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ratelimit.limits import DAY, Allowance, DayLimit, Limit, Limits, Rate


@dataclass(frozen=True, slots=True)
class PoolDefaults:
    """How a pool of one provider treats each account, where nobody knows better.

    Attributes:
        limits: of one account.
        cooldown: seconds to rest when refused without a time.
        max_retries: of a request that met an unavailable service.
        backoff: seconds before the first of them; it doubles.
        day_zone: where the provider's days begin at midnight, as an IANA name; `None` where its days roll, or where
            nobody knows, since what holds for every 24 hours holds for every day.
    """

    limits: Limits
    cooldown: float
    max_retries: int = 3
    backoff: float = 1.0
    day_zone: str | None = None

    def rate(self, period: float, *, requests: int | None = None, tokens: int | None = None) -> Rate:
        """A limit over so many seconds, by the provider's own idea of a day."""
        if period == DAY and self.day_zone is not None:
            return DayLimit(requests, tokens, self.day_zone)
        return Limit(requests, tokens, period)


_OMNI = Allowance(room=4)

DEFAULTS: Mapping[str, PoolDefaults] = MappingProxyType(
    {
        "gemini": PoolDefaults(
            Limits(
                account=Allowance(rates=(Limit(15, period=60.0),)),
                models={"gemini-omni-1.1-flash": _OMNI, "gemini-omni-1.2-flash": _OMNI},
            ),
            cooldown=30.0,
            day_zone="America/Los_Angeles",
        ),
        # Ten requests a minute was the documented quota of a project and Veo 3; 3.1's depends on the contract.
        "vertex": PoolDefaults(
            Limits(account=Allowance(rates=(Limit(10, period=60.0),)), each_model=Allowance(room=4)), cooldown=60.0
        ),
        "runway": PoolDefaults(
            Limits(account=Allowance(rates=(Limit(10, period=60.0),)), each_model=Allowance(room=2)), cooldown=60.0
        ),
        "elevenlabs": PoolDefaults(Limits(account=Allowance(rates=(Limit(20, period=60.0),), room=4)), cooldown=30.0),
        "groq": PoolDefaults(Limits(account=Allowance(rates=(Limit(30, period=60.0),))), cooldown=20.0),
    }
)
