"""Faults of the process itself: a loop that fails, a log that nobody reads."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import os
import signal
import sys
import time
from pathlib import Path

import pytest

from bot.app.service import Loop, Service
from bot.jobs.wake import Listener, Wake
from bot.outlet import Outlet
from sandbox.process import ROOT
from tests import virtual_time


def test_f109_nobody_waits_for_a_log_that_nobody_reads_and_what_was_dropped_is_counted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    reader, writer = os.pipe()
    outlet = Outlet(writer, most=100)
    line = "x" * 4096 + "\n"
    for _ in range(1000):  # the pipe takes some sixteen of them, the outlet a hundred
        outlet.write(line)

    os.set_blocking(reader, False)
    read = 0
    while "were dropped" not in caplog.text:  # reading makes room; the outlet says what is missing once it has it
        read += _lines(reader)
    read += _lines(reader)

    (told,) = [record for record in caplog.records if "dropped" in record.getMessage()]
    assert vars(told)["lines"] + read == 1000
    os.close(reader)


def _lines(reader: int) -> int:
    """Of 4 KiB and an end each, as many as are there."""
    found = 0
    with contextlib.suppress(BlockingIOError):
        while True:
            found += os.read(reader, 1 << 16).count(b"\n")
    time.sleep(0.001)
    return found


def test_f109_a_disk_that_is_full_costs_lines_and_nothing_else(caplog: pytest.LogCaptureFixture) -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    outlet = Outlet(full)
    outlet.write("lost\n")
    outlet.drain()
    assert outlet._dropped == 1

    outlet._descriptor, other = os.open(os.devnull, os.O_WRONLY), outlet._descriptor
    outlet.write("kept\n")
    while "were dropped" not in caplog.text:
        time.sleep(0.001)
    os.close(other)


def test_what_was_said_last_is_written_before_the_end(tmp_path: Path) -> None:
    target = os.open(tmp_path / "log", os.O_WRONLY | os.O_CREAT)
    outlet = Outlet(target)
    for number in range(500):
        outlet.write(f"{number}\n")

    outlet.drain()

    assert (tmp_path / "log").read_text().split() == [str(number) for number in range(500)]
    os.close(target)


async def test_f95_a_second_signal_ends_the_process_at_once() -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.faults.stopping"), cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    for expected in (b"running\n", b"stopping\n"):
        assert await process.stdout.readline() == expected
        process.send_signal(signal.SIGTERM)

    assert await process.wait() == 0
    assert await process.stdout.read() == b""  # it did not wait for the order


def test_f102_a_loop_that_fails_starts_again_more_slowly_and_holds_up_no_other() -> None:
    async def story() -> tuple[list[float], int]:
        began: list[float] = []
        beats = 0

        async def fails(_: Listener) -> None:
            began.append(virtual_time.now())
            raise RuntimeError("a bug")

        async def lives(_: Listener) -> None:
            nonlocal beats
            while True:
                beats += 1
                await asyncio.sleep(10.0)

        nothing: object = None
        service = Service(
            client=nothing,  # type: ignore[arg-type]  # none of them is asked
            token="",
            engine=None,
            ledger=nothing,  # type: ignore[arg-type]
            dispatcher=nothing,  # type: ignore[arg-type]
            changed=Wake(),
        )
        tasks = [service._supervised(Loop(name="fails", run=fails)), service._supervised(Loop(name="lives", run=lives))]
        try:
            async with asyncio.timeout(300.0):
                await asyncio.gather(*tasks)
        except TimeoutError:
            pass
        return began, beats

    began, beats = virtual_time.run(story())
    pauses = [later - earlier for earlier, later in itertools.pairwise(began)]
    assert pauses[:6] == [1.0, 2.0, 4.0, 8.0, 16.0, 32.0]
    assert max(pauses) == 60.0
    assert beats == 30
