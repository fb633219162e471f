"""What language models took, as rows."""

from __future__ import annotations

from sqlalchemy import select

from bot.db import Database
from bot.db.tables import answers
from bot.studio.answers import Answers
from bot.studio.minds import Spent
from providers.language import Usage
from tests.bot.studio.samples import CATALOGUE

SPENT = Spent(
    user="1001",
    purpose="high",
    provider="gemini",
    model="gemini-3.8-flash",
    key_id="gemini-1",
    usage=Usage(input_tokens=1_000_000, output_tokens=100_000),
)


async def test_every_answer_is_kept_with_its_price(database: Database) -> None:
    await Answers(database, CATALOGUE, clock=lambda: 5.0).keep(SPENT)

    async with database.transaction() as transaction:
        (row,) = await transaction.execute(select(answers))
    assert (row.at, row.user, row.model, row.key_id) == (5.0, "1001", "gemini-3.8-flash", "gemini-1")
    assert (row.input_tokens, row.output_tokens, row.cost_microusd) == (1_000_000, 100_000, 750_000 + 375_000)


async def test_an_answer_is_worth_more_than_its_row(database: Database) -> None:
    async with database.transaction() as transaction:
        await transaction.execute(answers.delete())
        await transaction.exec_driver_sql("DROP TABLE answers")

    await Answers(database, CATALOGUE).keep(SPENT)  # logged, not raised
