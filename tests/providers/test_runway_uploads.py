"""Files that are too large for an order, and all clips: brought to the storage first, for nothing."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import httpx
import pytest

from providers.errors import (
    InvalidRequest,
    KeyRejected,
    OutcomeUnknown,
    ProviderError,
    RateLimited,
    Unavailable,
    UnexpectedResponse,
)
from providers.runway import Runway
from providers.video import Edit, FromImage, Source, VideoRequest
from tests.providers.conftest import PNG, SECRET, Key
from tests.providers.loopback import Behaviour, Hang, Loopback, Reply, Reset, Truncated
from tests.specs import request_violations

TASK = "17f20503-6c24-4c16-946b-35dbbce2af2f"
EDIT, IMAGE, ASK, PUT = "POST /v1/video_to_video", "POST /v1/image_to_video", "POST /v1/uploads", "POST /bucket"
MP4 = b"\0\0\0\x20ftypisom" + bytes(64)


def place(url: str) -> Reply:
    return Reply(200, {"uploadUrl": url, "fields": {"key": "one", "policy": "p"}, "runwayUri": "runway://an-upload"})


@pytest.fixture
def runway(server: Loopback, http: httpx.AsyncClient) -> Runway:
    for route in (EDIT, IMAGE):
        server.on(route, Reply(200, {"id": TASK, "estimatedCost": {"credits": 60}}))
    server.on(ASK, place(f"{server.url}/bucket"))
    server.on(PUT, Reply(204, b""))
    return Runway(http=http, base_url=server.url, read_timeout=0.2)


@pytest.fixture
def mp4(tmp_path: Path) -> Path:
    path = tmp_path / "holiday of the Smiths.mov"
    path.write_bytes(MP4)
    return path


def edit(path: Path) -> VideoRequest:
    return request_of("aleph2", Edit(path))


def request_of(model: str, source: Source) -> VideoRequest:
    return VideoRequest(model=model, prompt="at night", duration=5, ratio="16:9", source=source)


def sparse(path: Path, head: bytes, size: int) -> Path:
    """A file that says it is large, and takes no room."""
    path.write_bytes(head)
    os.truncate(path, size)
    return path


async def test_a_clip_is_brought_first_and_then_ordered_by_its_uri(
    runway: Runway, server: Loopback, key: Key, mp4: Path
) -> None:
    await runway.submit(edit(mp4), key)
    ask, put, order = server.seen
    assert ask.json == {"filename": "source.mp4", "type": "ephemeral"}
    assert request_violations("runway", "POST", ask.path, ask.json) == []
    assert order.json["videoUri"] == "runway://an-upload"
    assert put.body.index(b'name="policy"') < put.body.index(b'name="file"')
    assert MP4 in put.body
    assert b"Smith" not in b"".join(seen.body for seen in server.seen)


async def test_the_key_is_not_told_to_the_storage(runway: Runway, server: Loopback, key: Key, mp4: Path) -> None:
    await runway.submit(edit(mp4), key)
    put = server.seen[1]
    assert SECRET not in str(put.headers)
    assert SECRET.encode() not in put.body


async def test_a_file_over_200_mb_or_of_another_kind_never_leaves(
    runway: Runway, server: Loopback, key: Key, picture: Path, mp4: Path, tmp_path: Path
) -> None:
    text = tmp_path / "text.png"
    text.write_text("no picture")
    empty = tmp_path / "empty.mp4"
    empty.touch()
    sources: list[Source] = [
        Edit(sparse(tmp_path / "huge.mp4", MP4, 200_000_001)),
        Edit(picture),
        Edit(empty),
        FromImage(sparse(tmp_path / "huge.png", PNG, 200_000_001)),
        FromImage(text),
        FromImage(mp4),
    ]
    for source in sources:
        with pytest.raises(InvalidRequest, match=r"mp4|JPEG|bytes"):
            await runway.submit(request_of("aleph2" if isinstance(source, Edit) else "gen4_turbo", source), key)
    assert server.seen == []


async def test_a_webp_is_a_picture(runway: Runway, server: Loopback, key: Key, tmp_path: Path) -> None:
    webp = tmp_path / "picture"
    webp.write_bytes(b"RIFF\x10\0\0\0WEBPVP8 ")
    await runway.submit(request_of("gen4_turbo", FromImage(webp)), key)
    assert server.seen[0].json["promptImage"].startswith("data:image/webp;base64,")


@pytest.mark.parametrize(
    ("route", "behaviour", "fault"),
    [
        *(
            (route, behaviour, fault)
            for route in (ASK, PUT)
            for behaviour, fault in [
                (Reset(), Unavailable),
                (Hang(), Unavailable),
                (Reply(500, {"error": "internal"}), Unavailable),
                (Reply(503, b"<Error><Code>SlowDown</Code></Error>"), Unavailable),
            ]
        ),
        (ASK, Truncated(), Unavailable),
        (ASK, Reply(200, b"<html>"), UnexpectedResponse),
        (ASK, Reply(200, {"uploadUrl": "https://x.example"}), UnexpectedResponse),
        (ASK, Reply(401, {"error": "The API key is invalid"}), KeyRejected),
        (ASK, Reply(429, {"error": "You have exceeded the rate limit for this endpoint."}), RateLimited),
        (ASK, Reply(400, {"error": "Validation of body failed", "issues": []}), InvalidRequest),
        (PUT, Reply(403, b"<Error><Code>AccessDenied</Code></Error>"), Unavailable),
        (PUT, Reply(400, b"<Error><Code>EntityTooLarge</Code></Error>"), InvalidRequest),
        (PUT, Reply(413, b"<html>"), InvalidRequest),
        (PUT, Reply(307, b"", {"location": "https://elsewhere.example/"}), Unavailable),
    ],
)
async def test_an_upload_that_fails_proves_that_nothing_was_ordered(
    runway: Runway, server: Loopback, key: Key, mp4: Path, route: str, behaviour: Behaviour, fault: type[ProviderError]
) -> None:
    server.on(route, behaviour)
    with pytest.raises(ProviderError) as caught:
        await runway.submit(edit(mp4), key)
    assert type(caught.value) is fault
    assert not isinstance(caught.value, OutcomeUnknown)
    assert (server.count(EDIT), server.count(route)) == (0, 1)


@pytest.mark.parametrize(
    "url", ["http://storage.example/bucket", "http://169.254.169.254/", "file:///etc/passwd", "no"]
)
async def test_a_place_that_is_not_safe_gets_no_file(
    runway: Runway, server: Loopback, key: Key, mp4: Path, url: str
) -> None:
    server.on(ASK, place(url))
    with pytest.raises(UnexpectedResponse, match="not allowed"):
        await runway.submit(edit(mp4), key)
    assert [seen.path for seen in server.seen] == ["/v1/uploads"]


async def test_a_place_on_this_machine_is_none_for_a_service_elsewhere(server: Loopback, key: Key, mp4: Path) -> None:
    # A service elsewhere cannot be had on loopback, so its transport stands in: it is asked for a place and no more.
    def service(request: httpx.Request) -> httpx.Response:
        assert request.url.host == "api.runway.example"
        return httpx.Response(200, json=place(f"{server.url}/bucket").body)

    async with httpx.AsyncClient(transport=httpx.MockTransport(service)) as http:
        with pytest.raises(UnexpectedResponse, match="not allowed"):
            await Runway(http=http, base_url="https://api.runway.example").submit(edit(mp4), key)


async def test_an_order_cancelled_during_its_upload_was_never_sent(
    runway: Runway, server: Loopback, key: Key, mp4: Path
) -> None:
    server.on(PUT, Hang())
    ordering = asyncio.create_task(runway.submit(edit(mp4), key))
    while not server.count(PUT):
        server.asked.clear()
        await server.asked.wait()
    ordering.cancel()
    with pytest.raises(asyncio.CancelledError):
        await ordering
    assert server.count(EDIT) == 0
