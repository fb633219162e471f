from __future__ import annotations

from pathlib import Path

from PIL import Image

from sandbox.providers.film import Clip, Films, draw, run_ffmpeg
from tests.sandbox.providers.media import facts_of


def clip(prompt: str = "a koi that becomes a dragon", **more: object) -> Clip:
    shape = {"id": "op-1", "prompt": prompt, "duration": 2, "width": 320, "height": 180}
    return Clip(**{**shape, **more})  # type: ignore[arg-type]  # the values are as the names say


async def test_a_clip_is_an_h264_film_of_the_right_length_and_size(tmp_path: Path) -> None:
    facts = await facts_of(await draw(clip(), tmp_path / "clip.mp4"))
    assert (facts.duration, facts.size, facts.streams) == (2.0, (320, 180), "Video: h264 yuv420p")


async def test_a_model_that_sings_adds_stereo_sound(tmp_path: Path) -> None:
    facts = await facts_of(await draw(clip(audio=True), tmp_path / "clip.mp4"))
    assert facts.streams.endswith("Audio: aac stereo")


async def test_a_clip_moves_and_differs_by_prompt(tmp_path: Path) -> None:
    film = await draw(clip(), tmp_path / "one.mp4")
    other = await draw(clip("a lighthouse at night in the rain"), tmp_path / "two.mp4")
    frames = {await frame(film, 0.0), await frame(film, 1.5), await frame(other, 0.0)}
    assert len(frames) == 3


async def test_the_same_words_filmed_again_look_different(tmp_path: Path) -> None:
    async with Films(tmp_path, eager=False) as films:
        asked = [clip(id="op-1"), clip(id="op-2")]
        for each in asked:
            films.order(each)
        skies = [(await frame(await films.file(each), 0.0))[: 320 * 60 * 3] for each in (*asked[::-1], asked[0])]

    assert skies[0] != skies[1] == skies[2]
    assert skies[1] == (await frame(await draw(clip(), tmp_path / "alone.mp4"), 0.0))[: 320 * 60 * 3]


async def test_a_start_image_is_what_the_clip_begins_with(tmp_path: Path) -> None:
    start = tmp_path / "start.png"
    Image.new("RGB", (640, 360), (200, 30, 30)).save(start)
    film = await draw(clip(start_image=start), tmp_path / "clip.mp4")
    red, green, blue = (await frame(film, 0.0))[:3]
    assert (abs(red - 200) < 12, abs(green - 30) < 12, abs(blue - 30) < 12) == (True, True, True)


async def test_hostile_words_in_a_prompt_stay_words(tmp_path: Path) -> None:
    hostile = "x';[in]drawtext=textfile=/etc/passwd:\\ %{pts} \n\x00 日本 " + "w" * 900
    facts = await facts_of(await draw(clip(hostile), tmp_path / "clip.mp4"))
    assert facts.duration == 2.0


async def frame(film: Path, at: float) -> bytes:
    raw, _ = await run_ffmpeg(
        ["-v", "error", "-ss", str(at), "-i", str(film), "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "rgb24", "-"]
    )
    return raw
