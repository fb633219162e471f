"""Questions about videos as people ask them, and what a film after a video begins with."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.db import Database
from bot.jobs.wake import Wake
from bot.studio.budget import Budgets
from bot.studio.errors import (
    IdeaTooLong,
    NoSuchFilm,
    NothingToRender,
    NotYourAnalysis,
    OneVideo,
    VideoMissing,
)
from bot.studio.inquiries import Inquiries, Model, check_video, film_after, shape_of
from bot.studio.model import MAX_IDEA, Analysis, Project, ProjectKind, ProjectState
from bot.studio.projects import Projects
from bot.studio.sightings import Sightings
from tests.bot.studio.samples import CLIP, OWNER, asset, project, request

SEEN = Analysis(summary="a pond", look="green", sound="quiet")
RATIOS = ("16:9", "9:16", "1:1")


class Office:
    def __init__(self, database: Database) -> None:
        self.projects = Projects(database)
        self.sightings = Sightings(database)
        self.inquiries = Inquiries(self.projects, Budgets(database), Wake())

    async def answered(self) -> Project:
        asked = await self.inquiries.ask(request(attachment=CLIP))
        await self.projects.keep_asset(asked.id, asset(), CLIP)
        await self.sightings.keep(asked.id, SEEN, is_answer=True)
        return await self.projects.get(asked.id)


@pytest.fixture
def office(database: Database) -> Office:
    return Office(database)


async def test_the_same_asking_is_one_question_about_its_video(office: Office) -> None:
    first = await office.inquiries.ask(request(idea=" when does it\u202e turn? ", attachment=CLIP))
    again = await office.inquiries.ask(request(idea="when does it turn?", attachment=CLIP))

    assert (first.id, first.idea, first.kind) == (again.id, "when does it turn?", ProjectKind.ANALYSIS)


async def test_without_a_question_it_is_asked_what_happens(office: Office) -> None:
    assert (await office.inquiries.ask(request(idea="", attachment=CLIP))).idea == "What happens in this video?"


async def test_no_question_is_taken_without_a_video_or_longer_than_an_idea(office: Office) -> None:
    with pytest.raises(VideoMissing):
        await office.inquiries.ask(request())
    with pytest.raises(IdeaTooLong):
        await office.inquiries.ask(request(idea="x" * (MAX_IDEA + 1), attachment=CLIP))


async def test_only_who_asked_goes_on_from_an_answer_and_only_once_it_is_there(office: Office) -> None:
    waiting = await office.inquiries.ask(request("1", attachment=CLIP))
    film, _ = await office.projects.create(request("2"), model="gen4.5")
    answered = await office.answered()

    with pytest.raises(NothingToRender):
        await office.inquiries.mine(waiting.id, OWNER)
    with pytest.raises(NoSuchFilm):
        await office.inquiries.mine(film.id, OWNER)
    with pytest.raises(NotYourAnalysis):
        await office.inquiries.to_follow(answered.id, OWNER + 1)
    assert await office.inquiries.to_follow(answered.id, OWNER) == Model(project=answered, asset=asset())


async def test_a_film_after_a_video_starts_with_what_was_seen_of_it(office: Office) -> None:
    model = await office.inquiries.to_follow((await office.answered()).id, OWNER)

    wanted = film_after(model, request_id="press", differences="at night", ratios=RATIOS)
    film, _ = await office.projects.create(wanted, model="gen4.5")

    assert (film.kind, film.asset_id, film.source_id) == (ProjectKind.FILM, asset().id, model.project.id)
    assert film.idea == "Like your video, but: at night"
    assert await office.sightings.of(film.id) == SEEN


@pytest.mark.parametrize(("lasts", "asked"), [(0.8, 4), (9.6, 10), (600.0, 60)])
def test_a_film_after_a_video_is_about_as_long(lasts: float, asked: int) -> None:
    model = Model(project=project(), asset=asset(duration=lasts))

    assert film_after(model, request_id="1", differences="", ratios=RATIOS).seconds == asked


def test_a_film_goes_on_in_the_channel_where_the_answer_stands_in_one_only() -> None:
    in_thread = Model(project=project(channel_id=6, thread_id=7), asset=asset())
    in_place = Model(project=project(channel_id=6, thread_id=6), asset=asset())
    in_dms = Model(project=project(guild_id=None, channel_id=6, thread_id=6), asset=asset())

    wanted = [film_after(each, request_id="1", differences="", ratios=RATIOS) for each in (in_thread, in_place, in_dms)]

    assert [(each.channel_id, each.thread_id) for each in wanted] == [(6, None), (6, 6), (6, None)]


@pytest.mark.parametrize(
    ("size", "offered", "shape"),
    [
        ((1920, 1080), RATIOS, "16:9"),
        ((1080, 1920), RATIOS, "9:16"),
        ((1080, 1200), RATIOS, "1:1"),
        ((1080, 1080), ("16:9",), "16:9"),
    ],
)
def test_a_film_after_a_video_has_its_shape_where_that_is_offered(
    size: tuple[int, int], offered: tuple[str, ...], shape: str
) -> None:
    assert shape_of(asset(width=size[0], height=size[1]), offered) == shape


def test_another_video_is_taken_only_where_the_first_was_of_no_use() -> None:
    analysis = project(kind=ProjectKind.ANALYSIS)

    with pytest.raises(OneVideo):
        check_video(analysis, CLIP)
    check_video(analysis, None)
    check_video(replace(analysis, state=ProjectState.FAILED), CLIP)
    check_video(project(), CLIP)
