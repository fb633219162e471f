"""What an answer means for the key that got it, whichever provider it came from.

The bot judges the exceptions of its own providers (`bot.app.pools`); here nothing is known but status, headers and
words, so the words of all providers are looked for. Shapes checked 2026-11: Google, Groq, ElevenLabs, Runway.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime, time, timedelta
from enum import Enum
from typing import Protocol
from zoneinfo import ZoneInfo

from benchmarks.pool.told import Answer, seconds_of, until
from ratelimit import BadRequest, Exhausted, Rejected, Throttled, Unavailable, Verdict

PACIFIC = ZoneInfo("America/Los_Angeles")
"""Google's days begin at midnight there."""

SLOT_WAIT = 1.0
"""Seconds to rest where too many run at once: the next slot frees when one of them ends, which nobody knows."""

_PASSING = (408, 425, 498)  # 498: Groq's flexible capacity is used up
_BAD_KEY = re.compile(
    r"(?:invalid|incorrect|expired|revoked|disabled)[ _-]?(?:api[ _-]?)?key(?![a-z])"
    r"|(?:bad|dead|wrong|unknown)(?:[_-]key\b|[ _-]?api[ _-]?key)"
    r"|key[ _-]?(?:is[ _-]|was[ _-])?(?:invalid|not[ _-]valid|expired|revoked|disabled)"
    r"|unauthori[sz]ed|unauthenticated|authentication[ _-](?:error|failed)|invalid[ _-]?credential"
)
_BAD_CONTENT = re.compile(
    r"safety|(?:bad|invalid|blocked)[ _-]?prompt|prompt[ _-]?(?:blocked|rejected)|moderation|nsfw"
    r"|content[ _-]?(?:policy|filter|violation)|prohibited[ _-]?content|policy[ _-]?violation"
)
_NO_CREDIT = re.compile(
    r"insufficient[_ ](?:quota|credits?|funds|balance)|enough credits?|out of credits?"
    r"|credits? (?:are|is|have been) (?:depleted|exhausted)|billing_hard_limit|payment[_ ]required"
)
_NO_QUOTA = re.compile(r"quota_exceeded")  # of credit at ElevenLabs, which says 401; with a 429 it may be any quota
_OF_THE_DAY = re.compile(r"per[_ -]?day|daily|(?<![a-z])(?:[rt]pd|day)(?![a-z])")
_RATE = re.compile(r"quota|rate[ _-]?limit")
_GOOGLES_DAY = re.compile(r"requestsperday|tokensperday|perday(?:per|-|\b)")
_BUSY = re.compile(r"system_busy|overloaded|heavy load")
_SLOTS = re.compile(r"too_many_concurrent|concurrent_limit|concurrency")
_ANOTHERS_FILE = re.compile(r"permission to access the file")
_LOST = re.compile(r"timeout|timedout|connect|transport|network|protocol")  # in the names of clients' exceptions
_WELL = ("", "ok", "success", "succeeded", "none")
WELL = Answer()
"""It was served, and that is all that is told."""


class Result(Protocol):
    """What a caller of the adapter reports: an object (or a dict) with any of these."""

    @property
    def status(self) -> int: ...


class Refused(Exception):
    """Carries an answer that was no success to the pool's judge."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(f"{answer}")
        self.answer = answer


def judge(outcome: object, now: float) -> Verdict | None:
    """A `Judge`: of our own `Refused`, a lost connection, an SDK's exception with a status, or a result."""
    if isinstance(outcome, Refused):
        return judge_answer(outcome.answer, now)
    if isinstance(outcome, BaseException) and read(outcome).status is None:
        is_lost = isinstance(outcome, OSError | TimeoutError) or _LOST.search(type(outcome).__name__.lower())
        return Unavailable() if is_lost else None
    return judge_result(outcome, now)


def is_fine(answer: Answer) -> bool:
    """What has no status is fine unless it gives a reason why not."""
    return answer.reason in _WELL if answer.status is None else 200 <= answer.status < 400


def judge_result(result: object, now: float) -> Verdict | None:
    """What a result means; `None` if it is fine. `now` is in Unix seconds."""
    return judge_answer(read(result), now)


def judge_answer(answer: Answer, now: float) -> Verdict | None:
    """Likewise, of a result that was read."""
    if is_fine(answer):
        return None
    match answer.status:
        case None:  # no answer came at all
            return Unavailable()
        case 429:
            return _judge_429(answer, now)
        case status if status >= 500 or status < 100 or status in _PASSING:
            return Unavailable()
        case 400 | 401 | 402 | 403 if _has_no_credit(answer):
            return Exhausted(until(answer, now))
        case 400 if not _BAD_KEY.search(answer.reason):
            return BadRequest()
        case 401 | 403 if _is_of_the_request(answer.reason):
            return BadRequest()
        case 403 if _RATE.search(answer.reason):
            return _judge_429(answer, now)
        case 400 | 401 | 403:
            return Rejected()
        case _:
            return BadRequest()


def _has_no_credit(answer: Answer) -> bool:
    return answer.status == 402 or bool(_NO_CREDIT.search(answer.reason) or _NO_QUOTA.search(answer.reason))


def _is_of_the_request(reason: str) -> bool:
    """Refused for what was asked, with a status that otherwise speaks of the key."""
    return bool(_ANOTHERS_FILE.search(reason) or (_BAD_CONTENT.search(reason) and not _BAD_KEY.search(reason)))


def _judge_429(answer: Answer, now: float) -> Verdict:
    at = until(answer, now)
    if _BUSY.search(answer.reason):
        return Unavailable()
    if _SLOTS.search(answer.reason):
        return Throttled(now + SLOT_WAIT if at is None else at)
    if _NO_CREDIT.search(answer.reason):
        return Exhausted(at)
    if _GOOGLES_DAY.search(answer.reason):
        # Its RetryInfo speaks of half a minute even when the day is used up.
        return Exhausted(_next_midnight(now) if at is None or at < now + 3_600 else at)
    if _OF_THE_DAY.search(answer.reason):
        return Exhausted(_next_midnight(now) if at is None else at)
    return Throttled(at)


def read(result: object) -> Answer:
    """Understand what was reported; what is missing stays empty, and so do the words of an answer that is fine."""
    if result is None:
        return WELL
    field = _fields(result)
    status, headers = _status(field("status")), field("headers")
    if status is None:
        status = _status(field("status_code"))
    if status is not None and 200 <= status < 400:
        return Answer(status=status, headers=_in_lower_case(headers)) if headers else WELL
    reasons = [field("reason"), field("error"), field("exception")]
    if status is not None:
        reasons.append(field("body"))  # which may be a good one, where no status is told
    if isinstance(result, Exception):
        reasons.append(result)
    if status is None:
        reasons += [said for said in (field("status"), field("status_code")) if isinstance(said, str)]
    return Answer(
        status=status,
        headers=_in_lower_case(headers),
        retry_after=seconds_of(field("retry_after")),
        reason=next((words for words in map(_words, reasons) if words), ""),
    )


def _fields(result: object) -> Callable[[str], object]:
    if result.__class__ is dict or isinstance(result, Mapping):  # which is slow to find out
        return result.get
    return lambda name: getattr(result, name, None)


def _in_lower_case(headers: object) -> dict[str, str]:
    return {str(k).lower(): str(v) for k, v in headers.items()} if isinstance(headers, Mapping) else {}


def _status(said: object) -> int | None:
    """Of 429, "429", 429.0; `None` for what is no number."""
    if said is None:
        return None
    if isinstance(said, int) and not isinstance(said, bool):
        return int(said)
    if isinstance(said, float) and said.is_integer():
        return int(said)
    return int(said) if isinstance(said, str) and said.strip().isdecimal() else None


def _words(reason: object) -> str:
    """In lower case; of an exception at least its name."""
    if not reason:
        return ""
    if isinstance(reason, Enum):
        return f"{reason.name} {reason.value}".lower()
    if isinstance(reason, BaseException):
        return (str(reason) or type(reason).__name__).lower()
    return (reason if isinstance(reason, str) else json.dumps(reason, default=str)).lower()


def _next_midnight(now: float) -> float:
    today = datetime.fromtimestamp(now, PACIFIC).date()
    return datetime.combine(today + timedelta(days=1), time(), PACIFIC).timestamp()
