"""Takes over from workers that died. DBOS leaves this to a service of its own; locks in PostgreSQL do it here.

A worker counts as dead when its name was free on two looks in a row: one may fall into a restart of the server, which
lets go of all names for the moment that the living take to hold theirs again.
"""

from __future__ import annotations

import asyncio
import logging
from typing import NoReturn, Protocol

from bot.db import AWAY
from bot.jobs.engine import Engine
from bot.jobs.presence import Presence
from bot.jobs.wake import Listener, Wake

logger = logging.getLogger(__name__)

#: Seconds between two looks at the others, and between two at our own name: several of these within one of those, so
#: that after a restart of the server everyone alive holds their name again before anyone looks twice.
LOOK_EVERY, SHOW_EVERY = 2.0, 0.5


class Estate(Protocol):
    """What names workers in rows of its own."""

    async def owners(self) -> set[str]:
        """Workers that have something under way."""

    async def inherit(self, gone: str, heir: str) -> None:
        """What one had under way is another's from here on."""


class Liveness:
    """One per worker."""

    def __init__(self, presence: Presence, engine: Engine, estate: Estate, changed: Wake) -> None:
        self._presence = presence
        self._engine = engine
        self._estate = estate
        self._changed = changed
        self._missed: set[str] = set()

    async def run(self, _: Listener) -> NoReturn:
        """Hold our name and look after the others' until cancelled."""
        looks = round(LOOK_EVERY / SHOW_EVERY)
        turn = 0
        while True:
            turn += 1
            try:
                await self._presence.show()
                if turn % looks == 0:
                    await self.look()
            except AWAY as error:
                self._missed.clear()  # a look that failed is none
                logger.warning("presence not shown", extra={"error": type(error).__name__})
            await asyncio.sleep(SHOW_EVERY)

    async def look(self) -> None:
        """Look at everyone who has work under way; take over from those that were missed before."""
        others = (await self._engine.owners() | await self._estate.owners()) - {self._presence.name}
        missing = {name for name in others if await self._presence.is_gone(name)}
        for name in missing & self._missed:
            await self._take_over(name)
        self._missed = missing

    async def _take_over(self, gone: str) -> None:
        async with self._presence.heir_of(gone) as is_heir:
            if not is_heir:
                return
            logger.warning("taking over from a worker that is gone", extra={"worker": gone})
            await self._estate.inherit(gone, self._presence.name)
            await self._engine.recover(gone)
        self._changed()
