"""What all our encodings share: how a file is read, what a finished film looks like, and how progress is told."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.media.errors import MediaRefused, Reason
from bot.media.ffmpeg import ENCODING, INPUT_FENCE, Ffmpeg, file_url
from bot.media.part import whole
from bot.media.sniff import Family, sniff_file

if TYPE_CHECKING:
    from pathlib import Path

OnProgress = Callable[[float], None]
"""Told the measured share done, 0 to 1, never falling."""

SAMPLE_RATE = 48_000

# H.264 High in yuv420p with AAC and the index in front: what every Discord client plays inline (2026-11).
H264 = ("-c:v", "libx264", "-preset", "veryfast", "-profile:v", "high", "-pix_fmt", "yuv420p")
AAC = ("-c:a", "aac", "-ar", str(SAMPLE_RATE), "-ac", "2")
MP4 = ("-map_metadata", "-1", "-map_chapters", "-1", "-fflags", "+bitexact", "-movflags", "+faststart", "-f", "mp4")

_MAX_PIXELS = "9437184"  # of any input; probe refuses more than the operator's limit long before


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Picture of a film: even width and height in pixels, frames per second."""

    width: int = 1280
    height: int = 720
    fps: int = 24

    def __post_init__(self) -> None:
        if self.width % 2 or self.height % 2 or min(self.width, self.height, self.fps) <= 0:
            raise ValueError("a frame has even, positive sides and a positive rate")


def source(ffmpeg: Ffmpeg, path: Path, *before: str, family: Family = Family.VIDEO) -> list[str]:
    """Arguments that open a file with the demuxer its content asks for, and nothing else.

    Raises `MediaRefused` where the file is not of the family.
    """
    sniffed = sniff_file(path)
    if sniffed.family is not family or sniffed.demuxer is None:
        raise MediaRefused(Reason.UNSUPPORTED_CONTAINER, found=sniffed.kind)
    fence = (*INPUT_FENCE, "-max_pixels", _MAX_PIXELS, "-threads", str(ffmpeg.threads))
    return ["-f", sniffed.demuxer, *fence, *before, "-i", file_url(path)]


async def encode(
    ffmpeg: Ffmpeg,
    arguments: Sequence[str],
    out: Path,
    *,
    duration: float | None = None,
    on_progress: OnProgress | None = None,
) -> None:
    """Run ffmpeg into `out`, which appears when whole. With a duration in seconds, progress can be told."""
    on_line = _progress_reader(duration, on_progress) if duration and on_progress else None
    progress = ("-progress", "pipe:1", "-stats_period", "0.25") if on_line else ()
    async with whole(out) as part:
        await ffmpeg.run(
            [*progress, "-y", *arguments, "-threads", str(ffmpeg.threads), file_url(part)], ENCODING, on_line=on_line
        )
    if on_progress is not None:
        on_progress(1.0)


def _progress_reader(duration: float, on_progress: OnProgress) -> Callable[[str], None]:
    done = 0.0

    def read(line: str) -> None:
        nonlocal done
        key, _, value = line.partition("=")
        if key == "out_time_us" and value.isdecimal():  # "N/A" before the first frame
            done = max(done, min(1.0, int(value) / 1e6 / duration))
            on_progress(done)

    return read
