"""Killed at full load (kill -9) and started again: does the provider refuse what the pool has forgotten?

A real process under real time, with short windows. It writes a line for every request that leaves, with the
machine's monotonic clock; the server, here, counts those.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import adapter
from benchmarks.pool.findings import Claim, Findings
from benchmarks.pool.servers import SlidingWindow
from tests.bot.app.hammers import Hammer, over_admitted

KEYS, LIMIT = 3, 15
SQLITE_LIMIT = 40
PERIOD, QUICK_PERIOD = 2.0, 0.5  # seconds


def measure(*, quick: bool = False) -> Findings:
    rows, claims = [], []
    repeats, period = (1, QUICK_PERIOD) if quick else (4, PERIOD)
    for remembers in (False, True):
        with tempfile.TemporaryDirectory(prefix="greenlight-bench-") as folder:
            state = Path(folder) if remembers else None
            if state is not None and not _can_remember(state):
                claims.append(
                    Claim(what="refusals with a store", measured=None, aim=0, note="the adapter has none yet")
                )
                continue
            refused = sent = 0
            for number in range(repeats):
                home = None if state is None else state / str(number)
                lines = asyncio.run(_live_twice(home, period))
                server = SlidingWindow(LIMIT, period)
                refused += sum(not server.admits(key, at) for at, key in lines)
                sent += len(lines)
        name = "with a store" if remembers else "without memory"
        rows.append([name, str(sent), str(refused)])
        if remembers:
            claims.append(Claim(what="refusals with a store", measured=refused, aim=0))
    sent_at = asyncio.run(_sqlite_lives(repeats, period))
    refused = over_admitted(sent_at, SQLITE_LIMIT, period)
    rows.append([f"the bot's file, 1 × {SQLITE_LIMIT}", str(len(sent_at)), str(refused)])
    claims.append(Claim(what="refusals with the bot's database (SQLite)", measured=refused, aim=0))
    return Findings(
        question=f"Killed at full load and started again, {repeats} times, {KEYS} × {LIMIT} per {period:g} s",
        head=("", "sent", "refused"),
        rows=rows,
        claims=claims,
        notes=["without memory is what this would show if it were not so: the trap is set"],
    )


async def _sqlite_lives(repeats: int, period: float) -> list[float]:
    """When each request left, in lives that follow upon each other at once and all end by kill -9."""
    sent: list[float] = []
    with tempfile.TemporaryDirectory(prefix="greenlight-bench-") as folder:
        for number in range(2 * repeats):
            hammer = await Hammer.start(
                f"sqlite+aiosqlite:///{folder}/usage.sqlite3", limit=SQLITE_LIMIT, period=period, skew=0.05
            )
            await hammer.until_sent()
            await asyncio.sleep((0.5, 1.6)[number % 2] * period)
            await hammer.kill()
            sent += hammer.sent
    return sent


def _can_remember(state: Path) -> bool:
    return adapter.make({"keys": ["k"], "state_dir": str(state)}).remembers


async def _live_twice(state: Path | None, period: float) -> list[tuple[float, str]]:
    """Every request of both lives: when it left and with which key."""
    lines = await _live(state, period, lasts=0.5 * period)
    return lines + await _live(state, period, lasts=1.6 * period)


async def _live(state: Path | None, period: float, *, lasts: float) -> list[tuple[float, str]]:
    """One life of the process: so long from its first request on, then killed."""
    arguments = [str(period), *([] if state is None else [str(state)])]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.pool.restart", *arguments, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    lines: list[bytes] = []
    try:
        async with asyncio.timeout(30):
            lines.append(await process.stdout.readline())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(lasts):
                while line := await process.stdout.readline():
                    lines.append(line)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(signal.SIGKILL)
        lines += (await process.stdout.read()).splitlines()
        await process.wait()
    pairs = [line.decode().split() for line in lines if line.strip()]
    return [(float(at), key) for at, key in pairs]


async def _send_for_ever(period: float, state: str | None) -> None:
    spec: dict[str, object] = {
        "keys": [f"k{n}" for n in range(KEYS)],
        "limits": {"requests": LIMIT, "period": period},
        "max_skew": 0.05,
        "state_dir": state,
    }
    pool = adapter.make(spec)

    async def one(number: int) -> None:
        while True:
            async with pool.acquire(user=f"user-{number % 10}") as lease:
                lease.sent()
                os.write(1, f"{time.monotonic():.6f} {lease.key}\n".encode())
                await asyncio.sleep(0.02)

    await pool.start()
    async with asyncio.TaskGroup() as group:
        for number in range(200):
            group.create_task(one(number))


if __name__ == "__main__":
    asyncio.run(_send_for_ever(float(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else None))
