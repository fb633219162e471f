"""What a clip that somebody sent is: measured, never trusted."""

from __future__ import annotations

import re
from pathlib import Path

from sandbox.providers.film import DrawingFailed, run_ffmpeg
from sandbox.providers.runway.assets import Footage


async def measured(path: Path) -> Footage | None:
    """The clip at `path`; `None` where it is none."""
    try:
        _, told = await run_ffmpeg(["-v", "info", "-i", str(path), "-t", "0", "-f", "null", "-"])
    except DrawingFailed:
        return None
    told = told.split("Output #")[0]
    clock = re.search(r"Duration: (\d+):(\d+):([\d.]+)", told)
    size = re.search(r"Video:.*? (\d{2,5})x(\d{2,5})", told)
    fps = re.search(r"([\d.]+) fps", told)
    if clock is None or size is None:
        return None
    return Footage(
        path=path,
        seconds=int(clock[1]) * 3600 + int(clock[2]) * 60 + float(clock[3]),
        width=int(size[1]),
        height=int(size[2]),
        fps=float(fps[1]) if fps else 24.0,
        audio="Audio:" in told,
    )
