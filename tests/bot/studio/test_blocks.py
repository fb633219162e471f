"""Who is kept out, where, and that it is written down."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from bot.db import Database
from bot.db.tables import audit, blocks
from bot.studio.blocks import Blocks
from bot.studio.errors import Blocked, BlockedHere
from bot.studio.pseudonyms import Pseudonyms

ON_BOTH_DATABASES = True
HERE, THERE, TROUBLE, ADMIN = 5, 6, 77, 9


async def test_somebody_kept_out_of_a_server_may_go_on_elsewhere(database: Database) -> None:
    book = Blocks(database)
    await book.block(TROUBLE, guild_id=HERE, by=ADMIN, reason="spam")

    with pytest.raises(BlockedHere):
        await book.check(TROUBLE, HERE)
    await book.check(TROUBLE, THERE)
    await book.check(TROUBLE, None)
    await book.check(ADMIN, HERE)


async def test_somebody_kept_out_everywhere_is_nowhere_let_in(database: Database) -> None:
    book = Blocks(database)
    await book.block(TROUBLE, guild_id=HERE, by=ADMIN)
    await book.block(TROUBLE, guild_id=None, by=ADMIN)

    for place in (HERE, THERE, None):
        with pytest.raises(Blocked) as refused:
            await book.check(TROUBLE, place)
        assert type(refused.value) is Blocked


async def test_a_block_is_lifted_where_it_was_set_only(database: Database) -> None:
    book = Blocks(database)
    await book.block(TROUBLE, guild_id=None, by=ADMIN)

    assert not await book.unblock(TROUBLE, guild_id=HERE, by=ADMIN)
    assert await book.unblock(TROUBLE, guild_id=None, by=ADMIN)
    await book.check(TROUBLE, HERE)
    async with database.transaction() as transaction:
        noted = (await transaction.execute(select(audit.c.action, audit.c.ref, audit.c.guild_id))).all()
    assert [tuple(row) for row in noted] == [("block", str(TROUBLE), None), ("unblock", str(TROUBLE), None)]


async def test_the_newest_reason_counts(database: Database) -> None:
    book = Blocks(database)
    await book.block(TROUBLE, guild_id=HERE, by=ADMIN, reason="spam")
    await book.block(TROUBLE, guild_id=HERE, by=ADMIN, reason="more spam")

    assert [(block.guild_id, block.reason) for block in await book.of(TROUBLE)] == [(HERE, "more spam")]


async def test_who_has_everything_deleted_stays_out(database: Database) -> None:
    pseudonyms = Pseudonyms("token")
    book = Blocks(database, pseudonyms=pseudonyms)
    await book.block(TROUBLE, guild_id=None, by=ADMIN)
    async with database.transaction() as transaction:
        await transaction.execute(update(blocks).values(user_id=pseudonyms.of(TROUBLE)))

    with pytest.raises(Blocked):
        await book.check(TROUBLE, HERE)
    assert await book.unblock(TROUBLE, guild_id=None, by=ADMIN)
