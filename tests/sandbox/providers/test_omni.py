from __future__ import annotations

import base64
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx2
import pytest
from google import genai
from PIL import Image

from sandbox.providers.accounts import Limits
from sandbox.providers.faults import Breaks, EmptyOutput, Lost, NeverEnds
from sandbox.providers.film import Clip, draw, run_ffmpeg
from sandbox.providers.world import ProviderWorld
from tests.sandbox.providers.conftest import Clock
from tests.sandbox.providers.media import facts_of
from tests.sandbox.providers.recorded import Answers

At = Callable[[ProviderWorld, str], genai.Client]


async def ordered(client: genai.Client, prompt: str = "a koi that becomes a dragon", **more: Any) -> Any:
    wanted = {"type": "video", "aspect_ratio": "16:9", "resolution": "360p", "duration": "3s", "delivery": "uri"}
    return await client.aio.interactions.create(
        model=more.pop("model", "gemini-omni-1.1-flash"),
        background=more.pop("background", True),
        input=more.pop("input", [{"type": "text", "text": prompt}]),
        generation_config=more.pop("generation_config", None),
        response_format={name: value for name, value in {**wanted, **more}.items() if value is not None},
    )


def part(colour: str) -> dict[str, str]:
    picture = BytesIO()
    Image.new("RGB", (64, 64), colour).save(picture, "PNG")
    return {"type": "image", "data": base64.b64encode(picture.getvalue()).decode(), "mime_type": "image/png"}


def words(text: str = "it wakes") -> dict[str, str]:
    return {"type": "text", "text": text}


def task(name: str) -> dict[str, object]:
    return {"video_config": {"task": name}}


@pytest.fixture
async def clip(gemini: genai.Client, tmp_path: Path) -> dict[str, str]:
    """A clip of two seconds that is already with the project."""
    source = Clip(id="source", prompt="a koi", duration=2, width=320, height=180, audio=True)
    path = await draw(source, tmp_path / "source.mp4")
    file = await gemini.aio.files.upload(file=path, config={"mime_type": "video/mp4"})
    return {"type": "video", "uri": str(file.uri), "mime_type": "video/mp4"}


async def film_of(client: genai.Client, interaction: Any, path: Path) -> Path:
    await client.aio.files.download(file=interaction.output_video.uri, destination=str(path))
    return path


async def test_an_interaction_ends_with_a_film_to_download(gemini: genai.Client, tmp_path: Path) -> None:
    interaction = await ordered(gemini)
    assert interaction.status == "completed"
    uri = interaction.output_video.uri
    assert uri.startswith("https://generativelanguage.googleapis.com/v1beta/files/")
    film = tmp_path / "film.mp4"
    await gemini.aio.files.download(file=uri, destination=str(film))
    facts = await facts_of(film)
    assert (facts.duration, facts.size) == (3.0, (640, 360))
    assert facts.streams == "Video: h264 yuv420p Audio: aac stereo"


async def test_inline_delivery_carries_the_film_itself(gemini: genai.Client) -> None:
    interaction = await ordered(gemini, delivery="inline", background=False)
    assert base64.b64decode(interaction.output_video.data)[4:8] == b"ftyp"


async def test_a_picture_may_be_what_it_starts_from(gemini: genai.Client) -> None:
    interaction = await ordered(gemini, input=[part("red"), words()])
    assert interaction.status == "completed"


async def test_it_ends_on_the_second_of_two_pictures(gemini: genai.Client, tmp_path: Path) -> None:
    inputs = [part("red"), part("lime"), words("[# Sources <FIRST_FRAME>@Image1 <LAST_FRAME>@Image2]\nit grows")]
    interaction = await ordered(gemini, input=inputs, generation_config=task("image_to_video"))
    film = await film_of(gemini, interaction, tmp_path / "film.mp4")
    frame = tmp_path / "last.png"
    await run_ffmpeg(["-v", "error", "-sseof", "-0.1", "-i", str(film), "-frames:v", "1", str(frame)])
    with Image.open(frame) as last:
        red, green, blue = last.convert("RGB").resize((1, 1)).tobytes()
    assert (red < 40, green > 200, blue < 40) == (True, True, True)


async def test_references_are_in_it(gemini: genai.Client, tmp_path: Path) -> None:
    inputs = [part("red"), part("blue"), words("[# References <IMAGE_REF_0>@Image1 <IMAGE_REF_1>@Image2]\na talk")]
    interaction = await ordered(gemini, input=inputs, generation_config=task("reference_to_video"))
    film = await film_of(gemini, interaction, tmp_path / "film.mp4")
    frame = tmp_path / "first.png"
    await run_ffmpeg(["-v", "error", "-i", str(film), "-frames:v", "1", str(frame)])
    with Image.open(frame) as first:
        corner = first.convert("RGB").crop((20, 20, 60, 60)).resize((1, 1)).tobytes()
    assert (corner[0] > 200, corner[1] < 40, corner[2] < 40) == (True, True, True)


@pytest.mark.parametrize(
    ("name", "duration", "resolution", "seconds", "size"),
    [
        ("extend", "3s", "360p", 5.0, (640, 360)),
        ("edit", None, "360p", 2.0, (640, 360)),
        ("upscale", None, "720p", 2.0, (1280, 720)),
    ],
)
async def test_a_clip_is_made_longer_other_or_larger(
    gemini: genai.Client,
    clip: dict[str, str],
    tmp_path: Path,
    name: str,
    duration: str | None,
    resolution: str,
    seconds: float,
    size: tuple[int, int],
) -> None:
    interaction = await ordered(
        gemini,
        input=[clip, words()],
        generation_config=task(name),
        duration=duration,
        resolution=resolution,
        aspect_ratio=None,
    )
    facts = await facts_of(await film_of(gemini, interaction, tmp_path / "film.mp4"))
    assert facts.size == size
    assert facts.duration == pytest.approx(seconds, abs=0.1)


async def test_a_clip_that_is_not_ready_may_not_be_used(
    world: ProviderWorld, gemini: genai.Client, tmp_path: Path
) -> None:
    world.faults.add("gemini", "POST", "/upload/", NeverEnds())
    (tmp_path / "clip.mp4").write_bytes(b"whatever")
    file = await gemini.aio.files.upload(file=tmp_path / "clip.mp4", config={"mime_type": "video/mp4"})
    video = {"type": "video", "uri": file.uri, "mime_type": "video/mp4"}
    with pytest.raises(Exception, match="not in an ACTIVE state") as caught:  # its class is private
        await ordered(gemini, input=[video, words()], generation_config=task("edit"))
    assert getattr(caught.value, "status_code", None) == 400


@pytest.mark.parametrize(
    ("inputs", "name"),
    [
        ([words()], "image_to_video"),
        ([words()], "extend"),
        ([part("red"), words()], "text_to_video"),
        ([part("red"), part("red"), part("red"), words()], "image_to_video"),
        ([part("red"), words()], "edit"),
    ],
)
async def test_a_task_takes_what_it_takes(gemini: genai.Client, inputs: list[dict[str, str]], name: str) -> None:
    with pytest.raises(Exception, match="does not fit task") as caught:
        await ordered(gemini, input=inputs, generation_config=task(name))
    assert getattr(caught.value, "status_code", None) == 400


@pytest.mark.parametrize(
    "wrong",
    [
        {"generation_config": {"seed": 1}},
        {"model": "gemini-omni-1.2-flash", "duration": "16s"},
        {"model": "gemini-omni-1.2-flash", "duration": "11s", "input": [part("red"), part("red"), words()]},
        {"input": [{**part("red"), "mime_type": "image/webp"}, words()]},
        {"input": [{"type": "image", "data": "bm8gcGljdHVyZQ==", "mime_type": "image/png"}, words()]},
        {"input": [{"type": "video", "data": "bm8gY2xpcA==", "mime_type": "video/mp4"}, words()]},
    ],
)
async def test_what_an_order_may_not_say_is_a_400(gemini: genai.Client, wrong: dict[str, Any]) -> None:
    with pytest.raises(Exception, match=r"seed|duration|image|video") as caught:
        await ordered(gemini, **wrong)
    assert getattr(caught.value, "status_code", None) == 400


async def test_it_takes_its_time_and_can_be_cancelled(tmp_path: Path, clock: Clock, gemini_at: At) -> None:
    async with ProviderWorld(directory=tmp_path, pace=10, clock=clock, limits={"omni": Limits(concurrency=1)}) as world:
        client = gemini_at(world, "studio")
        first, second = await ordered(client), await ordered(client)
        seen: list[tuple[Any, ...]] = [(first.status, second.status)]
        clock.now += 11
        seen.append(tuple([(await client.aio.interactions.get(one.id)).status for one in (first, second)]))
        await client.aio.interactions.cancel(second.id)
        seen.append(tuple([(await client.aio.interactions.get(one.id)).status for one in (first, second)]))
    assert seen == [("in_progress", "queued"), ("completed", "in_progress"), ("completed", "cancelled")]


async def test_answers_are_what_the_schema_says(world: ProviderWorld, gemini_at: At, http2: httpx2.AsyncClient) -> None:
    answers = Answers("gemini")
    http2.event_hooks = {"response": [answers.on_response]}
    client = gemini_at(world, "studio")
    for fate in (None, Breaks(), EmptyOutput(), NeverEnds()):
        if fate is not None:
            world.faults.add("gemini", "POST", "/interactions$", fate)
        await client.aio.interactions.get((await ordered(client)).id)
    await ordered(client, "a forbidden ritual")
    assert (answers.violations, answers.seen) == ([], 9)


async def test_a_refusal_is_completed_with_words_and_no_film(gemini: genai.Client) -> None:
    interaction = await ordered(gemini, "a forbidden ritual")
    assert (interaction.status, interaction.output_video) == ("completed", None)
    assert "usage policies" in interaction.output_text


async def test_unknown_and_lost_interactions_are_a_400(world: ProviderWorld, gemini: genai.Client) -> None:
    world.faults.add("gemini", "POST", "/interactions$", Lost())
    lost = await ordered(gemini)
    for identity in (lost.id, "v1_nobody"):
        with pytest.raises(Exception, match="Invalid interaction name") as caught:  # its class is private
            await gemini.aio.interactions.get(identity)
        assert getattr(caught.value, "status_code", None) == 400


@pytest.mark.parametrize(
    "wrong", [{"duration": "11s"}, {"duration": "2s"}, {"aspect_ratio": "1:1"}, {"resolution": "720i"}]
)
async def test_what_the_model_does_not_offer_is_a_400(gemini: genai.Client, wrong: dict[str, str]) -> None:
    with pytest.raises(Exception, match=r"[Ii]nvalid|duration must be") as caught:
        await ordered(gemini, **wrong)
    assert getattr(caught.value, "status_code", None) == 400


async def test_a_film_belongs_to_the_project_that_made_it(
    world: ProviderWorld, gemini_at: At, gemini: genai.Client, tmp_path: Path
) -> None:
    uri = (await ordered(gemini)).output_video.uri
    with pytest.raises(genai.errors.ClientError) as caught:
        await gemini_at(world, "another").aio.files.download(file=uri, destination=str(tmp_path / "x.mp4"))
    assert caught.value.code == 403


async def test_each_order_is_one_paid_request(world: ProviderWorld, gemini: genai.Client) -> None:
    await gemini.aio.interactions.get((await ordered(gemini)).id)
    assert [request.path for request in world.paid("gemini")] == ["/v1beta/interactions"]
