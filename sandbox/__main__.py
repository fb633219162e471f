"""`python -m sandbox`: the outside world on loopback and the bot in it, to play with; `--tour DIR` plays by itself."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from pathlib import Path

from sandbox import demo
from sandbox.pictures import Pictures, find_chromium
from sandbox.tour import PACE, Tour, TourFailed
from sandbox.world import World

#: What a person or a service manager ends us with; the bot must not outlive us then.
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main() -> int:
    """0 when all went well or a demo was ended by its user, 1 when not, 2 for wrong arguments, else what the bot said.

    A tour that is ended by a signal ends with 128 and the signal, as shells do.
    """
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument(
        "--tour", metavar="DIR", type=Path, help="play the story without a person; leave film.mp4 there"
    )
    parser.add_argument("--screenshot", action="store_true", help="with --tour: take pictures of the page as well")
    parser.add_argument("--port", type=int, default=demo.PORT, help="of the page (default %(default)s; 0 for any)")
    parser.add_argument("--pace", type=float, default=None, help="seconds a clip takes to render")
    arguments = parser.parse_args()
    if arguments.tour is not None:
        pace = PACE if arguments.pace is None else arguments.pace
        code, ended_by = asyncio.run(
            _until_signalled(_tour(arguments.tour, pace=pace, screenshot=arguments.screenshot))
        )
        return code if ended_by is None else 128 + ended_by
    pace = demo.PACE if arguments.pace is None else arguments.pace
    code, ended_by = asyncio.run(_until_signalled(demo.demo(arguments.port, pace=pace)))
    if ended_by is not None:
        print("\nEverything is stopped.")
    return code


async def _until_signalled(work: Coroutine[None, None, int]) -> tuple[int, int | None]:
    """The work's exit code, or 0 and the signal that cancelled it; what it opened is closed by then."""
    task = asyncio.ensure_future(work)
    received: list[int] = []

    def end(number: int) -> None:
        received.append(number)
        task.cancel()

    loop = asyncio.get_running_loop()
    for number in _SIGNALS:
        loop.add_signal_handler(number, end, number)
    try:
        return await task, None
    except asyncio.CancelledError:
        if not received:
            raise
        return 0, received[0]


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


if __name__ == "__main__":
    sys.exit(main())
