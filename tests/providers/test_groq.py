from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from providers.errors import (
    InvalidRequest,
    KeyRejected,
    ModelRetired,
    ProviderError,
    QuotaExhausted,
    RateLimited,
    Unavailable,
    UnexpectedResponse,
)
from providers.groq import GroqChat, groq_fault, quota_notes
from providers.language import Prompt, RemoteFile, Turn
from providers.quota import DAY, MINUTE, QuotaNote
from providers.transport import Refusal
from tests.providers.conftest import SECRET, Key
from tests.providers.loopback import Behaviour, Hang, Loopback, Reply, Reset, Truncated
from tests.providers.test_gemini import PLAN, Plan
from tests.specs import request_violations, response_violations

MODEL = "openai/gpt-oss-120b"
ASK = "POST /openai/v1/chat/completions"
PROMPT = Prompt(
    model=MODEL,
    system="You direct films.",
    turns=(
        Turn(role="user", parts=("a koi",)),
        Turn(role="model", parts=("{}",)),
        Turn(role="user", parts=("shorter", '{"data": 1}')),
    ),
)


def completion(text: str | None, finish: str = "stop") -> dict[str, object]:
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": text},
        "finish_reason": finish,
        "logprobs": None,
    }
    return {"id": "c", "object": "chat.completion", "created": 1, "model": MODEL, "choices": [choice]}


def error(message: str, code: str = "", kind: str = "") -> dict[str, object]:
    return {"error": {"message": message, "code": code, "type": kind}}


@pytest.fixture
def groq(server: Loopback, http: httpx.AsyncClient) -> GroqChat:
    return GroqChat(http=http, base_url=server.url, read_timeout=0.2)


async def test_an_answer_fits_its_schema_and_the_question_its_document(
    groq: GroqChat, server: Loopback, key: Key
) -> None:
    server.on(ASK, Reply(200, completion(PLAN.model_dump_json())))
    assert await groq.answer(PROMPT, Plan, key) == PLAN
    (seen,) = server.seen
    assert seen.headers["authorization"] == f"Bearer {SECRET}"
    assert request_violations("groq", "POST", seen.path, seen.json) == []
    assert response_violations("groq", "POST", seen.path, 200, completion("{}")) == []
    assert [len(message["content"]) for message in seen.json["messages"][1:]] == [1, 2, 2]


async def test_a_stream_is_one_piece(groq: GroqChat, server: Loopback, key: Key) -> None:
    server.on(ASK, Reply(200, completion('{"title": "Koi"}')))
    assert [piece async for piece in groq.stream(PROMPT, Plan, key)] == ['{"title": "Koi"}']


async def test_a_film_is_not_for_groq(groq: GroqChat, server: Loopback, key: Key) -> None:
    file = RemoteFile(name="f", uri="u", mime_type="video/mp4")
    prompt = Prompt(model=MODEL, system="", turns=(), files=(file,))
    with pytest.raises(InvalidRequest):
        await groq.answer(prompt, Plan, key)
    with pytest.raises(InvalidRequest):
        await groq.upload(Path("film.mp4"), "video/mp4", key)
    assert server.seen == []


@pytest.mark.parametrize(
    ("behaviour", "fault"),
    [
        (Reset(), Unavailable),
        (Hang(), Unavailable),
        (Truncated(), Unavailable),
        (Reply(500, error("internal")), Unavailable),
        (Reply(503, error("overloaded")), Unavailable),
        (Reply(498, error("flex capacity exceeded")), Unavailable),
        (
            Reply(413, error("Request too large for model on tokens per minute (TPM)", "rate_limit_exceeded")),
            InvalidRequest,
        ),
        (Reply(429, error("Rate limit reached"), {"retry-after": "7"}), RateLimited),
        (Reply(401, error("Invalid API Key", "invalid_api_key")), KeyRejected),
        (Reply(400, error("Failed to validate JSON", "json_validate_failed")), UnexpectedResponse),
        (Reply(400, error("decommissioned", "model_decommissioned")), ModelRetired),
        (Reply(404, error("no such model", "model_not_found")), ModelRetired),
        (Reply(400, error("bad")), InvalidRequest),
        (Reply(200, b"<html>"), UnexpectedResponse),
        (Reply(200, {"choices": []}), UnexpectedResponse),
        (Reply(200, completion('{"title": "Ko', "length")), UnexpectedResponse),
        (Reply(200, completion(None)), UnexpectedResponse),
        (Reply(200, completion('{"title": 3}')), UnexpectedResponse),
    ],
)
async def test_a_question_is_sent_once_and_its_failure_named(
    groq: GroqChat, server: Loopback, key: Key, behaviour: Behaviour, fault: type[ProviderError]
) -> None:
    server.on(ASK, behaviour)
    with pytest.raises(ProviderError) as caught:
        await groq.answer(PROMPT, Plan, key)
    assert type(caught.value) is fault
    assert len(server.seen) == 1


def test_a_minutes_limit_rests_and_a_days_limit_ends_when_it_says() -> None:
    minute = "Rate limit reached for model on tokens per minute (TPM): Limit 8000. Please try again in 8.25s."
    day = "Rate limit reached for model on requests per day (RPD): Limit 1000. Please try again in 1h2m3.5s."
    resting = groq_fault(Refusal(429, error(minute)), model=MODEL, now=100.0)
    done = groq_fault(Refusal(429, error(day), {"retry-after": "3724"}), model=MODEL, now=100.0)
    assert isinstance(resting, RateLimited)
    assert (resting.retry_after, resting.model) == (8.25, MODEL)
    assert isinstance(done, QuotaExhausted)
    assert (done.until, done.model) == (100.0 + 3723.5, MODEL)


def test_milliseconds_are_not_minutes() -> None:
    fault = groq_fault(Refusal(429, error("(TPM) Please try again in 250ms.")), model=MODEL, now=0.0)
    assert isinstance(fault, RateLimited)
    assert fault.retry_after == 1.0


async def test_what_is_left_is_told_with_every_answer(server: Loopback, http: httpx.AsyncClient, key: Key) -> None:
    heard: list[QuotaNote] = []
    headers = {
        "x-ratelimit-limit-requests": "14400",
        "x-ratelimit-remaining-requests": "14370",
        "x-ratelimit-reset-requests": "2m59.56s",
        "x-ratelimit-limit-tokens": "18000",
        "x-ratelimit-remaining-tokens": "17997",
        "x-ratelimit-reset-tokens": "7.66s",
    }
    server.on(ASK, Reply(200, completion(PLAN.model_dump_json()), headers))

    await GroqChat(http=http, base_url=server.url, notice=heard.append).answer(PROMPT, Plan, key)

    assert heard == [
        QuotaNote(provider="groq", key_id=key.id, model=MODEL, period=DAY, requests=14370, resets_in=179.56),
        QuotaNote(provider="groq", key_id=key.id, model=MODEL, period=MINUTE, tokens=17997, resets_in=7.66),
    ]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-ratelimit-remaining-requests": "14370"},
        {"x-ratelimit-reset-tokens": "7.66s"},
        {"x-ratelimit-remaining-tokens": "-1", "x-ratelimit-reset-tokens": "7.66s"},
        {"x-ratelimit-remaining-tokens": "many", "x-ratelimit-reset-tokens": "7.66s"},
        {"x-ratelimit-remaining-tokens": "3", "x-ratelimit-reset-tokens": "soon"},
    ],
)
def test_a_header_that_tells_nothing_is_left_alone(headers: dict[str, str]) -> None:
    assert list(quota_notes(headers, key_id="k", model=MODEL)) == []


def test_a_clock_gone_wrong_holds_a_limit_no_longer_than_its_period() -> None:
    headers = {"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "999h"}
    (note,) = quota_notes(headers, key_id="k", model=MODEL)
    assert note.resets_in == MINUTE


def test_a_days_limit_that_does_not_say_when_it_ends_is_tried_again_within_the_hour() -> None:
    fault = groq_fault(Refusal(429, error("(RPD): Limit 1000.")), model=MODEL, now=100.0)
    assert isinstance(fault, QuotaExhausted)
    assert fault.until == 100.0 + 3600.0
