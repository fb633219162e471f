"""Hears what owners said in their films' threads while nobody listened: a new session replays nothing."""

from __future__ import annotations

import logging
from typing import NoReturn

import discord

from bot.jobs.wake import Listener
from bot.studio.errors import StudioError
from bot.studio.model import Project
from bot.studio.projects import Projects
from bot.ui.client import Greenlight
from bot.ui.sending import DiscordFailed, persistently

logger = logging.getLogger(__name__)

#: Messages of one thread that are looked at.
_MOST = 50


class Missed:
    """Asks each thread that is still talked over for what was said after the last words heard in it."""

    def __init__(self, client: Greenlight, projects: Projects) -> None:
        self._client = client
        self._projects = projects

    async def run(self, _: Listener) -> NoReturn:
        while True:
            await self._client.began_session.wait()
            self._client.began_session.clear()
            for project, heard in await self._projects.talked_over_lately():
                await self._catch_up(project, heard)

    async def _catch_up(self, project: Project, heard: int | None) -> None:
        assert project.thread_id is not None
        thread = self._client.get_partial_messageable(project.thread_id, guild_id=project.guild_id)
        after = discord.Object(heard or project.thread_id)

        async def said() -> list[discord.Message]:
            return [message async for message in thread.history(after=after, limit=_MOST, oldest_first=True)]

        try:
            for message in await persistently(said):
                await self._client.hear_late(message, project)
        except (DiscordFailed, StudioError) as error:
            logger.warning("thread not caught up with", extra={"project": project.id, "error": str(error)})
