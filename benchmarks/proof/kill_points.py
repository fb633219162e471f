"""`python -m benchmarks.proof.kill_points [--kinds film ...] [--every 5 | --distinct | --at 3 9]`: die, then look.

For each kind of work, and for each step of it: a fresh request, a death at that step, a restart and the check. One
world and one bot's data for all of them, so that what a death leaves behind would meet the next ones, too.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.proof import checker
from benchmarks.proof.checker import Breach
from benchmarks.proof.records import Rows
from benchmarks.proof.small_bot import SIZE
from benchmarks.stage import quick_world
from sandbox.discord.people import UploadedFile
from sandbox.discord.reading import buttons_of, text_of
from sandbox.process import BotProcess
from sandbox.providers.film import Clip, draw
from sandbox.world import World

KINDS = ("plan", "turn", "film", "cancel", "delivery")
#: Seconds without a change that somebody waits for.
PATIENCE = 90.0
LOOK_EVERY = 0.05
#: Seconds in which nothing is sent any more before the check is made.
QUIET = 1.0
#: Seconds that a clip takes where it is to be cancelled before it is made.
SLOWLY = 1.0
IDEA = "a koi that becomes a dragon, take {number}, 2 shots, with a narrator"
RUNNER = "benchmarks.proof.runner"
#: One person has more made within an hour than anybody may spend in a day.
RICH = {"MAX_USD_PER_USER_DAY": "100000", "MAX_USD_PER_GUILD_MONTH": "100000", "MAX_USD_PER_DAY": "100000"}
_ASKED = {
    "plan": "SELECT id FROM projects",
    "turn": "SELECT id FROM turns",
    "film": "SELECT id FROM productions",
    "cancel": "SELECT id FROM productions WHERE stopping = 1 OR state = 'cancelled' OR delivered_at IS NOT NULL",
    "delivery": "SELECT id FROM productions",
}
_CUTTING = "SELECT 1 FROM productions WHERE state = 'running' AND stage = 'cut'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of one request whose bot was to die at a step; `step` is `None` where it was over before."""

    kind: str
    point: str
    step: str | None
    breaches: tuple[Breach, ...]

    def __str__(self) -> str:
        step = self.step or f"(over before {self.point})"
        said = "; ".join(map(str, self.breaches)) or "kept"
        return f"{self.kind:<9} {self.point if self.point.isdecimal() else '':>4}  {step:<72} {said}"


class Loop:
    """A world in which one bot dies again and again."""

    def __init__(self, folder: Path, world: World, upload: UploadedFile) -> None:
        self.world = world
        self.data = folder / "data"
        self.data.mkdir(exist_ok=True)
        self.rows = Rows.of(self.data / "greenlight.db")
        self._orders = folder / "kill.at"
        self._upload = upload
        self._takes = 0
        self._known: set[Breach] = set()
        program = ("-m", RUNNER, str(self._orders))
        self.bot = BotProcess({**world.environ(self.data), **RICH}, folder / "bot.log", program=program)

    async def start(self) -> None:
        self._orders.unlink(missing_ok=True)
        gateway = self.world.discord.gateway
        before = gateway.identifies
        await self.bot.start()
        await self._until(
            lambda: gateway.identifies > before and gateway.connected and bool(self.world.discord.commands)
        )

    async def steps(self, kind: str) -> list[str]:
        """The steps of a run that nobody kills; the bot runs on."""
        await self._play(kind, "none")
        await self._settle()
        await self.bot.kill()
        steps = self._steps()
        await self.start()
        return steps

    async def die(self, kind: str, point: str, idea: str = IDEA) -> Verdict:
        """Play `kind`, die at a step, start again and check. Where it ends before that step, nobody dies of it."""
        await self._play(kind, point, idea)
        await self._settle()
        died = not self.bot.is_running
        if not died:
            await self.bot.kill()  # it may still come to that step with something else
        steps = self._steps()
        await self.start()
        await self._settle()
        breaches = {*checker.check(self.rows, self.data, self.world)} - self._known
        self._known |= breaches
        return Verdict(kind=kind, point=point, step=steps[-1] if died else None, breaches=tuple(breaches))

    async def _play(self, kind: str, point: str, idea: str = IDEA) -> None:
        """One request of this kind, written down before this returns, unless the bot dies before that."""
        before = len(self.rows(_ASKED[kind])) if self._takes else 0
        await self._ask(kind, point, idea)
        await self._until(lambda: not self.bot.is_running or len(self.rows(_ASKED[kind])) > before)

    async def _ask(self, kind: str, point: str, idea: str) -> None:
        """Armed just before the part that is looked at."""
        people, discord = self.world.discord.people, self.world.discord
        mia = discord.mia
        self.world.providers.stage.pace = SLOWLY if kind == "cancel" else 0.0
        self._takes += 1
        options: dict[str, object] = {"idea": idea.format(number=self._takes)}
        if kind == "plan":
            self._arm(point)
            await people.slash(mia, discord.channel_id, "plan", {**options, "video": self._upload})
            return
        known = self._threads()
        await people.slash(mia, discord.channel_id, "plan", options)
        await self._until(lambda: self._threads() > known)
        (thread,) = self._threads() - known
        await self._until(lambda: self._offers(thread, "Greenlight"))
        if kind == "turn":
            self._arm(point)
            await people.say(mia, thread, "make shot 2 shorter")
            return
        if kind == "film":
            self._arm(point)
        await people.press(mia, thread, label="Greenlight")
        if kind == "cancel":
            await self._until(lambda: self._offers(thread, "Cancel"))
            self._arm(point)
            await people.press(mia, thread, label="Cancel")
        if kind == "delivery":
            await self._until(lambda: bool(self.rows(_CUTTING)) or self._is_quiet())
            self._arm(point)

    def _arm(self, point: str) -> None:
        ready = self._orders.with_suffix(".new")
        ready.write_text(point)
        ready.rename(self._orders)

    def _steps(self) -> list[str]:
        notes = self._orders.with_suffix(".steps")
        found = notes.read_text().splitlines() if notes.exists() else []
        notes.unlink(missing_ok=True)
        return found

    def _threads(self) -> set[int]:
        return {int(thread["id"]) for thread in self.world.discord.threads(self.world.discord.channel_id)}

    def _offers(self, thread: int, label: str) -> bool:
        messages: list[dict[str, Any]] = self.world.discord.messages(thread)
        return any(label in str(button.get("label")) for m in messages for button in buttons_of(m))

    def _is_quiet(self) -> bool:
        return not checker.unfinished(self.rows)

    async def _settle(self) -> None:
        """Wait until the bot is dead, or everything accepted has its end and nothing moves; or for as long as we may.

        What has no end then is for the checker to name.
        """
        world = self.world
        ends_at, quiet_since, seen = time.monotonic() + PATIENCE, time.monotonic(), -1
        while self.bot.is_running and time.monotonic() < ends_at and time.monotonic() - quiet_since < QUIET:
            now = len(world.discord.requests) + len(world.providers.requests)
            if now != seen or not self._is_quiet():
                quiet_since, seen = time.monotonic(), now
            await asyncio.sleep(LOOK_EVERY)

    async def _until(self, look: Callable[[], bool]) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                while not look():  # noqa: ASYNC110  # another process's rows wake nobody here
                    await asyncio.sleep(LOOK_EVERY)
        except TimeoutError:
            answers = [text_of(message) for message in self.world.discord.ephemeral_messages(self.world.discord.mia)]
            raise TimeoutError(
                f"not within {PATIENCE:g} s; {answers[-3:]}; the bot:\n{self.bot.said()[-4000:]}"
            ) from None


@asynccontextmanager
async def loop(folder: Path) -> AsyncIterator[Loop]:
    """A world whose bot runs; the clips and films in it are small."""
    source = folder / "clip.mp4"
    await draw(Clip(id="clip", prompt="koi", duration=1.0, width=SIZE[0], height=SIZE[1], audio=True), source)
    upload = UploadedFile("pond.mp4", await asyncio.to_thread(source.read_bytes))
    async with quick_world(folder / "world", clip=source) as world:
        made = Loop(folder, world, upload)
        try:
            await made.start()
            yield made
        finally:
            if made.bot.is_running:
                await made.bot.kill()


def points_in(steps: Sequence[str], *, every: int, first: int, distinct: bool) -> list[str]:
    """Where to die in a run of these steps: by number, or at the first of each name."""
    if distinct:
        return list(dict.fromkeys(steps))
    return [str(number) for number in range(first, len(steps) + 1, every)]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.proof.kill_points", description=__doc__)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=KINDS)
    parser.add_argument("--every", type=int, default=1, help="take only each n-th step")
    parser.add_argument("--first", type=int, default=1, help="the step to begin with")
    parser.add_argument("--distinct", action="store_true", help="the first step of each name, in place of numbers")
    parser.add_argument("--at", nargs="+", default=(), help="take these steps only, by number or name")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(_run(Path(folder), arguments))


async def _run(folder: Path, arguments: argparse.Namespace) -> int:
    """Say every verdict as it comes; 1 where a promise was broken."""
    deaths: Counter[str] = Counter()
    broken = 0
    async with loop(folder) as mine:
        for kind in arguments.kinds:
            points = [*arguments.at]
            if not points:
                steps = await mine.steps(kind)
                print(f"{kind}: {len(steps)} steps, {len(set(steps))} of different names", flush=True)
                points = points_in(steps, every=arguments.every, first=arguments.first, distinct=arguments.distinct)
            for point in points:
                verdict = await mine.die(kind, point)
                print(verdict, flush=True)
                deaths[kind] += verdict.step is not None
                broken += bool(verdict.breaches)
    told = ", ".join(f"{kind} {count}" for kind, count in deaths.items())
    print(f"{deaths.total()} deaths ({told}), {broken} with a breach")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
