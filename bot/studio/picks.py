"""Messages that people chose in a menu, kept until they have filled in the form that came of it.

Discord sends a chosen message whole, once: it is there for us even where we may not read the channel. The form that
follows names only its row, so what it is about survives a restart.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import delete, insert, select

from bot.db import Database
from bot.db.tables import picks
from bot.studio.errors import PickGone
from bot.studio.model import Attachment

#: Seconds after which a form is forgotten: addresses of attachments lead nowhere after a day (Discord docs, 2026-08).
FORGOTTEN_AFTER = 24 * 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Pick:
    """What a chosen message says, and the videos in it."""

    id: str
    words: str
    videos: tuple[Attachment, ...]


class Picks:
    def __init__(self, database: Database, *, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    async def keep(self, owner_id: int, words: str, videos: Sequence[Attachment]) -> Pick:
        """Keep a message that `owner_id` chose."""
        pick = Pick(id=uuid.uuid4().hex, words=words, videos=tuple(videos))
        async with self._database.transaction() as transaction:
            await transaction.execute(
                insert(picks).values(
                    id=pick.id,
                    owner_id=owner_id,
                    words=words,
                    videos=json.dumps([asdict(video) for video in videos]),
                    created_at=self._clock(),
                )
            )
        return pick

    async def get(self, pick_id: str, owner_id: int) -> Pick:
        """What this person chose. Raises `PickGone`: it is too old, was used, or somebody else chose it."""
        query = select(picks).where(
            picks.c.id == pick_id, picks.c.owner_id == owner_id, picks.c.created_at > self._clock() - FORGOTTEN_AFTER
        )
        async with self._database.transaction() as transaction:
            row = (await transaction.execute(query)).one_or_none()
        if row is None:
            raise PickGone
        return Pick(id=row.id, words=row.words, videos=tuple(Attachment(**each) for each in json.loads(row.videos)))

    async def forget_old(self) -> None:
        """Let go what is too old to be used: it is words of people who may not know of us."""
        async with self._database.transaction() as transaction:
            await transaction.execute(delete(picks).where(picks.c.created_at <= self._clock() - FORGOTTEN_AFTER))

    async def used(self, pick_id: str) -> None:
        async with self._database.transaction() as transaction:
            await transaction.execute(delete(picks).where(picks.c.id == pick_id))
