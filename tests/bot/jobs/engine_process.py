"""A process with a real engine, for `test_engine`: it notes in a file what its steps do.

python -m tests.bot.jobs.engine_process FOLDER STORY
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from bot.jobs.engine import Engine
from tests.bot.waiting import until


class Work:
    """Workflows under test. What runs is noted, a line each; a step named "slow" ends once FOLDER/go is there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.engine = Engine(folder / "engine.sqlite3")
        for name, workflow in {"film": self.film, "broken": self.broken, "endless": self.endless}.items():
            self.engine.register(name, workflow)

    async def film(self, subject: str) -> None:
        """Two steps at once, of which the second is slow; then one that is told what they returned."""
        outcomes = await asyncio.gather(
            self.engine.step("quick", self._quick, subject), self.engine.step("slow", self._slow, subject)
        )
        await self.engine.step("end", self._end, ",".join(outcomes))

    async def broken(self, subject: str) -> None:
        await self.engine.step("breaks", self._break, subject)

    async def endless(self, subject: str) -> None:
        await self.engine.step("waits", self._wait, subject)
        await self.engine.step("end", self._end, subject)

    def note(self, line: str) -> None:
        with (self._folder / "notes").open("a") as file:
            file.write(line + "\n")

    async def over(self, workflow_id: str) -> None:
        await until(lambda: self.engine.is_over(workflow_id))

    async def noted(self, line: str) -> None:
        async def there() -> bool:
            return line in (self._folder / "notes").read_text().split("\n")

        await until(there)

    async def _quick(self, subject: str) -> str:
        self.note(f"quick {subject}")
        return "quick"

    async def _slow(self, subject: str) -> str:
        self.note(f"slow begins {subject}")

        async def told_to_go() -> bool:
            return (self._folder / "go").exists()

        await until(told_to_go, within=600.0)
        self.note(f"slow ends {subject}")
        return "slow"

    async def _end(self, subject: str) -> str:
        self.note(f"end {subject}")
        return ""

    async def _break(self, subject: str) -> str:
        raise RuntimeError(subject)

    async def _wait(self, subject: str) -> str:
        self.note(f"waits {subject}")
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.note(f"cancelled {subject}")
            raise
        return ""


async def life(work: Work, folder: Path) -> None:
    """What an engine does with workflows from start to end, in one process."""
    engine = work.engine
    work.note(f"unknown: over {await engine.is_over('x')}, started {await engine.was_started('x')}")
    await engine.cancel("x")  # nothing to cancel is no failure
    (folder / "go").touch()
    await engine.start("film", "film-1", "a")
    await engine.start("film", "film-1", "a")
    await work.over("film-1")
    await engine.start("film", "film-1", "a")
    work.note(f"film: started {await engine.was_started('film-1')}")
    await engine.start("broken", "broken-1", "b")
    await work.over("broken-1")
    work.note("broken: over")
    await engine.start("endless", "endless-1", "c")
    await work.noted("waits c")
    await engine.cancel("endless-1")
    await work.noted("cancelled c")
    await work.over("endless-1")
    work.note("endless: over")


async def begin(work: Work, folder: Path) -> None:
    """Start a film and stay until killed."""
    await work.engine.start("film", "film-1", "a")
    await asyncio.Event().wait()


async def resume(work: Work, folder: Path) -> None:
    """Start nothing; what was running goes on by itself."""
    (folder / "go").touch()
    await work.over("film-1")


async def main(folder: Path, story: str) -> None:
    work = Work(folder)
    await work.engine.launch()
    try:
        await {"life": life, "begin": begin, "resume": resume}[story](work, folder)
    finally:
        await work.engine.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
