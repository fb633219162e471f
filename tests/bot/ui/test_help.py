"""Help by task: only what there is here, and every command of it can be clicked."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from bot.ui.command_book import BOOK, CommandBook, Mentions
from bot.ui.help import _FOR_ADMINS, _FOR_OPERATORS, _TASKS, help_view
from tests.bot.ui.test_cards import is_taken_by_discord, text

IDS = Mentions({"plan": 1, "queue": 2, "admin": 3})
EVERYTHING = {tip.command for _, tips in (*_TASKS, _FOR_ADMINS, _FOR_OPERATORS) for tip in tips}


def test_commands_can_be_clicked_where_their_ids_are_known() -> None:
    said = text(help_view({"plan", "films"}, IDS))

    assert "- </plan:1> turns an idea" in said
    assert "- `/films` has all" in said
    assert "/queue" not in said


def test_tasks_that_nothing_is_there_for_are_left_out() -> None:
    said = text(help_view({"plan"}, IDS))

    assert "As you like it" not in said
    assert "**💰 Money**" in said


def test_operators_and_admins_read_their_part() -> None:
    nobody, admin, operator = (
        text(help_view(EVERYTHING, IDS, is_operator=operates, manages=manages))
        for operates, manages in ((False, False), (False, True), (True, False))
    )

    assert ("/setup" in nobody, "admin" in nobody) == (False, False)
    assert ("/setup" in admin, "</admin status:3>" in admin) == (True, False)
    assert ("/setup" in operator, "</admin status:3>" in operator) == (True, True)


def test_who_runs_a_server_reads_what_they_may_do_there_and_everybody_how_to_share_a_film() -> None:
    said = text(help_view(EVERYTHING, IDS, manages=True))

    assert [f"</admin {name}:3>" in said for name in ("queue", "user", "audit", "keys")] == [True, True, True, False]
    assert "`/share` invites" in said


def test_help_is_taken_by_discord_with_everything_in_it() -> None:
    assert is_taken_by_discord(help_view(EVERYTHING, IDS, is_operator=True, manages=True))


def test_ids_are_kept_and_found_again(tmp_path: Path) -> None:
    book = CommandBook(tmp_path / BOOK)
    assert (book.is_kept, book.mentions().of("plan")) == (False, "`/plan`")
    commands: Any = [SimpleNamespace(name="plan", id=7), SimpleNamespace(name="admin", id=8)]

    book.keep(commands)

    again = CommandBook(tmp_path / BOOK).mentions()
    assert [again.of(name) for name in ("plan", "admin pause", "films")] == [
        "</plan:7>",
        "</admin pause:8>",
        "`/films`",
    ]
