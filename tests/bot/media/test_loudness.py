from __future__ import annotations

import math
from typing import TYPE_CHECKING

import pytest

from bot.media.errors import MediaRefused
from bot.media.loudness import NOTHING, measure
from tests.bot.media.conftest import QUICK, Draw, picture

if TYPE_CHECKING:
    from pathlib import Path

    from bot.media.ffmpeg import Ffmpeg


async def test_a_reference_tone_measures_what_the_standard_says(ffmpeg: Ffmpeg, draw: Draw) -> None:
    # EBU Tech 3341, case 1: a stereo sine of 1 kHz at -23 dBFS is -23 LUFS
    level = 10 ** (-23 / 20)
    reference = draw("ref.wav", "-f", "lavfi", "-i", f"aevalsrc='{level}*sin(2*PI*1000*t)':s=48000:d=5", "-ac", "2")
    both = draw("both.wav", "-f", "lavfi", "-i", f"aevalsrc='{level}*sin(2*PI*1000*t)|{level}*sin(2*PI*1000*t)':d=5")

    assert (await measure(ffmpeg, both)).integrated == pytest.approx(-23, abs=0.15)
    assert (await measure(ffmpeg, both)).true_peak == pytest.approx(-23, abs=0.1)
    assert (await measure(ffmpeg, reference)).integrated == pytest.approx(-26, abs=0.15)  # halved on its way to two


async def test_peaks_between_samples_are_seen(ffmpeg: Ffmpeg, draw: Draw) -> None:
    # a quarter of the rate, 45 degrees off: every sample is 3 dB below the wave's peak
    wave = "0.5*sin(2*PI*12000*t+PI/4)"
    found = await measure(ffmpeg, draw("between.wav", "-f", "lavfi", "-i", f"aevalsrc='{wave}|{wave}':s=48000:d=1"))

    assert found.true_peak == pytest.approx(20 * math.log10(0.5), abs=1)  # samples peak at -9


@pytest.mark.parametrize("sound", [("-f", "lavfi", "-i", "anullsrc", "-c:a", "aac", "-t", "1"), ()])
async def test_silence_and_no_sound_have_no_loudness(ffmpeg: Ffmpeg, draw: Draw, sound: tuple[str, ...]) -> None:
    film = draw(f"silence-{len(sound)}.mp4", *picture("64x64"), *sound, *QUICK)

    assert await measure(ffmpeg, film) == NOTHING


async def test_a_blink_of_sound_is_measured_too(ffmpeg: Ffmpeg, draw: Draw) -> None:
    blink = draw("blink.wav", "-f", "lavfi", "-i", "sine=d=0.2")

    assert (await measure(ffmpeg, blink)).integrated is not None


async def test_what_is_no_media_is_refused(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    (tmp_path / "voice.mp3").write_text("{}")

    with pytest.raises(MediaRefused):
        await measure(ffmpeg, tmp_path / "voice.mp3")
