from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

from providers.errors import (
    ContentRejected,
    InvalidRequest,
    KeyRejected,
    ModelRetired,
    ProviderError,
    QuotaExhausted,
    RateLimited,
    Unavailable,
    UnexpectedResponse,
)
from providers.gemini import Gemini
from providers.google import GoogleClients, google_fault, next_day_at
from providers.language import Prompt, RemoteFile, Turn
from providers.transport import Refusal
from tests.providers.conftest import SECRET, Key
from tests.providers.loopback import Behaviour, Hang, Loopback, Reply, Reset, Seen, Truncated
from tests.specs import request_violations, response_violations

MODEL = "gemini-3.8-flash"
ASK, STREAM = f"POST /v1beta/models/{MODEL}:generateContent", f"POST /v1beta/models/{MODEL}:streamGenerateContent"
FILE = RemoteFile(
    name="files/abc", uri="https://generativelanguage.googleapis.com/v1beta/files/abc", mime_type="video/mp4"
)
NOW = datetime(2026, 11, 24, 20, 0, tzinfo=UTC).timestamp()
MIDNIGHT = datetime(2026, 11, 25, 8, 0, tzinfo=UTC).timestamp()


class Shot(BaseModel):
    model_config = ConfigDict(extra="forbid")
    prompt: str = Field(min_length=1, max_length=100)
    seconds: int = Field(ge=2, le=10)


class Plan(BaseModel):
    model_config = ConfigDict(extra="forbid")
    title: str
    mood: Literal["calm", "wild"] = "calm"
    shots: list[Shot]
    note: str | None = None


PLAN = Plan(title="Koi", shots=[Shot(prompt="a koi", seconds=5)])


@pytest.fixture
async def gemini(server: Loopback) -> AsyncIterator[Gemini]:
    clients = GoogleClients(base_url=server.url, read_timeout=0.3)
    gemini = Gemini(clients, file_interval=0.001, clock=lambda: NOW)
    yield gemini
    await gemini.close()


def prompt(*files: RemoteFile) -> Prompt:
    turns = (
        Turn(role="user", parts=("a koi",)),
        Turn(role="model", parts=("{}",)),
        Turn(role="user", parts=("shorter", '{"data": 1}')),
    )
    return Prompt(model=MODEL, system="You direct films.", turns=turns, files=files)


def answered(text: str, finish: str | None = "STOP") -> dict[str, object]:
    content = {"role": "model", "parts": [{"text": "thinking", "thought": True}, {"text": text}]}
    return {"candidates": [{"content": content, **({"finishReason": finish} if finish else {})}]}


async def collect(stream: AsyncIterator[str], pieces: list[str]) -> None:
    async for piece in stream:
        pieces.append(piece)  # noqa: PERF401 (what came before a failure matters)


def sse(*chunks: object) -> Reply:
    body = "".join(f"data: {json.dumps(chunk)}\r\n\r\n" for chunk in chunks)
    return Reply(200, body.encode(), {"content-type": "text/event-stream"})


def google_error(status: int, code: str, message: str, *details: object) -> dict[str, object]:
    return {"error": {"code": status, "status": code, "message": message, "details": list(details)}}


def quota(name: str) -> dict[str, object]:
    return {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [{"quotaId": name}]}


RETRY = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.4s"}
PER_MINUTE = quota("GenerateRequestsPerMinutePerProjectPerModel-FreeTier")
PER_DAY = quota("GenerateRequestsPerDayPerProjectPerModel-FreeTier")


async def test_an_answer_fits_its_schema_and_the_question_its_document(
    gemini: Gemini, server: Loopback, key: Key
) -> None:
    server.on(ASK, Reply(200, answered(PLAN.model_dump_json())))
    assert await gemini.answer(prompt(FILE), Plan, key) == PLAN
    (seen,) = server.seen
    assert seen.headers["x-goog-api-key"] == SECRET
    assert "key=" not in seen.query
    assert request_violations("gemini", "POST", seen.path, seen.json) == []
    assert response_violations("gemini", "POST", seen.path, 200, answered("{}")) == []
    last = seen.json["contents"][-1]["parts"]
    assert [sorted(part) for part in last] == [["fileData"], ["text"], ["text"]]
    assert seen.json["generationConfig"]["responseJsonSchema"] == Plan.model_json_schema()


@pytest.mark.parametrize(
    "answer",
    [
        answered('{"title": "Koi"}'),
        answered("no JSON"),
        answered('{"title": "Ko', "MAX_TOKENS"),
        answered(""),
        {"candidates": []},
        {},
    ],
)
async def test_an_answer_that_does_not_fit_is_unexpected(
    gemini: Gemini, server: Loopback, key: Key, answer: dict[str, object]
) -> None:
    server.on(ASK, Reply(200, answer))
    with pytest.raises(UnexpectedResponse) as caught:
        await gemini.answer(prompt(), Plan, key)
    assert "Koi" not in str(caught.value)


@pytest.mark.parametrize(
    "answer",
    [
        {"promptFeedback": {"blockReason": "SAFETY"}},
        {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}},
        {"candidates": [{"finishReason": "SAFETY"}]},
        {"candidates": [{"finishReason": "RECITATION"}]},
    ],
)
async def test_what_policy_blocks_is_rejected_in_an_answer_and_in_a_stream(
    gemini: Gemini, server: Loopback, key: Key, answer: dict[str, object]
) -> None:
    server.on(ASK, Reply(200, answer))
    server.on(STREAM, sse(answer))
    with pytest.raises(ContentRejected):
        await gemini.answer(prompt(), Plan, key)
    with pytest.raises(ContentRejected):
        _ = [piece async for piece in gemini.stream(prompt(), Plan, key)]


async def test_a_stream_comes_in_pieces(gemini: Gemini, server: Loopback, key: Key) -> None:
    server.on(STREAM, sse(answered('{"ti', None), answered('tle": "Koi"}')))
    assert [piece async for piece in gemini.stream(prompt(), Plan, key)] == ['{"ti', 'tle": "Koi"}']
    (seen,) = server.seen
    assert request_violations("gemini", "POST", seen.path, seen.json) == []


async def test_a_stream_that_breaks_off_fails_after_its_pieces(gemini: Gemini, server: Loopback, key: Key) -> None:
    error = google_error(503, "UNAVAILABLE", "The model is overloaded. Please try again later.")
    for behaviour, fault in (
        (sse(answered("{", None), error), Unavailable),
        (sse(answered("{", None)), UnexpectedResponse),
        (sse(answered("{", "MAX_TOKENS")), UnexpectedResponse),
    ):
        server.on(STREAM, behaviour)
        pieces: list[str] = []
        with pytest.raises(fault):
            await collect(gemini.stream(prompt(), Plan, key), pieces)
        assert pieces == ["{"]


async def test_a_reader_may_leave_a_stream_early(gemini: Gemini, server: Loopback, key: Key) -> None:
    server.on(STREAM, sse(answered("{", None), answered("}")))
    stream = gemini.stream(prompt(), Plan, key)
    assert await anext(stream) == "{"
    await stream.aclose()


@pytest.mark.parametrize(
    ("behaviour", "fault"),
    [
        (Reset(), Unavailable),
        (Hang(), Unavailable),
        (Truncated(), Unavailable),
        (Reply(500, google_error(500, "INTERNAL", "internal")), Unavailable),
        (Reply(503, google_error(503, "UNAVAILABLE", "overloaded")), Unavailable),
        (Reply(504, google_error(504, "DEADLINE_EXCEEDED", "slow")), Unavailable),
        (Reply(502, b"<html>", {"content-type": "text/html"}), Unavailable),
        (Reply(200, b"<html>"), UnexpectedResponse),
        (Reply(404, google_error(404, "NOT_FOUND", "models/x is not found for API version v1beta")), ModelRetired),
        (Reply(400, [google_error(400, "INVALID_ARGUMENT", "bad")]), InvalidRequest),
    ],
)
async def test_a_question_is_sent_once_and_its_failure_named(
    gemini: Gemini, server: Loopback, key: Key, behaviour: Behaviour, fault: type[ProviderError]
) -> None:
    server.on(ASK, behaviour)
    with pytest.raises(ProviderError) as caught:
        await gemini.answer(prompt(), Plan, key)
    assert type(caught.value) is fault
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    ("status", "body", "fault"),
    [
        (429, google_error(429, "RESOURCE_EXHAUSTED", "q", PER_MINUTE, RETRY), RateLimited),
        (429, google_error(429, "RESOURCE_EXHAUSTED", "q", PER_DAY, RETRY), QuotaExhausted),
        (429, google_error(429, "RESOURCE_EXHAUSTED", "Your prepayment credits are depleted."), QuotaExhausted),
        (429, google_error(429, "RESOURCE_EXHAUSTED", "spend-based rate limit"), RateLimited),
        (400, google_error(400, "INVALID_ARGUMENT", "API key not valid", {"reason": "API_KEY_INVALID"}), KeyRejected),
        (400, google_error(400, "FAILED_PRECONDITION", "User location is not supported"), KeyRejected),
        (400, {"error": {"code": "PROHIBITED_CONTENT", "message": "blocked"}}, ContentRejected),
        (400, {"error": {"code": "invalid_request", "message": "Invalid interaction name"}}, None),
        (
            403,
            google_error(403, "PERMISSION_DENIED", "You do not have permission to access the File abc"),
            InvalidRequest,
        ),
        (404, google_error(404, "NOT_FOUND", "This model is no longer available to new users"), ModelRetired),
        (503, google_error(503, "UNAVAILABLE", "The model is overloaded. Please try again later."), Unavailable),
        (503, google_error(503, "UNAVAILABLE", "Connection reset by peer"), None),
        (500, "<html>", None),
    ],
)
def test_a_refusal_is_read_in_googles_own_words(status: int, body: object, fault: type[ProviderError] | None) -> None:
    found = google_fault(Refusal(status, body), model=MODEL, now=NOW)
    assert (None if found is None else type(found)) is fault


def test_a_minutes_limit_rests_the_model_and_a_days_limit_until_midnight_in_california() -> None:
    minute = google_fault(Refusal(429, google_error(429, "X", "q", PER_MINUTE, RETRY)), model=MODEL, now=NOW)
    day = google_fault(Refusal(429, google_error(429, "X", "q", PER_DAY, RETRY)), model=MODEL, now=NOW)
    assert isinstance(minute, RateLimited)
    assert (minute.retry_after, minute.model) == (34.4, MODEL)
    assert isinstance(day, QuotaExhausted)
    assert (day.until, day.model) == (MIDNIGHT, MODEL)


def test_spent_credits_bind_the_account_and_have_no_end() -> None:
    gone = google_fault(Refusal(429, google_error(429, "X", "prepayment credits are depleted")), model=MODEL, now=NOW)
    assert isinstance(gone, QuotaExhausted)
    assert (gone.until, gone.model) == (None, None)


def test_midnight_knows_summer_time() -> None:
    july = datetime(2026, 7, 1, 12, 0, tzinfo=UTC).timestamp()
    assert datetime.fromtimestamp(next_day_at(july), UTC) == datetime(2026, 7, 2, 7, 0, tzinfo=UTC)


def remote(state: str, **fields: object) -> dict[str, object]:
    return {"name": FILE.name, "uri": FILE.uri, "mimeType": "video/mp4", "state": state, **fields}


def uploads(server: Loopback, *looks: dict[str, object]) -> None:
    async def start(seen: Seen) -> Reply:
        assert seen.headers["X-Goog-Upload-Command"] == "start"
        url = f"{server.url}/upload-here"
        return Reply(200, {}, {"X-Goog-Upload-URL": url, "X-Goog-Upload-Status": "active"})

    server.on("POST /upload/v1beta/files", start)
    server.on("POST /upload-here", Reply(200, {"file": remote("PROCESSING")}, {"X-Goog-Upload-Status": "final"}))
    server.on("GET /v1beta/files/abc", *[Reply(200, look) for look in looks])
    server.on("DELETE /v1beta/files/abc", Reply(200, {}))


async def test_an_upload_waits_until_the_model_can_see_it(
    gemini: Gemini, server: Loopback, key: Key, tmp_path: Path
) -> None:
    uploads(server, remote("PROCESSING"), remote("ACTIVE"))
    (tmp_path / "film.mp4").write_bytes(b"film")
    assert await gemini.upload(tmp_path / "film.mp4", "video/mp4", key) == FILE
    assert server.count("GET /v1beta/files/abc") == 2
    assert server.seen[1].body == b"film"
    await gemini.delete(FILE, key)
    assert server.count("DELETE /v1beta/files/abc") == 1


async def test_a_file_that_google_cannot_read_is_refused_and_deleted(
    gemini: Gemini, server: Loopback, key: Key, tmp_path: Path
) -> None:
    uploads(server, remote("FAILED", error={"code": 3, "message": "no video stream"}))
    (tmp_path / "film.mp4").write_bytes(b"film")
    with pytest.raises(InvalidRequest, match="no video stream"):
        await gemini.upload(tmp_path / "film.mp4", "video/mp4", key)
    assert server.count("DELETE /v1beta/files/abc") == 1


async def test_one_client_serves_a_key_and_none_is_shared(server: Loopback) -> None:
    clients = GoogleClients(base_url=server.url)
    one, again, other = [await clients.of(k) for k in (Key(), Key(), Key(id="key-2", secret="another-false-one"))]
    await clients.close()
    assert one is again
    assert one is not other
