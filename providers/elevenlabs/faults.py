"""What ElevenLabs' refusals mean. The word in the body decides, not the number: 401 is said of keys and of quotas."""

from __future__ import annotations

from providers.elevenlabs.limits import PROVIDER
from providers.errors import (
    ContentRejected,
    InvalidRequest,
    KeyRejected,
    ModelRetired,
    ProviderError,
    QuotaExhausted,
    RateLimited,
    Unavailable,
)
from providers.transport import Refusal, retry_after, said

_OWN_PLACE = 2.0  # seconds: our own requests hold the places, and one that speaks is over soon

# A 401, but the key is good: the month's credits are spent, or the month is not paid for.
_SPENT = frozenset({"quota_exceeded", "insufficient_credits", "payment_issue"})
_PLAN = frozenset({"limited_access", "paid_plan_required", "payment_required"})
_CROWDED = frozenset({"too_many_concurrent_requests", "concurrent_limit_exceeded"})
_CONTENT = ("moderation", "policy", "content_rejected", "unsafe", "bad_prompt", "terms_of_service")
_PLAIN: tuple[tuple[frozenset[str], type[ProviderError]], ...] = (
    (frozenset({"system_busy"}), Unavailable),
    (frozenset({"model_not_found", "model_deprecated", "unsupported_model", "invalid_model_id"}), ModelRetired),
    (
        frozenset({"invalid_api_key", "needs_authorization", "detected_unusual_activity", "missing_permissions"}),
        KeyRejected,
    ),
    (frozenset({"voice_not_found", "voice_does_not_exist", "output_format_not_allowed"}), InvalidRequest),
)


def elevenlabs_fault(refusal: Refusal, *, model: str | None = None, is_free: bool = False) -> ProviderError | None:
    """What a refusal means; elevenlabs.io/docs errors and help pages, 2026-08 to 2026-11.

    `model` is that of a side line (music, noises), `None` for all else. A plan without music, a key without the
    permission for it and a full line for it are no reason to rest a key whose voice works: such faults bind the side
    line's model alone. They are about the account, so another key may do it, and only the operator can change it.
    `is_free` is for a look at lists and accounts: a key that may not look may speak all the same.
    """
    words, named = said(refusal.body), _names(refusal.body)
    if named & _SPENT:
        return QuotaExhausted(PROVIDER, words)
    if refusal.status == 402 or named & _PLAN:
        if model is None and "voice" in words.lower():  # "Free users cannot use library voices via the API"
            return InvalidRequest(PROVIDER, words)
        return QuotaExhausted(PROVIDER, words, model=model)
    if named & _CROWDED:
        return RateLimited(PROVIDER, words, retry_after=retry_after(refusal.headers) or _OWN_PLACE, model=model)
    if is_free and "missing_permissions" in named:
        return InvalidRequest(PROVIDER, words)
    if model is not None and ("missing_permissions" in named or (refusal.status == 403 and named)):
        return QuotaExhausted(PROVIDER, words, model=model)
    if any(hint in name for name in named for hint in _CONTENT):
        return ContentRejected(PROVIDER, words)
    plain = next((fault for names, fault in _PLAIN if named & names), None)
    return plain(PROVIDER, words) if plain else None


def _names(body: object) -> set[str]:
    """How the answer calls its fault: older bodies have a `status`, newer ones a `code` and a `type` as well."""
    detail = body.get("detail") if isinstance(body, dict) else None
    return (
        {str(detail[key]) for key in ("status", "code", "type") if detail.get(key)}
        if isinstance(detail, dict)
        else set()
    )
