"""The key pools, built from the settings; and what a provider's error means for the key that met it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from bot.settings import ProviderSettings
from providers.errors import KeyRejected, QuotaExhausted, RateLimited, RequestFault, Unavailable
from ratelimit import (
    DEFAULTS,
    Allowance,
    ApiKey,
    BadRequest,
    Exhausted,
    KeyPool,
    Limit,
    PoolDefaults,
    Rejected,
    Scope,
    Throttled,
    Verdict,
)


def build_pools(providers: Mapping[str, ProviderSettings]) -> dict[str, KeyPool]:
    """One pool for each provider that has keys, with the platform's limits where the operator named none."""
    pools = {}
    for name, settings in providers.items():
        defaults = _defaults(settings)
        pools[name] = KeyPool(
            name,
            [ApiKey(id=key.id, account=key.account, secret=key.secret) for key in settings.keys],
            limits=defaults.limits,
            judge=judge,
            cooldown=defaults.cooldown,
        )
    return pools


def judge(failure: BaseException, now: float) -> Verdict | None:
    """What a failure tells about the key: the bridge between `providers.errors` and the pool's verdicts."""
    match failure:
        case RateLimited(retry_after=retry_after, model=model):
            until = now + retry_after if retry_after is not None else None
            return Throttled(until, Scope.MODEL if model else Scope.ACCOUNT)
        case QuotaExhausted(until=until, model=model):
            # Where the service names no time (Runway's rolling day, spent credit), one request an hour finds out.
            return Exhausted(until if until is not None else now + 3600.0, Scope.MODEL if model else Scope.ACCOUNT)
        case KeyRejected():
            return Rejected()
        case RequestFault():
            return BadRequest()
        case Unavailable():
            return Throttled(None, Scope.PROVIDER)
        case _:
            return None  # an unknown outcome, an unreadable answer or a fault of ours tells nothing about the key


def _defaults(settings: ProviderSettings) -> PoolDefaults:
    defaults = DEFAULTS[settings.name]
    account, each_model = defaults.limits.account, defaults.limits.each_model
    models = defaults.limits.models
    if settings.requests_per_minute is not None:
        account = replace(account, rates=(Limit(settings.requests_per_minute, period=60.0),))
    if settings.room is not None:
        room = settings.room
        account = replace(account, room=room if account.room is not None else None)
        each_model = replace(each_model, room=room if each_model.room is not None else None)
        models = {model: Allowance(rates=allowance.rates, room=room) for model, allowance in models.items()}
    cooldown = settings.cooldown if settings.cooldown is not None else defaults.cooldown
    return PoolDefaults(replace(defaults.limits, account=account, each_model=each_model, models=models), cooldown)
