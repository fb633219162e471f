"""Which limits a spec sets, for all or by key and account, in whichever of many shapes.

A word in a limit that is not understood is a fault, for a limit that is overlooked is crossed; so is a pair of numbers
that can be read in two ways.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeGuard

from benchmarks.pool.spec_values import SpecFault, fields_of, first_of, read_amount, read_positive
from ratelimit import DAY, Allowance, DayLimit, Limit, Limits, Rate

DAY_ZONE = "America/Los_Angeles"
"""Where a day begins when nobody says: Google's limits are the ones given by the day."""

_AMOUNT = ("limit", "rate", "capacity", "count", "amount", "n", "max")  # of what is counted: requests, unless said
_REQUESTS = ("requests", "max_requests")
_TOKENS = ("tokens", "max_tokens")
_PERIOD = ("period", "window", "seconds", "per", "interval", "window_s", "window_seconds", "period_s", "period_seconds")
_ROOM = ("max_concurrent", "concurrency", "concurrent", "room", "slots", "max_in_flight", "max_parallel", "in_flight")
_ZONE = ("zone", "timezone", "tz", "day_zone")
_RATES = ("rates", "limits", "windows")
OWNER = ("account", "key", "key_id")
WHAT = ("dimension", "kind", "type", "metric", "resource", "name")
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
LIMIT_WORDS = {*_AMOUNT, *_REQUESTS, *_TOKENS, *_PERIOD, *_ROOM, *_ZONE, *_RATES, *OWNER, *WHAT, *_SHORT}
_SPANS = {
    "second": 1.0,
    "s": 1.0,
    "minute": 60.0,
    "min": 60.0,
    "m": 60.0,
    "hour": 3_600.0,
    "h": 3_600.0,
    "day": DAY,
}
_TOKEN_BUCKET = re.compile(r"token[ _-]?bucket")
_MANNERS = re.compile(r"window|sliding|rolling|fixed|bucket|rate|log|count")  # of counting, whatever is counted
_USUAL = (1, 60, 3_600, 86_400)
"""Seconds that a number in a pair can only mean as a period."""

_PLAUSIBLE = (2, 5, 10, 15, 20, 30, 90, 120, 180, 300, 600, 900, 1_800, 7_200, 10_800, 21_600, 43_200, *_USUAL)
"""Seconds that a number in a pair may mean as a period."""


def read_limits(raw: object, own: Mapping[str, object], keys: Sequence[tuple[str, str]]) -> dict[str, Limits]:
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


# Whose they are


def _spread(raw: object, keys: Sequence[tuple[str, str]]) -> tuple[object, dict[str, object]]:
    """What holds for all, and what for single keys and accounts."""
    known = {name for pair in keys for name in pair}
    if isinstance(raw, Mapping) and not set(map(str, raw)) <= LIMIT_WORDS:
        return _spread_map(raw, known)
    if not isinstance(raw, Sequence) or isinstance(raw, str) or hasattr(raw, "_fields") or not raw:
        return raw, {}
    if _are_numbers(raw):
        return _spread_numbers(raw, [name for name, _ in keys])
    pairs = [one for one in raw if _are_numbers(one) and len(one) == 2]
    if pairs:
        # For one account, two limits over the same time would make no sense; limits over several hold for all.
        if len(pairs) == len(raw) == len(keys) > 1 and len({period for _, period in pairs}) == 1:
            return None, {name: pair for (name, _), pair in zip(keys, pairs, strict=True)}
        return raw, {}
    owners = [first_of(fields_of(one, "limits"), *OWNER) for one in raw]
    if all(owner is None for owner in owners):
        return raw, {}
    by_owner: dict[str, list[object]] = {}
    for owner, one in zip(owners, raw, strict=True):
        by_owner.setdefault(str(owner), []).append(one)
    _check_known(by_owner, known)
    return None, dict(by_owner)


def _spread_numbers(raw: Sequence[float], names: Sequence[str]) -> tuple[object, dict[str, object]]:
    """Several numbers: one for each key, or an amount and its period."""
    is_pair = len(raw) == 2 and raw[1] in _PLAUSIBLE
    if len(raw) != len(names):
        if is_pair:
            return raw, {}
        raise SpecFault("limits", f"{len(raw)} numbers for {len(names)} keys")
    # With two keys it may be either. A tuple of 15 and 60 is said of a minute; a list of 15 and 10 is said of two keys.
    if is_pair and isinstance(raw, tuple) and raw[1] in _USUAL:
        return raw, {}
    if is_pair and (isinstance(raw, tuple) or raw[1] in _USUAL):
        raise SpecFault("limits", f"{raw!r} may be one amount for each key, or an amount and its period in seconds")
    return None, dict(zip(names, raw, strict=True))


def _spread_map(raw: Mapping[object, object], known: set[str]) -> tuple[object, dict[str, object]]:
    default: object = None
    by_name: dict[str, object] = {}
    for word, value in raw.items():
        name = str(word)
        if name in known:
            by_name[name] = value
        elif name in _FOR_ALL:
            default = value
        elif name in _BY_NAME and isinstance(value, Mapping) and not set(map(str, value)) <= LIMIT_WORDS:
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


# What they are


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
        case bool() | str():
            raise SpecFault(where, f"{raw!r} is no limit")
        case int() | float():
            return Allowance(rates=_rates(raw, None, 60.0, where))
        case Sequence() if _are_numbers(raw) and len(raw) > 1:
            if len(raw) != 2 or raw[1] not in _PLAUSIBLE:
                raise SpecFault(where, f"{raw!r} is no amount and its period in seconds")
            return Allowance(rates=_rates(raw[0], None, float(raw[1]), where))
        case Sequence() if not hasattr(raw, "_fields"):
            return _all_of([_read_allowance(one, f"{where}[{number}]") for number, one in enumerate(raw)])
        case _:
            return _read_words(fields_of(raw, where), where)


def _read_words(said: Mapping[str, object], where: str) -> Allowance:
    strange = {word for word, value in said.items() if value is not None} - LIMIT_WORDS
    if strange:
        raise SpecFault(where, f"does not know {', '.join(sorted(strange))}")
    said = _with_what_is_counted(said, where)
    period = _period(first_of(said, *_PERIOD), f"{where}.period")
    requests, tokens = first_of(said, *_REQUESTS), first_of(said, *_TOKENS)
    rates: list[Rate] = list(_rates(requests, tokens, period or 60.0, where))
    for word in _SHORT:
        rates += _named_rate(said, word, period, where)
    nested = first_of(said, *_RATES)
    inner = _read_allowance(nested, where) if nested is not None else Allowance()
    room = first_of(said, *_ROOM)
    outer = Allowance(rates=tuple(rates), room=None if room is None else _room(room, f"{where}.max_concurrent"))
    if not rates and outer.room is None and nested is None:
        raise SpecFault(where, "limits nothing")
    return _all_of([outer, inner])


def _named_rate(said: Mapping[str, object], word: str, period: float | None, where: str) -> tuple[Rate, ...]:
    """What is said with one word for the dimension and the time, if anything."""
    if said.get(word) is None:
        return ()
    dimension, seconds = _SHORT[word]
    amount = read_amount(said[word], f"{where}.{word}")
    requests, tokens = (amount, None) if dimension == "requests" else (None, amount)
    if seconds == math.inf and not 0 < amount < 1:
        return (DayLimit(_floor(requests), _floor(tokens), zone=_zone(said, where)),)
    # A window that is named besides is meant for the amount by the minute.
    lasts = period if period and seconds == 60.0 else min(seconds, DAY)
    return _rates(requests, tokens, lasts, f"{where}.{word}")


def _with_what_is_counted(said: Mapping[str, object], where: str) -> Mapping[str, object]:
    """With an amount that is named in general, `{"name": "tokens", "limit": 1000}`, under the name of what it is of."""
    amount = first_of(said, *_AMOUNT)
    if amount is None:
        return said
    told = {word: _TOKEN_BUCKET.sub("window", str(said[word]).lower()) for word in WHAT if said.get(word) is not None}
    counted = next((counted for counted in map(_counted, told.values()) if counted is not None), None)
    if counted is None:
        counted = "requests"
        for field, words in told.items():
            if field != "name" and not _MANNERS.search(words):
                raise SpecFault(f"{where}.{field}", f"{words!r} is neither requests nor tokens nor room")
    if said.get(counted) is not None:
        raise SpecFault(where, f"says twice how many {counted}")
    return {**said, counted: amount}


def _counted(words: str) -> str | None:
    if words in _SHORT:
        return words
    if "concurren" in words or words in _ROOM:
        return "room"
    if "token" in words:
        return "tokens"
    return "requests" if "request" in words or "call" in words else None


def _rates(requests: object, tokens: object, period: float, where: str) -> tuple[Limit, ...]:
    """Whole limits that are never more than those said: a quarter a second is one in four seconds, 1.5 are one."""
    slow: list[Limit] = []
    whole: list[int | None] = []
    for raw, one in ((requests, (1, None)), (tokens, (None, 1))):
        amount = None if raw is None else read_amount(raw, where)
        if amount is not None and 0 < amount < 1:
            slow.append(Limit(one[0], one[1], period / amount))
            amount = None
        whole.append(_floor(amount))
    return (*slow, *([] if whole == [None, None] else [Limit(whole[0], whole[1], period)]))


def _room(raw: object, where: str) -> int:
    room = read_amount(raw, where)
    if 0 < room < 1:
        raise SpecFault(where, f"{raw!r} is no place for anybody")
    return math.floor(room)


def _floor(amount: float | None) -> int | None:
    return None if amount is None else math.floor(amount)


def _are_numbers(raw: object) -> TypeGuard[Sequence[float]]:
    return (
        isinstance(raw, Sequence)
        and not isinstance(raw, str)
        and not hasattr(raw, "_fields")  # a named tuple has words
        and all(isinstance(one, int | float) and not isinstance(one, bool) for one in raw)
    )


def _all_of(allowances: Sequence[Allowance]) -> Allowance:
    rooms = [allowance.room for allowance in allowances if allowance.room is not None]
    rates = dict.fromkeys(rate for allowance in allowances for rate in allowance.rates)
    return Allowance(rates=tuple(rates), room=min(rooms, default=None))


def _period(raw: object, where: str) -> float | None:
    if isinstance(raw, str):
        word = raw.strip().lower().rstrip("s") or raw
        if word in _SPANS:
            return _SPANS[word]
    return None if raw is None else read_positive(raw, where, 60.0)


def _zone(said: Mapping[str, object], where: str) -> str:
    zone = first_of(said, *_ZONE)
    if zone is None:
        return DAY_ZONE
    try:
        DayLimit(1, zone=str(zone))
    except (KeyError, ValueError):  # what zoneinfo says of a name it does not have
        raise SpecFault(f"{where}.zone", f"{zone!r} is no zone of time") from None
    return str(zone)
