from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from providers.errors import (
    ContentRejected,
    InvalidRequest,
    KeyRejected,
    ModelRetired,
    OperationFailed,
    OutcomeUnknown,
    ProviderError,
    QuotaExhausted,
    Unavailable,
    UnexpectedResponse,
)
from providers.runway import Runway
from providers.video import Failed, FromImage, Operation, OperationState, Running, Succeeded, VideoRequest
from tests.providers.conftest import SECRET, Key
from tests.providers.loopback import Behaviour, Hang, Loopback, Reply, Reset, Truncated
from tests.specs import request_violations, response_violations

TASK = "17f20503-6c24-4c16-946b-35dbbce2af2f"
TEXT, IMAGE, LOOK = "POST /v1/text_to_video", "POST /v1/image_to_video", f"GET /v1/tasks/{TASK}"
ACCEPTED = Reply(200, {"id": TASK, "estimatedCost": {"credits": 60}})
VIDEO = VideoRequest(model="gen4.5", prompt="a koi becomes a dragon", duration=5, ratio="16:9", seed=7)


@pytest.fixture
def runway(server: Loopback, http: httpx.AsyncClient) -> Runway:
    hosts = frozenset({"127.0.0.1"})
    return Runway(http=http, base_url=server.url, download_hosts=hosts, read_timeout=0.2)


def with_(request: VideoRequest, **changes: Any) -> VideoRequest:
    fields = {name: getattr(request, name) for name in VideoRequest.__slots__}
    return VideoRequest(**{**fields, **changes})


async def test_text_becomes_one_order_that_the_document_allows(runway: Runway, server: Loopback, key: Key) -> None:
    server.on(TEXT, ACCEPTED)
    operation = await runway.submit(VIDEO, key)
    assert operation == Operation(id=TASK, price_microusd=600_000)
    (seen,) = server.seen
    assert seen.headers["authorization"] == f"Bearer {SECRET}"
    assert seen.headers["x-runway-version"] == "2024-11-06"
    assert seen.json == {
        "model": "gen4.5", "promptText": VIDEO.prompt, "ratio": "1280:720", "duration": 5, "seed": 7,
    }  # fmt: skip
    assert request_violations("runway", "POST", seen.path, seen.json) == []
    assert response_violations("runway", "POST", seen.path, 200, ACCEPTED.body) == []


@pytest.mark.parametrize(
    ("model", "ratio", "wire"),
    [("gen4.5", "1:1", "960:960"), ("gen4_turbo", "9:16", "720:1280"), ("veo3.1_fast", "16:9", "1280:720")],
)
async def test_a_picture_becomes_one_order_that_the_document_allows(
    runway: Runway, server: Loopback, key: Key, picture: Path, model: str, ratio: str, wire: str
) -> None:
    server.on(IMAGE, ACCEPTED)
    await runway.submit(with_(VIDEO, model=model, ratio=ratio, duration=4, source=FromImage(picture)), key)
    (seen,) = server.seen
    assert seen.json["ratio"] == wire
    assert seen.json["promptImage"].startswith("data:image/png;base64,")
    assert request_violations("runway", "POST", seen.path, seen.json) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"prompt": "🐉" * 501},
        {"prompt": ""},
        {"duration": 11},
        {"ratio": "1:1"},
        {"model": "gen4_turbo"},
        {"model": "veo3.1_fast", "duration": 5},
        {"model": "another"},
        {"seed": -1},
        {"seed": 2**32},
        {"resolution": "1080p"},
        {"model": "veo3.1_fast", "duration": 4, "resolution": "4k"},
        {"model": "seedance2", "prompt": "🐉" * 1751},
    ],
)
async def test_an_order_over_a_limit_never_leaves(
    runway: Runway, server: Loopback, key: Key, changes: dict[str, Any]
) -> None:
    with pytest.raises(InvalidRequest):
        await runway.submit(with_(VIDEO, **changes), key)
    assert server.seen == []


async def test_five_hundred_emoji_are_a_thousand_units_and_leave(runway: Runway, server: Loopback, key: Key) -> None:
    server.on(TEXT, ACCEPTED)
    await runway.submit(with_(VIDEO, prompt="🐉" * 500), key)
    assert server.count(TEXT) == 1


@pytest.mark.parametrize(
    ("behaviour", "fault"),
    [
        (Reset(), OutcomeUnknown),
        (Hang(), OutcomeUnknown),
        (Truncated(), OutcomeUnknown),
        (Reply(200, b"<html>"), OutcomeUnknown),
        (Reply(200, b"not json", {"content-type": "text/html"}), OutcomeUnknown),
        (Reply(200, {"estimatedCost": {"credits": 60}}), OutcomeUnknown),
        (Reply(408, {"error": "timeout"}), OutcomeUnknown),
        (Reply(500, {"error": "internal"}), OutcomeUnknown),
        (Reply(502, b"<html>bad gateway", {"content-type": "text/html"}), OutcomeUnknown),
        (Reply(503, {"error": "overloaded"}), Unavailable),
        (Reply(504, {"error": "timeout"}), OutcomeUnknown),
        (Reply(429, {"error": "You have reached your daily limit"}), QuotaExhausted),
        (Reply(400, {"error": "You do not have enough credits to run this task."}), QuotaExhausted),
        (Reply(400, {"error": "Validation of body failed", "issues": [{"path": ["ratio"]}]}), InvalidRequest),
        (Reply(400, {"error": "Validation of body failed", "issues": [{"path": ["model"]}]}), ModelRetired),
        (Reply(400, {"error": "The prompt did not pass content moderation"}), ContentRejected),
        (Reply(401, {"error": "The API key is invalid"}), KeyRejected),
        (Reply(403, {"error": "not allowed"}), KeyRejected),
        (Reply(403, b"<html>denied", {"content-type": "text/html"}), Unavailable),
        (Reply(404, {"error": "not found"}), InvalidRequest),
        (Reply(407, b"<html>proxy", {"content-type": "text/html"}), Unavailable),
        (Reply(307, b"", {"location": "/elsewhere"}), UnexpectedResponse),
    ],
)
async def test_an_order_is_posted_once_whatever_happens_and_its_fate_is_named(
    runway: Runway, server: Loopback, key: Key, behaviour: Behaviour, fault: type[ProviderError]
) -> None:
    server.on(TEXT, behaviour, ACCEPTED)
    with pytest.raises(ProviderError) as caught:
        await runway.submit(VIDEO, key)
    assert type(caught.value) is fault
    assert len(server.seen) == 1


async def test_a_days_limit_binds_the_model_and_is_tried_again_within_the_hour(
    http: httpx.AsyncClient, server: Loopback, key: Key
) -> None:
    server.on(TEXT, Reply(429, {"error": "You have reached your daily limit"}))
    with pytest.raises(QuotaExhausted) as caught:
        await Runway(http=http, base_url=server.url, clock=lambda: 100.0).submit(VIDEO, key)
    assert (caught.value.until, caught.value.model) == (100.0 + 3600.0, VIDEO.model)


async def test_an_order_that_never_left_is_unavailable(http: httpx.AsyncClient, key: Key) -> None:
    with pytest.raises(Unavailable, match="never left"):
        await Runway(http=http, base_url="http://127.0.0.1:1").submit(VIDEO, key)


async def test_looking_is_repeatable_so_a_lost_answer_is_only_unavailable(
    runway: Runway, server: Loopback, key: Key
) -> None:
    for behaviour in (Reset(), Hang(), Truncated(), Reply(500, {"error": "internal"})):
        server.on(LOOK, behaviour)
        with pytest.raises(Unavailable):
            await runway.poll(TASK, key)
    server.on(LOOK, Reply(200, {"id": TASK}))
    with pytest.raises(UnexpectedResponse):
        await runway.poll(TASK, key)


def task(status: str, **fields: object) -> dict[str, object]:
    return {"id": TASK, "createdAt": "2026-11-24T12:00:00.000Z", "status": status, **fields}


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (task("PENDING", estimatedCost={"credits": 60}), Running(waiting=True)),
        (task("THROTTLED", estimatedCost={"credits": 60}), Running(waiting=True)),
        (task("RUNNING", progress=0.25, estimatedCost={"credits": 60}), Running(progress=0.25)),
        (
            task("SUCCEEDED", output=["https://x.cloudfront.net/a.mp4"], cost={"credits": 60}),
            Succeeded(output="https://x.cloudfront.net/a.mp4", price_microusd=600_000),
        ),
    ],
)
async def test_a_task_is_read_as_the_document_writes_it(
    runway: Runway, server: Loopback, key: Key, answer: dict[str, object], state: OperationState
) -> None:
    assert response_violations("runway", "GET", f"/v1/tasks/{TASK}", 200, answer) == []
    server.on(LOOK, Reply(200, answer))
    assert await runway.poll(TASK, key) == state


async def test_a_status_never_heard_of_still_runs(runway: Runway, server: Loopback, key: Key) -> None:
    server.on(LOOK, Reply(200, task("SHIMMERING", progress=7)))
    assert await runway.poll(TASK, key) == Running(progress=1.0)


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (task("FAILED", failure="x", failureCode="SAFETY.INPUT.TEXT", cost={"credits": 60}), ContentRejected),
        (task("FAILED", failure="x", failureCode="SAFETY.OUTPUT.VIDEO", cost={"credits": 60}), ContentRejected),
        (
            task("FAILED", failure="x", failureCode="INPUT_PREPROCESSING.SAFETY.TEXT", cost={"credits": 60}),
            ContentRejected,
        ),
        (task("FAILED", failure="x", failureCode="INTERNAL.BAD_OUTPUT.CODE01", cost={"credits": 60}), OperationFailed),
        (task("FAILED", failure="x", failureCode="INTERNAL", cost={"credits": 60}), OperationFailed),
        (task("FAILED", failure="x", failureCode="THIRD_PARTY.UNAVAILABLE", cost={"credits": 60}), OperationFailed),
        (task("FAILED", failure="x", cost={"credits": 60}), OperationFailed),
        (task("FAILED", failure="x", failureCode="ASSET.INVALID", cost={"credits": 60}), InvalidRequest),
        (task("CANCELLED", cost={"credits": 60}), OperationFailed),
        (task("SUCCEEDED", output=[], cost={"credits": 60}), OperationFailed),
    ],
)
async def test_a_task_that_ends_without_a_clip_says_why_and_what_it_cost(
    runway: Runway, server: Loopback, key: Key, answer: dict[str, object], fault: type[ProviderError]
) -> None:
    server.on(LOOK, Reply(200, answer))
    state = await runway.poll(TASK, key)
    assert isinstance(state, Failed)
    assert type(state.error) is fault
    assert state.price_microusd == 600_000


async def test_the_clip_comes_whole_and_without_the_key(
    runway: Runway, server: Loopback, key: Key, tmp_path: Path
) -> None:
    server.on("GET /clip.mp4", Reply(200, b"film" * 1000, {"content-type": "video/mp4"}))
    await runway.fetch(f"{server.url}/clip.mp4?_jwt=x", tmp_path / "a.mp4", key)
    assert (tmp_path / "a.mp4").read_bytes() == b"film" * 1000
    assert SECRET not in str(server.seen[0].headers)


@pytest.mark.parametrize("behaviour", [Truncated(b"film"), Reset(), Reply(403, b"<Error/>"), Reply(404, b"gone")])
async def test_a_clip_that_does_not_come_whole_leaves_no_file(
    runway: Runway, server: Loopback, key: Key, tmp_path: Path, behaviour: Behaviour
) -> None:
    server.on("GET /clip.mp4", behaviour)
    with pytest.raises(Unavailable):
        await runway.fetch(f"{server.url}/clip.mp4", tmp_path / "a.mp4", key)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "url",
    ["https://evil.example/a.mp4", "http://localhost/a.mp4", "https://127.0.0.1.evil.example/a", "file:///etc/passwd"],
)
async def test_a_clip_on_another_host_is_not_fetched(runway: Runway, key: Key, tmp_path: Path, url: str) -> None:
    with pytest.raises(UnexpectedResponse, match="not allowed"):
        await runway.fetch(url, tmp_path / "a.mp4", key)


async def test_a_redirect_to_another_host_is_not_followed(
    runway: Runway, server: Loopback, key: Key, tmp_path: Path
) -> None:
    server.on("GET /clip.mp4", Reply(302, b"", {"location": "https://evil.example/a.mp4"}))
    with pytest.raises(UnexpectedResponse, match="not allowed"):
        await runway.fetch(f"{server.url}/clip.mp4", tmp_path / "a.mp4", key)


async def test_a_fetch_that_is_cancelled_leaves_no_file(
    runway: Runway, server: Loopback, key: Key, tmp_path: Path
) -> None:
    server.on("GET /clip.mp4", Hang())
    fetching = asyncio.create_task(runway.fetch(f"{server.url}/clip.mp4", tmp_path / "a.mp4", key))
    await server.asked.wait()
    fetching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await fetching
    assert list(tmp_path.iterdir()) == []


async def test_cancelling_deletes_the_task_and_is_quiet_when_it_is_over(
    runway: Runway, server: Loopback, key: Key
) -> None:
    server.on(f"DELETE /v1/tasks/{TASK}", Reply(204, b""), Reply(404, {"error": "not found"}))
    await runway.cancel(TASK, key)
    await runway.cancel(TASK, key)
    assert server.count(f"DELETE /v1/tasks/{TASK}") == 2


async def test_an_id_that_would_leave_its_path_is_refused(runway: Runway, server: Loopback, key: Key) -> None:
    with pytest.raises(InvalidRequest):
        await runway.poll("../organization", key)
    assert server.seen == []
