"""What each account may do: what we assume of its service, with what the operator knows better in its place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from bot.settings import Amount, LimitSetting, ProviderSettings
from providers.catalogue import Catalogue
from ratelimit import Allowance, Limits, PoolDefaults


def limits_of_all(defaults: PoolDefaults, settings: Iterable[LimitSetting]) -> Limits:
    """The limits of an account that nothing is said about by name."""
    return _replaced(defaults, (setting for setting in settings if setting.account is None))


def limits_by_account(defaults: PoolDefaults, settings: Sequence[LimitSetting]) -> dict[str, Limits]:
    """The limits of those accounts that something is said about by name."""
    return {
        name: _replaced(defaults, (setting for setting in settings if setting.account in (None, name)))
        for name in {setting.account for setting in settings}
        if name is not None
    }


def models_asked(catalogue: Catalogue, provider: str) -> set[str]:
    """The models of a service that the bot knows how to ask."""
    return {model.id for model in catalogue.models() if model.provider == provider}


def unknown_models(catalogue: Catalogue, settings: ProviderSettings) -> set[str]:
    """Models that limits are set for and that the bot never asks this service for: probably misspelt."""
    named = {limit.model for limit in settings.limits if limit.model is not None}
    return named - models_asked(catalogue, settings.name)


def says_room(settings: Iterable[LimitSetting], account: str, model: str | None) -> bool:
    """Whether the operator has said how much room there is at this place: an account and a model."""
    return any(
        limit.room is not None and limit.account in {None, account} and limit.model in {None, model}
        for limit in settings
    )


def _replaced(defaults: PoolDefaults, settings: Iterable[LimitSetting]) -> Limits:
    """What is said last counts; the settings come with the more general ones first."""
    limits = defaults.limits
    for setting in settings:
        if setting.model is not None:
            own = _with_rates(limits.for_model(setting.model), setting.amounts, defaults)
            if setting.room is not None:
                own = replace(own, room=setting.room)
            limits = replace(limits, models={**limits.models, setting.model: own})
        else:
            limits = replace(limits, account=_with_rates(limits.account, setting.amounts, defaults))
            if setting.room is not None:
                limits = _with_room(limits, setting.room)
    return limits


def _with_rates(allowance: Allowance, amounts: Iterable[Amount], defaults: PoolDefaults) -> Allowance:
    """Each amount takes the place of the one over the same period, where there is one."""
    rates = {rate.period: rate for rate in allowance.rates}
    for amount in amounts:
        rate = rates.get(amount.period) or defaults.rate(amount.period)
        match amount.what:
            case "requests":
                rates[amount.period] = replace(rate, requests=amount.number)
            case "tokens":
                rates[amount.period] = replace(rate, tokens=amount.number)
    return replace(allowance, rates=tuple(rates.values()))


def _with_room(limits: Limits, room: int) -> Limits:
    """Room is counted where the service counts it: by model, if it is known to; else over all."""
    if limits.each_model.room is None and not any(model.room is not None for model in limits.models.values()):
        return replace(limits, account=replace(limits.account, room=room))
    return replace(
        limits,
        account=limits.account if limits.account.room is None else replace(limits.account, room=room),
        each_model=limits.each_model if limits.each_model.room is None else replace(limits.each_model, room=room),
        models={
            name: allowance if allowance.room is None else replace(allowance, room=room)
            for name, allowance in limits.models.items()
        },
    )
