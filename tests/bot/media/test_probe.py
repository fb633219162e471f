from __future__ import annotations

import os
import zipfile
from typing import TYPE_CHECKING

import pytest

from bot.media.errors import MediaRefused, Reason
from bot.media.probe import MediaLimits, probe
from tests.bot.media.conftest import QUICK, Draw, picture, tone

if TYPE_CHECKING:
    from pathlib import Path

    from bot.media.ffmpeg import Ffmpeg

LIMITS = MediaLimits()
AAC = ("-c:a", "aac", "-shortest")


async def refusal(ffmpeg: Ffmpeg, path: Path, limits: MediaLimits = LIMITS) -> MediaRefused:
    with pytest.raises(MediaRefused) as refused:
        await probe(ffmpeg, path, limits)
    return refused.value


def written(folder: Path, content: bytes) -> Path:
    path = folder / "upload.mp4"
    path.write_bytes(content)
    return path


async def test_an_mp4_is_measured(ffmpeg: Ffmpeg, plain: Path) -> None:
    found = await probe(ffmpeg, plain, LIMITS)

    assert (found.kind, found.width, found.height, found.video_codec) == ("mp4", 320, 240, "h264")
    assert (found.has_audio, round(found.fps)) == (True, 30)
    assert found.duration == pytest.approx(1.0, abs=0.05)
    assert found.size == plain.stat().st_size
    assert found.mime_type == "video/mp4"


async def test_a_mov_is_told_from_an_mp4(ffmpeg: Ffmpeg, draw: Draw) -> None:
    found = await probe(ffmpeg, draw("clip.mov", *picture(), *QUICK), LIMITS)

    assert (found.kind, found.has_audio, found.mime_type) == ("mov", False, "video/quicktime")


async def test_a_webm_without_duration_in_its_header_is_measured(ffmpeg: Ffmpeg, draw: Draw) -> None:
    vp8 = ("-c:v", "libvpx", "-deadline", "realtime", "-c:a", "libopus", "-live", "1")

    found = await probe(ffmpeg, draw("live.webm", *picture("160x120"), *tone(), *vp8), LIMITS)

    assert (found.kind, found.video_codec, found.has_audio) == ("webm", "vp8", True)
    assert found.duration == pytest.approx(1.0, abs=0.1)


async def test_odd_sides_are_taken(ffmpeg: Ffmpeg, draw: Draw) -> None:
    drawn = ("-f", "lavfi", "-i", "testsrc=s=321x241:d=1", *QUICK, "-pix_fmt", "yuv444p")
    odd = draw("odd.mp4", *drawn)

    found = await probe(ffmpeg, odd, LIMITS)

    assert (found.width, found.height) == (321, 241)


async def test_rotation_is_applied_to_the_sides(ffmpeg: Ffmpeg, draw: Draw, plain: Path) -> None:
    turned = draw("turned.mp4", "-display_rotation", "90", "-i", str(plain), "-c", "copy")

    found = await probe(ffmpeg, turned, LIMITS)

    assert (found.width, found.height) == (240, 320)


async def test_a_longer_clip_is_sampled_at_both_ends_and_measured_whole(ffmpeg: Ffmpeg, draw: Draw) -> None:
    found = await probe(ffmpeg, draw("half-minute.mp4", *picture("64x64", 30, 5), *QUICK), LIMITS)

    assert found.duration == pytest.approx(30.0, abs=0.3)


async def test_the_largest_picture_within_the_limits_fits_the_memory(ffmpeg: Ffmpeg, draw: Draw) -> None:
    found = await probe(ffmpeg, draw("largest.mp4", *picture("4096x2304", 0.5, 4), *QUICK), LIMITS)

    assert (found.width, found.height) == (4096, 2304)


async def test_zero_bytes_are_empty(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    assert (await refusal(ffmpeg, written(tmp_path, b""))).reason is Reason.EMPTY


async def test_too_many_bytes_are_refused_with_limit_and_measure(ffmpeg: Ffmpeg, plain: Path) -> None:
    refused = await refusal(ffmpeg, plain, MediaLimits(max_bytes=1000))

    assert (refused.reason, refused.limit, refused.measured) == (Reason.TOO_LARGE, 1000, plain.stat().st_size)


@pytest.mark.parametrize(
    "content",
    [
        b"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nfile:///etc/passwd\n",
        b"ffconcat version 1.0\nfile '/etc/passwd'\n",
        b'<?xml version="1.0"?><MPD><BaseURL>file:///etc/passwd</BaseURL></MPD>',
        b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\nm=video 9 RTP/AVP 96\r\n",
        b"a text that somebody renamed\n" * 50,
    ],
    ids=["hls", "concat", "dash", "sdp", "text"],
)
async def test_a_renamed_text_is_no_video(ffmpeg: Ffmpeg, tmp_path: Path, content: bytes) -> None:
    refused = await refusal(ffmpeg, written(tmp_path, content))

    assert refused.reason is Reason.NOT_A_VIDEO
    assert "root:" not in str(refused)


async def test_a_playlist_behind_a_video_s_first_bytes_is_undecodable(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    disguised = b"\0\0\0\x14ftypisom\0\0\2\0isom\n#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n"

    assert (await refusal(ffmpeg, written(tmp_path, disguised))).reason is Reason.UNDECODABLE


async def test_a_renamed_picture_is_no_video(ffmpeg: Ffmpeg, draw: Draw, tmp_path: Path) -> None:
    png = draw("still.png", *picture(), "-frames:v", "1")

    refused = await refusal(ffmpeg, written(tmp_path, png.read_bytes()))

    assert (refused.reason, refused.found) == (Reason.NOT_A_VIDEO, "png")


async def test_a_container_that_we_do_not_take_is_named(ffmpeg: Ffmpeg, draw: Draw) -> None:
    refused = await refusal(ffmpeg, draw("clip.mkv", *picture(), *QUICK))

    assert (refused.reason, refused.found) == (Reason.UNSUPPORTED_CONTAINER, "matroska")


async def test_a_codec_that_we_do_not_take_is_named(ffmpeg: Ffmpeg, draw: Draw) -> None:
    refused = await refusal(ffmpeg, draw("raw.mov", *picture("64x64"), "-c:v", "rawvideo", "-pix_fmt", "yuv420p"))

    assert (refused.reason, refused.found) == (Reason.UNSUPPORTED_CODEC, "rawvideo")


@pytest.mark.parametrize("share", [0.3, 0.7, 0.98])
async def test_a_truncated_file_is_undecodable(ffmpeg: Ffmpeg, plain: Path, tmp_path: Path, share: float) -> None:
    content = plain.read_bytes()

    refused = await refusal(ffmpeg, written(tmp_path, content[: int(len(content) * share)]))

    assert refused.reason is Reason.UNDECODABLE


async def test_a_file_without_its_index_is_undecodable(ffmpeg: Ffmpeg, draw: Draw, tmp_path: Path) -> None:
    content = draw("index-behind.mp4", *picture(), *QUICK).read_bytes()

    refused = await refusal(ffmpeg, written(tmp_path, content[: len(content) // 2]))

    assert refused.reason is Reason.UNDECODABLE


async def test_noise_in_place_of_the_picture_is_undecodable(ffmpeg: Ffmpeg, plain: Path, tmp_path: Path) -> None:
    content = bytearray(plain.read_bytes())
    start = content.find(b"mdat") + 4
    content[start:] = os.urandom(len(content) - start)

    assert (await refusal(ffmpeg, written(tmp_path, bytes(content)))).reason is Reason.UNDECODABLE


async def test_a_damaged_end_is_found(ffmpeg: Ffmpeg, draw: Draw, tmp_path: Path) -> None:
    content = bytearray(draw("busy.mp4", *picture("160x120", 24, 10), *QUICK, "-movflags", "+faststart").read_bytes())
    content[-6000:-2000] = os.urandom(4000)

    assert (await refusal(ffmpeg, written(tmp_path, bytes(content)))).reason is Reason.UNDECODABLE


async def test_sound_alone_is_told_as_such(ffmpeg: Ffmpeg, draw: Draw, tmp_path: Path) -> None:
    in_mp4 = draw("sound.mp4", *tone(), "-c:a", "aac")
    wav = written(tmp_path, draw("sound.wav", *tone()).read_bytes())

    assert (await refusal(ffmpeg, in_mp4)).reason is Reason.AUDIO_ONLY
    assert (await refusal(ffmpeg, wav)).reason is Reason.AUDIO_ONLY


async def test_a_cover_picture_makes_no_video(ffmpeg: Ffmpeg, draw: Draw) -> None:
    maps = (
        "-map",
        "0:a",
        "-map",
        "1:v",
        "-frames:v",
        "1",
        "-c:a",
        "aac",
        "-c:v",
        "png",
        "-disposition:v:0",
        "attached_pic",
    )

    refused = await refusal(ffmpeg, draw("song.mp4", *tone(), *picture("64x64"), *maps))

    assert refused.reason is Reason.AUDIO_ONLY


async def test_eleven_minutes_are_too_long(ffmpeg: Ffmpeg, draw: Draw) -> None:
    refused = await refusal(ffmpeg, draw("long.mp4", "-f", "lavfi", "-i", "color=s=64x64:r=1:d=660", *QUICK))

    assert (refused.reason, refused.limit) == (Reason.TOO_LONG, 600.0)


async def test_one_picture_shown_for_hours_is_too_long(ffmpeg: Ffmpeg, draw: Draw) -> None:
    sparse = ("-f", "lavfi", "-i", "color=s=64x64:r=1/20000:d=60000", *QUICK)

    assert (await refusal(ffmpeg, draw("sparse.mp4", *sparse))).reason is Reason.TOO_LONG


async def test_a_header_that_claims_hours_does_not_decide(ffmpeg: Ffmpeg, plain: Path, tmp_path: Path) -> None:
    content = bytearray(plain.read_bytes())
    at = content.find(b"mvhd") + 4 + 16  # version, flags, two dates, timescale; then the duration
    content[at : at + 4] = b"\x7f\xff\xff\xff"

    found = await probe(ffmpeg, written(tmp_path, bytes(content)), LIMITS)

    assert found.duration == pytest.approx(1.0, abs=0.05)


async def test_a_side_that_is_too_long_is_refused(ffmpeg: Ffmpeg, draw: Draw) -> None:
    refused = await refusal(ffmpeg, draw("wide.mp4", *picture("4100x64"), *QUICK))

    assert (refused.reason, refused.limit, refused.measured) == (Reason.SIDE_TOO_LONG, 4096, 4100)


async def test_too_many_pixels_are_refused(ffmpeg: Ffmpeg, draw: Draw) -> None:
    refused = await refusal(ffmpeg, draw("square.mp4", *picture("4000x4000", 0.1, 10), *QUICK))

    assert (refused.reason, refused.measured) == (Reason.TOO_MANY_PIXELS, 16_000_000)


async def test_a_bomb_whose_container_claims_a_small_picture_is_refused(
    ffmpeg: Ffmpeg, draw: Draw, tmp_path: Path
) -> None:
    content = bytearray(draw("square.mp4", *picture("4000x4000", 0.1, 10), *QUICK).read_bytes())
    at = content.find(b"avc1", content.find(b"stsd")) + 28  # the sample description's width and height
    assert content[at : at + 4] == b"\x0f\xa0\x0f\xa0"
    content[at : at + 4] = b"\x01\x40\x00\xf0"

    assert (await refusal(ffmpeg, written(tmp_path, bytes(content)))).reason is Reason.TOO_MANY_PIXELS


async def test_a_picture_that_grows_on_the_way_is_refused(ffmpeg: Ffmpeg, draw: Draw, tmp_path: Path) -> None:
    small = draw("small.h264", *picture("64x64", 0.5, 10), *QUICK)
    square = draw("square.h264", *picture("4000x4000", 0.1, 10), *QUICK)
    raw = tmp_path / "growing.h264"
    raw.write_bytes(small.read_bytes() + square.read_bytes())
    growing = draw("growing.mov", "-f", "h264", "-i", str(raw), "-c", "copy")

    assert (await refusal(ffmpeg, growing)).reason is Reason.TOO_MANY_PIXELS


async def test_a_zip_behind_a_video_is_taken_as_the_video(ffmpeg: Ffmpeg, plain: Path, tmp_path: Path) -> None:
    both = written(tmp_path, plain.read_bytes())
    with zipfile.ZipFile(both, "a") as archive:
        archive.writestr("canary.html", "<script>")

    assert (await probe(ffmpeg, both, LIMITS)).kind == "mp4"
