"""Posts what operators tell everybody, once in each channel: a row before it, a nonce with it, a look after a crash."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime

import discord

from bot.jobs.wake import Listener, keep_looking
from bot.production.announcements import Announcements, Post
from bot.ui.sending import Busy, DiscordFailed, nonce, persistently
from bot.ui.wording import unlinked

logger = logging.getLogger(__name__)

#: Seconds between two looks where nobody nudges.
LOOK_EVERY = 10.0
#: Seconds by which our clock may be ahead of Discord's, of which message ids are made; and messages read to look back.
_SKEW, _LOOK_BACK = 60.0, 200


class Announcer:
    """The loop that posts."""

    def __init__(
        self, client: discord.Client, announcements: Announcements, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._client = client
        self._announcements = announcements
        self._clock = clock

    async def run(self, listener: Listener) -> None:
        await keep_looking(self.look, listener, every=LOOK_EVERY)

    async def look(self) -> None:
        """Post everything whose turn it is."""
        while due := await self._announcements.due():
            for post in due:
                await self._post(post)

    async def _post(self, post: Post) -> None:
        channel = self._client.get_partial_messageable(post.channel.id, guild_id=post.channel.guild_id)
        words = words_of(post)
        await self._announcements.begin(post)
        try:
            standing = await self._standing(post, words) if post.was_tried_at is not None else None
            if standing is None:
                sent = await persistently(
                    lambda: channel.send(
                        words,
                        nonce=nonce(post.announcement_id, post.channel.id),
                        suppress_embeds=True,
                        allowed_mentions=discord.AllowedMentions.none(),
                    )
                )
                standing = sent.id
        except DiscordFailed as error:
            why = f"{type(error).__name__}:{error.code}"
            logger.warning("announcement not posted", extra={"channel": post.channel.id, "error": str(error)})
            await self._announcements.failed(post, why, for_good=not isinstance(error, Busy))
        else:
            await self._announcements.posted(post, standing)

    async def _standing(self, post: Post, words: str) -> int | None:
        """Our message, where an earlier try has posted it and did not live to write that down."""
        assert post.was_tried_at is not None
        channel = self._client.get_partial_messageable(post.channel.id, guild_id=post.channel.guild_id)
        since = discord.utils.time_snowflake(datetime.fromtimestamp(post.was_tried_at - _SKEW, tz=UTC))

        async def look() -> int | None:
            ours = self._client.user
            async for message in channel.history(after=discord.Object(since), limit=_LOOK_BACK):
                if ours is not None and message.author.id == ours.id and message.content == words:
                    return message.id
            return None

        return await persistently(look)


def words_of(post: Post) -> str:
    """What stands in the channel, with no link that hides its address."""
    return f"📣 {unlinked(post.words)}"
