from __future__ import annotations

import pytest

from providers.elevenlabs import timed_words
from providers.speech import TimedWord


def words(text: str) -> list[tuple[str, float, float]]:
    """The words of a text whose characters take a second each."""
    found = timed_words(list(text), [float(n) for n in range(len(text))], [float(n + 1) for n in range(len(text))])
    return [(word.text, word.start, word.end) for word in found]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" \n ", []),
        ("...", []),
        ("a koi", [("a", 0, 1), ("koi", 2, 5)]),
        ("  a  koi ", [("a", 2, 3), ("koi", 5, 8)]),
        ("a\nkoi\twakes", [("a", 0, 1), ("koi", 2, 5), ("wakes", 6, 11)]),
        ("Wait... go!", [("Wait...", 0, 4), ("go!", 8, 10)]),
        ("“So,” he", [("“So,”", 1, 3), ("he", 6, 8)]),
        ("it's well-known", [("it's", 0, 4), ("well-known", 5, 15)]),
        ("a — koi", [("a —", 0, 1), ("koi", 4, 7)]),
        ("— a koi", [("— a", 2, 3), ("koi", 4, 7)]),
        ("$20 now", [("$20", 1, 3), ("now", 4, 7)]),
        ("鯉が、目", [("鯉", 0, 1), ("が、", 1, 2), ("目", 3, 4)]),
        ("「鯉」だ", [("「鯉」", 1, 2), ("だ", 3, 4)]),
        ("鯉koi鯉", [("鯉", 0, 1), ("koi", 1, 4), ("鯉", 4, 5)]),
        ("잉어가 용이", [("잉어가", 0, 3), ("용이", 4, 6)]),
        ("ко́й 2", [("ко́й", 0, 4), ("2", 5, 6)]),
    ],
)
def test_words_stand_between_spaces_and_carry_their_punctuation(
    text: str, expected: list[tuple[str, float, float]]
) -> None:
    assert words(text) == expected


@pytest.mark.parametrize(
    ("starts", "ends"),
    [
        ([0.0], [1.0, 2.0]),
        ([0.0, 1.0], [1.0]),
        ([1.0, 0.0], [2.0, 1.0]),
        ([0.0, 2.0], [1.0, 1.5]),
        ([-1.0, 0.0], [0.0, 1.0]),
        ([0.0, float("nan")], [1.0, 2.0]),
        ([0.0, 1.0], [1.0, float("inf")]),
    ],
)
def test_times_that_cannot_be_tell_no_words(starts: list[float], ends: list[float]) -> None:
    assert timed_words(["a", "b"], starts, ends) == ()


def test_an_empty_sign_among_the_characters_is_passed_over() -> None:
    assert timed_words(["a", "", "b"], [0.0, 1.0, 1.0], [1.0, 1.0, 2.0]) == (
        TimedWord(text="a", start=0.0, end=1.0),
        TimedWord(text="b", start=1.0, end=2.0),
    )
