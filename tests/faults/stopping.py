"""A process that is told to stop while an order is never answered; run by `test_process`."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from bot.app.service import Service
from bot.jobs.wake import Wake


class Stuck:
    """Ledger and dispatcher of a bot whose last order hangs."""

    def pause(self) -> None:
        print("stopping", flush=True)

    async def close(self) -> None:
        await asyncio.Event().wait()


def main() -> None:
    stuck = cast("Any", Stuck())
    service = Service(client=stuck, token="", engine=None, ledger=stuck, dispatcher=stuck, changed=Wake())
    service.token = None  # it does not talk to Discord

    async def run() -> None:
        asyncio.get_running_loop().call_soon(lambda: print("running", flush=True))
        await service.serve()
        print("drained", flush=True)

    asyncio.run(run())


if __name__ == "__main__":
    main()
