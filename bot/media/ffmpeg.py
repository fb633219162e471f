"""Finds ffmpeg, tests it, and runs it as a confined process that never outlives us."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import bot.media.confine
from bot.media.errors import FfmpegFailed, FfmpegUnusable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

log = logging.getLogger(__name__)

MIB = 1 << 20
OLDEST_MAJOR = 5  # Debian 12's; older ones lack options we pass. Checked 2026-11 against 5.1 documentation
ENCODERS = ("libx264", "aac", "mjpeg", "libopus")

_STDERR_KEPT = 16 * 1024  # a damaged file can make ffmpeg say megabytes
_LINE_MAX = 4096  # of stdout; our formats have short lines, a longer one is dropped
_CONFINE = Path(bot.media.confine.__file__)


def fence_with(*formats: str) -> tuple[str, ...]:
    """Only these formats may be opened, whatever a file says: no playlist, no network, no pipe."""
    return ("-format_whitelist", ",".join(formats), "-protocol_whitelist", "file", "-max_streams", "32")


INPUT_FENCE = fence_with(
    *("mov", "mp4", "m4a", "3gp", "3g2", "mj2", "matroska", "webm", "mp3", "wav", "ogg", "flac"),
    *("png_pipe", "jpeg_pipe", "webp_pipe"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Confinement:
    """What one process may use: bytes of memory, of each file and in seconds of CPU and of wall clock."""

    memory: int
    cpu_seconds: int
    wall_seconds: float
    file_bytes: int = 4 << 30
    files: int = 64


CHECKING = Confinement(memory=1024 * MIB, cpu_seconds=120, wall_seconds=60.0, file_bytes=0)
ENCODING = Confinement(memory=3072 * MIB, cpu_seconds=3600, wall_seconds=1800.0)


class Ffmpeg:
    """One ffmpeg executable.

    Args:
        executable: absolute path, from `find_ffmpeg`.
        threads: of each decoder and encoder.
    """

    def __init__(self, executable: Path, *, threads: int = 2) -> None:
        self.executable = executable
        self.threads = threads

    async def self_test(self) -> str:
        """Encode a moment of film; returns the version. Raises `FfmpegUnusable` with what is wrong."""
        version = re.match(r"ffmpeg version (\S+)", await self._ask("-version"))
        if version is None:
            raise FfmpegUnusable(f"{self.executable} does not answer like ffmpeg")
        number = re.match(r"n?(\d+)\.", version[1])  # builds from git have a hash instead; those are recent
        if number is not None and int(number[1]) < OLDEST_MAJOR:
            raise FfmpegUnusable(f"ffmpeg {version[1]} is too old: {OLDEST_MAJOR}.0 or newer is needed")
        offered = set(re.findall(r"^ [VA]\S+ (\S+)", await self._ask("-encoders"), re.MULTILINE))
        missing = [name for name in ENCODERS if name not in offered]
        if missing:
            raise FfmpegUnusable(f"ffmpeg {version[1]} lacks the encoder(s) {', '.join(missing)}")
        film = ("-f", "lavfi", "-i", "color=s=64x64:d=0.2", "-f", "lavfi", "-i", "anullsrc", "-shortest")
        try:
            await self.run([*film, "-c:v", "libx264", "-c:a", "aac", "-f", "null", "-"], ENCODING)
        except FfmpegFailed as failed:
            raise FfmpegUnusable(f"ffmpeg {version[1]} cannot encode: {failed}") from failed
        return version[1]

    async def run(
        self,
        arguments: Sequence[str],
        confinement: Confinement,
        *,
        on_line: Callable[[str], None] | None = None,
    ) -> str:
        """Run to the end and return what it said on stderr, capped.

        When we are cancelled, when its wall clock is over or when `on_line` raises, the whole process group is
        killed and waited for first.

        Args:
            arguments: after `-nostdin -hide_banner -v error`. Files are `file_url`s; nothing in it is written by users.
            confinement: what the process may use.
            on_line: called with each line of stdout.

        Raises:
            FfmpegFailed: it did not end with 0, or overran.
        """
        command = [str(self.executable), "-nostdin", "-hide_banner", "-v", "error", *arguments]
        process = await self._start(command, confinement)
        assert process.stdout is not None
        assert process.stderr is not None
        said = bytearray()
        try:
            async with asyncio.timeout(confinement.wall_seconds), asyncio.TaskGroup() as group:
                group.create_task(_keep_head(process.stderr, said))
                group.create_task(_each_line(process.stdout, on_line))
                group.create_task(process.wait())
        except TimeoutError:
            raise FfmpegFailed(returncode=None, stderr=_text(said), overran=True) from None
        except BaseExceptionGroup as failed:
            raise failed.exceptions[0] from None  # of our three tasks only `on_line` can fail
        finally:
            await _end(process)
        if process.returncode != 0:
            raise FfmpegFailed(returncode=process.returncode, stderr=_text(said))
        return _text(said)

    async def _ask(self, question: str) -> str:
        answer: list[str] = []
        try:
            await self.run([question], CHECKING, on_line=answer.append)
        except (FfmpegFailed, OSError) as failed:
            raise FfmpegUnusable(f"{self.executable} does not run: {failed}") from failed
        return "\n".join(answer)

    async def _start(self, command: list[str], confinement: Confinement) -> asyncio.subprocess.Process:
        limits = (confinement.memory, confinement.cpu_seconds, confinement.file_bytes, confinement.files)
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", str(_CONFINE), str(os.getpid()), *(str(limit) for limit in limits)),
            *command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={},
            cwd="/",
            start_new_session=True,
        )


def find_ffmpeg(configured: str | None = None) -> Path:
    """The operator's ffmpeg (the setting FFMPEG_PATH), else the one that imageio-ffmpeg ships.

    Raises `FfmpegUnusable`.
    """
    if configured:
        path = Path(configured).absolute()
        if not os.access(path, os.X_OK) or not path.is_file():
            raise FfmpegUnusable("FFMPEG_PATH does not name a program that we may run")
        return path
    import imageio_ffmpeg

    try:
        return Path(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError as missing:
        raise FfmpegUnusable("imageio-ffmpeg ships no ffmpeg for this machine: set FFMPEG_PATH") from missing


def file_url(path: Path) -> str:
    """How ffmpeg is given a file: no name can be read as an option, a protocol or a pattern."""
    return f"file:{path.absolute()}"


async def _keep_head(stream: asyncio.StreamReader, kept: bytearray) -> None:
    """Read to the end so that the writer never blocks, keeping the beginning: the first complaint is the cause."""
    while chunk := await stream.read(65536):
        kept += chunk[: _STDERR_KEPT - len(kept)]


async def _each_line(stream: asyncio.StreamReader, on_line: Callable[[str], None] | None) -> None:
    rest = b""
    while chunk := await stream.read(65536):
        if on_line is None:
            continue
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            if len(line) <= _LINE_MAX:
                on_line(_text(line))
        rest = rest[: _LINE_MAX + 1]
    if rest and on_line is not None:
        on_line(_text(rest))


async def _end(process: asyncio.subprocess.Process) -> None:
    """Kill the group if it still runs, and wait until nothing of it is left."""
    if process.returncode is not None:
        return
    log.info("killing ffmpeg", extra={"pid": process.pid})
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.communicate()  # drains the pipes too, else their transports outlive us


def _text(said: bytes | bytearray) -> str:
    return said.decode("utf-8", "replace")
