"""What was learned of channels: kept over restarts, and believed for a while only."""

from __future__ import annotations

import pytest

from bot.db import Database
from bot.production.model import ProductionState
from bot.ui.channel_rows import LIMIT_HOLDS, ChannelRows, Closed
from tests.bot.production.test_productions import Office

ON_BOTH_DATABASES = True
CHANNEL, THREAD, OTHER = 6, 7, 8


class Corridor(Office):
    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.rows = ChannelRows(database, clock=lambda: self.now)


@pytest.fixture
def corridor(database: Database) -> Corridor:
    return Corridor(database)


async def test_a_closed_channel_opens_by_itself(corridor: Corridor) -> None:
    await corridor.rows.close(THREAD, seconds=600.0, because="NotAllowed:50001")
    await corridor.rows.close(THREAD, seconds=600.0, because="NotAllowed:50013")

    assert await corridor.rows.closed([CHANNEL, THREAD]) == {THREAD: Closed(700.0, "NotAllowed:50013")}
    corridor.now += 600.0
    assert await corridor.rows.closed([CHANNEL, THREAD]) == {}


async def test_a_limit_is_believed_for_a_week_however_often_the_channel_is_closed(corridor: Corridor) -> None:
    assert await corridor.rows.upload_limit(THREAD) is None
    await corridor.rows.learn_limit(THREAD, 9)
    await corridor.rows.learn_limit(THREAD, 8)
    corridor.now += LIMIT_HOLDS - 1.0
    await corridor.rows.close(THREAD, seconds=600.0, because="NotAllowed:50001")

    assert await corridor.rows.upload_limit(THREAD) == 8
    corridor.now += 1.0
    assert await corridor.rows.upload_limit(THREAD) is None


@pytest.mark.parametrize("by_server", [True, False])
async def test_whoever_asks_for_an_end_again_has_its_closed_places_tried(corridor: Corridor, by_server: bool) -> None:
    project = await corridor.film()
    await corridor.projects.set_thread(project.id, THREAD)
    production = await corridor.accept(project.id)
    await corridor.lifecycle.begin(production.id)
    await corridor.lifecycle.end(production.id, ProductionState.DONE, duration=1.0)
    await corridor.outbox.keep(await corridor.productions.get(production.id), "NotAllowed:50013")
    for channel_id in (CHANNEL, THREAD, OTHER):
        await corridor.rows.close(channel_id, seconds=600.0, because="NotAllowed:50013")

    if by_server:
        await corridor.outbox.redeliver_in(5)
    else:
        await corridor.outbox.redeliver(production.id)

    assert list(await corridor.rows.closed([CHANNEL, THREAD, OTHER])) == [OTHER]
    await corridor.outbox.redeliver(production.id, channel_id=OTHER)
    assert await corridor.rows.closed([OTHER]) == {}
