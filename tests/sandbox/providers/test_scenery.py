"""What a prompt looks like: who it is about, and only letters that the font has."""

from __future__ import annotations

import random

import pytest

from sandbox.providers.heroes import hero
from sandbox.providers.scenery import font, legible

IDEAS = (
    "a koi that becomes a dragon",
    "two whales at dawn",
    "a heron over a lake",
    "a boat in a storm",
    "a lighthouse in a storm",
    "an old tree",
    "Tokyo wakes up",
    "an astronaut on a red planet",
    "a fox under a tree",
    "a rocket launch",
    "a falling star",
)


def silhouette(prompt: str) -> bytes:
    return hero(prompt, random.Random(0), (200, 80, 80), 64).image.tobytes()


def test_each_idea_has_a_hero_of_its_own() -> None:
    assert len(set(map(silhouette, IDEAS))) == len(IDEAS)


@pytest.mark.parametrize("idea", [*IDEAS, "something odd about teapots"])
def test_a_hero_is_the_same_in_every_shot(idea: str) -> None:
    shots = (f"A hushed world just waking: {idea}, seen from far away", f"Afterglow: {idea}, calm now")
    assert len({silhouette(prompt) for prompt in (idea, *shots)}) == 1


def test_a_hero_shrinks_with_its_picture() -> None:
    assert hero("a fox", random.Random(0), (200, 80, 80), 32).image.width < 120


def test_characters_that_the_font_lacks_are_left_out() -> None:
    assert legible("a caf\u00e9 \N{ROCKET} on\N{VARIATION SELECTOR-16} \N{GREEK SMALL LETTER ALPHA}", font(20)) in {
        "a caf\u00e9 on \N{GREEK SMALL LETTER ALPHA}",
        "a caf on",  # with Pillow's own font
    }
