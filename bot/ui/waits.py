"""Why a shot is not being made yet, in words: nobody should have to guess whether anything still goes on."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from bot.production.model import Take, TakeState
from bot.studio.casting import Casting
from bot.studio.model import ShotStart
from ratelimit import KeyHealth, KeyView, PoolView, Priority


def why_waiting(takes: Sequence[Take], castings: Sequence[Casting], services: Mapping[str, PoolView]) -> dict[int, str]:
    """What each waiting take of a running film waits for, by shot; none for those that are just about to go.

    Args:
        takes: of the film, in the order of its shots.
        castings: likewise.
        services: how the pools of the providers stand, by name.
    """
    states = {take.shot: take.state for take in takes}
    waits = {}
    for casting in castings:
        number = casting.number
        if states.get(number) is not TakeState.WAITING:
            continue
        follows = casting.shot.start is ShotStart.PREVIOUS and states.get(number - 1) is not TakeState.MADE
        if follows and number - 1 in states:
            waits[number] = f"waiting for shot {number - 1}"
            continue
        service = services.get(casting.model.provider)
        words = _at_the_service(service, casting.model.id) if service is not None else None
        if words is not None:
            waits[number] = words
    return waits


def _at_the_service(service: PoolView, model: str) -> str | None:
    rests = [_rests_until(key, model) for key in service.keys]
    awake = [key for key, until in zip(service.keys, rests, strict=True) if until is None]
    if not awake:
        soonest = min((until for until in rests if until is not None), default=math.inf)
        if soonest == math.inf:
            return None  # nobody waits for that: the film ends, and says why
        # Upwards: the pool's clock is another one, and what moves by a hair should not be another card.
        return f"waiting: the service is at its limit; it goes on <t:{math.ceil(soonest)}:R>"
    # Rates, and the room of a model, show only by somebody waiting: the pool lets nobody wait without need.
    full = all(key.room is not None and key.open >= key.room for key in awake)
    if full or service.waiting.get(Priority.GENERATION):
        return "waiting for a free place at the service"
    return None


def _rests_until(key: KeyView, model: str) -> float | None:
    """Until when (Unix seconds) the key serves this model not at all; infinity for good, `None` where it may now."""
    if key.health is KeyHealth.OUT:
        return math.inf
    rests = [until for until in (key.until, key.resting_models.get(model)) if until is not None]
    return max(rests, default=None)
