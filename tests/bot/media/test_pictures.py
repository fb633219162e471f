from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from bot.media.errors import MediaRefused, Reason
from bot.media.pictures import frame_at, last_frame
from tests.bot.media.conftest import QUICK, Draw, picture, tone

if TYPE_CHECKING:
    from pathlib import Path

    from bot.media.ffmpeg import Ffmpeg


def colour(ffmpeg: Ffmpeg, path: Path) -> tuple[int, ...]:
    """Mean red, green and blue."""
    one = ("-vf", "scale=1:1:flags=area", "-f", "rawvideo", "-pix_fmt", "rgb24", "-")
    return tuple(
        subprocess.run([ffmpeg.executable, "-v", "error", "-i", path, *one], check=True, capture_output=True).stdout
    )


def red_then_blue(draw: Draw) -> Path:
    last_is_blue = "color=red:s=128x96:r=24:d=3,drawbox=c=blue:t=fill:enable='gte(n,71)'"
    return draw("red-then-blue.mp4", "-f", "lavfi", "-i", last_is_blue, *QUICK)


async def test_the_last_frame_is_the_very_last(ffmpeg: Ffmpeg, draw: Draw, tmp_path: Path) -> None:
    await last_frame(ffmpeg, red_then_blue(draw), tmp_path / "last.jpg")

    red, _, blue = colour(ffmpeg, tmp_path / "last.jpg")
    assert blue > 200 > 60 > red


async def test_sound_that_outlasts_the_picture_does_not_hide_it(ffmpeg: Ffmpeg, draw: Draw, tmp_path: Path) -> None:
    clip = draw("outlasting.mp4", *picture(seconds=0.5), *tone(4), *QUICK, "-c:a", "aac")

    await last_frame(ffmpeg, clip, tmp_path / "last.jpg")

    assert (tmp_path / "last.jpg").read_bytes().startswith(b"\xff\xd8\xff")


async def test_a_frame_is_made_as_small_as_asked(ffmpeg: Ffmpeg, draw: Draw, tmp_path: Path) -> None:
    noisy = draw("noisy.mp4", "-f", "lavfi", "-i", "testsrc2=s=1280x720:r=5:d=0.4,noise=alls=60", *QUICK, "-crf", "10")

    await last_frame(ffmpeg, noisy, tmp_path / "last.jpg", max_bytes=200_000)

    assert (tmp_path / "last.jpg").stat().st_size <= 200_000


async def test_what_cannot_be_made_small_enough_is_refused(ffmpeg: Ffmpeg, draw: Draw, tmp_path: Path) -> None:
    with pytest.raises(MediaRefused) as refused:
        await last_frame(ffmpeg, red_then_blue(draw), tmp_path / "last.jpg", max_bytes=100)

    assert refused.value.reason is Reason.TOO_LARGE
    assert list(tmp_path.iterdir()) == []


async def test_the_frame_at_a_second_is_taken_and_past_the_end_the_last(
    ffmpeg: Ffmpeg, draw: Draw, tmp_path: Path
) -> None:
    clip = red_then_blue(draw)

    await frame_at(ffmpeg, clip, 0.0, tmp_path / "first.jpg")
    await frame_at(ffmpeg, clip, 60.0, tmp_path / "past.jpg")

    assert colour(ffmpeg, tmp_path / "first.jpg")[0] > 150
    assert colour(ffmpeg, tmp_path / "past.jpg")[2] > 150
