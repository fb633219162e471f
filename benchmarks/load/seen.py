"""How a process does, seen from outside: its processor time, memory, threads and files, and how late its loop is."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.stage import JourneyFailed
from bot.app.watchdog import Lateness
from sandbox.process import BotProcess

#: Seconds between two looks of the sandbox at its own loop.
TICK = 0.01
#: Seconds until a bot has told how late its loop is.
TELLS_WITHIN = 30.0
_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauge:
    """A process at one moment. `cpu` is in seconds since its start, `resident` in bytes."""

    at: float
    cpu: float
    resident: int
    threads: int
    files: int


def gauge(pid: int) -> Gauge:
    """Read Linux' own account (`man 5 proc_pid_stat`)."""
    process = Path(f"/proc/{pid}")
    fields = (process / "stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    return Gauge(
        at=time.monotonic(),
        cpu=(int(fields[11]) + int(fields[12])) / _TICKS_A_SECOND,
        resident=int(fields[21]) * os.sysconf("SC_PAGE_SIZE"),
        threads=int(fields[17]),
        files=sum(1 for _ in (process / "fd").iterdir()),
    )


def cores(before: Gauge, after: Gauge) -> float:
    """How many cores a process kept busy between two moments."""
    return (after.cpu - before.cpu) / max(1e-6, after.at - before.at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lag:
    """How late an event loop was, in seconds; `blocks` counts where it stood still for a quarter of a second."""

    p99: float
    most: float
    blocks: int


async def lag_of(bot: BotProcess) -> Lag:
    """Have a bot tell how late its loop was since it was asked last. Raises `JourneyFailed`."""
    begin = bot.log.stat().st_size
    os.kill(bot.pid, signal.SIGUSR1)
    try:
        async with asyncio.timeout(TELLS_WITHIN):
            while (facts := _told(bot, begin)) is None:  # noqa: ASYNC110  # it is a log that changes
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise JourneyFailed(f"the bot does not tell how late its loop is:\n{bot.said()[-2000:]}") from None
    return Lag(p99=facts["late_p99"], most=facts["late_most"], blocks=int(facts["blocks"]))


def _told(bot: BotProcess, begin: int) -> dict[str, float] | None:
    for line in bot.said(begin).splitlines():
        if '"event loop"' in line and line.endswith("}"):
            told: dict[str, float] = json.loads(line)
            return told
    return None


def stood_still(bot: BotProcess) -> list[str]:
    """Where its loop was when it stood still, as far as our own code had a part in it."""
    places: Counter[str] = Counter()
    for line in bot.said().splitlines():
        if '"the event loop stands still"' in line:
            frames = [frame for frame in json.loads(line)["stack"].split(" < ") if "/bot/" in frame]
            places["/bot/".join(frames[0].split("/bot/")[1:]) if frames else "outside our code"] += 1
    return [f"stood still in {place}, {times} times" for place, times in places.most_common(5)]


@asynccontextmanager
async def own_lag() -> AsyncIterator[Lateness]:
    """How late our own loop, the sandbox's, comes while the block runs: where it is late, it is what saturates."""
    lateness = Lateness()

    async def watch() -> None:
        now = asyncio.get_running_loop().time
        while True:
            due = now() + TICK
            await asyncio.sleep(TICK)
            lateness.note(now() - due)

    async with asyncio.TaskGroup() as group:
        watching = group.create_task(watch())
        try:
            yield lateness
        finally:
            watching.cancel()
