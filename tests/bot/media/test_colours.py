from __future__ import annotations

import pytest

from bot.media.colours import dominant, name


@pytest.mark.parametrize(
    ("colour", "word"),
    [
        ("000000", "black"),
        ("ffffff", "white"),
        ("808080", "grey"),
        ("d01010", "red"),
        ("ff8800", "orange"),
        ("ffe600", "yellow"),
        ("228b22", "green"),
        ("008b8b", "teal"),
        ("1040c0", "blue"),
        ("7020c0", "purple"),
        ("ff60b0", "pink"),
        ("7b4a1e", "brown"),
    ],
)
def test_colours_have_the_names_people_give_them(colour: str, word: str) -> None:
    assert name(*bytes.fromhex(colour)) == word


def test_the_most_frequent_come_first_and_traces_are_left_out() -> None:
    pixels = bytes.fromhex("d01010") * 30 + bytes.fromhex("1040c0") * 65 + bytes.fromhex("228b22") * 5

    assert dominant(pixels) == ("blue", "red")


def test_nothing_has_no_colours() -> None:
    assert dominant(b"") == ()
