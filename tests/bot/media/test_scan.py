from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

import bot.media.scan
from bot.media.errors import FfmpegFailed
from bot.media.ffmpeg import Ffmpeg
from bot.media.probe import MediaLimits, probe
from bot.media.scan import scan
from tests.bot.media import voices
from tests.bot.media.conftest import QUICK, Draw, picture

if TYPE_CHECKING:
    from pathlib import Path

    from bot.media.scan import Scan

LAVFI = ("-f", "lavfi", "-i")


async def scanned(ffmpeg: Ffmpeg, path: Path) -> Scan:
    return await scan(ffmpeg, path, await probe(ffmpeg, path, MediaLimits()))


async def test_cuts_are_found_where_they_are(ffmpeg: Ffmpeg, draw: Draw) -> None:
    shots = [*LAVFI, "color=red:s=320x180:r=24:d=1.5", *LAVFI, "testsrc2=s=320x180:r=24:d=2"]
    three = (*shots, *LAVFI, "color=navy:s=320x180:r=24:d=1", "-filter_complex", "[0][1][2]concat=n=3")

    found = await scanned(ffmpeg, draw("three-scan.mp4", *three, *QUICK))

    assert found.cuts == pytest.approx((1.5, 3.5), abs=0.1)
    assert found.seconds == pytest.approx(4.5, abs=0.1)
    assert "red" in found.colours


async def test_a_still_has_no_motion_and_noise_has_all(ffmpeg: Ffmpeg, draw: Draw) -> None:
    still = await scanned(ffmpeg, draw("still-scan.mp4", *LAVFI, "color=white:s=160x90:d=2", *QUICK))
    walk = await scanned(ffmpeg, draw("walk-scan.mp4", *LAVFI, "mandelbrot=s=160x90:r=24", "-t", "2", *QUICK))
    noisy = "nullsrc=s=160x90:d=2:r=12,geq=lum='random(1)*255':cb=128:cr=128"
    noise = await scanned(ffmpeg, draw("noisy-scan.mp4", *LAVFI, noisy, *QUICK))

    assert still.motion == 0.0
    assert still.brightness == pytest.approx(1.0, abs=0.02)
    assert still.colours == ("white",)
    assert 0.02 < walk.motion < noise.motion == 1.0


async def test_a_cut_is_no_motion(ffmpeg: Ffmpeg, draw: Draw) -> None:
    two = [*LAVFI, "color=white:s=64x36:r=12:d=1", *LAVFI, "color=navy:s=64x36:r=12:d=1"]

    found = await scanned(ffmpeg, draw("two-scan.mp4", *two, "-filter_complex", "[0][1]concat=n=2", *QUICK))

    assert (found.cuts, found.motion) == ((1.0,), 0.0)


async def test_a_film_without_sound_says_nothing_of_sound(ffmpeg: Ffmpeg, draw: Draw) -> None:
    found = await scanned(ffmpeg, draw("mute-scan.mp4", *picture("160x90"), *QUICK))

    assert (found.loudness, found.silence, found.speech, found.has_speech) == (None, None, None, None)


async def test_sound_is_measured_and_speech_guessed(ffmpeg: Ffmpeg, draw: Draw, tmp_path: Path) -> None:
    spoken = str(voices.write(tmp_path / "speech.wav", voices.speech(5)))
    sung = str(voices.write(tmp_path / "music.wav", voices.music(5)))
    frames = picture("64x64", 5, 12)

    talk = await scanned(ffmpeg, draw("talk-scan.mp4", *frames, "-i", spoken, *QUICK, "-c:a", "aac"))
    song = await scanned(ffmpeg, draw("song-scan.mp4", *frames, "-i", sung, *QUICK, "-c:a", "aac"))

    assert (talk.has_speech, song.has_speech) == (True, False)
    assert talk.loudness is not None
    assert song.loudness is not None
    assert talk.silence is not None
    assert 0.05 < talk.silence < 0.6
    assert song.silence == 0.0


async def test_silence_is_told_from_no_sound(ffmpeg: Ffmpeg, draw: Draw) -> None:
    quiet = draw("quiet-scan.mp4", *picture("64x64"), *LAVFI, "anullsrc", *QUICK, "-c:a", "aac", "-shortest")

    found = await scanned(ffmpeg, quiet)

    assert (found.loudness, found.silence, found.has_speech) == (None, 1.0, False)


async def test_when_the_time_is_over_what_was_seen_counts(
    ffmpeg: Ffmpeg, draw: Draw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    video = draw("mute-scan.mp4", *picture("160x90"), *QUICK)
    found = await probe(ffmpeg, video, MediaLimits())
    hanging = tmp_path / "ffmpeg"
    frame = "echo lavfi.signalstats.YDIF=20; echo lavfi.signalstats.YAVG=125.5"
    hanging.write_text(f"#!/bin/sh\nfor frame in 1 2 3 4 5 6; do {frame}; done\nexec /bin/sleep 60\n")
    hanging.chmod(0o755)
    # a constant of ours, not a mock: the real one would take the test half a minute
    short = dataclasses.replace(bot.media.scan._LOOKING, wall_seconds=0.5)
    monkeypatch.setattr(bot.media.scan, "_LOOKING", short)

    seen = await scan(Ffmpeg(hanging), video, found)

    assert (seen.seconds, seen.motion, seen.brightness) == (0.5, 1.0, 0.5)


async def test_a_file_of_which_nothing_can_be_seen_fails(ffmpeg: Ffmpeg, plain: Path, tmp_path: Path) -> None:
    found = await probe(ffmpeg, plain, MediaLimits())
    damaged = tmp_path / "damaged.mp4"
    damaged.write_bytes(plain.read_bytes()[:400])

    with pytest.raises(FfmpegFailed):
        await scan(ffmpeg, damaged, found)
