"""Pictures that stand for a video, for a model that sees pictures only."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.media.encode import encode, source
from bot.media.errors import FfmpegFailed, MediaRefused, Reason
from bot.media.ffmpeg import MIB, Confinement, Ffmpeg, file_url

MAX_BYTES = 700_000
_QUANTISERS = (3, 7, 14, 28)  # of JPEG; the last makes even noise small
_TINY = 16  # pixels of the side of the picture that is compared
_BLACK = 24  # of 255; mean of a picture in which nothing is seen
_SAME = 3.0  # of 255; mean difference below which two pictures show the same
_ELSEWHERE = (0.5, 0.25, 0.75)  # shares of a scene at which it is looked at, until something is seen

_GLANCE = Confinement(memory=1024 * MIB, cpu_seconds=30, wall_seconds=20.0, file_bytes=MIB)


@dataclass(frozen=True, slots=True)
class KeyFrame:
    """A JPEG and the second of the video at which it is seen."""

    path: Path
    at: float


async def key_frames(
    ffmpeg: Ffmpeg,
    video: Path,
    out_dir: Path,
    *,
    duration: float,
    cuts: Sequence[float] = (),
    most: int = 5,
    side: int = 768,
) -> list[KeyFrame]:
    """Write up to `most` frames of a probed video, in order, each from a scene of its own where there are so many.

    Black frames and such that show the same are left out where the scene has others; a video that shows nothing else
    gives one. What a cancelled call has written stays in `out_dir`.

    Args:
        ffmpeg: runs it.
        video: a probed upload or take.
        out_dir: receives `key-1.jpg` and so on, each below 700 kB.
        duration: seconds of the picture.
        cuts: seconds at which scenes begin, as `scan` finds them.
        most: how many.
        side: pixels of the long side at most; smaller videos are not enlarged.

    Raises:
        MediaRefused: no frame can be read.
    """
    chosen: list[tuple[float, bytes]] = []
    spare: tuple[float, bytes] | None = None
    with tempfile.TemporaryDirectory(prefix="frames-") as desk:
        for start, end in scenes(duration, cuts, most):
            for share in _ELSEWHERE:
                at = start + (end - start) * share
                seen = await _glance(ffmpeg, video, at, Path(desk) / "tiny")
                if not seen:
                    continue
                spare = spare or (at, seen)
                if is_black(seen) or any(is_same(seen, other) for _, other in chosen):
                    continue
                chosen.append((at, seen))
                break
    if not chosen and spare is None:
        raise MediaRefused(Reason.UNDECODABLE)
    frames: list[KeyFrame] = []
    for number, (at, _) in enumerate(chosen or [spare] if spare else chosen, start=1):
        path = out_dir / f"key-{number}.jpg"
        await _write(ffmpeg, video, at, path, side)
        frames.append(KeyFrame(path, round(at, 3)))
    return frames


def scenes(duration: float, cuts: Sequence[float], most: int) -> list[tuple[float, float]]:
    """The `most` longest scenes in order, as start and end; long ones are parted while there are too few.

    Parts are not shorter than a second.
    """
    inner = sorted({cut for cut in cuts if 0 < cut < duration})
    bounds = [0.0, *inner, duration]
    found = [(start, end) for start, end in itertools.pairwise(bounds) if end > start]
    found = sorted(found, key=_length, reverse=True)[:most]
    parts = [1] * len(found)
    while sum(parts) < most and found:
        longest = max(range(len(found)), key=lambda number: _length(found[number]) / parts[number])
        if _length(found[longest]) / (parts[longest] + 1) < 1.0:
            break
        parts[longest] += 1
    return sorted(
        (start + (end - start) * part / count, start + (end - start) * (part + 1) / count)
        for (start, end), count in zip(found, parts, strict=True)
        for part in range(count)
    )


def is_black(seen: bytes) -> bool:
    """Whether nothing is seen in a tiny picture: dark, with no light in it."""
    return sum(seen) / len(seen) < _BLACK and max(seen) < 3 * _BLACK


def is_same(one: bytes, other: bytes) -> bool:
    return sum(abs(a - b) for a, b in zip(one, other, strict=True)) / len(one) < _SAME


def _length(scene: tuple[float, float]) -> float:
    return scene[1] - scene[0]


async def _glance(ffmpeg: Ffmpeg, video: Path, at: float, tiny: Path) -> bytes:
    """The frame at a second as a tiny picture of three bytes a point; nothing where there is no frame."""
    await asyncio.to_thread(tiny.unlink, missing_ok=True)
    small = f"scale={_TINY}:{_TINY}:flags=area,format=rgb24"
    one = ("-map", "0:V:0", "-frames:v", "1", "-vf", small, "-f", "rawvideo", "-y", file_url(tiny))
    with contextlib.suppress(FfmpegFailed):
        await ffmpeg.run([*source(ffmpeg, video, "-ss", f"{at:.3f}"), *one], _GLANCE)
    seen = await asyncio.to_thread(tiny.read_bytes) if tiny.exists() else b""
    return seen if len(seen) == 3 * _TINY * _TINY else b""


async def _write(ffmpeg: Ffmpeg, video: Path, at: float, out: Path, side: int) -> None:
    scale = f"scale=w='min({side},iw)':h='min({side},ih)':force_original_aspect_ratio=decrease,format=yuvj420p"
    for quantiser in _QUANTISERS:
        jpeg = ("-map", "0:V:0", "-frames:v", "1", "-vf", scale, "-map_metadata", "-1", "-c:v", "mjpeg")
        quality = ("-q:v", str(quantiser), "-f", "image2", "-update", "1")
        await encode(ffmpeg, [*source(ffmpeg, video, "-ss", f"{at:.3f}"), *jpeg, *quality], out)
        if out.stat().st_size <= MAX_BYTES:
            return
    await asyncio.to_thread(out.unlink)
    raise MediaRefused(Reason.TOO_LARGE, limit=MAX_BYTES)
