"""What an operator may know of a pool: values to read, without a secret in them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from ratelimit.account import KeyState
from ratelimit.fair_queue import Priority
from ratelimit.health import Health
from ratelimit.limits import Limits
from ratelimit.window import Usage


class KeyHealth(StrEnum):
    HEALTHY = "healthy"
    COOLING = "cooling"  # rests until a known time
    PROBING = "probing"  # rested; one request at a time finds out
    OUT = "out"  # rejected, or used up until somebody acts; nobody waits for it
    PAUSED = "paused"  # not lent until somebody resumes it
    RETIRED = "retired"  # never lent again; it goes once nothing is open with it


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyView:
    """One key.

    Attributes:
        until: Unix seconds when it stops cooling, or is asked again if it is out; `None` where there is no such time.
        why: "throttled", "exhausted", "rejected" or "unavailable"; empty while nothing speaks against it.
        granted, served, refused: how often it was lent, served, and met anything that speaks against it.
        usage: its account's windows; shared by all keys of the account, like the following ones.
        open: operations open and leases out, in all and by model (`None`: leases that named no model).
        limits: of its account.
        resting_models: models that rest on this account while others go on, with the Unix seconds until when; infinity
            where nobody should wait for it.
    """

    id: str
    account: str
    health: KeyHealth
    until: float | None
    why: str
    in_flight: int
    granted: int
    served: int
    refused: int
    usage: tuple[Usage, ...]
    open: int
    open_by_model: Mapping[str | None, int]
    limits: Limits
    resting_models: Mapping[str, float]

    def has_room(self, model: str | None) -> bool:
        """Whether one more operation may be open, on this model."""
        rooms = [(self.limits.account.room, self.open)]
        if model is not None:
            rooms.append((self.limits.for_model(model).room, self.open_by_model.get(model, 0)))
        return all(room is None or is_open < room for room, is_open in rooms)

    @property
    def error_rate(self) -> float:
        """Of what it was lent for, the share that met anything that speaks against the key; 0 to 1."""
        return min(1.0, self.refused / self.granted) if self.granted else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolView:
    """A pool. `longest_wait` says for how many seconds the one waits who came first, by class, where somebody does."""

    provider: str
    keys: tuple[KeyView, ...]
    waiting: Mapping[Priority, int]
    longest_wait: Mapping[Priority, float]
    by_user: Mapping[tuple[Priority, str], int]

    @property
    def healthy(self) -> int:
        return sum(key.health is KeyHealth.HEALTHY for key in self.keys)


def view_key(state: KeyState, now: float, offset: float) -> KeyView:
    """View a key through everything it depends on; `offset` turns times on the clock of `now` into Unix seconds."""
    account, meter = state.account, state.account.meter
    health, until, why = _summary(account.healths(state, None), now)
    if state.is_withheld:
        health, until = KeyHealth.RETIRED if state.is_retired else KeyHealth.PAUSED, None
    return KeyView(
        id=state.key.id,
        account=account.id,
        health=health,
        until=None if until is None else until + offset,
        why=why,
        in_flight=state.in_flight,
        granted=state.granted,
        served=state.served,
        refused=state.refused,
        usage=meter.usage(now),
        open=meter.open,
        open_by_model=meter.open_by_model,
        limits=meter.limits,
        resting_models={
            model: math.inf if rest.is_out(now) else rest.until + offset
            for model, rest in account.models.items()
            if rest.until > now
        },
    )


def _summary(healths: Iterable[Health], now: float) -> tuple[KeyHealth, float | None, str]:
    sick = [health for health in healths if not health.is_healthy]
    if not sick:
        return KeyHealth.HEALTHY, None, ""
    worst = max(sick, key=lambda health: (health.is_out(now), health.until))
    if worst.is_out(now):
        return KeyHealth.OUT, worst.until, worst.why
    if worst.until > now:
        return KeyHealth.COOLING, worst.until, worst.why
    return KeyHealth.PROBING, None, worst.why
