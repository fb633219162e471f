from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from PIL import Image

from providers.errors import (
    ContentRejected,
    InvalidRequest,
    KeyRejected,
    ModelRetired,
    OutcomeUnknown,
    ProviderError,
    Unavailable,
    UnexpectedResponse,
)
from providers.gemini_stills import GeminiStills
from providers.google import GoogleClients
from providers.language import Usage
from providers.stills import StillRequest
from sandbox.providers.faults import Breaks, ContentRefused, EmptyOutput, Fault, Hang, Html
from sandbox.providers.faults import Reset as Cut
from sandbox.providers.faults import Truncated as Half
from sandbox.providers.world import ProviderWorld
from tests.providers.conftest import PNG, SECRET, Key
from tests.providers.loopback import Loopback, Reply
from tests.specs import request_violations, response_violations

MODEL = "gemini-3.1-flash-image"
DRAW = f"POST /v1beta/models/{MODEL}:generateContent"
JPEG = b"\xff\xd8\xff\xe0 not a whole one"
DRAWN = {
    "promptTokenCount": 12,
    "candidatesTokenCount": 1120,
    "candidatesTokensDetails": [{"modality": "IMAGE", "tokenCount": 1120}],
}
WRITTEN = {
    "promptTokenCount": 12,
    "candidatesTokenCount": 18,
    "candidatesTokensDetails": [{"modality": "TEXT", "tokenCount": 18}],
}
NOT_TOLD: dict[str, object] = {}


@pytest.fixture
async def stills(server: Loopback) -> AsyncIterator[GeminiStills]:
    clients = GoogleClients(base_url=server.url, read_timeout=0.3)
    yield GeminiStills(clients)
    await clients.close()


def request(*references: Path, prompt: str = "a koi at dawn", ratio: str = "16:9") -> StillRequest:
    return StillRequest(model=MODEL, prompt=prompt, ratio=ratio, references=references)


def shown(content: bytes, mime_type: str = "image/png", **more: object) -> dict[str, object]:
    blob = {"mimeType": mime_type, "data": base64.b64encode(content).decode()}
    return {"inlineData": blob, **more}


def answered(
    *parts: dict[str, object], finish: str = "STOP", usage: dict[str, object] | None = None
) -> dict[str, object]:
    candidate = {"content": {"role": "model", "parts": list(parts)}, "finishReason": finish}
    return {"candidates": [candidate], **({"usageMetadata": usage} if usage else {})}


async def test_a_picture_is_drawn_to_disk_by_one_order(
    stills: GeminiStills, server: Loopback, key: Key, tmp_path: Path
) -> None:
    answer = answered({"text": "Here it is."}, shown(PNG), usage=DRAWN)
    server.on(DRAW, Reply(200, answer))
    still = await stills.draw(request(), tmp_path / "still", key)
    assert (still.path, still.mime_type) == (tmp_path / "still", "image/png")
    assert still.usage == Usage(input_tokens=12, output_tokens=1120)
    assert still.path.read_bytes() == PNG
    assert [path.name for path in tmp_path.iterdir()] == ["still"]
    (seen,) = server.seen
    assert seen.headers["x-goog-api-key"] == SECRET
    assert seen.json["generationConfig"]["imageConfig"] == {"aspectRatio": "16:9"}
    assert seen.json["generationConfig"]["responseModalities"] == ["IMAGE"]
    assert request_violations("gemini", "POST", seen.path, seen.json) == []
    assert response_violations("gemini", "POST", seen.path, 200, answer) == []


async def test_what_shall_be_in_it_goes_along(
    stills: GeminiStills, server: Loopback, key: Key, tmp_path: Path, picture: Path
) -> None:
    (tmp_path / "other").write_bytes(JPEG)
    server.on(DRAW, Reply(200, answered(shown(PNG), usage=DRAWN)))
    await stills.draw(request(picture, tmp_path / "other"), tmp_path / "still", key)
    (seen,) = server.seen
    parts = seen.json["contents"][0]["parts"]
    assert [part.get("text") or part["inlineData"]["mime_type"] for part in parts] == [
        "image/png",
        "image/jpeg",
        "a koi at dawn",
    ]
    assert request_violations("gemini", "POST", seen.path, seen.json) == []


async def test_what_is_no_picture_is_never_sent(
    stills: GeminiStills, server: Loopback, key: Key, tmp_path: Path
) -> None:
    (tmp_path / "film.png").write_bytes(b"\x00\x00\x00\x20ftypisom")
    with pytest.raises(InvalidRequest):
        await stills.draw(request(tmp_path / "film.png"), tmp_path / "still", key)
    assert server.seen == []


async def test_a_sketch_among_the_thoughts_is_not_the_picture(
    stills: GeminiStills, server: Loopback, key: Key, tmp_path: Path
) -> None:
    server.on(DRAW, Reply(200, answered(shown(JPEG, "image/jpeg", thought=True), shown(PNG), usage=DRAWN)))
    assert (await stills.draw(request(), tmp_path / "still", key)).mime_type == "image/png"


async def test_a_picture_is_what_its_bytes_say(
    stills: GeminiStills, server: Loopback, key: Key, tmp_path: Path
) -> None:
    server.on(DRAW, Reply(200, answered(shown(JPEG, "image/png"), usage=DRAWN)))
    assert (await stills.draw(request(), tmp_path / "still", key)).mime_type == "image/jpeg"


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        # Stopped by policy, whatever was counted.
        ({"promptFeedback": {"blockReason": "IMAGE_SAFETY"}}, ContentRejected),
        ({"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}, ContentRejected),
        (answered(finish="IMAGE_SAFETY"), ContentRejected),
        (answered(finish="IMAGE_SAFETY", usage=DRAWN), ContentRejected),
        (answered(finish="IMAGE_PROHIBITED_CONTENT", usage={"promptTokenCount": 9}), ContentRejected),
        (answered(finish="IMAGE_RECITATION"), ContentRejected),
        (answered(finish="PROHIBITED_CONTENT"), ContentRejected),
        (answered(finish="PUP_LIMITED_DISABLED"), KeyRejected),
        # Declined in words, or without any; no image was counted.
        (answered(finish="NO_IMAGE", usage={"promptTokenCount": 9}), ContentRejected),
        (answered({"text": "I cannot draw that."}, usage=WRITTEN), ContentRejected),
        # Nothing drawn, and the count proves it.
        (answered(finish="IMAGE_OTHER", usage={"promptTokenCount": 9, "thoughtsTokenCount": 240}), UnexpectedResponse),
        (answered(finish="MAX_TOKENS", usage=WRITTEN), UnexpectedResponse),
        (answered(usage={"promptTokenCount": 9}), UnexpectedResponse),
        ({"candidates": [], "usageMetadata": {"promptTokenCount": 9}}, UnexpectedResponse),
        # Counted, and not there; or not counted at all.
        (answered(usage=DRAWN), OutcomeUnknown),
        (answered({"text": "Here it is."}, usage=DRAWN), OutcomeUnknown),
        (answered(finish="NO_IMAGE", usage=DRAWN), OutcomeUnknown),
        (answered(finish="IMAGE_OTHER"), OutcomeUnknown),
        (answered({"text": "?"}, usage={"candidatesTokenCount": 1120}), OutcomeUnknown),
        ({}, OutcomeUnknown),
        # A picture that is none.
        (answered(shown(b"<html>"), usage=DRAWN), OutcomeUnknown),
        (answered(shown(b"", "image/png"), usage=DRAWN), OutcomeUnknown),
    ],
)
async def test_an_answer_without_a_picture_is_told_apart_by_its_reason_and_its_count(
    stills: GeminiStills,
    server: Loopback,
    key: Key,
    tmp_path: Path,
    answer: dict[str, object],
    fault: type[ProviderError],
) -> None:
    server.on(DRAW, Reply(200, answer))
    with pytest.raises(ProviderError) as caught:
        await stills.draw(request(), tmp_path / "still", key)
    assert type(caught.value) is fault
    assert len(server.seen) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[ProviderWorld]:
    async with ProviderWorld(directory=tmp_path / "world") as world:
        yield world


@pytest.fixture
async def at_the_sandbox(world: ProviderWorld) -> AsyncIterator[GeminiStills]:
    clients = GoogleClients(base_url=world.gemini_url, read_timeout=5.0)
    yield GeminiStills(clients)
    await clients.close()


GOOD = Key(secret="sandbox-gemini-studio-1")


@pytest.mark.parametrize("ratio", ["16:9", "9:16", "1:1"])
async def test_the_sandbox_draws_in_the_ratio_that_was_asked_for(
    at_the_sandbox: GeminiStills, world: ProviderWorld, tmp_path: Path, picture: Path, ratio: str
) -> None:
    still = await at_the_sandbox.draw(request(picture, ratio=ratio), tmp_path / "still", GOOD)
    with Image.open(still.path) as image:
        image.load()
        wide, tall = map(int, ratio.split(":"))
        assert image.width * tall == image.height * wide
        assert Image.MIME[image.format or ""] == still.mime_type
    assert still.usage is not None
    assert still.usage.output_tokens == 1120
    assert len(world.paid("gemini")) == 1


@pytest.mark.parametrize(
    ("fault", "means"),
    [
        (Cut(), OutcomeUnknown),
        (Cut(applied=True), OutcomeUnknown),
        (Half(), OutcomeUnknown),
        (Html(), OutcomeUnknown),
        (Html(status=502), OutcomeUnknown),
        (Html(status=403, applied=False), Unavailable),
        (EmptyOutput(), OutcomeUnknown),
        (Breaks(), UnexpectedResponse),
        (ContentRefused(), ContentRejected),
        (ContentRefused("NO_IMAGE"), ContentRejected),
    ],
    ids=repr,
)
async def test_whatever_goes_wrong_one_order_was_sent(
    at_the_sandbox: GeminiStills, world: ProviderWorld, tmp_path: Path, fault: Fault, means: type[ProviderError]
) -> None:
    world.faults.add("gemini", "POST", ":generateContent$", fault)
    with pytest.raises(ProviderError) as caught:
        await at_the_sandbox.draw(request(), tmp_path / "still", GOOD)
    assert type(caught.value) is means
    assert len(world.paid("gemini", accepted=False)) == 1
    assert not (tmp_path / "still").exists()


async def test_an_order_that_is_never_answered_is_unknown(world: ProviderWorld, tmp_path: Path) -> None:
    clients = GoogleClients(base_url=world.gemini_url, read_timeout=0.2)
    world.faults.add("gemini", "POST", ":generateContent$", Hang())
    with pytest.raises(OutcomeUnknown):
        await GeminiStills(clients).draw(request(), tmp_path / "still", GOOD)
    await clients.close()
    assert len(world.paid("gemini", accepted=False)) == 1


async def test_an_order_that_cannot_leave_was_not_placed(tmp_path: Path, key: Key) -> None:
    clients = GoogleClients(base_url="http://127.0.0.1:9", read_timeout=1.0)
    with pytest.raises(Unavailable):
        await GeminiStills(clients).draw(request(), tmp_path / "still", key)
    await clients.close()


@pytest.mark.parametrize("word", ["forbidden", "unspeakable"])
async def test_a_forbidden_picture_is_refused_for_its_content(
    at_the_sandbox: GeminiStills, tmp_path: Path, word: str
) -> None:
    with pytest.raises(ContentRejected, match="IMAGE_SAFETY"):
        await at_the_sandbox.draw(request(prompt=f"a {word} koi"), tmp_path / "still", GOOD)


async def test_what_the_model_does_not_take_is_our_fault(at_the_sandbox: GeminiStills, tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest):
        await at_the_sandbox.draw(request(ratio="7:3"), tmp_path / "still", GOOD)
    with pytest.raises(InvalidRequest):  # a language model draws nothing
        await at_the_sandbox.draw(
            StillRequest(model="gemini-3.8-flash", prompt="a koi", ratio="16:9"), tmp_path / "still", GOOD
        )
    with pytest.raises(ModelRetired):
        await at_the_sandbox.draw(
            StillRequest(model="gemini-3-pro-image-preview", prompt="a koi", ratio="16:9"), tmp_path / "still", GOOD
        )
    with pytest.raises(KeyRejected):
        await at_the_sandbox.draw(request(), tmp_path / "still", Key(secret="wrong"))
