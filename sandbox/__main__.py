"""`python -m sandbox`: the outside world on loopback and the bot in it, to play with; `--tour DIR` plays by itself."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import shutil
import sys
from contextlib import AsyncExitStack
from pathlib import Path

from sandbox.pictures import Pictures, find_chromium
from sandbox.process import ROOT, BotProcess
from sandbox.tour import PACE, Tour, TourFailed
from sandbox.world import World

DEMO_PACE = 6.0
DEMO_PORT = 8420


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument(
        "--tour", metavar="DIR", type=Path, help="play the story without a person; leave film.mp4 there"
    )
    parser.add_argument("--screenshot", action="store_true", help="with --tour: take pictures of the page as well")
    parser.add_argument("--port", type=int, default=DEMO_PORT, help="of the page (default %(default)s; 0 for any)")
    parser.add_argument("--pace", type=float, default=None, help="seconds a clip takes to render")
    arguments = parser.parse_args()
    if arguments.tour is not None:
        pace = PACE if arguments.pace is None else arguments.pace
        return asyncio.run(_tour(arguments.tour, pace=pace, screenshot=arguments.screenshot))
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_demo(arguments.port, pace=DEMO_PACE if arguments.pace is None else arguments.pace))
    return 0


async def _tour(folder: Path, *, pace: float, screenshot: bool) -> int:
    if folder.exists() and any(folder.iterdir()):
        print(f"{folder} is not empty; name a new folder", file=sys.stderr)
        return 2
    folder.mkdir(parents=True, exist_ok=True)
    async with AsyncExitStack() as exits:
        pictures = None
        if screenshot:
            chromium = find_chromium()
            if chromium is None:
                print("no Chromium on this machine, so no pictures are taken", file=sys.stderr)
            else:
                pictures = await exits.enter_async_context(Pictures(chromium))
        world = await exits.enter_async_context(World.of(folder / "world", pace=pace))
        try:
            await Tour(world, folder, pictures).play()
        except TourFailed as error:
            print(f"\nTOUR FAILED  {error}", file=sys.stderr)
            return 1
    print(f"\nAll of it happened. The film is {folder / 'film.mp4'}, the transcript {folder / 'transcript.md'}.")
    return 0


async def _demo(port: int, *, pace: float) -> None:
    folder = ROOT / ".demo"
    data = folder / "data"
    # A new Discord knows no old channels, so the bot begins anew as well.
    await asyncio.to_thread(_empty, folder)
    data.mkdir(parents=True)
    async with AsyncExitStack() as exits:
        world = await exits.enter_async_context(World.of(folder / "world", pace=pace, page_port=port))
        bot = await exits.enter_async_context(BotProcess(world.environ(data), folder / "bot.log"))
        await world.discord.ready(within=60)
        print(
            f"\n  Greenlight is running. Open {world.discord.page_url}\n\n"
            "  Type /plan with an idea (and a clip from your disk, if you like), talk to the bot in the thread\n"
            "  it opens, and press Greenlight. You are Mia; Tom is there, too. Nothing here costs anything.\n"
            f"  The bot's log is {bot.log}. Ctrl-C ends everything.\n",
            flush=True,
        )
        code = await bot.wait()
        print(f"the bot ended with {code}:\n{bot.said()[-2000:]}", file=sys.stderr)


def _empty(folder: Path) -> None:

    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
