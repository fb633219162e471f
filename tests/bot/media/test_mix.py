from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.media.errors import MediaRefused
from bot.media.mix import Voice, mix_voice
from bot.media.probe import MediaLimits, probe
from tests.bot.media.conftest import QUICK, Draw, picture, tone
from tests.bot.media.sound import loudness, onsets, samples

if TYPE_CHECKING:
    from pathlib import Path

    from bot.media.ffmpeg import Ffmpeg


@pytest.fixture
def silent_film(draw: Draw) -> Path:
    return draw(
        "silent.mp4", *picture("64x64", 4, 24), "-f", "lavfi", "-i", "anullsrc", *QUICK, "-c:a", "aac", "-shortest"
    )


@pytest.fixture
def voice(draw: Draw) -> Path:
    return draw("voice.mp3", *tone(0.5))


async def test_voices_are_heard_in_time(ffmpeg: Ffmpeg, silent_film: Path, voice: Path, tmp_path: Path) -> None:
    voices = [Voice(voice, 0.5), Voice(voice, 2.25)]

    await mix_voice(ffmpeg, silent_film, voices, tmp_path / "film.mp4")

    heard = onsets(samples(ffmpeg, tmp_path / "film.mp4"), loud=1000)
    assert heard == pytest.approx([0.5, 2.25], abs=0.08)


async def test_the_film_keeps_its_length_and_its_picture(
    ffmpeg: Ffmpeg, silent_film: Path, voice: Path, tmp_path: Path
) -> None:
    await mix_voice(ffmpeg, silent_film, [Voice(voice, 3.9)], tmp_path / "film.mp4")

    found = await probe(ffmpeg, tmp_path / "film.mp4", MediaLimits())
    assert found.duration == pytest.approx(4.0, abs=1 / 24 + 0.03)
    assert (found.width, found.height, round(found.fps)) == (64, 64, 24)


async def test_the_film_s_own_sound_steps_back_while_a_voice_speaks(ffmpeg: Ffmpeg, draw: Draw, tmp_path: Path) -> None:
    noise = ("-f", "lavfi", "-i", "aevalsrc='0.3*sin(2*PI*200*t)':d=4")
    film = draw("loud.mp4", *picture("64x64", 4, 24), *noise, *QUICK, "-c:a", "aac", "-shortest")
    # a voice too high for what the test hears at 8 kHz: what is left in its place is the film's own sound
    high = draw("high.wav", "-f", "lavfi", "-i", "aevalsrc='0.5*sin(2*PI*9000*t)':s=48000:d=1")

    await mix_voice(ffmpeg, film, [Voice(high, 1.0)], tmp_path / "film.mp4")

    heard = samples(ffmpeg, tmp_path / "film.mp4")
    assert loudness(heard, 1.3, 1.9) < loudness(heard, 0.2, 0.8) / 2
    assert loudness(heard, 3.5, 3.9) == pytest.approx(loudness(heard, 0.2, 0.8), rel=0.2)


async def test_a_voice_that_is_no_recording_is_refused(ffmpeg: Ffmpeg, silent_film: Path, tmp_path: Path) -> None:
    answer = tmp_path / "voice.mp3"
    answer.write_text('{"detail": "quota exceeded"}')

    with pytest.raises(MediaRefused):
        await mix_voice(ffmpeg, silent_film, [Voice(answer, 0)], tmp_path / "film.mp4")
