"""Questions about videos: what is taken, who may go on from an answer, and what a film after a video begins with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.jobs.wake import Wake
from bot.speech import say, shared, speaking
from bot.studio.budget import Budgets
from bot.studio.errors import IdeaTooLong, NoSuchFilm, NothingToRender, NotYourAnalysis, OneVideo, VideoMissing
from bot.studio.model import MAX_IDEA, Asset, Attachment, Project, ProjectKind, ProjectState, Request
from bot.studio.projects import Projects
from bot.studio.text import clean, shorten

#: Seconds that a film is made as long as the video it follows, within.
SHORTEST, LONGEST = 4, 60
#: How far a picture may be from square, or from a shape's own proportions, to be of that shape.
NEAR = 1.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """An analysis to make a film after."""

    project: Project
    asset: Asset


class Inquiries:
    def __init__(self, projects: Projects, budgets: Budgets, changed: Wake) -> None:
        self._projects = projects
        self._budgets = budgets
        self._changed = changed

    async def ask(self, request: Request) -> Project:
        """Take a question about a video; the same request twice is one question.

        Raises:
            VideoMissing | IdeaTooLong: it cannot be taken.
            OverBudget: the bot has spent what it may for today.
        """
        if request.attachment is None:
            raise VideoMissing
        question = clean(request.idea)
        if len(question) > MAX_IDEA:
            raise IdeaTooLong(len(question), MAX_IDEA)
        await self._budgets.check_day()
        if not question:
            with speaking(shared()):
                question = say("What happens in this video?")
        asked = replace(request, kind=ProjectKind.ANALYSIS, idea=question)
        project, _ = await self._projects.create(asked, model="")
        self._changed()
        return project

    async def mine(self, project_id: str, user_id: int) -> Project:
        """An answered analysis of this person. Raises `NotYourAnalysis`, and as `answered`."""
        project = await self.answered(project_id)
        if project.owner_id != user_id:
            raise NotYourAnalysis(project.owner_id)
        return project

    async def answered(self, project_id: str) -> Project:
        """An analysis whose answer is there. Raises `NoSuchFilm | NothingToRender`."""
        project = await self._projects.get(project_id)
        if project.kind is not ProjectKind.ANALYSIS:
            raise NoSuchFilm
        if project.state is not ProjectState.PLANNED or project.asset_id is None:
            raise NothingToRender
        return project

    async def to_follow(self, project_id: str, user_id: int) -> Model:
        """An analysis with its video, to make a film after. Raises as `mine`."""
        project = await self.mine(project_id, user_id)
        assert project.asset_id is not None
        return Model(project=project, asset=await self._projects.asset(project.asset_id))


def check_video(project: Project, attachment: Attachment | None) -> None:
    """Raises `OneVideo` where somebody attaches another video to what is about one."""
    if attachment is not None and project.kind is ProjectKind.ANALYSIS and project.state is not ProjectState.FAILED:
        raise OneVideo


def film_after(model: Model, *, request_id: str, differences: str, ratios: Sequence[str]) -> Request:
    """What to ask for to get a film like the video of an analysis: as long, of its shape, where it was asked about."""
    source = model.project
    words = clean(differences)
    with speaking(shared()):
        idea = say("Like your video, but: {words}", words=words) if words else say("A film like your video")
    in_place = source.guild_id is not None and source.thread_id == source.channel_id
    return Request(
        request_id=request_id,
        owner_id=source.owner_id,
        guild_id=source.guild_id,
        channel_id=source.channel_id,
        thread_id=source.thread_id if in_place else None,
        idea=shorten(idea, MAX_IDEA),
        ratio=shape_of(model.asset, ratios),
        seconds=min(LONGEST, max(SHORTEST, round(model.asset.duration))),
        asset_id=model.asset.id,
        source_id=source.id,
    )


def shape_of(asset: Asset, ratios: Sequence[str]) -> str:
    """Of the shapes on offer the one that a video has, else the usual one."""
    wide, high = asset.width, asset.height
    wanted = "1:1" if max(wide, high) < NEAR * min(wide, high) else "9:16" if high > wide else "16:9"
    return wanted if wanted in ratios else ratios[0]
