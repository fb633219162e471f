"""Which model makes which shot, at what price, and when a clip made before will do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.studio.casting import cast, quote
from bot.studio.errors import CannotRender, NoDraft
from bot.studio.model import ShotStart
from providers.catalogue import utf16_units
from providers.errors import ModelRetired
from tests.bot.studio.samples import CATALOGUE, GEN45, VEO, plan, shot

UPLOAD, PREVIOUS = ShotStart.UPLOAD, ShotStart.PREVIOUS


def models(*starts: ShotStart, model: str = "gen4.5") -> list[str]:
    shots = [shot(start=start) for start in starts]
    return [casting.model.id for casting in cast(plan(*shots, model=model), CATALOGUE, asset_id="b")]


def test_gen4_turbo_only_animates_so_shots_from_text_go_to_its_sister() -> None:
    assert models(ShotStart.TEXT, PREVIOUS, UPLOAD, model="gen4_turbo") == ["gen4.5", "gen4_turbo", "gen4_turbo"]


def test_a_shot_that_starts_from_a_picture_goes_to_the_cheapest_that_can_move_it() -> None:
    assert models(ShotStart.TEXT, PREVIOUS, UPLOAD) == ["gen4.5", "gen4_turbo", "gen4_turbo"]


def test_a_model_without_sisters_makes_every_shot() -> None:
    assert models(ShotStart.TEXT, PREVIOUS, UPLOAD, model="gemini-omni-1.2-flash") == ["gemini-omni-1.2-flash"] * 3


def test_a_shape_that_no_model_of_the_family_makes_cannot_be_rendered() -> None:
    with pytest.raises(CannotRender):
        cast(plan(ratio="1:1"), CATALOGUE)
    assert cast(plan(shot(start=UPLOAD), ratio="1:1"), CATALOGUE, asset_id="b")[0].model.id == "gen4_turbo"


def test_a_retired_model_is_named_as_such() -> None:
    with pytest.raises(ModelRetired):
        cast(plan(model="veo3"), CATALOGUE)


def test_the_price_is_the_models_for_the_length_it_makes() -> None:
    castings = cast(plan(shot(duration=5), shot(duration=5, start=PREVIOUS)), CATALOGUE)

    assert [casting.price_microusd for casting in castings] == [5 * 120_000, 5 * 50_000]


def test_the_prompt_holds_picture_and_camera_and_never_more_than_the_model_takes() -> None:
    short = cast(plan(shot(prompt="A koi.", camera="push in")), CATALOGUE)[0]
    without = cast(plan(shot(prompt="A koi.", camera="")), CATALOGUE)[0]
    emoji = cast(plan(shot(prompt="🐉" * 900, camera="🎥" * 120)), CATALOGUE)[0]

    assert (short.prompt, without.prompt) == ("A koi. Camera: push in.", "A koi.")
    assert GEN45.prompt_limit - 40 <= utf16_units(emoji.prompt) <= GEN45.prompt_limit


def test_equal_shots_have_equal_contents_and_whatever_decides_the_clip_changes_it() -> None:
    def content(**changes: Any) -> str:
        return cast(plan(replace(shot(), **changes)), CATALOGUE)[0].content

    assert content(title="other", narration="other") == content()
    contents = {content(), content(prompt="x"), content(camera="x"), content(duration=6)}
    contents.add(cast(plan(shot(), ratio="9:16"), CATALOGUE)[0].content)
    contents.add(cast(plan(shot(), model="gemini-omni-1.2-flash"), CATALOGUE)[0].content)
    assert len(contents) == 6


def test_a_shot_that_continues_another_changes_with_it_and_one_that_does_not_stays() -> None:
    def contents(first: str) -> list[str]:
        shots = (shot(prompt=first), shot("Two", start=PREVIOUS), shot("Three", start=PREVIOUS), shot("Four"))
        return [casting.content for casting in cast(plan(*shots), CATALOGUE)]

    before, after = contents("a koi"), contents("a dragon")

    assert [a == b for a, b in zip(before, after, strict=True)] == [False, False, False, True]


def test_a_shot_from_the_upload_changes_with_the_upload() -> None:
    def content(asset_id: str) -> str:
        return cast(plan(shot(start=UPLOAD, start_at=0.0)), CATALOGUE, asset_id=asset_id)[0].content

    assert content("b") != content("c")


def test_clips_made_before_are_kept_and_not_paid_again() -> None:
    castings = cast(plan(shot("One"), shot("Two"), shot("Three")), CATALOGUE)

    quoted = quote(castings, {castings[1].content})

    assert (quoted.price_microusd, quoted.kept) == (2 * 600_000, (2,))


def test_sound_is_part_of_the_price() -> None:
    castings = cast(plan(shot(), shot()), CATALOGUE)

    assert quote(castings, sound_microusd=80_000).price_microusd - quote(castings).price_microusd == 80_000


def test_a_model_that_makes_sound_is_told_what_is_heard() -> None:
    (loud,) = cast(plan(shot(sound="rain"), model=VEO.id), CATALOGUE)
    (mute,) = cast(plan(shot(sound="rain")), CATALOGUE)

    assert loud.prompt.endswith("Sound: rain.")
    assert "rain" not in mute.prompt


def test_a_draft_is_made_in_the_small_size_at_its_price_and_is_another_clip() -> None:
    omni = plan(model="gemini-omni-1.2-flash")
    real, draft = cast(omni, CATALOGUE)[0], cast(omni, CATALOGUE, draft=True)[0]

    assert (real.resolution, draft.resolution) == (None, "360p")
    assert draft.price_microusd == 5 * 37_000 < real.price_microusd
    assert draft.content != real.content


@pytest.mark.parametrize("model", ["gen4.5", "veo-3.1-lite-generate-001", "seedance2"])
def test_a_model_without_a_cheaper_size_has_no_draft(model: str) -> None:
    with pytest.raises(NoDraft):
        cast(plan(model=model), CATALOGUE, draft=True)
