"""Decides whether a file from outside is a video we take, without trusting its name, its header or its decoder.

Three looks, each in less trust than the last: the first bytes say which demuxer to force; a pass over all packets
measures what is there; a bounded sample of the beginning and of the end is decoded. All of it runs confined and in
`CHECKING.wall_seconds`. The same check runs on uploads and on what a provider returns.
"""

from __future__ import annotations

import asyncio
import re
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, cast

from bot.media.errors import FfmpegFailed, MediaRefused, Reason
from bot.media.ffmpeg import CHECKING, INPUT_FENCE, Ffmpeg, file_url
from bot.media.sniff import Family, Sniffed, sniff_file
from bot.media.streams import Listing, Stream

if TYPE_CHECKING:
    from pathlib import Path

Kind = Literal["mp4", "mov", "webm"]

SAMPLE_SECONDS = 10.0
FPS_MAX = 240.0
CODECS = frozenset({"h264", "hevc", "vp8", "vp9", "av1", "mpeg4", "mjpeg", "prores", "h263"})

_PIXELS = re.compile(r"Picture size (\d{1,9})x(\d{1,9}) exceeds specified max pixel count")


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaLimits:
    """What we take: bytes, seconds, pixels of a side and of a whole picture."""

    max_bytes: int = 100 << 20
    max_duration: float = 600.0
    max_side: int = 4096
    max_pixels: int = 9_437_184


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """A video that was measured and whose sample decodes.

    `duration` is in seconds, of picture and sound together; `picture_duration` of the picture alone; `width` and
    `height` are as shown, rotation applied; `fps` is the average.
    """

    kind: Kind
    size: int
    duration: float
    picture_duration: float
    width: int
    height: int
    fps: float
    has_audio: bool
    video_codec: str

    @property
    def mime_type(self) -> str:
        return "video/quicktime" if self.kind == "mov" else f"video/{self.kind}"


async def probe(ffmpeg: Ffmpeg, path: Path, limits: MediaLimits) -> Probe:
    """Check a file.

    Raises:
        MediaRefused: it is not a video we take; the reason says why.
        FfmpegFailed: ffmpeg was killed by a signal, which says nothing certain about the file.
    """
    sniffed, size = await asyncio.to_thread(_look, path, limits)
    assert sniffed.demuxer is not None
    source = (
        "-f",
        sniffed.demuxer,
        *INPUT_FENCE,
        "-max_pixels",
        str(limits.max_pixels),
        "-threads",
        str(ffmpeg.threads),
    )
    try:
        async with asyncio.timeout(CHECKING.wall_seconds):
            packets = await _measure(ffmpeg, source, path, limits)
            shown = await _sample(ffmpeg, source, path, limits, packets.duration)
    except TimeoutError:
        raise MediaRefused(Reason.TOO_HEAVY, limit=CHECKING.wall_seconds) from None
    video = packets.first_of("video")
    assert video is not None
    return Probe(
        kind=cast(Kind, sniffed.kind),
        size=size,
        duration=packets.duration,
        picture_duration=video.duration or packets.duration,
        width=shown.width,
        height=shown.height,
        fps=min(FPS_MAX, video.packets / (video.duration or packets.duration)),
        has_audio=packets.first_of("audio") is not None,
        video_codec=video.codec,
    )


def _look(path: Path, limits: MediaLimits) -> tuple[Sniffed, int]:
    size = path.stat().st_size
    if size == 0:
        raise MediaRefused(Reason.EMPTY)
    if size > limits.max_bytes:
        raise MediaRefused(Reason.TOO_LARGE, limit=limits.max_bytes, measured=size)
    sniffed = sniff_file(path)
    match sniffed.family:
        case Family.VIDEO if sniffed.demuxer is not None:
            return sniffed, size
        case Family.VIDEO:
            raise MediaRefused(Reason.UNSUPPORTED_CONTAINER, found=sniffed.kind)
        case Family.SOUND:
            raise MediaRefused(Reason.AUDIO_ONLY, found=sniffed.kind)
        case _:
            raise MediaRefused(Reason.NOT_A_VIDEO, found=sniffed.kind)


async def _measure(ffmpeg: Ffmpeg, source: tuple[str, ...], path: Path, limits: MediaLimits) -> Listing:
    """List every packet without decoding. Stops as soon as a limit is passed, however long the file claims to be."""
    listing = Listing()
    packets_max = int(limits.max_duration * (FPS_MAX + 100))  # a bound on work; sound has about 50 a second

    def read(line: str) -> None:
        listing.read(line)
        if listing.duration > limits.max_duration:
            raise MediaRefused(Reason.TOO_LONG, limit=limits.max_duration, measured=listing.duration)
        if listing.packets > packets_max:
            raise MediaRefused(Reason.TOO_HEAVY, found="packets")

    # V, not v: the cover picture of a song is no video
    copy = ("-map", "0:V:0?", "-map", "0:a:0?", "-c", "copy", "-f", "framecrc", "-")
    try:
        said = await ffmpeg.run(["-xerror", *source, "-i", file_url(path), *copy], CHECKING, on_line=read)
    except FfmpegFailed as failed:
        if not listing.streams and "does not contain any stream" in failed.stderr:
            raise MediaRefused(Reason.NOT_A_VIDEO) from failed
        raise _refusal(failed, limits) from failed
    _refuse_pixels(said, limits)
    video = listing.first_of("video")
    if video is None:
        raise MediaRefused(Reason.AUDIO_ONLY if listing.first_of("audio") else Reason.NOT_A_VIDEO)
    if video.packets == 0 or listing.duration <= 0:
        raise MediaRefused(Reason.UNDECODABLE)
    if video.codec not in CODECS:
        raise MediaRefused(Reason.UNSUPPORTED_CODEC, found=video.codec)
    _refuse_size(video, limits)
    return listing


async def _sample(ffmpeg: Ffmpeg, source: tuple[str, ...], path: Path, limits: MediaLimits, duration: float) -> Stream:
    """Decode the first and the last seconds; any complaint of the decoder refuses the file."""
    windows: list[tuple[str, ...]] = [("-t", str(SAMPLE_SECONDS))]
    if duration > 2 * SAMPLE_SECONDS:
        windows.append(("-ss", f"{duration - SAMPLE_SECONDS:.3f}"))
    elif duration > SAMPLE_SECONDS:
        windows = [()]
    shown = Stream()
    for window in windows:
        frames = Listing()
        # wrapped_avframe: frames are counted and measured, their pixels are neither copied nor summed
        decode = ("-map", "0:V:0", "-map", "0:a:0?", "-c:v", "wrapped_avframe", "-f", "framecrc", "-")
        arguments = ["-xerror", *source, *window, "-i", file_url(path), *decode]
        try:
            said = await ffmpeg.run(arguments, CHECKING, on_line=frames.read)
        except FfmpegFailed as failed:
            raise _refusal(failed, limits) from failed
        _refuse_pixels(said, limits)
        video = frames.first_of("video")
        if said or video is None or video.packets == 0:
            raise MediaRefused(Reason.UNDECODABLE)
        _refuse_size(video, limits)
        shown = shown if shown.packets else video
    return shown


def _refusal(failed: FfmpegFailed, limits: MediaLimits) -> Exception:
    """What a failed run says about the file."""
    if failed.overran or failed.returncode == -signal.SIGXCPU or "Cannot allocate memory" in failed.stderr:
        return MediaRefused(Reason.TOO_HEAVY, limit=CHECKING.wall_seconds)
    _refuse_pixels(failed.stderr, limits)
    if failed.returncode is not None and failed.returncode < 0:
        return failed
    return MediaRefused(Reason.UNDECODABLE)


def _refuse_pixels(said: str, limits: MediaLimits) -> None:
    if found := _PIXELS.search(said):
        pixels = int(found[1]) * int(found[2])
        raise MediaRefused(Reason.TOO_MANY_PIXELS, limit=limits.max_pixels, measured=pixels)


def _refuse_size(video: Stream, limits: MediaLimits) -> None:
    side, pixels = max(video.width, video.height), video.width * video.height
    if side > limits.max_side:
        raise MediaRefused(Reason.SIDE_TOO_LONG, limit=limits.max_side, measured=side)
    if pixels > limits.max_pixels:
        raise MediaRefused(Reason.TOO_MANY_PIXELS, limit=limits.max_pixels, measured=pixels)
