"""Which keys a spec names, on which accounts, in whichever of many shapes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from benchmarks.pool.spec_limits import LIMIT_WORDS, OWNER, WHAT
from benchmarks.pool.spec_values import SpecFault, fields_of, first_of, read_name


def read_keys(said: Mapping[str, object]) -> tuple[dict[str, object], list[tuple[str, str | None]]]:
    """Every key with its account, where it names one itself; and the limits that keys carry, by key."""
    raw = first_of(said, "keys", "api_keys")
    if raw is None:
        groups = first_of(said, "accounts", "account")
        if not isinstance(groups, Mapping):
            raise SpecFault("keys", "there are none")
        raw = [name for group in groups.values() for name in _members(group)]
    if isinstance(raw, str):
        raw = [raw]
    if isinstance(raw, Mapping):
        raw = [
            {"key": key, **(fields_of(it, "keys") if not isinstance(it, str) else {"account": it})}
            for key, it in raw.items()
        ]
    if not isinstance(raw, Iterable):
        raise SpecFault("keys", f"{raw!r} is no list of keys")
    keys: list[tuple[str, str | None]] = []
    limits: dict[str, object] = {}
    for number, one in enumerate(raw):
        name, account, limit = _read_key(one, f"keys[{number}]")
        keys.append((name, account))
        if limit is not None:
            limits[name] = limit
    if not keys:
        raise SpecFault("keys", "there are none")
    twice = {name for name, _ in keys if sum(name == other for other, _ in keys) > 1}
    if twice:
        raise SpecFault("keys", f"{', '.join(sorted(twice))} is there twice")
    return limits, keys


def _read_key(one: object, where: str) -> tuple[str, str | None, object]:
    if isinstance(one, str):
        return read_name(one, where), None, None
    if isinstance(one, Sequence):
        if not 1 <= len(one) <= 2:
            raise SpecFault(where, f"{one!r} is no pair of key and account")
        return read_name(one[0], where), None if len(one) < 2 or one[1] is None else read_name(one[1], where), None
    fields = fields_of(one, where)
    name = first_of(fields, "key", "id", "name", "secret", "value", "api_key")
    account = first_of(fields, "account", "account_id", "group", "project", "org")
    own = {field: value for field, value in fields.items() if field in LIMIT_WORDS - {*OWNER, *WHAT}}
    return read_name(name, where), None if account is None else read_name(account, where), own or None


def read_accounts(said: Mapping[str, object], keys: Sequence[str]) -> dict[str, str]:
    """The account of each key, where the spec has a map of them, in either direction."""
    names = ("account", "accounts", "key_accounts", "key_account", "key_to_account", "account_of", "groups")
    raw = first_of(said, *names)
    if raw is None:
        return {}
    where = next(name for name in names if said.get(name) is not None)
    if isinstance(raw, str):
        return dict.fromkeys(keys, raw)
    if callable(raw):
        return {key: read_name(raw(key), where) for key in keys}
    if not isinstance(raw, Mapping):
        if not isinstance(raw, Sequence) or len(raw) != len(keys):
            raise SpecFault(where, f"{raw!r} names no account for each of {len(keys)} keys")
        return {key: read_name(account, where) for key, account in zip(keys, raw, strict=True)}
    if set(map(str, raw)) & set(keys):
        strange = set(map(str, raw)) - set(keys)
        if strange:
            raise SpecFault(where, f"{', '.join(sorted(strange))} is no key")
        return {str(key): read_name(account, f"{where}[{key}]") for key, account in raw.items()}
    found = {member: str(account) for account, group in raw.items() for member in _members(group)}
    if not found or set(found) - set(keys):
        raise SpecFault(where, f"{', '.join(sorted(set(found) - set(keys)) or map(str, raw))} is no key")
    return found


def _members(group: object) -> list[str]:
    if isinstance(group, str):
        return [group]
    if isinstance(group, Mapping):
        group = group.get("keys", ())
    return [str(member) for member in group] if isinstance(group, Iterable) else []
