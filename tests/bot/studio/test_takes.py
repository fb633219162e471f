"""Takes of a shot: each under a number that nothing was ordered under before, and none in the place of another."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import pytest

from bot.studio.casting import cast
from bot.studio.errors import EditRefused
from bot.studio.model import MAX_TAKES, Plan, ShotStart
from bot.studio.takes import ShotTakes, another_take, chosen_take, followers, takes_of, with_take
from tests.bot.studio.samples import CATALOGUE, plan, shot

PREVIOUS = ShotStart.PREVIOUS
FILM = plan(shot("One"), shot("Two"), shot("Three", start=PREVIOUS), shot("Four", start=PREVIOUS), shot("Five"))


def contents(film: Plan) -> list[str]:
    return [casting.content for casting in cast(film, CATALOGUE, asset_id="b" * 64)]


def takes(film: Plan, *made: Plan, kept: Collection[str] | None = None) -> dict[int, ShotTakes]:
    """What there is of a film of which these plans were made."""
    ordered = {content for each in made for content in contents(each)}
    return takes_of(cast(film, CATALOGUE), ordered=ordered, kept=ordered if kept is None else kept)


def test_the_first_take_is_named_as_clips_were_before_there_were_others() -> None:
    film = plan(shot("One"), shot("Two", start=PREVIOUS), shot("Up", start=ShotStart.UPLOAD, start_at=0.0))

    assert contents(film) == [
        "eaae31cbdef3a1dc2f7fad714be06599d7b5b540cdcc910d4ecc69e05ec9e878",
        "376081e493de1753508388d9bf803e3b8f84817193246c85301255c2e6affc51",
        "4d6665b6d168b9cf05dfc1421af5542f30099e885cf525e30295d1e15bbd54ce",
    ]


def test_another_take_has_a_name_of_its_own_and_what_continues_it_has_too() -> None:
    changed = [a != b for a, b in zip(contents(FILM), contents(with_take(FILM, 2, 2)), strict=True)]

    assert changed == [False, True, True, True, False]
    assert len({contents(with_take(FILM, 1, take))[0] for take in range(1, MAX_TAKES + 1)}) == MAX_TAKES


def test_going_back_to_a_take_names_everything_as_it_was() -> None:
    assert contents(with_take(with_take(FILM, 2, 2), 2, 1)) == contents(FILM)


def test_the_next_take_is_one_that_nothing_was_ever_ordered_under() -> None:
    second, fourth = with_take(FILM, 1, 2), with_take(FILM, 1, 4)

    assert another_take(FILM, 1, takes(FILM, FILM)) == second
    assert another_take(FILM, 1, takes(FILM, FILM, second)).shots[0].take == 3
    assert another_take(second, 1, takes(second, FILM, second, fourth)).shots[0].take == 3
    assert another_take(fourth, 1, takes(fourth, FILM, second, fourth)).shots[0].take == 5
    # ordered, but without a clip that lies there: it may still come
    assert another_take(FILM, 1, takes(FILM, FILM, second, kept=contents(FILM))).shots[0].take == 3


def test_a_shot_that_is_not_made_yet_has_no_other_take() -> None:
    waiting = with_take(FILM, 1, 2)

    for film, made in ((FILM, ()), (waiting, (FILM,))):
        with pytest.raises(EditRefused, match="not made yet"):
            another_take(film, 1, takes(film, *made))
    with pytest.raises(EditRefused):
        another_take(FILM, 9, takes(FILM, FILM))


def test_after_the_last_take_there_is_none() -> None:
    every = [with_take(FILM, 1, number) for number in range(1, MAX_TAKES + 1)]

    assert another_take(every[-1], 1, takes(every[-1], *every[:2], *every[3:])).shots[0].take == 3
    with pytest.raises(EditRefused, match="20 takes"):
        another_take(FILM, 1, takes(FILM, *every))


def test_equal_shots_never_take_each_others_clips() -> None:
    twins = plan(shot("One"), shot("One"))
    second = another_take(twins, 1, takes(twins, twins))
    third = another_take(second, 2, takes(second, twins, second))

    assert [each.take for each in third.shots] == [2, 3]
    assert len({*contents(twins), *contents(third)}) == 3


def test_a_take_that_is_kept_can_be_chosen_and_no_other() -> None:
    second = with_take(FILM, 1, 2)
    found = takes(second, FILM, second)

    assert chosen_take(second, 1, 1, found) == replace(FILM, version=second.version)
    for take in (0, 3, 21):
        with pytest.raises(EditRefused, match="kept are 1, 2"):
            chosen_take(second, 1, take, found)
    with pytest.raises(EditRefused, match="none is kept"):
        chosen_take(FILM, 1, 1, takes(FILM, FILM, kept=()))


def test_the_shots_that_continue_one_follow_it_as_far_as_the_chain_goes() -> None:
    assert [followers(FILM, number) for number in range(1, 6)] == [[], [3, 4], [4], [], []]
