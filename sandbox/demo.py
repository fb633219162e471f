"""The demo: the world and the bot in it until a person ends it; a bot that is killed is started again on its data."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import socket
import sys
from pathlib import Path

from sandbox.discord.world import DiscordWorld
from sandbox.process import ROOT, BotProcess
from sandbox.providers.world import ProviderWorld
from sandbox.world import World

PACE = 6.0
PORT = 8420
#: Seconds until a bot that was killed is started again: long enough to see in the page that it is gone.
PAUSE = 2.0


async def demo(port: int, *, pace: float, home: Path = ROOT / ".demo") -> int:
    """Serve until cancelled, or until the bot ends for a reason of its own; the exit code for that.

    Each port has a folder of its own in `home`, and only the one who holds the port touches it.
    """
    try:
        # A bot that outlived the demo before this one does not know this token, and cannot come back.
        discord = DiscordWorld(port=port, token=f"sandbox.{secrets.token_hex(8)}.sandbox")
    except OSError as error:
        why = os.strerror(error.errno or 0)
        print(f"Port {port}: {why}. Another demo may be running; choose a port with --port N.", file=sys.stderr)
        return 1
    folder = home / str(discord.port)
    # A new Discord knows no old channels, so the bot begins anew as well.
    await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
    data = folder / "data"
    data.mkdir(parents=True)
    async with World(discord, ProviderWorld(pace=pace, directory=folder / "world")) as world:
        operators = _free_port()
        bot = BotProcess({**world.environ(data), "OPS_PORT": str(operators)}, folder / "bot.log")
        print("Starting the bot…", flush=True)
        async with bot:
            if await _is_ready(discord, bot):
                _welcome(discord, bot, operators)
            return await keep_alive(discord, bot)


async def keep_alive(discord: DiscordWorld, bot: BotProcess) -> int:
    """Start the bot again whenever somebody ended it; its exit code when it ended by itself."""
    while True:
        code = await bot.wait()
        if code > 0:  # its settings, another one on the same data, or a bug: starting it again would mend none
            print(f"The bot ended with {code}. Its last words:\n{bot.last_words()}", file=sys.stderr, flush=True)
            return code
        how = "was stopped" if code == 0 else "was killed"
        print(f"  The bot {how}; starting it again on the same data.", flush=True)
        await asyncio.sleep(PAUSE)
        await bot.start()
        if await _is_ready(discord, bot):
            print(f"  The bot is back, as process {bot.pid}.", flush=True)


async def _is_ready(discord: DiscordWorld, bot: BotProcess) -> bool:
    """Wait until the bot is in its guild; false where it ended before that, or is not there after a minute."""
    async with asyncio.TaskGroup() as tasks:
        ready = tasks.create_task(_ready(discord))
        ended = tasks.create_task(bot.wait())
        await asyncio.wait({ready, ended}, return_when=asyncio.FIRST_COMPLETED)
        is_ready = ready.done() and ready.result()
        ready.cancel()
        ended.cancel()
    return is_ready


async def _ready(discord: DiscordWorld) -> bool:
    try:
        await discord.ready(within=60)
    except TimeoutError:
        print("The bot is not in its guild after a minute; its log may say why.", file=sys.stderr, flush=True)
        return False
    return True


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _welcome(discord: DiscordWorld, bot: BotProcess, operators: int) -> None:
    print(
        f"\n  Greenlight is running. Open {discord.page_url}\n\n"
        "  Type /plan with an idea (and a clip from your disk, if you like), talk to the bot in the thread\n"
        "  it opens, and press Greenlight. You are Mia; Tom is there, too. Nothing here costs anything.\n\n"
        f"  How it does, as its operators see it: http://127.0.0.1:{operators}\n\n"
        f"  The bot is process {bot.pid}. End it with kill -9 {bot.pid} in the middle of a film: it is started\n"
        "  again on the same data, and the film still arrives.\n"
        f"  Its log is {bot.log}. Ctrl-C ends everything.\n",
        flush=True,
    )
