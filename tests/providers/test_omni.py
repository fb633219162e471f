from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from providers.errors import (
    ContentRejected,
    InvalidRequest,
    KeyRejected,
    OperationFailed,
    OutcomeUnknown,
    ProviderError,
    QuotaExhausted,
    RateLimited,
    Unavailable,
    UnexpectedResponse,
)
from providers.google import GoogleClients
from providers.omni import Omni
from providers.video import Failed, Operation, OperationState, Running, Succeeded, VideoRequest
from tests.providers.conftest import SECRET, Key
from tests.providers.loopback import Behaviour, Hang, Loopback, Reply, Reset, Truncated
from tests.providers.test_gemini import PER_DAY, PER_MINUTE, RETRY, google_error
from tests.specs import request_violations, response_violations

ORDER, LOOK = "POST /v1beta/interactions", "GET /v1beta/interactions/int-1"
CANCEL = "POST /v1beta/interactions/int-1/cancel"
URI = "https://generativelanguage.googleapis.com/v1beta/files/clip1:download?alt=media"
FILM = "GET /v1beta/files/clip1:download"
VIDEO = VideoRequest(model="gemini-omni-1.1-flash", prompt="a koi", duration=5, ratio="9:16", seed=1)


def interaction(status: str, **fields: object) -> dict[str, object]:
    return {"id": "int-1", "status": status, "model": VIDEO.model, **fields}


def output(*content: object) -> list[object]:
    return [
        {"type": "user_input", "content": [{"type": "text", "text": "a koi"}]},
        {"type": "model_output", "content": list(content)},
    ]


QUEUED = Reply(200, interaction("queued"))
VIDEO_TOKENS = {"output_tokens_by_modality": [{"modality": "video", "tokens": 28960}]}


@pytest.fixture
async def omni(server: Loopback, http: httpx.AsyncClient) -> AsyncIterator[Omni]:
    omni = Omni(GoogleClients(base_url=server.url, read_timeout=0.3), http=http)
    yield omni
    await omni.close()


async def test_text_becomes_one_background_order_that_the_document_allows(
    omni: Omni, server: Loopback, key: Key
) -> None:
    server.on(ORDER, QUEUED)
    assert await omni.submit(VIDEO, key) == Operation(id="int-1")
    (seen,) = server.seen
    assert seen.headers["x-goog-api-key"] == SECRET
    assert request_violations("gemini", "POST", seen.path, seen.json) == []
    assert seen.json["background"] is True
    assert seen.json["response_format"] == {
        "type": "video", "aspect_ratio": "9:16", "resolution": "720p", "duration": "5s", "delivery": "uri",
    }  # fmt: skip


async def test_a_picture_goes_inline_before_the_words(omni: Omni, server: Loopback, key: Key, picture: Path) -> None:
    server.on(ORDER, QUEUED)
    request = VideoRequest(model=VIDEO.model, prompt="it wakes", duration=3, ratio="16:9", start_image=picture)
    await omni.submit(request, key)
    (seen,) = server.seen
    assert request_violations("gemini", "POST", seen.path, seen.json) == []
    assert [part["type"] for part in seen.json["input"][0]["content"]] == ["image", "text"]
    assert seen.json["generation_config"]["video_config"] == {"task": "image_to_video"}


async def test_a_square_is_not_on_offer(omni: Omni, server: Loopback, key: Key) -> None:
    with pytest.raises(InvalidRequest):
        await omni.submit(VideoRequest(model=VIDEO.model, prompt="x", duration=5, ratio="1:1"), key)
    assert server.seen == []


@pytest.mark.parametrize(
    ("behaviour", "fault"),
    [
        (Reset(), OutcomeUnknown),
        (Hang(), OutcomeUnknown),
        (Truncated(), OutcomeUnknown),
        (Reply(200, b"<html>"), OutcomeUnknown),
        (Reply(200, {"status": "queued"}), OutcomeUnknown),
        (Reply(500, google_error(500, "INTERNAL", "internal")), OutcomeUnknown),
        (Reply(503, google_error(503, "UNAVAILABLE", "upstream reset")), OutcomeUnknown),
        (Reply(503, google_error(503, "UNAVAILABLE", "The model is overloaded.")), Unavailable),
        (Reply(504, google_error(504, "DEADLINE_EXCEEDED", "slow")), OutcomeUnknown),
        (Reply(429, google_error(429, "RESOURCE_EXHAUSTED", "q", PER_MINUTE, RETRY)), RateLimited),
        (Reply(429, google_error(429, "RESOURCE_EXHAUSTED", "q", PER_DAY)), QuotaExhausted),
        (Reply(401, google_error(401, "UNAUTHENTICATED", "no")), KeyRejected),
        (Reply(403, google_error(403, "PERMISSION_DENIED", "API not enabled")), KeyRejected),
        (Reply(400, {"error": {"code": "SAFETY", "message": "blocked"}}), ContentRejected),
        (Reply(400, google_error(400, "INVALID_ARGUMENT", "duration")), InvalidRequest),
    ],
)
async def test_an_order_is_posted_once_whatever_happens_and_its_fate_is_named(
    omni: Omni, server: Loopback, key: Key, behaviour: Behaviour, fault: type[ProviderError]
) -> None:
    server.on(ORDER, behaviour, QUEUED)
    with pytest.raises(ProviderError) as caught:
        await omni.submit(VIDEO, key)
    assert type(caught.value) is fault
    assert len(server.seen) == 1


async def test_an_order_that_never_left_is_unavailable(http: httpx.AsyncClient, key: Key) -> None:
    omni = Omni(GoogleClients(base_url="http://127.0.0.1:1"), http=http)
    with pytest.raises(Unavailable, match="never left"):
        await omni.submit(VIDEO, key)
    await omni.close()


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (interaction("queued"), Running(waiting=True)),
        (interaction("in_progress"), Running()),
        (interaction("completed", steps=output({"type": "video", "uri": URI})), Succeeded(output=URI)),
    ],
)
async def test_an_interaction_is_read_as_the_document_writes_it(
    omni: Omni, server: Loopback, key: Key, answer: dict[str, object], state: OperationState
) -> None:
    assert response_violations("gemini", "GET", "/v1beta/interactions/int-1", 200, answer) == []
    server.on(LOOK, Reply(200, answer))
    assert await omni.poll("int-1", key) == state


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (interaction("completed", steps=output({"type": "text", "text": "I can't make that."})), ContentRejected),
        (interaction("completed", steps=output()), ContentRejected),
        (interaction("completed", steps=output(), usage=VIDEO_TOKENS), OperationFailed),
        (interaction("completed", steps=output({"type": "video"})), OperationFailed),
        (interaction("failed", errors=[{"code": "PROHIBITED_CONTENT", "message": "x"}]), ContentRejected),
        (interaction("failed", errors=[{"code": "INTERNAL", "message": "x"}]), OperationFailed),
        (interaction("failed"), OperationFailed),
        (interaction("cancelled"), OperationFailed),
        (interaction("incomplete"), OperationFailed),
        (interaction("budget_exceeded"), OperationFailed),
    ],
)
async def test_an_interaction_that_ends_without_a_film_says_why(
    omni: Omni, server: Loopback, key: Key, answer: dict[str, object], fault: type[ProviderError]
) -> None:
    server.on(LOOK, Reply(200, answer))
    state = await omni.poll("int-1", key)
    assert isinstance(state, Failed)
    assert type(state.error) is fault


async def test_looking_is_repeatable_and_an_unknown_order_is_told_apart(omni: Omni, server: Loopback, key: Key) -> None:
    for behaviour in (Reset(), Reply(500, google_error(500, "INTERNAL", "x"))):
        server.on(LOOK, behaviour)
        with pytest.raises(Unavailable):
            await omni.poll("int-1", key)
    server.on(LOOK, Reply(400, {"error": {"code": "invalid_request", "message": "Invalid interaction name"}}))
    with pytest.raises(InvalidRequest):
        await omni.poll("int-1", key)


async def test_the_film_is_fetched_from_our_base_url_with_the_key(
    omni: Omni, server: Loopback, key: Key, tmp_path: Path
) -> None:
    server.on(FILM, Reply(302, b"", {"location": "/elsewhere"}))
    server.on("GET /elsewhere", Reply(200, b"film"))
    await omni.fetch(URI, tmp_path / "a.mp4", key)
    assert (tmp_path / "a.mp4").read_bytes() == b"film"
    assert server.seen[0].headers["x-goog-api-key"] == SECRET


@pytest.mark.parametrize(
    ("behaviour", "fault"),
    [
        (Truncated(b"film"), Unavailable),
        (Reply(500, google_error(500, "INTERNAL", "x")), Unavailable),
        (Reply(403, google_error(403, "PERMISSION_DENIED", "no permission to access the File clip1")), InvalidRequest),
        (Reply(302, b"", {"location": "https://evil.example/a"}), UnexpectedResponse),
        (Reply(200, b""), UnexpectedResponse),
    ],
)
async def test_a_film_that_does_not_come_whole_leaves_no_file(
    omni: Omni, server: Loopback, key: Key, tmp_path: Path, behaviour: Behaviour, fault: type[ProviderError]
) -> None:
    server.on(FILM, behaviour)
    with pytest.raises(fault):
        await omni.fetch(URI, tmp_path / "a.mp4", key)
    assert list(tmp_path.iterdir()) == []


async def test_cancelling_is_quiet_when_it_is_over(omni: Omni, server: Loopback, key: Key) -> None:
    over = Reply(400, {"error": {"code": "invalid_request", "message": "already completed"}})
    server.on(CANCEL, Reply(200, interaction("cancelled")), over)
    await omni.cancel("int-1", key)
    await omni.cancel("int-1", key)
    assert server.count(CANCEL) == 2
