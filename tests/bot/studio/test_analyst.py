"""Looking at a video: once per content and question, and on one key from upload to deletion."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.db import Database
from bot.studio.analyst import Analyst
from bot.studio.drafts import AnalysisDraft
from bot.studio.minds import Minds
from bot.studio.model import Analysis
from bot.studio.projects import Projects
from providers.credential import Credential
from providers.errors import ContentRejected, KeyRejected, UnexpectedResponse
from providers.language import RemoteFile
from ratelimit import Allowance, LeaseTimeout, Limit, Limits
from tests.bot.studio.fakes import ScriptedModel, mind
from tests.bot.studio.samples import CLIP, asset, request

DRAFT = AnalysisDraft(summary="a pond", look="green", sound="quiet", moments=[])
SEEN = Analysis(summary="a pond", look="green", sound="quiet")


@pytest.fixture
async def projects(database: Database) -> Projects:
    projects = Projects(database)
    project, _ = await projects.create(request(attachment=CLIP), model="gen4.5")
    await projects.keep_asset(project.id, asset(), CLIP)
    return projects


async def looked(projects: Projects, *models: ScriptedModel, words: str = "a koi") -> Analysis | None:
    analyst = Analyst(Minds([mind(model) for model in models]), projects)
    return await analyst.analyse(asset(), Path("clip.mp4"), words, user="ana")


async def test_a_video_is_uploaded_looked_at_and_deleted_once_per_question(projects: Projects) -> None:
    model = ScriptedModel("gemini", DRAFT, sees_video=True)

    first, again = await looked(projects, model), await looked(projects, model)
    await looked(projects, model, words="something else")

    assert (first, again) == (SEEN, SEEN)
    assert model.files == ["upload video/mp4", "delete files/1"] * 2


async def test_the_file_is_deleted_when_the_question_fails(projects: Projects) -> None:
    model = ScriptedModel("gemini", UnexpectedResponse("gemini"), sees_video=True)

    with pytest.raises(UnexpectedResponse):
        await looked(projects, model)

    assert model.files == ["upload video/mp4", "delete files/1"]


async def test_nobody_who_sees_is_no_failure(projects: Projects) -> None:
    assert await looked(projects, ScriptedModel("groq", DRAFT)) is None


async def test_a_mind_that_cannot_is_followed_by_the_next_that_sees(projects: Projects) -> None:
    blind = ScriptedModel("gemini", KeyRejected("gemini"), sees_video=True)

    assert await looked(projects, blind, ScriptedModel("other", DRAFT, sees_video=True)) == SEEN


async def test_a_video_refused_by_policy_is_shown_to_nobody_else(projects: Projects) -> None:
    other = ScriptedModel("other", DRAFT, sees_video=True)

    with pytest.raises(ContentRejected):
        await looked(projects, ScriptedModel("gemini", ContentRejected("gemini"), sees_video=True), other)

    assert other.asked == []


async def test_the_question_has_not_left_while_the_video_is_uploaded(projects: Projects) -> None:
    class Slow(ScriptedModel):
        uploading, gate = asyncio.Event(), asyncio.Event()

        async def upload(self, path: Path, mime_type: str, credential: Credential) -> RemoteFile:
            self.uploading.set()
            await self.gate.wait()
            return await super().upload(path, mime_type, credential)

    model = Slow("gemini", DRAFT, sees_video=True)
    limits = Limits(account=Allowance(rates=(Limit(1, period=0.005),)))
    seeing = mind(model, keys=1, limits=limits)
    async with asyncio.TaskGroup() as group:
        group.create_task(Analyst(Minds([seeing]), projects).analyse(asset(), Path("c.mp4"), "a koi", user="ana"))
        await model.uploading.wait()
        await asyncio.sleep(0.01)

        with pytest.raises(LeaseTimeout):  # what is granted and not sent counts however long that takes
            async with seeing.pool.lease(user="ben", max_wait=0.0):
                pass
        model.gate.set()
