"""Where measurements are taken: a world that answers at once, and bots in it that nothing holds back."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sandbox.discord.buckets import UNHURRIED
from sandbox.discord.world import DiscordWorld
from sandbox.process import BotProcess
from sandbox.providers.accounts import REALISTIC, Limits
from sandbox.providers.world import ProviderWorld
from sandbox.world import KEYS, World

#: The model that makes every shot: text alone is enough for it, so no shot waits for the one before.
MODEL = "gen4.5"
#: Seconds a bot may take until it is ready before the measurement is given up.
READY_WITHIN = 90.0
#: Seconds between two looks at a bot's log.
LOOK_EVERY = 0.02


class JourneyFailed(Exception):
    """The bot did not do what was to be measured; the text says what was there instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """A line of the bot's log. `at` is in Unix seconds, to the millisecond."""

    at: float
    logger: str
    message: str
    facts: Mapping[str, object]


#: Caps that no crowd of films meets.
RICH = {f"MAX_USD_PER_{what}": "1000000" for what in ("FILM", "USER_DAY", "GUILD_MONTH", "DAY")}


def quick_world(directory: Path, *, clip: Path | None = None, pace: float = 0.0) -> World:
    """Discord without rate limits; providers without limits, who hand out `clip`, or one of their own for each shape.

    `pace` is seconds that a clip takes.
    """
    unlimited = {service: Limits() for service in REALISTIC}
    return World(
        DiscordWorld(rates=UNHURRIED),
        ProviderWorld(pace=pace, limits=unlimited, directory=directory, stock_films=clip or True),
    )


def settings_in(world: World, data_dir: Path) -> dict[str, str]:
    """A bot's variables in which no account is ever short of requests or room."""
    prefixes = [name.removesuffix("_API_KEYS") for name in KEYS]
    roomy = {f"{prefix}_{what}": most for prefix in prefixes for what, most in _ROOMY.items()}
    return {**world.environ(data_dir), **roomy, "VIDEO_MODEL": MODEL, **RICH, "LOG_FORMAT": "json"}


_ROOMY = {"REQUESTS_PER_MINUTE": "100000", "ROOM": "1000"}


@asynccontextmanager
async def ready_bot(world: World, folder: Path, **more: str) -> AsyncIterator[BotProcess]:
    """A bot that is ready, with its data and its log in `folder`; `more` are variables of its own."""
    data = data_of(folder)
    data.mkdir(parents=True, exist_ok=True)
    async with BotProcess({**settings_in(world, data), **more}, log_of(folder)) as bot:
        await until_ready(bot)
        yield bot


def data_of(folder: Path) -> Path:
    return folder / "data"


def log_of(folder: Path) -> Path:
    return folder / "bot.log"


async def until_ready(bot: BotProcess) -> LogLine:
    """The line in which the bot says that it is ready: connected, and its commands known to Discord.

    Raises `JourneyFailed` where it ends first, or takes too long.
    """
    try:
        async with asyncio.timeout(READY_WITHIN):
            while bot.is_running:
                if (line := find(bot, "bot.ui.client", "ready")) is not None:
                    return line
                await asyncio.sleep(LOOK_EVERY)
    except TimeoutError:
        pass
    raise JourneyFailed(f"the bot is not ready; its last words:\n{bot.said()[-2000:]}")


def find(bot: BotProcess, logger: str, words: str) -> LogLine | None:
    """The bot's first line by `logger` that has `words` in it."""
    return next((line for line in lines_of(bot) if line.logger == logger and words in line.message), None)


def lines_of(bot: BotProcess) -> Iterator[LogLine]:
    """What the bot has said since its start, but for the line that it is writing and what is no line of a log."""
    for text in bot.said().splitlines():
        try:
            facts = json.loads(text)
            at = datetime.fromisoformat(facts["time"]).timestamp()
            yield LogLine(at=at, logger=facts["logger"], message=facts["message"], facts=facts)
        except (ValueError, KeyError, TypeError):
            continue
