"""What a production or a reading was charged, part by part, from the ledger."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from sqlalchemy import select

from bot.db import Transaction
from bot.db.tables import paid_calls
from bot.jobs.ledger import CallState
from bot.studio.budget import Budgets

#: Orders that nobody knows the fate of, or that were given up: the bot bears what they may have cost.
_UNANSWERED = {CallState.INTENT, CallState.UNKNOWN, CallState.LOST}


class Part(StrEnum):
    """What was paid for, in the order it is told."""

    SHOTS = "shots"
    VOICE = "voice"
    NOISES = "noises"
    MUSIC = "music"
    STILLS = "stills"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """`parts` sums to `charged_microusd`; what may have been charged without an answer stands apart."""

    parts: Mapping[Part, int] = field(default_factory=dict)
    unanswered_microusd: int = 0

    @property
    def charged_microusd(self) -> int:
        return sum(self.parts.values())


def bill(calls: Iterable[tuple[str, CallState, int]]) -> Bill:
    """Add up orders, given as key ("{job}/{part}/{attempt}"), state and price."""
    parts: Counter[Part] = Counter()
    unanswered = 0
    for key, state, price in calls:
        if state is CallState.REFUSED:
            continue
        if state in _UNANSWERED:
            unanswered += price
        else:
            parts[_part(key)] += price
    return Bill(parts={part: parts[part] for part in Part if parts[part]}, unanswered_microusd=unanswered)


async def bill_of(transaction: Transaction, job: str) -> Bill:
    columns = select(paid_calls.c.key, paid_calls.c.state, paid_calls.c.price_microusd)
    rows = await transaction.execute(columns.where(paid_calls.c.job == job))
    return bill((row.key, CallState(row.state), row.price_microusd) for row in rows)


async def settle_by_bill(transaction: Transaction, budgets: Budgets, job: str) -> None:
    """Settle what is kept aside for a production or reading that is over by what the ledger tells."""
    told = await bill_of(transaction, job)
    await budgets.settle(
        transaction, job, settled_microusd=told.charged_microusd, written_off_microusd=told.unanswered_microusd
    )


def _part(key: str) -> Part:
    part = key.split("/")[1]
    if part.startswith("effect"):
        return Part.NOISES
    if part.startswith("music"):
        return Part.MUSIC
    if part.startswith("still"):
        return Part.STILLS
    return Part.SHOTS if part.isdigit() else Part.VOICE
