"""Shows answers in a film's thread while they are being written: one message per answer, its edits coalesced."""

from __future__ import annotations

import asyncio
import logging
import time

import discord

from bot.studio.model import Heard, Plan, Project
from bot.studio.text import shorten
from bot.ui.replies import words_for
from bot.ui.sending import DiscordFailed, persistently
from bot.ui.wording import unlinked

logger = logging.getLogger(__name__)

#: Seconds between two edits of one answer; Discord allows about five writes in five seconds in a channel.
EDIT_EVERY = 1.3
_MAX = 1_900


class Talk:
    """Opens a reply for everything that is answered."""

    def __init__(self, client: discord.Client) -> None:
        self._client = client

    async def open(self, heard: Heard, project: Project) -> Reply:
        """A reply to the message that was heard; where that is gone, a plain message."""
        channel = self._client.get_partial_messageable(project.thread_id or project.channel_id)
        reference = (
            discord.MessageReference(message_id=heard.message_id, channel_id=channel.id, fail_if_not_exists=False)
            if heard.message_id is not None
            else None
        )
        return Reply(channel, reference, heard.turn_id)


class Reply:
    """One answer. Failing to show it is logged and ends nothing: the answer is in its row."""

    def __init__(
        self, channel: discord.PartialMessageable, reference: discord.MessageReference | None, turn_id: int
    ) -> None:
        self._channel = channel
        self._reference = reference
        self._turn_id = turn_id
        self._message: discord.PartialMessage | None = None
        self._edited_at = 0.0
        self._shown = ""

    async def show(self, text: str) -> None:
        if time.monotonic() - self._edited_at >= EDIT_EVERY and text.strip():
            await self._write(f"{text} …")

    async def finish(self, text: str, plan: Plan | None) -> None:
        foot = f"\n-# Plan **v{plan.version}**: {plan.changes}" if plan is not None else ""
        await self._write(f"{shorten(text or 'Done.', _MAX - len(foot))}{foot}")

    async def fail(self, error: Exception) -> None:
        await self._write(f"{words_for(error)}\n-# The plan is as it was.")

    async def _write(self, text: str) -> None:
        text = shorten(unlinked(discord.utils.escape_mentions(text)), _MAX)
        if text == self._shown:
            return
        rest = self._edited_at + EDIT_EVERY - time.monotonic()
        if rest > 0:
            await asyncio.sleep(rest)
        self._edited_at = time.monotonic()
        message = self._message
        try:
            if message is None:
                sent = await persistently(
                    lambda: self._channel.send(
                        text,
                        reference=self._reference,  # type: ignore[arg-type]  # the library's overloads forbid None
                        mention_author=False,
                        suppress_embeds=True,
                        nonce=f"turn-{self._turn_id}",
                    )
                )
                self._message = self._channel.get_partial_message(sent.id)
            else:
                await persistently(lambda: message.edit(content=text))
        except DiscordFailed as error:
            logger.warning("answer not shown", extra={"turn": self._turn_id, "error": str(error)})
            return
        self._shown = text
