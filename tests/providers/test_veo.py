from __future__ import annotations

import asyncio
import base64
import itertools
import json
import logging
import traceback
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
    RateLimited,
    Unavailable,
    UnexpectedResponse,
)
from providers.veo import Veo
from providers.veo_wire import MODELS, material_of
from providers.vertex import VertexClients
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
from sandbox.providers.answers import Answer
from sandbox.providers.faults import Breaks, ContentRefused, EmptyOutput, Fault, Lost, NeverEnds
from sandbox.providers.faults import Hang as WorldHang
from sandbox.providers.faults import Reset as WorldReset
from sandbox.providers.film import Clip, draw
from sandbox.providers.world import ProviderWorld
from sandbox.refusals.google import ALL
from tests.providers.conftest import SECRET, TLS, Key
from tests.providers.loopback import Behaviour, Hang, Loopback, Reply, Reset, Truncated, listening
from tests.providers.test_gemini import NOW, google_error
from tests.providers.test_google_refusals import EXPECTED
from tests.sandbox.providers.media import facts_of

MODEL = "veo-3.1-generate-001"
PATH = f"projects/000000000000/locations/us-central1/publishers/google/models/{MODEL}"
NAME = f"{PATH}/operations/op-1"
ORDER, LOOK = f"POST /v1/publishers/google/models/{MODEL}:predictLongRunning", f"POST /v1/{PATH}:fetchPredictOperation"
VIDEO = VideoRequest(model=MODEL, prompt="a koi", duration=4, ratio="16:9")
ACCEPTED = Reply(200, {"name": NAME})
FILM = base64.b64encode(b"film").decode()
MP4 = b"\x00\x00\x00\x18ftypisom\x00\x00\x02\x00isomiso2"


def done(**response: object) -> Reply:
    return Reply(200, {"name": NAME, "done": True, "response": {"@type": "GenerateVideoResponse", **response}})


def failed(code: int, message: str) -> Reply:
    return Reply(200, {"name": NAME, "done": True, "error": {"code": code, "message": message}})


def asking(source: Source, **more: Any) -> VideoRequest:
    return VideoRequest(
        **{"model": MODEL, "prompt": "it wakes", "duration": 8, "ratio": "9:16", **more, "source": source}
    )


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    path = tmp_path / "clip.bin"
    path.write_bytes(MP4)
    return path


@pytest.fixture
async def veo(server: Loopback, http: httpx.AsyncClient) -> AsyncIterator[Veo]:
    veo = Veo(VertexClients(base_url=server.url, read_timeout=0.3), http=http, storage_url=server.url)
    yield veo
    await veo.close()


async def ordered(veo: Veo, server: Loopback, key: Key, request: VideoRequest) -> Any:
    """The body of the one order."""
    server.on(f"POST /v1/publishers/google/models/{request.model}:predictLongRunning", ACCEPTED)
    assert await veo.submit(request, key) == Operation(id=NAME)
    (seen,) = server.seen
    assert seen.headers["x-goog-api-key"] == SECRET
    return seen.json


async def test_words_become_one_order(veo: Veo, server: Loopback, key: Key) -> None:
    body = await ordered(veo, server, key, VIDEO)
    assert body == {
        "instances": [{"prompt": "a koi"}],
        "parameters": {
            "sampleCount": 1, "durationSeconds": 4, "aspectRatio": "16:9", "resolution": "720p", "generateAudio": True,
        },
    }  # fmt: skip


async def test_sound_size_and_seed_are_the_callers(veo: Veo, server: Loopback, key: Key) -> None:
    request = VideoRequest(model=MODEL, prompt="x", duration=6, ratio="9:16", resolution="4k", audio=False, seed=7)
    parameters = (await ordered(veo, server, key, request))["parameters"]
    assert (parameters["resolution"], parameters["generateAudio"], parameters["seed"]) == ("4k", False, 7)


async def test_pictures_and_clips_travel_inside_the_order(
    veo: Veo, server: Loopback, key: Key, picture: Path, clip: Path
) -> None:
    image = {"bytesBase64Encoded": base64.b64encode(picture.read_bytes()).decode(), "mimeType": "image/png"}
    video = {"bytesBase64Encoded": base64.b64encode(MP4).decode(), "mimeType": "video/mp4"}
    sources: list[tuple[Source, dict[str, object]]] = [
        (FromImage(picture), {"image": image}),
        (FromImage(picture, picture), {"image": image, "lastFrame": image}),
        (FromReferences((picture, picture)), {"referenceImages": [{"image": image, "referenceType": "asset"}] * 2}),
        (Extension(clip), {"video": video}),
    ]
    server.on(ORDER, ACCEPTED)
    for source, _ in sources:
        await veo.submit(asking(source), key)
    instances = [seen.json["instances"][0] for seen in server.seen]
    assert [{**one, "referenceImages": lower(one)} if "referenceImages" in one else one for one in instances] == [
        {"prompt": "it wakes", **expected} for _, expected in sources
    ]
    assert [seen.json["parameters"]["durationSeconds"] for seen in server.seen] == [8, 8, 8, 7]


def lower(instance: dict[str, Any]) -> list[dict[str, Any]]:
    return [{**one, "referenceType": one["referenceType"].lower()} for one in instance["referenceImages"]]


@pytest.mark.parametrize(
    ("wrong", "fault"),
    [
        ({"ratio": "1:1"}, InvalidRequest),
        ({"duration": 5}, InvalidRequest),
        ({"resolution": "360p"}, InvalidRequest),
        ({"seed": -1}, InvalidRequest),
        ({"model": "veo-3.1-lite-generate-001", "resolution": "4k"}, InvalidRequest),
        ({"model": "gemini-omni-1.2-flash"}, InvalidRequest),
        ({"model": "veo-2.0-generate-001"}, ModelRetired),
        ({"model": "veo-3.0-generate-001"}, ModelRetired),
        ({"model": "veo-3.0-fast-generate-001"}, ModelRetired),
        ({"model": "veo-3.1-generate-preview"}, ModelRetired),
    ],
)
async def test_what_the_model_does_not_make_is_never_sent(
    veo: Veo, server: Loopback, key: Key, wrong: dict[str, Any], fault: type[ProviderError]
) -> None:
    with pytest.raises(fault):
        await veo.submit(VideoRequest(**{"model": MODEL, "prompt": "x", "duration": 4, "ratio": "16:9", **wrong}), key)
    assert server.seen == []


@pytest.mark.parametrize(
    ("old", "successor"),
    [
        ("veo-2.0-generate-001", "veo-3.1-generate-001"),
        ("veo-3.0-fast-generate-001", "veo-3.1-fast-generate-001"),
        ("veo-3.1-lite-generate-preview", "veo-3.1-lite-generate-001"),
    ],
)
async def test_an_older_veo_names_who_took_over(veo: Veo, key: Key, old: str, successor: str) -> None:
    with pytest.raises(ModelRetired) as caught:
        await veo.submit(VideoRequest(model=old, prompt="x", duration=4, ratio="16:9"), key)
    assert caught.value.successor == successor


async def test_what_cannot_be_made_of_a_file_is_never_sent(
    veo: Veo, server: Loopback, key: Key, picture: Path, clip: Path
) -> None:
    lite = {"model": "veo-3.1-lite-generate-001"}
    sources: list[tuple[Source, dict[str, Any]]] = [
        (FromImage(clip), {}),
        (FromImage(picture, picture), lite),
        (FromReferences((picture,)), {"duration": 4}),
        (FromReferences((picture,)), lite),
        (FromReferences((picture,) * 4), {}),
        (FromReferences(()), {}),
        (Extension(picture), {}),
        (Extension(clip), {"resolution": "4k"}),
        (Edit(clip), {}),
        (Upscaling(clip), {}),
        (Performance(picture, clip), {}),
    ]
    for source, more in sources:
        with pytest.raises(InvalidRequest):
            await veo.submit(asking(source, **more), key)
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
    models = [model for model in Catalogue.load().video if model.provider == "vertex"]
    assert {model.id for model in models} == set(MODELS)
    for model in models:
        for task, ratio, resolution in itertools.product(model.can, model.ratios, model.resolutions):
            if (task, resolution) == (Task.EXTEND, "4k"):
                continue  # the one thing that the catalogue has no words for
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
    ("behaviour", "fault"),
    [
        (Reset(), OutcomeUnknown),
        (Hang(), OutcomeUnknown),
        (Truncated(), OutcomeUnknown),
        (Reply(200, b"<html>"), OutcomeUnknown),
        (Reply(200, {}), OutcomeUnknown),
        (Reply(200, {"name": "../../other"}), OutcomeUnknown),
        (Reply(400, google_error(400, "INVALID_ARGUMENT", "It violates our usage guidelines.")), ContentRejected),
        (Reply(404, google_error(404, "NOT_FOUND", f"Publisher Model `{PATH}` was not found.")), ModelRetired),
        (
            Reply(429, google_error(429, "RESOURCE_EXHAUSTED", "Quota exceeded for aiplatform.googleapis.com")),
            RateLimited,
        ),
    ],
)
async def test_an_order_is_posted_once_whatever_happens_and_its_fate_is_named(
    veo: Veo, server: Loopback, key: Key, behaviour: Behaviour, fault: type[ProviderError]
) -> None:
    server.on(ORDER, behaviour, ACCEPTED)
    with pytest.raises(ProviderError) as caught:
        await veo.submit(VIDEO, key)
    assert (type(caught.value), caught.value.provider) == (fault, "vertex")
    assert len(server.seen) == 1


async def test_an_order_that_never_left_is_unavailable(http: httpx.AsyncClient, key: Key) -> None:
    veo = Veo(VertexClients(base_url="http://127.0.0.1:1"), http=http)
    with pytest.raises(Unavailable, match="never left"):
        await veo.submit(VIDEO, key)
    await veo.close()


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (Reply(200, {"name": NAME}), Running()),
        (Reply(200, {"name": NAME, "done": False, "metadata": {"x": 1}}), Running()),
        (done(videos=[{"bytesBase64Encoded": FILM, "mimeType": "video/mp4"}]), Succeeded(output=NAME)),
        (done(videos=[{"gcsUri": "gs://films/a.mp4", "mimeType": "video/mp4"}]), Succeeded(output="gs://films/a.mp4")),
    ],
)
async def test_an_operation_is_read_by_its_name_alone(
    veo: Veo, server: Loopback, key: Key, answer: Reply, state: OperationState
) -> None:
    server.on(LOOK, answer)
    assert await veo.poll(NAME, key) == state
    assert server.seen[0].json == {"operationName": NAME}


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (done(raiMediaFilteredCount=1, raiMediaFilteredReasons=["it violates the guidelines"]), ContentRejected),
        (done(raiMediaFilteredCount=1), ContentRejected),
        (done(), OperationFailed),
        (done(videos=[]), OperationFailed),
        (done(videos=[{"mimeType": "video/mp4"}]), OperationFailed),
        (Reply(200, {"name": NAME, "done": True}), OperationFailed),
        (
            failed(3, "This prompt contains sensitive words that violate Google's Responsible AI practices"),
            ContentRejected,
        ),
        (failed(3, "Unsupported output video duration"), OperationFailed),
        (failed(8, "The service is currently experiencing high load"), OperationFailed),
        (failed(13, "Internal error"), OperationFailed),
    ],
)
async def test_an_operation_that_ends_without_a_film_says_why(
    veo: Veo, server: Loopback, key: Key, answer: Reply, fault: type[ProviderError]
) -> None:
    server.on(LOOK, answer)
    state = await veo.poll(NAME, key)
    assert isinstance(state, Failed)
    assert (type(state.error), state.price_microusd) == (fault, None)


@pytest.mark.parametrize(
    ("behaviour", "fault"),
    [
        (Reset(), Unavailable),
        (Hang(), Unavailable),
        (Truncated(), Unavailable),
        (Reply(200, b"<html>"), UnexpectedResponse),
        (Reply(500, google_error(500, "INTERNAL", "x")), Unavailable),
        (Reply(401, google_error(401, "UNAUTHENTICATED", "x")), KeyRejected),
        (Reply(404, google_error(404, "NOT_FOUND", f"The operation {NAME} was not found.")), InvalidRequest),
    ],
)
async def test_looking_is_repeatable_and_an_unknown_operation_is_told_apart(
    veo: Veo, server: Loopback, key: Key, behaviour: Behaviour, fault: type[ProviderError]
) -> None:
    server.on(LOOK, behaviour)
    with pytest.raises(ProviderError) as caught:
        await veo.poll(NAME, key)
    assert type(caught.value) is fault


async def test_a_name_that_is_none_is_never_asked_for(veo: Veo, server: Loopback, key: Key) -> None:
    for name in ("op-1", "projects/../../token", f"{NAME}/../../x"):
        with pytest.raises(InvalidRequest):
            await veo.poll(name, key)
    assert server.seen == []


async def test_the_film_is_written_whole(veo: Veo, server: Loopback, key: Key, tmp_path: Path) -> None:
    server.on(LOOK, done(videos=[{"bytesBase64Encoded": FILM, "mimeType": "video/mp4"}]))
    await veo.fetch(NAME, tmp_path / "a.mp4", key)
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("a.mp4", b"film")]


@pytest.mark.parametrize(
    ("behaviour", "fault"),
    [
        (Truncated(), Unavailable),
        (done(), UnexpectedResponse),
        (done(videos=[{"bytesBase64Encoded": "", "mimeType": "video/mp4"}]), UnexpectedResponse),
        (Reply(200, {"name": NAME}), UnexpectedResponse),
    ],
)
async def test_a_film_that_does_not_come_whole_leaves_no_file(
    veo: Veo, server: Loopback, key: Key, tmp_path: Path, behaviour: Behaviour, fault: type[ProviderError]
) -> None:
    server.on(LOOK, behaviour)
    with pytest.raises(fault):
        await veo.fetch(NAME, tmp_path / "a.mp4", key)
    assert list(tmp_path.iterdir()) == []


async def test_a_bucket_is_not_opened_with_an_api_key(veo: Veo, server: Loopback, key: Key, tmp_path: Path) -> None:
    with pytest.raises(UnexpectedResponse, match="bucket"):
        await veo.fetch("gs://films/a.mp4", tmp_path / "a.mp4", key)
    assert server.seen == []


async def test_cancelling_asks_nobody(veo: Veo, server: Loopback, key: Key) -> None:
    await veo.cancel(NAME, key)
    assert server.seen == []


# Accounts


def express(_: ProviderWorld) -> Key:
    return Key(secret="sandbox-vertex-studio-1")


def account(world: ProviderWorld) -> Key:
    return Key(secret=world.vertex_account("studio"))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def opened(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ProviderWorld]:
    async with ProviderWorld(directory=tmp_path_factory.mktemp("world"), stock_films=True) as world:
        yield world


@pytest.fixture
def world(opened: ProviderWorld) -> ProviderWorld:
    quiet(opened)
    return opened


def quiet(world: ProviderWorld) -> None:
    world.faults.clear()
    world.journal.requests.clear()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def at_world(opened: ProviderWorld) -> AsyncIterator[Veo]:
    async with httpx.AsyncClient(verify=TLS) as http:
        veo = Veo(VertexClients(base_url=opened.vertex_url, read_timeout=5.0), http=http, clock=lambda: NOW)
        yield veo
        await veo.close()


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("key_of", [express, account])
async def test_a_film_is_made_with_either_kind_of_key(
    world: ProviderWorld, at_world: Veo, tmp_path: Path, key_of: Any
) -> None:
    key = key_of(world)
    operation = await at_world.submit(VIDEO, key)
    state = await at_world.poll(operation.id, key)
    assert isinstance(state, Succeeded)
    await at_world.fetch(state.output, tmp_path / "a.mp4", key)
    facts = await facts_of(tmp_path / "a.mp4")
    assert (facts.duration, facts.size, len(world.paid("vertex"))) == (4.0, (1280, 720), 1)


@pytest.mark.asyncio(loop_scope="module")
async def test_every_source_is_taken(world: ProviderWorld, at_world: Veo, picture: Path, tmp_path: Path) -> None:
    source = await draw(Clip(id="source", prompt="a koi", duration=2, width=320, height=180), tmp_path / "source.mp4")
    sources = (FromImage(picture), FromImage(picture, picture), FromReferences((picture,) * 3), Extension(source))
    for one in sources:
        await at_world.submit(asking(one), express(world))
    assert len(world.paid("vertex")) == 4


@pytest.mark.asyncio(loop_scope="module")
async def test_a_token_is_fetched_once_and_its_project_and_place_are_ours(world: ProviderWorld) -> None:
    async with httpx.AsyncClient(verify=TLS) as http:
        clients = VertexClients(project="chosen", location="global", base_url=world.vertex_url)
        veo, key = Veo(clients, http=http), account(world)
        for _ in range(2):
            await veo.submit(VIDEO, key)
        await veo.close()
    model = f"/v1/projects/chosen/locations/global/publishers/google/models/{MODEL}:predictLongRunning"
    assert [request.path for request in world.requests] == ["/token", model, model]


@pytest.mark.asyncio(loop_scope="module")
async def test_two_orders_at_once_fetch_one_token_and_an_old_one_is_renewed(world: ProviderWorld) -> None:
    key = account(world)
    async with httpx.AsyncClient(verify=TLS) as http:
        veo = Veo(VertexClients(base_url=world.vertex_url), http=http)
        await asyncio.gather(veo.submit(VIDEO, key), veo.submit(VIDEO, key))
        fresh = [request.path for request in world.requests].count("/token")
        await veo.close()
        quiet(world)
        world.faults.add("vertex", "POST", "^/token$", Answer(200, {"access_token": "sandbox-old", "expires_in": 300}))
        with pytest.raises(KeyRejected):  # the sandbox never gave that one
            await veo.submit(VIDEO, key)
        await veo.submit(VIDEO, key)
        await veo.close()
    assert (fresh, [request.path for request in world.requests].count("/token")) == (1, 2)


@pytest.mark.asyncio(loop_scope="module")
async def test_without_one_the_project_is_the_accounts_own(world: ProviderWorld, at_world: Veo) -> None:
    operation = await at_world.submit(VIDEO, account(world))
    assert operation.id.startswith("projects/sandbox-project/locations/us-central1/")


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("fault", "raised"),
    [
        (Answer(400, {"error": "invalid_grant", "error_description": "Invalid JWT Signature."}), KeyRejected),
        (Answer(401, {"error": "unauthorized_client"}), KeyRejected),
        (Answer(400, "<html>"), KeyRejected),
        (Answer(200, {"token_type": "Bearer"}), KeyRejected),
        (Answer(500, {"error": "internal_failure"}), Unavailable),
        (Answer(503, "<html>"), Unavailable),
        (Answer(429, {"error": "rate_limit_exceeded"}), Unavailable),
        (Answer(302, {}, {"Location": "http://127.0.0.1:1/"}), Unavailable),
        (WorldReset(), Unavailable),
        (WorldHang(), Unavailable),
    ],
)
async def test_a_token_that_is_not_given_orders_nothing(
    world: ProviderWorld, fault: Fault, raised: type[ProviderError]
) -> None:
    key = account(world)
    world.faults.add("vertex", "POST", "^/token$", fault, times=9)
    async with httpx.AsyncClient(verify=TLS) as http:
        veo = Veo(VertexClients(base_url=world.vertex_url, read_timeout=0.3), http=http)
        with pytest.raises(ProviderError) as caught:
            await veo.submit(VIDEO, key)
        await veo.close()
    assert (type(caught.value), [request.path for request in world.requests]) == (raised, ["/token"])
    assert_silent_on(key, "".join(traceback.format_exception(caught.value)))


def assert_silent_on(key: Key, text: str) -> None:
    private = json.loads(key.secret)["private_key"]
    assert not any(line in text for line in private.splitlines())


@pytest.mark.asyncio(loop_scope="module")
async def test_neither_key_nor_token_is_told(
    world: ProviderWorld, at_world: Veo, caplog: pytest.LogCaptureFixture
) -> None:
    key = account(world)
    with caplog.at_level(logging.DEBUG):
        _, sent = await at_world._clients.of(key)
        echo = {"error": {"code": 403, "status": "PERMISSION_DENIED", "message": f"no {sent.secret} here"}}
        world.faults.add("vertex", "POST", ":predictLongRunning$", Answer(403, echo))
        with pytest.raises(KeyRejected) as caught:
            await at_world.submit(VIDEO, key)
    told = "".join(traceback.format_exception(caught.value)) + caplog.text + repr(sent)
    assert sent.secret not in told
    assert_silent_on(key, told)


@pytest.mark.parametrize(
    "secret",
    [
        '{"type": "service_account"}',
        '{"type": "external_account", "project_id": "p"}',
        "{damaged",
        '{"type": "service_account", "client_email": "a", "token_uri": "https://x", "private_key": "hidden-key"}',
        "an Ünusable key",
    ],
)
async def test_a_key_that_cannot_be_one_is_rejected_and_not_shown(veo: Veo, server: Loopback, secret: str) -> None:
    with pytest.raises(KeyRejected) as caught:
        await veo.submit(VIDEO, Key(secret=secret))
    assert "hidden-key" not in "".join(traceback.format_exception(caught.value))
    assert server.seen == []


@pytest.mark.asyncio(loop_scope="module")
async def test_a_film_in_a_bucket_is_fetched_with_the_token(world: ProviderWorld, tmp_path: Path) -> None:
    key = account(world)
    async with listening() as server, httpx.AsyncClient(verify=TLS) as http:
        server.on("GET /films/a%20b.mp4", Reply(200, b"film"))
        server.on("GET /films/a b.mp4", Reply(200, b"film"))
        veo = Veo(VertexClients(base_url=world.vertex_url), http=http, storage_url=server.url)
        await veo.fetch("gs://films/a b.mp4", tmp_path / "a.mp4", key)
        await veo.close()
        (seen,) = server.seen
    assert (tmp_path / "a.mp4").read_bytes() == b"film"
    assert seen.headers["authorization"].startswith("Bearer sandbox-vertex-studio-")


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("key_of", [express, account])
async def test_the_environment_changes_nothing(
    world: ProviderWorld, monkeypatch: pytest.MonkeyPatch, key_of: Any
) -> None:
    for name, value in {
        "GOOGLE_API_KEY": "stranger",
        "GEMINI_API_KEY": "stranger",
        "GOOGLE_CLOUD_PROJECT": "stranger",
        "GOOGLE_CLOUD_LOCATION": "nowhere1",
        "GOOGLE_VERTEX_BASE_URL": "http://127.0.0.1:1",
        "GOOGLE_GEMINI_BASE_URL": "http://127.0.0.1:1",
        "GOOGLE_GENAI_API_VERSION": "v9",
        "GOOGLE_GENAI_USE_ENTERPRISE": "false",
        "GOOGLE_GENAI_USE_VERTEXAI": "false",
        "GOOGLE_GENAI_HTTP_CLIENT": "aiohttp",
        "GOOGLE_APPLICATION_CREDENTIALS": "/nowhere.json",
        "GOOGLE_CLOUD_QUOTA_PROJECT": "stranger",
    }.items():
        monkeypatch.setenv(name, value)
    async with httpx.AsyncClient(verify=TLS) as http:
        veo = Veo(VertexClients(base_url=world.vertex_url), http=http)
        operation = await veo.submit(VIDEO, key_of(world))
        await veo.poll(operation.id, key_of(world))
        await veo.close()
    assert not any("stranger" in f"{request.path}{request.key}" for request in world.requests)
    assert len(world.paid("vertex")) == 1


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("fate", "fault"),
    [
        (ContentRefused(), ContentRejected),
        (ContentRefused("3"), ContentRejected),
        (Breaks(), OperationFailed),
        (EmptyOutput(), OperationFailed),
    ],
)
async def test_a_fate_is_understood(
    world: ProviderWorld, at_world: Veo, fate: Fault, fault: type[ProviderError]
) -> None:
    world.faults.add("vertex", "POST", ":predictLongRunning$", fate)
    operation = await at_world.submit(VIDEO, express(world))
    state = await at_world.poll(operation.id, express(world))
    assert isinstance(state, Failed)
    assert type(state.error) is fault


@pytest.mark.asyncio(loop_scope="module")
async def test_one_that_never_ends_runs_and_one_that_is_lost_is_unknown(world: ProviderWorld, at_world: Veo) -> None:
    world.faults.add("vertex", "POST", ":predictLongRunning$", NeverEnds())
    endless = await at_world.submit(VIDEO, express(world))
    assert await at_world.poll(endless.id, express(world)) == Running()
    world.faults.add("vertex", "POST", ":predictLongRunning$", Lost())
    lost = await at_world.submit(VIDEO, express(world))
    with pytest.raises(InvalidRequest):
        await at_world.poll(lost.id, express(world))


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("name", ALL)
async def test_a_refused_order_is_posted_once_and_understood(world: ProviderWorld, at_world: Veo, name: str) -> None:
    world.faults.add("vertex", "POST", ":predictLongRunning$", ALL[name], times=9)
    means = EXPECTED[name]
    with pytest.raises(ProviderError) as caught:
        await at_world.submit(VIDEO, express(world))
    assert (type(caught.value), caught.value.provider) == (means.paid or means.fault, "vertex")
    assert len(world.requests) == len(world.paid("vertex", accepted=False)) == 1
