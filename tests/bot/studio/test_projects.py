"""Films in the making, as rows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from bot.db import Database, Transaction
from bot.jobs.wake import Wake
from bot.studio.errors import NoSuchFilm, PlanMoved
from bot.studio.model import Analysis, Attachment, Moment, Project, ProjectState, ShotStart
from bot.studio.participants import Participants
from bot.studio.projects import Projects
from bot.studio.rights import Role
from tests.bot.studio.samples import CLIP, OWNER, asset, plan, request, shot

ON_BOTH_DATABASES = True

ANALYSIS = Analysis(summary="ein Teich 東京", look="green", sound="", moments=(Moment(at=0.5, what="a splash"),))


class CountedDatabase(Database):
    def __init__(self, database: Database) -> None:
        super().__init__(database._engine)
        self.transactions = 0

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        self.transactions += 1
        async with super().transaction() as transaction:
            yield transaction


@pytest.fixture
def projects(database: Database) -> Projects:
    ticks = iter(range(1, 10_000))
    return Projects(database, clock=lambda: float(next(ticks)))


async def film(projects: Projects, **changes: object) -> Project:
    created, _ = await projects.create(request(**changes), model="gen4.5")  # type: ignore[arg-type]
    return created


async def test_a_request_asked_twice_is_one_film(projects: Projects) -> None:
    first, is_new = await projects.create(request(attachment=CLIP), model="gen4.5")
    again, is_new_again = await projects.create(request(idea="other words"), model="gen4_turbo")

    assert (again, is_new, is_new_again) == (first, True, False)
    assert (first.attachment, first.state, first.thread_id) == (CLIP, ProjectState.NEW, None)


async def test_an_unknown_film_is_no_film(projects: Projects) -> None:
    with pytest.raises(NoSuchFilm):
        await projects.get("0" * 32)


async def test_a_plan_is_read_back_as_it_was_kept(projects: Projects) -> None:
    project = await film(projects)
    kept = plan(
        shot(start=ShotStart.UPLOAD, start_at=0.0, narration="“Es war …”"), shot("Two", start=ShotStart.PREVIOUS)
    )
    await projects.keep_plan(project.id, kept)

    assert await projects.plan(project.id) == kept
    assert (await projects.get(project.id)).state is ProjectState.PLANNED


async def test_every_version_is_kept_and_the_newest_is_the_plan(projects: Projects) -> None:
    project = await film(projects)
    first, second = plan(), plan(version=2, title="Dragon", changes="title: Dragon")
    await projects.keep_plan(project.id, first)
    await projects.keep_plan(project.id, second)

    assert await projects.plan(project.id) == second
    assert await projects.plan(project.id, 1) == first
    assert await projects.plan(project.id, 3) is None


@pytest.mark.parametrize("version", [1, 3])
async def test_a_version_that_does_not_follow_the_newest_is_refused(projects: Projects, version: int) -> None:
    project = await film(projects)
    await projects.keep_plan(project.id, plan())

    with pytest.raises(PlanMoved) as moved:
        await projects.keep_plan(project.id, plan(version=version))

    assert moved.value.version == 1


async def test_a_message_is_heard_once(projects: Projects) -> None:
    project = await film(projects)
    await projects.keep_plan(project.id, plan())

    first = await projects.hear(project.id, message_id=9, author_id=OWNER, words="night")
    again = await projects.hear(project.id, message_id=9, author_id=OWNER, words="night")

    assert first is not None
    assert again is None
    assert [heard.turn_id for heard in await projects.unanswered()] == [first]


async def test_words_without_a_message_are_each_heard(projects: Projects) -> None:
    project = await film(projects)

    for _ in range(2):
        await projects.hear(project.id, message_id=None, author_id=OWNER, words="night")

    assert len(await projects.unanswered()) == 2


async def test_an_answer_and_its_version_are_kept_together_or_not_at_all(projects: Projects) -> None:
    project = await film(projects)
    await projects.keep_plan(project.id, plan())
    turn = await projects.hear(project.id, message_id=9, author_id=OWNER, words="night")
    assert turn is not None

    with pytest.raises(PlanMoved):
        await projects.answer(turn, "ok", project.id, plan(version=1))
    assert [heard.words for heard in await projects.unanswered()] == ["night"]

    await projects.answer(turn, "ok", project.id, plan(version=2))
    assert await projects.unanswered() == []
    newest = await projects.plan(project.id)
    assert newest is not None
    assert newest.version == 2


async def test_the_talk_is_the_latest_exchanges_without_those_that_failed(projects: Projects) -> None:
    project, other = await film(projects), await film(projects, request_id="200")
    for number in range(5):
        turn = await projects.hear(project.id, message_id=number, author_id=OWNER, words=f"w{number}")
        assert turn is not None
        if number != 4:
            await projects.answer(turn, "" if number == 2 else f"r{number}", project.id, None)
    foreign = await projects.hear(other.id, message_id=50, author_id=OWNER, words="other")
    assert foreign is not None
    await projects.answer(foreign, "other", other.id, None)

    assert [(said.words, said.reply) for said in await projects.talk(project.id, last=2)] == [
        ("w1", "r1"),
        ("w3", "r3"),
    ]
    assert [heard.words for heard in await projects.unanswered()] == ["w4"]


async def test_a_thread_holds_its_newest_film(projects: Projects) -> None:
    assert await projects.in_thread(7) is None
    for request_id in ("1", "2"):
        project = await film(projects, request_id=request_id)
        await projects.set_thread(project.id, 7)

    found = await projects.in_thread(7)

    assert found is not None
    assert found.id == project.id


async def test_each_owner_finds_their_newest_film_where_several_are_talked_over(projects: Projects) -> None:
    for request_id, owner_id in (("1", OWNER), ("2", 2002)):
        project = await film(projects, request_id=request_id, owner_id=owner_id)
        await projects.set_thread(project.id, 7)

    found = await projects.in_thread(7, owner_id=OWNER)

    assert found is not None
    assert found.owner_id == OWNER
    assert await projects.in_thread(7, owner_id=3003) is None


async def test_where_films_share_a_place_a_director_means_one_that_they_may_change(
    projects: Projects, database: Database
) -> None:
    directed = await film(projects, request_id="1", owner_id=OWNER)
    other = await film(projects, request_id="2", owner_id=2002)
    for each in (directed, other):
        await projects.set_thread(each.id, 7)
    await Participants(database, Wake()).invite(directed.id, owner_id=OWNER, user_id=3003, role=Role.DIRECTOR)

    found = await projects.in_thread(7, director_id=3003)

    assert found is not None
    assert found.id == directed.id
    assert await projects.in_thread(7, director_id=4004) is None


async def test_what_is_said_where_no_film_is_talked_over_costs_no_transaction(database: Database) -> None:
    if database.is_shared:
        pytest.skip("another process may have opened a thread there: every look asks the rows")
    project = await film(Projects(database))
    await Projects(database).set_thread(project.id, 7)
    counted = CountedDatabase(database)
    projects = Projects(counted)

    assert await projects.in_thread(7) is not None  # loads what is known, then looks
    for _ in range(10):
        assert await projects.in_thread(8) is None

    assert counted.transactions == 2


async def test_a_thread_that_came_while_the_threads_were_loaded_is_known(projects: Projects) -> None:
    project = await film(projects)

    _, found = await asyncio.gather(projects.set_thread(project.id, 7), projects.in_thread(9))

    assert found is None
    assert await projects.in_thread(7) is not None


async def test_films_without_a_thread_are_homeless_after_a_while_until_they_fail(projects: Projects) -> None:
    project = await film(projects)
    assert await projects.homeless(before=1.0) == []
    assert [each.id for each in await projects.homeless(before=60.0)] == [project.id]

    await projects.fail(project.id, "Bug")

    assert await projects.homeless(before=60.0) == []


async def test_an_answer_waits_to_be_shown_until_it_stands_and_a_failure_does_not(projects: Projects) -> None:
    project = await film(projects)
    await projects.keep_plan(project.id, plan())
    turns = [
        await projects.hear(project.id, message_id=number, author_id=OWNER, words=f"w{number}") for number in range(3)
    ]
    for turn, reply in zip(turns, ("a", "", "c"), strict=True):
        assert turn is not None
        await projects.answer(turn, reply, project.id, plan(version=2) if reply == "a" else None)

    waiting = await projects.unshown()
    await projects.shown(waiting[0].heard.turn_id)

    assert [(each.heard.words, each.reply, each.version) for each in waiting] == [("w0", "a", 2), ("w2", "c", None)]
    assert [each.reply for each in await projects.unshown()] == ["c"]


# What is left to plan


async def test_a_new_film_waits_for_its_plan_until_it_has_one_or_has_failed(projects: Projects) -> None:
    planned, failed, waiting = [await film(projects, request_id=str(number)) for number in range(3)]
    await projects.keep_plan(planned.id, plan())
    await projects.fail(failed.id, "Unavailable")

    assert [each.id for each in await projects.unfinished()] == [waiting.id]
    assert (await projects.get(failed.id)).failure == "Unavailable"


async def test_a_failed_film_is_planned_again_from_other_words(projects: Projects) -> None:
    project = await film(projects, attachment=CLIP)
    await projects.fail(project.id, "MediaRefused:empty")

    await projects.try_again(project.id, None)
    same = await projects.get(project.id)
    await projects.fail(project.id, "MediaRefused:empty")
    await projects.try_again(project.id, "a dragon")
    other = await projects.get(project.id)

    assert (same.state, same.failure, same.idea, same.attachment) == (ProjectState.NEW, None, "a koi", CLIP)
    # Words take the place of a video that could not be used: it would only fail again.
    assert (other.idea, other.attachment) == ("a dragon", None)


async def test_a_failed_film_is_planned_again_from_another_video(projects: Projects) -> None:
    project = await film(projects, attachment=CLIP)
    await projects.fail(project.id, "MediaRefused:empty")
    better = replace(CLIP, name="better.mp4")

    await projects.try_again(project.id, None, better)

    assert (await projects.get(project.id)).attachment == better


async def test_a_video_is_kept_once_per_content_and_the_attachment_is_dealt_with(projects: Projects) -> None:
    one, two = await film(projects, attachment=CLIP), await film(projects, request_id="2", attachment=CLIP)

    for project in (one, two):
        await projects.keep_asset(project.id, asset(), CLIP)

    found = await projects.get(two.id)
    assert (found.asset_id, found.attachment) == (asset().id, None)
    assert await projects.asset(asset().id) == asset()


async def test_a_newer_video_that_came_meanwhile_is_not_forgotten(projects: Projects) -> None:
    project = await film(projects, attachment=CLIP)
    newer = Attachment(url="https://cdn.discordapp.com/x", name="newer.mp4", bytes=5)
    await projects.attach(project.id, newer)

    await projects.keep_asset(project.id, asset(), CLIP)
    await projects.keep_plan(project.id, plan())

    assert (await projects.get(project.id)).attachment == newer
    assert [each.id for each in await projects.unfinished()] == [project.id]


async def test_a_late_video_that_fails_leaves_the_plan_and_the_talk_alive(projects: Projects) -> None:
    project = await film(projects)
    await projects.keep_plan(project.id, plan())
    await projects.attach(project.id, CLIP)
    assert [each.id for each in await projects.unfinished()] == [project.id]

    await projects.fail(project.id, "MediaRefused:too_long:600")

    found = await projects.get(project.id)
    assert (found.state, found.attachment, found.failure) == (ProjectState.PLANNED, None, "MediaRefused:too_long:600")
    assert await projects.unfinished() == []


async def test_a_late_video_that_was_looked_at_ends_an_older_failure(projects: Projects) -> None:
    project = await film(projects)
    await projects.keep_plan(project.id, plan())
    await projects.fail(project.id, "MediaRefused:empty")

    await projects.attach(project.id, CLIP)
    await projects.keep_asset(project.id, asset(), CLIP)
    await projects.reopen(project.id)

    assert (await projects.get(project.id)).failure is None


async def test_an_analysis_is_kept_by_content_and_question(projects: Projects) -> None:
    project = await film(projects, attachment=CLIP)
    await projects.keep_asset(project.id, asset(), CLIP)
    await projects.keep_analysis(asset().id, "q1", ANALYSIS)
    await projects.keep_analysis(asset().id, "q1", replace(ANALYSIS, summary="again"))

    assert await projects.analysis(asset().id, "q1") == ANALYSIS
    assert await projects.analysis(asset().id) == ANALYSIS
    assert await projects.analysis(asset().id, "q2") is None


async def test_a_thread_that_another_process_opened_is_known_where_several_share_the_rows(database: Database) -> None:
    if not database.is_shared:
        pytest.skip("one process alone writes to a file")
    project, here, there = await film(Projects(database)), Projects(database), Projects(database)
    assert await here.in_thread(7) is None

    await there.set_thread(project.id, 7)

    assert await here.in_thread(7) is not None


async def test_of_versions_that_come_at_the_same_time_one_is_kept_and_the_others_have_moved(database: Database) -> None:
    project = await film(Projects(database))

    kept = await asyncio.gather(
        *(Projects(database).keep_plan(project.id, plan()) for _ in range(4)), return_exceptions=True
    )

    assert sorted(type(each).__name__ for each in kept) == ["NoneType", *["PlanMoved"] * 3]
