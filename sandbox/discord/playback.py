"""Films for the page as they are: what a browser plays is only looked at, never made anew.

SimCord's worker re-encodes every film to VP9 in a process with 30 seconds of time, too few for a film of a quarter of a
minute on a busy machine; the page then says "unavailable". The page's script fetches a film whole and plays it from
memory, where it can seek, so that nothing here has to serve ranges.
"""

from __future__ import annotations

import asyncio
import io

import av
from av.error import FFmpegError
from PIL import Image

from sandbox.discord.simulation import MediaInfo, MediaWorker

#: What Chromium plays out of an mp4 file; anything else is left to SimCord.
_VIDEO, _AUDIO = frozenset({"h264", "vp9", "av1"}), frozenset({"aac", "mp3", "opus"})


class PlayableAsItIs(MediaWorker):
    """SimCord's worker, spared the films that a browser plays as they are."""

    async def validate(self, key: str, blob: bytes, *, media_time: float | None = None) -> MediaInfo:
        if not media_time and blob[4:8] == b"ftyp":
            info = await asyncio.to_thread(_inspected, blob)
            if info is not None:
                return info
        return await super().validate(key, blob, media_time=media_time)


def _inspected(blob: bytes) -> MediaInfo | None:
    """What the page wants to know of a film, its first frame for a poster; `None` where a browser would not play it."""
    try:
        with av.open(io.BytesIO(blob), mode="r") as film:
            codecs = {
                str(stream.type): str(stream.codec_context.name)
                for stream in (*film.streams.video, *film.streams.audio)
            }
            if codecs.get("video") not in _VIDEO or codecs.get("audio", "aac") not in _AUDIO or film.duration is None:
                return None
            picture = film.streams.video[0]
            duration, frames = film.duration / av.time_base, picture.frames
            first: Image.Image = next(film.decode(picture)).to_image()  # type: ignore[no-untyped-call]  # PyAV's
    except (FFmpegError, StopIteration):
        return None
    poster = io.BytesIO()
    first.save(poster, format="PNG", compress_level=1)
    return MediaInfo(
        "mp4",
        first.width,
        first.height,
        max(1, frames),
        first.width * first.height * 4,
        blob,
        "video/mp4",
        kind="video",
        duration=duration,
        capture=poster.getvalue(),
        poster=poster.getvalue(),
        source_codecs=codecs,
        display_codecs=codecs,
        transformation="none",
        memory_limited=True,
    )
