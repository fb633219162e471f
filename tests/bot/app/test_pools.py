"""From a service's answer, as its documentation and bodies seen live have it, to what the pool does about the key."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import httpx
import pytest

from bot.app.pools import build_pools, heard_by, judge
from bot.settings import Amount, LendingSettings, LimitSetting, ProviderKey, ProviderSettings
from bot.studio.limiter import Limiter
from providers.elevenlabs import elevenlabs_fault
from providers.errors import (
    ContentRejected,
    InvalidRequest,
    KeyRejected,
    ModelRetired,
    OperationFailed,
    OutcomeUnknown,
    ProviderError,
    QuotaExhausted,
    RateLimited,
    UnexpectedResponse,
)
from providers.errors import Unavailable as ServiceUnavailable
from providers.google import google_fault
from providers.groq import groq_fault
from providers.quota import QuotaNote, RoomNote
from providers.runway import runway_fault
from providers.transport import Classify, Refusal, refused, translated
from ratelimit import (
    ApiKey,
    BadRequest,
    Exhausted,
    KeyPool,
    Limit,
    Rejected,
    Scope,
    Throttled,
    Unavailable,
    Usage,
    Verdict,
)

NOW = 1_795_600_000.0  # 2026-11-25 09:46:40 UTC
MIDNIGHT = 1_795_680_000.0  # the next in California
MODEL = "a-model"
CLASSIFY: dict[str, Classify] = {
    "gemini": partial(google_fault, model=MODEL, now=NOW),
    "runway": partial(runway_fault, model=MODEL, now=NOW),
    "elevenlabs": elevenlabs_fault,
    "groq": partial(groq_fault, model=MODEL, now=NOW),
}


def google(status: str, message: str, *details: Mapping[str, object]) -> dict[str, object]:
    return {"error": {"status": status, "message": message, "details": list(details)}}


def quota(name: str) -> dict[str, object]:
    return {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [{"quotaId": name}]}


RETRY = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.4s"}
BAD_KEY = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}
OVER = "RESOURCE_EXHAUSTED"
MINUTE = quota("GenerateRequestsPerMinutePerProjectPerModel-FreeTier")
PROJECT = quota("GenerateRequestsPerMinutePerProject")
DAILY = quota("GenerateRequestsPerDayPerProjectPerModel-FreeTier")


def eleven(status: str, **more: str) -> dict[str, object]:
    return {"detail": {"status": status, "message": "words", **more}}


def groq(message: str, code: str = "rate_limit_exceeded", kind: str = "tokens") -> dict[str, object]:
    return {"error": {"message": message, "type": kind, "code": code}}


TPM = "Rate limit reached for model on tokens per minute (TPM): Limit 8000, Used 7900. Please try again in 8.25s."
TPD = "Rate limit reached for model on tokens per day (TPD): Limit 200000. Please try again in 7m12s."
RPD = "Rate limit reached for model on requests per day (RPD): Limit 1000."

Row = tuple[str, Refusal, bool, type[ProviderError], Verdict | None]

REFUSALS: list[Row] = [
    # Gemini: limits are a project's, and most of them a model's on it
    ("gemini", Refusal(429, google(OVER, "q", MINUTE, RETRY)), False, RateLimited, Throttled(NOW + 34.4, Scope.MODEL)),
    ("gemini", Refusal(429, google(OVER, "q", PROJECT, RETRY)), True, RateLimited, Throttled(NOW + 34.4)),
    ("gemini", Refusal(429, google(OVER, "q")), False, RateLimited, Throttled(None, Scope.MODEL)),
    ("gemini", Refusal(429, [google(OVER, "q", RETRY)]), True, RateLimited, Throttled(NOW + 34.4, Scope.MODEL)),
    ("gemini", Refusal(429, google(OVER, "q", DAILY, RETRY)), False, QuotaExhausted, Exhausted(MIDNIGHT, Scope.MODEL)),
    ("gemini", Refusal(429, google(OVER, "Spend limit reached")), True, RateLimited, Throttled(NOW + 600.0)),
    (
        "gemini",
        Refusal(429, google(OVER, "Your prepayment credits are depleted.")),
        True,
        QuotaExhausted,
        Exhausted(None),
    ),
    ("gemini", Refusal(402, google(OVER, "Your prepayment credits are depleted.")), True, QuotaExhausted, Exhausted()),
    ("gemini", Refusal(400, google("INVALID_ARGUMENT", "no", BAD_KEY)), True, KeyRejected, Rejected()),
    ("gemini", Refusal(400, {"error": {"code": "x", "message": "API key not valid."}}), True, KeyRejected, Rejected()),
    ("gemini", Refusal(401, google("UNAUTHENTICATED", "no")), False, KeyRejected, Rejected()),
    ("gemini", Refusal(403, google("PERMISSION_DENIED", "reported as leaked")), False, KeyRejected, Rejected()),
    ("gemini", Refusal(403, [google("PERMISSION_DENIED", "API not enabled")]), False, KeyRejected, Rejected()),
    ("gemini", Refusal(403, google("PERMISSION_DENIED", "Profile is blocked")), False, KeyRejected, Rejected()),
    ("gemini", Refusal(403, google("PERMISSION_DENIED", "access to the File x")), False, InvalidRequest, BadRequest()),
    ("gemini", Refusal(403, "<html>"), False, ServiceUnavailable, Unavailable()),
    (
        "gemini",
        Refusal(404, google("NOT_FOUND", "This model is no longer available")),
        False,
        ModelRetired,
        BadRequest(),
    ),
    ("gemini", Refusal(400, google("SAFETY", "no")), True, ContentRejected, BadRequest()),
    ("gemini", Refusal(400, google("INVALID_ARGUMENT", "no")), True, InvalidRequest, BadRequest()),
    ("gemini", Refusal(503, google("UNAVAILABLE", "overloaded")), True, ServiceUnavailable, Unavailable()),
    ("gemini", Refusal(503, google("UNAVAILABLE", "reset")), True, OutcomeUnknown, None),
    ("gemini", Refusal(500, "<html>"), False, ServiceUnavailable, Unavailable()),
    ("gemini", Refusal(504, google("DEADLINE_EXCEEDED", "late")), False, ServiceUnavailable, Unavailable()),
    # Runway: the day rolls, a full house is no refusal
    (
        "runway",
        Refusal(429, {"error": "Daily task limit reached"}),
        True,
        QuotaExhausted,
        Exhausted(NOW + 3600.0, Scope.MODEL),
    ),
    ("runway", Refusal(400, {"error": "You do not have enough credits"}), True, QuotaExhausted, Exhausted(None)),
    ("runway", Refusal(401, {"error": "no"}), True, KeyRejected, Rejected()),
    ("runway", Refusal(400, {"error": "Validation of body failed", "issues": []}), True, InvalidRequest, BadRequest()),
    ("runway", Refusal(400, {"error": "x", "issues": [{"path": ["model"]}]}), True, ModelRetired, BadRequest()),
    ("runway", Refusal(404, {"error": "no"}), False, InvalidRequest, BadRequest()),
    ("runway", Refusal(503, {"error": "load"}), True, ServiceUnavailable, Unavailable()),
    ("runway", Refusal(502, "<html>"), True, OutcomeUnknown, None),
    ("runway", Refusal(504, "<html>"), False, ServiceUnavailable, Unavailable()),
    # ElevenLabs: the word counts, not the number
    ("elevenlabs", Refusal(401, eleven("quota_exceeded")), True, QuotaExhausted, Exhausted(None)),
    ("elevenlabs", Refusal(401, eleven("invalid_api_key")), True, KeyRejected, Rejected()),
    ("elevenlabs", Refusal(429, eleven("too_many_concurrent_requests")), True, RateLimited, Throttled(NOW + 2.0)),
    (
        "elevenlabs",
        Refusal(429, eleven("", code="concurrent_limit_exceeded"), {"retry-after": "5"}),
        True,
        RateLimited,
        Throttled(NOW + 5.0),
    ),
    ("elevenlabs", Refusal(429, eleven("system_busy")), True, ServiceUnavailable, Unavailable()),
    ("elevenlabs", Refusal(403, eleven("subscription_required")), True, KeyRejected, Rejected()),
    ("elevenlabs", Refusal(400, eleven("max_character_limit_exceeded")), True, InvalidRequest, BadRequest()),
    ("elevenlabs", Refusal(400, eleven("voice_not_found")), True, InvalidRequest, BadRequest()),
    ("elevenlabs", Refusal(422, {"detail": [{"msg": "field required"}]}), True, InvalidRequest, BadRequest()),
    ("elevenlabs", Refusal(500, "<html>"), True, OutcomeUnknown, None),
    # Groq: an organisation's limits, by model
    ("groq", Refusal(429, groq(TPM), {"retry-after": "9"}), False, RateLimited, Throttled(NOW + 9.0, Scope.MODEL)),
    ("groq", Refusal(429, groq(TPM)), False, RateLimited, Throttled(NOW + 8.25, Scope.MODEL)),
    ("groq", Refusal(429, groq("Rate limit reached")), False, RateLimited, Throttled(None, Scope.MODEL)),
    ("groq", Refusal(429, groq(TPD)), False, QuotaExhausted, Exhausted(NOW + 432.0, Scope.MODEL)),
    (
        "groq",
        Refusal(429, groq(RPD, kind="requests"), {"retry-after": "86"}),
        False,
        QuotaExhausted,
        Exhausted(NOW + 86.0, Scope.MODEL),
    ),
    ("groq", Refusal(429, groq(RPD)), False, QuotaExhausted, Exhausted(NOW + 3600.0, Scope.MODEL)),
    ("groq", Refusal(413, groq("Request too large (TPM)")), False, InvalidRequest, BadRequest()),
    ("groq", Refusal(498, groq("flex", "capacity_exceeded")), False, ServiceUnavailable, Unavailable()),
    ("groq", Refusal(401, groq("no", "invalid_api_key")), False, KeyRejected, Rejected()),
    ("groq", Refusal(400, groq("no", "model_decommissioned")), False, ModelRetired, BadRequest()),
    ("groq", Refusal(400, groq("no", "json_validate_failed")), False, UnexpectedResponse, None),
    ("groq", Refusal(503, groq("down", "")), False, ServiceUnavailable, Unavailable()),
]


@pytest.mark.parametrize(
    ("provider", "refusal", "paid", "fault", "verdict"),
    REFUSALS,
    ids=[f"{row[0]}-{row[1].status}-{row[3].__name__}" for row in REFUSALS],
)
def test_a_refusal_becomes_an_error_and_a_verdict(
    provider: str, refusal: Refusal, paid: bool, fault: type[ProviderError], verdict: Verdict | None
) -> None:
    error = refused(provider, refusal, CLASSIFY[provider], paid=paid)

    assert type(error) is fault
    assert judge(error, NOW) == verdict


@pytest.mark.parametrize(
    ("broken", "paid", "fault", "verdict"),
    [
        (httpx.ConnectError("x"), True, ServiceUnavailable, Unavailable()),
        (httpx.ConnectTimeout("x"), True, ServiceUnavailable, Unavailable()),
        (httpx.ReadTimeout("x"), False, ServiceUnavailable, Unavailable()),
        (httpx.ReadTimeout("x"), True, OutcomeUnknown, None),
        (httpx.RemoteProtocolError("x"), True, OutcomeUnknown, None),
    ],
)
def test_an_answer_that_did_not_come_is_the_services_fault_unless_it_may_have_cost_money(
    broken: Exception, paid: bool, fault: type[ProviderError], verdict: Verdict | None
) -> None:
    with pytest.raises(fault) as caught, translated("runway", ApiKey("a", "a", "fake"), lambda _: None, paid=paid):
        raise broken

    assert judge(caught.value, NOW) == verdict


@pytest.mark.parametrize("outcome", [OperationFailed("runway"), ValueError(), "an answer", None])
def test_what_is_no_fault_of_a_key_teaches_nothing(outcome: object) -> None:
    assert judge(outcome, NOW) is None


def settings(name: str, **more: object) -> ProviderSettings:
    keys = (ProviderKey("k1", "a", "fake-1"), ProviderKey("k2", "b", "fake-2"))
    made: ProviderSettings = ProviderSettings(name=name, keys=keys, **more)  # type: ignore[arg-type]  # by the table
    return made


def limiter(pools: Mapping[str, KeyPool], told: ProviderSettings) -> Limiter:
    book: Any = None  # nothing is set while the bot runs
    return Limiter(book, pools, {told.name: told})


def test_every_account_has_its_own_limits_in_its_pool() -> None:
    said = (
        LimitSetting(amounts=(Amount(7, "requests", 60.0),)),
        LimitSetting(account="b", amounts=(Amount(70, "requests", 60.0),)),
    )

    pools = build_pools({"runway": settings("runway", limits=said)}, LendingSettings(skew=0.25, patience=60.0))

    usage = {key.account: key.usage for key in pools["runway"].view(NOW).keys}
    assert usage == {"a": (Usage(Limit(7), 0, 0),), "b": (Usage(Limit(70), 0, 0),)}


async def test_what_a_service_says_is_left_of_a_models_limit_counts_in_the_pool() -> None:
    limits = (LimitSetting(model=MODEL, amounts=(Amount(20, "requests", 60.0),)),)
    pools = build_pools({"groq": settings("groq", limits=limits)}, LendingSettings(skew=0.25, patience=60.0))
    hear = heard_by(pools, limiter(pools, settings("groq", limits=limits)))

    hear(QuotaNote(provider="groq", key_id="k1", model=MODEL, period=60.0, requests=15, resets_in=30.0))

    views = pools["groq"].view().keys
    used = {key.id: sum(usage.requests for usage in key.usage if usage.model == MODEL) for key in views}
    assert used == {"k1": 5, "k2": 0}


async def test_a_model_of_which_nothing_is_left_rests_where_no_limit_of_ours_says_so() -> None:
    pools = build_pools({"groq": settings("groq")}, LendingSettings(skew=0.25, patience=60.0))

    heard_by(pools, limiter(pools, settings("groq")))(
        QuotaNote(provider="groq", key_id="k1", model=MODEL, period=60.0, tokens=0, resets_in=30.0)
    )

    assert [list(key.resting_models) for key in pools["groq"].view().keys] == [[MODEL], []]


@pytest.mark.parametrize(
    ("said", "room"),
    [((), 5), ((LimitSetting(room=3),), 3), ((LimitSetting(account="a", model="gen4.5", room=1),), 1)],
    ids=["nothing", "for all", "for one"],
)
async def test_room_that_a_service_tells_of_counts_unless_the_operator_said_so(
    said: tuple[LimitSetting, ...], room: int
) -> None:
    runway = settings("runway", limits=said)
    pools = build_pools({"runway": runway}, LendingSettings(skew=0.25, patience=60.0))

    heard_by(pools, limiter(pools, runway))(RoomNote(provider="runway", key_id="k1", model="gen4.5", room=5))

    assert pools["runway"].view().keys[0].limits.for_model("gen4.5").room == room
