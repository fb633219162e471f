"""Lets something happen only so often, among all processes that share a database."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable

from bot.db import AWAY, Database, lock

logger = logging.getLogger(__name__)


class Spacing:
    """Turns under one name are `seconds` apart, whoever takes them. A process that dies leaves none waiting."""

    def __init__(
        self, database: Database, seconds: float, *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self._database = database
        self._seconds = seconds
        self._sleep = sleep
        self._alone = asyncio.Lock()

    async def turn(self, name: str) -> None:
        """Wait for the next turn under this name; while the database is away, for its return.

        The pause comes before the turn, in the lock: so it is kept to a process that ended after its turn, too.
        """
        if not self._database.is_shared:  # nobody else is there, and its one connection is not to be kept for seconds
            async with self._alone:
                await self._sleep(self._seconds)
            return
        while True:
            try:
                async with self._database.transaction() as transaction:
                    await lock(transaction, name)
                    await self._sleep(self._seconds)
                return
            except AWAY as error:
                logger.warning("no turn yet", extra={"turn": name, "error": type(error).__name__})
                await asyncio.sleep(1.0)
