"""A nudge between loops of one process: rows changed, look now. Never carries the news itself; the rows do."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import NoReturn


class Wake:
    """Lets loops sleep until somebody says that rows changed, or until they should look anyway."""

    def __init__(self) -> None:
        self._listeners: set[asyncio.Event] = set()

    def __call__(self, *, but_for: Listener | None = None) -> None:
        """Wake every listener now, but for one that passes on what it heard elsewhere."""
        for listener in self._listeners:
            if but_for is None or not but_for.is_woken_by(listener):
                listener.set()

    def listener(self) -> Listener:
        """A new listener: it remembers a nudge that came while its loop was busy."""
        event = asyncio.Event()
        self._listeners.add(event)
        return Listener(event)


class Listener:
    def __init__(self, event: asyncio.Event) -> None:
        self._event = event

    def is_woken_by(self, event: asyncio.Event) -> bool:
        return self._event is event

    async def wait(self, at_most: float) -> None:
        """Return at the next nudge, or after `at_most` seconds."""
        try:
            async with asyncio.timeout(at_most):
                await self._event.wait()
        except TimeoutError:
            pass
        self._event.clear()


async def keep_looking(
    look: Callable[[], Awaitable[object]], listener: Listener, *, every: float, breath: float = 0.0
) -> NoReturn:
    """Look at each nudge and every so many seconds, until cancelled; `breath` is the least that lies between two."""
    while True:
        await look()
        if breath:
            await asyncio.sleep(breath)
        await listener.wait(every)
