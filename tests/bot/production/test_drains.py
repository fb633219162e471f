"""A drain tells what goes on and, when the last of it has ended, whom to tell; whatever restarts in between."""

from __future__ import annotations

import pytest
from sqlalchemy import insert, select, update

from bot.db import Database
from bot.db.tables import audit, paid_calls, storyboards
from bot.jobs.ledger import CallState
from bot.jobs.wake import Wake
from bot.production.drains import SETTLED, Drains, UnderWay
from bot.production.model import Production, ProductionState
from bot.production.storyboards import StoryboardState
from bot.production.switches import ALL, Switches
from tests.bot.production.test_productions import Office

ON_BOTH_DATABASES = True
ANNA, BEN = 7, 8


class House(Office):
    """Every look is another process's: nothing is remembered but rows."""

    @property
    def drains(self) -> Drains:
        return Drains(self.database, Wake(), clock=lambda: self.now)

    @property
    def switches(self) -> Switches:
        return Switches(self.database, Wake())

    async def begin(self, name: str) -> Production:
        production = await self.accept((await self.film(name)).id, press=name)
        await self.lifecycle.begin(production.id)
        return production

    async def end(self, production: Production) -> None:
        await self.lifecycle.end(production.id, ProductionState.DONE, duration=1.0)

    async def order(self, job: str, provider: str = "runway", state: CallState = CallState.SUBMITTED) -> None:
        async with self.database.transaction() as transaction:
            await transaction.execute(
                insert(paid_calls).values(
                    key=f"{job}/1/1",
                    job=job,
                    provider=provider,
                    model="m",
                    key_id="k",
                    request_hash="h",
                    state=state,
                    price_microusd=1,
                    deadline_at=self.now + 60.0,
                    created_at=self.now,
                    updated_at=self.now,
                )
            )

    async def arrive(self, job: str) -> None:
        async with self.database.transaction() as transaction:
            done = update(paid_calls).where(paid_calls.c.job == job).values(state=CallState.DONE)
            await transaction.execute(done)

    async def over(self) -> list[tuple[str, int]]:
        self.now += SETTLED
        return [(drain.name, drain.by) for drain in await self.drains.over()]


@pytest.fixture
def house(database: Database) -> House:
    return House(database)


async def test_only_what_runs_is_counted_and_it_is_over_with_the_last_of_it(house: House) -> None:
    a, b = await house.begin("a"), await house.begin("b")
    await house.accept((await house.film("c")).id, press="c")  # stands in line

    assert await house.drains.begin(ALL, ANNA) == UnderWay(films=2)
    assert await house.switches.is_paused(ALL)
    await house.end(a)
    assert await house.over() == []
    await house.end(b)
    assert await house.over() == [(ALL, ANNA)]


async def test_it_is_told_once(house: House) -> None:
    film = await house.begin("a")
    await house.drains.begin(ALL, ANNA)
    await house.end(film)
    house.now += SETTLED
    [drain] = await house.drains.over()

    await house.drains.told(drain)

    assert await house.over() == []
    assert await house.switches.is_paused(ALL)


async def test_what_looked_right_before_the_pause_may_still_begin_and_is_waited_for(house: House) -> None:
    a = await house.begin("a")
    await house.drains.begin(ALL, ANNA)
    await house.end(a)
    assert await house.drains.over() == []  # at once
    b = await house.begin("b")
    assert await house.over() == []
    await house.end(b)

    assert await house.over() == [(ALL, ANNA)]


async def test_where_nothing_runs_nobody_is_told_later(house: House) -> None:
    assert not await house.drains.begin(ALL, ANNA)

    assert await house.over() == []


async def test_going_on_calls_it_off(house: House) -> None:
    film = await house.begin("a")
    await house.drains.begin(ALL, ANNA)
    assert await house.switches.resume(ALL, BEN)
    await house.end(film)

    assert await house.over() == []


async def test_a_pause_on_top_leaves_the_drain_and_of_two_drains_the_later_is_told(house: House) -> None:
    film = await house.begin("a")
    await house.drains.begin(ALL, ANNA)
    await house.drains.begin(ALL, BEN, "mine, too")
    await house.switches.pause(ALL, ANNA)
    await house.end(film)

    assert await house.over() == [(ALL, BEN)]
    async with house.database.transaction() as transaction:
        lines = (await transaction.execute(select(audit.c.action, audit.c.ref, audit.c.detail))).all()
    assert [tuple(line) for line in lines] == [("drain", ALL, ""), ("drain", ALL, "mine, too"), ("pause", ALL, "")]


async def test_at_one_service_only_what_it_has_to_answer_is_waited_for(house: House) -> None:
    here, elsewhere = await house.begin("a"), await house.begin("b")
    await house.order(here.id)
    await house.order(elsewhere.id, "gemini")

    assert await house.drains.begin("runway", ANNA) == UnderWay(films=1)
    assert await house.over() == []
    await house.arrive(here.id)

    assert await house.over() == [("runway", ANNA)]  # though both films still run


async def test_a_service_that_is_paused_by_itself_is_named(house: House) -> None:
    await house.begin("a")
    await house.switches.pause("gemini", BEN)

    assert (await house.drains.begin(ALL, ANNA)).paused == ("gemini",)


async def test_a_storyboard_counts_while_a_picture_of_it_is_on_its_way(house: House) -> None:
    project = await house.film("a")
    async with house.database.transaction() as transaction:
        for name in ("drawn", "waits"):
            await transaction.execute(
                insert(storyboards).values(
                    id=name,
                    request_id=name,
                    project_id=project.id,
                    version=1,
                    owner_id=1,
                    provider="gemini",
                    model="m",
                    ratio="16:9",
                    state=StoryboardState.DRAWING,
                    price_microusd=1,
                    accepted_at=0.0,
                    updated_at=0.0,
                )
            )
    await house.order("drawn", "gemini", CallState.INTENT)

    assert await house.drains.begin(ALL, ANNA) == UnderWay(storyboards=1)
    assert await house.drains.under_way("runway") == UnderWay()
    assert await house.over() == []
    house.now += 60.0  # its process ended, and nothing draws while all is paused
    assert await house.over() == [(ALL, ANNA)]
