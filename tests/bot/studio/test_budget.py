"""Money kept aside and settled: no cap is passed, whoever comes at once."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import create_async_engine

from bot.db import Database
from bot.db.tables import answers, metadata, reservations
from bot.studio.budget import Budgets, Caps, Kind, day_of, month_of
from bot.studio.errors import Cap, OverBudget
from tests.postgres import postgres

__all__ = ["postgres"]  # a fixture

NOON = datetime(2026, 2, 28, 12, tzinfo=UTC).timestamp()
DAY = 86_400.0


class Till:
    def __init__(self, database: Database, **caps: int) -> None:
        self.now = NOON
        self.database = database
        self.budgets = Budgets(database, Caps(**caps), clock=lambda: self.now)

    async def reserve(self, id_: str, amount: int, *, owner_id: int = 1, guild_id: int | None = 5) -> None:
        async with self.database.transaction() as transaction:
            await self.budgets.reserve(
                transaction, id=id_, kind=Kind.FILM, owner_id=owner_id, guild_id=guild_id, amount_microusd=amount
            )

    async def lose(self, id_: str, in_all: int) -> None:
        async with self.database.transaction() as transaction:
            await self.budgets.lose(transaction, id_, in_all)

    async def settle(self, id_: str, amount: int, written_off: int = 0) -> None:
        async with self.database.transaction() as transaction:
            await self.budgets.settle(transaction, id_, settled_microusd=amount, written_off_microusd=written_off)

    async def used(self) -> tuple[int, int | None, int]:
        standing = await self.budgets.standing(1, 5)
        guild = standing.guild.used_microusd if standing.guild is not None else None
        return standing.user.used_microusd, guild, standing.bot.used_microusd


async def test_each_cap_refuses_what_would_pass_it_and_says_which(database: Database) -> None:
    till = Till(database, film_microusd=50, user_day_microusd=60, guild_month_microusd=80, bot_day_microusd=100)

    with pytest.raises(OverBudget) as film:
        await till.reserve("a", 51)
    await till.reserve("b", 50)
    with pytest.raises(OverBudget) as user:
        await till.reserve("c", 11)
    await till.reserve("d", 30, owner_id=2)
    with pytest.raises(OverBudget) as guild:
        await till.reserve("e", 1, owner_id=3)
    await till.reserve("f", 20, owner_id=3, guild_id=6)
    with pytest.raises(OverBudget) as bot:
        await till.reserve("g", 1, owner_id=4, guild_id=None)

    met = [each.value for each in (film, user, guild, bot)]
    assert [(error.cap, error.left_microusd, error.resets_at) for error in met] == [
        (Cap.FILM, 50, None),
        (Cap.USER_DAY, 10, day_of(NOON)[1]),
        (Cap.GUILD_MONTH, 0, month_of(NOON)[1]),
        (Cap.BOT_DAY, 0, day_of(NOON)[1]),
    ]


async def test_what_is_settled_frees_the_rest_and_only_once(database: Database) -> None:
    till = Till(database, user_day_microusd=100)
    await till.reserve("a", 100)
    await till.settle("a", 30)
    await till.settle("a", 90)
    assert await till.used() == (30, 30, 30)

    await till.reserve("b", 70)
    await till.settle("b", 0)
    assert await till.used() == (30, 30, 30)


async def test_nobody_is_charged_more_than_the_price_and_the_bot_bears_the_rest(database: Database) -> None:
    till = Till(database)
    await till.reserve("a", 100)
    await till.settle("a", 130, written_off=7)
    assert await till.used() == (100, 100, 137)


async def test_a_new_day_is_empty_and_a_new_month_for_a_server(database: Database) -> None:
    till = Till(database)
    await till.reserve("a", 100)
    till.now = NOON + DAY  # the first of March
    assert await till.used() == (0, 0, 0)


async def test_what_an_older_film_loses_counts_today_for_the_bot_alone(database: Database) -> None:
    till = Till(database, user_day_microusd=10, guild_month_microusd=100, bot_day_microusd=90)
    for number in range(3):
        await till.reserve(str(number), 10, owner_id=number)
    till.now += DAY  # another month, too
    await till.reserve("today", 10)

    await till.lose("0", 30)
    await till.lose("1", 40)
    for lost in (11, 99):
        with pytest.raises(OverBudget) as over:
            await till.lose("2", lost)
        assert (over.value.cap, over.value.left_microusd) == (Cap.BOT_DAY, 10)
    await till.lose("0", 40)
    await till.lose("0", 40)
    assert await till.used() == (10, 10, 90)

    await till.settle("0", 10, written_off=40)
    assert await till.used() == (10, 10, 90)
    till.now += DAY
    assert await till.used() == (0, 10, 0)
    await till.lose("1", 41)  # all of it anew: it is not told apart
    assert await till.used() == (0, 10, 41)


async def test_what_language_models_took_counts_for_the_bot_alone(database: Database) -> None:
    till = Till(database, bot_day_microusd=100)
    await till.budgets.check_day()
    row = {"user": "1", "purpose": "chat", "provider": "groq", "model": "m", "key_id": "k"}
    async with database.transaction() as transaction:
        values = {**row, "at": NOON, "input_tokens": 1, "output_tokens": 1, "cost_microusd": 100}
        await transaction.execute(insert(answers).values(values))

    with pytest.raises(OverBudget):
        await till.budgets.check_day()
    assert await till.used() == (0, 0, 100)


async def test_five_hundred_at_once_never_pass_five_dollars(database: Database) -> None:
    till = Till(database, bot_day_microusd=5_000_000)
    outcomes = await asyncio.gather(
        *(till.reserve(str(number), 70_000, owner_id=number) for number in range(500)), return_exceptions=True
    )
    assert sum(outcome is None for outcome in outcomes) == 71
    assert all(outcome is None or isinstance(outcome, OverBudget) for outcome in outcomes)
    assert (await till.budgets.standing(0, None)).bot.used_microusd == 71 * 70_000


async def test_many_connections_of_postgresql_never_pass_a_cap(postgres: str) -> None:
    engine = create_async_engine(postgres, pool_size=8)
    try:
        async with engine.begin() as connection:
            await connection.run_sync(metadata.create_all)
        till = Till(Database(engine), bot_day_microusd=1_000_000)
        outcomes = await asyncio.gather(
            *(till.reserve(f"race-{number}", 70_000, owner_id=number) for number in range(60)), return_exceptions=True
        )
        async with engine.begin() as connection:
            kept = (await connection.execute(select(func.sum(reservations.c.reserved_microusd)))).scalar_one()
    finally:
        await engine.dispose()
    assert sum(outcome is None for outcome in outcomes) == 14
    assert int(kept) == 14 * 70_000


async def test_a_server_bounds_what_a_member_may_spend_there_in_a_day_and_nowhere_else(database: Database) -> None:
    till = Till(database, user_day_microusd=100)

    async def reserve(id_: str, amount: int, guild_id: int) -> None:
        async with database.transaction() as transaction:
            await till.budgets.reserve(
                transaction,
                id=id_,
                kind=Kind.FILM,
                owner_id=1,
                guild_id=guild_id,
                amount_microusd=amount,
                member_day_microusd=40,
            )

    await reserve("a", 30, 5)
    with pytest.raises(OverBudget) as refused:
        await reserve("b", 11, 5)
    await reserve("elsewhere", 40, 6)
    spent = await till.budgets.member_day(1, 5, 40)
    till.now += DAY
    await reserve("tomorrow", 40, 5)

    assert (refused.value.cap, refused.value.left_microusd) == (Cap.MEMBER_DAY, 10)
    assert refused.value.resets_at == day_of(NOON)[1]
    assert (spent.used_microusd, spent.left_microusd) == (30, 10)
