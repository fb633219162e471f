"""Shows answers in a film's thread while they are being written: one message per answer, its edits coalesced."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import discord

from bot.speech import say
from bot.studio.model import Heard, Plan, Project
from bot.studio.text import shorten
from bot.ui.replies import words_for
from bot.ui.sending import DiscordFailed, Vanished, once, persistently
from bot.ui.wording import unlinked

logger = logging.getLogger(__name__)

#: Seconds between two edits of one answer; Discord allows about five writes in five seconds in a channel.
EDIT_EVERY = 1.3
#: Seconds after which the typing sign is renewed while there are no words yet; Discord shows it for ten.
TYPING_EVERY = 8.0
_MAX = 1_900


class Talk:
    """Opens a reply for everything that is answered."""

    def __init__(self, client: discord.Client) -> None:
        self._client = client

    @asynccontextmanager
    async def open(self, heard: Heard, project: Project) -> AsyncIterator[Reply]:
        """A reply to the message that was heard; where that is gone, a plain message.

        Its end waits until the last text is shown or given up. Where the block raises, nothing more is shown.
        """
        channel = self._client.get_partial_messageable(project.thread_id or project.channel_id)
        reference = (
            discord.MessageReference(message_id=heard.message_id, channel_id=channel.id, fail_if_not_exists=False)
            if heard.message_id is not None
            else None
        )
        reply = Reply(channel, reference, heard.turn_id)
        async with asyncio.TaskGroup() as group:
            group.create_task(reply.edit())
            yield reply
            reply.end()


class Reply:
    """One answer. Failing to show it is logged and ends nothing: the answer is in its row.

    `show`, `finish` and `fail` only put the newest text into a slot, so whoever writes never waits for Discord, which
    may be slow while a key is lent. `edit` is the one that talks to Discord.
    """

    def __init__(
        self, channel: discord.PartialMessageable, reference: discord.MessageReference | None, turn_id: int
    ) -> None:
        self._channel = channel
        self._reference = reference
        self._turn_id = turn_id
        self._message: discord.PartialMessage | None = None
        self._wanted = ""
        self._shown = ""
        self._ended = False
        self._news = asyncio.Event()
        self.stands = False

    def show(self, text: str) -> None:
        if text.strip():
            self._want(f"{text} …")

    def finish(self, text: str, plan: Plan | None) -> None:
        foot = ""
        if plan is not None:
            foot = f"\n-# {say('Plan **v{version}**: {changes}', version=plan.version, changes=plan.changes)}"
        self._want(f"{shorten(text, _MAX - len(foot))}{foot}")

    def fail(self, error: Exception) -> None:
        self._want(f"{words_for(error)}\n-# {say('The plan is as it was.')}")

    def end(self) -> None:
        """What is wanted now is the whole."""
        self._ended = True
        self._news.set()

    async def edit(self) -> None:
        """Show the newest text, and no sooner than the pace allows, until the whole one was shown or given up."""
        ended = False
        while not ended:
            await self._something_new()
            self._news.clear()
            ended, text = self._ended, self._wanted  # together: what comes from here on wakes us again
            try:
                await self._write(text, ended=ended)
            except DiscordFailed as error:
                logger.warning("answer not shown", extra={"turn": self._turn_id, "error": str(error)})
                self.stands = isinstance(error, Vanished)  # nobody is left to read it
            except Exception:
                # The answer is kept and may have changed the plan: not seeing it must not undo its turn.
                logger.exception("answer not shown by a fault of ours", extra={"turn": self._turn_id})
            else:
                self.stands = ended
            if not ended:
                await asyncio.sleep(EDIT_EVERY)

    def _want(self, text: str) -> None:
        self._wanted = shorten(unlinked(discord.utils.escape_mentions(text)), _MAX)
        self._news.set()

    async def _something_new(self) -> None:
        """Wait for the next text, and show that one is on its way while there is none."""
        while not self._news.is_set():
            try:
                async with asyncio.timeout(TYPING_EVERY if not self._wanted else None):
                    await self._news.wait()
            except TimeoutError:
                await type_in(self._channel)

    async def _write(self, text: str, *, ended: bool) -> None:
        if not text or text == self._shown:
            return
        # A text that another follows is not worth insisting on; the last one is.
        call = persistently if ended else once
        if self._message is None:
            sent = await call(lambda: self._send(text))
            self._message = self._channel.get_partial_message(sent.id)
            # Where Discord knows the nonce, an attempt before this one (or before a crash) posted the text of then.
            self._shown = text if sent.content.strip() == text.strip() else sent.content
        message = self._message
        if text != self._shown:
            await call(lambda: message.edit(content=text))
            self._shown = text

    async def _send(self, text: str) -> discord.Message:
        return await self._channel.send(
            text,
            reference=self._reference,  # type: ignore[arg-type]  # the library's overloads forbid None
            mention_author=False,
            suppress_embeds=True,
            nonce=f"turn-{self._turn_id}",
        )


async def type_in(channel: discord.abc.Messageable) -> None:
    """Show that an answer is on its way. Not worth a second try."""
    try:
        await once(channel.typing)
    except DiscordFailed as error:
        logger.debug("typing not shown", extra={"error": str(error)})
