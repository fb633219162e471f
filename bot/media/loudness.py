"""How loud a film or a recording is, by the measure broadcasters and platforms use."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.media.encode import source
from bot.media.ffmpeg import CHECKING, Ffmpeg
from bot.media.sniff import Family, sniff_file

if TYPE_CHECKING:
    from pathlib import Path

SILENCE = -70.0
"""LUFS; nothing below it counts (the absolute gate of EBU R 128 / ITU-R BS.1770-4)."""


@dataclass(frozen=True, slots=True)
class Loudness:
    """Integrated loudness in LUFS and true peak in dBTP; `None` where there is no sound, or only silence."""

    integrated: float | None
    true_peak: float | None


NOTHING = Loudness(None, None)


async def measure(ffmpeg: Ffmpeg, path: Path, *, longest: float | None = None) -> Loudness:
    """Measure the sound of a video or a recording, as heard from two speakers.

    Args:
        ffmpeg: runs confined as for any check.
        path: a probed video, or a recording.
        longest: stop after that many seconds.

    Raises:
        MediaRefused: it is neither a video nor a recording that we read.
        FfmpegFailed: it does not decode.
    """
    integrated, peak = SILENCE, 0.0

    def read(line: str) -> None:
        nonlocal integrated, peak
        key, _, value = line.partition("=")
        if key == "lavfi.r128.I":
            integrated = float(value)  # of all so far: the last one counts
        elif key.startswith("lavfi.r128.true_peak"):
            peak = max(peak, float(value))

    family = Family.SOUND if sniff_file(path).family is Family.SOUND else Family.VIDEO
    only = ("-t", f"{longest:.3f}") if longest is not None else ()
    # Padded, because less than 0.4 s are no block, and because the meter reports whole tenths of a second only.
    meter = (
        "aformat=channel_layouts=stereo,apad=whole_dur=1,apad=pad_dur=0.1,"
        "ebur128=peak=true:metadata=1,ametadata=mode=print:file=-"
    )
    # The picture is only there so that a film without sound is no error.
    await ffmpeg.run(
        [
            *source(ffmpeg, path, *only, family=family),
            *("-map", "0:a:0?", "-map", "0:V:0?", "-c:v", "copy", "-af", meter, "-f", "null", "-"),
        ],
        CHECKING,
        on_line=read,
    )
    if integrated <= SILENCE or peak <= 0:
        return NOTHING
    return Loudness(integrated=integrated, true_peak=20 * math.log10(peak))
