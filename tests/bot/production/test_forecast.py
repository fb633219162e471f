"""Ranges for when films begin and are done: what they say, and how often they hold."""

from __future__ import annotations

import heapq
import random

import pytest

from bot.production.forecast import Between, Made, begins, ends, usual_pace

PACE = Between(60.0, 120.0)
NOW = 1000.0


def films(*took: float, shots: int = 3) -> list[Made]:
    return [Made(shots, each) for each in took]


@pytest.mark.parametrize("took", [[], [60.0], [60.0, 90.0]])
def test_nothing_is_told_by_too_few_films(took: list[float]) -> None:
    assert usual_pace(films(*took)) is None


def test_a_pace_leaves_out_what_hardly_ever_happens() -> None:
    assert usual_pace(films(5.0, *[100.0] * 9, *[110.0] * 10, 4000.0)) == Between(100.0, 110.0)
    assert usual_pace(films(30.0, 10.0, 20.0)) == Between(10.0, 30.0)


def test_films_of_about_as_many_shots_go_before_others() -> None:
    made = [*films(10.0, 11.0, 12.0, shots=1), *films(60.0, 70.0, 80.0, shots=4), *films(300.0, shots=12)]

    assert usual_pace(made, 1) == Between(10.0, 12.0)
    assert usual_pace(made, 5) == Between(60.0, 80.0)
    assert usual_pace(made, 12) == Between(10.0, 300.0)


def test_a_film_begins_at_once_where_nothing_runs() -> None:
    assert begins(1, [], PACE, NOW) == Between(NOW, NOW)


def test_the_next_begins_when_the_first_that_runs_is_done() -> None:
    assert begins(1, [950.0, 980.0], PACE, NOW) == Between(1010.0, 1070.0)


def test_each_place_waits_for_one_film_more() -> None:
    assert begins(3, [950.0, 980.0], PACE, NOW) == Between(1070.0, 1190.0)


def test_a_film_that_should_be_done_already_is_given_a_while() -> None:
    assert begins(1, [100.0], PACE, NOW) == Between(1000.0, 1030.0)


def test_a_film_that_takes_longer_than_films_do_is_promised_nothing() -> None:
    assert ends(Between(900.0, 900.0), PACE, NOW) == Between(1000.0, 1020.0)
    assert ends(Between(800.0, 800.0), PACE, NOW) is None


def test_what_is_told_holds_for_most_films() -> None:
    """Films that take between half a minute and many, three at a time, as a line of twelve is worked off."""
    dice = random.Random(7)

    def film() -> float:
        return dice.lognormvariate(5.0, 0.5)

    held = told = 0
    for _ in range(300):
        pace = usual_pace(films(*(film() for _ in range(50))))
        assert pace is not None
        running = [(NOW - dice.uniform(0, 60), film()) for _ in range(3)]
        running = [(since, max(took, NOW - since + 1.0)) for since, took in running]
        free_at = [since + took for since, took in running]
        heapq.heapify(free_at)
        for place in range(1, 13):
            begun = heapq.heappop(free_at)
            done = begun + film()
            heapq.heappush(free_at, done)
            begin = begins(place, [since for since, _ in running], pace, NOW)
            end = ends(begin, pace, NOW)
            assert end is not None
            told += 2
            held += (begin.soonest <= begun <= begin.latest) + (end.soonest <= done <= end.latest)

    assert held / told > 0.9
