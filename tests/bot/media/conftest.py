"""Real clips, drawn once per session by the ffmpeg under test."""

from __future__ import annotations

import hashlib
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.media.ffmpeg import Ffmpeg, find_ffmpeg

Draw = Callable[..., Path]


@pytest.fixture(scope="session")
def ffmpeg() -> Ffmpeg:
    return Ffmpeg(find_ffmpeg())


@pytest.fixture(scope="session")
def draw(ffmpeg: Ffmpeg, tmp_path_factory: pytest.TempPathFactory) -> Draw:
    """Call as `draw("name.mp4", "-f", "lavfi", …)`: the file, made on the first call with these arguments only."""
    folder = tmp_path_factory.mktemp("clips")

    def call(name: str, *arguments: str) -> Path:
        out = folder / hashlib.sha256("\0".join(arguments).encode()).hexdigest()[:16] / name
        if not out.exists():
            out.parent.mkdir(exist_ok=True)
            subprocess.run([ffmpeg.executable, "-v", "error", "-y", *arguments, out], check=True)
        return out

    return call


def picture(size: str = "320x240", seconds: float = 1.0, rate: int = 30) -> tuple[str, ...]:
    return ("-f", "lavfi", "-i", f"testsrc2=s={size}:r={rate}:d={seconds}")


def tone(seconds: float = 1.0, rate: int = 44100) -> tuple[str, ...]:
    return ("-f", "lavfi", "-i", f"sine=d={seconds}:r={rate}")


QUICK = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")


@pytest.fixture(scope="session")
def plain(draw: Draw) -> Path:
    """A second of 320x240 at 30 frames with sound, its index in front."""
    return draw("plain.mp4", *picture(), *tone(), *QUICK, "-c:a", "aac", "-shortest", "-movflags", "+faststart")
