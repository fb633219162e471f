"""What an operator may know of a pool: values to read, without a secret in them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from ratelimit.fair_queue import Priority
from ratelimit.health import Health
from ratelimit.meter import Usage
from ratelimit.roster import KeyState


class KeyHealth(StrEnum):
    HEALTHY = "healthy"
    COOLING = "cooling"  # rests until a known time
    PROBING = "probing"  # rested; one request at a time finds out
    OUT = "out"  # until somebody acts


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyView:
    """One key.

    Attributes:
        until: Unix seconds when it stops cooling; `None` unless it cools.
        why: "throttled", "exhausted" or "rejected"; empty while healthy.
        usage: its account's windows; shared by all keys of the account, like the following ones.
        open: operations open and leases out, in all and by model (`None`: leases that named no model).
        room: how many may be open in all; `None` for any number.
        resting_models: models that rest on this account while others go on, with the Unix seconds until when.
    """

    id: str
    account: str
    health: KeyHealth
    until: float | None
    why: str
    in_flight: int
    usage: tuple[Usage, ...]
    open: int
    open_by_model: Mapping[str | None, int]
    room: int | None
    resting_models: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolView:
    provider: str
    keys: tuple[KeyView, ...]
    waiting: Mapping[Priority, int]

    @property
    def healthy(self) -> int:
        return sum(key.health is KeyHealth.HEALTHY for key in self.keys)


def view_key(state: KeyState, healths: Iterable[Health], now: float, offset: float) -> KeyView:
    """View a key through everything it depends on; `offset` turns times on the clock of `now` into Unix seconds."""
    account, meter = state.account, state.account.meter
    health, until, why = _summary(healths, now)
    return KeyView(
        id=state.key.id,
        account=account.id,
        health=health,
        until=None if until is None else until + offset,
        why=why,
        in_flight=state.in_flight,
        usage=meter.usage(now),
        open=meter.open_count,
        open_by_model=meter.open_by_model,
        room=meter.limits.account.room,
        resting_models={model: rest.until + offset for model, rest in account.models.items() if rest.until > now},
    )


def _summary(healths: Iterable[Health], now: float) -> tuple[KeyHealth, float | None, str]:
    sick = [health for health in healths if not health.is_healthy]
    if not sick:
        return KeyHealth.HEALTHY, None, ""
    worst = max(sick, key=lambda health: health.until)
    if worst.is_out:
        return KeyHealth.OUT, None, worst.why
    if worst.until > now:
        return KeyHealth.COOLING, worst.until, worst.why
    return KeyHealth.PROBING, None, worst.why
