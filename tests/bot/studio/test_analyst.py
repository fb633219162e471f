"""Looking at a video: once per content and question, and on one key from upload to deletion."""

from __future__ import annotations

import asyncio
import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from bot.db import Database
from bot.media.ffmpeg import Ffmpeg, find_ffmpeg
from bot.storage.files import Files
from bot.studio.analyst import Analyst
from bot.studio.drafts import AnalysisDraft
from bot.studio.minds import Mind, Minds
from bot.studio.model import Analysis, Moment, Sight
from bot.studio.projects import Projects
from bot.studio.stills import Ears, Stills
from providers.credential import Credential
from providers.errors import (
    ContentRejected,
    InvalidRequest,
    KeyRejected,
    ProviderError,
    Unavailable,
    UnexpectedResponse,
)
from providers.hearing import Transcript
from providers.language import Picture, Prompt, RemoteFile, Turn, Usage
from providers.speech import TimedWord
from ratelimit import Allowance, LeaseTimeout, Limit, Limits
from tests.bot.studio.fakes import ScriptedModel, mind
from tests.bot.studio.samples import CLIP, asset, request

DRAFT = AnalysisDraft(answer="", summary="a pond", look="green", sound="quiet", moments=[], speech=[])
SEEN = Analysis(summary="a pond", look="green", sound="quiet")


@pytest.fixture
async def projects(database: Database) -> Projects:
    projects = Projects(database)
    project, _ = await projects.create(request(attachment=CLIP), model="gen4.5")
    await projects.keep_asset(project.id, asset(), CLIP)
    return projects


@pytest.fixture(scope="module")
def ffmpeg() -> Ffmpeg:
    return Ffmpeg(find_ffmpeg())


@pytest.fixture(scope="module")
def clip(ffmpeg: Ffmpeg, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two scenes of a second each, with a tone."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    scenes = ["-f", "lavfi", "-i", "testsrc2=s=160x90:r=12:d=1", "-f", "lavfi", "-i", "color=red:s=160x90:r=12:d=1"]
    sound = ["-f", "lavfi", "-i", "sine=d=2"]
    join = ["-filter_complex", "[0:v][1:v]concat=n=2:v=1[v]", "-map", "[v]", "-map", "2:a"]
    arguments = [str(ffmpeg.executable), "-v", "error", "-y", *scenes, *sound, *join, "-pix_fmt", "yuv420p", str(path)]
    subprocess.run(arguments, check=True)
    return path


class Room:
    """An analyst with the minds and ears it is given, before one clip."""

    def __init__(self, projects: Projects, ffmpeg: Ffmpeg, files: Files, clip: Path) -> None:
        self._projects = projects
        self._ffmpeg = ffmpeg
        self._files = files
        self._clip = clip

    async def look(self, *minds: Mind, words: str = "a koi", ears: Ears | None = None) -> Analysis:
        analyst = Analyst(Minds(minds), self._projects, self._ffmpeg, self._files, ears)
        return await analyst.analyse(asset(duration=2.0), self._clip, words, user="ana")

    async def show(self, *models: ScriptedModel, words: str = "a koi") -> Analysis:
        return await self.look(*(mind(model) for model in models), words=words)


@pytest.fixture
def room(projects: Projects, ffmpeg: Ffmpeg, clip: Path, tmp_path: Path) -> Room:
    return Room(projects, ffmpeg, Files(tmp_path / "data"), clip)


class ScriptedEars:
    name = "groq"

    def __init__(self, failure: ProviderError | None = None) -> None:
        self.heard = 0
        self._failure = failure

    async def transcribe(self, sound: Path, credential: Credential, *, model: str) -> Transcript:
        assert sound.stat().st_size > 0
        self.heard += 1
        if self._failure is not None:
            raise self._failure
        return Transcript(text="Hello koi.", words=(TimedWord(text="Hello", start=0.5, end=0.9),))


def sees_stills(model: ScriptedModel) -> Mind:
    return replace(mind(model), looks_with=f"{model.name}-vision")


def ears_of(ears: ScriptedEars) -> Ears:
    return Ears(transcriber=ears, pool=mind(ScriptedModel("groq", "")).pool, model="whisper")


async def test_a_video_is_uploaded_looked_at_and_deleted_once_per_question(room: Room) -> None:
    model = ScriptedModel("gemini", DRAFT, sees_video=True)

    first, again = await room.show(model), await room.show(model)
    await room.show(model, words="something else")

    assert (first, again) == (SEEN, SEEN)
    assert model.files == ["upload video/mp4", "delete files/1"] * 2


async def test_the_file_is_deleted_when_the_question_fails(room: Room) -> None:
    model = ScriptedModel("gemini", UnexpectedResponse("gemini"), sees_video=True)

    assert (await room.show(model)).sight is Sight.MEASURED

    assert model.files == ["upload video/mp4", "delete files/1"]


async def test_where_nobody_watches_stills_are_shown_with_what_is_said(room: Room) -> None:
    watcher = ScriptedModel("gemini", Unavailable("gemini"), sees_video=True)
    viewer, ears = ScriptedModel("groq", DRAFT), ScriptedEars()

    seen = await room.look(mind(watcher), sees_stills(viewer), ears=ears_of(ears))

    assert seen == replace(SEEN, sight=Sight.STILLS, speech=(Moment(at=0.5, what="Hello"),), cuts=(1.0,))
    (prompt,) = viewer.asked
    assert prompt.model == "groq-vision"
    assert [picture.caption for picture in prompt.pictures] == ["at 0.5 s", "at 1.5 s"]
    told = json.loads(prompt.turns[0].parts[1])
    assert told["said"]["text"] == "0.5 s: Hello"
    assert told["measured"]["cuts_at_seconds"] == [1.0]


async def test_without_ears_the_stills_are_looked_at_deaf(room: Room) -> None:
    viewer = ScriptedModel("groq", DRAFT)

    assert (await room.look(sees_stills(viewer), ears=ears_of(ScriptedEars(Unavailable("groq"))))).is_deaf
    assert "said" not in json.loads(viewer.asked[0].turns[0].parts[1])


async def test_fewer_stills_are_shown_where_all_are_too_much(room: Room) -> None:
    viewer = ScriptedModel("groq", InvalidRequest("groq"), DRAFT)
    stills = Stills(Minds([]), Ffmpeg(find_ffmpeg()), room._files, None)
    pictures = [Picture(path=Path(f"{number}.jpg"), caption=str(number)) for number in range(5)]
    question = Prompt(model="v", system="", turns=(Turn(role="user", parts=("?",)),), pictures=pictures)

    await stills._ask(sees_stills(viewer), question, "ana")

    assert [len(prompt.pictures) for prompt in viewer.asked] == [5, 2]


async def test_where_nobody_sees_anything_the_video_is_measured(room: Room) -> None:
    seen = await room.show(ScriptedModel("gemini", Unavailable("gemini"), sees_video=True))

    assert (seen.sight, seen.is_deaf) == (Sight.MEASURED, True)
    assert "2 scenes" in seen.summary
    assert [moment.at for moment in seen.moments] == [1.0]


async def test_a_better_look_is_taken_the_next_time(room: Room) -> None:
    await room.show(ScriptedModel("gemini", Unavailable("gemini"), sees_video=True))

    assert await room.show(ScriptedModel("gemini", DRAFT, sees_video=True)) == SEEN


async def test_tokens_are_counted_before_the_question_leaves_and_corrected_after_it(room: Room) -> None:
    model = ScriptedModel("gemini", DRAFT, sees_video=True, counts=900, usage=Usage(input_tokens=40, output_tokens=10))
    seeing = mind(model, keys=1, limits=Limits(account=Allowance(rates=(Limit(None, tokens=10_000, period=60.0),))))

    await room.look(seeing)

    (key,) = seeing.pool.view().keys
    assert [usage.tokens for usage in key.usage] == [50]


async def test_a_mind_that_cannot_is_followed_by_the_next_that_sees(room: Room) -> None:
    blind = ScriptedModel("gemini", KeyRejected("gemini"), sees_video=True)

    assert await room.show(blind, ScriptedModel("other", DRAFT, sees_video=True)) == SEEN


async def test_a_video_refused_by_policy_is_shown_to_nobody_else(room: Room) -> None:
    other = ScriptedModel("other", DRAFT, sees_video=True)

    with pytest.raises(ContentRejected):
        await room.show(ScriptedModel("gemini", ContentRejected("gemini"), sees_video=True), other)

    assert other.asked == []


async def test_the_question_has_not_left_while_the_video_is_uploaded(room: Room) -> None:
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
        group.create_task(room.look(seeing))
        await model.uploading.wait()
        await asyncio.sleep(0.01)

        with pytest.raises(LeaseTimeout):  # what is granted and not sent counts however long that takes
            async with seeing.pool.lease(user="ben", max_wait=0.0):
                pass
        model.gate.set()
