"""What Groq's refusals mean. Its limits bind an organisation, each for one model."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from providers.errors import (
    KeyRejected,
    ModelRetired,
    ProviderError,
    QuotaExhausted,
    RateLimited,
    Unavailable,
    UnexpectedResponse,
)
from providers.transport import Refusal, refused, rest, retry_after, said

PROVIDER: Final = "groq"

_UNTOLD_DAY = 3600.0  # seconds until a day's limit that does not say when it ends is tried again
_DAILY = ("per day", "(TPD)", "(RPD)", "(ASD)")
# The model's fault: asking once more may help.
_SLIPS = frozenset({"json_validate_failed", "tool_use_failed", "output_parse_failed"})
_GONE = frozenset(
    {
        "model_decommissioned",
        "model_not_found",
        "model_not_active",
        "model_terms_required",
        "model_permission_blocked_org",
        "model_permission_blocked_project",
    }
)
_OVER_CAPACITY = 498  # of the flex tier; console.groq.com/docs/flex-processing, 2026-08
_CANCELLED = 499  # somebody between us and Groq hung up


def groq_fault(refusal: Refusal, *, model: str, now: float) -> ProviderError | None:
    """What a refusal means; console.groq.com/docs errors, rate-limits and spend-limits, 2026-08."""
    words, code = said(refusal.body), _code(refusal.body)
    if refusal.status == 429:
        return _over_limit(refusal, words, model=model, now=now)
    if code == "blocked_api_access":  # a 400: the organisation's own spend limit, until the month is over
        return QuotaExhausted(PROVIDER, words, until=_next_month(now))
    if code == "organization_restricted":  # a 400, too
        return KeyRejected(PROVIDER, words)
    if refusal.status in (_OVER_CAPACITY, _CANCELLED):
        return Unavailable(PROVIDER, words or f"HTTP {refusal.status}")
    if code in _SLIPS:
        return UnexpectedResponse(PROVIDER, words)
    if code in _GONE:
        return ModelRetired(PROVIDER, words)
    return None  # 413 too: more than a minute's tokens in one request is over a limit, not a thing to wait for


def broken_off(error: Mapping[str, object], *, model: str, now: float) -> ProviderError:
    """What an error in the middle of a stream means; it comes without a status of HTTP's."""
    code = str(error.get("code") or "")
    told = error.get("status_code")
    status = told if isinstance(told, int) else 429 if code == "rate_limit_exceeded" else 500
    return refused(
        PROVIDER, Refusal(status, {"error": dict(error)}), lambda refusal: groq_fault(refusal, model=model, now=now)
    )


def seconds_in(duration: str) -> float | None:
    """Seconds in what begins as "1h2m3.5s", "2m59.56s" or "250ms", as Groq writes them; `None` where nothing does."""
    match = re.match(r"(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?", duration)
    if match is None or not any(match.groups()):
        return None
    hours, minutes, seconds, milliseconds = (float(group or 0) for group in match.groups())
    return hours * 3600 + minutes * 60 + seconds + milliseconds / 1000


def _over_limit(refusal: Refusal, words: str, *, model: str, now: float) -> ProviderError:
    asked, header = _asked_rest(words), retry_after(refusal.headers)
    if any(hint in words for hint in _DAILY):
        seconds = next((each for each in (asked, header) if each is not None), _UNTOLD_DAY)
        return QuotaExhausted(PROVIDER, words, until=now + seconds, model=model)
    if header is None and asked is not None:
        header = rest(asked)
    return RateLimited(PROVIDER, words, retry_after=header, model=model)


def _asked_rest(words: str) -> float | None:
    """Seconds in "Please try again in 1h2m3.5s"."""
    _, _, duration = words.partition("try again in ")
    return seconds_in(duration)


def _next_month(now: float) -> float:
    """When the billing month begins that follows `now`; Unix seconds."""
    day = datetime.fromtimestamp(now, UTC)
    year, month = (day.year + 1, 1) if day.month == 12 else (day.year, day.month + 1)
    return datetime(year, month, 1, tzinfo=UTC).timestamp()


def _code(body: object) -> str:
    error = body.get("error", body) if isinstance(body, dict) else None
    return str(error.get("code") or "") if isinstance(error, dict) else ""
