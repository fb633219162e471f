from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Sequence
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
from providers.language import Detail, Look, Picture, Prompt, RemoteFile, Reply, Turn, Usage
from providers.transport import Refusal
from tests.providers.conftest import SECRET, Key
from tests.providers.loopback import Behaviour, Hang, Loopback, Reset, Seen, Truncated
from tests.providers.loopback import Reply as Wire
from tests.specs import request_violations, response_violations

MODEL = "gemini-3.8-flash"
ASK, STREAM = f"POST /v1beta/models/{MODEL}:generateContent", f"POST /v1beta/models/{MODEL}:streamGenerateContent"
COUNT = f"POST /v1beta/models/{MODEL}:countTokens"
JPEG, WEBP = b"\xff\xd8\xff\xe0 not a whole one", b"RIFF\x10\x00\x00\x00WEBPVP8 "
WHOLE = Look()
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


def prompt(*files: RemoteFile, look: Look = WHOLE, pictures: Sequence[Picture] = ()) -> Prompt:
    turns = (
        Turn(role="user", parts=("a koi",)),
        Turn(role="model", parts=("{}",)),
        Turn(role="user", parts=("shorter", '{"data": 1}')),
    )
    return Prompt(model=MODEL, system="You direct films.", turns=turns, files=files, look=look, pictures=pictures)


def answered(text: str, finish: str | None = "STOP") -> dict[str, object]:
    content = {"role": "model", "parts": [{"text": "thinking", "thought": True}, {"text": text}]}
    return {"candidates": [{"content": content, **({"finishReason": finish} if finish else {})}]}


async def collect(stream: AsyncIterator[str | Usage], pieces: list[str | Usage]) -> None:
    async for piece in stream:
        pieces.append(piece)  # noqa: PERF401 (what came before a failure matters)


def sse(*chunks: object) -> Wire:
    body = "".join(f"data: {json.dumps(chunk)}\r\n\r\n" for chunk in chunks)
    return Wire(200, body.encode(), {"content-type": "text/event-stream"})


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
    server.on(ASK, Wire(200, answered(PLAN.model_dump_json())))
    assert await gemini.answer(prompt(FILE), Plan, key) == Reply(value=PLAN)
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
    server.on(ASK, Wire(200, answer))
    with pytest.raises(UnexpectedResponse) as caught:
        await gemini.answer(prompt(), Plan, key)
    assert "Koi" not in str(caught.value)


@pytest.mark.parametrize(
    "answer",
    [
        {"promptFeedback": {"blockReason": "OTHER"}},
        {"promptFeedback": {"blockReason": "SAFETY"}},
        {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}},
        {"candidates": [{"finishReason": "SAFETY"}]},
        {"candidates": [{"finishReason": "RECITATION"}]},
        {"candidates": [{"finishReason": "ESCALATION"}]},
    ],
)
async def test_what_policy_blocks_is_rejected_in_an_answer_and_in_a_stream(
    gemini: Gemini, server: Loopback, key: Key, answer: dict[str, object]
) -> None:
    server.on(ASK, Wire(200, answer))
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


USED = {"promptTokenCount": 90, "toolUsePromptTokenCount": 10, "candidatesTokenCount": 20, "thoughtsTokenCount": 7}


async def test_what_an_answer_took_counts_thoughts_as_written_and_tools_as_read(
    gemini: Gemini, server: Loopback, key: Key
) -> None:
    used = {**USED, "cachedContentTokenCount": 50, "totalTokenCount": 127}
    server.on(ASK, Wire(200, {**answered(PLAN.model_dump_json()), "usageMetadata": used}))
    reply = await gemini.answer(prompt(), Plan, key)
    assert reply.usage == Usage(input_tokens=100, output_tokens=27)
    assert reply.usage.tokens == 127


async def test_a_stream_ends_with_what_it_took(gemini: Gemini, server: Loopback, key: Key) -> None:
    first = {**answered('{"ti', None), "usageMetadata": {"promptTokenCount": 90}}
    server.on(STREAM, sse(first, {**answered('tle": "Koi"}'), "usageMetadata": USED}))
    pieces = [piece async for piece in gemini.stream(prompt(), Plan, key)]
    assert pieces == ['{"ti', 'tle": "Koi"}', Usage(input_tokens=100, output_tokens=27)]


async def test_an_account_in_disgrace_is_a_matter_of_its_key(gemini: Gemini, server: Loopback, key: Key) -> None:
    server.on(ASK, Wire(200, {"candidates": [{"finishReason": "PUP_LIMITED_DISABLED"}]}))
    with pytest.raises(KeyRejected):
        await gemini.answer(prompt(), Plan, key)


async def test_a_part_of_a_video_is_looked_at_as_closely_as_asked(gemini: Gemini, server: Loopback, key: Key) -> None:
    server.on(ASK, Wire(200, answered(PLAN.model_dump_json())))
    look = Look(start=1.5, end=20, frames_per_second=2, detail=Detail.HIGH)
    await gemini.answer(prompt(FILE, look=look), Plan, key)
    (seen,) = server.seen
    assert request_violations("gemini", "POST", seen.path, seen.json) == []
    part = seen.json["contents"][-1]["parts"][0]
    assert part["videoMetadata"] == {"start_offset": "1.5s", "end_offset": "20s", "fps": 2.0}
    assert seen.json["generationConfig"]["mediaResolution"] == "MEDIA_RESOLUTION_HIGH"


async def test_a_whole_video_is_not_clipped(gemini: Gemini, server: Loopback, key: Key) -> None:
    server.on(ASK, Wire(200, answered(PLAN.model_dump_json())))
    await gemini.answer(prompt(FILE), Plan, key)
    assert "videoMetadata" not in server.seen[0].json["contents"][-1]["parts"][0]
    assert server.seen[0].json["generationConfig"]["mediaResolution"] == "MEDIA_RESOLUTION_LOW"


async def test_pictures_stand_behind_their_captions_and_before_the_words(
    gemini: Gemini, server: Loopback, key: Key, picture: Path, tmp_path: Path
) -> None:
    (tmp_path / "b").write_bytes(JPEG)
    (tmp_path / "c").write_bytes(WEBP)
    server.on(ASK, Wire(200, answered(PLAN.model_dump_json())))
    pictures = (
        Picture(path=picture, caption="at 0 s"),
        Picture(path=tmp_path / "b", caption="at 3.5 s"),
        Picture(path=tmp_path / "c"),
    )
    await gemini.answer(prompt(pictures=pictures), Plan, key)
    (seen,) = server.seen
    assert request_violations("gemini", "POST", seen.path, seen.json) == []
    parts = seen.json["contents"][-1]["parts"]
    told = [part.get("text") or part["inlineData"]["mime_type"] for part in parts]
    assert told == ["at 0 s", "image/png", "at 3.5 s", "image/jpeg", "image/webp", "shorter", '{"data": 1}']
    assert base64.b64decode(parts[3]["inlineData"]["data"], altchars=b"-_") == JPEG
    assert "mediaResolution" not in seen.json["generationConfig"]


async def test_pictures_of_another_kind_or_too_large_are_never_sent(
    gemini: Gemini, server: Loopback, key: Key, tmp_path: Path
) -> None:
    (tmp_path / "gif").write_bytes(b"GIF89a" + b"x" * 20)
    (tmp_path / "large").write_bytes(JPEG + b"x" * (11 * 2**20))
    twice = (Picture(path=tmp_path / "large"), Picture(path=tmp_path / "large"))
    for pictures in ((Picture(path=tmp_path / "gif"),), twice):
        with pytest.raises(InvalidRequest, match=r"neither JPEG|are allowed"):
            await gemini.answer(prompt(pictures=pictures), Plan, key)
        with pytest.raises(InvalidRequest, match=r"neither JPEG|are allowed"):
            _ = [piece async for piece in gemini.stream(prompt(pictures=pictures), Plan, key)]
        with pytest.raises(InvalidRequest, match=r"neither JPEG|are allowed"):
            await gemini.count(prompt(pictures=pictures), key)
    assert server.seen == []


async def test_counting_counts_instructions_and_how_closely_a_video_is_looked_at(
    gemini: Gemini, server: Loopback, key: Key, picture: Path
) -> None:
    server.on(COUNT, Wire(200, {"totalTokens": 321}))
    look = Look(end=4, detail=Detail.HIGH)
    assert await gemini.count(prompt(FILE, look=look, pictures=(Picture(path=picture),)), key) == 321
    (seen,) = server.seen
    assert request_violations("gemini", "POST", seen.path, seen.json) == []
    assert seen.json["contents"][0] == {"role": "user", "parts": [{"text": "You direct films."}]}
    part = seen.json["contents"][-1]["parts"][0]
    assert part["mediaResolution"] == {"level": "MEDIA_RESOLUTION_HIGH"}
    assert part["videoMetadata"] == {"end_offset": "4s"}


async def test_the_models_are_listed_page_by_page_as_the_catalogue_writes_them(
    gemini: Gemini, server: Loopback, key: Key
) -> None:
    pages = [
        Wire(200, {"models": [{"name": "models/a"}], "nextPageToken": "2"}),
        Wire(200, {"models": [{"name": "models/b"}]}),
    ]
    server.on("GET /v1beta/models", *pages)
    assert await gemini.listed(key) == {"a", "b"}
    assert ["pageToken=2" in seen.query for seen in server.seen] == [False, True]


async def test_a_stream_that_breaks_off_fails_after_its_pieces(gemini: Gemini, server: Loopback, key: Key) -> None:
    error = google_error(503, "UNAVAILABLE", "The model is overloaded. Please try again later.")
    for behaviour, fault in (
        (sse(answered("{", None), error), Unavailable),
        (sse(answered("{", None)), UnexpectedResponse),
        (sse(answered("{", "MAX_TOKENS")), UnexpectedResponse),
    ):
        server.on(STREAM, behaviour)
        pieces: list[str | Usage] = []
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
        (Wire(500, google_error(500, "INTERNAL", "internal")), Unavailable),
        (Wire(503, google_error(503, "UNAVAILABLE", "overloaded")), Unavailable),
        (Wire(504, google_error(504, "DEADLINE_EXCEEDED", "slow")), Unavailable),
        (Wire(502, b"<html>", {"content-type": "text/html"}), Unavailable),
        (Wire(200, b"<html>"), UnexpectedResponse),
        (Wire(404, google_error(404, "NOT_FOUND", "models/x is not found for API version v1beta")), ModelRetired),
        (Wire(400, [google_error(400, "INVALID_ARGUMENT", "bad")]), InvalidRequest),
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
        (400, google_error(400, "INVALID_ARGUMENT", "no", {"reason": "API_KEY_HTTP_REFERRER_BLOCKED"}), KeyRejected),
        (403, google_error(403, "PERMISSION_DENIED", "no such file", {"reason": "CONSUMER_SUSPENDED"}), KeyRejected),
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
    async def start(seen: Seen) -> Wire:
        assert seen.headers["X-Goog-Upload-Command"] == "start"
        url = f"{server.url}/upload-here"
        return Wire(200, {}, {"X-Goog-Upload-URL": url, "X-Goog-Upload-Status": "active"})

    server.on("POST /upload/v1beta/files", start)
    server.on("POST /upload-here", Wire(200, {"file": remote("PROCESSING")}, {"X-Goog-Upload-Status": "final"}))
    server.on("GET /v1beta/files/abc", *[Wire(200, look) for look in looks])
    server.on("DELETE /v1beta/files/abc", Wire(200, {}))


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


async def test_an_upload_that_is_given_up_leaves_nothing_behind(
    gemini: Gemini, server: Loopback, key: Key, tmp_path: Path
) -> None:
    uploads(server, remote("PROCESSING"))
    (tmp_path / "film.mp4").write_bytes(b"film")
    async with asyncio.timeout(5):
        upload = asyncio.create_task(gemini.upload(tmp_path / "film.mp4", "video/mp4", key))
        while not server.count("GET /v1beta/files/abc"):
            server.asked.clear()
            await server.asked.wait()
        upload.cancel()
        with pytest.raises(asyncio.CancelledError):
            await upload
    assert server.count("DELETE /v1beta/files/abc") == 1


async def test_an_upload_that_cannot_be_followed_is_deleted(
    gemini: Gemini, server: Loopback, key: Key, tmp_path: Path
) -> None:
    uploads(server)
    server.on("GET /v1beta/files/abc", Wire(503, google_error(503, "UNAVAILABLE", "down")))
    (tmp_path / "film.mp4").write_bytes(b"film")
    with pytest.raises(Unavailable):
        await gemini.upload(tmp_path / "film.mp4", "video/mp4", key)
    assert server.count("DELETE /v1beta/files/abc") == 1


async def test_one_client_serves_a_key_and_none_is_shared(server: Loopback) -> None:
    clients = GoogleClients(base_url=server.url)
    one, again, other = [await clients.of(k) for k in (Key(), Key(), Key(id="key-2", secret="another-false-one"))]
    await clients.close()
    assert one is again
    assert one is not other
