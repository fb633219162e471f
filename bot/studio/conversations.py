"""Answers what people say in a film's thread: one at a time per film, in the order it was said."""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing
from typing import Protocol

from bot.jobs.wake import Listener, Wake
from bot.studio.director import Director, Revised
from bot.studio.errors import PlanMoved, StudioError
from bot.studio.model import Heard, Plan, Project, ProjectState
from bot.studio.projects import Projects
from providers.errors import ProviderError
from ratelimit import RateLimitError

logger = logging.getLogger(__name__)

LOOK_EVERY = 5.0


class ReplyView(Protocol):
    """Where an answer is seen while it is being written. None of its methods raises."""

    async def show(self, text: str) -> None:
        """The answer so far; only the newest matters."""

    async def finish(self, text: str, plan: Plan | None) -> None:
        """The whole answer, and the version it made, if any."""

    async def fail(self, error: Exception) -> None:
        """There is no answer, and nothing was changed."""


class OpensReplies(Protocol):
    async def open(self, heard: Heard, project: Project) -> ReplyView: ...


class Conversations:
    """Works off the turns that have no answer; which those are is in the rows, so a restart goes on."""

    def __init__(self, projects: Projects, director: Director, replies: OpensReplies, changed: Wake) -> None:
        self._projects = projects
        self._director = director
        self._replies = replies
        self._changed = changed
        self._busy: set[str] = set()

    async def run(self, listener: Listener) -> None:
        async with asyncio.TaskGroup() as group:
            while True:
                for heard in await self._projects.unanswered():  # oldest first
                    if heard.project_id not in self._busy:
                        self._busy.add(heard.project_id)
                        group.create_task(self._take_turn(heard))
                await listener.wait(LOOK_EVERY)

    def is_busy(self, project_id: str) -> bool:
        """Whether an answer for this film is being written right now."""
        return project_id in self._busy

    async def _take_turn(self, heard: Heard) -> None:
        try:
            project = await self._projects.get(heard.project_id)
            if project.state is not ProjectState.PLANNED or project.attachment is not None:
                return  # its plan or its new video is at work: the turn waits, and the planner's nudge brings us back
            await self._answer(heard, project)
        finally:
            self._busy.discard(heard.project_id)
        self._changed()  # the next turn of this film may go

    async def _answer(self, heard: Heard, project: Project) -> None:
        view = await self._replies.open(heard, project)
        try:
            revised = await self._revise(heard, project, view)
        except (StudioError, ProviderError, RateLimitError) as error:
            logger.warning("no answer", extra={"project": project.id, "error": type(error).__name__})
            await self._close(heard, project, view, error)
        except Exception as error:
            logger.exception("answering failed by a fault of ours", extra={"project": project.id})
            await self._close(heard, project, view, error)
        else:
            await view.finish(revised.reply, revised.plan)

    async def _close(self, heard: Heard, project: Project, view: ReplyView, error: Exception) -> None:
        await self._projects.answer(heard.turn_id, "", project.id, None)
        await view.fail(error)

    async def _revise(self, heard: Heard, project: Project, view: ReplyView) -> Revised:
        for last_try in (False, True):
            plan = await self._projects.plan(project.id)
            assert plan is not None, project
            analysis = await self._projects.analysis(project.asset_id) if project.asset_id else None
            revised = Revised(reply="", plan=None)
            talk = await self._projects.talk(project.id)
            async with aclosing(self._director.revise(project, plan, talk, heard.words, analysis)) as answer:
                async for piece in answer:
                    if isinstance(piece, Revised):
                        revised = piece
                    else:
                        await view.show(piece)
            try:
                await self._projects.answer(heard.turn_id, revised.reply, project.id, revised.plan)
            except PlanMoved:
                if last_try:
                    raise
                continue
            return revised
        raise AssertionError("unreachable")
