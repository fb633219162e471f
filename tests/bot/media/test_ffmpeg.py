from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest

from bot.media.errors import FfmpegFailed, FfmpegUnusable
from bot.media.ffmpeg import CHECKING, ENCODING, INPUT_FENCE, Confinement, Ffmpeg, file_url, find_ffmpeg

ENDLESS = ("-re", "-f", "lavfi", "-i", "testsrc2=s=64x64:r=10", "-progress", "pipe:1", "-stats_period", "0.02")
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def program(folder: Path, script: str) -> Ffmpeg:
    """A stand-in executable."""
    path = folder / "ffmpeg"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return Ffmpeg(path)


def running(marker: str) -> list[int]:
    """Pids of living processes with the marker among their arguments; a zombie has none."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if marker.encode() in (folder / "cmdline").read_bytes():
                found.append(int(folder.name))
        except OSError:
            continue
    return [pid for pid in found if pid != os.getpid()]


async def test_the_shipped_ffmpeg_passes_its_self_test(ffmpeg: Ffmpeg) -> None:
    assert await ffmpeg.self_test()


async def test_a_program_that_is_no_ffmpeg_is_named(tmp_path: Path) -> None:
    with pytest.raises(FfmpegUnusable, match="does not answer like ffmpeg"):
        await program(tmp_path, "echo hello").self_test()


async def test_an_old_ffmpeg_is_named_with_its_version(tmp_path: Path) -> None:
    with pytest.raises(FfmpegUnusable, match=r"ffmpeg 4\.4\.2 is too old: 5\.0 or newer is needed"):
        await program(tmp_path, "echo ffmpeg version 4.4.2 Copyright").self_test()


async def test_missing_encoders_are_named(tmp_path: Path) -> None:
    lacking = program(tmp_path, "echo ffmpeg version 7.1 Copyright; echo ' V....D mjpeg MJPEG'")

    with pytest.raises(FfmpegUnusable, match=r"lacks the encoder\(s\) libx264, aac"):
        await lacking.self_test()


def test_a_configured_path_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FfmpegUnusable, match="FFMPEG_PATH"):
        find_ffmpeg(str(tmp_path / "nothing"))


def test_a_configured_path_wins(tmp_path: Path) -> None:
    chosen = program(tmp_path, "true").executable

    assert find_ffmpeg(str(chosen)) == chosen


async def test_it_sees_nothing_of_our_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISCORD_TOKEN", "canary")
    said: list[str] = []

    await program(tmp_path, "tr '\\0' '\\n' </proc/self/environ; env").run([], CHECKING, on_line=said.append)

    assert not any("canary" in line for line in said)
    assert {line.partition("=")[0] for line in said if line} <= {"PWD", "SHLVL", "_", "OLDPWD", "PATH"}


async def test_it_is_confined(tmp_path: Path) -> None:
    said: list[str] = []
    limits = Confinement(memory=512 << 20, cpu_seconds=7, wall_seconds=5, file_bytes=1 << 20, files=33)

    await program(tmp_path, "ulimit -v; ulimit -t; ulimit -f; ulimit -n; ulimit -c").run(
        [], limits, on_line=said.append
    )

    assert said == [str(512 << 10), "7", str((1 << 20) // 512), "33", "0"]


async def test_what_it_says_is_capped(tmp_path: Path) -> None:
    noisy = program(tmp_path, "i=0; while [ $i -lt 4000 ]; do echo complaint-number-$i >&2; i=$((i+1)); done; exit 3")

    with pytest.raises(FfmpegFailed) as failed:
        await noisy.run([], CHECKING)

    assert failed.value.returncode == 3
    assert len(failed.value.stderr) == 16 * 1024
    assert failed.value.stderr.startswith("complaint-number-0\n")


async def test_a_crash_is_told_by_its_signal(tmp_path: Path) -> None:
    with pytest.raises(FfmpegFailed) as failed:
        await program(tmp_path, "kill -SEGV $$").run([], CHECKING)

    assert failed.value.returncode == -signal.SIGSEGV


async def test_lines_without_end_are_dropped_not_kept(tmp_path: Path) -> None:
    said: list[str] = []

    await program(tmp_path, "head -c 3000000 /dev/zero; echo; echo after").run([], CHECKING, on_line=said.append)

    assert said == ["after"]


@linux_only
async def test_at_its_deadline_nothing_of_it_is_left(ffmpeg: Ffmpeg) -> None:
    marker = uuid.uuid4().hex
    short = Confinement(memory=1 << 30, cpu_seconds=10, wall_seconds=0.15)

    with pytest.raises(FfmpegFailed) as failed:
        await ffmpeg.run([*ENDLESS, "-metadata", f"title={marker}", "-f", "null", "-"], short)

    assert failed.value.overran
    assert running(marker) == []


@linux_only
async def test_when_cancelled_nothing_of_it_is_left(ffmpeg: Ffmpeg) -> None:
    marker = uuid.uuid4().hex
    began = asyncio.Event()
    task = asyncio.ensure_future(
        ffmpeg.run(
            [*ENDLESS, "-metadata", f"title={marker}", "-f", "null", "-"], ENCODING, on_line=lambda _: began.set()
        )
    )
    await began.wait()
    assert running(marker) != []

    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert running(marker) == []


@linux_only
async def test_a_grandchild_is_killed_too(tmp_path: Path) -> None:
    began = asyncio.Event()
    parent = program(tmp_path, "sleep 98765.4321 & echo began; wait")
    task = asyncio.ensure_future(parent.run([], CHECKING, on_line=lambda _: began.set()))
    await began.wait()

    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    until = time.monotonic() + 5
    while running("98765.4321") and time.monotonic() < until:  # noqa: ASYNC110 - the kernel reaps it, not we
        await asyncio.sleep(0.002)
    assert running("98765.4321") == []


async def test_what_on_line_raises_ends_the_run_and_comes_through(ffmpeg: Ffmpeg) -> None:
    def refuse(line: str) -> None:
        raise LookupError(line)

    with pytest.raises(LookupError):
        await ffmpeg.run([*ENDLESS, "-f", "null", "-"], ENCODING, on_line=refuse)


@linux_only
def test_it_dies_with_a_bot_that_is_killed(ffmpeg: Ffmpeg) -> None:
    marker = uuid.uuid4().hex
    bot = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import asyncio, pathlib, sys\n"
            "from bot.media.ffmpeg import ENCODING, Ffmpeg\n"
            "tell = lambda line: print('began', flush=True)\n"
            "asyncio.run(Ffmpeg(pathlib.Path(sys.argv[1])).run(sys.argv[2:], ENCODING, on_line=tell))\n",
            str(ffmpeg.executable),
            *(*ENDLESS, "-metadata", f"title={marker}", "-f", "null", "-"),
        ],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[3],
    )
    assert bot.stdout is not None
    with bot.stdout:
        bot.stdout.readline()
        assert len(running(marker)) == 2

        bot.kill()
        bot.wait()

    until = time.monotonic() + 5
    while running(marker) and time.monotonic() < until:
        time.sleep(0.002)
    assert running(marker) == []


def may_trace() -> bool:
    strace = shutil.which("strace")
    if strace is None:
        return False
    return subprocess.run([strace, "-qq", "-o", "/dev/null", "true"], check=False, capture_output=True).returncode == 0


@pytest.mark.skipif(not may_trace(), reason="strace is not installed, or may not trace here")
async def test_a_playlist_that_reached_ffmpeg_would_open_nothing(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("canary")
    playlist = tmp_path / "playlist.mp4"
    playlist.write_text(f"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nfile://{secret}\n#EXTINF:1,\nfile:///etc/passwd\n")
    trace = tmp_path / "trace"
    strace = f"{shutil.which('strace')} -f -qq -e trace=openat,open,socket,connect -o {trace}"
    tracing = program(tmp_path, f'exec {strace} {ffmpeg.executable} "$@"')

    with pytest.raises(FfmpegFailed):
        await tracing.run(
            ["-f", "mov", *INPUT_FENCE, "-i", file_url(playlist), "-f", "null", "-"],
            Confinement(memory=2 << 30, cpu_seconds=10, wall_seconds=20),
        )

    seen = trace.read_text()
    assert str(playlist) in seen
    assert "secret.txt" not in seen
    assert "/etc/passwd" not in seen
    assert "socket(" not in seen
