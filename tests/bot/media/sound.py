"""Hears a film: its sound as numbers, for tests that ask when something is to be heard."""

from __future__ import annotations

import array
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from bot.media.ffmpeg import Ffmpeg

RATE = 8000


def samples(ffmpeg: Ffmpeg, film: Path) -> array.array[int]:
    """Mono, 16 bit, `RATE` a second."""
    mono = ("-map", "0:a:0", "-ac", "1", "-ar", str(RATE), "-f", "s16le", "-")
    raw = subprocess.run([ffmpeg.executable, "-v", "error", "-i", film, *mono], check=True, capture_output=True)
    return array.array("h", raw.stdout)


def loudness(heard: array.array[int], start: float, end: float) -> float:
    """Mean amplitude between two seconds."""
    window = heard[int(start * RATE) : int(end * RATE)]
    return sum(abs(sample) for sample in window) / len(window)


def onsets(heard: array.array[int], *, loud: int = 3000, quiet_for: float = 0.3) -> list[float]:
    """Seconds at which a sound begins after silence."""
    found: list[float] = []
    last_loud = -RATE
    for index, sample in enumerate(heard):
        if abs(sample) > loud:
            if index - last_loud > quiet_for * RATE:
                found.append(index / RATE)
            last_loud = index
    return found
