"""What two versions of a plan differ in, for people to read."""

from __future__ import annotations

from dataclasses import replace

from bot.studio.changes import changes_between, returned
from bot.studio.comparison import ShotDifference, compared
from tests.bot.studio.samples import plan, shot

ONE, TWO, THREE = shot("One"), shot("Two"), shot("Three")


def test_the_same_has_no_differences() -> None:
    assert compared(plan(), plan(version=2)).is_same


def test_a_shot_that_changed_tells_how_and_the_others_nothing() -> None:
    found = compared(plan(ONE, TWO), plan(ONE, replace(TWO, duration=8)))

    assert found.shots == (ShotDifference(before=2, after=2, title="Two", changes=("5 s → 8 s",)),)


def test_shots_that_came_and_went_are_named() -> None:
    found = compared(plan(ONE, TWO, THREE), plan(ONE, THREE, shot("Four"), shot("Five")))

    assert found.shots == (
        ShotDifference(before=None, after=3, title="Four"),
        ShotDifference(before=None, after=4, title="Five"),
        ShotDifference(before=2, after=None, title="Two"),
    )


def test_a_renamed_shot_is_the_same_shot_although_another_went() -> None:
    found = compared(plan(ONE, TWO, THREE), plan(replace(ONE, title="Dawn"), THREE))

    assert [(each.before, each.after) for each in found.shots] == [(1, 1), (2, None)]


def test_shots_that_changed_places_are_told_without_further_ado() -> None:
    found = compared(plan(ONE, TWO), plan(TWO, ONE))

    assert [(each.before, each.after, each.changes) for each in found.shots] == [(2, 1, ()), (1, 2, ())]


def test_shots_of_the_same_name_are_told_apart() -> None:
    first, second = shot("Koi"), shot("Koi", prompt="another koi")

    assert changes_between(plan(ONE, first, second), plan(first, second)) == "3 shots → 2; gone: One"


def test_going_back_tells_to_where_and_what_that_changes() -> None:
    before, after = plan(ONE), plan(replace(ONE, duration=8), version=2)

    again = returned(after, before)

    assert (again.version, again.shots) == (3, (ONE,))
    assert again.changes == "as v1 was: shot 1: 8 s → 5 s"
