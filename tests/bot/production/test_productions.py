"""Productions as they are read; and the office that other tests order films with."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from bot.db import Database
from bot.jobs.wake import Wake
from bot.production.deletions import Deletions
from bot.production.greenlights import Greenlights
from bot.production.lifecycle import Lifecycle
from bot.production.model import Production, ProductionState
from bot.production.outbox import Outbox
from bot.production.productions import Productions
from bot.studio.casting import cast, quote
from bot.studio.guilds import EVEN, Share
from bot.studio.model import Project
from bot.studio.projects import Projects
from bot.studio.pseudonyms import Pseudonyms
from tests.bot.studio.samples import CATALOGUE, OWNER, plan, request

ON_BOTH_DATABASES = True

STRANGER, FRIEND = 2002, 3003


class Office:
    def __init__(self, database: Database) -> None:
        self.now = 100.0
        self.database = database
        self.projects = Projects(database, clock=lambda: self.now)
        self.productions = Productions(database)
        self.greenlights = Greenlights(database, Wake(), clock=lambda: self.now)
        self.lifecycle = Lifecycle(database, Wake(), clock=lambda: self.now)
        self.outbox = Outbox(database, Wake(), clock=lambda: self.now)

    async def film(self, request_id: str = "1", *, planned: bool = True, owner_id: int = OWNER) -> Project:
        project, _ = await self.projects.create(request(request_id, owner_id=owner_id), model="gen4.5")
        if planned:
            await self.projects.keep_plan(project.id, plan())
        return project

    async def accept(
        self,
        project_id: str,
        *,
        press: str = "press",
        version: int = 1,
        user_id: int = OWNER,
        kept: Collection[int] = (),
        share: Share = EVEN,
    ) -> Production:
        """Greenlight three equal shots, of which those `kept` are made."""
        castings = cast(plan(), CATALOGUE)
        made = {casting.content for casting in castings if casting.number in kept}
        return await self.greenlights.accept(
            request_id=press,
            project_id=project_id,
            version=version,
            user_id=user_id,
            castings=castings,
            quote=quote(castings, made),
            share=share,
        )

    async def delete(self, production: Production) -> None:
        """What its owner asks for; nothing is erased yet."""
        deletions = Deletions(self.database, Wake(), Pseudonyms(), clock=lambda: self.now)
        await deletions.ask_film(OWNER, production.project_id)

    async def state(self, production: Production) -> ProductionState:
        return (await self.productions.get(production.id)).state


@pytest.fixture
def office(database: Database) -> Office:
    return Office(database)


async def test_an_end_is_undelivered_until_it_was_posted(office: Office) -> None:
    production = await office.accept((await office.film()).id)
    assert await office.productions.undelivered() == []
    await office.lifecycle.begin(production.id)
    await office.lifecycle.end(production.id, ProductionState.DONE, duration=1.0)
    assert [each.id for each in await office.productions.undelivered()] == [production.id]

    await office.outbox.posted(await office.productions.get(production.id), 77)

    assert await office.productions.undelivered() == []
    assert (await office.productions.get(production.id)).delivered_message_id == 77


async def test_the_latest_production_of_a_film_is_the_one_accepted_last(office: Office) -> None:
    project = await office.film()
    assert await office.productions.latest_of(project.id) is None
    for number in range(3):
        office.now += 1.0
        last = await office.accept(project.id, press=str(number))
        await office.lifecycle.stop(last.id, OWNER)

    latest = await office.productions.latest_of(project.id)

    assert latest is not None
    assert latest.id == last.id
