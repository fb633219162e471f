"""A nudge between loops of one process: rows changed, look now. Never carries the news itself; the rows do."""

from __future__ import annotations

import asyncio


class Wake:
    """Lets loops sleep until somebody says that rows changed, or until they should look anyway."""

    def __init__(self) -> None:
        self._listeners: set[asyncio.Event] = set()

    def __call__(self) -> None:
        """Wake every listener now."""
        for listener in self._listeners:
            listener.set()

    def listener(self) -> Listener:
        """A new listener: it remembers a nudge that came while its loop was busy."""
        event = asyncio.Event()
        self._listeners.add(event)
        return Listener(event)


class Listener:
    def __init__(self, event: asyncio.Event) -> None:
        self._event = event

    async def wait(self, at_most: float) -> None:
        """Return at the next nudge, or after `at_most` seconds."""
        try:
            async with asyncio.timeout(at_most):
                await self._event.wait()
        except TimeoutError:
            pass
        self._event.clear()
