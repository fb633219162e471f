"""Watches ffmpeg from outside the bot: a program in its place runs the real one, and tells when and how long it ran.

The bot is pointed at it by its own setting, FFMPEG_PATH. A run costs about 3 ms more so (measured 2026-11), which
counts as the bot's own time.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import imageio_ffmpeg

from benchmarks.stage import JourneyFailed

CHECK, ENCODE = "check", "encode"

# bash reads the clock and a child's CPU time without starting anything; one short line into a pipe arrives whole.
# The bot's checks may not write a byte into any file, a pipe is none.
_SCRIPT = """\
#!{bash}
case " $* " in *" framecrc "*) kind={check};; *) kind={encode};; esac
TIMEFORMAT="$EPOCHREALTIME %3R %3U %3S $kind"
{{ time {ffmpeg} "$@" 2>&3 3>&-; }} 3>&2 2>{pipe}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of ffmpeg, Unix seconds. `cpu` is in seconds, of all its threads; `kind` is `CHECK` or `ENCODE`."""

    began: float
    ended: float
    cpu: float
    kind: str


class FfmpegWatch:
    """`async with FfmpegWatch(folder) as watch:` gives `watch.program`; what it ran is in `watch.runs`, by its end."""

    def __init__(self, folder: Path) -> None:
        self.program = folder / "ffmpeg"
        self.runs: list[Run] = []
        self._pipe = folder / "runs"
        self._rest = b""
        self._reading: int | None = None

    async def __aenter__(self) -> Self:
        bash = shutil.which("bash")
        if bash is None:
            raise JourneyFailed("bash 5 is needed to watch ffmpeg, and there is none")
        os.mkfifo(self._pipe)
        # For reading and writing, so that neither side ever waits for the other to open it.
        self._reading = os.open(self._pipe, os.O_RDWR | os.O_NONBLOCK)
        asyncio.get_running_loop().add_reader(self._reading, self._read)
        script = _SCRIPT.format(
            bash=bash, check=CHECK, encode=ENCODE, ffmpeg=imageio_ffmpeg.get_ffmpeg_exe(), pipe=self._pipe
        )
        self.program.write_text(script, encoding="utf-8")
        self.program.chmod(0o700)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._reading is not None
        asyncio.get_running_loop().remove_reader(self._reading)
        os.close(self._reading)

    def between(self, began: float, ended: float, kind: str | None = None) -> list[Run]:
        """The runs that ended in that time, of one kind or of all."""
        return [run for run in self.runs if began <= run.ended <= ended and kind in {None, run.kind}]

    def _read(self) -> None:
        assert self._reading is not None
        *lines, self._rest = (self._rest + os.read(self._reading, 65536)).split(b"\n")
        for line in lines:
            began, wall, user, system, kind = line.decode().split()
            self.runs.append(
                Run(began=float(began), ended=float(began) + float(wall), cpu=float(user) + float(system), kind=kind)
            )


def busy(runs: Iterable[Run], began: float, ended: float) -> float:
    """Seconds between the two times in which at least one of these ran: runs at the same time count once."""
    total, done = 0.0, began
    for run in sorted(runs, key=lambda each: each.began):
        total += max(0.0, min(run.ended, ended) - max(run.began, done))
        done = max(done, min(run.ended, ended))
    return total


def version() -> str:
    """The ffmpeg that the bot uses where nobody names another."""
    said = subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-version"], capture_output=True, text=True, check=True)
    return said.stdout.split()[2]
