"""Still pictures for start frames: the last frame of a take, or a frame of an uploaded video."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.media.encode import encode, source
from bot.media.errors import FfmpegFailed, MediaRefused, Reason
from bot.media.sniff import Family

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bot.media.ffmpeg import Ffmpeg

# Runway takes a data URI of 5 MB at most (docs and SDK, 2026-11); base64 makes three bytes four.
DATA_URI_BYTES = 3_700_000

_STEPS = ((2, 2048), (4, 1920), (8, 1280), (15, 960))  # JPEG quantiser, pixels of the long side


async def last_frame(ffmpeg: Ffmpeg, clip: Path, out: Path, *, max_bytes: int = DATA_URI_BYTES) -> None:
    """Write the last frame of a probed clip as JPEG."""
    for tail in (("-sseof", "-2"), ()):  # a clip whose sound outlasts its picture has no frame near its end
        try:
            # -update writes each frame over the one before, so that the last one stays
            await _jpeg(ffmpeg, source(ffmpeg, clip, *tail), out, max_bytes)
        except FfmpegFailed:
            if not tail:
                raise
        except FileNotFoundError:
            continue
        else:
            return
    raise MediaRefused(Reason.UNDECODABLE)


async def frame_at(ffmpeg: Ffmpeg, clip: Path, at: float, out: Path, *, max_bytes: int = DATA_URI_BYTES) -> None:
    """Write the frame of a probed clip that is seen at `at` seconds as JPEG; past its end, the last one."""
    try:
        await _jpeg(ffmpeg, source(ffmpeg, clip, "-ss", f"{at:.3f}"), out, max_bytes, first=True)
    except (FfmpegFailed, FileNotFoundError):
        await last_frame(ffmpeg, clip, out, max_bytes=max_bytes)


async def as_jpeg(ffmpeg: Ffmpeg, picture: Path, out: Path, *, max_bytes: int = DATA_URI_BYTES) -> None:
    """Write a picture (JPEG, PNG or WebP) as JPEG. Raises `MediaError`: it is none, or cannot be read."""
    try:
        await _jpeg(ffmpeg, source(ffmpeg, picture, family=Family.PICTURE), out, max_bytes, first=True)
    except FileNotFoundError:
        raise MediaRefused(Reason.UNDECODABLE) from None


async def _jpeg(ffmpeg: Ffmpeg, read: Sequence[str], out: Path, max_bytes: int, *, first: bool = False) -> None:
    """Take the first step that fits. `FileNotFoundError`: there was no frame to write."""
    size = 0
    for quantiser, side in _STEPS:
        scale = f"scale=w='min({side},iw)':h='min({side},ih)':force_original_aspect_ratio=decrease"
        jpeg = (
            *(("-frames:v", "1") if first else ()),
            "-map",
            "0:v:0",
            "-an",
            "-vf",
            f"{scale},format=yuvj420p",
            "-q:v",
            str(quantiser),
        )
        whole_picture = ("-map_metadata", "-1", "-c:v", "mjpeg", "-f", "image2", "-update", "1")
        await encode(ffmpeg, [*read, *jpeg, *whole_picture], out)
        size = out.stat().st_size
        if size <= max_bytes:
            return
    out.unlink()
    raise MediaRefused(Reason.TOO_LARGE, limit=max_bytes, measured=size)
