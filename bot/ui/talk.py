"""Shows answers in a film's thread while they are being written: edits coalesced, long ones over several messages.

Which messages show an answer is kept in its row before the next is sent, so that after a crash the same ones go on.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress

import discord

from bot.db import AWAY
from bot.speech import say
from bot.studio.model import Heard, Plan, Project, ProjectKind
from bot.studio.text import shorten
from bot.ui.replies import words_for
from bot.ui.sending import DiscordFailed, Vanished, once, persistently
from bot.ui.splitting import split
from bot.ui.wording import price_change, unlinked

logger = logging.getLogger(__name__)

#: Seconds between two writes of one answer that is not whole yet: a card in the same channel has its turns, too.
EDIT_EVERY = 2.5
#: Seconds after which the typing sign is renewed while there are no words yet; Discord shows it for ten.
TYPING_EVERY = 8.0
#: Units of text in one message, below Discord's 2,000; and in all messages of one answer.
PIECE, _MAX = 1_900, 12_000


class Talk:
    """Opens a reply for everything that is answered; `keep` writes down which messages show the answer to a turn."""

    def __init__(
        self, client: discord.Client, keep: Callable[[int, Sequence[int]], Awaitable[None]] | None = None
    ) -> None:
        self._client = client
        self._keep = keep

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
        reply = Reply(channel, reference, heard, self._keep, has_plan=project.kind is ProjectKind.FILM)
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
        self,
        channel: discord.PartialMessageable,
        reference: discord.MessageReference | None,
        heard: Heard,
        keep: Callable[[int, Sequence[int]], Awaitable[None]] | None,
        *,
        has_plan: bool = True,
    ) -> None:
        self._channel = channel
        self._reference = reference
        self._turn_id = heard.turn_id
        self._keep = keep
        self._has_plan = has_plan
        self._messages = [channel.get_partial_message(each) for each in heard.messages]
        #: What each message shows; `None` where that was before our time.
        self._shown: list[str | None] = [None] * len(self._messages)
        self._wanted = ""
        self._news = asyncio.Event()
        self._ended = asyncio.Event()
        self.stands = False

    def show(self, text: str) -> None:
        if text.strip():
            self._want(f"{text} …")

    def finish(self, text: str, plan: Plan | None, difference_microusd: int | None = None) -> None:
        if plan is None:
            self._want(text)
            return
        change = say("Plan **v{version}**: {changes}", version=plan.version, changes=plan.changes)
        price = f" · {price_change(difference_microusd)}" if difference_microusd is not None else ""
        self._want(f"{text}\n-# {change}{price}")

    def fail(self, error: Exception) -> None:
        self._want(f"{words_for(error)}\n-# {say('The plan is as it was.')}" if self._has_plan else words_for(error))

    def end(self) -> None:
        """What is wanted now is the whole."""
        self._ended.set()
        self._news.set()

    async def edit(self) -> None:
        """Show the newest text, and no sooner than the pace allows, until the whole one was shown or given up."""
        ended = False
        while not ended:
            await self._something_new()
            self._news.clear()
            ended, text = self._ended.is_set(), self._wanted  # together: what comes from here on wakes us again
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
                await self._pause()

    def _want(self, text: str) -> None:
        self._wanted = shorten(unlinked(discord.utils.escape_mentions(text)), _MAX)
        self._news.set()

    async def _pause(self) -> None:
        """Keep the pace; the end need not wait for it."""
        with suppress(TimeoutError):
            async with asyncio.timeout(EDIT_EVERY):
                await self._ended.wait()

    async def _something_new(self) -> None:
        """Wait for the next text, and show that one is on its way while there is none."""
        while not self._news.is_set():
            try:
                async with asyncio.timeout(TYPING_EVERY if not self._wanted else None):
                    await self._news.wait()
            except TimeoutError:
                await type_in(self._channel)

    async def _write(self, text: str, *, ended: bool) -> None:
        """Bring the messages to what is wanted: one write of a text that another follows, all of the last one."""
        pieces = split(text, PIECE)
        for number, piece in enumerate(pieces):
            if number < len(self._shown) and self._shown[number] == piece:
                continue
            await self._put(number, piece, insist=ended)
            if not ended:
                return
        while ended and pieces and len(self._messages) > len(pieces):  # begun before a crash, for a longer answer
            left = self._messages[-1]
            with suppress(Vanished):
                await persistently(left.delete)
            del self._messages[-1], self._shown[-1]
            await self._note()

    async def _put(self, number: int, piece: str, *, insist: bool) -> None:
        """Have a message show a piece. A text that another follows is not worth insisting on; the last one is."""
        call = persistently if insist else once
        if number == len(self._messages):
            sent = await call(lambda: self._send(number, piece))
            self._messages.append(self._channel.get_partial_message(sent.id))
            # Where Discord knows the nonce, an attempt before this one (or before a crash) posted the text of then.
            self._shown.append(piece if sent.content.strip() == piece.strip() else sent.content)
            await self._note()
        message = self._messages[number]
        if piece != self._shown[number]:
            await call(lambda: message.edit(content=piece))
            self._shown[number] = piece

    async def _note(self) -> None:
        """Keep which messages these are. Without that a crash may only leave one that shows half an answer."""
        if self._keep is None:
            return
        try:
            await self._keep(self._turn_id, [message.id for message in self._messages])
        except AWAY as error:
            logger.warning(
                "messages of an answer not kept", extra={"turn": self._turn_id, "error": type(error).__name__}
            )

    async def _send(self, number: int, piece: str) -> discord.Message:
        return await self._channel.send(
            piece,
            reference=self._reference if number == 0 else None,  # type: ignore[arg-type]  # its overloads forbid None
            mention_author=False,
            suppress_embeds=True,
            nonce=f"turn-{self._turn_id}" if number == 0 else f"turn-{self._turn_id}-{number + 1}",
        )


async def type_in(channel: discord.abc.Messageable) -> None:
    """Show that an answer is on its way. Not worth a second try."""
    try:
        await once(channel.typing)
    except DiscordFailed as error:
        logger.debug("typing not shown", extra={"error": str(error)})
