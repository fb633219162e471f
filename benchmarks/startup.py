"""From the start of the process to READY: where nothing was before, and where everything is in place."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.stage import JourneyFailed, data_of, find, log_of, quick_world, settings_in, until_ready
from sandbox.process import BotProcess
from sandbox.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class StartTimes:
    """Seconds from the start of the process until each.

    `ffmpeg_tested`: Python is up, most is imported and ffmpeg has passed its test; `logging_in`: the database and the
    engine are open and the first request reaches Discord; `connected`: its gateway said READY; `ready`: so does the
    bot, and works.
    """

    ffmpeg_tested: float
    logging_in: float
    connected: float
    ready: float


async def measure_starts(folder: Path, repeats: int) -> tuple[list[StartTimes], list[StartTimes]]:
    """First starts, each with an empty folder, and restarts in the same ones."""
    folder.mkdir()
    firsts, agains = [], []
    async with quick_world(folder / "world") as world:
        for number in range(repeats):
            place = folder / f"start-{number}"
            data_of(place).mkdir(parents=True)
            firsts.append(await _start(world, place))
            agains.append(await _start(world, place))
    return firsts, agains


async def _start(world: World, folder: Path) -> StartTimes:
    log_of(folder).unlink(missing_ok=True)
    asked = len(world.discord.requests)
    began = time.time()
    async with BotProcess(settings_in(world, data_of(folder)), log_of(folder)) as bot:
        ready = await until_ready(bot)
        tested, connected = find(bot, "bot.app", "ffmpeg"), find(bot, "discord.gateway", "connected")
        if tested is None or connected is None:
            raise JourneyFailed(f"the bot does not say how far its start is; what it says:\n{bot.said()[-2000:]}")
        return StartTimes(
            ffmpeg_tested=tested.at - began,
            logging_in=world.discord.requests[asked].at - began,
            connected=connected.at - began,
            ready=ready.at - began,
        )
