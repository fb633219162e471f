"""LT3: ten thousand films in the line: a restart, what they take of the bot, and how soon somebody new has a turn."""

from __future__ import annotations

import asyncio
import re
import sqlite3
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

from benchmarks.load.report import Chapter, Figure
from benchmarks.load.rows import fill, places, plan_of, show
from benchmarks.load.seen import cores, gauge, lag_of, stood_still
from benchmarks.stage import MODEL, data_of, quick_world, ready_bot
from benchmarks.visitor import Visitor
from sandbox.discord.reading import text_of
from sandbox.world import World

#: Films in the line, and the people they belong to: ten is the most that one may have there.
FILMS, PEOPLE = 10_000, 1_000
MB = 1_000_000
RUNNING = "SELECT count(*) FROM productions WHERE state = 'running'"


async def measure_line(folder: Path, seconds: float, *, films: int = FILMS, people: int = PEOPLE) -> Chapter:
    folder.mkdir()
    async with quick_world(folder / "world") as world:
        plan = plan_of(1, 2, MODEL)
        data_of(folder).mkdir()
        url = f"sqlite+aiosqlite:///{database_in(folder)}"
        await fill(url, world.discord, places(world.discord, people), films, plan)
        await show(url, world.discord, plan)
        began = time.monotonic()
        # Nothing comes to its end at a pace that no measurement lives to see.
        world.providers.stage.pace = 3600.0
        async with ready_bot(world, folder, MAX_FILMS_AT_ONCE="1") as bot:
            ready = time.monotonic() - began
            await until_counted(folder, RUNNING, 1)
            first = time.monotonic() - began
            await lag_of(bot)
            world.discord.requests.clear()
            before = gauge(bot.pid)
            await asyncio.sleep(seconds)
            after, lag = gauge(bot.pid), await lag_of(bot)
            asked = Counter(request.method for request in world.discord.requests)
            notes = stood_still(bot)
            newcomer = await _place_of_a_newcomer(world)
    return Chapter(
        title=f"LT3 · {films:,} films of {people:,} people in the line, one being made",
        figures=[
            Figure(target="LT3", what="restart to READY", measured=ready, unit="s", aim=10),
            Figure(target="LT3", what="restart to the first film begun", measured=first, unit="s"),
            Figure(target="LT3", what="cores busy while nothing happens", measured=cores(before, after), unit=""),
            Figure(target="LT3", what="requests to Discord a second", measured=asked.total() / seconds, unit=""),
            Figure(target="LT3", what="resident", measured=after.resident / MB, unit="MB"),
            Figure(target="LT6", what="event loop late, p99", measured=lag.p99 * 1000, unit="ms", aim=100),
            Figure(target="LT6", what="blocks over 250 ms", measured=lag.blocks, unit="", aim=0),
            Figure(target="LT3", what="a newcomer's first film begins after", measured=newcomer, unit="others"),
        ],
        notes=[
            "claim p99 and places in the line: python -m benchmarks.line",
            f"fair: {people:,} people wait with {films // people} each, so a newcomer stands among their first ones",
            *notes,
        ],
    )


async def _place_of_a_newcomer(world: World) -> int:
    """Somebody who has nothing in the line greenlights a film; how many begin before theirs."""
    visitor = Visitor(world.discord, world.discord.mia)
    world.providers.stage.pace = 0.0  # what runs keeps the pace it was ordered at
    thread = await visitor.plan("a kite, 2 seconds long,", shots=1)
    await visitor.greenlight(thread)
    card = await world.discord.wait_for(lambda: _told_place(world, thread), within=60)
    return card - 1


def _told_place(world: World, thread: int) -> int | None:
    for message in world.discord.messages(thread):
        if "**Next** in line" in text_of(message):
            return 1
        if found := re.search(r"Place \*\*([\d,]+)\*\* in line", text_of(message)):
            return int(found[1].replace(",", ""))
    return None


async def until_counted(folder: Path, query: str, number: int, *, within: float = 120.0) -> None:
    """Wait until a query counts so many. Raises `TimeoutError`."""
    async with asyncio.timeout(within):
        while counted(folder, query) < number:  # noqa: ASYNC110  # another process writes the rows
            await asyncio.sleep(0.05)


def counted(folder: Path, query: str) -> int:
    """A number from the bot's rows, read while it runs."""
    address = f"{database_in(folder).absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(address, uri=True)) as connection:
        return int(connection.execute(query).fetchone()[0])


def database_in(folder: Path) -> Path:
    return data_of(folder) / "greenlight.db"
