"""Starts processes that hammer one quota, and counts as the strictest provider would."""

from __future__ import annotations

import asyncio
import sys
from bisect import bisect_right
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[3]


class Hammer:
    """One process; `sent` is when each request left, on this machine's monotonic clock."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.sent: list[float] = []
        self.journeys = 0

    @classmethod
    async def start(cls, url: str, *, limit: int, period: float, skew: float, pool: str = "hammered") -> Hammer:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.bot.app.hammer_process", url, pool, str(limit), str(period), str(skew)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            cwd=ROOT,
        )
        return cls(process)

    async def until_sent(self) -> None:
        """The first request has left."""
        assert self._process.stdout is not None
        self._note(await self._process.stdout.readline())

    async def kill(self) -> None:
        self._process.kill()
        await self._read()

    async def stop(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._read()

    async def _read(self) -> None:
        assert self._process.stdout is not None
        for line in (await self._process.stdout.read()).splitlines():
            self._note(line)
        await self._process.wait()

    def _note(self, line: bytes) -> None:
        words = line.decode().split()
        if words[0] == "journeys":
            self.journeys = int(words[1])
        else:
            self.sent.append(float(words[0]))


def over_admitted(sent: Sequence[float], limit: int, period: float) -> int:
    """How many came when the period before them already held the limit, of those that a strict provider let in."""
    admitted: list[float] = []
    refused = 0
    for at in sorted(sent):
        if len(admitted) - bisect_right(admitted, at - period) >= limit:
            refused += 1
        else:
            admitted.append(at)
    return refused
