"""The platform's limits, as data; settings replace whatever an operator knows better.

Providers enforce other things than these (checked 2026-11): Google counts per project, ElevenLabs and Runway count
operations open at once and publish no requests per minute. The rates are our own politeness; the rooms are what binds
on the smaller paid plans.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from ratelimit.limits import Allowance, Limit, Limits


@dataclass(frozen=True, slots=True)
class PoolDefaults:
    """Limits of one account of a provider, and how long it rests (seconds) when refused without a time."""

    limits: Limits
    cooldown: float


_OMNI = Allowance(room=4)

DEFAULTS: Mapping[str, PoolDefaults] = MappingProxyType(
    {
        "gemini": PoolDefaults(
            Limits(
                account=Allowance(rates=(Limit(15, period=60.0),)),
                models={"gemini-omni-1.1-flash": _OMNI, "gemini-omni-1.2-flash": _OMNI},
            ),
            cooldown=30.0,
        ),
        "runway": PoolDefaults(
            Limits(account=Allowance(rates=(Limit(10, period=60.0),)), each_model=Allowance(room=2)), cooldown=60.0
        ),
        "elevenlabs": PoolDefaults(Limits(account=Allowance(rates=(Limit(20, period=60.0),), room=4)), cooldown=30.0),
        "groq": PoolDefaults(Limits(account=Allowance(rates=(Limit(30, period=60.0),))), cooldown=20.0),
    }
)
