"""Passes nudges on between processes that share a PostgreSQL: what changed here is looked at there, too.

A nudge that is lost costs seconds, no more: every loop looks at the rows now and then anyway.
"""

from __future__ import annotations

import asyncio
import logging
from typing import NoReturn

import psycopg

from bot.db import driver_url
from bot.jobs.wake import Listener, Wake

logger = logging.getLogger(__name__)

CHANNEL = "greenlight_changed"
#: Seconds between two nudges sent, so that a burst of rows is one, and before a lost connection is made anew.
PAUSE = 0.1
AGAIN_AFTER = 1.0


class Relay:
    """Both directions of one process. `process` is its name, by which it knows its own nudges."""

    def __init__(self, url: str, process: str, changed: Wake) -> None:
        self._url = driver_url(url)
        self._process = process
        self._changed = changed

    async def run(self, listener: Listener) -> None:
        """Pass on until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._hear(listener))
            group.create_task(self._tell(listener))

    async def _hear(self, listener: Listener) -> NoReturn:
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(self._url, autocommit=True) as connection:
                    await connection.execute(f"LISTEN {CHANNEL}".encode())
                    self._changed(but_for=listener)  # what was said while we did not listen
                    async for notice in connection.notifies():
                        if notice.payload != self._process:
                            self._changed(but_for=listener)
            except psycopg.Error as error:
                logger.warning("nudges not heard", extra={"error": type(error).__name__})
            await asyncio.sleep(AGAIN_AFTER)

    async def _tell(self, listener: Listener) -> NoReturn:
        while True:
            try:
                async with await psycopg.AsyncConnection.connect(self._url, autocommit=True) as connection:
                    while True:
                        await listener.wait(60.0)
                        await connection.execute("SELECT pg_notify(%s, %s)", (CHANNEL, self._process))
                        await asyncio.sleep(PAUSE)
            except psycopg.Error as error:
                logger.warning("nudges not passed on", extra={"error": type(error).__name__})
            await asyncio.sleep(AGAIN_AFTER)
