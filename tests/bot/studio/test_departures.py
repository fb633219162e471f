"""What a server chose goes some time after it put the bot out, and no sooner."""

from __future__ import annotations

import pytest
from sqlalchemy import insert, select

from bot.db import Database
from bot.db.tables import reports
from bot.production.reports import ReportState
from bot.studio.departures import GRACE, Departures
from bot.studio.guilds import Guilds, GuildSettings
from bot.studio.shards import Shards

HERE, GONE = 5, 6
CHOSEN = GuildSettings(log_channel_id=77)


class Map:
    def __init__(self, database: Database) -> None:
        self.now = 1000.0
        self.guilds = Guilds(database)
        self.departures = Departures(database, clock=lambda: self.now)

    async def later(self, seconds: float) -> GuildSettings:
        self.now += seconds
        await self.departures.purge()
        return await self.guilds.of(GONE)


@pytest.fixture
async def map_(database: Database) -> Map:
    found = Map(database)
    for guild_id in (HERE, GONE):
        await found.guilds.change(guild_id, lambda _: CHOSEN)
    return found


async def test_it_is_kept_for_the_time_of_grace_and_then_forgotten(map_: Map) -> None:
    await map_.departures.left(GONE)
    await map_.departures.left(GONE)

    assert await map_.later(GRACE - 1.0) == CHOSEN
    assert await map_.later(2.0) == GuildSettings()
    assert await map_.guilds.of(HERE) == CHOSEN


async def test_a_server_that_takes_it_back_in_time_loses_nothing(map_: Map) -> None:
    await map_.departures.left(GONE)
    await map_.departures.returned(GONE)

    assert await map_.later(2 * GRACE) == CHOSEN


async def test_what_happened_while_nobody_listened_is_found_at_the_start(map_: Map) -> None:
    await map_.departures.left(HERE)
    await map_.departures.reconcile({HERE})

    assert await map_.later(GRACE) == GuildSettings()
    assert await map_.guilds.of(HERE) == CHOSEN


async def test_a_process_that_is_not_told_of_a_server_says_nothing_of_it(database: Database, map_: Map) -> None:
    # Both servers are of shard 0.
    await Departures(database, shards=Shards(first=1, last=1, count=2), clock=lambda: map_.now).reconcile(set())

    assert await map_.later(2 * GRACE) == CHOSEN


async def test_a_film_that_was_hidden_there_stays_so_and_nobody_knows_why(database: Database, map_: Map) -> None:
    hidden, open_ = ReportState.HIDDEN, ReportState.OPEN
    made = [
        ("a", "film", hidden, GONE),
        ("b", "film", hidden, GONE),
        ("c", "other", open_, GONE),
        ("d", "x", open_, HERE),
    ]
    async with database.transaction() as transaction:
        for reporter, (number, film, state, guild_id) in enumerate(made, start=10):
            row = {"id": number, "project_id": film, "owner_id": 1, "reporter_id": reporter, "reason": "a word"}
            await transaction.execute(insert(reports).values(**row, state=state, guild_id=guild_id, at=1.0))
    await map_.departures.left(GONE)

    await map_.later(GRACE)

    columns = (reports.c.id, reports.c.reporter_id, reports.c.reason, reports.c.state)
    async with database.transaction() as transaction:
        left = (await transaction.execute(select(*columns).order_by(reports.c.id))).all()
    assert left == [("a", 0, "", "hidden"), ("d", 13, "a word", "open")]
