"""Chosen messages: there for who chose them, until they are used or a day is over."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from bot.db import Database
from bot.db.tables import picks as rows
from bot.studio.errors import PickGone
from bot.studio.picks import FORGOTTEN_AFTER, Picks
from tests.bot.studio.samples import CLIP, OWNER

ON_BOTH_DATABASES = True


async def test_a_message_is_found_again_by_who_chose_it_alone(database: Database) -> None:
    picks = Picks(database)

    kept = await picks.keep(OWNER, "a koi", [CLIP])

    assert await picks.get(kept.id, OWNER) == kept
    with pytest.raises(PickGone):
        await picks.get(kept.id, OWNER + 1)


async def test_a_message_that_was_used_is_gone(database: Database) -> None:
    picks = Picks(database)
    kept = await picks.keep(OWNER, "a koi", [])

    await picks.used(kept.id)

    with pytest.raises(PickGone):
        await picks.get(kept.id, OWNER)


async def test_after_a_day_a_message_is_neither_used_nor_kept(database: Database) -> None:
    now = 0.0
    picks = Picks(database, clock=lambda: now)
    old = await picks.keep(OWNER, "a koi", [])
    now = FORGOTTEN_AFTER - 1
    young = await picks.keep(OWNER, "a dragon", [])
    now = FORGOTTEN_AFTER

    with pytest.raises(PickGone):
        await picks.get(old.id, OWNER)
    await picks.forget_old()

    async with database.transaction() as transaction:
        assert [row.id for row in await transaction.execute(select(rows.c.id))] == [young.id]
