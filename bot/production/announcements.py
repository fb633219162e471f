"""What operators tell everybody: a draft that somebody confirms, then a row for each channel, posted there once."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import func, insert, select, update

from bot.db import Database, Transaction, lock
from bot.db.tables import announcement_posts, announcements, guild_settings, productions, projects
from bot.jobs.wake import Wake
from bot.production.model import OPEN
from bot.studio.audit import Audit
from bot.studio.guilds import from_json
from bot.studio.shards import ALL_SHARDS, Shards

#: Tries in one channel, over about an hour, before it is left out.
TRIES = 8
#: Seconds until the second try; doubles with every one.
PAUSE = 30.0


class Audience(StrEnum):
    """Where it is told."""

    LOGS = "logs"  # the log channel of every server that has chosen one
    FILMS = "films"  # wherever a film is talked over that is not over


@dataclass(frozen=True, slots=True)
class Channel:
    """`guild_id` is `None` for a direct message."""

    id: int
    guild_id: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Announcement:
    id: str
    words: str
    audience: Audience
    confirmed_at: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One channel that is to be told. `was_tried_at` is when it was begun before, perhaps with success."""

    announcement_id: str
    words: str
    channel: Channel
    tries: int
    was_tried_at: float | None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an announcement has come, in channels."""

    posted: int
    failed: int
    waiting: int


class Announcements:
    """Reads and writes the rows. `shards` are those whose channels this process writes in."""

    def __init__(
        self,
        database: Database,
        changed: Wake,
        *,
        shards: Shards = ALL_SHARDS,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._changed = changed
        self._shards = shards
        self._audit = Audit(database, clock=clock)
        self._clock = clock

    async def draft(self, words: str, audience: Audience, by: int) -> Announcement:
        """Keep what is to be told; nothing is posted before it is confirmed."""
        id_ = uuid.uuid4().hex
        async with self._database.transaction() as transaction:
            await transaction.execute(
                insert(announcements).values(id=id_, words=words, audience=audience, by=by, at=self._clock())
            )
        return Announcement(id=id_, words=words, audience=audience, confirmed_at=None)

    async def get(self, id_: str) -> Announcement | None:
        async with self._database.transaction() as transaction:
            row = (await transaction.execute(select(announcements).where(announcements.c.id == id_))).one_or_none()
        if row is None:
            return None
        return Announcement(id=row.id, words=row.words, audience=Audience(row.audience), confirmed_at=row.confirmed_at)

    async def reach(self, audience: Audience) -> list[Channel]:
        """Every channel that would be told now, once each."""
        async with self._database.transaction() as transaction:
            return await _reached(transaction, audience)

    async def confirm(self, id_: str, by: int) -> int | None:
        """Have it told in every channel there is now; in how many. `None` where that was decided before."""
        now = self._clock()
        async with self._database.transaction() as transaction:
            await lock(transaction, f"announcement {id_}")
            confirmed = await transaction.execute(
                update(announcements)
                .where(announcements.c.id == id_, announcements.c.confirmed_at.is_(None))
                .values(confirmed_at=now)
                .returning(announcements.c.audience, announcements.c.words)
            )
            row = confirmed.one_or_none()
            if row is None:
                return None
            channels = await _reached(transaction, Audience(row.audience))
            if channels:
                rows = [
                    {"announcement_id": id_, "channel_id": each.id, "guild_id": each.guild_id, "next_at": now}
                    for each in channels
                ]
                await transaction.execute(insert(announcement_posts), rows)
            await self._audit.note_within(transaction, by, "announce", f"{row.audience}: {len(channels)}", row.words)
        self._changed()
        return len(channels)

    async def drop(self, id_: str) -> bool:
        """Throw a draft away; false where it was sent already."""
        async with self._database.transaction() as transaction:
            gone = await transaction.execute(
                announcements.delete().where(announcements.c.id == id_, announcements.c.confirmed_at.is_(None))
            )
        return bool(gone.rowcount)

    async def progress(self, id_: str) -> Progress:
        query = select(
            func.count(announcement_posts.c.message_id),
            func.count(announcement_posts.c.done_at),
            func.count(),
        ).where(announcement_posts.c.announcement_id == id_)
        async with self._database.transaction() as transaction:
            posted, done, total = (await transaction.execute(query)).one()
        return Progress(posted=posted, failed=done - posted, waiting=total - done)

    async def due(self, most: int = 20) -> list[Post]:
        """Those whose turn it is, the first ones first."""
        query = (
            select(announcement_posts, announcements.c.words)
            .join(announcements, announcements.c.id == announcement_posts.c.announcement_id)
            .where(
                announcement_posts.c.done_at.is_(None),
                announcement_posts.c.next_at <= self._clock(),
                self._shards.among(announcement_posts.c.guild_id),
            )
            .order_by(announcement_posts.c.next_at, announcement_posts.c.channel_id)
            .limit(most)
        )
        async with self._database.transaction() as transaction:
            rows = (await transaction.execute(query)).all()
        return [
            Post(
                announcement_id=row.announcement_id,
                words=row.words,
                channel=Channel(row.channel_id, row.guild_id),
                tries=row.tries,
                was_tried_at=row.posting_at,
            )
            for row in rows
        ]

    async def begin(self, post: Post) -> None:
        """It is posted from here on: whoever comes back to it looks first whether it stands there."""
        began = post.was_tried_at if post.was_tried_at is not None else self._clock()
        await self._set(post, posting_at=began, tries=post.tries + 1)

    async def posted(self, post: Post, message_id: int) -> None:
        await self._set(post, message_id=message_id, done_at=self._clock())

    async def failed(self, post: Post, why: str, *, for_good: bool) -> None:
        """It could not be posted; tried again later unless that is `for_good`, or was tried often enough."""
        now = self._clock()
        if for_good or post.tries + 1 >= TRIES:
            await self._set(post, failure=why, done_at=now)
        else:
            await self._set(post, failure=why, next_at=now + PAUSE * 2.0**post.tries)

    async def _set(self, post: Post, **values: object) -> None:
        async with self._database.transaction() as transaction:
            await transaction.execute(
                update(announcement_posts)
                .where(
                    announcement_posts.c.announcement_id == post.announcement_id,
                    announcement_posts.c.channel_id == post.channel.id,
                )
                .values(**values)
            )


async def _reached(transaction: Transaction, audience: Audience) -> list[Channel]:
    if audience is Audience.LOGS:
        rows = (await transaction.execute(select(guild_settings).order_by(guild_settings.c.guild_id))).all()
        chosen = {row.guild_id: from_json(row.chosen).log_channel_id for row in rows}
        return [Channel(channel, guild) for guild, channel in chosen.items() if channel is not None]
    query = (
        select(projects.c.thread_id, projects.c.guild_id)
        .join(productions, productions.c.project_id == projects.c.id)
        .where(productions.c.state.in_(OPEN), projects.c.thread_id.is_not(None), projects.c.deleted_at.is_(None))
        .distinct()
        .order_by(projects.c.thread_id)
    )
    return [Channel(row.thread_id, row.guild_id) for row in await transaction.execute(query)]
