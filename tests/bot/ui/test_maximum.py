"""The most that somebody wants to pay holds until they greenlight."""

from __future__ import annotations

import pytest

from bot.studio.errors import AboveMaximum
from bot.ui.maximum import check_maximum, is_above, over_maximum, seconds_within
from tests.bot.studio.samples import GEN45, project

SECOND = GEN45.price_per_second_microusd


def test_a_film_may_cost_as_much_as_was_said_and_no_more() -> None:
    limited = project(max_price_microusd=2_000_000)

    check_maximum(limited, 2_000_000)
    with pytest.raises(AboveMaximum, match=r"\$2.01 above \$2.00"):
        check_maximum(limited, 2_000_001)


def test_without_a_most_nothing_is_above_it() -> None:
    assert not is_above(project(), 10**12)


def test_a_film_is_planned_as_long_as_the_money_lasts_and_no_longer_than_asked() -> None:
    assert seconds_within(100 * SECOND, GEN45, 20) == 20
    assert seconds_within(100 * SECOND, GEN45, None) == 90
    assert seconds_within(GEN45.durations[0] * SECOND, GEN45, 60) == GEN45.durations[0]


def test_for_less_than_the_shortest_clip_nothing_is_begun() -> None:
    with pytest.raises(AboveMaximum):
        seconds_within(GEN45.durations[0] * SECOND - 1, GEN45, None)


def test_a_plan_above_it_says_both_prices_and_what_helps() -> None:
    words = over_maximum(project(max_price_microusd=2_000_000), "$3.00")

    assert "$3.00" in words
    assert "$2.00" in words
    assert "Change…" in words
