"""Limits that operators set while the bot runs hold in every process and after a restart, until they are taken back."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from bot.app.pools import build_pools
from bot.db import Database
from bot.db.tables import audit
from bot.settings import Amount, LendingSettings, LimitSetting, ProviderKey, ProviderSettings
from bot.studio.limit_book import LimitBook
from bot.studio.limiter import Limiter, Origin, Place
from ratelimit import DAY, Allowance, ApiKey, DayLimit, Limit, Limits

ON_BOTH_DATABASES = True
OPERATOR, MODEL = 7, "gen4.5"
EVERY, A = Place("runway"), Place("runway", "a")
A_MODEL = Place("runway", "a", MODEL)


def per_minute(number: int) -> Amount:
    return Amount(number, "requests", 60.0)


def said(place: Place, *amounts: Amount, room: int | None = None) -> LimitSetting:
    return LimitSetting(account=place.account, model=place.model, amounts=amounts, room=room)


class Process:
    """One of those that share the rows, with pools built from its settings."""

    def __init__(self, database: Database, *told: LimitSetting, name: str = "runway") -> None:
        keys = (ProviderKey("k1", "a", "fake-1"), ProviderKey("k2", "b", "fake-2"))
        settings = {name: ProviderSettings(name=name, keys=keys, limits=told)}
        self.pools = build_pools(settings, LendingSettings(skew=0.25, patience=60.0))
        self.pool = self.pools[name]
        self.limiter = Limiter(LimitBook(database, clock=lambda: 5.0), self.pools, settings)

    def limits(self, account: str = "a") -> Limits:
        """As the pool keeps them."""
        return next(view.limits for view in self.pool.view().keys if view.account == account)


@pytest.fixture
async def here(database: Database) -> Process:
    return Process(database)


async def test_what_is_set_holds_at_once_in_other_processes_and_after_a_restart(
    here: Process, database: Database
) -> None:
    elsewhere = Process(database)
    await here.limiter.put(A, said(A, per_minute(60), Amount(500, "requests", DAY)), by=OPERATOR)
    await elsewhere.limiter.look()
    restarted = Process(database)
    await restarted.limiter.look()

    for process in (here, elsewhere, restarted):
        assert process.limits("a").account.rates == (Limit(60), Limit(500, period=DAY))
        assert process.limits("b").account.rates == (Limit(10),)


async def test_a_day_is_the_services_own(database: Database) -> None:
    gemini = Process(database, name="gemini")
    place = Place("gemini")
    tokens = Amount(250_000, "tokens", 60.0)

    await gemini.limiter.put(place, said(place, Amount(900, "requests", DAY), tokens, per_minute(15)), by=OPERATOR)

    rates = gemini.limits().account.rates
    assert rates == (Limit(15, 250_000), DayLimit(900, zone="America/Los_Angeles"))


async def test_what_is_said_of_less_counts_before_what_is_said_of_all(database: Database) -> None:
    here = Process(database, LimitSetting(account="a", amounts=(per_minute(20),)))
    await here.limiter.put(EVERY, said(EVERY, per_minute(90), room=6), by=OPERATOR)

    assert here.limits("a").account.rates == (Limit(20),)
    assert here.limits("b").account.rates == (Limit(90),)
    assert here.limits("a").each_model.room == here.limits("b").each_model.room == 6

    await here.limiter.put(A_MODEL, said(A_MODEL, per_minute(3), room=1), by=OPERATOR)
    assert here.limits("a").for_model(MODEL) == Allowance(rates=(Limit(3),), room=1)
    assert here.limits("a").for_model("another").room == 6


async def test_at_one_place_what_is_set_here_counts_before_the_settings_and_it_is_told_where_it_is_more(
    database: Database,
) -> None:
    here = Process(database, LimitSetting(account="a", amounts=(per_minute(20),), room=3))

    line = await here.limiter.put(A, said(A, per_minute(50), room=2), by=OPERATOR)

    assert line is not None
    assert here.limits("a").account.rates == (Limit(50),)
    assert here.limiter.looser(line) == [per_minute(20)]
    async with database.transaction() as transaction:
        row = (await transaction.execute(select(audit))).one()
    assert (row.actor_id, row.action, row.ref) == (OPERATOR, "limit", "runway @a")
    assert row.detail == "50/min+room:2 (more than 20/min)"


async def test_only_what_differs_is_kept_and_what_is_left_out_is_as_the_settings_say(here: Process) -> None:
    line = await here.limiter.put(A, said(A, per_minute(10), room=4), by=OPERATOR)
    assert line is not None
    assert (line.said.amounts, line.said.room) == ((), 4)

    assert await here.limiter.put(A, said(A, per_minute(10), room=2), by=OPERATOR) is None
    assert await here.limiter.put(A, said(A), by=OPERATOR) is None
    assert here.limits().each_model.room == 2


async def test_as_the_settings_say_again_for_an_account_with_all_its_models(here: Process) -> None:
    await here.limiter.put(A, said(A, per_minute(60)), by=OPERATOR)
    await here.limiter.put(A_MODEL, said(A_MODEL, per_minute(3)), by=OPERATOR)
    await here.limiter.put(EVERY, said(EVERY, per_minute(30)), by=OPERATOR)

    assert await here.limiter.drop(A, by=OPERATOR)
    assert not await here.limiter.drop(A, by=OPERATOR)

    assert here.limits("a").account.rates == (Limit(30),)
    assert here.limits("a").for_model(MODEL).rates == ()


async def test_room_that_a_service_told_gives_way_to_what_is_set_and_comes_back_after_it(here: Process) -> None:
    here.limiter.learn("runway", "k1", MODEL, 5)
    assert here.limits("a").for_model(MODEL).room == 5
    assert here.limiter.origin_of_room(A_MODEL) is Origin.TOLD

    await here.limiter.put(A, said(A, per_minute(10), room=1), by=OPERATOR)
    here.limiter.learn("runway", "k1", MODEL, 7)
    assert here.limits("a").for_model(MODEL).room == 1
    assert here.limiter.origin_of_room(A_MODEL) is Origin.SET

    await here.limiter.drop(A, by=OPERATOR)
    assert here.limits("a").for_model(MODEL).room == 7


async def test_each_limit_knows_where_it_comes_from(database: Database) -> None:
    here = Process(database, LimitSetting(amounts=(Amount(900, "requests", DAY),)))
    await here.limiter.put(A, said(A, per_minute(60), Amount(900, "requests", DAY), room=2), by=OPERATOR)

    origins = [here.limiter.origin_of(place, "requests", 60.0) for place in (EVERY, A, Place("runway", "b"))]
    assert origins == [Origin.ASSUMED, Origin.SET, Origin.ASSUMED]
    assert here.limiter.origin_of(A, "requests", DAY) is Origin.SETTINGS
    assert here.limiter.origin_of_room(A) is Origin.ASSUMED


async def test_an_account_that_comes_later_has_what_was_set_for_every_one(here: Process) -> None:
    await here.limiter.put(EVERY, said(EVERY, per_minute(33)), by=OPERATOR)

    here.pool.add(ApiKey("k3", "c", "fake-3"))

    assert here.limits("c").account.rates == (Limit(33),)


async def test_what_was_set_for_a_service_that_is_not_set_up_any_more_harms_nobody(
    here: Process, database: Database
) -> None:
    await here.limiter.put(A, said(A, per_minute(60)), by=OPERATOR)
    groq = Process(database, name="groq")

    await groq.limiter.look()

    assert groq.limits().account.rates == (Limit(30),)
