"""How much room on the disk a film needs, roughly and rather too much: what does not fit is not begun."""

from __future__ import annotations

import errno
from collections.abc import Collection

from bot.media.errors import FfmpegFailed
from bot.studio.casting import Casting

#: Bytes of a second of a clip as services deliver it: 24 Mbit/s, several times what H.264 of 1080p usually takes.
CLIP_SECOND = 3 << 20
#: A cut holds each second so often at once: made alike, joined, mixed, captioned, finished.
COPIES = 5


def clip_bytes(casting: Casting) -> int:
    return casting.duration * CLIP_SECOND


def cut_bytes(castings: Collection[Casting]) -> int:
    return COPIES * sum(clip_bytes(casting) for casting in castings)


def film_bytes(castings: Collection[Casting]) -> int:
    """Everything that making it takes: all clips, and then the cut beside them."""
    return sum(clip_bytes(casting) for casting in castings) + cut_bytes(castings)


def is_full_disk(error: Exception) -> bool:
    """Whether work failed since there was no room; once there is, it may be done again."""
    if isinstance(error, OSError):
        return error.errno in {errno.ENOSPC, errno.EDQUOT}
    return isinstance(error, FfmpegFailed) and "No space left on device" in error.stderr
