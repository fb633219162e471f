"""What Runway's refusals and failures mean; docs.dev.runwayml.com/errors, 2026-11, and bodies seen live."""

from __future__ import annotations

from collections.abc import Mapping

from providers.errors import (
    ContentRejected,
    InvalidRequest,
    ModelRetired,
    OperationFailed,
    ProviderError,
    QuotaExhausted,
    RateLimited,
    Unavailable,
)
from providers.runway.wire import PROVIDER
from providers.transport import Refusal, retry_after, said

_DAY = 86_400.0
_DAY_TRIED_AGAIN = 3600.0  # seconds: a rolling day does not say when it has room; one order an hour finds out


def runway_fault(refusal: Refusal, *, model: str | None, now: float) -> ProviderError | None:
    """What a refusal by the API means; `None` where only its status speaks.

    `model` is the one asked for, as limits bind an organisation and a model, and `None` for what concerns none; `now`
    is in Unix seconds.
    """
    words = said(refusal.body)
    if refusal.status == 400:
        return _bad_request(refusal.body, words)
    if refusal.status == 403 and model is not None and model in words:
        return ModelRetired(PROVIDER, words)  # about the model, not the key
    if refusal.status == 429:
        return _limit(refusal, words, model=model, now=now)
    if refusal.status == 503:
        return Unavailable(PROVIDER, words)  # documented as load shed at the door; 502 and 504 prove nothing
    return None


def _bad_request(body: object, words: str) -> ProviderError | None:
    if "enough credits" in words:
        return QuotaExhausted(PROVIDER, words)
    if "moderation" in words.lower() or "safety" in words.lower():
        return ContentRejected(PROVIDER, words)
    issues = body.get("issues") if isinstance(body, dict) else None
    told = [issue for issue in issues if isinstance(issue, dict)] if isinstance(issues, list) else []
    if any(issue.get("path") == ["model"] for issue in told):
        return ModelRetired(PROVIDER, words)  # it left the API, or this account may not use it
    if told:
        return InvalidRequest(PROVIDER, "; ".join([words, *map(_issue, told)])[:300])
    return None


def _issue(issue: Mapping[object, object]) -> str:
    path = issue.get("path")
    name = "/".join(map(str, path)) if isinstance(path, list) else ""
    return f"{name}: {issue.get('message', '')}"


def _limit(refusal: Refusal, words: str, *, model: str | None, now: float) -> ProviderError:
    """No limit per minute is documented and a full house is THROTTLED, not refused: of orders, this is the day's count.

    Where the answer names a wait and no day, it is taken at its word.
    """
    daily = "daily" in words.lower()
    wait = retry_after(refusal.headers)
    if model is None or (wait is not None and not daily):
        return RateLimited(PROVIDER, words, retry_after=wait, model=model)
    told = refusal.headers.get("retry-after") or refusal.headers.get("Retry-After") or ""
    seconds = min(float(told), _DAY) if told.isdecimal() else _DAY_TRIED_AGAIN
    return QuotaExhausted(PROVIDER, words, until=now + seconds, model=model)


def failure_of(code: str, failure: str) -> ProviderError:
    """What a task's `failureCode` means; docs.dev.runwayml.com/errors/task-failures, and codes seen in 2026.

    SAFETY stands first or second: SAFETY.INPUT.TEXT, INPUT_PREPROCESSING.SAFETY.THIRD_PARTY.
    """
    words = f"{code} {failure}".strip()
    parts = code.split(".")
    if "SAFETY" in parts:
        return ContentRejected(PROVIDER, words)
    if parts[0] == "ASSET" or "INPUT_VALIDATION" in parts:
        return InvalidRequest(PROVIDER, words)
    return OperationFailed(PROVIDER, words)


def link_fault(refusal: Refusal) -> ProviderError | None:
    """A link lives 24 to 48 hours; a new look at the task gives a fresh one. It says nothing about the key."""
    return Unavailable(PROVIDER, f"the link to the clip answered HTTP {refusal.status}")


def storage_fault(refusal: Refusal) -> ProviderError | None:
    """What the storage behind an upload says is about the file or the place, never about the key."""
    detail = f"the upload was answered with HTTP {refusal.status}"
    if refusal.status == 413 or "EntityTooLarge" in str(refusal.body):
        return InvalidRequest(PROVIDER, detail)
    return Unavailable(PROVIDER, detail)
