"""What is said, in the language that is spoken."""

from __future__ import annotations

import asyncio

import pytest

from bot.speech import Language, counted, dollars, lasting, say, shared, speak, speaking, spoken, translated
from bot.ui.wording import enumerated, number


@pytest.mark.parametrize(
    ("locale", "language"),
    [
        ("de", Language.GERMAN),
        ("es-419", Language.SPANISH),
        ("pt-BR", Language.PORTUGUESE),
        ("en-GB", Language.ENGLISH),
        ("pl", Language.ENGLISH),
        ("", Language.ENGLISH),
        (None, Language.ENGLISH),
    ],
)
def test_a_locale_of_discords_is_served_in_the_nearest_language(locale: str | None, language: Language) -> None:
    assert Language.nearest(locale) is language


def test_english_is_said_as_it_stands_in_the_code() -> None:
    assert say("No {such} words.", such="made-up") == "No made-up words."
    assert counted(1, "{number} thing nobody says", "{number} things nobody says") == "1 thing nobody says"
    assert counted(0, "{number} thing nobody says", "{number} things nobody says") == "0 things nobody says"


@pytest.mark.parametrize("language", Language)
def test_words_without_a_translation_are_said_in_english(language: Language) -> None:
    with speaking(language):
        assert say("No such words anywhere.") == "No such words anywhere."
        assert counted(2, "{number} thing nobody says", "{number} things nobody says") == "2 things nobody says"


def test_braces_of_other_people_are_left_alone() -> None:
    assert say("They wrote {words}.", words="{0} and {price}") == "They wrote {0} and {price}."


def test_speaking_ends_where_its_block_does() -> None:
    with speaking(Language.JAPANESE):
        assert spoken() is Language.JAPANESE
    assert spoken() is Language.ENGLISH


async def test_what_one_task_speaks_no_other_does() -> None:
    async def answer(language: Language) -> tuple[Language, Language]:
        speak(language, shared=Language.FRENCH)
        await asyncio.sleep(0)
        return spoken(), shared()

    german, japanese = await asyncio.gather(*(answer(each) for each in (Language.GERMAN, Language.JAPANESE)))

    assert german == (Language.GERMAN, Language.FRENCH)
    assert japanese == (Language.JAPANESE, Language.FRENCH)
    assert (spoken(), shared()) == (Language.ENGLISH, Language.ENGLISH)


def test_a_name_that_is_called_alike_everywhere_has_no_translation() -> None:
    assert translated("no-such-command", Language.GERMAN, context="name") is None


@pytest.mark.parametrize(
    ("language", "price", "large", "list_"),
    [
        (Language.ENGLISH, "$2.40", "12,345.5", "1, 2 and 3"),
        (Language.GERMAN, "2,40\xa0$", "12.345,5", "1, 2 und 3"),
        (Language.FRENCH, "2,40\xa0$US", "12\u202f345,5", "1, 2 et 3"),
        (Language.SPANISH, "2,40\xa0US$", "12.345,5", "1, 2 y 3"),
        (Language.PORTUGUESE, "US$\xa02,40", "12.345,5", "1, 2 e 3"),
        (Language.JAPANESE, "$2.40", "12,345.5", "1、2、3"),
    ],
)
def test_numbers_stand_as_the_language_writes_them(language: Language, price: str, large: str, list_: str) -> None:
    with speaking(language):
        assert dollars(2_399_999) == price
        assert number(12345.5) == large
        assert enumerated([1, 2, 3]) == list_


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-3, "0 s"),
        (0.04, "40 ms"),
        (59, "59 s"),
        (120, "2 min"),
        (7_000, "1 h 57 min"),
        (7_200, "2 h 0 min"),
        (200_000, "2 d 7 h"),
    ],
)
def test_a_span_is_told_in_its_two_largest_units(seconds: float, words: str) -> None:
    assert lasting(seconds) == words
