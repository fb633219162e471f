"""The client of a bot that is in so many servers that Discord wants several connections, in one process or more."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import discord
import yarl

from bot.jobs.spacing import Spacing
from bot.studio.projects import Projects
from bot.studio.shards import Shards
from bot.ui.client import Greenlight
from bot.ui.desk import Desk
from bot.ui.doors import Doors
from bot.ui.returns import Returns
from bot.ui.surface import Surface
from bot.ui.takes_menu import TakesMenu

logger = logging.getLogger(__name__)

#: Seconds between two identifications that share a slot (docs events/gateway, checked 2026-11: max_concurrency in 5 s),
#: with some for the way there.
IDENTIFY_EVERY = 5.5
#: Tries to connect one shard before the whole client starts anew, more slowly each time.
LAUNCHES = 5


class ShardedGreenlight(Greenlight, discord.AutoShardedClient):
    """`Greenlight` on a range of shards.

    Args:
        identifying: keeps identifications apart, among all processes of the bot.
    """

    def __init__(
        self,
        *,
        desk: Desk,
        projects: Projects,
        sync_mark: Path,
        shards: Shards,
        identifying: Spacing,
        takes: TakesMenu | None = None,
        returns: Returns | None = None,
        doors: Doors | None = None,
        surfaces: Sequence[Surface] = (),
    ) -> None:
        super().__init__(
            desk=desk,
            projects=projects,
            sync_mark=sync_mark,
            takes=takes,
            returns=returns,
            doors=doors,
            shards=shards,
            surfaces=surfaces,
        )
        self.shard_ids = list(shards.ids)
        self.shard_count = shards.count
        self._identifying = identifying
        self._slots = 1
        self._launches: Counter[int] = Counter()

    async def setup_hook(self) -> None:
        self._launches.clear()
        limits = await self.fetch_session_start_limits()
        self._slots = max(1, limits.max_concurrency)
        if limits.remaining < len(self._shards.ids):
            # Discord resets the token of a bot that goes on beyond it (docs events/gateway, checked 2026-11).
            logger.error("Discord lets us connect no more today", extra={"again_in": limits.reset_after // 1000})
            await asyncio.sleep(limits.reset_after / 1000)
        await super().setup_hook()

    async def before_identify_hook(
        self,
        shard_id: int | None,
        *,
        initial: bool = False,  # noqa: ARG002  # the library's
    ) -> None:
        """Wait for our turn; the library's own hook knows of no other process."""
        if shard_id is not None and not self._launches[shard_id]:  # a launch has waited before it connected
            await self._turn(shard_id)

    async def launch_shard(self, gateway: yarl.URL, shard_id: int, *, initial: bool = False) -> None:
        """Connect a shard. The library tries for ever, one call inside the other (2.7.1)."""
        self._launches[shard_id] += 1
        if self._launches[shard_id] > LAUNCHES:
            raise ConnectionError(f"shard {shard_id} cannot be connected")
        # Before there is a connection: one that waits for its turn hears no heartbeat.
        await self._turn(shard_id)
        await super().launch_shard(gateway, shard_id, initial=initial)
        self._launches[shard_id] = 0

    async def _turn(self, shard_id: int) -> None:
        await self._identifying.turn(f"identify {shard_id % self._slots}")
