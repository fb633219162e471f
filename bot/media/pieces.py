"""Takes what a model asks for out of an upload: its sound for a transcriber, a piece of it for an editor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.media.encode import AAC, H264, MP4, SAMPLE_RATE, OnProgress, encode, source
from bot.media.errors import MediaRefused, Reason

if TYPE_CHECKING:
    from pathlib import Path

    from bot.media.ffmpeg import Ffmpeg
    from bot.media.probe import Probe

_LONG_SIDE = 1920  # pixels; editing models take no more
_FPS = 30.0


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


async def cut_out(
    ffmpeg: Ffmpeg,
    video: Path,
    found: Probe,
    out: Path,
    *,
    start: float,
    duration: float,
    on_progress: OnProgress | None = None,
) -> None:
    """Write a piece of a probed upload as H.264 and AAC in mp4, clean of everything else.

    It starts at the very frame, runs at a constant rate of 30 a second at most and is 1920 pixels long at most. It ends
    with the upload where that is shorter.

    Raises:
        MediaRefused: the piece starts after the end.
    """
    if start < 0 or duration <= 0:
        raise ValueError("a piece lies within its video and lasts")
    if start >= found.picture_duration:
        raise MediaRefused(Reason.EMPTY)
    fps = min(_FPS, max(1.0, round(found.fps, 3)))
    frames = max(1, round(min(duration, found.picture_duration - start) * fps))
    lasts = frames / fps
    picture = (
        f"fps={fps}:start_time=0,scale=w='trunc(iw*if(gt(sar,0),sar,1)/2)*2':h='trunc(ih/2)*2',setsar=1,"
        f"scale=w='min({_LONG_SIDE},iw)':h='min({_LONG_SIDE},ih)':"
        "force_original_aspect_ratio=decrease:force_divisible_by=2,format=yuv420p,tpad=stop_mode=clone:stop=2"
    )
    sound = f"aresample={SAMPLE_RATE}:async=1:first_pts=0,aformat=channel_layouts=stereo,apad"
    heard = ("-map", "0:a:0", "-af", sound, *AAC, "-b:a", "192k") if found.has_audio else ("-an",)
    await encode(
        ffmpeg,
        [
            *source(ffmpeg, video, "-ss", f"{start:.3f}"),
            *("-map", "0:V:0", "-vf", picture, "-t", f"{lasts:.6f}"),
            *(*H264, "-crf", "18"),
            *(*heard, *MP4),
        ],
        out,
        duration=lasts,
        on_progress=on_progress,
    )
