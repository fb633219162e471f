"""From Greenlight to the posted film, split by what the world saw of it and what the bot's rows say.

Stages follow each other without a gap, so that they add up to the whole: each ends when the last shot has passed it.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from benchmarks.ffmpeg_runs import CHECK, ENCODE, FfmpegWatch, Run, busy
from benchmarks.stage import data_of, quick_world, ready_bot
from benchmarks.visitor import Visitor
from sandbox.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """What the bot's database tells of one production, Unix seconds."""

    accepted_at: float
    last_made_at: float
    finished_at: float
    operations: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One stretch: seconds in all, and those in which ffmpeg ran."""

    name: str
    seconds: float
    ffmpeg: float


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmTimes:
    """One film. All in seconds; `ffmpeg` is when any ran, `checking` and `encoding` when one of that kind did.

    `cpu` is what all runs of ffmpeg used, `looks` how often the provider was asked for a shot at most.
    """

    shots: int
    stages: tuple[Stage, ...]
    ffmpeg: float
    checking: float
    encoding: float
    runs: int
    cpu: float
    looks: int

    @property
    def total(self) -> float:
        return sum(stage.seconds for stage in self.stages)

    @property
    def ours(self) -> float:
        """What is left when ffmpeg's time is taken away."""
        return self.total - self.ffmpeg


async def measure_films(folder: Path, sizes: tuple[int, ...], repeats: int) -> list[FilmTimes]:
    """Make `repeats` films of each size in one bot, one after the other, after one that warms everything up."""
    folder.mkdir()
    async with (
        quick_world(folder / "world") as world,
        FfmpegWatch(folder) as watch,
        ready_bot(world, folder, FFMPEG_PATH=str(watch.program)),
    ):
        await measure_film(world, folder, watch, shots=max(sizes), idea="a stage being swept")
        return [
            await measure_film(world, folder, watch, shots=shots, idea=f"a paper boat, take {number}")
            for number in range(repeats)
            for shots in sizes
        ]


async def measure_film(world: World, folder: Path, watch: FfmpegWatch, *, shots: int, idea: str) -> FilmTimes:
    """Plan a film, greenlight it, wait for it and see where the time went."""
    visitor = Visitor(world.discord, world.discord.mia)
    thread = await visitor.plan(idea, shots=shots)
    pressed_at = await visitor.greenlight(thread)
    await visitor.film(thread)
    rows = read_rows(data_of(folder) / "greenlight.db", thread)
    return divide(world, thread, pressed_at, rows, watch)


def read_rows(database: Path, thread: int) -> Rows:
    """Read what is told of the newest production in a thread."""
    with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)) as connection:
        production, accepted_at, finished_at = connection.execute(
            "SELECT productions.id, accepted_at, finished_at FROM productions JOIN projects ON projects.id = project_id"
            " WHERE thread_id = ? ORDER BY accepted_at DESC LIMIT 1",
            (thread,),
        ).fetchone()
        (last_made_at,) = connection.execute(
            "SELECT max(updated_at) FROM takes WHERE production_id = ?", (production,)
        ).fetchone()
        operations = connection.execute("SELECT operation FROM paid_calls WHERE job = ?", (production,)).fetchall()
    return Rows(
        accepted_at=accepted_at,
        last_made_at=last_made_at,
        finished_at=finished_at,
        operations=frozenset(operation for (operation,) in operations),
    )


def divide(world: World, thread: int, pressed_at: float, rows: Rows, watch: FfmpegWatch) -> FilmTimes:
    """Lay the times seen outside and inside on one line. All clocks are this machine's."""
    requests = [request for request in world.providers.requests if request.at >= pressed_at]
    orders = [request.at for request in requests if request.paid and request.accepted]
    looks = [
        request
        for request in requests
        if request.method == "GET" and request.path.rsplit("/", 1)[-1].removesuffix(".mp4") in rows.operations
    ]
    fetches = [request.at for request in looks if request.path.endswith(".mp4")]
    posted_at = next(
        request.at
        for request in world.discord.requests
        if request.files and request.path == f"/channels/{thread}/messages"
    )
    times = (
        ("accept: press to row", rows.accepted_at),
        ("dispatch: row to first order", min(orders)),
        ("orders: first to last", max(orders)),
        ("look: last order to last clip", max(fetches)),
        ("check: fetched and probed", rows.last_made_at),
        ("cut: normalise, join", rows.finished_at),
        ("post: cut to Discord", posted_at),
    )
    stages, began = [], pressed_at
    runs = watch.between(pressed_at, posted_at)
    for name, ended in times:
        stages.append(Stage(name=name, seconds=ended - began, ffmpeg=busy(runs, began, ended)))
        began = ended
    return FilmTimes(
        shots=len(rows.operations),
        stages=tuple(stages),
        ffmpeg=busy(runs, pressed_at, posted_at),
        checking=busy(_of(runs, CHECK), pressed_at, posted_at),
        encoding=busy(_of(runs, ENCODE), pressed_at, posted_at),
        runs=len(runs),
        cpu=sum(run.cpu for run in runs),
        looks=max(sum(operation == look.path.rsplit("/", 1)[-1] for look in looks) for operation in rows.operations),
    )


def _of(runs: list[Run], kind: str) -> list[Run]:
    return [run for run in runs if run.kind == kind]
