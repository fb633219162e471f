"""`/admin user` and `/admin budget`: what somebody may spend, and who is kept out."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.db import Database
from bot.studio.budget import Bound
from bot.studio.errors import Blocked, BlockedHere, NotAdmin, NotOperator
from bot.ui.admin.sums import NoSum, Sum, read_sum
from bot.ui.admin.user import EVERYWHERE, HERE
from bot.ui.rights import Asker
from tests.bot.production.test_productions import STRANGER
from tests.bot.ui.admin.panel import OF_ALL, OF_HERE, THERE, Panel, labels
from tests.bot.ui.test_cards import is_taken_by_discord, text
from tests.bot.ui.test_desk import OPERATOR


@pytest.fixture
def panel(database: Database, tmp_path: Path) -> Panel:
    return Panel(database, tmp_path)


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("25", Sum(25_000_000)),
        (" $12.50 ", Sum(12_500_000)),
        ("12,5", Sum(12_500_000)),
        ("0", Sum(0)),
        ("none", Sum()),
        ("Default", Sum(is_default=True)),
        ("", Sum(is_default=True)),
    ],
)
def test_sums_are_read_as_people_write_them(typed: str, found: Sum) -> None:
    assert read_sum(typed) == found


@pytest.mark.parametrize("typed", ["much", "-1", "1e9", "nan", "inf", "1.2.3", "1000001"])
def test_what_is_no_sum_is_no_sum(typed: str) -> None:
    with pytest.raises(NoSum):
        read_sum(typed)


async def test_an_operator_sees_spend_films_and_blocks_of_a_person(panel: Panel) -> None:
    await panel.enter("a", STRANGER)

    card = await panel.user.card(OF_ALL, STRANGER)
    assert "**Films**: 1 in line" in text(card)
    assert "of $25.00" in text(card)
    assert "Not blocked anywhere." in text(card)
    assert labels(card) == ["Block here…", "Block everywhere…", "Quota…", "Refresh"]


async def test_somebody_is_kept_out_and_let_in_again(panel: Panel) -> None:
    card = await panel.user.block(OF_ALL, STRANGER, EVERYWHERE, "spam *everywhere*")
    assert "⛔ blocked everywhere" in text(card)
    assert "spam \\*everywhere\\*" in text(card)
    assert "Unblock everywhere" in labels(card)
    with pytest.raises(Blocked):
        await panel.blocks.check(STRANGER, None)

    await panel.user.unblock(OF_ALL, STRANGER, EVERYWHERE)
    await panel.blocks.check(STRANGER, None)


@pytest.mark.parametrize("who", [OPERATOR, OF_HERE.user_id])
async def test_nobody_blocks_an_operator_or_themselves(panel: Panel, who: int) -> None:
    assert "Nothing changed" in text(await panel.user.block(OF_HERE, who, HERE, ""))
    await panel.blocks.check(who, OF_HERE.guild_id)


async def test_who_manages_a_server_keeps_people_out_of_that_one_and_learns_of_no_money(panel: Panel) -> None:
    await panel.enter("a", STRANGER)
    card = await panel.user.block(OF_HERE, STRANGER, HERE, "")
    assert "$" not in text(card)
    assert labels(card) == ["Unblock here", "Refresh"]
    with pytest.raises(BlockedHere):
        await panel.blocks.check(STRANGER, OF_HERE.guild_id)
    await panel.blocks.check(STRANGER, THERE)
    with pytest.raises(NotOperator):
        await panel.user.block(OF_HERE, STRANGER, EVERYWHERE, "")
    with pytest.raises(NotOperator):
        await panel.user.set_quota(OF_HERE, STRANGER, "1")


async def test_in_a_direct_message_there_is_no_here(panel: Panel) -> None:
    with pytest.raises(NotAdmin):
        await panel.user.block(Asker(user_id=OPERATOR, is_operator=True), STRANGER, HERE, "")


async def test_somebody_gets_a_quota_of_their_own_and_back(panel: Panel) -> None:
    assert "**Own quota**: $1.50 a day" in text(await panel.user.set_quota(OF_ALL, STRANGER, "1.5"))
    assert (await panel.budgets.standing(STRANGER, None)).user.cap_microusd == 1_500_000
    assert "can't read that sum" in text(await panel.user.set_quota(OF_ALL, STRANGER, "lots"))

    await panel.user.set_quota(OF_ALL, STRANGER, "default")
    assert (await panel.budgets.standing(STRANGER, None)).user.cap_microusd == 25_000_000


async def test_a_cap_is_changed_and_told_with_who_did_it(panel: Panel) -> None:
    card = await panel.budget.card(OF_ALL)
    assert is_taken_by_discord(card)
    assert "**One person, a day**: $25.00\n-# from the settings, `MAX_USD_PER_USER_DAY`" in text(card)

    card = await panel.budget.change(OF_ALL, Bound.USER_DAY, "30")
    assert f"**One person, a day**: $30.00\n-# set by <@{OPERATOR}>" in text(card)
    assert "no bound" in text(await panel.budget.change(OF_ALL, Bound.USER_DAY, "none"))
    assert "can't read that sum" in text(await panel.budget.change(OF_ALL, Bound.USER_DAY, "lots"))
    card = await panel.budget.change(OF_ALL, Bound.USER_DAY, "default")
    assert "$25.00\n-# from the settings" in text(card)
    with pytest.raises(NotOperator):
        await panel.budget.change(OF_HERE, Bound.USER_DAY, "1")
