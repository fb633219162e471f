"""The key pools, built from the settings; and what a provider's words mean for the key that met them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from bot.settings import LendingSettings, ProviderSettings
from bot.studio.account_limits import limits_by_account, limits_of_all
from bot.studio.limiter import Limiter
from providers.errors import KeyRejected, QuotaExhausted, RateLimited, RequestFault
from providers.errors import Unavailable as ServiceUnavailable
from providers.quota import Note, Notice, QuotaNote, RoomNote
from ratelimit import (
    DEFAULTS,
    ApiKey,
    BadRequest,
    Exhausted,
    KeyPool,
    Rejected,
    Remaining,
    Scope,
    Throttled,
    Unavailable,
    UsageStore,
    Verdict,
)


def build_pools(
    providers: Mapping[str, ProviderSettings], lending: LendingSettings, store: UsageStore | None = None
) -> dict[str, KeyPool]:
    """One pool for each provider that has keys, with the platform's limits where the operator named none.

    With a store, `KeyPool.run` of each must run.
    """
    pools = {}
    for name, settings in providers.items():
        defaults = DEFAULTS[name]
        pools[name] = KeyPool(
            name,
            [ApiKey(id=key.id, account=key.account, secret=key.secret) for key in settings.keys],
            limits=limits_of_all(defaults, settings.limits),
            account_limits=limits_by_account(defaults, settings.limits),
            judge=judge,
            cooldown=defaults.cooldown if settings.cooldown is None else settings.cooldown,
            max_retries=defaults.max_retries if settings.max_retries is None else settings.max_retries,
            backoff=defaults.backoff if settings.backoff is None else settings.backoff,
            skew=lending.skew,
            patience=lending.patience,
            store=store,
        )
    return pools


def judge(outcome: object, now: float) -> Verdict | None:
    """What a failure tells about the key: the bridge between `providers.errors` and the pool's verdicts."""
    match outcome:
        case RateLimited(retry_after=retry_after, model=model):
            return Throttled(None if retry_after is None else now + retry_after, _scope(model))
        case QuotaExhausted(until=until, model=model):
            return Exhausted(until, _scope(model))
        case KeyRejected():
            return Rejected()
        case RequestFault():
            return BadRequest()
        case ServiceUnavailable():
            return Unavailable()
        case _:
            # An unknown outcome, an unreadable answer or a fault of ours tells nothing about the key. In particular
            # an order that may have been accepted must never look like one that is worth repeating.
            return None


def heard_by(
    pools: Mapping[str, KeyPool],
    limiter: Limiter,
    *,
    clock: Callable[[], float] = time.time,
) -> Notice:
    """Pass on what services say of their limits to the pools that keep them.

    What is left of a limit is always believed; how much room there is, where the operator has not said it.
    """

    def hear(note: Note) -> None:
        pool = pools[note.provider]
        match note:
            case QuotaNote():
                left = Remaining(
                    period=note.period, requests=note.requests, tokens=note.tokens, until=clock() + note.resets_in
                )
                pool.report(left, key_id=note.key_id, model=note.model)
            case RoomNote():
                limiter.learn(note.provider, note.key_id, note.model, note.room)

    return hear


def _scope(model: str | None) -> Scope:
    return Scope.ACCOUNT if model is None else Scope.MODEL
