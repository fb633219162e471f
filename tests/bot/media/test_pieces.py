from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.media.errors import MediaRefused
from bot.media.fit import sound_duration
from bot.media.pieces import cut_out, speech_track
from bot.media.probe import MediaLimits, probe
from bot.media.sniff import sniff_file
from tests.bot.media import rulers
from tests.bot.media.conftest import QUICK, Draw, picture, tone
from tests.bot.media.sound import onsets, samples
from tests.bot.media.test_pictures import colour

if TYPE_CHECKING:
    from pathlib import Path

    from bot.media.ffmpeg import Ffmpeg

LIMITS = MediaLimits()


@pytest.fixture
def upload(draw: Draw) -> Path:
    """Red, then blue from the second 1 on; a beep at 1.5."""
    frames = "color=red:s=128x96:r=30:d=3,drawbox=c=blue:t=fill:enable='gte(t,1)'"
    beep = "aevalsrc='if(between(t,1.5,1.7),0.5*sin(2*PI*880*t),0)':s=44100:d=3"
    return draw("red-blue-beep.mp4", "-f", "lavfi", "-i", frames, "-f", "lavfi", "-i", beep, *QUICK, "-c:a", "aac")


async def test_a_piece_starts_at_the_very_frame_with_its_sound(ffmpeg: Ffmpeg, upload: Path, tmp_path: Path) -> None:
    found = await probe(ffmpeg, upload, LIMITS)

    await cut_out(ffmpeg, upload, found, tmp_path / "piece.mp4", start=1.0, duration=1.5)

    piece = await probe(ffmpeg, tmp_path / "piece.mp4", LIMITS)
    assert (piece.kind, piece.video_codec, piece.width, piece.height) == ("mp4", "h264", 128, 96)
    assert colour(ffmpeg, tmp_path / "piece.mp4")[2] > 150
    assert onsets(samples(ffmpeg, tmp_path / "piece.mp4")) == pytest.approx([0.5], abs=0.03)
    assert rulers.ends(tmp_path / "piece.mp4") == pytest.approx({"video": 1.5, "audio": 1.5}, abs=1 / 30)


async def test_a_piece_ends_with_its_upload(ffmpeg: Ffmpeg, upload: Path, tmp_path: Path) -> None:
    found = await probe(ffmpeg, upload, LIMITS)

    await cut_out(ffmpeg, upload, found, tmp_path / "piece.mp4", start=2.0, duration=60.0)

    assert rulers.ends(tmp_path / "piece.mp4")["video"] == pytest.approx(1.0, abs=1 / 30)
    with pytest.raises(MediaRefused):
        await cut_out(ffmpeg, upload, found, tmp_path / "none.mp4", start=3.5, duration=1.0)


async def test_whatever_the_upload_is_the_piece_is_clean(ffmpeg: Ffmpeg, draw: Draw, tmp_path: Path) -> None:
    tags = ("-metadata", "title=canary-title")
    large = draw("large.mp4", *picture("2560x1080", 0.5, 60), *QUICK, *tags)
    web = draw("web.webm", *picture("160x120"), *tone(), "-c:v", "libvpx", "-deadline", "realtime", "-c:a", "libopus")

    for number, upload in enumerate((large, web)):
        found = await probe(ffmpeg, upload, LIMITS)
        await cut_out(ffmpeg, upload, found, tmp_path / f"{number}.mp4", start=0, duration=0.4)

    first, second = [await probe(ffmpeg, tmp_path / f"{number}.mp4", LIMITS) for number in range(2)]
    assert (first.width, first.height, round(first.fps), first.has_audio) == (1920, 810, 30, False)
    assert (second.width, second.height, second.video_codec, second.has_audio) == (160, 120, "h264", True)
    assert b"canary" not in (tmp_path / "0.mp4").read_bytes()


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
