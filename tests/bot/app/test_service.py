"""How the built bot stops: the pools' journeys to their store are the last to go."""

from __future__ import annotations

import asyncio
import os
import signal
from types import TracebackType
from typing import Any, Self, cast

from bot.app.service import Loop, Service
from bot.jobs.wake import Listener, Wake


class Everything:
    """Client, engine, ledger and dispatcher in one, which write down what happens to them."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.became_ready = asyncio.Event()
        self._is_drained = False

    async def launch(self) -> None:
        self.told.append("engine launched")

    def pause(self) -> None:
        pass

    async def close(self) -> None:
        """Of the ledger, and in the end of the engine."""
        if "work stopped" not in self.told:
            self.told.append("order answered")
        elif self._is_drained:
            self.told.append("engine closed")
        else:
            self._is_drained = True

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    async def start(self, token: str) -> None:
        await asyncio.Event().wait()

    async def keep(self, _: Listener) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            self.told.append("spent is told")

    async def work(self, _: Listener) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            self.told.append("work stopped")


async def test_told_to_stop_pools_serve_until_all_else_has_drained_and_then_tell_what_was_spent() -> None:
    everything = Everything()
    one = cast("Any", everything)
    service = Service(client=one, token="fake", engine=one, ledger=one, dispatcher=one, changed=Wake())
    service.pool_loops = [Loop(name="pool", run=everything.keep)]
    service.loops = [Loop(name="work", run=everything.work)]
    asyncio.get_running_loop().call_later(0.01, os.kill, os.getpid(), signal.SIGTERM)

    await service.serve()

    assert everything.told == ["engine launched", "order answered", "work stopped", "engine closed", "spent is told"]
