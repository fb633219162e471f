from __future__ import annotations

import base64
import itertools
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from providers.catalogue import Catalogue
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
    Unavailable,
    UnexpectedResponse,
)
from providers.google import GoogleClients
from providers.omni import Omni
from providers.omni_wire import MODELS, material_of
from providers.video import (
    Edit,
    Extension,
    Failed,
    FromImage,
    FromReferences,
    FromText,
    Operation,
    OperationState,
    Performance,
    Running,
    Source,
    Succeeded,
    Task,
    Upscaling,
    VideoRequest,
)
from sandbox.providers.faults import Breaks, ContentRefused, EmptyOutput, Fault, Lost, NeverEnds
from sandbox.providers.film import Clip, draw
from sandbox.providers.world import ProviderWorld
from sandbox.refusals.google import ALL
from tests.providers.conftest import SECRET, Key
from tests.providers.loopback import Behaviour, Hang, Loopback, Reply, Reset, Seen, Truncated
from tests.providers.test_gemini import NOW, PER_DAY, PER_MINUTE, RETRY, google_error
from tests.providers.test_google_refusals import EXPECTED
from tests.sandbox.providers.media import facts_of
from tests.specs import request_violations, response_violations

ORDER, LOOK = "POST /v1beta/interactions", "GET /v1beta/interactions/int-1"
CANCEL = "POST /v1beta/interactions/int-1/cancel"
URI = "https://generativelanguage.googleapis.com/v1beta/files/clip1:download?alt=media"
FILM = "GET /v1beta/files/clip1:download"
FILM_FILE = "GET /v1beta/files/clip1"
BEGIN, CHUNK, FILE = "POST /upload/v1beta/files", "POST /resume", "GET /v1beta/files/up1"
FORGET = "DELETE /v1beta/files/up1"
MP4 = b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2"
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


def file(state: str, name: str = "up1") -> dict[str, object]:
    uri = f"https://generativelanguage.googleapis.com/v1beta/files/{name}"
    return {"name": f"files/{name}", "uri": uri, "mimeType": "video/mp4", "state": state}


def takes_uploads(server: Loopback, state: str = "ACTIVE") -> None:
    async def begin(_: Seen) -> Reply:
        return Reply(200, {}, {"X-Goog-Upload-URL": f"{server.url}/resume", "X-Goog-Upload-Status": "active"})

    server.on(BEGIN, begin)
    server.on(CHUNK, Reply(200, {"file": file(state)}, {"X-Goog-Upload-Status": "final"}))
    server.on(FORGET, Reply(200, {}))


def asking(source: Source, **more: Any) -> VideoRequest:
    return VideoRequest(
        **{"model": VIDEO.model, "prompt": "it wakes", "duration": 3, "ratio": "16:9", **more, "source": source}
    )


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "clip.bin"  # its name says nothing
    path.write_bytes(MP4)
    return path


@pytest.fixture
async def omni(server: Loopback, http: httpx.AsyncClient) -> AsyncIterator[Omni]:
    clients = GoogleClients(base_url=server.url, read_timeout=0.3)
    omni = Omni(clients, http=http, file_interval=0.001, file_patience=0.1)
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


async def ordered(omni: Omni, server: Loopback, key: Key, request: VideoRequest) -> Any:
    """The body of the one order."""
    server.on(ORDER, QUEUED)
    await omni.submit(request, key)
    (seen,) = (seen for seen in server.seen if f"{seen.method} {seen.path}" == ORDER)
    assert request_violations("gemini", "POST", seen.path, seen.json) == []
    return seen.json


def told(body: Any) -> tuple[str, list[str], str]:
    """The task, the kinds of what goes in, and the words."""
    content = body["input"][0]["content"]
    words = "".join(part.get("text", "") for part in content)
    return body["generation_config"]["video_config"]["task"], [part["type"] for part in content], words


async def test_a_picture_goes_inline_before_words_that_say_what_it_is(
    omni: Omni, server: Loopback, key: Key, picture: Path
) -> None:
    body = await ordered(omni, server, key, asking(FromImage(picture)))
    words = "[# Sources <FIRST_FRAME>@Image1]\nit wakes"
    assert told(body) == ("image_to_video", ["image", "text"], words)


async def test_two_pictures_are_its_beginning_and_its_end(
    omni: Omni, server: Loopback, key: Key, picture: Path
) -> None:
    body = await ordered(omni, server, key, asking(FromImage(picture, picture)))
    words = "[# Sources <FIRST_FRAME>@Image1 <LAST_FRAME>@Image2]\nit wakes"
    assert told(body) == ("image_to_video", ["image", "image", "text"], words)


async def test_references_are_numbered_in_the_words(omni: Omni, server: Loopback, key: Key, picture: Path) -> None:
    body = await ordered(omni, server, key, asking(FromReferences((picture, picture))))
    words = "[# References <IMAGE_REF_0>@Image1 <IMAGE_REF_1>@Image2]\nit wakes"
    assert told(body) == ("reference_to_video", ["image", "image", "text"], words)


@pytest.mark.parametrize(
    ("kind", "task", "kinds", "wanted"),
    [
        (Extension, "extend", ["video", "text"], {"resolution": "720p", "duration": "3s"}),
        (Edit, "edit", ["video", "text"], {"resolution": "720p"}),
        (Upscaling, "upscale", ["video"], {"resolution": "720p"}),
    ],
)
async def test_a_clip_goes_ahead_of_its_order_on_the_same_key(
    omni: Omni,
    server: Loopback,
    key: Key,
    clip: Path,
    kind: type[Extension | Edit | Upscaling],
    task: str,
    kinds: list[str],
    wanted: dict[str, str],
) -> None:
    takes_uploads(server, "PROCESSING")
    server.on(FILE, Reply(200, file("PROCESSING")), Reply(200, file("ACTIVE")))
    body = await ordered(omni, server, key, asking(kind(clip), ratio="1:1"))
    assert told(body)[:2] == (task, kinds)
    assert body["input"][0]["content"][0]["uri"] == file("")["uri"]
    assert body["response_format"] == {"type": "video", "delivery": "uri", **wanted}
    assert [server.count(route) for route in (BEGIN, CHUNK, FILE, ORDER, FORGET)] == [1, 1, 2, 1, 0]
    assert {seen.headers["x-goog-api-key"] for seen in server.seen if seen.path != "/resume"} == {SECRET}


@pytest.mark.parametrize("resolution", ["360p", "720p", "1080p", "4k"])
async def test_each_resolution_can_be_asked_for(omni: Omni, server: Loopback, key: Key, resolution: str) -> None:
    request = VideoRequest(model=VIDEO.model, prompt="x", duration=10, ratio="16:9", resolution=resolution)
    body = await ordered(omni, server, key, request)
    assert body["response_format"]["resolution"] == resolution


@pytest.mark.parametrize(("model", "seed"), [("gemini-omni-1.1-flash", None), ("gemini-omni-1.2-flash", 7)])
async def test_a_seed_is_for_the_model_that_takes_one(
    omni: Omni, server: Loopback, key: Key, model: str, seed: int | None
) -> None:
    body = await ordered(omni, server, key, VideoRequest(model=model, prompt="x", duration=5, ratio="16:9", seed=7))
    assert body["generation_config"].get("seed") == seed


OLDER, NEWEST = "gemini-omni-1.1-flash", "gemini-omni-1.2-flash"


@pytest.mark.parametrize(
    ("wrong", "fault"),
    [
        ({"ratio": "1:1"}, InvalidRequest),
        ({"duration": 2}, InvalidRequest),
        ({"duration": 11}, InvalidRequest),
        ({"duration": 16, "model": NEWEST}, InvalidRequest),
        ({"resolution": "480p"}, InvalidRequest),
        ({"model": "gemini-3.8-flash"}, InvalidRequest),
        ({"model": "gemini-omni-flash-preview"}, ModelRetired),
    ],
)
async def test_what_the_model_does_not_make_is_never_sent(
    omni: Omni, server: Loopback, key: Key, wrong: dict[str, Any], fault: type[ProviderError]
) -> None:
    with pytest.raises(fault):
        await omni.submit(VideoRequest(**{"model": OLDER, "prompt": "x", "duration": 5, "ratio": "16:9", **wrong}), key)
    assert server.seen == []


async def test_what_cannot_be_made_of_a_file_is_never_sent(
    omni: Omni, server: Loopback, key: Key, picture: Path, clip: Path, tmp_path: Path
) -> None:
    empty = tmp_path / "empty.mp4"
    empty.touch()
    sources: list[tuple[Source, dict[str, Any]]] = [
        (FromImage(clip), {}),
        (FromImage(picture, clip), {}),
        (FromImage(picture, picture), {"duration": 12, "model": NEWEST}),
        (FromReferences(()), {}),
        (FromReferences((picture,) * 7), {}),
        (Edit(picture), {}),
        (Extension(empty), {}),
        (Extension(clip), {"duration": 12, "model": NEWEST}),
        (Performance(picture, clip), {}),
    ]
    for source, more in sources:
        with pytest.raises(InvalidRequest):
            await omni.submit(asking(source, **more), key)
    assert server.seen == []


def test_the_wire_takes_all_that_the_catalogue_offers(picture: Path, clip: Path) -> None:
    sources: dict[Task, Source] = {
        Task.TEXT: FromText(),
        Task.IMAGE: FromImage(picture),
        Task.LAST_IMAGE: FromImage(picture, picture),
        Task.REFERENCES: FromReferences((picture,)),
        Task.EXTEND: Extension(clip),
        Task.EDIT: Edit(clip),
    }
    models = [model for model in Catalogue.load().video if model.provider == "gemini"]
    assert {model.id for model in models} == set(MODELS)
    for model in models:
        for task, ratio, resolution in itertools.product(model.can, model.ratios, model.resolutions):
            for duration in model.durations_for(task) or (0,):
                material_of(
                    VideoRequest(
                        model=model.id,
                        prompt="x",
                        duration=duration,
                        ratio=ratio,
                        resolution=resolution,
                        source=sources[task],
                    )
                )


@pytest.mark.parametrize(
    ("route", "behaviour", "fault"),
    [
        (BEGIN, Reset(), Unavailable),
        (BEGIN, Hang(), Unavailable),
        (BEGIN, Reply(500, google_error(500, "INTERNAL", "x")), Unavailable),
        (BEGIN, Reply(200, b"<html>"), UnexpectedResponse),
        (BEGIN, Reply(401, google_error(401, "UNAUTHENTICATED", "no")), KeyRejected),
        (CHUNK, Reset(), Unavailable),
        (FILE, Reply(200, file("FAILED")), InvalidRequest),
        (FILE, Reply(200, file("PROCESSING")), Unavailable),  # for ever
        (FILE, Reset(), Unavailable),
    ],
)
async def test_a_clip_that_does_not_arrive_orders_nothing(
    omni: Omni, server: Loopback, key: Key, clip: Path, route: str, behaviour: Behaviour, fault: type[ProviderError]
) -> None:
    takes_uploads(server, "PROCESSING")
    server.on(route, behaviour)
    with pytest.raises(ProviderError) as caught:
        await omni.submit(asking(Edit(clip)), key)
    assert type(caught.value) is fault
    assert server.count(ORDER) == 0


@pytest.mark.parametrize(
    ("behaviour", "forgotten"),
    [(Reply(400, google_error(400, "INVALID_ARGUMENT", "no")), 1), (Reset(), 0), (Reply(500, b""), 0)],
)
async def test_a_clip_is_forgotten_only_where_its_order_was_refused(
    omni: Omni, server: Loopback, key: Key, clip: Path, behaviour: Behaviour, forgotten: int
) -> None:
    takes_uploads(server)
    server.on(ORDER, behaviour)
    with pytest.raises(ProviderError):
        await omni.submit(asking(Edit(clip)), key)
    assert (server.count(ORDER), server.count(FORGET)) == (1, forgotten)


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
    server.on(FILM_FILE, Reply(200, file("ACTIVE", "clip1")))
    assert await omni.poll("int-1", key) == state


@pytest.mark.parametrize(
    ("behaviour", "state"),
    [
        (Reply(200, file("PROCESSING", "clip1")), Running()),
        (Reply(404, google_error(404, "NOT_FOUND", "no such file")), Succeeded(output=URI)),
    ],
)
async def test_a_film_is_there_when_its_file_is(
    omni: Omni, server: Loopback, key: Key, behaviour: Behaviour, state: OperationState
) -> None:
    server.on(LOOK, Reply(200, interaction("completed", steps=output({"type": "video", "uri": URI}))))
    server.on(FILM_FILE, behaviour)
    assert await omni.poll("int-1", key) == state


async def test_a_film_whose_file_failed_is_none(omni: Omni, server: Loopback, key: Key) -> None:
    done = interaction("completed", steps=output({"type": "video", "uri": URI}), usage=usage(video=28_960, into=40))
    server.on(LOOK, Reply(200, done))
    server.on(FILM_FILE, Reply(200, file("FAILED", "clip1")))
    state = await omni.poll("int-1", key)
    assert isinstance(state, Failed)
    assert (type(state.error), state.price_microusd) == (OperationFailed, 506_860)


async def test_a_film_inside_the_interaction_is_fetched_from_there(
    omni: Omni, server: Loopback, key: Key, tmp_path: Path
) -> None:
    video = {"type": "video", "mime_type": "video/mp4", "data": base64.b64encode(b"film").decode()}
    server.on(LOOK, Reply(200, interaction("completed", steps=output(video))))
    state = await omni.poll("int-1", key)
    assert state == Succeeded(output="int-1")
    await omni.fetch("int-1", tmp_path / "a.mp4", key)
    assert (tmp_path / "a.mp4").read_bytes() == b"film"


@pytest.mark.parametrize("data", ["", "no base64!"])
async def test_a_film_inside_that_is_none_leaves_no_file(
    omni: Omni, server: Loopback, key: Key, tmp_path: Path, data: str
) -> None:
    server.on(LOOK, Reply(200, interaction("completed", steps=output({"type": "video", "data": data}))))
    with pytest.raises(UnexpectedResponse):
        await omni.fetch("int-1", tmp_path / "a.mp4", key)
    assert list(tmp_path.iterdir()) == []


def usage(*, video: int = 0, text: int = 0, into: int = 0) -> dict[str, object]:
    return {
        "total_input_tokens": into,
        "total_output_tokens": video + text,
        "output_tokens_by_modality": [{"modality": "video", "tokens": video}],
    }


@pytest.mark.parametrize(
    ("tokens", "price"),
    [
        (usage(video=28_960), 506_800),  # five seconds of 720p
        (usage(video=28_960, into=40), 506_860),
        (usage(text=18), 162),
        (None, None),
        ({"total_input_tokens": 40}, None),
    ],
)
async def test_its_price_is_that_of_the_tokens_told(
    omni: Omni, server: Loopback, key: Key, tokens: dict[str, object] | None, price: int | None
) -> None:
    inside = {"type": "video", "data": "Zmlsbg=="}
    server.on(LOOK, Reply(200, interaction("completed", steps=output(inside), **({"usage": tokens} if tokens else {}))))
    state = await omni.poll("int-1", key)
    assert isinstance(state, Succeeded)
    assert state.price_microusd == price


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


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ProviderWorld]:
    async with ProviderWorld(directory=tmp_path_factory.mktemp("world")) as world:
        yield world


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def at_world(world: ProviderWorld) -> AsyncIterator[Omni]:
    async with httpx.AsyncClient() as http:
        omni = Omni(
            GoogleClients(base_url=world.gemini_url, read_timeout=5.0),
            http=http,
            clock=lambda: NOW,
            file_interval=0.001,
        )
        yield omni
        await omni.close()


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("name", ALL)
async def test_a_refused_order_is_posted_once_and_understood(world: ProviderWorld, at_world: Omni, name: str) -> None:
    quiet(world)
    world.faults.add("gemini", "POST", "/interactions$", ALL[name], times=9)
    means = EXPECTED[name]
    with pytest.raises(ProviderError) as caught:
        await at_world.submit(VIDEO, STUDIO)
    assert type(caught.value) is (means.paid or means.fault)
    assert len(world.requests) == len(world.paid("gemini", accepted=False)) == 1


STUDIO = Key(secret="sandbox-gemini-studio-1")


def quiet(world: ProviderWorld) -> None:
    world.faults.clear()
    world.journal.requests.clear()


@pytest.mark.asyncio(loop_scope="module")
async def test_every_source_becomes_a_film(world: ProviderWorld, at_world: Omni, picture: Path, tmp_path: Path) -> None:
    quiet(world)
    source = Clip(id="source", prompt="a koi", duration=2, width=320, height=180, audio=True)
    made = await draw(source, tmp_path / "source.mp4")
    seconds = []
    for one in (
        FromText(),
        FromImage(picture),
        FromImage(picture, picture),
        FromReferences((picture, picture)),
        Extension(made),
        Edit(made),
        Upscaling(made),
    ):
        operation = await at_world.submit(asking(one, resolution="360p"), STUDIO)
        state = await at_world.poll(operation.id, STUDIO)
        assert isinstance(state, Succeeded)
        await at_world.fetch(state.output, tmp_path / "film.mp4", STUDIO)
        facts = await facts_of(tmp_path / "film.mp4")
        assert facts.size == (640, 360)
        seconds.append(round(facts.duration))
    assert seconds == [3, 3, 3, 3, 5, 2, 2]
    assert len(world.paid("gemini")) == 7


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("fate", "fault"),
    [
        (ContentRefused(), ContentRejected),
        (Breaks(), OperationFailed),
        (Breaks("PROHIBITED_CONTENT"), ContentRejected),
        (EmptyOutput(), OperationFailed),
    ],
)
async def test_a_fate_is_understood(
    world: ProviderWorld, at_world: Omni, fate: Fault, fault: type[ProviderError]
) -> None:
    quiet(world)
    world.faults.add("gemini", "POST", "/interactions$", fate)
    operation = await at_world.submit(VIDEO, STUDIO)
    state = await at_world.poll(operation.id, STUDIO)
    assert isinstance(state, Failed)
    assert type(state.error) is fault


@pytest.mark.asyncio(loop_scope="module")
async def test_one_that_never_ends_runs_and_one_that_is_lost_is_unknown(world: ProviderWorld, at_world: Omni) -> None:
    quiet(world)
    world.faults.add("gemini", "POST", "/interactions$", NeverEnds())
    endless = await at_world.submit(VIDEO, STUDIO)
    assert await at_world.poll(endless.id, STUDIO) == Running()
    world.faults.add("gemini", "POST", "/interactions$", Lost())
    lost = await at_world.submit(VIDEO, STUDIO)
    with pytest.raises(InvalidRequest):
        await at_world.poll(lost.id, STUDIO)
