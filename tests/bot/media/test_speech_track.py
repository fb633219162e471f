from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.media.fit import sound_duration
from bot.media.probe import MediaLimits
from bot.media.sniff import sniff_file
from bot.media.speech_track import speech_track
from tests.bot.media.conftest import QUICK, Draw, picture, tone
from tests.bot.media.sound import onsets, samples

if TYPE_CHECKING:
    from pathlib import Path

    from bot.media.ffmpeg import Ffmpeg

LIMITS = MediaLimits()


@pytest.fixture
def upload(draw: Draw) -> Path:
    """A beep at 1.5."""
    frames = "color=red:s=128x96:r=30:d=3"
    beep = "aevalsrc='if(between(t,1.5,1.7),0.5*sin(2*PI*880*t),0)':s=44100:d=3"
    return draw("beep.mp4", "-f", "lavfi", "-i", frames, "-f", "lavfi", "-i", beep, *QUICK, "-c:a", "aac")


async def test_the_sound_for_a_transcriber_is_small_and_keeps_its_time(
    ffmpeg: Ffmpeg, upload: Path, tmp_path: Path
) -> None:
    await speech_track(ffmpeg, upload, tmp_path / "speech.ogg")

    assert sniff_file(tmp_path / "speech.ogg").kind == "ogg"
    assert (tmp_path / "speech.ogg").stat().st_size < 3 * 4000
    assert onsets(samples(ffmpeg, tmp_path / "speech.ogg")) == pytest.approx([1.5], abs=0.03)
    assert await sound_duration(ffmpeg, tmp_path / "speech.ogg") == pytest.approx(3.0, abs=0.03)


async def test_the_sound_for_a_transcriber_has_a_limit(ffmpeg: Ffmpeg, upload: Path, tmp_path: Path) -> None:
    await speech_track(ffmpeg, upload, tmp_path / "speech.ogg", longest=1.0)

    assert await sound_duration(ffmpeg, tmp_path / "speech.ogg") == pytest.approx(1.0, abs=0.03)


async def test_sound_that_begins_later_than_its_picture_keeps_its_time(
    ffmpeg: Ffmpeg, draw: Draw, tmp_path: Path
) -> None:
    late = draw("late-sound.mp4", *picture("64x64", 3, 12), "-itsoffset", "1", *tone(1.5), *QUICK, "-c:a", "aac")

    await speech_track(ffmpeg, late, tmp_path / "speech.ogg")

    assert onsets(samples(ffmpeg, tmp_path / "speech.ogg")) == pytest.approx([1.0], abs=0.03)
