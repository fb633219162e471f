"""Whose limits a spec sets, for all or by key and account, in whichever of many shapes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from benchmarks.pool.spec_rates import (
    AMBIGUOUS_WORDS,
    AMOUNT_WORDS,
    LIMIT_WORDS,
    OWNER,
    all_of,
    are_numbers,
    is_plausible,
    is_usual,
    is_worded,
    kinds_of,
    read_allowance,
)
from benchmarks.pool.spec_values import SpecFault, fields_of, first_of
from ratelimit import Allowance, Limits

_FIELDS = (
    *("limits", "limit", "rate_limits", "quotas", "quota"),
    *("account_limits", "limits_per_account", "limits_by_account", "per_account"),
    *("key_limits", "limits_per_key", "limits_by_key", "per_key"),
)
_FOR_ALL = ("default", "*", "all", "each")
_BY_NAME = ("accounts", "per_account", "by_account", "keys", "per_key", "by_key")
_LIKE_A_LIMIT = re.compile(r"limit|quota|rate|requests?|tokens?|concurren|capacity|window|budget|\b[rt]p[smhd]\b|per_")


@dataclass(frozen=True, slots=True, kw_only=True)
class SpecKey:
    """A key as the spec names it, with another name it may have there, and the limits that stand with it."""

    name: str
    account: str
    alias: str | None = None
    limits: object = None

    @property
    def places(self) -> list[str]:
        """Where limits of it may stand."""
        return list(dict.fromkeys(name for name in (self.name, self.alias, self.account) if name is not None))


@dataclass(frozen=True, slots=True)
class Said:
    """What holds for those of whom nothing particular is said, and what is said of single keys and accounts."""

    of_all: list[object] = field(default_factory=list)
    by_name: dict[str, list[object]] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        return not self.of_all and not self.by_name

    def add(self, name: str, limit: object) -> None:
        self.by_name.setdefault(name, []).append(limit)


def read_limits(
    spec: Mapping[str, object], keys: Sequence[SpecKey], of_accounts: Mapping[str, object], overlooked: Iterable[str]
) -> dict[str, Limits]:
    """The limits of every account; `of_accounts` are those that stand with the accounts, not among the limits.

    What several keys of one account are given holds for the account, all of it. What is said of one key or account
    counts in place of what is said of all, as far as it limits the same over the same time. Where nothing at all is
    limited, a field among those `overlooked` that speaks of limits is a fault.
    """
    said = Said()
    for word in _FIELDS:
        if spec.get(word) is not None:
            _spread(spec[word], keys, said)
    words = AMOUNT_WORDS if said.is_empty else AMOUNT_WORDS - AMBIGUOUS_WORDS
    plain = {word: value for word, value in spec.items() if word in words and value is not None}
    if plain:
        said.of_all.append(plain)
    for account, limits in of_accounts.items():
        said.add(account, limits)
    gathered: dict[str, list[Allowance]] = {key.account: [] for key in keys}
    for key in keys:
        gathered[key.account] += _allowances(key, said)
    if not any(gathered.values()):
        _refuse_overlooked({*overlooked, *(word for word, value in spec.items() if value is not None)})
    return {account: Limits(account=all_of(allowances)) for account, allowances in gathered.items()}


def _allowances(key: SpecKey, said: Said) -> list[Allowance]:
    where = f"limits[{key.name}]"
    particular = [one for place in key.places for one in said.by_name.get(place, ())]
    if key.limits is not None:
        particular.append(key.limits)
    allowances = [read_allowance(one, where) for one in particular]
    kinds = frozenset[object]().union(*map(kinds_of, allowances))
    return [*allowances, *(_without(read_allowance(one, where), kinds) for one in said.of_all)]


def _refuse_overlooked(words: Iterable[str]) -> None:
    """A field that nobody reads is no fault, but a limit that nobody reads is."""
    strange = sorted(word for word in words if word not in _FIELDS and _LIKE_A_LIMIT.search(word.lower()))
    if strange:
        raise SpecFault("limits", f"there are none, and {', '.join(strange)} is not known")


def _without(allowance: Allowance, kinds: frozenset[object]) -> Allowance:
    rates = tuple(rate for rate in allowance.rates if not kinds_of(Allowance(rates=(rate,))) <= kinds)
    is_room_told = kinds_of(Allowance(room=1)) <= kinds
    return Allowance(rates=rates, room=None if is_room_told else allowance.room)


def _spread(raw: object, keys: Sequence[SpecKey], said: Said) -> None:
    known = {place for key in keys for place in key.places}
    names = [key.name for key in keys]
    if isinstance(raw, Mapping):
        if raw and (set(map(str, raw)) <= known or not set(map(str, raw)) <= LIMIT_WORDS):
            _spread_map(raw, known, said)
        else:
            said.of_all.append(raw)
    elif not isinstance(raw, Sequence) or isinstance(raw, str) or hasattr(raw, "_fields") or not raw or is_worded(raw):
        said.of_all.append(raw)
    elif are_numbers(raw):
        _spread_numbers(raw, names, said)
    elif any(_is_a_list(one) for one in raw):
        if len(raw) != len(keys):
            raise SpecFault("limits", f"{len(raw)} lists for {len(keys)} keys")
        for name, one in zip(names, raw, strict=True):
            said.add(name, one)
    else:
        _spread_rows(raw, names, known, said)


def _is_a_list(raw: object) -> bool:
    """Of limits: not one limit in order, nor a pair of numbers."""
    is_sequence = isinstance(raw, Sequence) and not isinstance(raw, str) and not hasattr(raw, "_fields")
    return is_sequence and not is_worded(raw) and not are_numbers(raw)


def _spread_rows(raw: Sequence[object], names: Sequence[str], known: set[str], said: Said) -> None:
    owners = [None if isinstance(one, str | Sequence) else first_of(fields_of(one, "limits"), *OWNER) for one in raw]
    _check_known((str(owner) for owner in owners if owner is not None), known)
    # For one account, two limits over the same time would make no sense; limits over several hold for all.
    if (
        len(raw) == len(names) > 1
        and not any(owners)
        and len({kinds_of(read_allowance(one, "limits")) for one in raw}) == 1
    ):
        owners = list(names)
    for owner, one in zip(owners, raw, strict=True):
        if owner is None:
            said.of_all.append(one)
        else:
            said.add(str(owner), one)


def _spread_numbers(raw: Sequence[float], names: Sequence[str], said: Said) -> None:
    """Several numbers: one for each key, or an amount and its period."""
    is_pair = len(raw) == 2 and is_plausible(raw[1])
    if len(raw) != len(names) and not is_pair:
        raise SpecFault("limits", f"{len(raw)} numbers for {len(names)} keys")
    # With two keys it may be either. A tuple of 15 and 60 is said of a minute; a list of 15 and 10 is said of two keys.
    if len(raw) != len(names) or (is_pair and isinstance(raw, tuple) and is_usual(raw[1])):
        said.of_all.append(raw)
        return
    if is_pair and (isinstance(raw, tuple) or is_usual(raw[1])):
        raise SpecFault("limits", f"{raw!r} may be one amount for each key, or an amount and its period in seconds")
    for name, one in zip(names, raw, strict=True):
        said.add(name, one)


def _spread_map(raw: Mapping[object, object], known: set[str], said: Said) -> None:
    for word, value in raw.items():
        name = str(word)
        if name in known:
            said.add(name, value)
        elif name in _FOR_ALL:
            said.of_all.append(value)
        elif name in _BY_NAME and isinstance(value, Mapping) and not set(map(str, value)) <= LIMIT_WORDS:
            _check_known(map(str, value), known)
            for key, limit in value.items():
                said.add(str(key), limit)
        elif name in _BY_NAME:
            said.of_all.append(value)
        else:
            raise SpecFault("limits", f"{name} is no key, no account and no word of a limit")


def _check_known(names: Iterable[str], known: set[str]) -> None:
    strange = set(names) - known
    if strange:
        raise SpecFault("limits", f"{', '.join(sorted(strange))} is no key and no account")
