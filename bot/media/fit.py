"""Makes a film small enough for where it is posted."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.media.encode import AAC, H264, MP4, OnProgress, encode, source
from bot.media.errors import CannotFit, MediaRefused, Reason
from bot.media.ffmpeg import CHECKING, Ffmpeg
from bot.media.sniff import Family, sniff_file
from bot.media.streams import Listing

if TYPE_CHECKING:
    from pathlib import Path

log = logging.getLogger(__name__)

_AIM = 0.93  # of the limit: one pass misses its bitrate by a few per cent, and the container takes its share
_ENOUGH = 8_000_000  # bits per second of picture beyond which nobody sees a difference at these sizes
_AGAIN = 0.8  # of the first aim, once, where it missed by more


@dataclass(frozen=True, slots=True)
class Rung:
    """A step down: pixels of the short side, bits per second of sound, and of picture at least to be worth watching."""

    side: int
    audio_bitrate: int
    least_video_bitrate: int


LADDER = (Rung(720, 128_000, 700_000), Rung(480, 64_000, 180_000))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendition:
    """The file to post, its bytes, and the short side it was scaled down to (`None`: it is the film itself)."""

    path: Path
    size: int
    side: int | None


async def fit(
    ffmpeg: Ffmpeg, film: Path, max_bytes: int, out: Path, *, on_progress: OnProgress | None = None
) -> Rendition:
    """Return the film itself if it is small enough and plays, else the best rendition that is, written to `out`.

    What only has its index at the end is copied anew; what has other codecs, or is too large, is encoded. Raises
    `CannotFit` when no rendition is small enough.
    """
    size = film.stat().st_size
    listing = await list_packets(ffmpeg, film)
    if size <= max_bytes and plays_inline(listing):
        if await asyncio.to_thread(is_fast_start, film):
            return Rendition(path=film, size=size, side=None)
        await encode(
            ffmpeg, [*source(ffmpeg, film), "-map", "0:V:0", "-map", "0:a:0?", "-map", "0:s?", "-c", "copy", *MP4], out
        )
        if (size := out.stat().st_size) <= max_bytes:
            return Rendition(path=out, size=size, side=None)
    duration = listing.duration
    for rung in LADDER:
        budget = min(video_bitrate(rung, max_bytes=max_bytes, duration=duration), _ENOUGH)
        for bitrate in (budget, int(budget * _AGAIN)):
            if bitrate < rung.least_video_bitrate:
                break
            await _render(ffmpeg, film, rung, bitrate, out, duration, on_progress)
            size = out.stat().st_size
            if size <= max_bytes:
                return Rendition(path=out, size=size, side=rung.side)
            log.info("rendition above its limit", extra={"side": rung.side, "size": size, "max_bytes": max_bytes})
    await asyncio.to_thread(out.unlink, missing_ok=True)
    raise CannotFit(max_bytes=max_bytes, duration=duration)


def plays_inline(listing: Listing) -> bool:
    """Whether every Discord client plays it in place: H.264 with AAC, or mute (2026-11)."""
    picture, sound = listing.first_of("video"), listing.first_of("audio")
    return picture is not None and picture.codec == "h264" and (sound is None or sound.codec == "aac")


def is_fast_start(film: Path) -> bool:
    """Whether an mp4 has its index before its pictures, so that it plays while it loads. Reads the disk."""
    with film.open("rb") as file:
        while len(head := file.read(8)) == 8:
            size, kind = int.from_bytes(head[:4], "big"), head[4:]
            if kind in {b"moov", b"mdat"}:
                return kind == b"moov"
            if size == 1:  # the size follows in eight bytes
                size = int.from_bytes(file.read(8), "big") - 8
            if size < 8:
                return False
            file.seek(size - 8, 1)
    return False


def video_bitrate(rung: Rung, *, max_bytes: int, duration: float) -> int:
    """Bits per second left for the picture; may be negative."""
    return int(max_bytes * 8 * _AIM / duration) - rung.audio_bitrate


async def measure_duration(ffmpeg: Ffmpeg, film: Path) -> float:
    """Seconds of a film of ours, measured over its packets."""
    return (await list_packets(ffmpeg, film)).duration


async def sound_duration(ffmpeg: Ffmpeg, path: Path) -> float:
    """Seconds of a recording (or of a video's sound) as it decodes, which is what is heard and what a header may deny.

    Raises:
        MediaRefused: it is neither a recording nor a video that we read, or has no sound.
        FfmpegFailed: it does not decode.
    """
    listing = Listing()
    family = Family.SOUND if sniff_file(path).family is Family.SOUND else Family.VIDEO
    # The picture is only there so that a video without sound is no error of ffmpeg's.
    decode = ("-map", "0:a:0?", "-map", "0:V:0?", "-c:v", "copy", "-c:a", "pcm_s16le", "-f", "framecrc", "-")
    await ffmpeg.run([*source(ffmpeg, path, family=family), *decode], CHECKING, on_line=listing.read)
    sound = listing.first_of("audio")
    if sound is None or sound.duration <= 0:
        raise MediaRefused(Reason.EMPTY)
    return sound.duration


async def list_packets(ffmpeg: Ffmpeg, film: Path) -> Listing:
    """The packets of a film's picture and of its sound, if it has any; nothing is decoded."""
    listing = Listing()
    copy = ("-map", "0:V:0", "-map", "0:a:0?", "-c", "copy", "-f", "framecrc", "-")
    await ffmpeg.run([*source(ffmpeg, film), *copy], CHECKING, on_line=listing.read)
    return listing


async def _render(
    ffmpeg: Ffmpeg,
    film: Path,
    rung: Rung,
    bitrate: int,
    out: Path,
    duration: float,
    on_progress: OnProgress | None,
) -> None:
    side = rung.side
    scale = f"scale=w='if(gte(iw,ih),-2,min({side},iw))':h='if(gte(iw,ih),min({side},ih),-2)'"
    rate = ("-b:v", str(bitrate), "-maxrate", str(bitrate), "-bufsize", str(bitrate))
    sound = (*AAC, "-b:a", str(rung.audio_bitrate))
    maps = ("-map", "0:V:0", "-map", "0:a:0?", "-vf", scale)
    await encode(
        ffmpeg,
        [*source(ffmpeg, film), *maps, *H264, *rate, *sound, *MP4],
        out,
        duration=duration,
        on_progress=on_progress,
    )
