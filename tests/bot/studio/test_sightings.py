"""What was seen for one project stays its own."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import update

from bot.db import Database
from bot.db.tables import projects as rows
from bot.studio.errors import NoSuchFilm
from bot.studio.model import Analysis, Moment, ProjectKind, ProjectState, Sight
from bot.studio.projects import Projects
from bot.studio.sightings import Sightings
from tests.bot.studio.samples import CLIP, request

ON_BOTH_DATABASES = True

SEEN = Analysis(
    summary="a pond",
    look="green",
    sound="quiet",
    moments=(Moment(at=1.0, what="a koi"),),
    answer="at once",
    speech=(Moment(at=0.5, what="Hello"),),
    cuts=(1.0, 2.5),
    sight=Sight.STILLS,
)


async def test_everything_that_was_seen_comes_back(database: Database) -> None:
    projects, sightings = Projects(database), Sightings(database)
    project, _ = await projects.create(request(attachment=CLIP, kind=ProjectKind.ANALYSIS), model="")

    await sightings.keep(project.id, SEEN, is_answer=True)

    assert await sightings.of(project.id) == SEEN
    assert (await projects.get(project.id)).state is ProjectState.PLANNED


async def test_what_was_seen_for_a_film_takes_the_place_of_what_was_seen_before_and_ends_nothing(
    database: Database,
) -> None:
    projects, sightings = Projects(database), Sightings(database)
    project, _ = await projects.create(request(), model="gen4.5")

    await sightings.keep(project.id, SEEN)
    await sightings.keep(project.id, replace(SEEN, look="dark", cuts=None))

    assert await sightings.of(project.id) == replace(SEEN, look="dark", cuts=None)
    assert (await projects.get(project.id)).state is ProjectState.NEW


async def test_nothing_is_kept_for_what_was_deleted_meanwhile(database: Database) -> None:
    projects, sightings = Projects(database), Sightings(database)
    project, _ = await projects.create(request(), model="gen4.5")
    async with database.transaction() as transaction:
        await transaction.execute(update(rows).values(deleted_at=1.0))

    with pytest.raises(NoSuchFilm):
        await sightings.keep(project.id, SEEN, is_answer=True)
    assert await sightings.of(project.id) is None
