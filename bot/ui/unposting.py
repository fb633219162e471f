"""Removes our messages about what people had deleted: cards, answers, films, and the name of the thread.

What people wrote is theirs and Discord's; so is the thread. What we may not remove, or what is gone, is left; while
Discord is busy, all is tried again later.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import NoReturn

import discord

from bot.db import AWAY, Database
from bot.jobs.wake import Listener, keep_looking
from bot.production.deletions import Deletion, Deletions
from bot.production.traces import Traces, traces_of
from bot.speech import later, say, speaking
from bot.ui.sending import DiscordFailed, Malformed, NotAllowed, Vanished, persistently

logger = logging.getLogger(__name__)

#: Seconds between two looks: at most, and at least, however often rows change.
LOOK_EVERY, BREATH = 30.0, 0.5
#: What a film's thread is called once the film is gone.
NAMELESS = later("A deleted film")
#: Messages that are looked through, at most, for ours; from the begin of a film on.
READ = 2_000


class Unposting:
    """Removes messages. `client` is connected while it runs."""

    def __init__(
        self,
        client: discord.Client,
        database: Database,
        deletions: Deletions,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._client = client
        self._database = database
        self._deletions = deletions
        self._clock = clock

    async def run(self, listener: Listener) -> NoReturn:
        await keep_looking(self.look, listener, every=LOOK_EVERY, breath=BREATH)

    async def look(self) -> None:
        """Remove what there is to remove now; a deletion that Discord holds up holds up no other."""
        for deletion in await self._deletions.pending():
            if not deletion.wants_unposting(self._clock()) or not await self._deletions.is_stopped(deletion):
                continue
            try:
                await self._remove_all(deletion)
            except DiscordFailed as error:
                await self._deletions.failed(deletion, f"{type(error).__name__}:{error.code}")
                logger.warning("messages not removed yet", extra={"deletion": deletion.id, "error": str(error)})
            except AWAY:
                raise  # the loop begins again
            except Exception as error:
                logger.exception("messages not removed by a fault of ours", extra={"deletion": deletion.id})
                await self._deletions.failed(deletion, type(error).__name__)
            else:
                await self._deletions.unposted(deletion)

    async def _remove_all(self, deletion: Deletion) -> None:
        for traces in await traces_of(self._database, deletion):
            removed = 0
            if traces.thread_id is not None:
                with speaking(traces.language):
                    await self._unname(traces.thread_id)
                removed += await self._remove(traces.channel_id, traces.thread_id)  # the message it hangs on
            for channel_id, message_id in sorted({*traces.known, *await self._found(traces)}):
                removed += await self._remove(channel_id, message_id)
            logger.info("messages of a deleted film removed", extra={"project": traces.project_id, "count": removed})

    async def _found(self, traces: Traces) -> set[tuple[int, int]]:
        """Messages of ours that no row knows, in the place where the film was talked over."""
        place = traces.thread_id or traces.channel_id
        channel = self._client.get_partial_messageable(place)
        since = datetime.fromtimestamp(traces.since - 60.0, tz=UTC)
        found: set[tuple[int, int]] = set()

        async def look() -> None:
            async for message in channel.history(after=since, limit=READ):
                if self._is_ours(message) and (traces.thread_id is not None or _is_about(message, traces)):
                    found.add((place, message.id))

        await _if_we_may(look)
        return found

    def _is_ours(self, message: discord.Message) -> bool:
        return self._client.user is not None and message.author.id == self._client.user.id

    async def _unname(self, thread_id: int) -> None:
        """A thread is called by its film's idea: call it otherwise. An archived one opens for that."""

        async def rename() -> None:
            thread = await self._client.fetch_channel(thread_id)
            if isinstance(thread, discord.Thread) and thread.name != say(NAMELESS):
                await thread.edit(name=say(NAMELESS), archived=False)

        await _if_we_may(rename)

    async def _remove(self, channel_id: int, message_id: int) -> bool:
        message = self._client.get_partial_messageable(channel_id).get_partial_message(message_id)
        return await _if_we_may(message.delete)


async def _if_we_may(call: Callable[[], Awaitable[None]]) -> bool:
    """Do it; false where it is not there or not ours to do. Raises `Busy` where Discord does not answer for long."""
    try:
        await persistently(call)
    except (NotAllowed, Vanished, Malformed) as error:
        logger.info("not removed", extra={"error": str(error)})
        return False
    return True


def _is_about(message: discord.Message, traces: Traces) -> bool:
    """Whether a message of ours in a channel of many films belongs to this one."""
    if traces.all_ours:
        return True
    if message.reference is not None and message.reference.message_id in traces.heard:
        return True
    files = [file.filename for file in message.attachments]
    return any(any(id_ in file for file in files) or id_[:8] in message.content for id_ in traces.production_ids)
