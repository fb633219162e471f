"""LT5: a thousand films talked over at once, ten messages a second among them."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path

from benchmarks.load.line import counted, database_in
from benchmarks.load.report import Chapter, Figure
from benchmarks.load.rows import Place, fill, places, plan_of
from benchmarks.load.seen import cores, gauge, lag_of, own_lag, stood_still
from benchmarks.stage import MODEL, data_of, quick_world, ready_bot
from sandbox.discord.people import Member

THREADS, RATE = 1_000, 10.0
#: Seconds that the last answers get to come.
LINGER = 10.0
WORDS = ("make shot {} shorter", "what is shot {} about?", "set shot {} at night", "I like shot {}")
MB = 1_000_000


async def measure_talk(folder: Path, seconds: float, *, threads: int = THREADS) -> Chapter:
    folder.mkdir()
    async with quick_world(folder / "world") as world:
        data_of(folder).mkdir()
        url = f"sqlite+aiosqlite:///{database_in(folder)}"
        where = places(world.discord, threads)
        await fill(url, world.discord, where, threads, plan_of(3, 4, MODEL), in_line=False)
        async with ready_bot(world, folder) as bot:
            people = world.discord.people
            await _talk(people.say, where, seconds / 4)
            await lag_of(bot)
            before, said = gauge(bot.pid), counted(folder, HEARD)
            async with own_lag() as ours:
                await _talk(people.say, where, seconds)
            after, lag = gauge(bot.pid), await lag_of(bot)
            said = counted(folder, HEARD) - said
            await asyncio.sleep(LINGER)
            unanswered = counted(folder, UNANSWERED)
            notes = stood_still(bot)
    return Chapter(
        title=f"LT5 · {threads:,} films talked over, {RATE:g} messages a second for {seconds:g} s ({said} heard)",
        figures=[
            Figure(target="LT5", what="event loop late, p99", measured=lag.p99 * 1000, unit="ms", aim=100),
            Figure(target="LT5", what="event loop late, max", measured=lag.most * 1000, unit="ms", aim=500),
            Figure(target="LT6", what="blocks over 250 ms", measured=lag.blocks, unit="", aim=0),
            Figure(
                target="LT5", what="more resident", measured=(after.resident - before.resident) / MB, unit="MB", aim=30
            ),
            Figure(target="LT5", what=f"unanswered {LINGER:g} s after the last", measured=unanswered, unit=""),
            Figure(target="LT5", what="cores busy with the bot", measured=cores(before, after), unit=""),
            Figure(target="LT5", what="sandbox's own loop late, p99", measured=ours.within(0.99) * 1000, unit="ms"),
        ],
        notes=notes,
    )


HEARD = "SELECT count(*) FROM turns"
UNANSWERED = "SELECT count(*) FROM turns WHERE reply IS NULL"


Say = Callable[[Member, int, str], Coroutine[object, object, object]]


async def _talk(say: Say, where: Sequence[Place], seconds: float) -> None:
    """People say something in their threads, at random moments."""
    clock = asyncio.get_running_loop().time
    until = due = clock()
    until += seconds
    async with asyncio.TaskGroup() as group:
        while due < until:
            if (pause := due - clock()) > 0:
                await asyncio.sleep(pause)
            place = random.choice(where)  # noqa: S311  # a crowd, not a secret
            words = random.choice(WORDS).format(random.randint(1, 3))  # noqa: S311
            group.create_task(say(place.owner, place.channel_id, words))
            due += random.expovariate(RATE)
