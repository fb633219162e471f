"""Foreign text as it is shown, and numbers as people read them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.ui.wording import money, plain, seconds, size, unlinked

BITS = [*"[]()<>@#:/&!*_`~|\\-> \n1a", "everyone", "here", "](", "<@", "http://x.y", "\u202e", "\u200b"]
HOSTILE = st.lists(st.sampled_from(BITS), max_size=12).map("".join)


@given(HOSTILE | st.text())
def test_foreign_text_pings_nobody_links_nowhere_and_stays_on_its_line(text: str) -> None:
    shown = plain(text)

    assert not re.search(r"<(@|#|/|a?:|t:|id:)", shown)
    assert not re.search(r"@(everyone|here)", shown)
    assert "](" not in shown
    assert "\n" not in shown
    assert "\u202e" not in shown


@pytest.mark.parametrize(
    ("foreign", "shown"),
    [
        ("a koi", "a koi"),
        ("**bold** _it_ `code` ||spoiler||", r"\*\*bold\*\* \_it\_ \`code\` \|\|spoiler\|\|"),
        ("# heading", r"\# heading"),
        ("> quote", r"\> quote"),
        ("-# small", r"\-# small"),
        ("- item", r"\- item"),
        ("two\nlines", "two lines"),
        ("a\\*b", "a\\\\\\*b"),
    ],
)
def test_markdown_of_others_is_shown_and_not_obeyed(foreign: str, shown: str) -> None:
    assert plain(foreign) == shown


def test_a_masked_link_shows_its_address_while_other_markdown_stays() -> None:
    assert unlinked("**see** [a [b]](https://x.y)") == "**see** [a [b]]\u200b(https://x.y)"


@pytest.mark.parametrize(
    ("microusd", "shown"),
    [(0, "$0.00"), (1, "$0.01"), (10_000, "$0.01"), (10_001, "$0.02"), (600_000, "$0.60"), (1_234_560_000, "$1234.56")],
)
def test_a_price_is_rounded_up_to_the_cent(microusd: int, shown: str) -> None:
    assert money(microusd) == shown


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (5, "5 s"),
        (5.5, "5.5 s"),
        (59.9, "59.9 s"),
        (60, "1 min"),
        (61, "1 min 1 s"),
        (119.7, "2 min"),
        (3600, "60 min"),
    ],
)
def test_a_length_is_told_in_seconds_and_minutes(count: float, shown: str) -> None:
    assert seconds(count) == shown


@pytest.mark.parametrize(
    ("count", "shown"),
    [(0, "1 KiB"), (1024, "1 KiB"), (500_000, "488 KiB"), (1 << 20, "1.0 MiB"), (10 << 20, "10.0 MiB")],
)
def test_a_size_is_told_as_discord_does(count: int, shown: str) -> None:
    assert size(count) == shown
