"""What one limit of a spec says, in whichever of many shapes: so many of what, over which time.

A word that is not understood is a fault, for a limit that is overlooked is crossed; so is a pair of numbers that can be
read in two ways.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import TypeGuard

from benchmarks.pool.spec_values import SpecFault, fields_of, first_of, read_amount, read_seconds
from ratelimit import DAY, Allowance, DayLimit, Limit, Limits, Rate

DAY_ZONE = "America/Los_Angeles"
"""Where a day begins when nobody says: Google's limits are the ones given by the day."""

_AMOUNT = (
    "limit",
    "rate",
    "capacity",
    "count",
    "amount",
    "n",
    "max",
    "quota",
    "value",
    "allowed",
)  # of requests, if unsaid
_REQUESTS = ("requests", "max_requests")
_TOKENS = ("tokens", "max_tokens")
_PERIOD = ("period", "window", "seconds", "per", "interval", "window_s", "window_seconds", "period_s", "period_seconds")
_ROOM = (
    *("max_concurrent", "max_concurrency", "max_concurrent_requests", "concurrency", "concurrent"),
    *("room", "slots", "max_in_flight", "max_parallel", "in_flight"),
)
_ZONE = ("zone", "timezone", "tz", "day_zone")
_RATES = ("rates", "limits", "windows")
_SCOPE = ("scope", "applies_to")
OWNER = ("account", "key", "key_id")
WHAT = ("dimension", "kind", "type", "metric", "resource", "name", "unit", "algorithm")
_SHORT = {  # field: (dimension, seconds)
    **dict.fromkeys(("rps", "requests_per_second"), ("requests", 1.0)),
    **dict.fromkeys(("rpm", "requests_per_minute", "requests_per_min", "per_minute"), ("requests", 60.0)),
    **dict.fromkeys(("tpm", "tokens_per_minute", "tokens_per_min"), ("tokens", 60.0)),
    **dict.fromkeys(("rph", "requests_per_hour", "per_hour"), ("requests", 3600.0)),
    **dict.fromkeys(("rpd", "requests_per_day", "per_day"), ("requests", math.inf)),
    **dict.fromkeys(("tpd", "tokens_per_day"), ("tokens", math.inf)),
}
_SPAN = ("second", "minute", "hour", "day")  # a field for each: `{"minute": 15, "day": 1500}`
AMOUNT_WORDS = {*_REQUESTS, *_TOKENS, *_ROOM, *_SHORT, *_SPAN}
"""Each says by itself how many of what."""

AMBIGUOUS_WORDS = {*_REQUESTS, *_TOKENS, *_SPAN}
"""Outside of a limit they may speak of anything: of how many requests a scenario has."""

LIMIT_WORDS = {*AMOUNT_WORDS, *_AMOUNT, *_PERIOD, *_ZONE, *_RATES, *_SCOPE, *OWNER, *WHAT}
_SPANS = {
    **dict.fromkeys(("second", "sec", "s"), 1.0),
    **dict.fromkeys(("minute", "min", "m"), 60.0),
    **dict.fromkeys(("hour", "h"), 3_600.0),
    **dict.fromkeys(("day", "d", "daily"), DAY),
}
_ONE_OF_MANY = ("key", "account", "group", "project", "organization", "organisation", "org", "each")
_TOKEN_BUCKET = re.compile(r"token[ _-]?bucket")
_MANNERS = re.compile(r"window|sliding|rolling|fixed|bucket|rate|log|count")  # of counting, whatever is counted
_IN_WORDS = re.compile(r"([\d_.]+) *(requests?|calls?|tokens?)? *(?:/|per) *([\w. ]+)")
_USUAL = (1, 60, 3_600, 86_400)
"""Seconds that a number in a pair can only mean as a period."""

_PLAUSIBLE = (2, 5, 10, 15, 20, 30, 90, 120, 180, 300, 600, 900, 1_800, 7_200, 10_800, 21_600, 43_200, *_USUAL)
"""Seconds that a number in a pair may mean as a period."""


def read_allowance(raw: object, where: str) -> Allowance:
    match raw:
        case Limits():
            return raw.account
        case None | Allowance():
            return raw or Allowance()
        case Limit() | DayLimit():
            return Allowance(rates=(raw,))
        case bool():
            raise SpecFault(where, f"{raw!r} is no limit")
        case str():
            return all_of([_read_text(one, where) for one in re.split(r"[+,;]", raw)])
        case int() | float():
            return Allowance(rates=_rates(raw, None, 60.0, where))
        case Sequence() if _is_a_limit(raw):
            return _read_words(_in_order(raw, where), where)
        case Sequence() if not hasattr(raw, "_fields"):
            return all_of([read_allowance(one, f"{where}[{number}]") for number, one in enumerate(raw)])
        case _:
            return _read_words(fields_of(raw, where), where)


def are_numbers(raw: object) -> TypeGuard[Sequence[float]]:
    return (
        isinstance(raw, Sequence)
        and not isinstance(raw, str)
        and not hasattr(raw, "_fields")  # a named tuple has words
        and all(isinstance(one, int | float) and not isinstance(one, bool) for one in raw)
    )


def is_worded(raw: object) -> bool:
    """Whether it is like `("requests", 15, 60)` or `(15, "minute")`."""
    return (
        isinstance(raw, Sequence)
        and not isinstance(raw, str)
        and not hasattr(raw, "_fields")
        and 2 <= len(raw) <= 3
        and sum(isinstance(one, str) for one in raw) in (1, 2)
        and any(isinstance(one, int | float) for one in raw)
        and all(isinstance(one, str | int | float) for one in raw)
    )


def is_usual(period: float) -> bool:
    return period in _USUAL


def is_plausible(period: float) -> bool:
    return period in _PLAUSIBLE


def kinds_of(allowance: Allowance) -> frozenset[tuple[bool, bool, float]]:
    """What is limited by it, and over which times; two limits of one kind make no sense for one account."""
    rates = {(rate.requests is not None, rate.tokens is not None, rate.period) for rate in allowance.rates}
    return frozenset(rates | ({(False, False, 0.0)} if allowance.room is not None else set()))


def all_of(allowances: Sequence[Allowance]) -> Allowance:
    rooms = [allowance.room for allowance in allowances if allowance.room is not None]
    rates = dict.fromkeys(rate for allowance in allowances for rate in allowance.rates)
    return Allowance(rates=tuple(rates), room=min(rooms, default=None))


# In order, and in one string


def _is_a_limit(raw: Sequence[object]) -> bool:
    return is_worded(raw) or (are_numbers(raw) and len(raw) > 1)


def _in_order(raw: Sequence[object], where: str) -> dict[str, object]:
    """The fields of (15, 60), (15, "minute"), ("requests", 15) or ("requests", 15, 60)."""
    if isinstance(raw[0], str):
        fields: dict[str, object] = {"dimension": raw[0], "limit": raw[1]}
        return {**fields, "period": raw[2]} if len(raw) > 2 else fields
    if len(raw) != 2 or not (isinstance(raw[1], str) or raw[1] in _PLAUSIBLE):
        raise SpecFault(where, f"{raw!r} is no amount and its period in seconds")
    return {"limit": raw[0], "period": raw[1]}


def _read_text(said: str, where: str) -> Allowance:
    """Of "15/minute", "9000 tokens per 60 s"."""
    found = _IN_WORDS.fullmatch(said.strip().lower())
    if found is None:
        raise SpecFault(where, f"{said!r} is no limit")
    amount, counted, period = found.groups()
    return _read_words({"dimension": counted or "requests", "limit": amount, "period": period}, where)


# In words


def _read_words(said: Mapping[str, object], where: str) -> Allowance:
    strange = {word for word, value in said.items() if value is not None} - LIMIT_WORDS
    if strange:
        raise SpecFault(where, f"does not know {', '.join(sorted(strange))}")
    if said and not set(said) & {*AMOUNT_WORDS, *_AMOUNT, *_RATES}:
        raise SpecFault(where, "limits nothing")
    said = _of_each(_with_what_is_counted(_by_span(said), where), where)
    parts = [read_allowance(first_of(said, *_RATES), where), *_spans(said, where)]
    for names, dimension in ((_REQUESTS, "requests"), (_TOKENS, "tokens")):
        own = first_of(said, *names)
        if not _is_plain(own):  # `{"requests": {"limit": 15, "period": 60}}`
            fields = _in_order(own, where) if isinstance(own, Sequence) else fields_of(own, where)
            parts.append(_read_words({**fields, "dimension": dimension}, f"{where}.{dimension}"))
            said = {word: value for word, value in said.items() if word not in names}
    period, is_by_day = _period(said, where)
    requests, tokens = first_of(said, *_REQUESTS), first_of(said, *_TOKENS)
    rates: list[Rate] = []
    if is_by_day:
        rates += _by_day(requests, tokens, said, where)
    else:
        rates += _rates(requests, tokens, period or 60.0, where)
    for word in _SHORT:
        rates += _named_rate(said, word, period, where)
    room = _room(first_of(said, *_ROOM), f"{where}.max_concurrent")
    return all_of([Allowance(rates=tuple(rates), room=room), *parts])


def _by_span(said: Mapping[str, object]) -> Mapping[str, object]:
    """Of `{"dimension": "tokens", "per_minute": 9000}`, which by itself would speak of requests."""
    if first_of(said, *WHAT) is None:
        return said
    return {word.removeprefix("per_") if word.removeprefix("per_") in _SPAN else word: it for word, it in said.items()}


def _spans(said: Mapping[str, object], where: str) -> list[Allowance]:
    """What is said of a minute, of a day."""
    told = {word: said[word] for word in (*WHAT, *_ZONE) if said.get(word) is not None}
    return [
        _read_words(
            {**told, **({"limit": own} if _is_plain(own) else fields_of(own, where)), "period": span}, f"{where}.{span}"
        )
        for span in _SPAN
        if (own := said.get(span)) is not None
    ]


def _is_plain(said: object) -> bool:
    return said is None or isinstance(said, int | float | str)


def _of_each(said: Mapping[str, object], where: str) -> Mapping[str, object]:
    """Without the word that it holds for each key or account, as it always does here."""
    for word in _SCOPE:
        scope = said.get(word)
        if scope is not None and str(scope).lower().removeprefix("per_") not in _ONE_OF_MANY:
            raise SpecFault(f"{where}.{word}", f"{scope!r} is neither key nor account")
    return {word: value for word, value in said.items() if not (word == "per" and value in _ONE_OF_MANY)}


def _named_rate(said: Mapping[str, object], word: str, period: float | None, where: str) -> tuple[Rate, ...]:
    """What is said with one word for the dimension and the time, if anything."""
    if said.get(word) is None:
        return ()
    dimension, seconds = _SHORT[word]
    requests, tokens = (said[word], None) if dimension == "requests" else (None, said[word])
    if seconds == math.inf:
        return _by_day(requests, tokens, said, where)
    # A window that is named besides is meant for the amount by the minute.
    return _rates(requests, tokens, period if period and seconds == 60.0 else seconds, f"{where}.{word}")


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


# Amounts and times


def _rates(requests: object, tokens: object, period: float, where: str) -> tuple[Limit, ...]:
    """Whole limits that are never more than those said: a quarter a second is one in four seconds, 1.5 are one."""
    slow: list[Limit] = []
    whole: list[int | None] = []
    for raw, one in ((requests, (1, None)), (tokens, (None, 1))):
        amount = _amount(raw, where)
        if amount is not None and 0 < amount < 1:
            slow.append(Limit(one[0], one[1], period / amount))
            amount = None
        whole.append(_floor(amount))
    return (*slow, *([] if whole == [None, None] else [Limit(whole[0], whole[1], period)]))


def _by_day(requests: object, tokens: object, said: Mapping[str, object], where: str) -> tuple[Rate, ...]:
    """From midnight to midnight; less than one a day is one in several days, whenever they begin."""
    amounts = [_amount(raw, where) for raw in (requests, tokens)]
    if any(amount is not None and 0 < amount < 1 for amount in amounts):
        return _rates(requests, tokens, DAY, where)
    if amounts == [None, None]:
        return ()
    return (DayLimit(_floor(amounts[0]), _floor(amounts[1]), zone=_zone(said, where)),)


def _amount(raw: object, where: str) -> float | None:
    """`None` for no limit, which infinity is as well."""
    return None if raw is None or raw == math.inf else read_amount(raw, where)


def _room(raw: object, where: str) -> int | None:
    room = _amount(raw, where)
    if room is not None and 0 < room < 1:
        raise SpecFault(where, f"{raw!r} is no place for anybody")
    return _floor(room)


def _floor(amount: float | None) -> int | None:
    return None if amount is None else math.floor(amount)


def _period(said: Mapping[str, object], where: str) -> tuple[float | None, bool]:
    """In seconds, and whether it is a day that ends at midnight: one that is called so, or that has a zone."""
    raw = first_of(said, *_PERIOD)
    if raw is None:
        return None, False
    word = raw.strip().lower() if isinstance(raw, str) else ""
    word = word if word in _SPANS else word.removesuffix("s")
    if word in _SPANS:
        return _SPANS[word], _SPANS[word] == DAY
    seconds = read_seconds(raw, f"{where}.period")
    return seconds, seconds == DAY and first_of(said, *_ZONE) is not None


def _zone(said: Mapping[str, object], where: str) -> str:
    zone = first_of(said, *_ZONE)
    if zone is None:
        return DAY_ZONE
    try:
        DayLimit(1, zone=str(zone))
    except (KeyError, ValueError):  # what zoneinfo says of a name it does not have
        raise SpecFault(f"{where}.zone", f"{zone!r} is no zone of time") from None
    return str(zone)
