"""Why a shot is not being made yet, in words: nobody should have to guess whether anything still goes on.

Members read this, so it says "the service": the names of accounts are the operator's. Moments are told as Discord's
relative times and rounded, for what moves by a second would be another card, and an edit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from bot.production.camera import name_of_wait
from bot.production.model import Production, ProductionState, Take, TakeState
from bot.speech import say
from bot.studio.casting import Casting, cast
from bot.studio.errors import CannotRender
from bot.studio.model import Plan, ShotStart
from providers.catalogue import Catalogue
from providers.errors import RequestFault
from ratelimit import KeyHealth, KeyPool, KeyView, Outlook, PoolView, Priority

#: How far off something is, in seconds, and to what its moment is rounded then.
_GRAINS = ((120.0, 15), (900.0, 60), (math.inf, 300))


class Waits:
    """Why the shots of running films wait, as the pools stand now."""

    def __init__(self, catalogue: Catalogue, pools: Mapping[str, KeyPool], clock: Callable[[], float]) -> None:
        self._catalogue = catalogue
        self._pools = pools
        self._clock = clock

    def of(
        self, production: Production, plan: Plan, takes: Sequence[Take], paused: frozenset[str]
    ) -> Mapping[int, str]:
        """By shot, as `why_waiting`; nothing for a film that does not run."""
        if production.state is not ProductionState.RUNNING or production.stopping:
            return {}
        castings = self._castings(plan, production.asset_id)
        providers = {casting.model.provider for casting in castings} & self._pools.keys()
        services = {name: self._pools[name].view() for name in providers}
        waiting = {take.shot for take in takes if take.state is TakeState.WAITING}
        outlooks = {}
        for casting in castings:
            if casting.number in waiting and casting.model.provider in services:
                outlook = self._pools[casting.model.provider].outlook(name_of_wait(production.id, casting.number))
                if outlook is not None:
                    outlooks[casting.number] = outlook
        return why_waiting(takes, castings, services, outlooks, self._clock(), paused)

    def busy(self, plan: Plan, asset_id: str | None) -> list[str]:
        """The services that would make a plan and lend nothing just now: every place is taken, or every key rests."""
        models = {casting.model.id: casting.model.provider for casting in self._castings(plan, asset_id)}
        views = {name: self._pools[name].view() for name in models.values() if name in self._pools}
        return sorted({name for model, name in models.items() if name in views and is_busy(views[name], model)})

    def services(self, plan: Plan, asset_id: str | None) -> frozenset[str]:
        """Those that would make a plan."""
        return frozenset(casting.model.provider for casting in self._castings(plan, asset_id))

    def _castings(self, plan: Plan, asset_id: str | None) -> tuple[Casting, ...]:
        try:
            return cast(plan, self._catalogue, asset_id=asset_id)
        except (CannotRender, RequestFault):  # its model has left the catalogue since
            return ()


def is_busy(service: PoolView, model: str) -> bool:
    """Whether no key of a service could take an order for this model now."""
    awake = [key for key in service.keys if rests_until(key, model) is None]
    return _is_full(awake, model)


def why_waiting(
    takes: Sequence[Take],
    castings: Sequence[Casting],
    services: Mapping[str, PoolView],
    outlooks: Mapping[int, Outlook],
    now: float,
    paused: frozenset[str] = frozenset(),
) -> dict[int, str]:
    """What each waiting take of a running film waits for, by shot; none for those that are just about to go.

    Args:
        takes: of the film, in the order of its shots.
        castings: likewise.
        services: how the pools of the providers stand, by name.
        outlooks: of those takes that wait for a key, by shot.
        now: Unix seconds.
        paused: services that the operator has paused.
    """
    states = {take.shot: take.state for take in takes}
    waits = {}
    for casting in castings:
        number = casting.number
        if states.get(number) is not TakeState.WAITING:
            continue
        follows = casting.shot.start is ShotStart.PREVIOUS and states.get(number - 1) is not TakeState.MADE
        if follows and number - 1 in states:
            waits[number] = say("waiting for shot {shot}", shot=number - 1)
            continue
        if casting.model.provider in paused:
            waits[number] = say("paused by the operator")
            continue
        service = services.get(casting.model.provider)
        if service is not None:
            outlook = outlooks.get(number)
            model = casting.model.id
            words = _not_in_line(service, model) if outlook is None else _in_line(service, model, outlook, now)
            if words is not None:
                waits[number] = words
    return waits


def _in_line(service: PoolView, model: str, outlook: Outlook, now: float) -> str | None:
    """Its place, the reason, and between when and when it starts."""
    if not outlook.ahead and _is_here(outlook.soonest, now) and _is_here(outlook.latest, now):
        return None
    words = say("waiting: {ahead} ahead of it", ahead=outlook.ahead) if outlook.ahead else say("waiting: next")
    reason = _reason(service, model, outlook, now)
    return f"{words}; {reason} · {_start(outlook, now)}" if reason else f"{words} · {_start(outlook, now)}"


def _reason(service: PoolView, model: str, outlook: Outlook, now: float) -> str:
    rests = [rests_until(key, model) for key in service.keys]
    awake = [key for key, until in zip(service.keys, rests, strict=True) if until is None]
    if not awake:
        is_paused = any(key.health is KeyHealth.PAUSED for key in service.keys)
        return say("paused by the operator") if is_paused else say("the service is at its limit")
    if _is_full(awake, model):
        return say("every place at the service is taken")
    if all(_is_spent(key, model) for key in awake):
        return say("the service is at its limit")
    if outlook.soonest is None or _is_here(outlook.soonest, now):
        return ""
    return say("orders are spread out, so that questions get through")


def _start(outlook: Outlook, now: float) -> str:
    if outlook.soonest is None:
        return say("nobody can tell yet when it starts")
    soonest = say("any moment") if _is_here(outlook.soonest, now) else _moment(outlook.soonest, now)
    if outlook.latest is None:
        return say("starts {soonest} at the earliest", soonest=soonest)
    latest = say("any moment") if _is_here(outlook.latest, now) else _moment(outlook.latest, now)
    if soonest == latest:
        return say("starts {moment}", moment=soonest)
    return say("starts {soonest}, perhaps only {latest}", soonest=soonest, latest=latest)


def _not_in_line(service: PoolView, model: str) -> str | None:
    """It is not in the pool's line, for it pauses between two attempts or is only about to stand in it."""
    rests = [rests_until(key, model) for key in service.keys]
    awake = [key for key, until in zip(service.keys, rests, strict=True) if until is None]
    if not awake:
        soonest = min((until for until in rests if until is not None), default=math.inf)
        if soonest == math.inf:
            return None  # nobody waits for that: the film ends, and says why
        # Upwards: the pool's clock is another one, and what moves by a hair should not be another card.
        moment = f"<t:{math.ceil(soonest)}:R>"
        return say("waiting: the service is at its limit; it goes on {moment}", moment=moment)
    # Rates show only by somebody waiting: the pool lets nobody wait without need.
    if _is_full(awake, model) or service.waiting.get(Priority.GENERATION):
        return say("waiting for a free place at the service")
    return None


def _is_full(keys: Sequence[KeyView], model: str) -> bool:
    return not any(key.has_room(model) for key in keys)


def _is_spent(key: KeyView, model: str) -> bool:
    """Whether its account may make no more requests for this model just now."""
    return any(
        usage.model in {None, model} and usage.limit.requests is not None and usage.requests >= usage.limit.requests
        for usage in key.usage
    )


def rests_until(key: KeyView, model: str) -> float | None:
    """Until when (Unix seconds) the key serves this model not at all; infinity for good, `None` where it may now."""
    if key.health in {KeyHealth.OUT, KeyHealth.PAUSED, KeyHealth.RETIRED}:
        return math.inf
    rests = [until for until in (key.until, key.resting_models.get(model)) if until is not None]
    return max(rests, default=None)


def _is_here(at: float | None, now: float) -> bool:
    return at is not None and at <= now + 1.0


def _moment(at: float, now: float) -> str:
    """Rounded upwards, the more roughly the farther it is."""
    step = grain(at, now)
    return f"<t:{math.ceil(at / step) * step}:R>"


def grain(at: float, now: float) -> int:
    """To what a moment is rounded, in seconds."""
    return next(step for farther, step in _GRAINS if at - now <= farther)
