"""What an answer means for the key that got it, whichever provider it came from.

The bot judges the exceptions of its own providers (`bot.app.pools`); here nothing is known but status, headers and
words, so the words of all providers are looked for. Shapes checked 2026-11: Google, Groq, ElevenLabs, Runway.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from email.utils import parsedate_to_datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from ratelimit import BadRequest, Exhausted, Rejected, Throttled, Unavailable, Verdict

PACIFIC = ZoneInfo("America/Los_Angeles")
"""Google's days begin at midnight there."""

SLOT_WAIT = 1.0
"""Seconds to rest where too many run at once: the next slot frees when one of them ends, which nobody knows."""

_UNIX = 1_000_000_000.0
"""A number this large is no wait but a moment, in Unix seconds."""

_BAD_KEY = re.compile(
    r"api[_ ]key[_ ](?:is )?(?:invalid|not valid|expired)|(?:invalid|expired|revoked)[_ ](?:api[_ ])?key"
)
_NO_CREDIT = re.compile(
    r"insufficient[_ ](?:quota|credits?|funds|balance)|enough credits?|out of credits?"
    r"|credits? (?:are|is|have been) (?:depleted|exhausted)|quota_exceeded|billing_hard_limit|payment[_ ]required"
)
_OF_THE_DAY = re.compile(r"per[_ -]?day|daily|\b[rt]pd\b")
_GOOGLES_DAY = re.compile(r"requestsperday|tokensperday|perday(?:per|-|\b)")
_BUSY = re.compile(r"system_busy|overloaded|heavy load")
_SLOTS = re.compile(r"too_many_concurrent|concurrent_limit|concurrency")
_ANOTHERS_FILE = re.compile(r"permission to access the file")

_NUMBER = r"\d+(?:\.\d+)?"
_DURATION = re.compile(
    rf"(?=\d)(?:({_NUMBER})d)?(?:({_NUMBER})h)?(?:({_NUMBER})m(?!s))?(?:({_NUMBER})s(?:ec(?:ond)?s?)?)?(?:({_NUMBER})ms)?"
)
_UNITS = (86_400.0, 3_600.0, 60.0, 1.0, 0.001)
_SAID_IN_WORDS = re.compile(
    r"(?:retry|try again)[_ a-z\"':={}-]{0,40}?((?:\d+(?:\.\d+)?\s?(?:ms|h|m|s)[a-z]{0,6})+|\d+(?:\.\d+)?)"
)


class Result(Protocol):
    """What a caller of the adapter reports: an object (or a dict) with any of these."""

    @property
    def status(self) -> int: ...


@dataclass(frozen=True, slots=True)
class Answer:
    """A result as far as it could be read. `retry_after` is in seconds; `reason` are all its words, in lower case."""

    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    retry_after: float | None = None
    reason: str = ""


class Refused(Exception):
    """Carries an answer that was no success to the pool's judge."""

    def __init__(self, result: object) -> None:
        super().__init__(f"{read(result)}")
        self.result = result


def judge(outcome: object, now: float) -> Verdict | None:
    """A `Judge`: of our own `Refused`, a lost connection, an SDK's exception with a status, or a result."""
    if isinstance(outcome, Refused):
        return judge_result(outcome.result, now)
    if isinstance(outcome, OSError | TimeoutError) and read(outcome).status is None:
        return Unavailable()
    return judge_result(outcome, now)


def is_fine(result: object) -> bool:
    status = read(result).status
    return status is None or 200 <= status < 400


def judge_result(result: object, now: float) -> Verdict | None:
    """What a result means; `None` if it is fine. `now` is in Unix seconds."""
    answer = read(result)
    match answer.status:
        case None:
            return None
        case status if 200 <= status < 400:
            return None
        case 429:
            return _judge_429(answer, now)
        case 408 | 425 | 498:  # 498: Groq's flexible capacity is used up
            return Unavailable()
        case status if status >= 500 or status < 100:
            return Unavailable()
        case 400 | 401 | 402 | 403 if status == 402 or _NO_CREDIT.search(answer.reason):
            return Exhausted(_until(answer, now))
        case 400 if not _BAD_KEY.search(answer.reason):
            return BadRequest()
        case 403 if _ANOTHERS_FILE.search(answer.reason):
            return BadRequest()
        case 400 | 401 | 403:
            return Rejected()
        case _:
            return BadRequest()


def _judge_429(answer: Answer, now: float) -> Verdict:
    until = _until(answer, now)
    if _BUSY.search(answer.reason):
        return Unavailable()
    if _SLOTS.search(answer.reason):
        return Throttled(now + SLOT_WAIT if until is None else until)
    if _NO_CREDIT.search(answer.reason):
        return Exhausted(until)
    if _GOOGLES_DAY.search(answer.reason):
        # Its RetryInfo speaks of half a minute even when the day is used up.
        return Exhausted(_next_midnight(now) if until is None or until < now + 3_600 else until)
    if _OF_THE_DAY.search(answer.reason):
        return Exhausted(_next_midnight(now) if until is None else until)
    return Throttled(until)


def read(result: object) -> Answer:
    """Understand what was reported; what is missing stays empty."""
    if result is None:
        return Answer()
    status = _field(result, "status")
    if not isinstance(status, int):
        status = _field(result, "status_code")
    headers = _field(result, "headers")
    reason = _field(result, "reason")
    if reason is None:
        reason = _field(result, "body")
    if reason is None and isinstance(result, Exception):
        reason = str(result)
    return Answer(
        status=status if isinstance(status, int) else None,
        headers={str(k).lower(): str(v) for k, v in headers.items()} if isinstance(headers, Mapping) else {},
        retry_after=_seconds(_field(result, "retry_after")),
        reason=_words(reason),
    )


def _field(result: object, name: str) -> object:
    return result.get(name) if isinstance(result, Mapping) else getattr(result, name, None)


def _words(reason: object) -> str:
    if reason is None:
        return ""
    return (reason if isinstance(reason, str) else json.dumps(reason, default=str)).lower()


# When it may go on


def _until(answer: Answer, now: float) -> float | None:
    """The Unix second the answer names, by whichever of many customs; `None` if it names none."""
    said = answer.retry_after
    for tell in (_retry_after_header, _retry_in_words, _reset_headers):
        if said is None:
            said = tell(answer, now)
    if said is None:
        return None
    return said if said >= _UNIX else now + max(0.0, said)


def _retry_after_header(answer: Answer, now: float) -> float | None:
    if "retry-after-ms" in answer.headers:
        thousandths = _seconds(answer.headers["retry-after-ms"])
        return None if thousandths is None else thousandths / 1000
    said = answer.headers.get("retry-after")
    if said is None:
        return None
    seconds = _seconds(said)
    if seconds is not None:
        return seconds
    at = _date(said)
    if at is None:
        return None
    theirs = _date(answer.headers.get("date", ""))  # their own clock, where they show it: ours may differ
    return max(0.0, at - (now if theirs is None else theirs))


def _retry_in_words(answer: Answer, now: float) -> float | None:  # noqa: ARG001 - one of several that are asked alike
    alone = _seconds(answer.reason)
    if alone is not None:
        return alone
    found = _SAID_IN_WORDS.search(answer.reason)
    return None if found is None else _seconds(found[1])


def _reset_headers(answer: Answer, now: float) -> float | None:  # noqa: ARG001 - likewise
    """The reset of what is used up; of all there are, where nobody says how much is left."""
    resets: dict[str, float] = {}
    for name, value in answer.headers.items():
        dimension = re.fullmatch(r"(?:x-)?ratelimit-reset(?:-(\w+))?", name)
        seconds = _seconds(value)
        if dimension is not None and seconds is not None:
            resets[dimension[1] or ""] = seconds
    empty = [seconds for dimension, seconds in resets.items() if _is_used_up(answer.headers, dimension)]
    return max(empty or resets.values(), default=None)


def _is_used_up(headers: Mapping[str, str], dimension: str) -> bool:
    names = [f"{prefix}ratelimit-remaining{'-' * bool(dimension)}{dimension}" for prefix in ("x-", "")]
    return any(headers.get(name, "").strip() in ("0", "0.0") for name in names)


def _seconds(said: object) -> float | None:
    """Seconds from 34, "34", "34.4s", "2m59.56s" or "250ms"; `None` if it is no such thing."""
    if isinstance(said, bool) or said is None:
        return None
    if isinstance(said, int | float):
        return float(said)
    text = str(said).strip().lower().replace(" ", "")
    try:
        return float(text)
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


def _next_midnight(now: float) -> float:
    today = datetime.fromtimestamp(now, PACIFIC).date()
    return datetime.combine(today + timedelta(days=1), time(), PACIFIC).timestamp()
