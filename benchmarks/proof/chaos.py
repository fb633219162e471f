"""`python -m benchmarks.proof.chaos [--films 1000] [--minutes 10] [--database sqlite|postgresql] [--workers 3]`.

A crowd has films of one shot made while the bot is killed every 5 to 40 seconds and one request in twenty, to a
service or to Discord, goes wrong. On PostgreSQL a gateway and workers are killed one at a time, and the server restarts
as after a power cut. Then the sky clears, what was begun comes to its end, and the checker looks at everything.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from benchmarks.proof import checker
from benchmarks.proof.checker import Breach
from benchmarks.proof.crowd import Board, Crowd
from benchmarks.proof.records import Rows, charged, taken
from benchmarks.proof.small_bot import SIZE
from benchmarks.proof.weather import Weather
from benchmarks.stage import quick_world, settings_in
from sandbox.postgres import restartable
from sandbox.process import BotProcess
from sandbox.providers.film import Clip, draw
from sandbox.world import World

#: Seconds from one kill to the next, and from one restart of the server to the next.
KILL_EVERY, RESTART_EVERY = (5.0, 40.0), (60.0, 120.0)
#: Seconds for what was begun to end once the sky is clear.
DRAIN = 600.0
LOOK_EVERY = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Storm:
    """What is to happen. `seconds` is how long it lasts, unless all films were made before."""

    films: int = 1000
    seconds: float = 600.0
    people: int = 24
    workers: int = 0  # 0 for one process over SQLite
    faults: float = 0.05
    kill_every: tuple[float, float] = KILL_EVERY
    kills: int | None = None  # at most
    quiet: float = 3.0  # seconds without a request, until it counts as over
    seed: int = 1


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What happened, and what was not as promised."""

    seconds: float = 0.0
    ends: Counter[str] = field(default_factory=Counter)
    held: int = 0
    kills: int = 0
    restarts: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    orders: int = 0
    charged_microusd: int = 0
    breaches: list[Breach] = field(default_factory=list)

    def __str__(self) -> str:
        ends = ", ".join(f"{count} {state}" for state, count in sorted(self.ends.items()))
        faults = ", ".join(f"{count} {name}" for name, count in sorted(self.faults.items()))
        broken = "\n".join(map(str, self.breaches)) or "every promise kept"
        return (
            f"{self.ends.total()} films in {self.seconds:.0f} s: {ends}; held {self.held} times\n"
            f"{self.kills} kills, {self.restarts} restarts of the server; faults: {faults or 'none'}\n"
            f"{self.orders} orders taken, {self.charged_microusd} micro-dollars charged\n{broken}"
        )


class Fleet:
    """The processes of one bot, and who ends them."""

    def __init__(self, processes: Sequence[BotProcess], restart: Callable[[], None] | None, seed: int) -> None:
        self._processes = processes
        self._restart = restart
        self._dice = random.Random(seed)  # noqa: S311  # chance, not secrets
        self.kills = 0
        self.restarts = 0

    async def haunt(self, every: tuple[float, float], most: int | None) -> None:
        """Kill one after the other, each started again at once, until cancelled."""
        while self.kills != most:
            await asyncio.sleep(self._dice.uniform(*every))
            victim = self._dice.choice(self._processes)
            await victim.kill()
            self.kills += 1
            await victim.start()

    async def shake(self) -> None:
        """Restart the server of the rows again and again, until cancelled."""
        while self._restart is not None:
            await asyncio.sleep(self._dice.uniform(*RESTART_EVERY) / 2)
            await asyncio.to_thread(self._restart)
            self.restarts += 1

    async def all_up(self) -> None:
        for process in self._processes:
            if not process.is_running:
                await process.start()


async def weathered(folder: Path, storm: Storm) -> Outcome:
    """Have the storm, wait for the calm, and check."""
    began = time.monotonic()
    outcome = Outcome()
    async with _stage(folder, storm) as (world, fleet, rows):
        members = [world.discord.people.join(f"Guest {number}") for number in range(storm.people)]
        board = Board(rows)
        crowd = Crowd(world, board, members, films=storm.films, seed=storm.seed)
        weather = Weather(world, seed=storm.seed, share=storm.faults)
        async with asyncio.TaskGroup() as group:
            reading = group.create_task(board.run())
            ghosts = [group.create_task(fleet.haunt(storm.kill_every, storm.kills)), group.create_task(fleet.shake())]
            visits = group.create_task(crowd.run())
            await asyncio.wait([visits], timeout=storm.seconds)
            crowd.stop_asking()
            weather.clear()
            for ghost in ghosts:
                ghost.cancel()
            await asyncio.wait(ghosts)
            await fleet.all_up()
            await asyncio.wait([visits], timeout=DRAIN)
            visits.cancel()
            await _quiet(world, rows, storm.quiet)
            reading.cancel()
        orders = taken(world)
        outcome.orders, outcome.charged_microusd = len(orders), sum(charged(world, orders).values())
        outcome.breaches = checker.check(rows, None if storm.workers else folder / "data", world)
        outcome.seconds = time.monotonic() - began
        outcome.ends, outcome.held, outcome.faults = crowd.ends, crowd.held, weather.struck
        outcome.kills, outcome.restarts = fleet.kills, fleet.restarts
    return outcome


@asynccontextmanager
async def _stage(folder: Path, storm: Storm) -> AsyncIterator[tuple[World, Fleet, Rows]]:
    """A world, the bot's processes in it, and its rows."""
    data = folder / "data"
    data.mkdir(parents=True)
    clip = folder / "clip.mp4"
    await draw(Clip(id="clip", prompt="boat", duration=1.0, width=SIZE[0], height=SIZE[1], audio=True), clip)
    async with AsyncExitStack() as exits:
        world = await exits.enter_async_context(quick_world(folder / "world", clip=clip))
        environ = {**settings_in(world, data), "MAX_FILMS_AT_ONCE": "8"}
        rows, restart = Rows.of(data / "greenlight.db"), None
        if storm.workers:
            url, restart = exits.enter_context(restartable())
            rows, environ = Rows(url), {**environ, "DATABASE_URL": url}
        roles = ["gateway", *["worker"] * storm.workers] if storm.workers else ["all"]
        program = ("-m", "benchmarks.proof.small_bot")
        processes = [
            BotProcess(environ, folder / f"{role}-{number}.log", role=role, program=program)
            for number, role in enumerate(roles)
        ]
        for process in processes:
            await exits.enter_async_context(process)
        await world.discord.ready(within=90.0)
        yield world, Fleet(processes, restart, storm.seed), rows


async def _quiet(world: World, rows: Rows, seconds: float) -> None:
    """Until everything has its end and nothing is sent any more; what has none then is for the checker to name."""
    ends_at, since, seen = time.monotonic() + DRAIN, time.monotonic(), -1
    while time.monotonic() < ends_at and time.monotonic() - since < seconds:
        now = len(world.discord.requests) + len(world.providers.requests)
        if now != seen or _unfinished(rows):
            since, seen = time.monotonic(), now
        await asyncio.sleep(LOOK_EVERY)


def _unfinished(rows: Rows) -> bool:
    try:
        return bool(checker.unfinished(rows))
    except DBAPIError:
        return True


@contextmanager
def _folder(kept: Path | None) -> Iterator[Path]:
    if kept is not None:
        yield kept
        return
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.proof.chaos", description=__doc__)
    parser.add_argument("--films", type=int, default=1000)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--people", type=int, default=24)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--workers", type=int, default=3, help="on PostgreSQL")
    parser.add_argument("--faults", type=float, default=0.05, help="the share of requests that go wrong")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="where logs, rows and films are kept; an empty folder")
    arguments = parser.parse_args()
    storm = Storm(
        films=arguments.films,
        seconds=arguments.minutes * 60,
        people=arguments.people,
        workers=arguments.workers if arguments.database == "postgresql" else 0,
        faults=arguments.faults,
        seed=arguments.seed,
    )
    with _folder(arguments.keep) as folder:
        outcome = asyncio.run(weathered(folder, storm))
    print(outcome)
    return 1 if outcome.breaches else 0


if __name__ == "__main__":
    sys.exit(main())
