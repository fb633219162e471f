"""From what was asked to a first plan, or to a failure that can be told."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.db import Database
from bot.jobs.wake import Wake
from bot.media.download import DISCORD_CDN, AttachmentDownloader
from bot.media.errors import MediaRefused, Reason
from bot.media.ffmpeg import Ffmpeg
from bot.media.probe import MediaLimits
from bot.storage.errors import DiskFull
from bot.storage.files import Files
from bot.studio.analyst import Analyst
from bot.studio.director import Director
from bot.studio.drafts import AnalysisDraft
from bot.studio.errors import IdeaTooLong
from bot.studio.minds import Minds
from bot.studio.model import Project, ProjectKind, ProjectState
from bot.studio.planner import Planner, failure_of
from bot.studio.projects import Projects
from bot.studio.sightings import Sightings
from providers.errors import ContentRejected
from tests.bot.studio.fakes import ScriptedModel, mind
from tests.bot.studio.samples import CATALOGUE, CLIP, asset, plan, plan_draft, request
from tests.bot.waiting import until

FOREIGN = replace(CLIP, url="https://files.example.org/clip.mp4")


class Studio:
    """A planner at work, with a model that says what it is told to."""

    def __init__(self, database: Database, files: Files, downloader: AttachmentDownloader) -> None:
        self.projects = Projects(database)
        self.sightings = Sightings(database)
        self.changed = Wake()
        self._files = files
        self._downloader = downloader

    def planner(self, *models: ScriptedModel) -> Planner:
        minds = Minds([mind(model) for model in models])
        return Planner(
            projects=self.projects,
            sightings=self.sightings,
            analyst=Analyst(minds, self.projects, Ffmpeg(Path("/nowhere/ffmpeg")), self._files),
            director=Director(minds, CATALOGUE),
            catalogue=CATALOGUE,
            downloader=self._downloader,
            ffmpeg=Ffmpeg(Path("/nowhere/ffmpeg")),
            limits=MediaLimits(),
            files=self._files,
            changed=self.changed,
        )

    async def settled(self, *models: ScriptedModel) -> None:
        """Let a planner work until it has nothing left to do."""
        async with asyncio.TaskGroup() as group:
            task = group.create_task(self.planner(*models).run(self.changed.listener()))
            await until(self._nothing_left)
            task.cancel()

    async def _nothing_left(self) -> bool:
        return not await self.projects.unfinished()

    async def ask(self, **changes: object) -> Project:
        project, _ = await self.projects.create(request(**changes), model="gen4.5")  # type: ignore[arg-type]
        return project


@pytest.fixture
async def studio(database: Database, tmp_path: Path) -> AsyncIterator[Studio]:
    async with AttachmentDownloader(DISCORD_CDN) as downloader:
        yield Studio(database, Files(tmp_path / "data", min_free_bytes=0, min_free_share=0.0), downloader)


async def test_every_film_that_was_asked_for_gets_its_plan(studio: Studio) -> None:
    asked = [await studio.ask(request_id=str(number)) for number in range(10)]

    await studio.settled(ScriptedModel("gemini", plan_draft()))

    for project in asked:
        assert (await studio.projects.get(project.id)).state is ProjectState.PLANNED


async def test_an_idea_refused_by_policy_fails_its_own_film_only(studio: Studio) -> None:
    first, second = await studio.ask(request_id="1"), await studio.ask(request_id="2")

    await studio.settled(ScriptedModel("gemini", ContentRejected("gemini"), plan_draft()))

    found = [await studio.projects.get(project.id) for project in (first, second)]
    assert sorted((each.state, each.failure) for each in found) == [
        (ProjectState.FAILED, "ContentRejected"),
        (ProjectState.PLANNED, None),
    ]


async def test_a_fault_of_ours_fails_one_film_and_says_so(studio: Studio) -> None:
    project = await studio.ask()

    await studio.settled(ScriptedModel("gemini", ZeroDivisionError()))

    assert (await studio.projects.get(project.id)).failure == "Bug"


async def test_without_a_language_model_a_film_says_so(studio: Studio) -> None:
    project = await studio.ask()

    await studio.settled()

    assert (await studio.projects.get(project.id)).failure == "CannotPlan"


async def test_a_plan_that_nobody_can_make_is_no_plan(studio: Studio) -> None:
    project = await studio.ask(ratio="1:1")

    await studio.settled(ScriptedModel("gemini", plan_draft()))

    assert (await studio.projects.get(project.id)).failure == "CannotRender"
    assert await studio.projects.plan(project.id) is None


async def test_a_video_from_elsewhere_is_refused_before_anything_is_asked(studio: Studio) -> None:
    project = await studio.ask(attachment=FOREIGN)
    model = ScriptedModel("gemini", plan_draft())

    await studio.settled(model)

    assert (await studio.projects.get(project.id)).failure == "AddressRefused"
    assert model.asked == []


async def test_a_late_video_that_is_refused_leaves_the_plan_as_it_is(studio: Studio) -> None:
    project = await studio.ask()
    await studio.projects.keep_plan(project.id, plan())
    await studio.projects.attach(project.id, FOREIGN)

    await studio.settled(ScriptedModel("gemini", plan_draft()))

    found = await studio.projects.get(project.id)
    assert (found.state, found.failure) == (ProjectState.PLANNED, "AddressRefused")
    assert await studio.projects.plan(project.id) == plan()


@pytest.mark.parametrize(
    ("error", "kept"),
    [
        (ContentRejected("gemini", "because: of words"), "ContentRejected"),
        (MediaRefused(Reason.EMPTY), "MediaRefused:empty"),
        (MediaRefused(Reason.TOO_LONG, limit=600.0, measured=601.0), "MediaRefused:too_long:600"),
        (IdeaTooLong(5000, 1500), "IdeaTooLong::1500"),
        (DiskFull(free=1, asked=2, reserve=3), "DiskFull"),
    ],
)
def test_a_row_keeps_the_class_of_a_failure_with_its_reason_and_limit(error: Exception, kept: str) -> None:
    assert failure_of(error) == kept


SEEN = AnalysisDraft(answer="at once", summary="a pond", look="green", sound="quiet", moments=[], speech=[])


async def asked_about(studio: Studio, **changes: object) -> Project:
    """A question about a video that is here."""
    asked = await studio.ask(attachment=CLIP, kind=ProjectKind.ANALYSIS, **changes)
    await studio.projects.keep_asset(asked.id, asset(), CLIP)
    return await studio.projects.get(asked.id)


async def test_a_question_about_a_video_ends_with_what_was_seen_and_no_plan(studio: Studio) -> None:
    asked = await asked_about(studio)

    await studio.settled(ScriptedModel("gemini", SEEN, sees_video=True))

    found = await studio.sightings.of(asked.id)
    assert found is not None
    assert found.answer == "at once"
    assert (await studio.projects.get(asked.id)).state is ProjectState.PLANNED
    assert await studio.projects.plan(asked.id) is None


async def test_a_question_without_a_video_fails_by_itself(studio: Studio) -> None:
    asked = await studio.ask(kind=ProjectKind.ANALYSIS)

    await studio.settled(ScriptedModel("gemini", SEEN, sees_video=True))

    assert (await studio.projects.get(asked.id)).failure == "VideoMissing"


async def test_a_film_after_a_video_is_planned_from_what_was_seen_and_nobody_looks_again(studio: Studio) -> None:
    asked = await asked_about(studio, request_id="1")
    await studio.settled(ScriptedModel("gemini", SEEN, sees_video=True))
    film = await studio.ask(request_id="2", idea="at night", asset_id=asset().id, source_id=asked.id)
    model = ScriptedModel("gemini", plan_draft(), sees_video=True)

    await studio.settled(model)

    assert not model.files
    told = json.loads(model.asked[0].turns[0].parts[1])
    assert (told["video"]["answer"], told["follow_the_video"]) == ("at once", True)
    assert await studio.projects.plan(film.id) is not None
