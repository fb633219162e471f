"""What the sandbox's Gemini sees of clips and pictures, and what it counts."""

from __future__ import annotations

from pathlib import Path

import pytest
from google import genai
from google.genai import errors, types
from PIL import Image

from sandbox.providers.eyes import time_in
from sandbox.providers.film import run_ffmpeg
from tests.sandbox.providers.test_gemini import MODEL, asked
from tests.sandbox.providers.test_writer import Analysis


@pytest.fixture(scope="module")
def three_colours(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the film of six seconds is drawn: red, green and blue for two seconds each, with sound."""
    return tmp_path_factory.mktemp("film") / "film.mp4"


@pytest.fixture
async def uploaded(gemini: genai.Client, three_colours: Path) -> types.FileData:
    if not three_colours.exists():
        inputs = [
            part
            for colour in ("red", "green", "blue")
            for part in ("-f", "lavfi", "-i", f"color=c={colour}:s=320x180:r=12:d=2")
        ]
        await run_ffmpeg(
            [*inputs, "-f", "lavfi", "-i", "sine=d=6", "-filter_complex", "[0][1][2]concat=n=3", "-preset", "ultrafast",
             "-pix_fmt", "yuv420p", str(three_colours)]
        )  # fmt: skip
    file = await gemini.aio.files.upload(file=three_colours, config=types.UploadFileConfig(mime_type="video/mp4"))
    return types.FileData(file_uri=file.uri, mime_type="video/mp4")


def contents(file: types.FileData, **video: float | str) -> list[types.Content]:
    metadata = types.VideoMetadata.model_validate(video) if video else None
    parts = [types.Part(file_data=file, video_metadata=metadata), types.Part(text="what is it?")]
    return [types.Content(role="user", parts=parts)]


async def analysed(gemini: genai.Client, said: list[types.Content]) -> Analysis:
    answer = await gemini.aio.models.generate_content(model=MODEL, contents=[*said], config=asked(Analysis))
    assert isinstance(answer.parsed, Analysis)
    return answer.parsed


async def test_only_the_moments_of_a_clip_are_named(gemini: genai.Client, uploaded: types.FileData) -> None:
    whole = await analysed(gemini, contents(uploaded))
    clip = await analysed(gemini, contents(uploaded, start_offset="2.5s", end_offset="5s"))
    assert [moment.at for moment in whole.moments] == [0.0, 2.0, 4.0]
    assert [moment.at for moment in clip.moments] == [2.5, 4.0]
    assert "2.5 seconds" in clip.summary


async def test_a_part_of_one_take_is_told_from_where_it_begins(gemini: genai.Client, uploaded: types.FileData) -> None:
    clip = await analysed(gemini, contents(uploaded, start_offset="2.2s", end_offset="3.7s"))
    assert [moment.at for moment in clip.moments] == [2.2, 2.7, 3.2]


@pytest.mark.parametrize(
    "video",
    [
        {"start_offset": "4s", "end_offset": "2s"},
        {"start_offset": "7s"},
        {"start_offset": "soon"},
        {"fps": 25.0},
        {"fps": -1.0},
    ],
)
async def test_what_is_no_part_of_the_video_is_refused(
    gemini: genai.Client, uploaded: types.FileData, video: dict[str, float | str]
) -> None:
    with pytest.raises(errors.ClientError) as caught:
        await analysed(gemini, contents(uploaded, **video))
    assert caught.value.status == "INVALID_ARGUMENT"


@pytest.mark.parametrize(
    ("video", "level", "frames", "sound"),
    [
        ({}, None, 6 * 70, 6 * 32),
        ({}, "LOW", 6 * 70, 6 * 32),
        ({}, "HIGH", 6 * 280, 6 * 32),
        ({"start_offset": "1s", "end_offset": "3s"}, "HIGH", 2 * 280, 2 * 32),
        ({"fps": 0.5}, "MEDIUM", 3 * 70, 6 * 32),
        ({"fps": 4.0}, None, 24 * 70, 6 * 32),
    ],
)
async def test_frames_take_tokens_by_how_closely_they_are_looked_at(
    gemini: genai.Client,
    uploaded: types.FileData,
    video: dict[str, float | str],
    level: str | None,
    frames: int,
    sound: int,
) -> None:
    said = contents(uploaded, **video)
    config = asked(Analysis, system="x" * 8)
    config.media_resolution = types.MediaResolution(f"MEDIA_RESOLUTION_{level}") if level else None
    answer = await gemini.aio.models.generate_content(model=MODEL, contents=[*said], config=config)
    assert answer.usage_metadata is not None
    told = {
        detail.modality.value: detail.token_count
        for detail in answer.usage_metadata.prompt_tokens_details or []
        if detail.modality
    }
    assert told == {"TEXT": 2 + 3, "VIDEO": frames, "AUDIO": sound}
    assert answer.usage_metadata.prompt_token_count == sum(told.values())  # type: ignore[arg-type]  # none is None


async def test_counting_agrees_with_what_an_answer_says_it_took(gemini: genai.Client, uploaded: types.FileData) -> None:
    said = contents(uploaded, start_offset="1s")
    answer = await gemini.aio.models.generate_content(model=MODEL, contents=[*said])
    counted = await gemini.aio.models.count_tokens(model=MODEL, contents=[*said])
    assert answer.usage_metadata is not None
    assert counted.total_tokens == answer.usage_metadata.prompt_token_count
    used = answer.usage_metadata
    assert used.total_token_count == sum(
        count or 0 for count in (used.prompt_token_count, used.candidates_token_count, used.thoughts_token_count)
    )


async def test_a_stream_tells_what_it_took_so_far(gemini: genai.Client) -> None:
    stream = await gemini.aio.models.generate_content_stream(model=MODEL, contents="a fox", config=asked(Analysis))
    written = [chunk.usage_metadata.candidates_token_count or 0 async for chunk in stream if chunk.usage_metadata]
    assert written == sorted(written)
    assert written[-1] > written[0]


def pictures_of(tmp_path: Path, *colours: str) -> list[types.Part]:
    parts = []
    for colour in colours:
        Image.new("RGB", (64, 36), colour).save(tmp_path / colour, "WEBP")
        blob = types.Blob(data=(tmp_path / colour).read_bytes(), mime_type="image/webp")
        parts.append(types.Part(inline_data=blob))
    return parts


async def test_captioned_pictures_are_a_film_seen_by_stills(gemini: genai.Client, tmp_path: Path) -> None:
    red, blue = pictures_of(tmp_path, "red", "blue")
    parts = [types.Part(text="at 0.5 s"), red, types.Part(text="at 7.25 s"), blue, types.Part(text="what happens?")]
    seen = await analysed(gemini, [types.Content(role="user", parts=parts)])
    assert [moment.at for moment in seen.moments] == [0.5, 7.25]
    assert ["red" in seen.moments[0].what, "blue" in seen.moments[1].what] == [True, True]
    assert "2 pictures, wide, 64×36, from 0.5 s to 7.25 s" in seen.summary
    assert "what happens?" in seen.summary
    assert "at 7.25 s" not in seen.summary


async def test_a_picture_takes_tokens_and_a_broken_one_is_refused(gemini: genai.Client, tmp_path: Path) -> None:
    (red,) = pictures_of(tmp_path, "red")
    low = types.PartMediaResolution(level=types.PartMediaResolutionLevel.MEDIA_RESOLUTION_LOW)
    small = types.Part(inline_data=red.inline_data, media_resolution=low)
    counted = await gemini.aio.models.count_tokens(model=MODEL, contents=[types.Content(parts=[red, small])])
    assert counted.total_tokens == 1120 + 280
    broken = types.Part(inline_data=types.Blob(data=b"RIFF no picture", mime_type="image/webp"))
    with pytest.raises(errors.ClientError, match="Unable to process input image"):
        await gemini.aio.models.generate_content(model=MODEL, contents=[types.Content(parts=[broken])])


@pytest.mark.parametrize(
    ("caption", "at"),
    [
        ("at 3.5 s", 3.5),
        ("frame 2, at 12 seconds", 12.0),
        ("1:03", 63.0),
        ("a red fox", None),
        ("shot 3", None),
        ("make it 5 s long " * 9, None),
    ],
)
def test_a_caption_says_when_a_picture_was_taken(caption: str, at: float | None) -> None:
    assert time_in(caption) == at
