from __future__ import annotations

import base64
import json
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx2
import pytest
from google import genai
from google.genai import errors, types
from google.oauth2 import service_account
from PIL import Image

from sandbox.providers.accounts import Limits
from sandbox.providers.faults import Breaks, ContentRefused, EmptyOutput, Lost, NeverEnds
from sandbox.providers.film import Clip, draw
from sandbox.providers.world import ProviderWorld
from tests.sandbox.providers.conftest import Clock
from tests.sandbox.providers.media import facts_of

MODEL = "veo-3.1-generate-001"
At = Callable[[ProviderWorld, str], genai.Client]


@pytest.fixture
def vertex_at(http2: httpx2.AsyncClient) -> At:
    def build(world: ProviderWorld, account: str = "studio") -> genai.Client:
        options = types.HttpOptions(
            base_url=world.vertex_url,
            api_version="v1",
            timeout=20_000,
            retry_options=types.HttpRetryOptions(attempts=1),
            httpx_async_client=http2,
        )
        return genai.Client(enterprise=True, api_key=f"sandbox-vertex-{account}-1", http_options=options)

    return build


@pytest.fixture
def vertex(world: ProviderWorld, vertex_at: At) -> genai.Client:
    return vertex_at(world, "studio")


async def ordered(client: genai.Client, prompt: str = "a koi", model: str = MODEL, **more: Any) -> Any:
    source = types.GenerateVideosSource(prompt=prompt, image=more.pop("image", None), video=more.pop("video", None))
    wanted: dict[str, Any] = {"duration_seconds": 4, "generate_audio": True, **more}
    return await client.aio.models.generate_videos(
        model=model, source=source, config=types.GenerateVideosConfig(**wanted)
    )


async def ended(client: genai.Client, prompt: str = "a koi", **more: Any) -> Any:
    return await client.aio.operations.get(await ordered(client, prompt, **more))


def picture(colour: str) -> types.Image:
    content = BytesIO()
    Image.new("RGB", (64, 64), colour).save(content, "PNG")
    return types.Image(image_bytes=content.getvalue(), mime_type="image/png")


async def test_a_prediction_ends_with_a_film_in_the_answer(vertex: genai.Client, tmp_path: Path) -> None:
    operation = await ended(vertex, aspect_ratio="9:16")
    film = tmp_path / "film.mp4"
    film.write_bytes(operation.response.generated_videos[0].video.video_bytes)
    facts = await facts_of(film)
    assert (facts.duration, facts.size) == (4.0, (720, 1280))
    assert facts.streams == "Video: h264 yuv420p Audio: aac stereo"


async def test_sound_can_be_left_out(vertex: genai.Client, tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    film.write_bytes((await ended(vertex, generate_audio=False)).response.generated_videos[0].video.video_bytes)
    assert (await facts_of(film)).streams == "Video: h264 yuv420p"


async def test_it_can_be_found_by_its_name_alone(vertex: genai.Client) -> None:
    name = (await ordered(vertex)).name
    again = types.GenerateVideosOperation.model_construct(name=name)
    assert (await vertex.aio.operations.get(again)).done is True


async def test_a_clip_is_extended_by_seven_seconds(vertex: genai.Client, tmp_path: Path) -> None:
    clip = Clip(id="source", prompt="a koi", duration=2, width=640, height=360, audio=True)
    source = await draw(clip, tmp_path / "source.mp4")
    video = types.Video(video_bytes=source.read_bytes(), mime_type="video/mp4")
    operation = await ended(vertex, "it swims on", video=video, duration_seconds=7)
    film = tmp_path / "film.mp4"
    film.write_bytes(operation.response.generated_videos[0].video.video_bytes)
    assert (await facts_of(film)).duration == pytest.approx(9.0, abs=0.1)


async def test_pictures_may_begin_and_end_it_or_be_in_it(vertex: genai.Client) -> None:
    between = await ended(vertex, image=picture("red"), last_frame=picture("lime"))
    reference = types.VideoGenerationReferenceImage(
        image=picture("red"), reference_type=types.VideoGenerationReferenceType.ASSET
    )
    referring = await ended(vertex, reference_images=[reference] * 3, duration_seconds=8)
    assert [len(one.response.generated_videos) for one in (between, referring)] == [1, 1]


@pytest.mark.parametrize(
    ("model", "wrong"),
    [
        (MODEL, {"duration_seconds": 5}),
        (MODEL, {"aspect_ratio": "1:1"}),
        (MODEL, {"resolution": "360p"}),
        (MODEL, {"generate_audio": None}),
        (MODEL, {"number_of_videos": 5}),
        (MODEL, {"last_frame": picture("red")}),
        (MODEL, {"image": types.Image(image_bytes=b"no picture", mime_type="image/png")}),
        (MODEL, {"video": types.Video(video_bytes=b"no clip", mime_type="video/mp4"), "duration_seconds": 7}),
        ("veo-3.1-lite-generate-001", {"resolution": "4k"}),
        ("veo-3.1-lite-generate-001", {"image": picture("red"), "last_frame": picture("red")}),
    ],
)
async def test_what_a_model_does_not_offer_is_a_400(vertex: genai.Client, model: str, wrong: dict[str, Any]) -> None:
    with pytest.raises(errors.ClientError) as caught:
        await ordered(vertex, model=model, **wrong)
    assert (caught.value.code, caught.value.status) == (400, "INVALID_ARGUMENT")


@pytest.mark.parametrize(
    "model", ["veo-2.0-generate-001", "veo-3.0-generate-001", "veo-3.0-fast-generate-001", "veo-3.1-generate-preview"]
)
async def test_older_models_are_gone(vertex: genai.Client, model: str) -> None:
    with pytest.raises(errors.ClientError, match="Publisher Model") as caught:
        await ordered(vertex, model=model)
    assert caught.value.code == 404


async def test_a_field_nobody_knows_is_a_400(world: ProviderWorld, http2: httpx2.AsyncClient) -> None:
    url = f"{world.vertex_url}/v1/publishers/google/models/{MODEL}:predictLongRunning"
    body = {"instances": [{"prompt": "a koi"}], "parameters": {"generateAudio": True, "ratio": "16:9"}}
    answer = await http2.post(url, json=body, headers={"x-goog-api-key": "sandbox-vertex-studio-1"})
    assert answer.status_code == 400
    assert 'Unknown name "ratio"' in answer.json()["error"]["message"]


async def test_it_takes_its_time(tmp_path: Path, clock: Clock, vertex_at: At) -> None:
    async with ProviderWorld(directory=tmp_path, pace=10, clock=clock) as world:
        client = vertex_at(world, "studio")
        operation = await ordered(client)
        early = (await client.aio.operations.get(operation)).done
        clock.now += 11
        assert (early, (await client.aio.operations.get(operation)).done) == (None, True)


async def test_fates_are_told_as_the_platform_tells_them(world: ProviderWorld, vertex: genai.Client) -> None:
    told = []
    for fate in (ContentRefused(), ContentRefused("3"), Breaks(), Breaks("8"), EmptyOutput(), NeverEnds()):
        world.faults.add("vertex", "POST", ":predictLongRunning$", fate)
        operation = await ended(vertex)
        filtered = operation.response.rai_media_filtered_count if operation.response else None
        told.append((operation.done, (operation.error or {}).get("code"), filtered))
    assert told == [
        (True, None, 1), (True, 3, None), (True, 13, None), (True, 8, None), (True, None, None), (None, None, None),
    ]  # fmt: skip


async def test_words_of_refusal_are_refused(vertex: genai.Client) -> None:
    assert (await ended(vertex, "a forbidden ritual")).response.rai_media_filtered_count == 1


async def test_unknown_lost_and_foreign_operations_are_a_404(
    world: ProviderWorld, vertex_at: At, vertex: genai.Client
) -> None:
    world.faults.add("vertex", "POST", ":predictLongRunning$", Lost())
    lost, mine = await ordered(vertex), await ordered(vertex)
    nobody = types.GenerateVideosOperation.model_construct(name=f"{mine.name}0")
    for client, operation in ((vertex, lost), (vertex, nobody), (vertex_at(world, "another"), mine)):
        with pytest.raises(errors.ClientError) as caught:
            await client.aio.operations.get(operation)
        assert caught.value.code == 404


async def test_a_bucket_that_is_asked_for_is_named(vertex: genai.Client) -> None:
    video = (await ended(vertex, output_gcs_uri="gs://films/veo/")).response.generated_videos[0].video
    assert (video.uri.startswith("gs://films/veo/"), video.video_bytes) == (True, None)


async def test_each_order_is_one_paid_request(world: ProviderWorld, vertex: genai.Client) -> None:
    await ended(vertex)
    path = f"/v1/publishers/google/models/{MODEL}:predictLongRunning"
    assert [request.path for request in world.paid("vertex")] == [path]


async def test_limits_speak_without_details(tmp_path: Path, vertex_at: At) -> None:
    async with ProviderWorld(directory=tmp_path, limits={"vertex": Limits(requests_per_minute=1)}) as world:
        client = vertex_at(world, "studio")
        await ordered(client)
        with pytest.raises(errors.ClientError, match="long_running_online_prediction") as caught:
            await ordered(client)
    assert caught.value.code == 429


async def test_a_bad_key_is_a_400_and_a_bad_token_a_401(world: ProviderWorld, http2: httpx2.AsyncClient) -> None:
    url = f"{world.vertex_url}/v1/publishers/google/models/{MODEL}:predictLongRunning"
    sent: tuple[dict[str, str], ...] = ({"x-goog-api-key": "stranger"}, {"authorization": "Bearer stranger"}, {})
    assert [(await http2.post(url, json={}, headers=headers)).status_code for headers in sent] == [400, 401, 401]


async def test_an_account_buys_a_token_that_works_in_its_project(
    world: ProviderWorld, http2: httpx2.AsyncClient
) -> None:
    told = await http2.post(f"{world.vertex_url}/token", data=signed(world.vertex_account("studio")))
    token = told.json()["access_token"]
    url = f"{world.vertex_url}/v1/projects/p/locations/global/publishers/google/models/{MODEL}:predictLongRunning"
    body = {"instances": [{"prompt": "a koi"}], "parameters": {"generateAudio": True}}
    answer = await http2.post(url, json=body, headers={"authorization": f"Bearer {token}"})
    (request,) = world.paid("vertex")
    assert answer.json()["name"].startswith(f"projects/p/locations/global/publishers/google/models/{MODEL}/operations/")
    assert request.account == "studio"


async def test_a_token_ends_after_an_hour(tmp_path: Path, clock: Clock, http2: httpx2.AsyncClient) -> None:
    async with ProviderWorld(directory=tmp_path, clock=clock) as world:
        form = signed(world.vertex_account("studio"))
        token = (await http2.post(f"{world.vertex_url}/token", data=form)).json()["access_token"]
        clock.now += 3_601
        url = f"{world.vertex_url}/v1/projects/p/locations/l/publishers/google/models/{MODEL}:predictLongRunning"
        assert (await http2.post(url, json={}, headers={"authorization": f"Bearer {token}"})).status_code == 401


async def test_a_signature_that_is_not_the_accounts_is_refused(
    world: ProviderWorld, tmp_path: Path, http2: httpx2.AsyncClient
) -> None:
    form = signed(world.vertex_account("studio"))
    head, body, signature = form["assertion"].split(".")
    forged = base64.urlsafe_b64encode(b"x" * 256).decode().rstrip("=")
    assert forged != signature
    told = await http2.post(f"{world.vertex_url}/token", data={**form, "assertion": f"{head}.{body}.{forged}"})
    assert (told.status_code, told.json()["error"]) == (400, "invalid_grant")


def signed(document: str) -> dict[str, str]:
    """What google-auth would send for a token."""
    account = service_account.Credentials.from_service_account_info(  # type: ignore[no-untyped-call]
        json.loads(document), scopes=["https://www.googleapis.com/auth/cloud-platform"]
    )
    assertion = account._make_authorization_grant_assertion().decode()  # made nowhere else
    return {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion}
