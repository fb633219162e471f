"""Sums set while the bot runs hold from the next order on, in the place of the settings'."""

from __future__ import annotations

import pytest
from sqlalchemy import insert, select

from bot.db import Database
from bot.db.tables import audit, caps
from bot.studio.budget import Bound, Budgets
from bot.studio.cap_book import CapBook
from bot.studio.errors import Cap, OverBudget
from bot.studio.pseudonyms import Pseudonyms
from tests.bot.studio.test_budget import NOON, Till

ON_BOTH_DATABASES = True
ANA, BEN, OPERATOR = 1, 2, 9


async def test_a_cap_that_is_set_holds_in_the_place_of_the_settings_own(database: Database) -> None:
    till, book = Till(database, user_day_microusd=50), CapBook(database)
    await book.put(Bound.USER_DAY, 80, by=OPERATOR)

    await till.reserve("a", 80)
    with pytest.raises(OverBudget):
        await till.reserve("b", 1)

    await book.drop(Bound.USER_DAY, by=OPERATOR)
    standing = await till.budgets.standing(ANA, None)
    assert (standing.user.cap_microusd, standing.user.left_microusd) == (50, 0)


@pytest.mark.parametrize(
    ("bound", "cap"),
    [
        (Bound.FILM, Cap.FILM),
        (Bound.USER_DAY, Cap.USER_DAY),
        (Bound.GUILD_MONTH, Cap.GUILD_MONTH),
        (Bound.BOT_DAY, Cap.BOT_DAY),
    ],
)
async def test_every_cap_can_be_set_where_the_settings_have_none(database: Database, bound: Bound, cap: Cap) -> None:
    till = Till(database)
    await till.reserve("a", 60)
    await CapBook(database).put(bound, 50, by=OPERATOR)

    with pytest.raises(OverBudget) as refused:
        await till.reserve("b", 51)
    assert refused.value.cap is cap


async def test_one_person_may_have_another_sum_than_everybody(database: Database) -> None:
    till, book = Till(database, user_day_microusd=50), CapBook(database)
    await book.put(Bound.USER_DAY, 20, by=OPERATOR)
    await book.put(Bound.USER_DAY, None, by=OPERATOR, user_id=ANA)

    await till.reserve("a", 5_000, owner_id=ANA)
    with pytest.raises(OverBudget):
        await till.reserve("b", 21, owner_id=BEN)
    assert (await book.of(ANA))[Bound.USER_DAY].microusd is None
    assert (await book.of())[Bound.USER_DAY].microusd == 20


async def test_language_models_stop_with_the_day_that_was_set(database: Database) -> None:
    till = Till(database)
    await till.reserve("a", 60)
    await till.budgets.check_day()
    await CapBook(database).put(Bound.BOT_DAY, 60, by=OPERATOR)

    with pytest.raises(OverBudget):
        await till.budgets.check_day()


async def test_what_needs_approval_can_be_set(database: Database) -> None:
    till, book = Till(database, approval_above_microusd=10), CapBook(database)

    async def asks(price: int) -> bool:
        async with database.transaction() as transaction:
            return await till.budgets.needs_approval(transaction, price)

    assert await asks(11)
    await book.put(Bound.APPROVAL, 20, by=OPERATOR)
    assert (await asks(20), await asks(21)) == (False, True)
    await book.put(Bound.APPROVAL, None, by=OPERATOR)
    assert not await asks(1_000_000)


async def test_who_set_what_is_written_down(database: Database) -> None:
    book = CapBook(database, clock=lambda: NOON)
    await book.put(Bound.BOT_DAY, 25_500_000, by=OPERATOR)
    await book.put(Bound.USER_DAY, None, by=OPERATOR, user_id=ANA)
    await book.drop(Bound.BOT_DAY, by=OPERATOR)
    await book.drop(Bound.BOT_DAY, by=OPERATOR)

    async with database.transaction() as transaction:
        rows = (await transaction.execute(select(audit.c.action, audit.c.ref, audit.c.detail))).all()
    assert [tuple(row) for row in rows] == [
        ("cap bot_day", "everybody", "$25.50"),
        ("cap user_day", str(ANA), "no bound"),
        ("cap bot_day", "everybody", "as before"),
    ]


async def test_the_sum_of_somebody_whose_name_was_deleted_is_seen_and_lifted(database: Database) -> None:
    names = Pseudonyms("token")
    book = CapBook(database, pseudonyms=names)
    async with database.transaction() as transaction:
        row = {"name": Bound.USER_DAY, "ref": names.of(ANA), "microusd": 10, "by": OPERATOR, "at": NOON}
        await transaction.execute(insert(caps).values(**row))

    assert (await book.of(ANA))[Bound.USER_DAY].microusd == 10
    assert await book.drop(Bound.USER_DAY, by=OPERATOR, user_id=ANA)
    assert await book.of(ANA) == {}


async def test_the_sum_under_a_persons_own_name_goes_before_that_under_their_pseudonym(database: Database) -> None:
    names = Pseudonyms("token")
    book, budgets = CapBook(database, pseudonyms=names), Budgets(database, pseudonyms=names)
    async with database.transaction() as transaction:
        for ref, microusd in ((ANA, 20), (names.of(ANA), 10)):
            row = {"name": Bound.USER_DAY, "ref": ref, "microusd": microusd, "by": OPERATOR, "at": NOON}
            await transaction.execute(insert(caps).values(**row))
        assert (await budgets.caps_within(transaction, ANA)).user_day_microusd == 20
    assert (await book.of(ANA))[Bound.USER_DAY].microusd == 20
