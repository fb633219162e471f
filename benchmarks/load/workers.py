"""Films an hour that workers make who share a PostgreSQL, and how that grows with their number."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from pathlib import Path

import psycopg

from benchmarks.load.report import Chapter, Figure
from benchmarks.load.rows import fill, places, plan_of
from benchmarks.stage import MODEL, JourneyFailed, quick_world, settings_in
from sandbox.postgres import NoPostgres, cluster
from sandbox.process import BotProcess
from sandbox.world import World

#: Films that each worker has under way at once, and seconds that a service takes for a shot.
AT_ONCE, PACE = 4, 12.0
#: Seconds until the first film is done.
WITHIN = 150.0
DONE = "SELECT count(*) FROM productions WHERE state = 'done'"


async def measure_workers(
    folder: Path, seconds: float, *, workers: tuple[int, ...] = (1, 2, 3), pace: float = PACE
) -> Chapter:
    folder.mkdir()
    rates = {}
    try:
        for number in workers:
            with cluster() as url:
                rates[number] = await _rate(folder / str(number), url, number, seconds, pace)
    except NoPostgres as missing:
        raise JourneyFailed(f"no PostgreSQL here: {missing}") from missing
    first = rates[workers[0]]
    figures = [
        Figure(target="films", what=f"an hour, {n} workers", measured=rate, unit="") for n, rate in rates.items()
    ]
    figures += [
        Figure(
            target="films", what=f"{n} workers, times that of {workers[0]}", measured=rate / max(1.0, first), unit="×"
        )
        for n, rate in rates.items()
    ]
    return Chapter(
        title=f"Films of one shot on PostgreSQL, {AT_ONCE} at once for each worker, {pace:g} s at the service",
        figures=figures,
        notes=[
            f"the most that {AT_ONCE} at once can make: {3600 / max(1.0, pace) * AT_ONCE:,.0f} an hour for each worker",
            "ffmpeg, the gateway, the database and the sandbox work on the same cores",
        ],
    )


async def _rate(folder: Path, url: str, workers: int, seconds: float, pace: float) -> float:
    """Films an hour, counted from the first one on."""
    folder.mkdir()
    async with quick_world(folder / "world") as world, AsyncExitStack() as exits:
        world.providers.stage.pace = pace
        films = round(workers * AT_ONCE * (seconds / max(1.0, pace) + 4))
        await fill(url, world.discord, places(world.discord, -(-films // 10)), films, plan_of(1, 2, MODEL))
        processes = _processes(folder, world, url, workers)
        for process in processes:
            await exits.enter_async_context(process)
        async with await psycopg.AsyncConnection.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
            async with asyncio.timeout(WITHIN):
                while not await _done(connection):
                    _all_run(processes)
                    await asyncio.sleep(0.1)
            began, first = time.monotonic(), await _done(connection)
            await asyncio.sleep(seconds)
            made = await _done(connection) - first
        return made / (time.monotonic() - began) * 3600


def _processes(folder: Path, world: World, url: str, workers: int) -> list[BotProcess]:
    data = folder / "data"
    data.mkdir()
    environ = {**settings_in(world, data), "DATABASE_URL": url, "MAX_FILMS_AT_ONCE": str(AT_ONCE)}
    making = [BotProcess(environ, folder / f"worker-{number}.log", role="worker") for number in range(workers)]
    return [BotProcess(environ, folder / "gateway.log", role="gateway"), *making]


def _all_run(processes: list[BotProcess]) -> None:
    for process in processes:
        if not process.is_running:
            raise JourneyFailed(f"a process has ended:\n{process.last_words()}")


async def _done(connection: psycopg.AsyncConnection[tuple[int]]) -> int:
    row = await (await connection.execute(DONE.encode())).fetchone()
    assert row is not None
    return row[0]
