"""How Google says no, of models, files and interactions alike.

Sources: [D] ai.google.dev, "API errors" of generateContent, 2026-11; [R] the reasons of google.api.ErrorReason and the
codes of google.rpc.Code; [L] bodies that people got and published, with the month; [U] the refusal is announced, its
words are not known. generateContent and files write `error.code` as a number; interactions write it as a word.
"""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.providers.answers import Answer

_SERVICE = "generativelanguage.googleapis.com"
_EXCEEDED = (
    "You exceeded your current quota, please check your plan and billing details. For more information on this error, "
    "head to: https://ai.google.dev/gemini-api/docs/rate-limits. To monitor your current usage, head to: "
    "https://ai.dev/rate-limit. "
)
_BAD_GATEWAY = "<!doctype html><html><head><title>502 Bad Gateway</title></head><body>502 Bad Gateway</body></html>"


def _no(status: int, word: str, message: str, *details: Mapping[str, object]) -> Answer:
    error: dict[str, object] = {"code": status, "message": message, "status": word}
    if details:
        error["details"] = list(details)
    return Answer(status, {"error": error})


def _worded(status: int, code: str, message: str) -> Answer:
    """As interactions say it."""
    return Answer(status, {"error": {"code": code, "message": message}})


def _in_a_list(answer: Answer) -> Answer:
    """As Google's front end sometimes wraps it [L 2026-11]."""
    return Answer(answer.status, [answer.body], answer.headers)


def _info(reason: str) -> Mapping[str, object]:
    return {
        "@type": "type.googleapis.com/google.rpc.ErrorInfo",
        "reason": reason,
        "domain": "googleapis.com",
        "metadata": {"service": _SERVICE, "consumer": "projects/123456789012"},
    }


def _retry(delay: str) -> Mapping[str, object]:
    return {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}


def _over(metric: str, quota: str, value: int, retry: float) -> Answer:
    """A quota of a project, as [L 2026-01] and later. A `value` of 0 is left out of the violation, as protobuf does."""
    violation: dict[str, object] = {
        "quotaMetric": f"{_SERVICE}/{metric}",
        "quotaId": quota,
        "quotaDimensions": {"location": "global", "model": "gemini-3.8-flash"},
    }
    if value:
        violation["quotaValue"] = str(value)
    message = (
        f"{_EXCEEDED}\n* Quota exceeded for metric: {_SERVICE}/{metric}, limit: {value}, model: gemini-3.8-flash\n"
        f"Please retry in {retry:.9f}s."
    )
    failure = {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [violation]}
    return _no(429, "RESOURCE_EXHAUSTED", message, failure, _retry(f"{retry:g}s"))


_KEY_INVALID = _no(
    400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key.", _info("API_KEY_INVALID")
)  # [D]
_PER_MINUTE = _over(
    "generate_content_free_tier_requests", "GenerateRequestsPerMinutePerProjectPerModel-FreeTier", 10, 34.4
)
_DEPLETED = (
    "Your prepayment credits are depleted. Please go to AI Studio at https://ai.studio/projects to manage your project "
    "and billing."
)

_REQUEST: Mapping[str, Answer] = {
    "invalid_argument": _no(
        400, "INVALID_ARGUMENT", "Invalid JSON payload received. Unknown name \"ratio\" at 'generation_config'."
    ),  # [D]
    "invalid_argument_in_a_list": _in_a_list(_no(400, "INVALID_ARGUMENT", "Request contains an invalid argument.")),
    "out_of_range": _no(400, "OUT_OF_RANGE", "end_offset is past the end of the video."),  # [R]
    "too_many_tokens": _no(
        400, "INVALID_ARGUMENT", "The input token count exceeds the maximum number of tokens allowed 1048576."
    ),  # [L 2025-12]
    "payload_too_large": _no(
        400, "INVALID_ARGUMENT", "Request payload size exceeds the limit: 20971520 bytes."
    ),  # [L 2026]
    "entity_too_large": Answer(413, "<html><title>413 Request Entity Too Large</title></html>"),  # [L 2025-02]
    "file_not_active": _no(
        400, "FAILED_PRECONDITION", "The File f00 is not in an ACTIVE state and usage is not allowed."
    ),  # [L]
    "file_of_another": _no(
        403, "PERMISSION_DENIED", "You do not have permission to access the File f00 or it may not exist."
    ),  # [L]
    "file_gone": _no(
        404, "NOT_FOUND", "An image, audio, or video file referenced in your request was not found."
    ),  # [D]
    "already_exists": _no(409, "ALREADY_EXISTS", "Requested entity already exists"),  # [R]
    "unimplemented": _no(501, "UNIMPLEMENTED", "Operation is not implemented, or supported, or enabled."),  # [R]
    "blocked": _no(400, "PROHIBITED_CONTENT", "The request was blocked by our content policy."),  # [L 2026-11]
}

_MODEL: Mapping[str, Answer] = {
    "model_unknown": _no(
        404,
        "NOT_FOUND",
        "models/gemini-0 is not found for API version v1beta, or is not supported for generateContent. Call ListModels "
        "to see the list of available models and their supported methods.",
    ),  # [L 2025-05]
    "model_gone": _no(
        404,
        "NOT_FOUND",
        "This model models/gemini-2.5-flash is no longer available. Please update your code to use "
        "models/gemini-3.8-flash",
    ),  # [L 2026]
    "model_closed_to_new_users": _no(
        404, "NOT_FOUND", "This model models/gemini-2.5-flash is no longer available to new users."
    ),  # [L 2026-07]
    "entity_unknown": _no(404, "NOT_FOUND", "Requested entity was not found."),  # [L]
}

_KEY: Mapping[str, Answer] = {
    "key_invalid": _KEY_INVALID,
    "key_invalid_in_a_list": _in_a_list(_KEY_INVALID),
    "key_expired": _no(
        400, "INVALID_ARGUMENT", "API key expired. Please renew the API key.", _info("API_KEY_INVALID")
    ),  # [L 2025-01]
    "key_not_found": _no(400, "INVALID_ARGUMENT", "API Key not found. Please pass a valid API key."),  # [L 2026]
    "unauthenticated": _no(
        401,
        "UNAUTHENTICATED",
        "Request had invalid authentication credentials. Expected OAuth 2 access token, login cookie or other valid "
        "authentication credential.",
    ),  # [L]
    "key_missing": _no(
        403,
        "PERMISSION_DENIED",
        "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other "
        "form of API consumer identity to call this API.",
    ),  # [L]
    "key_leaked": _no(
        403, "PERMISSION_DENIED", "Your API key was reported as leaked. Please use another API key."
    ),  # [L 2026-03]
    "key_suspended": _no(
        403,
        "PERMISSION_DENIED",
        "Permission denied: Consumer 'api_key:A-KEY' has been suspended.",
        _info("CONSUMER_SUSPENDED"),
    ),  # [L 2026-02]; the key stands in it
    "key_blocked": _no(
        403,
        "PERMISSION_DENIED",
        f"Requests to this API {_SERVICE} method google.ai.generativelanguage.v1beta.FileService.CreateFile are "
        "blocked.",
        _info("API_KEY_SERVICE_BLOCKED"),
    ),  # [L 2026-06]
    "address_blocked": _no(
        403,
        "PERMISSION_DENIED",
        "The provided API key has an IP address restriction. The originating IP address of the call violates it.",
        _info("API_KEY_IP_ADDRESS_BLOCKED"),
    ),  # [R]
    "key_unrestricted": _no(
        403,
        "PERMISSION_DENIED",
        "Unrestricted API keys are not allowed to use this API. Restrict the key in the console.",
    ),  # [U]; announced for 2026-06-19
    "api_not_enabled": _no(
        403,
        "PERMISSION_DENIED",
        "Generative Language API has not been used in project 123456789012 before or it is disabled. If you enabled "
        "this API recently, wait a few minutes for the action to propagate to our systems and retry.",
        _info("SERVICE_DISABLED"),
    ),  # [R]
    "project_denied": _no(
        403, "PERMISSION_DENIED", "Your project has been denied access. Please contact support."
    ),  # [L 2026-04]
    "billing_needed": _no(
        400,
        "FAILED_PRECONDITION",
        "Gemini API free tier is not available in your country. Please enable billing on your project in Google AI "
        "Studio.",
    ),  # [D]
    "location_unsupported": _no(400, "FAILED_PRECONDITION", "User location is not supported for the API use."),  # [L]
}

_LIMIT: Mapping[str, Answer] = {
    "requests_per_minute": _PER_MINUTE,
    "requests_per_minute_in_a_list": _in_a_list(_PER_MINUTE),
    "tokens_per_minute": _over(
        "generate_content_free_tier_input_token_count",
        "GenerateContentInputTokensPerModelPerMinute-FreeTier",
        250_000,
        39.844676573,
    ),  # [L 2025-11]
    "requests_per_minute_of_all_models": _over(
        "generate_requests", "GenerateRequestsPerMinutePerProject", 1_000, 12.0
    ),  # [R]
    "requests_per_day": _over(
        "generate_content_free_tier_requests", "GenerateRequestsPerDayPerProjectPerModel-FreeTier", 20, 38.0
    ),  # [L 2026]; the delay means nothing
    "tokens_per_day": _over(
        "generate_content_free_tier_input_token_count",
        "GenerateContentInputTokensPerModelPerDay-FreeTier",
        6_000_000,
        21.0,
    ),  # [L 2025-07]
    "not_in_the_free_tier": _over(
        "generate_content_free_tier_requests", "GenerateRequestsPerDayPerProjectPerModel-FreeTier", 0, 20.0
    ),  # [L 2026-06]
    "resource_exhausted": _no(
        429, "RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota)."
    ),  # [L 2026-02]
    "spend_limit": _no(
        429,
        "RESOURCE_EXHAUSTED",
        "You exceeded your spend-based rate limit. Your spending rate has exceeded the allowed limit for your "
        "account's billing history and tier.",
    ),  # [L 2026]; a rolling ten minutes
    "spending_cap": _no(
        429,
        "RESOURCE_EXHAUSTED",
        "Your project has exceeded its monthly spending cap. Please go to AI Studio at https://ai.studio/spend to "
        "manage your project spend cap.",
    ),  # [L 2026-09]; the operator's own cap
    "prepaid_depleted": _no(429, "RESOURCE_EXHAUSTED", _DEPLETED),  # [L 2026-06]
    "prepaid_depleted_402": _no(402, "RESOURCE_EXHAUSTED", _DEPLETED),  # [D]
}

_SERVER: Mapping[str, Answer] = {
    "request_timeout": Answer(408, "<html><title>Error 408 (Request Timeout)</title></html>"),  # front end
    "aborted": _no(409, "ABORTED", "The operation was aborted."),  # [R]
    "cancelled": _no(499, "CANCELLED", "The operation was cancelled."),  # [D]
    "internal": _no(
        500, "INTERNAL", "An internal error has occurred. Please retry or report in the developer forum."
    ),  # [D]
    "internal_in_a_list": _in_a_list(_no(500, "INTERNAL", "Internal error encountered.")),
    "unknown": _no(500, "UNKNOWN", "Unknown Error."),  # [R]
    "data_loss": _no(500, "DATA_LOSS", "Unrecoverable data loss or corruption."),  # [R]
    "bad_gateway": Answer(502, _BAD_GATEWAY, {"Content-Type": "text/html"}),
    "overloaded": _no(503, "UNAVAILABLE", "The model is overloaded. Please try again later."),  # [D]
    "high_demand": _no(
        503,
        "UNAVAILABLE",
        "This model is currently experiencing high demand. Spikes in demand are usually temporary. Please try again "
        "later.",
    ),  # [L 2026]
    "unavailable": _no(503, "UNAVAILABLE", "The service is currently unavailable."),  # [D]
    "deadline_exceeded": _no(504, "DEADLINE_EXCEEDED", "Deadline expired before operation could complete."),  # [D]
    "firewall": Answer(403, "<html><title>Error 403 (Forbidden)</title></html>", {"Content-Type": "text/html"}),
}

_INTERACTIONS: Mapping[str, Answer] = {
    "interaction_invalid": _worded(
        400, "invalid_request", "The value 'loud' is not supported for 'type' at 'tools[0]'."
    ),  # [D]
    "interaction_unknown": _worded(400, "invalid_request", "Invalid interaction name."),  # [L 2026-11]
    "interaction_blocked": _worded(
        400, "PROHIBITED_CONTENT", "The input was blocked by our content policy."
    ),  # [L 2026-11]
    "interaction_unsafe": _worded(400, "SAFETY", "The input was blocked for safety reasons."),  # [L 2026-11]
    "interaction_key_invalid": _worded(
        400, "invalid_request", "API key not valid. Please pass a valid API key."
    ),  # [U]
    "interaction_billing_needed": _worded(
        400, "failed_precondition", "Please enable billing on your project in Google AI Studio."
    ),  # [D]
    "interaction_model_gone": _worded(
        404, "not_found", "The model gemini-omni-flash-preview is no longer available."
    ),  # [U]
    "interaction_resource_exhausted": _worded(
        429, "resource_exhausted", "Resource has been exhausted (e.g. check quota)."
    ),  # [U]
    "interaction_overloaded": _worded(503, "unavailable", "The model is overloaded. Please try again later."),  # [U]
    "interaction_internal": _worded(500, "internal_error", "An internal error has occurred."),  # [U]
}

ALL: Mapping[str, Answer] = {**_REQUEST, **_MODEL, **_KEY, **_LIMIT, **_SERVER, **_INTERACTIONS}
