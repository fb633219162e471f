"""Undo, and undoing that: history only grows, and every answer tells the price."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.db import Database
from bot.jobs.wake import Wake
from bot.studio.casting import Casting, Quote, cast, quote
from bot.studio.errors import CannotRender, NoSuchVersion, NothingToRender, NothingToUndo, PlanMoved
from bot.studio.model import Plan, Project
from bot.studio.projects import Projects
from bot.studio.versions import Versions
from tests.bot.studio.samples import CATALOGUE, plan, request, shot

ON_BOTH_DATABASES = True

SHORT, LONG = plan(shot(duration=5)), plan(shot(duration=8), version=2, changes="longer")


async def prices(project: Project, film: Plan) -> tuple[tuple[Casting, ...], Quote]:
    if film.title == "Gone":
        raise CannotRender
    castings = cast(film, CATALOGUE)
    return castings, quote(castings)


class Desk:
    def __init__(self, database: Database) -> None:
        self.projects = Projects(database)
        self.versions = Versions(self.projects, prices, Wake())

    async def film(self, *made: Plan) -> Project:
        project, _ = await self.projects.create(request("1"), model="gen4.5")
        for each in made:
            await self.projects.keep_plan(project.id, each)
        return project


@pytest.fixture
def desk(database: Database) -> Desk:
    return Desk(database)


async def test_undo_adds_a_version_equal_to_the_one_before_and_undoing_that_redoes(desk: Desk) -> None:
    project = await desk.film(SHORT, LONG)

    undone = await desk.versions.back(project, 2)
    redone = await desk.versions.back(project, 3)

    assert [undone.right.plan.version, redone.right.plan.version] == [3, 4]
    assert undone.right.plan.shots == SHORT.shots
    assert redone.right.plan.shots == LONG.shots
    assert undone.difference_microusd == -360_000
    assert redone.difference_microusd == 360_000
    assert await desk.projects.plan(project.id, 2) == LONG, "history is kept"


async def test_one_may_go_back_further_than_one_change(desk: Desk) -> None:
    project = await desk.film(SHORT, LONG, plan(version=3))

    await desk.versions.back(project, 3, 1)

    newest = await desk.projects.plan(project.id)
    assert newest is not None
    assert (newest.version, newest.shots) == (4, SHORT.shots)


async def test_a_stale_press_and_nothing_to_undo_are_refused(desk: Desk) -> None:
    project = await desk.film()
    with pytest.raises(NothingToRender):
        await desk.versions.back(project, 1)
    await desk.projects.keep_plan(project.id, SHORT)
    with pytest.raises(NothingToUndo):
        await desk.versions.back(project, 1)
    await desk.projects.keep_plan(project.id, LONG)
    with pytest.raises(PlanMoved):
        await desk.versions.back(project, 1)
    with pytest.raises(NoSuchVersion):
        await desk.versions.compare(project, 1, 9)
    newest = await desk.projects.plan(project.id)
    assert newest == LONG


async def test_a_difference_is_that_of_the_prices_people_read_and_none_where_there_is_no_price(desk: Desk) -> None:
    project = await desk.film(SHORT, LONG, replace(LONG, version=3, title="Gone"))

    assert await desk.versions.difference(project, LONG) == 360_000
    assert await desk.versions.difference(project, SHORT) is None
    assert (await desk.versions.compare(project, 1, 3)).difference_microusd is None
