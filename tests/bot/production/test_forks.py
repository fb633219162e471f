"""A film that begins with the plan of another: its own row and money, and what was made is not paid again."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bot.db import Database
from bot.jobs.wake import Wake
from bot.production.deletions import Deletions
from bot.production.forks import Forks
from bot.production.reports import Reports, ReportState
from bot.storage.files import Files
from bot.studio.casting import cast
from bot.studio.errors import FilmHidden, NoSuchFilm, NoSuchVersion
from bot.studio.model import Project, ProjectState, ShotStart
from bot.studio.pseudonyms import Pseudonyms
from bot.studio.soundtrack import SoundOffer
from bot.studio.storyboard import still_name, stills_of
from tests.bot.production.test_productions import FRIEND
from tests.bot.studio.samples import CATALOGUE, OWNER, plan, request, shot
from tests.bot.ui.test_desk import RUNWAY, Counter

FILM = plan(shot("One"), shot("Two"))


class Workshop(Counter):
    def __init__(self, database: Database, folder: Path) -> None:
        super().__init__(database)
        self.files = Files(folder)
        self.desk = self.with_offer(RUNWAY, files=self.files)
        self.forks = Forks(database, self.files, CATALOGUE, SoundOffer(), Wake(), clock=lambda: self.now)

    async def made(self) -> Project:
        """A film whose first shot lies there."""
        project = await self.film(planned=False)
        await self.projects.keep_plan(project.id, FILM)
        self.files.artefact(project.id, cast(FILM, CATALOGUE)[0].clip).write_bytes(b"clip one")
        return project

    async def fork(self, source: Project, version: int = 1, *, press: str = "fork-1") -> Project:
        return await self.forks.fork(source, version, request_id=press, user_id=FRIEND, guild_id=5, channel_id=66)


@pytest.fixture
def workshop(database: Database, tmp_path: Path) -> Workshop:
    return Workshop(database, tmp_path)


async def test_a_fork_is_a_film_of_its_own_that_pays_for_nothing_that_lies_there(workshop: Workshop) -> None:
    source = await workshop.projects.get((await workshop.made()).id)

    fork = await workshop.fork(source)

    assert (fork.owner_id, fork.channel_id, fork.thread_id, fork.state) == (FRIEND, 66, None, ProjectState.PLANNED)
    assert fork.forked_from == f"{source.id}:1"
    newest = await workshop.projects.plan(fork.id)
    assert newest == FILM
    _, quoted = await workshop.desk.pricing.price(fork, FILM)
    assert (quoted.kept, quoted.price_microusd) == ((1,), 600_000)
    assert await workshop.projects.get(source.id) == source, "the original is untouched"


async def test_deleting_either_leaves_the_others_clips(workshop: Workshop) -> None:
    source = await workshop.made()
    fork = await workshop.fork(source)

    await workshop.files.remove_film(source.id)

    _, quoted = await workshop.desk.pricing.price(fork, FILM)
    assert quoted.kept == (1,)


async def test_stills_of_the_plan_come_along_drawn_or_chosen(workshop: Workshop) -> None:
    source = await workshop.film(planned=False)
    film = plan(shot("One"), shot("Two", start=ShotStart.STILL, still="f" * 64))
    await workshop.projects.keep_plan(source.id, film)
    drawn = still_name(stills_of(film, CATALOGUE.image[0])[0].content)
    for name in (drawn, still_name("f" * 64)):
        workshop.files.artefact(source.id, name).write_bytes(b"a picture")

    fork = await workshop.fork(source)

    assert await workshop.files.kept(fork.id, {drawn, still_name("f" * 64)}) == {drawn, still_name("f" * 64)}


async def test_the_same_press_is_one_fork(workshop: Workshop) -> None:
    source = await workshop.made()

    assert await workshop.fork(source) == await workshop.fork(source)
    assert (await workshop.fork(source, press="fork-2")).id != (await workshop.fork(source)).id


async def test_an_earlier_version_may_be_forked(workshop: Workshop) -> None:
    source = await workshop.made()
    await workshop.projects.keep_plan(source.id, plan(version=2))

    newest = await workshop.projects.plan((await workshop.fork(source)).id)

    assert newest == FILM


async def test_what_is_not_there_cannot_be_forked(workshop: Workshop) -> None:
    source = await workshop.made()
    with pytest.raises(NoSuchVersion):
        await workshop.fork(source, 7)
    await Deletions(workshop.database, Wake(), Pseudonyms()).ask_film(OWNER, source.id)
    with pytest.raises(NoSuchFilm):
        await workshop.fork(source)
    folders = [each.name for each in (workshop.files.root / "films").iterdir()]
    assert folders == [source.id], "nothing stays lent to a film that was never made"


async def test_a_fork_is_paid_by_whoever_forked_it(workshop: Workshop) -> None:
    fork = await workshop.fork(await workshop.made())

    production = await workshop.desk.greenlight(request_id="p", project_id=fork.id, version=1, user_id=FRIEND)

    assert (production.owner_id, production.greenlit_by) == (FRIEND, None)


async def test_what_its_owner_asked_for_and_would_pay_stays_theirs(workshop: Workshop) -> None:
    asked = replace(request("own words"), is_adult=True, max_price_microusd=5_000_000)
    source, _ = await workshop.projects.create(asked, model="gen4.5")
    await workshop.projects.keep_plan(source.id, FILM)

    theirs = await workshop.fork(source)
    own = await workshop.forks.fork(
        source, 1, request_id="own", user_id=OWNER, guild_id=5, channel_id=66, takes_adult=True
    )

    assert source.idea not in theirs.idea
    assert (theirs.idea, theirs.max_price_microusd, theirs.is_adult) == (f"{FILM.title}\n{FILM.logline}", None, False)
    assert (own.idea, own.max_price_microusd, own.is_adult) == (source.idea, 5_000_000, True)


async def test_a_film_that_was_hidden_is_not_forked(workshop: Workshop) -> None:
    source, reports = await workshop.made(), Reports(workshop.database, Wake())
    await reports.report(source.id, reporter_id=FRIEND, guild_id=5, reason="no")
    [report] = await reports.pending()
    await reports.decide(report.id, ReportState.HIDDEN, by=OWNER, everywhere=True)

    with pytest.raises(FilmHidden):
        await workshop.fork(source)


async def test_a_fork_that_was_made_keeps_its_files_when_its_press_comes_again_too_late(workshop: Workshop) -> None:
    source = await workshop.made()
    fork = await workshop.fork(source)
    await Deletions(workshop.database, Wake(), Pseudonyms()).ask_film(OWNER, source.id)

    with pytest.raises(NoSuchFilm):
        await workshop.fork(source)

    _, quoted = await workshop.desk.pricing.price(fork, FILM)
    assert quoted.kept == (1,)
