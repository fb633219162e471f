"""How Google's front end says no, for both of its families here. Interactions write `error.code` as a word."""

from __future__ import annotations

from sandbox.providers.answers import Answer

_SERVICE = "generativelanguage.googleapis.com"
_STATUS = {
    400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED", 499: "CANCELLED", 500: "INTERNAL", 503: "UNAVAILABLE", 504: "DEADLINE_EXCEEDED",
}  # fmt: skip


def refusal(
    http: int,
    message: str,
    details: list[dict[str, object]] | None = None,
    *,
    code: str | None = None,
    status: str | None = None,
) -> Answer:
    """An error body. `code` is Interactions' word for it, where that is who speaks; `status` other than the usual."""
    word = status or _STATUS.get(http, "UNKNOWN")
    error: dict[str, object] = {"code": code or http, "message": message, "status": word}
    if details:
        error["details"] = details
    return Answer(http, {"error": error})


def bad_key(*, words: bool = False) -> Answer:
    info: dict[str, object] = {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": "API_KEY_INVALID",
        "domain": "googleapis.com",
        "metadata": {"service": _SERVICE},
    }
    message = "API key not valid. Please pass a valid API key."
    return refusal(400, message, [info], code="INVALID_ARGUMENT" if words else None)


def over_quota(limit: int, model: str, retry_after: float, *, per: str = "Minute", words: bool = False) -> Answer:
    """429 for the requests per "Minute" or "Day" of a project and model; the day's delay means nothing, as in life."""
    quota = f"GenerateRequestsPer{per}PerProjectPerModel-FreeTier"
    message = (
        "You exceeded your current quota, please check your plan and billing details. "
        f"* Quota exceeded for metric: {_SERVICE}/generate_content_free_tier_requests, limit: {limit}, model: {model}\n"
        f"Please retry in {retry_after:.9f}s."
    )
    violation = {
        "quotaMetric": f"{_SERVICE}/generate_content_free_tier_requests",
        "quotaId": quota,
        "quotaDimensions": {"location": "global", "model": model},
        "quotaValue": str(limit),
    }
    details: list[dict[str, object]] = [
        {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [violation]},
        {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": f"{retry_after:.3f}s"},
    ]
    return refusal(429, message, details, code="RESOURCE_EXHAUSTED" if words else None)


def overloaded() -> Answer:
    return refusal(503, "The model is overloaded. Please try again later.")


def out_of_credit() -> Answer:
    return refusal(429, "Your prepayment credits are depleted. Please go to AI Studio to add more.")


def not_yours(name: str) -> Answer:
    """What Google says of a file that is not there, or is another project's: it does not tell which."""
    return refusal(403, f"You do not have permission to access the File {name} or it may not exist.")


def no_model(model: str, version: str) -> Answer:
    return refusal(
        404, f"models/{model} is not found for API version {version}, or is not supported for generateContent."
    )


def retired(model: str) -> Answer:
    return refusal(
        404, f"This model models/{model} is no longer available. Please update your code to use a newer model."
    )
