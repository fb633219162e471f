"""A store of usage in memory: what the real ones do, without a database."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from ratelimit import Entry, StoreAway, Turn
from tests import virtual_time

EPOCH = 1_700_000_000.0
"""The Unix second at which every story starts."""


class MemoryStore:
    """One turn at a time, some milliseconds away, on a clock of its own."""

    def __init__(self, *, ahead: float = 3.0) -> None:
        self.entries: dict[str, dict[str, Entry]] = {}
        self.journeys = 0
        self.is_away = False
        self._ahead = ahead  # seconds, of everybody else's clock
        self._lock = asyncio.Lock()

    async def exchange(self, pool: str, turn: Callable[[Iterable[Entry], float], Turn]) -> Turn:
        self.journeys += 1
        await asyncio.sleep(0.003)
        if self.is_away:
            raise StoreAway
        async with self._lock:
            entries = self.entries.setdefault(pool, {})
            done = turn(entries.values(), EPOCH + self._ahead + virtual_time.now())
            await asyncio.sleep(0.002)
            entries.update({entry.id: entry for entry in done.changed})
            for id_ in done.removed:
                del entries[id_]
        await asyncio.sleep(0.003)
        return done
