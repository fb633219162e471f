"""Further questions: answered from what is known, and by looking again where that does not tell."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.db import Database
from bot.media.ffmpeg import Ffmpeg
from bot.storage.files import Files
from bot.studio.analyst import Analyst
from bot.studio.drafts import AnalysisDraft, ReplyDraft
from bot.studio.errors import VideoMissing
from bot.studio.examiner import Examiner
from bot.studio.minds import Minds
from bot.studio.model import Analysis, Project, ProjectKind, Talk
from bot.studio.projects import Projects
from bot.studio.sightings import Sightings
from tests.bot.studio.fakes import Said, ScriptedModel, mind
from tests.bot.studio.samples import CLIP, OWNER, asset, request

SEEN = Analysis(summary="a pond", look="green", sound="quiet", answer="at once")
LOOKED = AnalysisDraft(answer="a heron", summary="a pond", look="green", sound="quiet", moments=[], speech=[])


class Room:
    def __init__(self, database: Database, folder: Path) -> None:
        self.projects = Projects(database)
        self.sightings = Sightings(database)
        self.files = Files(folder / "data", min_free_bytes=0, min_free_share=0.0)

    async def asked(self, *, is_seen: bool = True) -> Project:
        project, _ = await self.projects.create(request(attachment=CLIP, kind=ProjectKind.ANALYSIS), model="")
        await self.projects.keep_asset(project.id, asset(), CLIP)
        if is_seen:
            await self.sightings.keep(project.id, SEEN, is_answer=True)
        return await self.projects.get(project.id)

    def keep_video(self) -> None:
        self.files.upload(asset().id, "mp4").write_bytes(b"video")

    async def answers(self, project: Project, words: str, *answers: Said) -> tuple[list[str], ScriptedModel]:
        model = ScriptedModel("gemini", *answers, sees_video=True)
        minds = Minds([mind(model)])
        analyst = Analyst(minds, self.projects, Ffmpeg(Path("/nowhere/ffmpeg")), self.files)
        examiner = Examiner(minds, self.projects, self.sightings, analyst, self.files)
        talk = [Talk(author_id=OWNER, words="and then?", reply="it sleeps")]
        return [text async for text in examiner.answer(project, talk, words)], model


@pytest.fixture
def room(database: Database, tmp_path: Path) -> Room:
    return Room(database, tmp_path)


async def test_a_question_is_answered_from_what_was_seen_and_said(room: Room) -> None:
    project = await room.asked()

    told, model = await room.answers(project, "what light?", ReplyDraft(reply="green", look_again=False))

    assert told[-1] == "green"
    (prompt,) = model.asked
    assert [turn.parts[0] for turn in prompt.turns] == ["and then?", "it sleeps", "what light?"]
    assert json.loads(prompt.turns[-1].parts[1])["video"]["answer"] == "at once"
    assert not model.files


async def test_what_is_not_known_is_looked_for_in_the_kept_video(room: Room) -> None:
    room.keep_video()

    told, model = await room.answers(
        await room.asked(), "who comes?", ReplyDraft(reply="not told", look_again=True), LOOKED
    )

    assert told == ["not told", "a heron"]
    assert model.files == ["upload video/mp4", "delete files/1"]


async def test_without_the_video_the_answer_stays_what_is_known(room: Room) -> None:
    told, model = await room.answers(await room.asked(), "who comes?", ReplyDraft(reply="not told", look_again=True))

    assert told[-1] == "not told"
    assert not model.files


async def test_an_answer_that_does_not_fit_is_asked_for_once_more(room: Room) -> None:
    whole = ReplyDraft(reply="green", look_again=False)

    told, _ = await room.answers(await room.asked(), "what light?", '{"reply": "gre', whole)

    assert told[-1] == "green"


async def test_about_a_video_that_nobody_saw_nothing_is_told(room: Room) -> None:
    with pytest.raises(VideoMissing):
        await room.answers(await room.asked(is_seen=False), "what light?", ReplyDraft(reply="green", look_again=False))
