"""What ffmpeg says of a file, for tests that ask whether it is what it should be."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from sandbox.providers.film import run_ffmpeg


@dataclass(frozen=True, slots=True)
class Facts:
    duration: float
    size: tuple[int, int] | None
    streams: str


async def facts_of(path: Path) -> Facts:
    """Decode the whole file; raises where anything in it is broken."""
    _, told = await run_ffmpeg(["-xerror", "-v", "info", "-i", str(path), "-f", "null", "-"])
    clock = re.search(r"Duration: (\d+):(\d+):([\d.]+)", told)
    size = re.search(r"Video:.*? (\d{2,5})x(\d{2,5})", told)
    assert clock is not None
    return Facts(
        int(clock[1]) * 3600 + int(clock[2]) * 60 + float(clock[3]),
        (int(size[1]), int(size[2])) if size else None,
        " ".join(re.findall(r"(Video: \w+|Audio: \w+|yuv420p|stereo)", told.split("Output #")[0])),
    )
