from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.media.errors import CannotFit, MediaRefused
from bot.media.fit import (
    LADDER,
    Rendition,
    fit,
    is_fast_start,
    list_packets,
    plays_inline,
    sound_duration,
    video_bitrate,
)
from bot.media.probe import MediaLimits, probe
from tests.bot.media.conftest import QUICK, Draw, picture, tone

if TYPE_CHECKING:
    from pathlib import Path

    from bot.media.ffmpeg import Ffmpeg


@pytest.fixture
def film(draw: Draw) -> Path:
    """A second of 720p that hardly compresses: about 1 MB."""
    noisy = ("-f", "lavfi", "-i", "testsrc2=s=1280x720:r=24:d=1,noise=alls=20:allf=t", *tone(1))
    return draw("film.mp4", *noisy, *QUICK, "-crf", "30", "-c:a", "aac", "-shortest", "-movflags", "+faststart")


async def test_a_film_that_fits_is_returned_as_it_is(ffmpeg: Ffmpeg, film: Path, tmp_path: Path) -> None:
    size = film.stat().st_size

    rendition = await fit(ffmpeg, film, size, tmp_path / "small.mp4")

    assert rendition == Rendition(path=film, size=size, side=None)


@pytest.mark.parametrize(("max_bytes", "side"), [(330_000, 720), (100_000, 480)])
async def test_the_best_rendition_below_the_limit_is_made(
    ffmpeg: Ffmpeg, film: Path, tmp_path: Path, max_bytes: int, side: int
) -> None:
    rendition = await fit(ffmpeg, film, max_bytes, tmp_path / "small.mp4")

    found = await probe(ffmpeg, rendition.path, MediaLimits())
    assert rendition.size == found.size <= max_bytes
    assert (rendition.side, found.height) == (side, side)
    assert found.duration == pytest.approx(1.0, abs=0.06)


async def test_a_film_that_cannot_fit_says_so_and_leaves_nothing(ffmpeg: Ffmpeg, film: Path, tmp_path: Path) -> None:
    with pytest.raises(CannotFit):
        await fit(ffmpeg, film, 15_000, tmp_path / "small.mp4")

    assert list(tmp_path.iterdir()) == []


def test_the_bitrate_leaves_room_for_sound_and_container() -> None:
    bitrate = video_bitrate(LADDER[0], max_bytes=10 << 20, duration=60.0)

    assert (bitrate + LADDER[0].audio_bitrate) * 60 / 8 < 0.95 * (10 << 20)


async def test_an_upright_film_is_scaled_by_its_short_side(ffmpeg: Ffmpeg, draw: Draw, tmp_path: Path) -> None:
    noisy = ("-f", "lavfi", "-i", "testsrc2=s=540x960:r=24:d=1,noise=alls=20:allf=t", *QUICK, "-crf", "30")

    rendition = await fit(ffmpeg, draw("upright.mp4", *noisy), 80_000, tmp_path / "small.mp4")

    found = await probe(ffmpeg, rendition.path, MediaLimits())
    assert (found.width, found.height) == (480, 854)


@pytest.mark.parametrize("name", ["voice.wav", "voice.mp3", "voice.ogg", "voice.flac", "voice.mp4"])
async def test_a_recording_lasts_as_long_as_it_is_heard(ffmpeg: Ffmpeg, draw: Draw, name: str) -> None:
    recording = draw(f"1234ms-{name}", *tone(1.234))

    # mp3 cannot say where it ends: up to one frame of padding at each end is heard as silence
    assert await sound_duration(ffmpeg, recording) == pytest.approx(1.234, abs=0.06 if name == "voice.mp3" else 0.025)


async def test_a_cut_recording_is_not_as_long_as_its_header_says(ffmpeg: Ffmpeg, draw: Draw, tmp_path: Path) -> None:
    cut = tmp_path / "cut.wav"
    cut.write_bytes(draw("four.wav", *tone(4)).read_bytes()[: 44100 * 2])

    assert await sound_duration(ffmpeg, cut) == pytest.approx(1.0, abs=0.01)


async def test_a_film_without_sound_has_no_sound_to_measure(ffmpeg: Ffmpeg, draw: Draw) -> None:
    mute = draw("mute-fit.mp4", "-f", "lavfi", "-i", "testsrc2=s=64x64:r=24:d=1", *QUICK)

    with pytest.raises(MediaRefused):
        await sound_duration(ffmpeg, mute)


async def test_a_film_whose_index_is_at_its_end_is_copied_so_that_it_plays_while_it_loads(
    ffmpeg: Ffmpeg, draw: Draw, tmp_path: Path
) -> None:
    late = draw("late.mp4", *picture(seconds=1), *tone(1), *QUICK, "-c:a", "aac", "-shortest")
    early = draw("early.mp4", "-i", str(late), "-c", "copy", "-movflags", "+faststart")
    assert (is_fast_start(late), is_fast_start(early)) == (False, True)

    assert (await fit(ffmpeg, early, 10 << 20, tmp_path / "out.mp4")).path == early
    rendition = await fit(ffmpeg, late, 10 << 20, tmp_path / "out.mp4")

    assert (rendition.path, rendition.side) == (tmp_path / "out.mp4", None)
    assert is_fast_start(rendition.path)


async def test_a_film_that_discord_does_not_play_is_encoded_though_it_is_small(
    ffmpeg: Ffmpeg, draw: Draw, tmp_path: Path
) -> None:
    other = draw("other.mp4", *picture(seconds=1), *tone(1), "-c:v", "mpeg4", "-c:a", "aac", "-shortest")

    rendition = await fit(ffmpeg, other, 10 << 20, tmp_path / "out.mp4")

    assert rendition.path != other
    assert plays_inline(await list_packets(ffmpeg, rendition.path))


@pytest.mark.parametrize(
    "content", [b"", b"\0\0\0\x18ftyp", b"\0\0\0\0ftyp" + b"\0" * 40, b"\0\0\0\x01free" + b"\0" * 8]
)
def test_what_is_no_whole_mp4_is_not_said_to_play(tmp_path: Path, content: bytes) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(content)

    assert not is_fast_start(broken)
