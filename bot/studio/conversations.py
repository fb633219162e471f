"""Answers what people say in a film's thread: one at a time per film, in the order it was said."""

from __future__ import annotations

import asyncio
import logging
from contextlib import AbstractAsyncContextManager, aclosing
from typing import Protocol

from bot.db import AWAY
from bot.jobs.wake import Listener, Wake
from bot.speech import speak
from bot.studio.director import Circumstances, Director, Revised
from bot.studio.errors import NoSuchFilm, PlanMoved, StudioError
from bot.studio.examiner import Examiner
from bot.studio.model import Analysis, Answered, Heard, Plan, Project, ProjectKind, ProjectState
from bot.studio.projects import Projects
from bot.studio.versions import Versions
from providers.errors import ProviderError
from ratelimit import RateLimitError

logger = logging.getLogger(__name__)

LOOK_EVERY = 5.0
#: How often an answer is written at most, where others change the plan meanwhile with buttons.
TRIES = 4
#: Seconds after which an answer that could not be shown is tried again. The first look after a start always tries.
SHOW_AGAIN_EVERY = 300.0


class ReplyView(Protocol):
    """Where an answer is seen while it is being written. Its methods only take note: nobody waits for the screen."""

    @property
    def stands(self) -> bool:
        """After the end: whether the whole answer is seen, or can never be."""

    def show(self, text: str) -> None:
        """The answer so far; only the newest matters."""

    def finish(self, text: str, plan: Plan | None, difference_microusd: int | None = None) -> None:
        """The whole answer, the version it made, if any, and how much more that costs than the one before."""

    def fail(self, error: Exception) -> None:
        """There is no answer, and nothing was changed."""


class OpensReplies(Protocol):
    def open(self, heard: Heard, project: Project) -> AbstractAsyncContextManager[ReplyView]:
        """A view of the answer to what was heard. Its end waits until the last text is seen, or was given up."""


class Conversations:
    """Works off the turns that have no answer; which those are is in the rows, so a restart goes on."""

    def __init__(
        self,
        projects: Projects,
        director: Director,
        replies: OpensReplies,
        changed: Wake,
        versions: Versions | None = None,
        *,
        examiner: Examiner | None = None,
    ) -> None:
        self._projects = projects
        self._versions = versions
        self._director = director
        self._examiner = examiner
        self._replies = replies
        self._changed = changed
        self._busy: set[str] = set()

    async def run(self, listener: Listener) -> None:
        """Answer until cancelled, and show again what a crash or a busy Discord kept from being seen."""
        clock = asyncio.get_running_loop().time
        show_again_at = clock()
        unshown: list[Answered] = []
        async with asyncio.TaskGroup() as group:
            while True:
                # As of before the look: what ends while we read must not be taken up again from what we read.
                busy = set(self._busy)
                if clock() >= show_again_at:
                    unshown = [each for each in await self._projects.unshown() if each.heard.project_id not in busy]
                    show_again_at = clock() + SHOW_AGAIN_EVERY
                for answered in list(unshown):
                    if self._take(answered.heard.project_id, busy):
                        unshown.remove(answered)
                        group.create_task(self._show_again(answered))
                for heard in await self._projects.unanswered():  # oldest first
                    if self._take(heard.project_id, busy):
                        group.create_task(self._take_turn(heard))
                await listener.wait(LOOK_EVERY)

    def _take(self, project_id: str, busy: set[str]) -> bool:
        """Whether a film is free; it is taken then."""
        if project_id in busy:
            return False
        busy.add(project_id)
        self._busy.add(project_id)
        return True

    async def _take_turn(self, heard: Heard) -> None:
        try:
            project = await self._projects.get(heard.project_id)
            speak(project.language)
            if project.state is not ProjectState.PLANNED or project.attachment is not None:
                return  # its plan or its new video is at work: the turn waits, and the planner's nudge brings us back
            await self._answer(heard, project)
        except NoSuchFilm:
            return  # deleted meanwhile
        except AWAY as error:  # the turn has no answer, so the next look takes it again
            logger.warning("answered later", extra={"project": heard.project_id, "error": type(error).__name__})
            return
        finally:
            self._busy.discard(heard.project_id)
        self._changed()  # the next turn of this film may go

    async def _show_again(self, answered: Answered) -> None:
        heard = answered.heard
        try:
            project = await self._projects.get(heard.project_id)
            speak(project.language)
            made = await self._projects.plan(project.id, answered.version) if answered.version is not None else None
            difference = await self._difference(project, made)
            async with self._replies.open(heard, project) as view:
                view.finish(answered.reply, made, difference)
            if view.stands:
                await self._projects.shown(heard.turn_id)
        except NoSuchFilm:
            return  # deleted meanwhile
        except AWAY as error:
            logger.warning("shown later", extra={"project": heard.project_id, "error": type(error).__name__})
        finally:
            self._busy.discard(heard.project_id)
        self._changed()

    async def _answer(self, heard: Heard, project: Project) -> None:
        away: Exception | None = None
        async with self._replies.open(heard, project) as view:
            try:
                tell = self._tell if project.kind is ProjectKind.ANALYSIS else self._revise
                revised = await tell(heard, project, view)
                difference = await self._difference(project, revised.plan)
            except AWAY as error:  # raised below: what leaves this block closes the view, wrapped in a group
                away = error
            except (StudioError, ProviderError, RateLimitError) as error:
                logger.warning("no answer", extra={"project": project.id, "error": type(error).__name__})
                await self._close(heard, project, view, error)
            except Exception as error:
                logger.exception("answering failed by a fault of ours", extra={"project": project.id})
                await self._close(heard, project, view, error)
            else:
                view.finish(revised.reply, revised.plan, difference)
        if away is not None:
            raise away
        if view.stands:
            await self._projects.shown(heard.turn_id)

    async def _close(self, heard: Heard, project: Project, view: ReplyView, error: Exception) -> None:
        await self._projects.answer(heard.turn_id, "", project.id, None)
        view.fail(error)

    async def _seen(self, project: Project) -> Analysis | None:
        if self._examiner is not None:
            return await self._examiner.seen(project)
        return await self._projects.analysis(project.asset_id) if project.asset_id else None

    async def _tell(self, heard: Heard, project: Project, view: ReplyView) -> Revised:
        """Answer a question about a video. It changes nothing but the talk."""
        assert self._examiner is not None
        reply = ""
        async with aclosing(
            self._examiner.answer(project, await self._projects.talk(project.id), heard.words)
        ) as answer:
            async for reply in answer:
                view.show(reply)
        await self._projects.answer(heard.turn_id, reply, project.id, None)
        return Revised(reply=reply, plan=None)

    async def _revise(self, heard: Heard, project: Project, view: ReplyView) -> Revised:
        for tries_left in reversed(range(TRIES)):
            plan = await self._projects.plan(project.id)
            if plan is None:
                raise NoSuchFilm
            analysis = await self._seen(project)
            revised = Revised(reply="", plan=None)
            talk = await self._projects.talk(project.id)
            before = await self._projects.plan(project.id, plan.version - 1) if plan.version > 1 else None
            around = Circumstances(before=before, speaker_id=heard.author_id)
            writing = self._director.revise(project, plan, talk, heard.words, analysis, around)
            async with aclosing(writing) as answer:
                async for piece in answer:
                    if isinstance(piece, Revised):
                        revised = piece
                    else:
                        view.show(piece)
            try:
                await self._projects.answer(heard.turn_id, revised.reply, project.id, revised.plan)
            except PlanMoved:
                if not tries_left:
                    raise
                continue
            return revised
        raise AssertionError("unreachable")

    async def _difference(self, project: Project, made: Plan | None) -> int | None:
        """How much more the version that an answer made costs; `None` where it made none, or nobody knows."""
        return await self._versions.difference(project, made) if self._versions is not None and made else None
