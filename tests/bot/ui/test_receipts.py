"""Money in words: what was charged, and how somebody stands."""

from __future__ import annotations

from typing import Any, cast

import discord
import pytest

from bot.db import Database
from bot.production.bill import Bill, Part
from bot.studio.budget import Budgets, Caps, Kind, Spending, Standing
from bot.studio.guilds import Guilds, RoleRule
from bot.ui.commands.quota import QuotaCommand
from bot.ui.receipts import quota, receipt
from tests.bot.studio.samples import OWNER
from tests.bot.ui.test_desk import OPERATOR, Counter


@pytest.mark.parametrize(
    ("bill", "line"),
    [
        (Bill(), ""),
        (Bill(parts={Part.SHOTS: 1_800_000}), "-# shots $1.80 — of at most $1.80"),
        (
            Bill(parts={Part.SHOTS: 1_200_000, Part.MUSIC: 1}),
            "-# shots $1.20 · music $0.01 — of at most $1.80",
        ),
        (
            Bill(unanswered_microusd=600_000),
            "-# nothing charged — of at most $1.80; $0.60 that went unanswered is not charged to you",
        ),
        (
            Bill(parts={Part.SHOTS: 2_000_000}),
            "-# shots $2.00 — of at most $1.80; what it cost beyond $1.80 is not charged to you",
        ),
    ],
)
def test_a_receipt_tells_each_part_and_what_is_not_charged(bill: Bill, line: str) -> None:
    assert receipt(bill, 1_800_000) == line


def spending(used: int, *, held: int = 0, cap: int | None = 5_000_000) -> Spending:
    return Spending(used_microusd=used, held_microusd=held, cap_microusd=cap, resets_at=86_400.0)


def test_quota_tells_what_is_spent_kept_aside_and_when_it_starts_anew() -> None:
    standing = Standing(user=spending(1_800_000, held=600_000), guild=spending(2_000_000, cap=None), bot=spending(0))

    lines = quota(standing, sees_bot=False).splitlines()

    assert lines[0] == (
        "**You, today**: $1.80 of $5.00, $0.60 of that kept aside for what is not over yet · starts anew <t:86400:R>"
    )
    assert lines[1] == "**This server, this month**: $2.00 · starts anew <t:86400:R>"
    assert len(lines) == 2
    assert "The whole bot, today" in quota(standing, sees_bot=True)
    assert "This server" not in quota(Standing(user=spending(0), guild=None, bot=spending(0)), sees_bot=False)


class Asked:
    """A use of `/quota`."""

    def __init__(self, user_id: int, guild_id: int | None = 5) -> None:
        self.user = discord.Object(user_id)
        self.guild_id = guild_id


async def spent(database: Database) -> tuple[Budgets, Counter]:
    """A person's $2.00 and somebody else's $1.00, in one server today."""
    budgets = Budgets(database, Caps(user_day_microusd=5_000_000), clock=lambda: 100.0)
    async with database.transaction() as transaction:
        for number, owner in enumerate((OWNER, OWNER, 3003)):
            await budgets.reserve(
                transaction,
                id=str(number),
                kind=Kind.FILM,
                owner_id=owner,
                guild_id=5,
                amount_microusd=1_000_000,
            )
    return budgets, Counter(database)


@pytest.mark.parametrize(("who", "bot_seen"), [(OWNER, False), (OPERATOR, True)])
async def test_quota_shows_a_persons_own_and_the_bots_to_operators_only(
    database: Database, who: int, bot_seen: bool
) -> None:
    budgets, counter = await spent(database)
    asked: Any = Asked(who)

    words = await QuotaCommand(budgets, counter.desk).words(asked)

    assert words.startswith(f"**You, today**: {'$2.00' if who == OWNER else '$0.00'} of $5.00")
    assert "**This server, this month**: $3.00" in words
    assert ("The whole bot" in words) is bot_seen


async def test_quota_shows_what_a_server_lets_its_member_spend_a_day(database: Database) -> None:
    budgets, counter = await spent(database)
    here, elsewhere = Asked(OWNER), Asked(OWNER, guild_id=None)
    rule = RoleRule(role_id=5, day_microusd=2_500_000)
    await Guilds(database).change(5, lambda settings: settings.with_role(rule))

    told, untold = [await QuotaCommand(budgets, counter.desk).words(cast(Any, each)) for each in (here, elsewhere)]

    assert "**You, in this server today**: $2.00 of $2.50, $2.00 of that kept aside" in told
    assert "in this server today" not in untold
