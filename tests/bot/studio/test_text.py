"""Foreign text, made safe to keep."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.studio.text import clean, dollars, shorten, spans


@pytest.mark.parametrize(
    ("foreign", "kept"),
    [
        ("  a   koi\tswims  ", "a koi swims"),
        ("line one \r\n  line two", "line one\nline two"),
        ("evil\u202etxt.exe", "eviltxt.exe"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
        ("nul\x00 and escape\x1b[31m", "nul and escape[31m"),
        ("👩\u200d🚀 flies", "👩\u200d🚀 flies"),
        ("a \U0001fae8 newer than our Unicode, a \U0001f3ac", "a \U0001fae8 newer than our Unicode, a \U0001f3ac"),
        ("private \ue000, unassigned \u0378", "private , unassigned"),
        ("東京の夜 ﷺ é", "東京の夜 ﷺ é"),
        ("lone \ud800 surrogate", "lone surrogate"),
        ("\n\n \n", ""),
    ],
)
def test_text_is_kept_without_what_is_not_seen(foreign: str, kept: str) -> None:
    assert clean(foreign) == kept


@given(st.text())
def test_clean_text_is_clean(text: str) -> None:
    cleaned = clean(text)

    assert clean(cleaned) == cleaned
    assert not any(unicodedata.category(c) in {"Cc", "Cs"} for c in cleaned.replace("\n", ""))
    cleaned.encode()


@given(st.text(), st.integers(min_value=-3, max_value=50))
def test_shortened_text_is_never_longer_than_asked(text: str, length: int) -> None:
    assert len(shorten(text, length)) <= max(0, length)


@given(st.text(max_size=50))
def test_text_that_fits_is_left_as_it_is(text: str) -> None:
    assert shorten(text, 50) == text


def test_text_is_cut_at_a_word_where_one_is_near_and_says_so() -> None:
    assert shorten("a koi swims upstream, then", 23) == "a koi swims upstream…"
    assert shorten("a" * 30, 10) == "a" * 9 + "…"


@pytest.mark.parametrize(
    ("microusd", "words"), [(120_000, "$0.12"), (37_000, "$0.037"), (1_500_000_000, "$1,500.00"), (1, "$0.000001")]
)
def test_money_is_as_exact_as_it_must_be(microusd: int, words: str) -> None:
    assert dollars(microusd) == words


@pytest.mark.parametrize(
    ("numbers", "words"), [((2, 3, 4), "2–4"), ((4, 6, 8), "4, 6, 8"), ((4, 5, 20), "4–5, 20"), ((7,), "7"), ((), "")]
)
def test_numbers_in_a_row_are_told_as_spans(numbers: tuple[int, ...], words: str) -> None:
    assert spans(numbers) == words
