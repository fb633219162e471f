"""LT1, LT2, LT6, LT7: first answers under a crowd, the bot's memory meanwhile, and the sandbox's own ceiling."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from benchmarks.load.crowd import Act, Answers, Crowd, share
from benchmarks.load.report import Chapter, Figure
from benchmarks.load.seen import Gauge, Lag, cores, gauge, lag_of, own_lag, stood_still
from benchmarks.stage import data_of, log_of, quick_world, ready_bot
from bot.app.watchdog import Lateness
from sandbox.discord.buckets import OBSERVED
from sandbox.discord.people import Member, Use
from sandbox.discord.world import DiscordWorld
from sandbox.process import BotProcess
from sandbox.providers.accounts import REALISTIC, Limits
from sandbox.providers.world import ProviderWorld
from sandbox.world import World

MB = 1_000_000
#: LT1: acts a second. One in so many asks for a film, the others for their quota.
RATE, FILM_EVERY = 100.0, 20
#: LT2: people within a minute, in so many channels.
BURST, MINUTE, CHANNELS = 10_000, 60.0, 50
#: Share of a measurement that warms up before memory is looked at.
WARM_UP = 0.25
#: The sandbox's ceiling is looked for at these rates.
CEILINGS = (100.0, 200.0, 300.0)


def mixed(discord: DiscordWorld) -> Act:
    """What people do all day: mostly look, now and then ask for a film."""

    async def act(member: Member, number: int) -> Use:
        if number % FILM_EVERY:
            return await discord.people.slash(member, discord.channel_id, "quota", {})
        return await discord.people.slash(
            member, discord.channel_id, "plan", {"idea": f"a kite, take {number}, 1 shot"}
        )

    return act


async def measure_presses(folder: Path, seconds: float) -> Chapter:
    """LT1 and LT7: a steady crowd, after a warm-up."""
    folder.mkdir()
    async with quick_world(folder / "world") as world:
        crowd = Crowd(world.discord, 500)
        async with ready_bot(world, folder) as bot:
            await asyncio.sleep(min(2.0, seconds))
            idle = gauge(bot.pid)
            act = mixed(world.discord)
            await crowd.act(act, rate=RATE, seconds=seconds * WARM_UP)
            await lag_of(bot)
            async with own_lag() as ours:
                before = gauge(bot.pid)
                answers = await crowd.act(act, rate=RATE, seconds=seconds)
                after = gauge(bot.pid)
            lag = await lag_of(bot)
            notes = stood_still(bot)
    acts = len(answers.asked_at)
    slope = (after.resident - before.resident) / MB * 100_000 / max(1, acts)
    return Chapter(
        title=f"LT1 · {RATE:g} interactions a second for {seconds:g} s, 1 in {FILM_EVERY} for a film ({acts} acts)",
        figures=[
            *_answered("LT1", answers, p99=500.0, most=2500.0),
            *_loop("LT6", lag, p99=100.0),
            Figure(target="LT7", what="resident when idle", measured=idle.resident / MB, unit="MB", aim=120),
            Figure(target="LT7", what="resident after it", measured=after.resident / MB, unit="MB"),
            Figure(target="LT7", what="growth per 100,000 interactions", measured=slope, unit="MB", aim=20),
            *_flat(before, after),
            *_busy("LT1", answers, before, after, ours),
        ],
        notes=[f"growth is scaled up from {acts} interactions after {seconds * WARM_UP:g} s of warm-up", *notes],
    )


async def measure_burst(folder: Path, seconds: float) -> Chapter:
    """LT2: everybody asks for a film within a minute, where Discord's limits are as libraries observe them."""
    folder.mkdir()
    people = round(BURST * min(1.0, seconds / MINUTE))
    async with observed_world(folder / "world") as world:
        guild = world.discord.simulation.guild
        channels = [guild.create_text_channel(f"films-{number}").id for number in range(CHANNELS)]
        crowd = Crowd(world.discord, people)

        async def act(member: Member, number: int) -> Use:
            channel = channels[number % CHANNELS]
            return await world.discord.people.slash(member, channel, "plan", {"idea": f"a kite, take {number}, 1 shot"})

        async with ready_bot(world, folder) as bot:
            await lag_of(bot)
            async with own_lag() as ours:
                before = gauge(bot.pid)
                answers = await crowd.act(act, rate=BURST / MINUTE, seconds=min(seconds, MINUTE))
                after = gauge(bot.pid)
            lag = await lag_of(bot)
            threads = sum(len(world.discord.threads(channel)) for channel in channels)
            lives = bot.is_running
            notes = stood_still(bot)
    asked = len(answers.asked_at)
    return Chapter(
        title=f"LT2 · {asked} people ask for a film within {min(seconds, MINUTE):g} s, in {CHANNELS} channels",
        figures=[
            *_answered("LT2", answers, p99=3000.0, most=3000.0),
            Figure(target="LT2", what="the bot ended", measured=float(not lives), unit="times", aim=0),
            Figure(target="LT2", what="resident after it", measured=after.resident / MB, unit="MB", aim=400),
            Figure(target="LT2", what="threads opened so far", measured=threads, unit=""),
            Figure(
                target="LT9",
                what="requests refused by Discord's limits",
                measured=100 * answers.limited / max(1, answers.requests),
                unit="%",
                aim=0.5,
            ),
            *_loop("LT6", lag, p99=100.0),
            *_busy("LT2", answers, before, after, ours),
        ],
        notes=notes,
    )


async def measure_ceiling(folder: Path, seconds: float) -> Chapter:
    """The same crowd before a bare discord.py, faster and faster: what of it is the sandbox's and the library's."""
    folder.mkdir()
    figures = []
    async with quick_world(folder / "world") as world:
        crowd = Crowd(world.discord, 500)
        environ = world.environ(data_of(folder))
        async with BotProcess(environ, log_of(folder), program=("-m", "benchmarks.load.echo")) as bot:
            await world.discord.ready(within=60.0)
            for rate in CEILINGS:
                async with own_lag() as ours:
                    before = gauge(bot.pid)
                    answers = await crowd.act(mixed(world.discord), rate=rate, seconds=seconds / len(CEILINGS))
                    after = gauge(bot.pid)
                name = f"{rate:g}/s"
                figures += [*_answered(name, answers)[:3], *_busy(name, answers, before, after, ours)]
    return Chapter(title="The sandbox's ceiling · the same crowd before a bare discord.py bot", figures=figures)


@asynccontextmanager
async def observed_world(directory: Path) -> AsyncIterator[World]:
    """A world with Discord's own limits, and providers without any."""
    unlimited = {service: Limits() for service in REALISTIC}
    providers = ProviderWorld(pace=0.0, limits=unlimited, directory=directory, stock_films=True)
    async with World(DiscordWorld(rates=OBSERVED), providers) as world:
        yield world


def _answered(target: str, answers: Answers, *, p99: float | None = None, most: float | None = None) -> list[Figure]:
    waits = answers.waits
    aims = {"p50": None, "p99": p99, "max": most}
    parts = {"p50": 0.5, "p99": 0.99, "max": 1.0}
    return [
        *(
            Figure(
                target=target,
                what=f"first answer {name}",
                measured=share(waits, part) * 1000,
                unit="ms",
                aim=aims[name],
            )
            for name, part in parts.items()
        ),
        Figure(target=target, what="answered after 3 s or never (10062)", measured=answers.too_late, unit="", aim=0),
        Figure(target=target, what="politely turned away", measured=answers.turned_away, unit=""),
    ]


def _loop(target: str, lag: Lag, *, p99: float) -> list[Figure]:
    return [
        Figure(target=target, what="event loop late, p99", measured=lag.p99 * 1000, unit="ms", aim=p99),
        Figure(target=target, what="event loop late, max", measured=lag.most * 1000, unit="ms"),
        Figure(target=target, what="blocks over 250 ms", measured=lag.blocks, unit="", aim=0),
    ]


def _flat(before: Gauge, after: Gauge) -> list[Figure]:
    return [
        Figure(target="LT7", what="more threads", measured=after.threads - before.threads, unit="", aim=5),
        Figure(target="LT7", what="more open files", measured=after.files - before.files, unit="", aim=5),
    ]


def _busy(target: str, answers: Answers, before: Gauge, after: Gauge, ours: Lateness) -> list[Figure]:
    each = (after.cpu - before.cpu) / max(1, len(answers.asked_at))
    return [
        Figure(target=target, what="the bot's processor time for each", measured=each * 1000, unit="ms"),
        Figure(target=target, what="cores busy with the bot", measured=cores(before, after), unit=""),
        Figure(target=target, what="sandbox's own loop late, p99", measured=ours.within(0.99) * 1000, unit="ms"),
    ]
