"""Videos out of containers that are not taken as they are."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.media.errors import MediaRefused, Reason
from bot.media.ffmpeg import ENCODING, Ffmpeg, file_url, find_ffmpeg
from bot.media.probe import MediaLimits, probe
from bot.media.rewrap import rewrap

LIMITS = MediaLimits()


@pytest.fixture(scope="module")
def ffmpeg() -> Ffmpeg:
    return Ffmpeg(find_ffmpeg())


async def made(ffmpeg: Ffmpeg, path: Path, *encoding: str) -> Path:
    inputs = ("-f", "lavfi", "-i", "testsrc2=s=160x90:r=12:d=1", "-f", "lavfi", "-i", "sine=d=1")
    await ffmpeg.run(["-y", *inputs, *encoding, file_url(path)], ENCODING)
    return path


@pytest.mark.parametrize(
    ("name", "encoding"),
    [
        ("a.mkv", ("-c:v", "libx264", "-c:a", "libopus")),
        ("a.avi", ("-c:v", "mpeg4", "-c:a", "pcm_s16le")),
        ("a.ts", ("-c:v", "libx264", "-c:a", "aac")),
        ("a.m2ts", ("-c:v", "libx264", "-c:a", "aac")),
    ],
)
async def test_what_cameras_and_recorders_write_becomes_a_video_we_take(
    ffmpeg: Ffmpeg, tmp_path: Path, name: str, encoding: tuple[str, ...]
) -> None:
    file = (await made(ffmpeg, tmp_path / name, *encoding)).rename(tmp_path / "upload")

    assert await rewrap(ffmpeg, file, tmp_path / "out.mp4", LIMITS)

    found = await probe(ffmpeg, tmp_path / "out.mp4", LIMITS)
    assert (found.kind, found.width, found.has_audio) == ("mp4", 160, True)
    assert found.duration == pytest.approx(1.0, abs=0.2)


async def test_what_is_taken_as_it_is_stays_as_it_is(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    file = await made(ffmpeg, tmp_path / "a.mp4", "-c:v", "libx264")

    assert not await rewrap(ffmpeg, file, tmp_path / "out.mp4", LIMITS)
    assert not (tmp_path / "out.mp4").exists()


async def test_a_file_that_only_begins_like_a_video_is_refused(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    file = tmp_path / "upload"
    file.write_bytes(b"RIFF\0\0\0\0AVI LIST" + b"x" * 5000)

    with pytest.raises(MediaRefused) as refused:
        await rewrap(ffmpeg, file, tmp_path / "out.mp4", LIMITS)
    assert refused.value.reason is Reason.UNDECODABLE


async def test_a_file_larger_than_what_is_taken_is_not_even_opened(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    file = await made(ffmpeg, tmp_path / "a.mkv", "-c:v", "libx264")

    with pytest.raises(MediaRefused) as refused:
        await rewrap(ffmpeg, file, tmp_path / "out.mp4", MediaLimits(max_bytes=1000))
    assert refused.value.reason is Reason.TOO_LARGE


async def test_a_longer_video_than_what_is_taken_is_still_too_long(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    short = MediaLimits(max_duration=0.5)
    file = await made(ffmpeg, tmp_path / "a.mkv", "-c:v", "libx264")

    await rewrap(ffmpeg, file, tmp_path / "out.mp4", short)

    with pytest.raises(MediaRefused) as refused:
        await probe(ffmpeg, tmp_path / "out.mp4", short)
    assert refused.value.reason is Reason.TOO_LONG


@pytest.mark.parametrize("codec", ["libvpx"])
async def test_a_picture_that_no_mp4_holds_is_refused_with_the_way_out(
    ffmpeg: Ffmpeg, tmp_path: Path, codec: str
) -> None:
    file = await made(ffmpeg, tmp_path / "a.mkv", "-c:v", codec)

    with pytest.raises(MediaRefused) as refused:
        await rewrap(ffmpeg, file, tmp_path / "out.mp4", LIMITS)
    assert refused.value.reason is Reason.UNSUPPORTED_CODEC
