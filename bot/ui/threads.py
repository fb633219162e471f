"""Opens the thread in which a film is talked over, once per film; where it may not, the film goes on in the channel."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from enum import Enum, auto
from typing import Literal, NoReturn

import discord

from bot.jobs.wake import Listener
from bot.speech import say, speaking
from bot.studio.model import Project, ProjectKind
from bot.studio.projects import Projects
from bot.studio.text import shorten
from bot.ui.sending import PATIENCE, Busy, DiscordFailed, Vanished, nonce, once, persistently
from bot.ui.wording import plain

logger = logging.getLogger(__name__)

#: Seconds between looks for films without a place, and what whoever asked for a film may need to open it.
LOOK_EVERY = 30.0
ASKER_NEEDS = 60.0
#: Discord's code for "this message has a thread already"; its id is the message's.
_HAS_THREAD = 160004
#: Discord's code for a server with 1,000 active threads.
_FULL = 160006
#: Minutes without a word after which Discord archives the thread.
_ARCHIVE_AFTER: Literal[10080] = 10080


class NoThread(Enum):
    """Why there is no thread."""

    FORBIDDEN = auto()
    FULL = auto()  # as many active threads in the server as Discord allows
    BUSY = auto()  # Discord lets us open no more for minutes


async def unarchive(client: discord.Client, thread_id: int) -> None:
    """Take a thread out of the archive, unless it is locked: then only moderators may. Raises `DiscordFailed`."""
    thread = await once(lambda: client.fetch_channel(thread_id))
    if isinstance(thread, discord.Thread) and thread.archived and not thread.locked:
        await once(lambda: thread.edit(archived=False))


class Threads:
    """Gives every film a place to be talked over."""

    def __init__(self, client: discord.Client, projects: Projects, *, clock: Callable[[], float] = time.time) -> None:
        self._client = client
        self._projects = projects
        self._clock = clock
        #: Films whose first message is posted and whose thread is not: project id to message id.
        self._starters: dict[str, int] = {}
        #: Films that Discord gives no place; asked again after the next start.
        self._refused: set[str] = set()
        #: Films that go on in their channel, until whoever asked for them was told why.
        self._threadless: dict[str, NoThread] = {}

    async def run(self, _: Listener) -> NoReturn:
        """Open what a crash or a busy Discord left unopened.

        A film usually gets its thread from whoever asked for it, who is given `ASKER_NEEDS` seconds. At the start
        nobody is asking any more.
        """
        before = self._clock()
        while True:
            for project in await self._projects.homeless(before=before):
                if project.id not in self._refused:
                    await self._adopt(project)
            await asyncio.sleep(LOOK_EVERY)
            before = self._clock() - ASKER_NEEDS

    async def _adopt(self, project: Project) -> None:
        try:
            await self.open(project)
        except Busy as error:
            logger.warning("no place for a film yet", extra={"project": project.id, "error": str(error)})
        except DiscordFailed as error:
            self._refused.add(project.id)
            logger.warning("no place for a film", extra={"project": project.id, "error": str(error)})

    async def open(self, project: Project) -> int:
        """The channel id where the film is talked over, opened now or before.

        In a DM that is the DM itself; in a server a new public thread under a message that says whose film it is. Where
        threads cannot be opened the film goes on in the channel.

        Raises:
            Busy: Discord is slow; `run` opens it later.
            DiscordFailed: we cannot even write in the channel.
        """
        if project.thread_id is not None:
            return project.thread_id
        thread_id = project.channel_id
        if project.guild_id is not None:
            with speaking(project.language):
                thread_id = await self._start(project)
        await self._projects.set_thread(project.id, thread_id)
        self._starters.pop(project.id, None)
        return thread_id

    async def _start(self, project: Project) -> int:
        channel = self._client.get_partial_messageable(project.channel_id, guild_id=project.guild_id)
        if project.id not in self._starters:
            text = _first_words(project)
            sent = await persistently(lambda: channel.send(text, silent=True, nonce=nonce(project.id, "start")))
            self._starters[project.id] = sent.id
        starter = channel.get_partial_message(self._starters[project.id])
        name = shorten(" ".join(project.idea.split()), 90) or say("A film")
        try:
            await persistently(lambda: starter.create_thread(name=name, auto_archive_duration=_ARCHIVE_AFTER))
        except Busy as error:
            if error.retry_after <= PATIENCE:
                raise
            # Discord asks to wait for minutes: nobody who wants a film should.
            return self._without_thread(project, NoThread.BUSY, error)
        except Vanished:
            self._starters.pop(project.id, None)  # somebody deleted it; there can be another
            raise
        except DiscordFailed as error:
            if error.code == _HAS_THREAD:
                return starter.id
            return self._without_thread(project, NoThread.FULL if error.code == _FULL else NoThread.FORBIDDEN, error)
        return starter.id

    def why_none(self, project_id: str) -> NoThread | None:
        """Why a film that was opened just now goes on in its channel; told once."""
        return self._threadless.pop(project_id, None)

    def _without_thread(self, project: Project, why: NoThread, error: DiscordFailed) -> int:
        logger.warning("no thread", extra={"channel": project.channel_id, "error": str(error)})
        self._threadless[project.id] = why
        return project.channel_id


def _first_words(project: Project) -> str:
    """The message that the thread hangs on."""
    owner, words = f"<@{project.owner_id}>", plain(shorten(project.idea, 200))
    if project.kind is ProjectKind.ANALYSIS:
        return say("🔎 {owner} asks about a video: *{words}*", owner=owner, words=words)
    return say("🎬 {owner} is planning a film: *{idea}*", owner=owner, idea=words)
