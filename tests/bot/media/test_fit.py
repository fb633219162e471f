from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.media.errors import CannotFit
from bot.media.fit import LADDER, Rendition, fit, video_bitrate
from bot.media.probe import MediaLimits, probe
from tests.bot.media.conftest import QUICK, Draw, tone

if TYPE_CHECKING:
    from pathlib import Path

    from bot.media.ffmpeg import Ffmpeg


@pytest.fixture
def film(draw: Draw) -> Path:
    """A second of 720p that hardly compresses: about 1 MB."""
    noisy = ("-f", "lavfi", "-i", "testsrc2=s=1280x720:r=24:d=1,noise=alls=20:allf=t", *tone(1))
    return draw("film.mp4", *noisy, *QUICK, "-crf", "30", "-c:a", "aac", "-shortest")


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
