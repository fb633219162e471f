"""Which keys a spec names, on which accounts, in whichever of many shapes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks.pool.spec_limits import SpecKey
from benchmarks.pool.spec_rates import LIMIT_WORDS, OWNER, WHAT
from benchmarks.pool.spec_values import SpecFault, fields_of, first_of, read_name

_NAMES = ("key", "id", "name", "secret", "value", "api_key")
_ACCOUNTS = ("account", "account_id", "group", "project", "org")
_OF_KEYS = ("account", "accounts", "key_accounts", "key_account", "key_to_account", "account_of", "groups")
_MEMBERS = ("keys", "members", "api_keys")
_OWN_LIMITS = LIMIT_WORDS - {*OWNER, *WHAT, *_NAMES}


@dataclass(slots=True)
class Keys:
    """What a spec says of keys and their accounts. `overlooked` are fields of theirs that nobody reads."""

    keys: list[SpecKey]
    of_accounts: dict[str, object]
    overlooked: set[str]


@dataclass(slots=True)
class _Read:
    """A key before its account is known."""

    name: str
    account: str | None = None
    alias: str | None = None
    limits: object = None


@dataclass(slots=True)
class _Accounts:
    """What is said where accounts are told: of keys, by their name or alias; and of themselves."""

    of_keys: dict[str, str] = field(default_factory=dict)
    members: list[_Read] = field(default_factory=list)
    limits: dict[str, object] = field(default_factory=dict)


def read_keys(said: Mapping[str, object]) -> Keys:
    """Every key with its account, and the limits that stand with keys and accounts."""
    overlooked: set[str] = set()
    keys = _read_all(first_of(said, "keys", "api_keys"), overlooked)
    where = next((name for name in _OF_KEYS if said.get(name) is not None), "accounts")
    accounts = _read_accounts(said.get(where), keys, where, overlooked)
    keys = keys or accounts.members
    if not keys:
        raise SpecFault("keys", "there are none")
    names = [key.name for key in keys]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise SpecFault("keys", f"{', '.join(sorted(twice))} is there twice")
    strange = set(accounts.of_keys) - {*names, *(key.alias for key in keys)}
    if strange:
        raise SpecFault(where, f"{', '.join(sorted(strange))} is no key")
    return Keys([_place(key, accounts, where) for key in keys], accounts.limits, overlooked)


def _place(key: _Read, accounts: _Accounts, where: str) -> SpecKey:
    told = accounts.of_keys.get(key.name, accounts.of_keys.get(key.alias or ""))
    if key.account is not None and told is not None and key.account != told:
        raise SpecFault(where, f"{key.name} is of {told}, and of {key.account} among the keys")
    account = key.account or told or key.name
    return SpecKey(name=key.name, account=account, alias=key.alias, limits=key.limits)


# Keys


def _read_all(raw: object, overlooked: set[str]) -> list[_Read]:
    if raw is None:
        return []
    if isinstance(raw, str):
        raw = [raw]
    if isinstance(raw, Mapping):
        raw = [
            {"key": key, **(fields_of(it, "keys") if not isinstance(it, str) else {"account": it})}
            for key, it in raw.items()
        ]
    if not isinstance(raw, Iterable):
        raise SpecFault("keys", f"{raw!r} is no list of keys")
    return [_read_key(one, f"keys[{number}]", overlooked) for number, one in enumerate(raw)]


def _read_key(one: object, where: str, overlooked: set[str]) -> _Read:
    if isinstance(one, str):
        return _Read(read_name(one, where))
    if isinstance(one, Sequence) and not hasattr(one, "_fields"):
        if not 1 <= len(one) <= 3:
            raise SpecFault(where, f"{one!r} is no key with its account and limit")
        name, account, limits = (*one, None, None)[:3]
        return _Read(read_name(name, where), None if account is None else read_name(account, where), limits=limits)
    fields = fields_of(one, where)
    name = first_of(fields, *_NAMES)
    account = first_of(fields, *_ACCOUNTS)
    own = {word: value for word, value in fields.items() if word in _OWN_LIMITS and value is not None}
    overlooked |= set(fields) - {*own, *_NAMES, *_ACCOUNTS}
    alias = next(
        (str(fields[word]) for word in _NAMES if isinstance(fields.get(word), str) and fields[word] != name), None
    )
    return _Read(
        read_name(name, where), None if account is None else read_name(account, where), alias, limits=own or None
    )


# Accounts


def _read_accounts(raw: object, keys: Sequence[_Read], where: str, overlooked: set[str]) -> _Accounts:
    """A map in either direction, a list of one for each key, one for all, or groups with their keys and limits."""
    found = _Accounts()
    names = [key.name for key in keys]
    if raw is None:
        return found
    if isinstance(raw, str):
        found.of_keys = dict.fromkeys(names, raw)
    elif isinstance(raw, Mapping):
        known = {*names, *(key.alias for key in keys)}
        if set(map(str, raw)) & known:
            found.of_keys = {str(key): read_name(account, f"{where}[{key}]") for key, account in raw.items()}
        else:
            for name, group in raw.items():
                _read_group(str(name), group, keys, found, f"{where}[{name}]", overlooked)
    elif callable(raw):
        found.of_keys = {name: read_name(raw(name), where) for name in names}
    elif isinstance(raw, Sequence) and any(not isinstance(one, str | int) for one in raw):
        for number, group in enumerate(raw):
            fields = fields_of(group, f"{where}[{number}]")
            name = read_name(first_of(fields, "id", "name", *_ACCOUNTS), f"{where}[{number}]")
            _read_group(name, group, keys, found, f"{where}[{number}]", overlooked)
    elif isinstance(raw, Sequence) and len(raw) == len(keys):
        found.of_keys = {name: read_name(account, where) for name, account in zip(names, raw, strict=True)}
    else:
        raise SpecFault(where, f"{raw!r} names no account for each of {len(keys)} keys")
    return found


def _read_group(
    name: str, group: object, keys: Sequence[_Read], found: _Accounts, where: str, overlooked: set[str]
) -> None:
    """An account with its keys, by themselves or in a field, and with its limits."""
    limits: dict[str, object] = {}
    if isinstance(group, str):
        group = [group]
    if isinstance(group, Iterable) and not isinstance(group, Mapping):
        members: object = group
    else:
        fields = fields_of(group, where)
        members = first_of(fields, *_MEMBERS)
        limits = {word: value for word, value in fields.items() if word in _OWN_LIMITS and value is not None}
        overlooked |= set(fields) - {*limits, *_MEMBERS}
    if not isinstance(members, Iterable | None):
        raise SpecFault(where, f"{members!r} is no list of keys")
    for number, one in enumerate([members] if isinstance(members, str) else members or ()):
        member = _read_key(one, f"{where}[{number}]", overlooked)
        found.of_keys[member.name] = name
        found.members.append(member)
    if limits:
        found.limits[name] = limits
    elif not members or not (keys or found.members):
        raise SpecFault(where, f"{name} has no key")
