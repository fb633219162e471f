"""What an answer tells of time and of what is left, by whichever of many customs: in headers, fields and words."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime

from ratelimit import DAY, Rate, Remaining, Throttled

_UNIX = 1_000_000_000.0
"""A number this large is no wait but a moment, in Unix seconds."""

_NUMBER = r"\d+(?:\.\d+)?"
_DURATION = re.compile(
    rf"(?=\d)(?:({_NUMBER})d)?(?:({_NUMBER})h)?(?:({_NUMBER})m(?!s))?(?:({_NUMBER})s(?:ec(?:ond)?s?)?)?(?:({_NUMBER})ms)?"
)
_SPANS = {"second": 1.0, "minute": 60.0, "hour": 3_600.0, "day": DAY}
_UNITS = (86_400.0, 3_600.0, 60.0, 1.0, 0.001)
_SAID_IN_WORDS = re.compile(
    r"(?:retry|try again)[_ a-z\"':={}-]{0,40}?((?:\d+(?:\.\d+)?\s?(?:ms|h|m|s)[a-z]{0,6})+|\d+(?:\.\d+)?)"
)


@dataclass(frozen=True, slots=True)
class Answer:
    """A result as far as it could be read. `retry_after` is in seconds; `reason` are all its words, in lower case."""

    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    retry_after: float | None = None
    reason: str = ""


def until(answer: Answer, now: float) -> float | None:
    """The Unix second the answer names, by whichever of many customs; `None` if it names none."""
    said = answer.retry_after
    for tell in (_retry_after_header, _retry_in_words, _reset_headers):
        if said is None:
            said = tell(answer, now)
    if said is None:
        return None
    return _moment(said, now)


def _retry_after_header(answer: Answer, now: float) -> float | None:
    if "retry-after-ms" in answer.headers:
        thousandths = seconds_of(answer.headers["retry-after-ms"])
        return None if thousandths is None else thousandths / 1000
    said = answer.headers.get("retry-after")
    if said is None:
        return None
    seconds = seconds_of(said)
    if seconds is not None:
        return seconds
    at = _date(said)
    if at is None:
        return None
    theirs = _date(answer.headers.get("date", ""))  # their own clock, where they show it: ours may differ
    return max(0.0, at - (now if theirs is None else theirs))


def _retry_in_words(answer: Answer, now: float) -> float | None:  # noqa: ARG001 - one of several that are asked alike
    alone = seconds_of(answer.reason)
    if alone is not None:
        return alone
    found = _SAID_IN_WORDS.search(answer.reason)
    return None if found is None else seconds_of(found[1])


def _reset_headers(answer: Answer, now: float) -> float | None:  # noqa: ARG001 - likewise
    """The reset of what is used up; of all there are, where nobody says how much is left."""
    resets = _numbers(answer.headers, "reset")
    left = _numbers(answer.headers, "remaining")
    empty = [seconds for dimension, seconds in resets.items() if left.get(dimension) == 0]
    return max(empty or resets.values(), default=None)


def _numbers(headers: Mapping[str, str], of: str) -> dict[str, float]:
    """`x-ratelimit-reset-tokens` and the like, by what they count, "" where that is not said."""
    found: dict[str, float] = {}
    for name, value in headers.items():
        dimension = re.fullmatch(rf"(?:x-)?ratelimit-{of}(?:-([\w-]+))?", name)
        seconds = seconds_of(value)
        if dimension is not None and seconds is not None:
            found[dimension[1] or ""] = seconds
    return found


def seconds_of(said: object) -> float | None:
    """Seconds from 34, "34", "34.4s", "2m59.56s" or "250ms"; `None` if it is no such thing."""
    if isinstance(said, bool) or said is None:
        return None
    text = str(said).strip().lower().replace(" ", "")
    try:
        return float(text) if math.isfinite(float(text)) else None
    except ValueError:
        found = _DURATION.fullmatch(text)
    if found is None:
        return None
    return sum(float(amount) * unit for amount, unit in zip(found.groups(), _UNITS, strict=True) if amount)


def _date(said: str) -> float | None:
    try:
        at = parsedate_to_datetime(said)
    except ValueError:
        return None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()


def _moment(said: float, now: float) -> float:
    """A wait or a moment, as a moment: Unix seconds."""
    if said >= _UNIX * 1000:
        return said / 1000
    return said if said >= _UNIX else now + max(0.0, said)


# What is left


@dataclass(frozen=True, slots=True, kw_only=True)
class _Left:
    """What one group of headers tells: how much of `limit` is left of requests or tokens, until when."""

    of_tokens: bool
    remaining: int
    limit: float | None
    until: float | None
    period: float | None

    def limited_by(self, rate: Rate) -> int | None:
        return rate.tokens if self.of_tokens else rate.requests


def what_is_left(answer: Answer, rates: Iterable[Rate], now: float) -> list[Remaining | Throttled]:
    """What the headers say of these limits; a rest, where something else is used up.

    One `Remaining` speaks of all that is limited over the same period, until its scarcest is whole again.
    """
    rates = list(rates)
    verdicts: list[Remaining | Throttled] = []
    by_period: dict[float, list[tuple[float, _Left]]] = {}
    for left in _all_left(answer.headers, now):
        rate = _meant(left, rates, now)
        if rate is not None:
            share = left.remaining / (left.limited_by(rate) or 1)
            by_period.setdefault(rate.period, []).append((share, left))
        elif left.remaining == 0 and left.until is not None and left.until > now:
            verdicts.append(Throttled(left.until))
    for period, told in by_period.items():
        scarcest = min(share for share, _ in told)
        verdicts.append(
            Remaining(
                period=period,
                requests=min((left.remaining for _, left in told if not left.of_tokens), default=None),
                tokens=min((left.remaining for _, left in told if left.of_tokens), default=None),
                until=max(left.until or now + period for share, left in told if share == scarcest),
            )
        )
    return verdicts


def _all_left(headers: Mapping[str, str], now: float) -> Iterable[_Left]:
    limits, resets = _numbers(headers, "limit"), _numbers(headers, "reset")
    for dimension, remaining in _numbers(headers, "remaining").items():
        counted, _, span = dimension.partition("-")
        if counted in ("", "request", "requests", "token", "tokens"):
            reset = resets.get(dimension)
            yield _Left(
                of_tokens=counted.startswith("token"),
                remaining=max(0, int(remaining)),
                limit=limits.get(dimension),
                until=None if reset is None else _moment(reset, now),
                period=_SPANS.get(span),
            )


def _meant(left: _Left, rates: Iterable[Rate], now: float) -> Rate | None:
    """The limit of which they speak: the one as large, else the shortest that could take so long to be whole again."""
    fitting = sorted((rate for rate in rates if left.limited_by(rate)), key=lambda rate: rate.period)
    if left.period is not None:
        return next((rate for rate in fitting if rate.period == left.period), None)
    equal = [rate for rate in fitting if left.limited_by(rate) == left.limit]
    if left.until is None:
        only = equal or fitting
        return only[0] if len(only) == 1 else None
    for rate in (*equal, *fitting):
        if rate.period >= left.until - now:
            return rate
    return equal[-1] if equal else None
