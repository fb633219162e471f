"""ElevenLabs' refusals, as on its wire: help pages and API errors page (2026), and reports with whole bodies."""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.providers import elevenlabs as service
from sandbox.providers.answers import Answer
from sandbox.providers.elevenlabs import refusal


def _new(status: int, kind: str, code: str, message: str) -> Answer:
    """A body of 2026: beside the old `status`, a `type` for the family and a `code` for the fault."""
    detail = {"type": kind, "code": code, "message": message, "status": code, "request_id": "0123456789abcdef"}
    return Answer(status, {"detail": detail})


_KEYS = {
    # help.elevenlabs.io "API - Error Code 400 or 401", 2026.
    "key_invalid": refusal(401, "invalid_api_key", "Invalid API key"),
    "key_missing": refusal(401, "needs_authorization", "Neither authorization header nor xi-api-key received."),
    "key_invalid_in_new_words": _new(401, "authentication_error", "invalid_api_key", "Invalid API key"),
    "key_without_permission": refusal(
        401,
        "missing_permissions",
        "The API key you used is missing the permission text_to_speech to execute this operation.",
    ),
    # OWASP/Nest pull 3861, 2026-02.
    "unusual_activity": refusal(
        401, "detected_unusual_activity", "Unusual activity detected. Free Tier usage disabled."
    ),
    "forbidden": refusal(403, "forbidden", "You are not allowed to do this."),
    "firewall": Answer(403, "<!doctype html><html><body>Forbidden</body></html>"),
}

_ACCOUNTS = {
    # The same page: a 401 that says nothing of the key.
    "quota_exceeded": service.quota_exceeded(15, 82),
    "quota_exceeded_in_new_words": _new(
        401, "quota_error", "quota_exceeded", "This request exceeds your quota. You have 15 credits remaining."
    ),
    "insufficient_credits": _new(402, "payment_required", "insufficient_credits", "You have no credits left."),
    "payment_failed": refusal(
        401,
        "payment_issue",
        "Your subscription has a failed or incomplete payment. Complete the latest invoice to continue usage.",
    ),
    # receptron/mulmocast-app issue 1409, 2025-12.
    "plan_without_music": service.no_music(),
    # dograh-hq/dograh issue 290, 2026-05.
    "plan_without_library_voices": service.no_library_voices(),
}

_LIMITS = {
    # help.elevenlabs.io "API - Error Code 429", 2026.
    "concurrency": service.too_many_at_once(5),
    "concurrency_in_new_words": _new(
        429, "rate_limit_error", "concurrent_limit_exceeded", "Too many concurrent requests."
    ),
    "system_busy": service.system_busy(),
    "rate_limit": Answer(429, {"detail": "Too Many Requests"}, {"retry-after": "9"}),
}

_REQUESTS = {
    "text_too_long": refusal(
        400,
        "max_character_limit_exceeded",
        "This request's text has 627 characters and exceeds the character limit of 333 characters.",
    ),
    "voice_not_found": refusal(400, "voice_not_found", "A voice for the voice_id x was not found."),
    "voice_not_found_as_404": refusal(404, "voice_not_found", "A voice for the voice_id x was not found."),
    "voice_not_found_in_new_words": _new(
        404, "not_found", "voice_not_found", "A voice for the voice_id x was not found."
    ),
    "text_empty": refusal(400, "invalid_text", "The text must have at least one character."),
    "output_format": refusal(403, "output_format_not_allowed", "Output format not allowed on your current plan."),
    "settings_invalid": refusal(400, "invalid_generation_settings", "Duration must be between 0.5 and 30 seconds."),
    # FastAPI's list.
    "field_missing": service.unfit("text", "missing", "Field required"),
    "field_out_of_range": service.unfit("music_length_ms", "greater_than_equal", "Input should be at least 3000"),
    "not_found": Answer(404, {"detail": "Not Found"}),
    "conflict": refusal(409, "already_running", "The resource is being changed."),
    "too_large": Answer(413, {"detail": "Request Entity Too Large"}),
}

_MODELS = {
    "model_not_found": refusal(400, "model_not_found", "A model with model ID eleven_v1 does not exist."),
    "model_deprecated": refusal(400, "model_deprecated", "The model eleven_monolingual_v1 is no longer available."),
    "model_unsupported": refusal(400, "unsupported_model", "The model does not support text to speech."),
}

_CONTENT = {
    "content_against_policy": refusal(400, "content_against_policy", "The text was blocked by our content policy."),
    # receptron/mulmocast-app issue 1410, 2025-12.
    "music_prompt_refused": service.bad_prompt(),
}

_SERVICE = {
    "request_timeout": Answer(408, {"detail": "Request Timeout"}),
    "internal_error": refusal(500, "internal_server_error", "An unexpected error occurred."),
    "bad_gateway": Answer(502, "<html><body><h1>502 Bad Gateway</h1></body></html>"),
    "unavailable": Answer(503, "no healthy upstream"),
    "gateway_timeout": Answer(504, "upstream request timeout"),
}

ALL: Mapping[str, Answer] = {
    **_KEYS, **_ACCOUNTS, **_LIMITS, **_REQUESTS, **_MODELS, **_CONTENT, **_SERVICE,
}  # fmt: skip
