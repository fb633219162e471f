"""`python -m benchmarks.proof.kill_points [--kinds film ...] [--every 5 | --at 3 9]`: die at each step, then look.

One world and one bot's data for each kind of work; for every step a fresh request, a death, a restart and the check.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.proof import checker
from benchmarks.proof.checker import Breach
from benchmarks.stage import quick_world
from sandbox.discord.people import UploadedFile
from sandbox.discord.reading import buttons_of
from sandbox.process import BotProcess
from sandbox.providers.film import Clip, draw
from sandbox.world import World

KINDS = ("plan", "turn", "film", "cancel", "delivery")
#: Seconds without a change that somebody waits for.
PATIENCE = 90.0
LOOK_EVERY = 0.05
IDEA = "a koi that becomes a dragon, take {number}, 2 shots, with a narrator"
RUNNER = "benchmarks.proof.runner"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of one death."""

    kind: str
    number: int
    step: str
    breaches: tuple[Breach, ...]

    def __str__(self) -> str:
        said = "; ".join(map(str, self.breaches)) or "kept"
        return f"{self.kind:<9} {self.number:>4}  {self.step:<72} {said}"


class Loop:
    """A world in which one bot dies again and again."""

    def __init__(self, folder: Path, world: World, upload: UploadedFile) -> None:
        self.world = world
        self.data = folder / "data"
        self._orders = folder / "kill.at"
        self._upload = upload
        self._takes = 0
        program = ("-m", RUNNER, str(self._orders))
        self.bot = BotProcess(world.environ(self.data), folder / "bot.log", program=program)

    @property
    def database(self) -> Path:
        return self.data / "greenlight.db"

    async def start(self) -> None:
        self._orders.unlink(missing_ok=True)
        before = self.world.discord.gateway.identifies
        await self.bot.start()
        await self._until(lambda: self.world.discord.gateway.identifies > before and self._connected())

    async def steps(self, kind: str) -> list[str]:
        """The steps of a run that nobody kills."""
        await self._play(kind, 0)
        await self._settle()
        await self.bot.stop()
        return self._steps()

    async def die(self, kind: str, number: int) -> Verdict:
        """Play `kind`, die at step `number`, start again and check. Where it ends before that step, nobody dies."""
        await self._play(kind, number)
        await self._settle()
        steps = self._steps()
        died = not self.bot.is_running
        if not died:
            await self.bot.stop()
        await self.start()
        await self._settle()
        breaches = checker.check(self.database, self.data, self.world)
        step = steps[-1] if steps and died else "(over before)"
        return Verdict(kind=kind, number=number, step=step, breaches=tuple(breaches))

    async def _play(self, kind: str, number: int) -> None:
        """One request of this kind, armed just before the part that is looked at."""
        people, discord = self.world.discord.people, self.world.discord
        mia = discord.mia
        self._takes += 1
        options: dict[str, object] = {"idea": IDEA.format(number=self._takes)}
        if kind == "plan":
            self._arm(number)
            await people.slash(mia, discord.channel_id, "plan", {**options, "video": self._upload})
            return
        known = {thread["id"] for thread in discord.threads(discord.channel_id)}
        await people.slash(mia, discord.channel_id, "plan", options)
        await self._until(lambda: any(t["id"] not in known for t in discord.threads(discord.channel_id)))
        thread = next(int(t["id"]) for t in discord.threads(discord.channel_id) if t["id"] not in known)
        await self._until(lambda: self._offers(thread, "Greenlight"))
        if kind == "turn":
            self._arm(number)
            await people.say(mia, thread, "make shot 2 shorter")
            return
        if kind == "film":
            self._arm(number)
        await people.press(mia, thread, label="Greenlight")
        if kind == "cancel":
            await self._until(lambda: self._offers(thread, "Cancel") or self._quiet())
            self._arm(number)
            if self._offers(thread, "Cancel"):
                await people.press(mia, thread, label="Cancel")
        if kind == "delivery":
            await self._until(lambda: bool(checker.rows(self.database, _CUTTING)) or self._quiet())
            self._arm(number)

    def _arm(self, number: int) -> None:
        ready = self._orders.with_suffix(".new")
        ready.write_text(str(number))
        ready.rename(self._orders)

    def _steps(self) -> list[str]:
        notes = self._orders.with_suffix(".steps")
        found = [line.partition("\t")[2] for line in notes.read_text().splitlines()] if notes.exists() else []
        notes.unlink(missing_ok=True)
        return found

    def _offers(self, thread: int, label: str) -> bool:
        messages = self.world.discord.messages(thread)
        return any(label in str(button.get("label")) for m in messages for button in buttons_of(m))

    def _connected(self) -> bool:
        return self.world.discord.gateway.connected

    def _quiet(self) -> bool:
        return not checker.unfinished(self.database)

    async def _settle(self) -> None:
        """Wait until the bot is dead, or everything accepted has its end and nothing moves; or for as long as we may.

        What has no end then is for the checker to name.
        """
        ends_at, quiet_since, seen = time.monotonic() + PATIENCE, time.monotonic(), -1
        while self.bot.is_running and time.monotonic() < ends_at and time.monotonic() - quiet_since < QUIET:
            now = len(self.world.discord.requests) + len(self.world.providers.requests)
            if now != seen or not self._quiet():
                quiet_since, seen = time.monotonic(), now
            await asyncio.sleep(LOOK_EVERY)

    async def _until(self, look: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not look():  # noqa: ASYNC110  # another process's rows wake nobody here
                await asyncio.sleep(LOOK_EVERY)


_CUTTING = "SELECT 1 FROM productions WHERE state = 'running' AND stage = 'cut'"
#: Seconds in which nothing is sent any more before the check is made.
QUIET = 1.5


@asynccontextmanager
async def loop(folder: Path) -> AsyncIterator[Loop]:
    folder.mkdir(parents=True, exist_ok=True)
    source = folder / "upload.mp4"
    await draw(Clip(id="upload", prompt="koi", duration=1.0, width=160, height=90, audio=True), source)
    upload = UploadedFile("pond.mp4", await asyncio.to_thread(source.read_bytes))
    async with quick_world(folder / "world") as world:
        made = Loop(folder, world, upload)
        try:
            await made.start()
            yield made
        finally:
            if made.bot.is_running:
                await made.bot.kill()


async def run(folder: Path, kinds: Sequence[str], every: int, at: Sequence[int]) -> list[Verdict]:
    """Every verdict, said as it comes."""
    verdicts = []
    for kind in kinds:
        async with loop(folder / kind) as mine:
            numbers: Sequence[int] = at
            if not at:
                steps = await mine.steps(kind)
                print(f"{kind}: {len(steps)} steps", flush=True)
                numbers = range(1, len(steps) + 1, every)
                await mine.start()
            for number in numbers:
                verdicts.append(await mine.die(kind, number))
                print(verdicts[-1], flush=True)
    return verdicts


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.proof.kill_points", description=__doc__)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--every", type=int, default=1, help="take only each n-th step")
    parser.add_argument("--at", type=int, nargs="+", default=(), help="take these steps only")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        verdicts = asyncio.run(run(Path(folder), arguments.kinds, arguments.every, arguments.at))
    broken = sum(bool(verdict.breaches) for verdict in verdicts)
    print(f"{len(verdicts)} deaths, {broken} with a breach")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
