"""`python -m sandbox.discord [PORT]`: the world alone, with the variables a bot needs to find it."""

from __future__ import annotations

import asyncio
import contextlib
import sys

from sandbox.discord.world import DiscordWorld


async def main(port: int) -> None:
    async with DiscordWorld(port=port) as world:
        for name, value in world.environ.items():
            print(f"export {name}={value}")
        print(f"# open {world.page_url}", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 0))
