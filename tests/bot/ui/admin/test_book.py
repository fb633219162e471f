"""`/admin audit` and `/admin sync`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bot.db import Database
from bot.studio.audit import Noted
from bot.ui.admin.audit import ON_A_PAGE, as_csv
from bot.ui.admin.syncing import COOLDOWN
from tests.bot.ui.admin.panel import OF_ALL, OF_HERE, THERE, Panel, labels
from tests.bot.ui.test_cards import is_taken_by_discord, text
from tests.bot.ui.test_desk import OPERATOR


@pytest.fixture
def panel(database: Database, tmp_path: Path) -> Panel:
    return Panel(database, tmp_path)


async def test_the_book_is_read_in_pages_the_newest_first(panel: Panel) -> None:
    for number in range(ON_A_PAGE + 1):
        await panel.audit.note(OPERATOR, f"deed {number}", "x", "why\n" * 200)

    card = await panel.pages.page(OF_ALL)
    assert is_taken_by_discord(card)
    assert f"deed {ON_A_PAGE}" in text(card)
    assert labels(card) == ["On →", "As a file (CSV)"]
    last = text(await panel.pages.page(OF_ALL, 99))
    assert "deed 0**" in last
    assert "page 2 of 2" in last


async def test_who_manages_a_server_reads_what_was_done_to_that_one(panel: Panel) -> None:
    await panel.audit.note(OPERATOR, "pause", "all")
    await panel.audit.note(OPERATOR, "block", "1", guild_id=OF_HERE.guild_id)
    await panel.audit.note(OPERATOR, "block", "2", guild_id=THERE)

    said = text(await panel.pages.page(OF_HERE))
    assert "1 line" in said
    assert "`1`" in said
    answer = await panel.pages.file(OF_HERE)
    [file] = answer.files
    assert len(file.fp.read().decode("utf-8-sig").splitlines()) == 2


def test_the_file_is_a_table_in_which_nothing_is_a_formula() -> None:
    line = Noted(at=0.0, actor_id=9, action="block", ref="=1+1", detail='a, "b"\n@SUM', guild_id=None)

    rows = as_csv([line]).splitlines()
    assert rows[0] == "at,actor_id,action,ref,detail,guild_id"
    assert rows[1].startswith("1970-01-01T00:00:00+00:00,9,block,'=1+1,")


class Tree:
    def __init__(self) -> None:
        self.sent = 0

    async def sync(self) -> list[str]:
        self.sent += 1
        return ["plan", "admin"]


async def test_commands_are_sent_once_a_minute_and_the_rest_is_explained(panel: Panel) -> None:
    tree: Any = Tree()
    assert "2 commands of mine" in await panel.syncing.sync(OF_ALL, tree)
    assert "Ctrl+R" in await panel.syncing.sync(OF_ALL, tree)
    panel.now += COOLDOWN
    await panel.syncing.sync(OF_ALL, tree)

    assert tree.sent == 2
    assert [line.action for line in await panel.audit.lines(begin=0, most=9)] == ["sync", "sync"]
