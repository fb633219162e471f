"""Reads what an outside harness says about a pool: keys, accounts, limits and the rest, in whichever shape it comes.

Liberal in what it takes, and plain about what it does not: `SpecFault` names the field. A word in a limit that is not
understood is a fault, for a limit that is overlooked is crossed.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ratelimit import Allowance, ApiKey, Cost, DayLimit, Limit, Limits, Priority

DAY_ZONE = "America/Los_Angeles"
"""Where a day begins when nobody says: Google's limits are the ones given by the day."""

_REQUESTS = ("requests", "max_requests", "limit", "rate", "capacity", "count", "amount", "n", "max")
_TOKENS = ("tokens", "max_tokens")
_PERIOD = ("period", "window", "seconds", "per", "interval", "window_s", "window_seconds", "period_s", "period_seconds")
_ROOM = ("max_concurrent", "concurrency", "concurrent", "room", "slots", "max_in_flight", "max_parallel", "in_flight")
_ZONE = ("zone", "timezone", "tz", "day_zone")
_RATES = ("rates", "limits", "windows")
_OWNER = ("account", "key", "key_id")
_SHORT = {  # field: (dimension, seconds)
    **dict.fromkeys(("rps", "requests_per_second"), ("requests", 1.0)),
    **dict.fromkeys(("rpm", "requests_per_minute", "per_minute"), ("requests", 60.0)),
    **dict.fromkeys(("tpm", "tokens_per_minute"), ("tokens", 60.0)),
    **dict.fromkeys(("rph", "requests_per_hour", "per_hour"), ("requests", 3600.0)),
    **dict.fromkeys(("rpd", "requests_per_day", "per_day"), ("requests", math.inf)),
    **dict.fromkeys(("tpd", "tokens_per_day"), ("tokens", math.inf)),
}
_FOR_ALL = ("default", "*", "all", "each")
_BY_NAME = ("accounts", "per_account", "by_account", "keys", "per_key", "by_key")
_LIMIT_WORDS = {*_REQUESTS, *_TOKENS, *_PERIOD, *_ROOM, *_ZONE, *_RATES, *_OWNER, *_SHORT, "name"}
_SPANS = {
    "second": 1.0,
    "s": 1.0,
    "minute": 60.0,
    "min": 60.0,
    "m": 60.0,
    "hour": 3_600.0,
    "h": 3_600.0,
    "day": 86_400.0,
}
_PRIORITIES = {
    **{priority.name.lower(): priority for priority in Priority},
    "urgent": Priority.HIGH,
    "analysis": Priority.HIGH,
    "normal": Priority.MEDIUM,
    "chat": Priority.MEDIUM,
    "background": Priority.LOW,
}


class SpecFault(ValueError):
    """The spec says something that cannot be meant. The message begins with the field."""

    def __init__(self, where: str, why: str) -> None:
        super().__init__(f"{where}: {why}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """A spec that was understood. `given` tells for every key's id what the harness called the key."""

    keys: tuple[ApiKey, ...]
    given: Mapping[str, str]
    account_limits: Mapping[str, Limits]
    weights: Mapping[str, float]
    cooldown: float = 30.0
    max_retries: int = 3
    skew: float = 0.25
    state_dir: Path | None = None


def read_spec(spec: object) -> Setup:
    """Raises `SpecFault`."""
    said = _fields(spec, "spec")
    own, keys = _read_keys(said)
    accounts = _read_accounts(said, [name for name, _ in keys])
    placed = [(name, account or accounts.get(name, name)) for name, account in keys]
    state_dir = _first(said, "state_dir", "state", "state_path")
    return Setup(
        keys=tuple(ApiKey(f"key-{n}", account, name) for n, (name, account) in enumerate(placed, start=1)),
        given={f"key-{n}": name for n, (name, _) in enumerate(placed, start=1)},
        account_limits=_read_limits(_first(said, "limits", "limit", "account_limits"), own, placed),
        weights=_read_weights(_first(said, "weights", "user_weights")),
        cooldown=_positive(_first(said, "cooldown", "cooldown_s", "cooldown_seconds"), "cooldown", 30.0),
        max_retries=_whole(_first(said, "max_retries", "retries"), "max_retries", 3),
        skew=_positive(_first(said, "max_skew", "skew"), "max_skew", 0.25, zero=True),
        state_dir=None if state_dir is None else _path(state_dir),
    )


def read_priority(said: object) -> Priority:
    """A `Priority`, its name or its number; `None` is `Priority.MEDIUM`."""
    if said is None:
        return Priority.MEDIUM
    if isinstance(said, str) and not said.isdigit():
        word = said.strip().lower().rpartition(".")[2]
        if word in _PRIORITIES:
            return _PRIORITIES[word]
    elif not isinstance(said, bool):
        number = getattr(said, "value", said)  # an enumeration of the harness's own
        if isinstance(number, str) and not number.isdigit():
            return read_priority(number)
        try:
            return Priority(int(str(number)))
        except (TypeError, ValueError):
            pass
    raise SpecFault("priority", f"{said!r} is none of {', '.join(_PRIORITIES)} and no number from 0 to 3")


def read_cost(said: object) -> Cost:
    """`None` and a number (of requests), a dict or an object with `requests` and `tokens`."""
    if said is None:
        return Cost()
    if isinstance(said, Cost):
        return said
    if isinstance(said, int | float):
        said = {"requests": said}
    fields = _fields(said, "cost")
    strange = set(fields) - {*_REQUESTS, *_TOKENS, "tpm", "rpm"}
    if strange and isinstance(said, Mapping):
        raise SpecFault("cost", f"does not know {', '.join(sorted(strange))}")
    requests = _whole(_first(fields, *_REQUESTS, "rpm"), "cost.requests", 1)
    tokens = _whole(_first(fields, *_TOKENS, "tpm"), "cost.tokens", 0)
    try:
        return Cost(max(1, requests), tokens)
    except ValueError as fault:
        raise SpecFault("cost", str(fault)) from None


# Keys and accounts


def _read_keys(said: Mapping[str, object]) -> tuple[dict[str, object], list[tuple[str, str | None]]]:
    """Every key with its account, where it names one itself; and the limits that keys carry, by key."""
    raw = _first(said, "keys", "api_keys")
    if raw is None:
        groups = _first(said, "accounts", "account")
        if not isinstance(groups, Mapping):
            raise SpecFault("keys", "there are none")
        raw = [name for group in groups.values() for name in _members(group)]
    if isinstance(raw, str):
        raw = [raw]
    if isinstance(raw, Mapping):
        raw = [
            {"key": key, **(_fields(it, "keys") if not isinstance(it, str) else {"account": it})}
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
        return _name(one, where), None, None
    if isinstance(one, Sequence):
        if not 1 <= len(one) <= 2:
            raise SpecFault(where, f"{one!r} is no pair of key and account")
        return _name(one[0], where), None if len(one) < 2 or one[1] is None else _name(one[1], where), None
    fields = _fields(one, where)
    name = _first(fields, "key", "id", "name", "secret", "value", "api_key")
    account = _first(fields, "account", "account_id", "group", "project", "org")
    own = {field: value for field, value in fields.items() if field in _LIMIT_WORDS - {*_OWNER, "name"}}
    return _name(name, where), None if account is None else _name(account, where), own or None


def _read_accounts(said: Mapping[str, object], keys: Sequence[str]) -> dict[str, str]:
    """The account of each key, where the spec has a map of them, in either direction."""
    names = ("account", "accounts", "key_accounts", "key_account", "key_to_account", "account_of", "groups")
    raw = _first(said, *names)
    if raw is None:
        return {}
    where = next(name for name in names if said.get(name) is not None)
    if isinstance(raw, str):
        return dict.fromkeys(keys, raw)
    if callable(raw):
        return {key: _name(raw(key), where) for key in keys}
    if not isinstance(raw, Mapping):
        if not isinstance(raw, Sequence) or len(raw) != len(keys):
            raise SpecFault(where, f"{raw!r} names no account for each of {len(keys)} keys")
        return {key: _name(account, where) for key, account in zip(keys, raw, strict=True)}
    if set(map(str, raw)) & set(keys):
        strange = set(map(str, raw)) - set(keys)
        if strange:
            raise SpecFault(where, f"{', '.join(sorted(strange))} is no key")
        return {str(key): _name(account, f"{where}[{key}]") for key, account in raw.items()}
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


# Limits


def _read_limits(raw: object, own: Mapping[str, object], keys: Sequence[tuple[str, str]]) -> dict[str, Limits]:
    """The limits of every account. What several keys of one account are given holds for the account, all of it."""
    default, by_name = _spread(raw, keys)
    gathered: dict[str, list[Allowance]] = {account: [] for _, account in keys}
    for name, account in keys:
        said = [by_name[place] for place in (name, account) if place in by_name]
        if name in own:
            said.append(own[name])
        for one in said or ([default] if default is not None else []):
            allowance = _read_allowance(one, f"limits[{name}]")
            if allowance not in gathered[account]:
                gathered[account].append(allowance)
    return {account: Limits(account=_all_of(allowances)) for account, allowances in gathered.items()}


def _spread(raw: object, keys: Sequence[tuple[str, str]]) -> tuple[object, dict[str, object]]:
    """What holds for all, and what for single keys and accounts."""
    known = {name for pair in keys for name in pair}
    if isinstance(raw, Mapping) and not set(map(str, raw)) <= _LIMIT_WORDS:
        return _spread_map(raw, known)
    if isinstance(raw, Sequence) and not isinstance(raw, str) and raw:
        if all(isinstance(one, int | float) for one in raw):
            if len(raw) != len(keys):
                raise SpecFault("limits", f"{len(raw)} numbers for {len(keys)} keys")
            return None, {name: number for (name, _), number in zip(keys, raw, strict=True)}
        owners = [_first(_fields(one, "limits"), *_OWNER) for one in raw]
        if any(owner is not None for owner in owners):
            by_owner: dict[str, list[object]] = {}
            for owner, one in zip(owners, raw, strict=True):
                by_owner.setdefault(str(owner), []).append(one)
            _check_known(by_owner, known)
            return None, dict(by_owner)
    return raw, {}


def _spread_map(raw: Mapping[object, object], known: set[str]) -> tuple[object, dict[str, object]]:
    default: object = None
    by_name: dict[str, object] = {}
    for word, value in raw.items():
        name = str(word)
        if name in known:
            by_name[name] = value
        elif name in _FOR_ALL:
            default = value
        elif name in _BY_NAME and isinstance(value, Mapping) and not set(map(str, value)) <= _LIMIT_WORDS:
            by_name.update({str(key): limit for key, limit in value.items()})
        elif name in _BY_NAME:
            default = value
        else:
            raise SpecFault("limits", f"{name} is no key, no account and no word of a limit")
    _check_known(by_name, known)
    return default, by_name


def _check_known(names: Iterable[str], known: set[str]) -> None:
    strange = set(names) - known
    if strange:
        raise SpecFault("limits", f"{', '.join(sorted(strange))} is no key and no account")


def _read_allowance(raw: object, where: str) -> Allowance:
    match raw:
        case Limits():
            return raw.account
        case Allowance():
            return raw
        case Limit() | DayLimit():
            return Allowance(rates=(raw,))
        case None:
            return Allowance()
        case bool():
            raise SpecFault(where, f"{raw!r} is no limit")
        case int() | float():
            return Allowance(rates=(_limit(raw, None, 60.0, where),))
        case str():
            raise SpecFault(where, f"{raw!r} is no limit")
        case Sequence():
            return _all_of([_read_allowance(one, f"{where}[{number}]") for number, one in enumerate(raw)])
        case _:
            return _read_words(_fields(raw, where), where)


def _read_words(said: Mapping[str, object], where: str) -> Allowance:
    strange = {word for word, value in said.items() if value is not None} - _LIMIT_WORDS
    if strange:
        raise SpecFault(where, f"does not know {', '.join(sorted(strange))}")
    period = _period(_first(said, *_PERIOD), f"{where}.period")
    requests, tokens = _first(said, *_REQUESTS), _first(said, *_TOKENS)
    rates: list[Limit | DayLimit] = []
    if requests is not None or tokens is not None:
        rates.append(_limit(requests, tokens, period or 60.0, where))
    for word, (dimension, seconds) in _SHORT.items():
        amount = said.get(word)
        if amount is None:
            continue
        pair = (amount, None) if dimension == "requests" else (None, amount)
        if seconds == math.inf:
            whole = [None if one is None else _whole(one, f"{where}.{word}", 0) for one in pair]
            rates.append(DayLimit(whole[0], whole[1], zone=_zone(said, where)))
        else:  # a window that is named besides is meant for the amount by the minute
            lasts = period if period and seconds == 60.0 else seconds
            rates.append(_limit(pair[0], pair[1], lasts, f"{where}.{word}"))
    nested = _first(said, *_RATES)
    inner = _read_allowance(nested, where) if nested is not None else Allowance()
    room = _first(said, *_ROOM)
    outer = Allowance(rates=tuple(rates), room=None if room is None else _whole(room, f"{where}.max_concurrent", 0))
    if not rates and outer.room is None and nested is None:
        raise SpecFault(where, "limits nothing")
    return _all_of([outer, inner])


def _limit(requests: object, tokens: object, period: float, where: str) -> Limit:
    whole = [None if amount is None else _whole(amount, where, 0) for amount in (requests, tokens)]
    return Limit(whole[0], whole[1], period=period)


def _all_of(allowances: Sequence[Allowance]) -> Allowance:
    rooms = [allowance.room for allowance in allowances if allowance.room is not None]
    rates = dict.fromkeys(rate for allowance in allowances for rate in allowance.rates)
    return Allowance(rates=tuple(rates), room=min(rooms, default=None))


def _period(raw: object, where: str) -> float | None:
    if isinstance(raw, str):
        word = raw.strip().lower().rstrip("s") or raw
        if word in _SPANS:
            return _SPANS[word]
    return None if raw is None else _positive(raw, where, 60.0)


def _zone(said: Mapping[str, object], where: str) -> str:
    zone = _first(said, *_ZONE)
    if zone is None:
        return DAY_ZONE
    try:
        DayLimit(1, zone=str(zone))
    except (KeyError, ValueError):  # what zoneinfo says of a name it does not have
        raise SpecFault(f"{where}.zone", f"{zone!r} is no zone of time") from None
    return str(zone)


def _read_weights(raw: object) -> dict[str, float]:
    if raw is None:
        return {}
    if not isinstance(raw, Mapping):
        raise SpecFault("weights", f"{raw!r} is no map of users to numbers")
    return {str(user): _positive(weight, f"weights[{user}]", 1.0) for user, weight in raw.items()}


# Single values


def _fields(thing: object, where: str) -> dict[str, object]:
    """The fields of a dict, a dataclass, a named tuple or any plain object."""
    if isinstance(thing, Mapping):
        return {str(name): value for name, value in thing.items()}
    names = getattr(thing, "__dataclass_fields__", None) or getattr(thing, "_fields", None)
    names = names or getattr(thing, "__dict__", None) or getattr(thing, "__slots__", None)
    if not names or isinstance(thing, type):
        raise SpecFault(where, f"{thing!r} has no fields")
    return {name: getattr(thing, name, None) for name in names}


def _first(said: Mapping[str, object], *names: str) -> object:
    return next((said[name] for name in names if said.get(name) is not None), None)


def _name(raw: object, where: str) -> str:
    if isinstance(raw, bool) or not isinstance(raw, str | int) or not str(raw):
        raise SpecFault(where, f"{raw!r} is no name")
    return str(raw)


def _positive(raw: object, where: str, default: float, *, zero: bool = False) -> float:
    if raw is None:
        return default
    if (
        isinstance(raw, bool)
        or not isinstance(raw, int | float)
        or math.isnan(raw)
        or raw < 0
        or (raw == 0 and not zero)
    ):
        raise SpecFault(where, f"{raw!r} is no positive number")
    return float(raw)


def _whole(raw: object, where: str, default: int) -> int:
    if raw is None:
        return default
    if isinstance(raw, bool) or not isinstance(raw, int | float) or not math.isfinite(raw) or raw < 0:
        raise SpecFault(where, f"{raw!r} is no number of things")
    return math.ceil(raw)


def _path(raw: object) -> Path:
    if not isinstance(raw, str | Path):
        raise SpecFault("state_dir", f"{raw!r} is no path")
    return Path(raw)
