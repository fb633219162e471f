from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from bot.media.clips import join, normalise
from bot.media.encode import Frame
from bot.media.errors import FfmpegFailed
from bot.media.probe import MediaLimits, Probe, probe
from tests.bot.media.conftest import QUICK, Draw, picture, tone
from tests.bot.media.sound import onsets, samples

if TYPE_CHECKING:
    from pathlib import Path

    from bot.media.ffmpeg import Ffmpeg

LIMITS = MediaLimits()
VP8 = ("-c:v", "libvpx", "-deadline", "realtime", "-c:a", "libopus")
SMALL = Frame(width=320, height=180, fps=24)


async def normalised(ffmpeg: Ffmpeg, clip: Path, out: Path, frame: Frame = SMALL) -> Probe:
    await normalise(ffmpeg, clip, await probe(ffmpeg, clip, LIMITS), out, frame=frame)
    return await probe(ffmpeg, out, LIMITS)


def beep(seconds: float) -> tuple[str, ...]:
    """A tenth of a second of tone, then silence."""
    return ("-f", "lavfi", "-i", f"aevalsrc='if(lt(t,0.1),sin(2*PI*880*t),0)':s=44100:d={seconds}")


@pytest.fixture
def variety(draw: Draw, plain: Path) -> list[Path]:
    """A second each of what people bring: rates, sides, rotation, silence, surround, VP8."""
    return [
        plain,
        draw("mute.mov", *picture("200x200", rate=25), *QUICK),
        draw("turned.mp4", "-display_rotation", "90", "-i", str(plain), "-c", "copy"),
        draw("odd.mp4", "-f", "lavfi", "-i", "testsrc=s=321x241:d=1", *QUICK, "-pix_fmt", "yuv444p"),
        draw(
            "live.webm", *picture("160x120"), *tone(), *("-c:v", "libvpx", "-deadline", "realtime", "-c:a", "libopus")
        ),
        draw("surround.mp4", *picture(rate=60), *tone(), *QUICK, "-c:a", "aac", "-ac", "6", "-shortest"),
        draw("anamorphic.mp4", *picture("180x240"), *QUICK, "-vf", "setsar=4/3"),
        draw("ten-bit.mp4", *picture(), "-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p10le"),
    ]


async def test_whatever_people_bring_becomes_alike_and_joins_to_its_sum(
    ffmpeg: Ffmpeg, variety: list[Path], tmp_path: Path
) -> None:
    clips = []
    for number, clip in enumerate(variety):
        found = await normalised(ffmpeg, clip, tmp_path / f"clip-{number}.mp4")
        assert (found.width, found.height, round(found.fps), found.has_audio) == (320, 180, 24, True), clip.name
        assert found.duration == pytest.approx(1.0, abs=0.06), clip.name
        clips.append(tmp_path / f"clip-{number}.mp4")

    await join(ffmpeg, clips, tmp_path / "film.mp4")

    film = await probe(ffmpeg, tmp_path / "film.mp4", LIMITS)
    assert film.duration == pytest.approx(len(variety), abs=1 / 24 + 0.03)
    assert (film.width, film.height, film.video_codec, film.has_audio) == (320, 180, "h264", True)
    assert sorted(path.suffix for path in tmp_path.iterdir()) == [".mp4"] * (len(variety) + 1)


async def test_sound_keeps_to_its_picture_over_many_seams(ffmpeg: Ffmpeg, draw: Draw, tmp_path: Path) -> None:
    # 29 frames at 24 a second: no multiple of an AAC frame, so that any seam would add its error
    clip = draw("beep.mp4", *picture("64x64", 1.2, 24), *beep(2), *QUICK, "-c:a", "aac")
    found = await normalised(ffmpeg, clip, tmp_path / "clip.mp4")
    assert found.picture_duration == pytest.approx(29 / 24, abs=0.001)

    await join(ffmpeg, [tmp_path / "clip.mp4"] * 10, tmp_path / "film.mp4")

    heard = onsets(samples(ffmpeg, tmp_path / "film.mp4"))
    assert heard == pytest.approx([number * 29 / 24 for number in range(10)], abs=0.005)


async def test_sound_that_outlasts_its_picture_is_cut(ffmpeg: Ffmpeg, draw: Draw, tmp_path: Path) -> None:
    clip = draw("outlasting.mp4", *picture(seconds=0.5), *tone(2), *QUICK, "-c:a", "aac")

    found = await normalised(ffmpeg, clip, tmp_path / "clip.mp4")

    assert found.duration == pytest.approx(0.5, abs=0.06)


async def test_nothing_hidden_in_an_upload_reaches_the_film(ffmpeg: Ffmpeg, draw: Draw, tmp_path: Path) -> None:
    tagged = draw("tagged.mp4", *picture(), *QUICK, "-metadata", "title=canary-title")
    polyglot = tmp_path / "upload.mp4"
    polyglot.write_bytes(tagged.read_bytes() + b"PK\3\4canary-archive")

    await normalised(ffmpeg, polyglot, tmp_path / "clip.mp4")

    assert b"canary" in polyglot.read_bytes()
    assert b"canary" not in (tmp_path / "clip.mp4").read_bytes()


async def test_the_index_stands_in_front(ffmpeg: Ffmpeg, plain: Path, tmp_path: Path) -> None:
    await normalised(ffmpeg, plain, tmp_path / "clip.mp4")

    content = (tmp_path / "clip.mp4").read_bytes()
    assert content.index(b"moov") < content.index(b"mdat")


async def test_progress_is_measured_and_never_falls(ffmpeg: Ffmpeg, draw: Draw, tmp_path: Path) -> None:
    clip = draw("progress.mp4", *picture(seconds=4), *QUICK)
    told: list[float] = []

    await normalise(
        ffmpeg, clip, await probe(ffmpeg, clip, LIMITS), tmp_path / "out.mp4", frame=Frame(), on_progress=told.append
    )

    assert told == sorted(told)
    assert told[-1] == 1.0
    assert any(0 < share < 1 for share in told)


async def test_names_with_quotes_and_blanks_join(ffmpeg: Ffmpeg, plain: Path, tmp_path: Path) -> None:
    folder = tmp_path / "it's a 'folder' %05d"
    await normalised(ffmpeg, plain, folder / "-clip.mp4")

    await join(ffmpeg, [folder / "-clip.mp4"] * 2, folder / "film.mp4")

    assert (await probe(ffmpeg, folder / "film.mp4", LIMITS)).duration == pytest.approx(2.0, abs=0.06)


async def test_a_failure_leaves_no_file(ffmpeg: Ffmpeg, plain: Path, tmp_path: Path) -> None:
    found = await probe(ffmpeg, plain, LIMITS)
    damaged = tmp_path / "damaged.mp4"
    damaged.write_bytes(plain.read_bytes()[:400])

    with pytest.raises(FfmpegFailed):
        await normalise(ffmpeg, damaged, found, tmp_path / "out" / "clip.mp4", frame=SMALL)

    assert list((tmp_path / "out").iterdir()) == []


async def test_a_cancelled_encoding_leaves_no_file(ffmpeg: Ffmpeg, draw: Draw, tmp_path: Path) -> None:
    clip = draw("progress.mp4", *picture(seconds=4), *QUICK)
    found = await probe(ffmpeg, clip, LIMITS)
    began = asyncio.Event()
    task = asyncio.ensure_future(
        normalise(ffmpeg, clip, found, tmp_path / "out.mp4", frame=Frame(fps=60), on_progress=lambda _: began.set())
    )
    await began.wait()

    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert list(tmp_path.iterdir()) == []


def test_a_frame_with_an_odd_side_is_refused() -> None:
    with pytest.raises(ValueError, match="even"):
        Frame(width=321)


async def test_a_clip_shorter_than_its_words_stands_still_on_its_last_picture(
    ffmpeg: Ffmpeg, plain: Path, tmp_path: Path
) -> None:
    out = tmp_path / "held.mp4"
    await normalise(ffmpeg, plain, await probe(ffmpeg, plain, LIMITS), out, frame=SMALL, at_least=2.5)

    found = await probe(ffmpeg, out, LIMITS)
    assert found.picture_duration == pytest.approx(2.5, abs=0.001)
    assert found.duration == pytest.approx(2.5, abs=0.06)
