from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.media.ffmpeg import CHECKING, Ffmpeg, file_url
from bot.media.hear import Heard, Hearing, listen
from tests.bot.media import voices

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.bot.media.conftest import Draw

SECONDS = 5.0


async def heard(ffmpeg: Ffmpeg, recording: Path) -> Heard:
    hearing = Hearing()
    arguments = ["-i", file_url(recording), "-filter_complex", listen(), "-map", "[heard]", "-f", "null", "-"]
    await ffmpeg.run(arguments, CHECKING, on_line=hearing.read)
    return hearing.judge()


def under(voice: list[float], music: list[float], share: float) -> list[float]:
    loud, other = max(map(abs, voice)), max(map(abs, music))
    return [one / loud + share * two / other for one, two in zip(voice, music, strict=True)]


@pytest.mark.parametrize(
    "draw_speech",
    [
        lambda: voices.speech(SECONDS),
        lambda: voices.speech(SECONDS, seed=7, pitch=210),
        lambda: under(voices.speech(SECONDS, seed=3), voices.music(SECONDS), 0.15),
    ],
    ids=["low", "high", "over music"],
)
async def test_what_is_modulated_like_speech_is_taken_for_it(
    ffmpeg: Ffmpeg, tmp_path: Path, draw_speech: Callable[[], list[float]]
) -> None:
    found = await heard(ffmpeg, voices.write(tmp_path / "speech.wav", draw_speech()))

    assert found.speech >= 0.4


@pytest.mark.parametrize("beat", [0.25, 0.5])
async def test_music_is_not(ffmpeg: Ffmpeg, tmp_path: Path, beat: float) -> None:
    found = await heard(ffmpeg, voices.write(tmp_path / "music.wav", voices.music(SECONDS, beat=beat)))

    assert found == Heard(silence=0.0, speech=0.0)


DRUMS = "aevalsrc='lt(mod(t,0.25),0.1)*if(lt(mod(t,0.5),0.25),0.5*sin(2*PI*400*t),0.3*(random(0)*2-1))'"


@pytest.mark.parametrize(
    "sound",
    [DRUMS, "sine", "sine,tremolo=f=4:d=0.9", "anoisesrc=c=pink:a=0.3", "anoisesrc=c=pink:a=0.4,tremolo=f=0.3:d=0.9"],
    ids=["drums", "tone", "trembling tone", "noise", "waves"],
)
async def test_neither_are_tones_and_noises(ffmpeg: Ffmpeg, draw: Draw, sound: str) -> None:
    found = await heard(ffmpeg, draw(f"noise-{len(sound)}.wav", "-f", "lavfi", "-i", sound, "-t", "6"))

    assert found.speech == 0.0


async def test_silence_is_silent(ffmpeg: Ffmpeg, draw: Draw) -> None:
    half = "sine=d=6,volume='gt(t,3)':eval=frame"

    assert await heard(ffmpeg, draw("still.wav", "-f", "lavfi", "-i", "anullsrc", "-t", "3")) == Heard(1.0, 0.0)
    assert (await heard(ffmpeg, draw("half.wav", "-f", "lavfi", "-i", half))).silence == pytest.approx(0.5, abs=0.02)
