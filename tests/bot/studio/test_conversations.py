"""Answering in threads: one at a time per film, in order, and never silently."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from bot.db import Database
from bot.jobs.wake import Wake
from bot.media.ffmpeg import Ffmpeg
from bot.storage.files import Files
from bot.studio.analyst import Analyst
from bot.studio.conversations import Conversations
from bot.studio.director import Director
from bot.studio.drafts import EditDraft, EditKind, ReplyDraft, RevisionDraft
from bot.studio.examiner import Examiner
from bot.studio.minds import Minds
from bot.studio.model import Analysis, Heard, Plan, Project, ProjectKind
from bot.studio.projects import Projects
from bot.studio.sightings import Sightings
from providers.errors import Unavailable, UnexpectedResponse
from tests.bot.studio.fakes import Said, ScriptedModel, mind
from tests.bot.studio.samples import CATALOGUE, CLIP, OWNER, asset, edit, plan, request
from tests.bot.waiting import until

ON_BOTH_DATABASES = True


class Board:
    """Shows answers by writing down what it was told, as (words asked, what happened). A `broken` one shows nothing."""

    def __init__(self, *, broken: bool = False) -> None:
        self.events: list[tuple[str, str]] = []
        self.open_now: list[str] = []
        self.most_at_once = 0
        self._broken = broken

    @asynccontextmanager
    async def open(self, heard: Heard, project: Project) -> AsyncIterator[View]:
        self.open_now.append(project.id)
        self.most_at_once = max(self.most_at_once, self.open_now.count(project.id))
        view = View()
        yield view
        await asyncio.sleep(0)
        view.stands = not self._broken
        self.open_now.remove(project.id)
        self.events.append((heard.words, view.text))


class View:
    def __init__(self) -> None:
        self.text = ""
        self.stands = False

    def show(self, text: str) -> None:
        self.text = f"{text} …"

    def finish(self, text: str, plan: Plan | None, difference_microusd: int | None = None) -> None:
        self.text = f"{text} v{plan.version}" if plan is not None else text

    def fail(self, error: Exception) -> None:
        self.text = type(error).__name__


def says(reply: str, *edits: EditDraft) -> str:
    return RevisionDraft(reply=reply, edits=list(edits)).model_dump_json()


class CountingProjects(Projects):
    looks = 0

    async def unanswered(self) -> list[Heard]:
        self.looks += 1
        return await super().unanswered()


class Room:
    def __init__(self, database: Database) -> None:
        self.database = database
        self.projects = CountingProjects(database)
        self.board = Board()
        self.changed = Wake()

    async def film(self, request_id: str = "1", *, planned: bool = True) -> Project:
        project, _ = await self.projects.create(request(request_id), model="gen4.5")
        if planned:
            await self.projects.keep_plan(project.id, plan())
        return project

    async def say(self, project: Project, *words: str) -> None:
        for each in words:
            await self.projects.hear(project.id, message_id=None, author_id=OWNER, words=each)
        self.changed()

    @asynccontextmanager
    async def answering(self, *answers: Said) -> AsyncIterator[ScriptedModel]:
        model = ScriptedModel("gemini", *answers)
        director = Director(Minds([mind(model)]), CATALOGUE)
        conversations = Conversations(self.projects, director, self.board, self.changed)
        async with asyncio.TaskGroup() as group:
            task = group.create_task(conversations.run(self.changed.listener()))
            yield model
            task.cancel()

    async def silence(self) -> None:
        await until(self._all_answered)

    async def _all_answered(self) -> bool:
        return not await Projects.unanswered(self.projects) and not self.board.open_now

    async def all_shown(self) -> None:
        async def shown() -> bool:
            return not await Projects.unshown(self.projects)

        await until(shown)

    async def answered(self, project: Project, words: str, reply: str, made: Plan | None = None) -> None:
        """As if we were killed after the answer was kept and before it was shown."""
        turn = await self.projects.hear(project.id, message_id=None, author_id=OWNER, words=words)
        assert turn is not None
        await self.projects.answer(turn, reply, project.id, made)


@pytest.fixture
def room(database: Database) -> Room:
    return Room(database)


async def test_what_is_said_about_one_film_is_answered_one_at_a_time_in_order(room: Room) -> None:
    project = await room.film()
    await room.say(project, "one", "two", "three")

    async with room.answering(says("a"), says("b"), says("c")):
        await room.silence()

    assert room.board.events == [("one", "a"), ("two", "b"), ("three", "c")]
    assert room.board.most_at_once == 1


async def test_films_do_not_wait_for_each_other(room: Room) -> None:
    slow, quick = await room.film("1"), await room.film("2", planned=False)
    await room.projects.keep_plan(quick.id, plan())
    await room.say(slow, "one")
    await room.say(quick, "two")

    async with room.answering(says("ok")):
        await room.silence()

    assert sorted(room.board.events) == [("one", "ok"), ("two", "ok")]


async def test_each_answer_knows_the_version_that_the_one_before_made(room: Room) -> None:
    project = await room.film()
    await room.say(project, "shorter", "retitle")

    async with room.answering(
        says("Shorter.", edit(EditKind.SET_DURATION, shot=1, duration=2)),
        says("Retitled.", edit(EditKind.SET_TITLE, text="Dragon")),
    ):
        await room.silence()

    newest = await room.projects.plan(project.id)
    assert newest is not None
    assert (newest.version, newest.title, newest.shots[0].duration) == (3, "Dragon", 2)
    assert room.board.events == [("shorter", "Shorter. v2"), ("retitle", "Retitled. v3")]


async def test_undo_in_words_takes_back_what_the_last_answer_made(room: Room) -> None:
    project = await room.film()
    await room.say(project, "shorter", "undo")

    async with room.answering(
        says("Shorter.", edit(EditKind.SET_DURATION, shot=1, duration=2)), says("Back.", edit(EditKind.UNDO))
    ):
        await room.silence()

    newest = await room.projects.plan(project.id)
    assert newest is not None
    assert (newest.version, newest.shots) == (3, plan().shots)


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        (Unavailable("gemini"), "Unavailable"),
        (UnexpectedResponse("gemini"), "UnexpectedResponse"),
        (ZeroDivisionError(), "ZeroDivisionError"),
    ],
)
async def test_an_answer_that_fails_is_told_closes_its_turn_and_ends_nothing_else(
    room: Room, failure: Exception, told: str
) -> None:
    project = await room.film()
    await room.say(project, "one", "two")

    # What does not fit is asked for again, in one piece and once more; a service that is down, once more.
    tries = 3 if isinstance(failure, UnexpectedResponse) else 2 if isinstance(failure, Unavailable) else 1
    async with room.answering(*[failure] * tries, says("b")) as model:
        await room.silence()

    assert room.board.events == [("one", told), ("two", "b")]
    assert {len(prompt.turns) for prompt in model.asked} == {1}  # what failed is no part of the talk
    assert await room.projects.plan(project.id) == plan()


async def test_words_about_a_film_without_a_plan_wait_without_being_asked_again_and_again(room: Room) -> None:
    project = await room.film(planned=False)
    await room.say(project, "night, please")

    async with room.answering(says("ok")):
        for _ in range(40):
            await asyncio.sleep(0.001)
        looks_without_a_plan = room.projects.looks
        assert room.board.events == []
        await room.projects.keep_plan(project.id, plan())
        room.changed()
        await room.silence()

    assert looks_without_a_plan <= 3
    assert room.board.events == [("night, please", "ok")]


async def test_words_that_came_with_a_video_wait_until_it_was_looked_at(room: Room) -> None:
    project = await room.film()
    await room.projects.attach(project.id, CLIP)
    await room.say(project, "use this")

    async with room.answering(says("ok")):
        for _ in range(20):
            await asyncio.sleep(0.001)
        assert room.board.events == []
        await room.projects.fail(project.id, "MediaRefused:empty")
        room.changed()
        await room.silence()

    assert room.board.events == [("use this", "ok")]


async def test_a_version_that_came_meanwhile_makes_the_answer_be_written_anew(room: Room) -> None:
    project = await room.film()

    class OvertakenOnce(CountingProjects):
        overtaken = False

        async def answer(self, turn_id: int, reply: str, project_id: str, plan_made: Plan | None) -> None:
            if not self.overtaken:
                self.overtaken = True
                await self.keep_plan(project_id, plan(version=2, logline="New."))
            await super().answer(turn_id, reply, project_id, plan_made)

    room.projects = OvertakenOnce(room.projects._database)
    await room.say(project, "retitle")

    async with room.answering(says("ok", edit(EditKind.SET_TITLE, text="Dragon"))):
        await room.silence()

    newest = await room.projects.plan(project.id)
    assert newest is not None
    assert (newest.version, newest.title, newest.logline) == (3, "Dragon", "New.")
    assert room.board.events == [("retitle", "ok v3")]


async def test_a_turn_that_was_interrupted_is_taken_again_after_a_restart(room: Room) -> None:
    project = await room.film()
    await room.say(project, "one")

    class Stuck(Board):
        @asynccontextmanager
        async def open(self, heard: Heard, project: Project) -> AsyncIterator[View]:
            self.events.append((heard.words, "begun"))
            await asyncio.Event().wait()
            yield View()

    room.board = Stuck()

    async def begun() -> bool:
        return bool(room.board.events)

    async with room.answering(says("ok")):
        await until(begun)
    room.board = Board()
    async with room.answering(says("ok")):
        await room.silence()

    assert room.board.events == [("one", "ok")]


async def test_a_turn_that_lost_the_database_is_taken_again_and_not_told_as_a_failure(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.studio.conversations.LOOK_EVERY", 0.05)

    class AwayOnce(CountingProjects):
        tries = 0

        async def answer(self, turn_id: int, reply: str, project_id: str, plan_made: Plan | None) -> None:
            self.tries += 1
            if self.tries == 1:
                raise OperationalError("COMMIT", {}, Exception("server closed the connection"))
            await super().answer(turn_id, reply, project_id, plan_made)

    room.projects = AwayOnce(room.database)
    project = await room.film()
    await room.say(project, "one")

    async with room.answering(says("ok"), says("ok")):
        await room.silence()

    assert room.board.events == [("one", "ok …"), ("one", "ok")]


# What was answered, and not seen


async def test_an_answer_that_stands_is_not_shown_again(room: Room) -> None:
    project = await room.film()
    await room.say(project, "one")

    for _ in range(2):
        async with room.answering(says("a")):
            await room.silence()
            await room.all_shown()

    assert room.board.events == [("one", "a")]


async def test_answers_that_were_kept_and_not_shown_are_shown_after_a_start_in_order(room: Room) -> None:
    project = await room.film()
    await room.answered(project, "one", "a", plan(version=2))
    await room.answered(project, "two", "b")
    await room.say(project, "three")

    async with room.answering(says("c")) as model:
        await room.silence()
        await room.all_shown()

    assert room.board.events == [("one", "a v2"), ("two", "b"), ("three", "c")]
    assert len(model.asked) == 1


async def test_an_answer_that_discord_did_not_take_is_shown_after_the_next_start(room: Room) -> None:
    project = await room.film()
    await room.say(project, "one")
    room.board = Board(broken=True)
    async with room.answering(says("a")):
        await room.silence()

    room.board = Board()
    async with room.answering(says("never asked")) as model:
        await room.all_shown()

    assert (room.board.events, model.asked) == ([("one", "a")], [])


async def test_a_failure_is_told_once_even_if_nobody_saw_it(room: Room) -> None:
    project = await room.film()
    await room.say(project, "one")
    room.board = Board(broken=True)
    async with room.answering(Unavailable("gemini")):
        await room.silence()

    assert await room.projects.unshown() == []


async def test_a_turn_that_ends_while_the_rows_are_read_is_not_taken_again(room: Room) -> None:
    project = await room.film()
    go_on = asyncio.Event()

    class Waiting(Board):
        @asynccontextmanager
        async def open(self, heard: Heard, project: Project) -> AsyncIterator[View]:
            self.events.append((heard.words, "begun"))
            await go_on.wait()
            async with super().open(heard, project) as view:
                yield view

    class SlowReading(CountingProjects):
        """Reads what is unanswered while it is being answered, and tells of it when that has ended."""

        async def unanswered(self) -> list[Heard]:
            found = await super().unanswered()
            if board.events == [("one", "begun")]:
                go_on.set()
                await until(answered)
                await room.all_shown()
            return found

    async def begun() -> bool:
        return bool(board.events)

    async def answered() -> bool:
        return ("one", "a") in board.events

    board = room.board = Waiting()
    room.projects = SlowReading(room.projects._database)
    await room.say(project, "one")
    async with room.answering(says("a")):
        await until(begun)
        room.changed()
        await until(answered)
        looks = room.projects.looks

        async def looked_again() -> bool:
            room.changed()
            return room.projects.looks > looks + 1

        await until(looked_again)

    assert board.events == [("one", "begun"), ("one", "a")]


async def test_a_question_about_a_video_is_answered_in_its_turn_and_makes_no_plan(
    database: Database, room: Room, tmp_path: Path
) -> None:
    asked, _ = await room.projects.create(request(kind=ProjectKind.ANALYSIS, attachment=CLIP), model="")
    await room.projects.keep_asset(asked.id, asset(), CLIP)
    sightings = Sightings(database)
    await sightings.keep(asked.id, Analysis(summary="a pond", look="green", sound="quiet"), is_answer=True)
    minds = Minds([mind(ScriptedModel("gemini", ReplyDraft(reply="green", look_again=False)))])
    files = Files(tmp_path / "data", min_free_bytes=0, min_free_share=0.0)
    analyst = Analyst(minds, room.projects, Ffmpeg(Path("/nowhere/ffmpeg")), files)
    examiner = Examiner(minds, room.projects, sightings, analyst, files)
    talking = Conversations(room.projects, Director(minds, CATALOGUE), room.board, room.changed, examiner=examiner)

    await room.say(asked, "what light?")
    async with asyncio.TaskGroup() as group:
        task = group.create_task(talking.run(room.changed.listener()))
        await room.silence()
        task.cancel()

    assert room.board.events == [("what light?", "green")]
    assert [talk.reply for talk in await room.projects.talk(asked.id)] == ["green"]
