"""LT4, LT10: two hundred orders under way: what watching them takes, a stop in the middle, and taking them up again."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from benchmarks.load.line import counted, database_in, until_counted
from benchmarks.load.report import Chapter, Figure
from benchmarks.load.rows import fill, places, plan_of
from benchmarks.load.seen import cores, gauge, lag_of
from benchmarks.stage import MODEL, JourneyFailed, data_of, log_of, quick_world, settings_in, until_ready
from sandbox.process import BotProcess
from sandbox.world import World

#: Films at once, and shots of each: so many orders are under way.
FILMS, SHOTS = 25, 8
#: Seconds until all are ordered, or looked at again, before the measurement is given up.
WITHIN = 150.0
SUBMITTED = "SELECT count(*) FROM paid_calls WHERE state = 'submitted' AND operation IS NOT NULL"
MB = 1_000_000


async def measure_running(folder: Path, seconds: float, *, films: int = FILMS, shots: int = SHOTS) -> Chapter:
    folder.mkdir()
    orders = films * shots
    async with quick_world(folder / "world") as world:
        world.providers.stage.pace = 36_000.0  # nothing comes to its end while it is looked at
        data_of(folder).mkdir()
        environ = {**settings_in(world, data_of(folder)), "MAX_FILMS_AT_ONCE": str(films)}
        url = f"sqlite+aiosqlite:///{database_in(folder)}"
        await fill(url, world.discord, places(world.discord, films), films, plan_of(shots, 2, MODEL))
        bot = BotProcess(environ, log_of(folder))
        async with bot:
            ordered = await _timed_order(bot, folder, orders)
            await lag_of(bot)
            before, looks = gauge(bot.pid), _looks(world)
            await asyncio.sleep(seconds)
            after, lag = gauge(bot.pid), await lag_of(bot)
            looks = _looks(world) - looks
            began = time.monotonic()
            code = await bot.stop()
            stopped = time.monotonic() - began
        if code:
            raise JourneyFailed(f"the bot ended with {code}:\n{bot.last_words()}")
        log_of(folder).unlink()
        seen = len(world.providers.requests)
        began = time.monotonic()
        async with bot:
            await until_ready(bot)
            ready = time.monotonic() - began
            await _looked_at_again(world, seen, orders)
            again = time.monotonic() - began
    return Chapter(
        title=f"LT4, LT10 · {orders} orders of {films} films under way, looked at every five seconds or so",
        figures=[
            Figure(target="LT4", what="cores busy with the bot", measured=cores(before, after), unit="", aim=0.25),
            Figure(target="LT4", what="looks a second", measured=looks / seconds, unit=""),
            Figure(target="LT4", what="resident", measured=after.resident / MB, unit="MB"),
            Figure(target="LT4", what="threads", measured=after.threads, unit=""),
            Figure(target="LT6", what="event loop late, p99", measured=lag.p99 * 1000, unit="ms", aim=100),
            Figure(target="LT6", what="blocks over 250 ms", measured=lag.blocks, unit="", aim=0),
            Figure(target="LT10", what="start until all are ordered", measured=ordered, unit="s"),
            Figure(target="LT10", what="SIGTERM until it has ended", measured=stopped, unit="s", aim=25),
            Figure(target="LT10", what="restart to READY", measured=ready, unit="s", aim=15),
            Figure(target="LT10", what="restart until each was looked at again", measured=again, unit="s", aim=30),
        ],
    )


async def _timed_order(bot: BotProcess, folder: Path, orders: int) -> float:
    began = time.monotonic()
    await until_ready(bot)
    try:
        await until_counted(folder, SUBMITTED, orders, within=WITHIN)
    except TimeoutError:
        had = counted(folder, SUBMITTED)
        raise JourneyFailed(f"{had} of {orders} were ordered; the bot says:\n{bot.said()[-2000:]}") from None
    return time.monotonic() - began


def _looks(world: World) -> int:
    return sum(request.method == "GET" and "/tasks/" in request.path for request in world.providers.requests)


async def _looked_at_again(world: World, seen: int, orders: int) -> None:
    """Until so many different tasks were asked about since a request."""

    def tasks() -> int:
        asked = (request for request in world.providers.requests[seen:] if request.method == "GET")
        return len({request.path for request in asked if "/tasks/" in request.path})

    async with asyncio.timeout(WITHIN):
        while tasks() < orders:  # noqa: ASYNC110  # asked anew at each request it would cost more than what it measures
            await asyncio.sleep(0.1)
