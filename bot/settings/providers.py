"""The keys we hold of each service, and what we know of their limits."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.settings.cloud import Cloud, read_cloud
from bot.settings.limits import LimitSetting, read_limits
from bot.settings.services import PROVIDERS, Provider

if TYPE_CHECKING:
    from bot.settings.environment import Environment


#: What an account may be called, and what a key is made of: it travels in a header, where only visible ASCII may stand.
ACCOUNT_FORM = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}"
KEY_FORM = r"[!-~]+"


@dataclass(frozen=True, slots=True)
class ProviderKey:
    """One key. `account` names whose limits it counts against; keys without one have their own `id` there.

    `parts` are what of the secret must not be seen even by itself.
    """

    id: str
    account: str
    secret: str = field(repr=False)
    parts: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderSettings:
    """One service on offer. `None` leaves a thing to what the bot knows of the service.

    Args:
        limits: that differ from what the bot assumes, the more general ones first.
        cooldown: seconds an account rests when the service does not say for how long.
        max_retries: of a request that met a service which was down.
        backoff: seconds before the first of them; it doubles.
        project, location: of Google Cloud, for keys that are accounts there.
    """

    name: str
    keys: tuple[ProviderKey, ...]
    base_url: str | None = None
    limits: tuple[LimitSetting, ...] = ()
    cooldown: int | None = None
    max_retries: int | None = None
    backoff: float | None = None
    project: str | None = None
    location: str | None = None


@dataclass(frozen=True, slots=True)
class _Item:
    variable: str
    account: str | None
    secret: str


def key_id(provider: str, secret: str) -> str:
    """A name for a key that may be logged and stored.

    Rows refer to keys over restarts, so it must not change when keys are added or reordered: it is drawn from the
    secret, 32 bits of a hash that says nothing about it.
    """
    return f"{provider}-{hashlib.sha256(secret.encode()).hexdigest()[:8]}"


def read_providers(environment: Environment) -> tuple[dict[str, ProviderSettings], tuple[str, ...]]:
    """Read the services that have keys, by name, and remarks about variables that do nothing without one."""
    offered = {}
    remarks = []
    for provider in PROVIDERS:
        cloud = read_cloud(environment) if provider.name == "vertex" else Cloud()
        keys = (*_read_keys(environment, provider), *_account_keys(provider, cloud))
        settings = ProviderSettings(
            name=provider.name,
            keys=keys,
            base_url=environment.url(f"{provider.prefix}_BASE_URL"),
            limits=read_limits(environment, provider, {key.account for key in keys}),
            cooldown=environment.integer(f"{provider.prefix}_COOLDOWN_SECONDS"),
            max_retries=environment.integer(f"{provider.prefix}_MAX_RETRIES") if provider.has_tokens else None,
            backoff=environment.decimal(f"{provider.prefix}_BACKOFF_SECONDS") if provider.has_tokens else None,
            project=cloud.project,
            location=cloud.location,
        )
        if keys:
            offered[provider.name] = settings
        elif settings != ProviderSettings(name=provider.name, keys=()):
            either = " or GOOGLE_APPLICATION_CREDENTIALS" if provider.name == "vertex" else ""
            remarks.append(
                f"{provider.title} has settings but no key, so it is not offered: set {_keys_name(provider)}{either}"
            )
    return offered, tuple(remarks)


def _account_keys(provider: Provider, cloud: Cloud) -> tuple[ProviderKey, ...]:
    """The account as a key. Its limits are its project's, under whose name they can be told."""
    if cloud.account is None:
        return ()
    document = cloud.account.document
    name = key_id(provider.name, document)
    return (ProviderKey(name, cloud.project or cloud.account.project or name, document, cloud.account.parts),)


def _keys_name(provider: Provider) -> str:
    return f"{provider.prefix}_API_KEYS"


def _read_keys(environment: Environment, provider: Provider) -> tuple[ProviderKey, ...]:
    items = _parse(environment, _keys_name(provider), environment.items(_keys_name(provider)))
    for name in environment.numbered(f"{provider.prefix}_API_KEY"):
        value = environment.text(name)
        if value is not None and re.search(r"[,;\s]", value):
            environment.fault(name, "holds more than one key", f"put them into {_keys_name(provider)}")
        elif value is not None:
            items += _parse(environment, name, [value])
    return _merge(environment, provider, items)


def _parse(environment: Environment, variable: str, members: list[str]) -> list[_Item]:
    parsed = []
    for position, member in enumerate(members, start=1):
        account, colon, secret = member.rpartition(":")
        where = f"item {position} of its list" if len(members) > 1 else "its key"
        if colon and not re.fullmatch(ACCOUNT_FORM, account):
            environment.fault(
                variable, f"has an unusable account in {where}", "write account:key, the account in letters and digits"
            )
        elif not re.fullmatch(KEY_FORM, secret):
            environment.fault(
                variable,
                f"has no key after the colon in {where}" if not secret else f"has a strange character in {where}",
                "copy the key again",
            )
        else:
            parsed.append(_Item(variable, account or None, secret))
    for secret, times in Counter(item.secret for item in parsed).items():
        if times > 1:
            positions = [str(place) for place, member in enumerate(members, 1) if member.rpartition(":")[2] == secret]
            environment.fault(variable, f"has the same key twice (items {' and '.join(positions)})", "keep one of them")
    return parsed


def _merge(environment: Environment, provider: Provider, items: list[_Item]) -> tuple[ProviderKey, ...]:
    """Count a key that stands under several names once; the name with an account tells whose it is."""
    accounts: dict[str, str | None] = {}
    for item in items:
        known = accounts.get(item.secret)
        if known and item.account and known != item.account:
            environment.fault(item.variable, "gives one key to two accounts", "keep the one it belongs to")
        accounts[item.secret] = known or item.account
    keys = []
    for secret, account in accounts.items():
        name = key_id(provider.name, secret)
        keys.append(ProviderKey(name, account or name, secret))
    return tuple(keys)
