"""Groq's refusals, as on its wire: error codes and example bodies of console.groq.com/docs (2026-08), and reports."""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.providers.accounts import Exceeded
from sandbox.providers.answers import Answer
from sandbox.providers.groq import over_limit
from sandbox.providers.question import no_model, refusal

MODEL = "openai/gpt-oss-120b"


def _rate(what: str, kind: str, rest: str, retry_after: str | None) -> Answer:
    words = (
        f"Rate limit reached for model `{MODEL}` in organization `org_sandbox` service tier `on_demand` on {what}: "
        f"Limit 1000, Used 1000, Requested 1. Please try again in {rest}. Need more tokens? Upgrade to Dev Tier today "
        "at https://console.groq.com/settings/billing"
    )
    headers = {} if retry_after is None else {"retry-after": retry_after}
    return Answer(429, refusal(429, words, kind, "rate_limit_exceeded").body, headers)


_LIMITS = {
    # docs/rate-limits, 2026-08: RPM, TPM, RPD, TPD, ASH, ASD; bodies as in LangChain and LiteLLM issues of 2025-26.
    "requests_per_minute": over_limit(MODEL, "sandbox", Exceeded(30, 30, 2.0), 1, tokens=False),
    "tokens_per_minute": over_limit(MODEL, "sandbox", Exceeded(8_000, 7_900, 8.25), 900, tokens=True),
    "tokens_per_minute_without_header": _rate("tokens per minute (TPM)", "tokens", "8.25s", None),
    "requests_per_day": _rate("requests per day (RPD)", "requests", "1h2m3.5s", "3724"),
    "tokens_per_day": _rate("tokens per day (TPD)", "tokens", "9m38.016s", "579"),
    "audio_seconds_per_hour": _rate("seconds of audio per hour (ASPH)", "seconds", "2m0s", "120"),
    "audio_seconds_per_day": _rate("seconds of audio per day (ASPD)", "seconds", "1h0m0s", "3600"),
    "rate_limit_without_words": Answer(429, "", {"retry-after": "7"}),
    # facts: more than a minute's tokens in one request.
    "request_over_tokens_per_minute": refusal(
        413, f"Request too large for model `{MODEL}`: Limit 8000, Requested 9000", "tokens", "rate_limit_exceeded"
    ),
    # docs/spend-limits, 2026-11: a 400 until the first of the month.
    "spend_limit": refusal(
        400, "Your organization has reached its spend limit. API access is blocked.", code="blocked_api_access"
    ),
    # docs/flex-processing: 498 is Groq's own number.
    "flex_capacity_exceeded": refusal(498, "flex tier capacity exceeded", "flex_tier_capacity", "capacity_exceeded"),
}

_KEYS = {
    "key_invalid": refusal(401, "Invalid API Key", code="invalid_api_key"),
    "key_expired": refusal(401, "The API key has expired", code="expired_api_key"),
    "forbidden": refusal(403, "Your credentials do not have the permission for this resource.", "permissions_error"),
    # crewAI issue 783, 2024: a 400.
    "organization_restricted": refusal(
        400,
        "Organization has been restricted. Please reach out to support if you believe this was in error.",
        code="organization_restricted",
    ),
    "firewall": Answer(403, "<!DOCTYPE html><html><title>Attention Required! | Cloudflare</title></html>"),
}

_MODELS = {
    "model_not_found": no_model("llama-9"),
    "model_decommissioned": refusal(
        400,
        "The model `llama-3.3-70b-versatile` has been decommissioned and is no longer supported.",
        code="model_decommissioned",
    ),
    "model_terms_required": refusal(
        400,
        "The model requires terms acceptance. Please have the org admin accept the terms.",
        code="model_terms_required",
    ),
    "model_blocked_by_organization": refusal(
        403,
        f"The model `{MODEL}` is blocked at the organization level. Please have the org admin enable this model.",
        "permissions_error",
        "model_permission_blocked_org",
    ),
    "model_blocked_by_project": refusal(
        403,
        f"The model `{MODEL}` is blocked at the project level.",
        "permissions_error",
        "model_permission_blocked_project",
    ),
}

_REQUESTS = {
    "invalid_request": refusal(400, "'messages.0' : discriminator property 'role' has invalid value"),
    "context_length_exceeded": refusal(
        400, "Please reduce the length of the messages or completion.", code="context_length_exceeded"
    ),
    "response_format_unsupported": refusal(400, "This model does not support response format `json_schema`."),
    # docs/structured-outputs and tool-use, 2026: the model's own slip, with what it wrote.
    "json_validate_failed": Answer(
        400,
        {
            "error": {
                "message": "Failed to validate JSON. See 'failed_generation' for more details.",
                "type": "invalid_request_error",
                "code": "json_validate_failed",
                "failed_generation": '{"title": ',
            }
        },
    ),
    "tool_use_failed": refusal(400, "Failed to call a function. Please adjust your prompt.", code="tool_use_failed"),
    "unknown_url": refusal(404, "Unknown request URL: POST /openai/v1/chat", code="unknown_url"),
    "request_too_large": refusal(413, "Request Entity Too Large", code="request_too_large"),
    "unprocessable": refusal(422, "The request could not be followed due to semantic errors."),
    "failed_dependency": refusal(424, "A dependent request failed.", "external_connector_error"),
    "media_unreadable": refusal(400, "could not process file - is it a valid media file?"),
}

_SERVICE = {
    "request_timeout": refusal(408, "Request timed out", "timeout"),
    "request_cancelled": refusal(499, "The request was cancelled by the caller."),
    "internal_error": refusal(500, "Internal Server Error", "internal_server_error"),
    "bad_gateway": Answer(502, "<html><body><h1>502 Bad Gateway</h1></body></html>"),
    # community reports, 2025-26.
    "over_capacity": refusal(
        503,
        f"{MODEL} is currently over capacity. Please try again and back off exponentially.",
        "internal_server_error",
    ),
    "gateway_timeout": Answer(504, "upstream request timeout"),
}

ALL: Mapping[str, Answer] = {**_LIMITS, **_KEYS, **_MODELS, **_REQUESTS, **_SERVICE}
