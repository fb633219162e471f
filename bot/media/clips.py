"""Makes clips alike, then joins them."""

from __future__ import annotations

import asyncio
import math
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from bot.media.encode import AAC, H264, MP4, SAMPLE_RATE, Frame, OnProgress, encode, source
from bot.media.errors import MediaRefused, Reason
from bot.media.ffmpeg import Ffmpeg, file_url

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.media.probe import Probe

_QUALITY = ("-crf", "19")  # of an intermediate that may be encoded once more to fit a limit
_BITRATE = ("-b:a", "192k")


async def normalise(
    ffmpeg: Ffmpeg,
    clip: Path,
    found: Probe,
    out: Path,
    *,
    frame: Frame,
    at_least: float = 0.0,
    on_progress: OnProgress | None = None,
) -> None:
    """Bring a probed clip into the film's frame: scaled and padded, constant rate, stereo, silence where it is mute.

    The clip comes out as a whole number of frames with exactly as much sound, cut or padded; one that is shorter than
    `at_least` seconds stands still on its last picture until then. Rotation is applied;
    anything but picture and sound is left behind, so that nothing hidden in an upload reaches the film.
    """
    width, height = frame.width, frame.height
    own = max(1, round(found.picture_duration * frame.fps))
    frames = max(own, math.ceil(at_least * frame.fps - 0.01))
    held = (frames - own + 2) / frame.fps  # rates are rounded: never a frame too few, and -t cuts what is too much
    picture = (
        f"[0:V:0]fps={frame.fps}:start_time=0,"
        # anamorphic pixels are made square before the picture is fitted
        "scale=w='max(2,trunc(iw*if(gt(sar,0),sar,1)/2)*2)':h='max(2,trunc(ih/2)*2)',setsar=1,"
        f"scale={width}:{height}:force_original_aspect_ratio=decrease:force_divisible_by=2:out_color_matrix=bt709,"
        f"pad={width}:{height}:(ow-iw)/2:(oh-ih)/2,setsar=1,format=yuv420p,"
        f"tpad=stop_mode=clone:stop_duration={held:.3f}[v]"
    )
    inputs = source(ffmpeg, clip)
    if found.has_audio:
        sound = f"[0:a:0]aresample={SAMPLE_RATE}:async=1:first_pts=0,aformat=channel_layouts=stereo,apad[a]"
    else:
        sound = f"anullsrc=r={SAMPLE_RATE}:cl=stereo[a]"
    await encode(
        ffmpeg,
        [
            *inputs,
            *("-filter_complex", f"{picture};{sound}", "-map", "[v]", "-map", "[a]"),
            *("-t", f"{frames / frame.fps:.6f}"),
            # alike to the letter: joined clips share the parameter sets of the first
            *(*H264, *_QUALITY, "-g", str(frame.fps * 2), "-video_track_timescale", str(frame.fps * 512)),
            *(*AAC, *_BITRATE, *MP4),
        ],
        out,
        duration=frames / frame.fps,
        on_progress=on_progress,
    )


async def join(ffmpeg: Ffmpeg, clips: Sequence[Path], out: Path) -> None:
    """Join clips that `normalise` made with one frame.

    The picture is copied. The sound is encoded anew: copied AAC would leave its priming silence at each seam.
    Timestamps are kept, for they would be shifted by that priming otherwise.
    """
    if not clips:
        raise ValueError("nothing to join")
    for clip in clips:
        if not await asyncio.to_thread(clip.is_file):
            raise MediaRefused(Reason.EMPTY)
    out.parent.mkdir(parents=True, exist_ok=True)
    desk = Path(tempfile.mkdtemp(prefix="join-", dir=out.parent))
    try:
        # The list holds names of ours only, so that no path needs quoting.
        names = [f"{number:04d}.mp4" for number in range(len(clips))]
        for name, clip in zip(names, clips, strict=True):
            (desk / name).symlink_to(clip.absolute())
        script = desk / "list.txt"
        script.write_text("".join(f"file {name}\n" for name in names))
        fence = ("-f", "concat", "-safe", "1", "-format_whitelist", "concat,mov,mp4,m4a,3gp,3g2,mj2")
        await encode(
            ffmpeg,
            [
                *(*fence, "-protocol_whitelist", "file", "-copyts", "-i", file_url(script)),
                *("-map", "0:V:0", "-map", "0:a:0", "-c:v", "copy"),
                *("-af", f"aresample={SAMPLE_RATE}:async=1:first_pts=0", *AAC, *_BITRATE, *MP4),
            ],
            out,
        )
    finally:
        shutil.rmtree(desk, ignore_errors=True)
