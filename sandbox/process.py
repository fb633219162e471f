"""A bot as a process of its own, started, killed and stopped as an operator or a power cut would."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).resolve().parents[1]
#: Seconds a bot gets to end by itself.
STOPS_WITHIN = 30.0


class BotProcess:
    """`python -m bot run` with the variables given and nothing else of ours; what it says goes to `log`.

    `program` is what Python runs in its place, for those who look closer; `run`, the role and the shards follow it.
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        log: Path,
        *,
        role: str = "all",
        shards: str | None = None,
        program: Sequence[str] = ("-m", "bot"),
    ) -> None:
        self._words = ("run", "--role", role, *(() if shards is None else ("--shards", shards)))
        self._program = tuple(program)
        self._environ = {**environ, "PATH": os.environ.get("PATH", ""), "PYTHONUNBUFFERED": "1"}
        self.log = log
        self._process: asyncio.subprocess.Process | None = None
        self._began_at = 0  # in the log

    async def start(self) -> None:
        """Start it; it runs when this returns, but is not connected yet."""
        with self.log.open("ab") as log:
            self._began_at = log.tell()
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, *self._program, *self._words),
                cwd=ROOT,
                env=self._environ,
                stdout=log,
                stderr=log,
            )

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    async def kill(self) -> None:
        """End it without a word, as `kill -9` does."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> int:
        """Ask it to stop and wait until it has; its exit code."""
        return await self._end(signal.SIGTERM)

    async def wait(self) -> int:
        """Wait until it ends by itself; its exit code."""
        assert self._process is not None
        return await self._process.wait()

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.returncode is None

    def last_words(self) -> str:
        """The end of what it said since it was started last."""
        return self.said(self._began_at)[-2000:].strip()

    def said(self, begin: int = 0) -> str:
        """What it said, from a byte of the log on."""
        return self.log.read_bytes()[begin:].decode(errors="replace") if self.log.exists() else ""

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self.is_running:
                async with asyncio.timeout(STOPS_WITHIN):
                    await self.stop()
        except TimeoutError:
            pass
        finally:  # also when we are cancelled a second time: nobody is left to stop it later
            if self.is_running:
                await self.kill()

    async def _end(self, by: signal.Signals) -> int:
        assert self._process is not None
        if self._process.returncode is None:
            self._process.send_signal(by)
        return await self._process.wait()
