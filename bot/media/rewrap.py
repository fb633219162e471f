"""Puts a video out of a container that neither services nor players take into an mp4; its picture stays as it is.

What comes out is checked like any other file from outside: this only changes the wrapping.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from bot.media.encode import AAC, MP4
from bot.media.errors import FfmpegFailed, MediaRefused, Reason
from bot.media.ffmpeg import MIB, Confinement, Ffmpeg, fence_with, file_url
from bot.media.part import whole
from bot.media.sniff import sniff_file

if TYPE_CHECKING:
    from pathlib import Path

    from bot.media.probe import MediaLimits

#: Copying is quick; only sound is encoded.
_SECONDS = 120.0


async def rewrap(ffmpeg: Ffmpeg, path: Path, out: Path, limits: MediaLimits) -> bool:
    """Write `out`, an mp4, where the file is of such a kind; false where it is not, and nothing is written.

    Raises:
        MediaRefused: it is of such a kind, and cannot be read or put into an mp4.
    """
    sniffed = await asyncio.to_thread(sniff_file, path)
    if sniffed.unwraps_with is None:
        return False
    size = path.stat().st_size
    if size > limits.max_bytes:
        raise MediaRefused(Reason.TOO_LARGE, limit=limits.max_bytes, measured=size)
    opened = ("-f", sniffed.unwraps_with, *fence_with(sniffed.unwraps_with), "-threads", str(ffmpeg.threads))
    # A little longer than what is taken: whether it is too long is for the check that follows to say.
    taken = ("-t", f"{limits.max_duration + 1:g}", "-map", "0:V:0", "-map", "0:a:0?", "-c:v", "copy", *AAC)
    confined = Confinement(
        memory=1024 * MIB, cpu_seconds=240, wall_seconds=_SECONDS, file_bytes=limits.max_bytes + 64 * MIB
    )
    try:
        async with whole(out) as part:
            await ffmpeg.run(["-y", *opened, "-i", file_url(path), *taken, *MP4, file_url(part)], confined)
    except FfmpegFailed as failed:
        if failed.overran:
            raise MediaRefused(Reason.TOO_HEAVY, limit=_SECONDS) from failed
        reason = Reason.UNSUPPORTED_CODEC if "codec not currently supported" in failed.stderr else Reason.UNDECODABLE
        raise MediaRefused(reason, found=sniffed.kind) from failed
    return True
