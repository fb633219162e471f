"""What is drawn of a plan, what names a still, and what a storyboard costs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.studio.drafts import EditKind, StartDraft
from bot.studio.errors import EditRefused, NoStoryboard
from bot.studio.model import Plan, ShotStart
from bot.studio.revision import Choices, revise
from bot.studio.storyboard import image_model, quote_storyboard, stills_of
from tests.bot.studio.samples import CATALOGUE, GEN45, edit, plan, shot

BANANA = image_model(CATALOGUE, {"gemini"}, "16:9")
PRICE = BANANA.price_per_image_microusd


def contents(of: Plan) -> list[str]:
    return [still.content for still in stills_of(of, BANANA)]


def test_every_shot_is_drawn_from_its_words_and_its_camera_in_the_films_shape() -> None:
    first = stills_of(plan(shot("One", prompt="a koi swims.", camera="slow push in")), BANANA)[0]

    assert first.prompt.startswith("a koi swims. Camera: slow push in. ")
    assert (first.number, first.ratio, first.model) == (1, "16:9", BANANA.id)


def test_a_still_has_another_name_where_its_picture_would_be_another() -> None:
    before = plan()
    other = BANANA.id.replace("2", "3")

    assert contents(replace(before, title="Another", logline="another", music="a harp")) == contents(before)
    assert contents(replace(before, ratio="9:16"))[0] != contents(before)[0]
    assert stills_of(before, replace(BANANA, id=other))[0].content != contents(before)[0]
    assert contents(plan(shot("One", camera="fast"), *before.shots[1:])) != contents(before)


def test_only_what_is_not_drawn_is_paid_and_a_shot_that_was_edited_costs_one() -> None:
    before = plan()
    edited = replace(before, shots=(before.shots[0], shot("Two", prompt="a crane"), before.shots[2]))

    assert quote_storyboard(stills_of(before, BANANA), BANANA, ()).price_microusd == 3 * PRICE
    quoted = quote_storyboard(stills_of(edited, BANANA), BANANA, contents(before))
    assert (quoted.missing, quoted.price_microusd) == ((2,), PRICE)


def test_two_shots_of_the_same_words_are_drawn_once() -> None:
    twice = plan(shot("One"), shot("Again", prompt="One happens"))

    quoted = quote_storyboard(stills_of(twice, BANANA), BANANA, ())

    assert (quoted.missing, quoted.price_microusd) == ((1, 2), PRICE)


@pytest.mark.parametrize(("providers", "ratio"), [({"runway"}, "16:9"), (set(), "16:9"), ({"gemini"}, "21:9")])
def test_nobody_draws_without_a_model_for_the_films_shape(providers: set[str], ratio: str) -> None:
    with pytest.raises(NoStoryboard):
        image_model(CATALOGUE, providers, ratio)


def test_a_shot_starts_from_its_still_where_there_is_one() -> None:
    from_still = edit(EditKind.SET_START, shot=2, start=StartDraft.STILL)

    moved = revise(plan(), [from_still], GEN45, has_upload=False, choices=Choices(stills={2: "f" * 64}))

    assert moved is not None
    assert (moved.shots[1].start, moved.shots[1].still) == (ShotStart.STILL, "f" * 64)
    assert moved.changes == "shot 2: starts from its still"
    with pytest.raises(EditRefused, match="No picture of shot 2"):
        revise(plan(), [from_still], GEN45, has_upload=False)


def test_a_shot_that_starts_from_its_still_is_another_clip_and_keeps_its_still() -> None:
    moved = plan(shot("One", start=ShotStart.STILL, still="f" * 64))
    again = revise(moved, [edit(EditKind.SET_PROMPT, shot=1, text="a crane")], GEN45, has_upload=False)

    assert contents(moved) == contents(plan(shot("One")))
    assert again is not None
    assert again.shots[0].still == "f" * 64


def test_in_another_shape_no_still_is_left_to_start_from() -> None:
    moved = plan(shot("One", start=ShotStart.STILL, still="f" * 64))

    wide = revise(moved, [edit(EditKind.SET_RATIO, text="9:16")], GEN45, has_upload=False)

    assert wide is not None
    assert (wide.shots[0].start, wide.shots[0].still) == (ShotStart.TEXT, "")
