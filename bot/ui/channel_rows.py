"""What was learned of Discord's channels: where we may not write for now, and what they really take. Rows only."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass

from sqlalchemy import select

from bot.db import Database, insert_or_ignore
from bot.db.tables import channels

#: Seconds for which a learned upload limit is believed: a server may have got more boosts since.
LIMIT_HOLDS = 7 * 24 * 3600.0


@dataclass(frozen=True, slots=True)
class Closed:
    """A channel that is not tried before `until`; `because` is an error's class and Discord's code."""

    until: float
    because: str


class ChannelRows:
    def __init__(self, database: Database, *, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    async def close(self, channel_id: int, *, seconds: float, because: str) -> None:
        """Do not try a channel for so long."""
        await self._write(channel_id, closed_until=self._clock() + seconds, closed_because=because)

    async def closed(self, channel_ids: Collection[int]) -> dict[int, Closed]:
        """Those of these channels that are not to be tried now."""
        query = select(channels).where(channels.c.id.in_(list(channel_ids)), channels.c.closed_until > self._clock())
        async with self._database.transaction() as transaction:
            rows = await transaction.execute(query)
            return {row.id: Closed(row.closed_until, row.closed_because or "") for row in rows}

    async def learn_limit(self, channel_id: int, upload_limit: int) -> None:
        await self._write(channel_id, upload_limit=upload_limit, updated_at=self._clock())

    async def upload_limit(self, channel_id: int) -> int | None:
        """The bytes a channel was last known to take; `None` where it never refused, or that was long ago."""
        query = select(channels.c.upload_limit).where(
            channels.c.id == channel_id, channels.c.updated_at > self._clock() - LIMIT_HOLDS
        )
        async with self._database.transaction() as transaction:
            return (await transaction.execute(query)).scalar_one_or_none()

    async def _write(self, channel_id: int, **values: object) -> None:
        async with self._database.transaction() as transaction:
            fresh = insert_or_ignore(transaction, channels).values(
                id=channel_id, **{"updated_at": self._clock(), **values}
            )
            await transaction.execute(fresh.on_conflict_do_update(index_elements=["id"], set_=values))
