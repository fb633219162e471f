"""Takes the sound out of an upload, as small as a transcriber needs it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.media.encode import encode, source

if TYPE_CHECKING:
    from pathlib import Path

    from bot.media.ffmpeg import Ffmpeg


async def speech_track(ffmpeg: Ffmpeg, video: Path, out: Path, *, longest: float = 1200.0) -> None:
    """Write the sound of a probed video as Ogg Opus, mono, 16 kHz: about 3 kB a second, 4 MB for twenty minutes.

    Args:
        ffmpeg: runs it.
        video: has sound, as its probe says.
        out: appears when whole; name it `.ogg`.
        longest: seconds after which the rest is left out.
    """
    # Speech with a gap in its timestamps keeps its time: the words are laid over the picture later.
    sound = ("-map", "0:a:0", "-vn", "-af", "aresample=16000:async=1:first_pts=0", "-ac", "1")
    opus = ("-c:a", "libopus", "-b:a", "24k", "-application", "voip", "-map_metadata", "-1", "-f", "ogg")
    await encode(ffmpeg, [*source(ffmpeg, video, "-t", f"{longest:.3f}"), *sound, *opus], out)
