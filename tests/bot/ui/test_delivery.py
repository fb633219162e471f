"""How the end of a film is told apart from the end of its other runs."""

from __future__ import annotations

from dataclasses import replace

from bot.ui.delivery import file_name
from tests.bot.ui.test_cards import production


def test_the_first_run_keeps_the_name_that_older_versions_posted() -> None:
    first = production()

    assert file_name(first) == f"greenlight-{first.id}.mp4"


def test_a_later_run_is_not_mistaken_for_the_film_of_an_earlier_one() -> None:
    first = production()

    assert len({file_name(replace(first, run=run)) for run in (1, 2, 3)}) == 3
