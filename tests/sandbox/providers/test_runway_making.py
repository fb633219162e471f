"""Clips made out of clips, and what each order costs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest
import runwayml
from PIL import Image
from runwayml import AsyncRunwayML

from sandbox.providers.film import Clip, draw, run_ffmpeg
from sandbox.providers.runway.offer import MODELS
from sandbox.providers.world import ProviderWorld
from tests.sandbox.providers.conftest import runway_at
from tests.sandbox.providers.media import facts_of

HEADERS = {"Authorization": "Bearer sandbox-runway-studio-1", "X-Runway-Version": "2024-11-06"}


async def clip(tmp_path: Path, seconds: float, *, audio: bool = True, name: str = "clip") -> Path:
    shape = Clip(id=name, prompt="a koi in a pond", duration=seconds, width=320, height=180, audio=audio)
    return await draw(shape, tmp_path / f"{name}.mp4")


async def uploaded(client: AsyncRunwayML, path: Path) -> str:
    return (await client.uploads.create_ephemeral(file=(path.name, path.read_bytes()))).uri


async def ordered(
    world: ProviderWorld, http: httpx.AsyncClient, endpoint: str, body: Mapping[str, object]
) -> httpx.Response:
    return await http.post(f"{world.runway_url}/v1/{endpoint}", json=body, headers=HEADERS)


async def made(world: ProviderWorld, http: httpx.AsyncClient, tmp_path: Path, answer: httpx.Response) -> Path:
    task = await runway_at(world, http).tasks.retrieve(answer.json()["id"])
    assert task.status == "SUCCEEDED"
    film = tmp_path / "made.mp4"
    film.write_bytes((await http.get(task.output[0])).content)
    return film


async def colour(path: Path, at: float) -> tuple[int, ...]:
    """The mean colour of a frame."""
    pixel, _ = await run_ffmpeg(
        ["-v", "error", "-ss", str(at), "-i", str(path), "-frames:v", "1", "-vf", "scale=1:1:flags=area",
         "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    )  # fmt: skip
    return tuple(pixel[:3])


def distance(one: tuple[int, ...], other: tuple[int, ...]) -> int:
    return sum(abs(a - b) for a, b in zip(one, other, strict=True))


async def test_an_edit_keeps_length_and_size_and_looks_otherwise(
    world: ProviderWorld, runway: AsyncRunwayML, http: httpx.AsyncClient, tmp_path: Path
) -> None:
    source = await clip(tmp_path, 2)
    body = {"model": "aleph2", "videoUri": await uploaded(runway, source), "promptText": "at night"}
    answer = await ordered(world, http, "video_to_video", body)
    film = await made(world, http, tmp_path, answer)
    facts = await facts_of(film)
    assert (round(facts.duration, 1), facts.size) == (2.0, (320, 180))
    assert distance(await colour(film, 1), await colour(source, 1)) > 40
    assert answer.json()["estimatedCost"]["credits"] == 56


async def test_an_omni_edit_is_720p(
    world: ProviderWorld, runway: AsyncRunwayML, http: httpx.AsyncClient, tmp_path: Path
) -> None:
    source = await clip(tmp_path, 2, audio=False)
    body = {"model": "gemini_omni_flash", "videoUri": await uploaded(runway, source), "promptText": "at night"}
    facts = await facts_of(await made(world, http, tmp_path, await ordered(world, http, "video_to_video", body)))
    assert (round(facts.duration, 1), facts.size, facts.streams) == (2.0, (1280, 720), "Video: h264 yuv420p")


@pytest.mark.parametrize(("resolution", "size", "price"), [("720p", (1280, 720), 34), ("1k", (1920, 1080), 34)])
async def test_an_upscaled_clip_has_more_pixels_and_costs_by_the_frame(
    world: ProviderWorld,
    runway: AsyncRunwayML,
    http: httpx.AsyncClient,
    tmp_path: Path,
    resolution: str,
    size: tuple[int, int],
    price: int,
) -> None:
    uri = await uploaded(runway, await clip(tmp_path, 2))
    body = {"model": "magnific_video_upscaler_creative", "videoUri": uri, "resolution": resolution}
    answer = await ordered(world, http, "video_upscale", body)
    facts = await facts_of(await made(world, http, tmp_path, answer))
    assert (round(facts.duration, 1), facts.size) == (2.0, size)
    assert answer.json()["estimatedCost"]["credits"] == price  # 48 frames


@pytest.mark.parametrize("kind", ["image", "video"])
async def test_a_performance_lasts_as_long_as_the_acting_and_keeps_its_voice(
    world: ProviderWorld, runway: AsyncRunwayML, http: httpx.AsyncClient, tmp_path: Path, kind: str
) -> None:
    acting = await uploaded(runway, await clip(tmp_path, 3))
    picture = tmp_path / "hero.webp"
    Image.new("RGB", (96, 96), "purple").save(picture)
    character = picture if kind == "image" else await clip(tmp_path, 1, name="hero")
    body = {
        "model": "act_two",
        "character": {"type": kind, "uri": await uploaded(runway, character)},
        "reference": {"type": "video", "uri": acting},
        "ratio": "720:1280",
    }
    answer = await ordered(world, http, "character_performance", body)
    facts = await facts_of(await made(world, http, tmp_path, answer))
    assert (round(facts.duration, 1), facts.size) == (3.0, (720, 1280))
    assert "Audio" in facts.streams
    assert answer.json()["estimatedCost"]["credits"] in {15, 16}  # 5 a second; ours is a frame longer than 3 s


async def test_an_extension_goes_on_after_the_clip(
    world: ProviderWorld, runway: AsyncRunwayML, http: httpx.AsyncClient, tmp_path: Path
) -> None:
    source = await clip(tmp_path, 2)
    body = {
        "model": "seedance2_5",
        "promptVideo": await uploaded(runway, source),
        "promptText": "it swims on",
        "mode": "extend",
        "duration": 4,
    }
    answer = await ordered(world, http, "video_to_video", body)
    film = await made(world, http, tmp_path, answer)
    assert (await facts_of(film)).duration == pytest.approx(6.0, abs=0.1)
    assert distance(await colour(film, 1), await colour(source, 1)) < 12
    assert answer.json()["estimatedCost"]["credits"] in range(150, 153)  # 4 of 30 a second, and 15 for each given


@pytest.mark.parametrize(
    ("endpoint", "model", "field", "seconds", "words"),
    [
        ("video_to_video", "aleph2", "videoUri", 1, "at least 2 seconds"),
        ("video_to_video", "gemini_omni_flash", "videoUri", 11, "at most 10 seconds"),
        ("video_upscale", "magnific_video_upscaler_creative", "videoUri", 31, "at most 30 seconds"),
    ],
)
async def test_a_source_of_the_wrong_length_is_refused(
    world: ProviderWorld,
    runway: AsyncRunwayML,
    http: httpx.AsyncClient,
    tmp_path: Path,
    endpoint: str,
    model: str,
    field: str,
    seconds: int,
    words: str,
) -> None:
    source = tmp_path / "grey.mp4"
    await run_ffmpeg(["-f", "lavfi", "-i", f"color=gray:s=64x64:r=5:d={seconds}", "-pix_fmt", "yuv420p", str(source)])
    body: dict[str, object] = {"model": model, field: await uploaded(runway, source)}
    if "promptText" in MODELS[endpoint][model].required:
        body["promptText"] = "at night"
    answer = await ordered(world, http, endpoint, body)
    assert answer.status_code == 400
    assert words in answer.json()["issues"][0]["message"]


@pytest.mark.parametrize(
    ("model", "ratio", "more", "price"),
    [
        ("gen4.5", "1280:720", {}, 60),
        ("veo3.1", "1280:720", {"duration": 4}, 160),
        ("veo3.1", "1280:720", {"duration": 4, "audio": False}, 80),
        ("veo3.1_fast", "1920:1080", {"duration": 8}, 120),
        ("veo3.1_fast", "1920:1080", {"duration": 8, "audio": False}, 80),
        ("gemini_omni_flash", "1280:720", {}, 50),
        ("gemini_omni_flash_1.1", "640:360", {}, 20),
        ("seedance2", "1280:720", {}, 180),
        ("seedance2", "1920:1080", {}, 200),
        ("seedance2", "3840:2160", {}, 750),
        ("seedance2_fast", "1280:720", {}, 145),
        ("seedance2_mini", "1280:720", {}, 80),
        ("seedance2_5", "1280:720", {}, 150),
        ("seedance2_5", "854:480", {"duration": 4}, 80),
        ("seedance2_5", "1920:1080", {}, 340),
    ],
)
async def test_each_model_costs_what_it_costs(
    world: ProviderWorld, http: httpx.AsyncClient, model: str, ratio: str, more: dict[str, object], price: int
) -> None:
    body = {"model": model, "promptText": "a koi", "ratio": ratio, "duration": 5, **more}
    answer = await ordered(world, http, "text_to_video", body)
    assert answer.json()["estimatedCost"]["credits"] == price


async def test_a_picture_that_is_none_is_refused(world: ProviderWorld, runway: AsyncRunwayML, tmp_path: Path) -> None:
    fake = tmp_path / "fake.png"
    fake.write_text("no picture")
    with pytest.raises(runwayml.BadRequestError, match="could not be decoded"):
        await runway.image_to_video.create(
            model="gen4_turbo", prompt_image=await uploaded(runway, fake), ratio="960:960", duration=2
        )
    assert world.paid("runway") == []


async def test_a_clip_ends_on_its_last_picture(
    world: ProviderWorld, runway: AsyncRunwayML, http: httpx.AsyncClient, tmp_path: Path
) -> None:
    frames = []
    for position, paint in (("first", (200, 0, 0)), ("last", (0, 200, 0))):
        picture = tmp_path / f"{position}.png"
        Image.new("RGB", (64, 36), paint).save(picture)
        frames.append({"uri": await uploaded(runway, picture), "position": position})
    body = {"model": "veo3.1_fast", "promptImage": frames, "promptText": "a koi", "ratio": "1280:720", "duration": 4}
    film = await made(world, http, tmp_path, await ordered(world, http, "image_to_video", body))
    assert distance(await colour(film, 3.9), (0, 200, 0)) < 30
