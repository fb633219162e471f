"""How Runway says no: at the door as an HTTP answer, later as the `failureCode` of a task.

Sources: [O] Runway's OpenAPI document, 2026-08-08; [E] docs.dev.runwayml.com/errors/errors and /troubleshooting;
[F] docs.dev.runwayml.com/errors/task-failures; [L] bodies that people got and published, with the month; [U] announced
by one of these, its words are not known.
"""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.providers.answers import Answer

_DOCUMENTATION = "https://docs.dev.runwayml.com/api"
_PAGE = "<!doctype html><html><head><title>{0}</title></head><body><h1>{0}</h1></body></html>"


def _no(status: int, words: str, headers: Mapping[str, str] | None = None) -> Answer:
    return Answer(status, {"error": words}, headers or {})


def _invalid(code: str, name: str, message: str) -> Answer:
    """As its validator says it [O, L 2026-08]."""
    issue = {"code": code, "path": [name] if name else [], "message": message}
    return Answer(400, {"error": "Validation of body failed", "issues": [issue], "docUrl": _DOCUMENTATION})


def _page(status: int, title: str) -> Answer:
    """As a proxy before the service says it, in no JSON."""
    return Answer(status, _PAGE.format(title), {"Content-Type": "text/html"})


ALL: Mapping[str, Answer] = {
    # The body [O: 400 with `error` and `issues`; L 2026-08 for the form].
    "body_field_missing": _invalid("invalid_type", "ratio", "Invalid input: expected a value, received undefined"),
    "body_field_unknown": _invalid("unrecognized_keys", "", 'Unrecognized key: "motion"'),
    "body_ratio": _invalid("invalid_value", "ratio", "Invalid option: expected one of 1280:720|720:1280"),
    "body_duration": _invalid("invalid_value", "duration", "Expected a number from 2 to 10"),
    "body_prompt": _invalid("too_big", "promptText", "Too big: expected string to have <=1000 characters"),
    "body_model": _invalid("invalid_union", "model", "Invalid discriminator value: 'gen3a_turbo' is not offered here"),
    "body_not_json": _no(400, "Invalid JSON in the request body."),  # [U]
    "version_missing": _no(400, "This version of the API does not exist: send X-Runway-Version."),  # [E, U]
    # What the body names [E troubleshooting: the reasons; L 2026-08: the length].
    "asset_too_long": _invalid("too_big", "videoUri", "Asset duration must be at most 30 seconds"),
    "asset_unsupported": _invalid("custom", "promptImage", "Unsupported asset type."),
    "asset_data_uri": _invalid("custom", "promptImage", "Invalid data URI."),
    "asset_not_fetched": _invalid("custom", "promptImage", "Failed to fetch asset."),
    "asset_timeout": _invalid("custom", "promptImage", "Timeout while fetching asset."),
    # Money, content, keys.
    "no_credits": _no(400, "You do not have enough credits to run this task."),  # [L 2026]
    "moderation": _no(400, "The prompt did not pass content moderation."),  # [U]
    "payment_required": _no(402, "Payment required."),  # [U], named by the issue; not in [E]
    "key_invalid": _no(401, "The API key you provided is incorrect or has been disabled."),  # [E, U]
    "key_missing": _no(401, "No API key was provided."),  # [E, U]
    "forbidden": _no(403, "You are not allowed to do this."),  # [U]
    "model_not_allowed": _no(403, "Model variant gen4.5 is not available."),  # [U]
    "firewall": _page(403, "403 Forbidden"),
    # Places and methods [E].
    "not_found": _no(404, "Could not find the requested resource."),
    "task_not_found": _no(404, "Could not find Task"),  # [L 2026-08]
    "method_not_allowed": _no(405, "Method not allowed."),
    "timeout": _no(408, "Request timeout."),  # [U]
    "conflict": _no(409, "Conflict."),  # [O, of other endpoints; U]
    "too_large": _no(413, "The request body is too large."),  # [U]
    "media_type": _no(415, "Unsupported media type: send application/json."),  # [U]
    "unprocessable": _no(422, "The request could not be processed."),  # [U], named by the issue; not in [E]
    # Limits [O: 429 with `error`; E]. The day's count rolls over 24 hours.
    "daily_limit": _no(429, "You have exceeded the daily generation limit for this model."),  # [U]
    "daily_limit_told": _no(
        429, "You have exceeded the daily generation limit for this model.", {"Retry-After": "7200"}
    ),
    "rate_limit": _no(429, "You have exceeded the rate limit for this endpoint."),  # [O]
    "rate_limit_told": _no(429, "You have exceeded the rate limit for this endpoint.", {"Retry-After": "30"}),
    # The service itself: 502 and 503 shed load, 504 is overloaded [E].
    "internal": _no(500, "An unexpected error occurred."),  # [U]
    "bad_gateway": _page(502, "502 Bad Gateway"),
    "unavailable": _no(503, "The service is temporarily overloaded."),  # [U]
    "unavailable_page": _page(503, "503 Service Temporarily Unavailable"),
    "gateway_timeout": _page(504, "504 Gateway Time-out"),
}

#: The ends of tasks that fail: name to `failureCode`.
TASK_FAILURES: Mapping[str, str] = {
    "safety_input_text": "SAFETY.INPUT.TEXT",  # [F]
    "safety_input_image": "SAFETY.INPUT.IMAGE",  # [F: the end tells the likely source]
    "safety_input_video": "SAFETY.INPUT.VIDEO",
    "safety_output_video": "SAFETY.OUTPUT.VIDEO",  # [F]
    "preprocessing_safety_text": "INPUT_PREPROCESSING.SAFETY.TEXT",  # [L 2026]
    "preprocessing_safety_third_party": "INPUT_PREPROCESSING.SAFETY.THIRD_PARTY",  # [L 2026-09]
    "preprocessing_internal": "INPUT_PREPROCESSING.INTERNAL",  # [L 2026]
    "bad_output": "INTERNAL.BAD_OUTPUT.CODE01",  # [F]
    "internal": "INTERNAL",  # [F]
    "asset": "ASSET.INVALID",  # [F]
    "third_party_down": "THIRD_PARTY.UNAVAILABLE",  # [L 2026]
    "third_party_input": "THIRD_PARTY.INPUT_VALIDATION",  # [L 2026-10]
}

_WORDS = {
    "SAFETY.INPUT": "An input was rejected by our content moderation system.",
    "SAFETY.OUTPUT": "The output was rejected by our content moderation system.",
    "INPUT_PREPROCESSING.SAFETY": "Your request was blocked by this model provider's content moderation system.",
    "ASSET": "Invalid asset.",
    "THIRD_PARTY.INPUT_VALIDATION": "Invalid input",
    "THIRD_PARTY": "The model's provider is not available.",
}


def words_of(code: str) -> str:
    """The `failure` beside a code."""
    return next((words for start, words in _WORDS.items() if code.startswith(start)), "An unexpected error occurred.")


def is_charged(code: str) -> bool:
    """Whether a failed task costs all the same: content refused before anything was made is not refunded [F]."""
    return code.startswith(("SAFETY.INPUT", "INPUT_PREPROCESSING.SAFETY"))
