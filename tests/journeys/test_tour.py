"""The story that the README tells, played by the command that it names."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from sandbox.pictures import find_chromium
from sandbox.process import ROOT
from sandbox.providers.film import run_ffmpeg


@pytest.mark.browser
async def test_the_tour_plays_to_its_end_and_leaves_the_film(tmp_path: Path) -> None:
    pictures = find_chromium() is not None
    assert pictures or "GREENLIGHT_REQUIRE_BROWSER" not in os.environ, "this machine must have a Chromium"
    folder = tmp_path / "tour"
    arguments = ["--tour", str(folder), *(["--screenshot"] if pictures else [])]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "sandbox",
        *arguments,
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()
    await run_ffmpeg(["-xerror", "-i", str(folder / "film.mp4"), "-f", "null", "-"])
    assert "make shot 2 shorter" in (folder / "transcript.md").read_text()
    assert (folder / "4-film.png").exists() == pictures
    assert ("plays in the page" in (folder / "transcript.md").read_text()) == pictures
