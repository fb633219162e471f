"""Opens the thread in which a film is talked over, once per film, and continues without one where it cannot."""

from __future__ import annotations

import asyncio
import logging
from typing import Literal, NoReturn

import discord

from bot.jobs.wake import Listener
from bot.studio.model import Project
from bot.studio.projects import Projects
from bot.studio.text import shorten
from bot.ui.sending import DiscordFailed, NotAllowed, nonce, persistently
from bot.ui.wording import plain

logger = logging.getLogger(__name__)

#: Discord's code for "this message has a thread already"; its id is the message's.
_HAS_THREAD = 160004
#: Minutes without a word after which Discord archives the thread.
_ARCHIVE_AFTER: Literal[10080] = 10080


class Threads:
    """Gives every film a place to be talked over."""

    def __init__(self, client: discord.Client, projects: Projects) -> None:
        self._client = client
        self._projects = projects

    async def run(self, _: Listener) -> NoReturn:
        """Open what a crash left unopened. New films get their thread from whoever asked for them."""
        for project in await self._projects.homeless():
            try:
                await self.open(project)
            except DiscordFailed as error:
                logger.warning("no place for a film", extra={"project": project.id, "error": str(error)})
        await asyncio.Event().wait()
        raise AssertionError("unreachable")

    async def open(self, project: Project) -> int:
        """The channel id where the film is talked over, opened now or before.

        In a DM that is the DM itself; in a server a new public thread under a message that says whose film it is. Where
        threads cannot be opened the film goes on in the channel.

        Raises:
            DiscordFailed: we cannot even write in the channel.
        """
        if project.thread_id is not None:
            return project.thread_id
        thread_id = project.channel_id if project.guild_id is None else await self._start(project)
        await self._projects.set_thread(project.id, thread_id)
        return thread_id

    async def _start(self, project: Project) -> int:
        channel = self._client.get_partial_messageable(project.channel_id, guild_id=project.guild_id)
        text = f"🎬 <@{project.owner_id}> is planning a film: *{plain(shorten(project.idea, 200))}*"
        starter = await persistently(lambda: channel.send(text, silent=True, nonce=nonce(project.id, "start")))
        name = shorten(" ".join(project.idea.split()), 90) or "A film"
        try:
            await persistently(lambda: starter.create_thread(name=name, auto_archive_duration=_ARCHIVE_AFTER))
        except DiscordFailed as error:
            if error.code == _HAS_THREAD:
                return starter.id
            if isinstance(error, NotAllowed):
                logger.warning("no thread allowed", extra={"channel": project.channel_id, "code": error.code})
            else:
                logger.warning("no thread", extra={"channel": project.channel_id, "error": str(error)})
            return project.channel_id
        return starter.id
