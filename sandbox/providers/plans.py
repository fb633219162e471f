"""ElevenLabs' plans: how many requests of a kind may be open at once, and what only those who pay may have.

Concurrency as on its pages of 2025-08 (multilingual, flash, music); help.elevenlabs.io "Error Code 429", 2026.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sandbox.providers.accounts import Account

#: The category of voices that others lend: not for free accounts by API (reports of 2026).
LIBRARY = "professional"


class Kind(StrEnum):
    """What a request makes; each kind has room of its own."""

    SPEECH = "speech"
    FLASH = "flash"
    MUSIC = "music"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A plan; rooms of `None` have no end, a music room of 0 is no music."""

    name: str
    speech: int | None
    flash: int | None
    music: int
    library: bool = True

    def room(self, kind: Kind) -> int | None:
        return {Kind.SPEECH: self.speech, Kind.FLASH: self.flash, Kind.MUSIC: self.music}[kind]


PLANS = {
    plan.speech: plan
    for plan in (
        Plan(name="free", speech=2, flash=4, music=0, library=False),
        Plan(name="starter", speech=3, flash=6, music=2),
        Plan(name="creator", speech=5, flash=10, music=2),
        Plan(name="pro", speech=10, flash=20, music=2),
        Plan(name="scale", speech=15, flash=30, music=3),
    )
}


def plan_of(account: Account) -> Plan:
    """The plan with as much concurrency as the account has; for what no plan has, one made for it."""
    most = account.limits.concurrency
    made = Plan(name="creator", speech=most, flash=None if most is None else 2 * most, music=2)
    return PLANS.get(most, made)
