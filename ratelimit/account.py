"""An account with its keys: what it may spend, how it fares, and which of its keys is next."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

from ratelimit.health import Health
from ratelimit.keys import ApiKey
from ratelimit.meter import FULL, Meter
from ratelimit.rations import Ration


@dataclass(slots=True, eq=False)
class KeyState:
    """A key in the pool.

    Attributes:
        has_peers: it is not the only key that is lent, so that others can serve while it is tried.
        is_paused: somebody decided to lend it no more for now; whoever waits for it waits on.
        is_retired: it is never lent again, and goes once nothing is open with it.
        open: operations that outlive their leases.
        turn: the number of the grant that used it last.
        granted, served, refused: counted for operators.
    """

    key: ApiKey
    account: Account
    health: Health
    has_peers: bool = False
    is_paused: bool = False
    is_retired: bool = False
    in_flight: int = 0
    open: int = 0
    turn: int = 0
    granted: int = 0
    served: int = 0
    refused: int = 0

    @property
    def is_withheld(self) -> bool:
        """It is not lent, however well it is."""
        return self.is_paused or self.is_retired

    @property
    def is_idle(self) -> bool:
        return not self.in_flight and not self.open

    @property
    def is_new(self) -> bool:
        """It never served, and others can do the work until it did."""
        return self.has_peers and not self.health.has_served


@dataclass(slots=True, eq=False)
class Account:
    """A quota group: its meter, its health and that of its models, its keys.

    Attributes:
        provider: the health of the provider, shared by all accounts.
        ration: what it may spend before the next journey to a store; `None` where nothing is shared or remembered.
        needs_care: something of it rests, is half-open, withheld or was never tried, so that the quick answers do not
            hold.
    """

    id: str
    number: int
    meter: Meter
    health: Health
    provider: Health
    models: dict[str, Health] = field(default_factory=dict)
    keys: list[KeyState] = field(default_factory=list)
    in_flight: int = 0
    turn: int = 0
    ration: Ration | None = None
    needs_care: bool = False
    _next: int = 0

    def diagnose(self) -> None:
        """After a change of any health: find out again whether all are well."""
        self.needs_care = not (
            self.provider.is_healthy
            and self.health.is_healthy
            and all(state.health.is_healthy and not state.is_new and not state.is_withheld for state in self.keys)
            and all(health.is_healthy for health in self.models.values())
        )

    def healths(self, state: KeyState, model: str | None) -> Iterator[Health]:
        """All that must be well for a key to serve a model."""
        yield self.provider
        yield self.health
        yield state.health
        if model is not None and model in self.models:
            yield self.models[model]

    def is_tried(self, state: KeyState, model: str | None) -> bool:
        """Whether all is well; else the next request is a probe."""
        if not self.needs_care:
            return True
        return not state.is_withheld and all(health.is_healthy for health in self.healths(state, model))

    def may_serve(self, state: KeyState, model: str | None, now: float) -> bool:
        if not self.needs_care:
            return True
        return not state.is_withheld and all(health.may_serve(now) for health in self.healths(state, model))

    def is_out(self, state: KeyState, model: str | None, now: float) -> Health | None:
        """What keeps a key from serving a model for longer than anybody should wait."""
        if not self.needs_care:
            return None
        return next((health for health in self.healths(state, model) if health.is_out(now)), None)

    def next_key(self, model: str | None, now: float) -> KeyState | None:
        """The key whose turn it is. One that comes back from a rest goes first.

        Ranked by load it would rank last for as long as the others are busier, and never return.
        """
        keys = self.keys
        if not self.needs_care:
            if len(keys) == 1:
                return keys[0]
            self._next = (self._next + 1) % len(keys)
            return keys[self._next - 1]
        able = [state for state in keys if self.may_serve(state, model, now)]
        return min(able, key=lambda state: (self.is_tried(state, model), state.in_flight, state.turn), default=None)

    def standing(self, model: str | None, now: float) -> tuple[bool, float, int, int] | None:
        """Its rank for a request for this model, the least first; `None` if not even the smallest could go.

        An account to be probed goes first; then the least loaded, the one with the least in flight, and the one whose
        turn is longest ago.
        """
        load = self.meter.load(model, now)
        if load is FULL or (self.ration is not None and not self.ration.is_open(model, now)):
            return None
        is_tried = True
        if self.needs_care:
            state = self.next_key(model, now)
            if state is None:
                return None
            is_tried = self.is_tried(state, model)
        return is_tried, load, self.in_flight, self.turn

    def next_change(self, model: str | None, now: float) -> float:
        """When time itself may change its standing; infinity if it will not."""
        at = self.meter.next_expiry(model, now)
        if self.ration is not None:
            at = min(at, self.ration.next_change(now))
        if self.needs_care:
            for state in self.keys:
                for health in self.healths(state, model):
                    at = min(at, *(time for time in (health.until, health.probed_until) if time > now), math.inf)
        return at
