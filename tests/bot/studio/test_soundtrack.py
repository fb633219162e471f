"""What a film lets hear: whether the words fit, and what it costs."""

from __future__ import annotations

import pytest

from bot.studio.casting import cast
from bot.studio.soundtrack import SoundOffer, music_seconds, overruns, sound_price, soundtrack, spoken_seconds
from tests.bot.studio.samples import CATALOGUE, OMNI, plan, shot

EVERYTHING = SoundOffer(voice=CATALOGUE.speech[0], music=CATALOGUE.music[0], effects=CATALOGUE.sound[0])


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("", 0.0), ("one two three four five", 2.0), ("こんにちは世界", 1.4), ("안녕하세요", 1.0), ("hi 世界", 0.8)],
)
def test_words_and_syllables_take_time(text: str, seconds: float) -> None:
    assert spoken_seconds(text) == pytest.approx(seconds)


def test_a_shot_whose_words_take_longer_than_its_picture_is_found() -> None:
    castings = cast(plan(shot(narration="word " * 10), shot(narration="word " * 20), shot()), CATALOGUE)

    assert overruns(castings) == {2: 8.0}


def test_all_sound_is_priced_where_it_is_on_offer() -> None:
    film = plan(shot(narration="a" * 1000, sound="rain"), shot(sound="wind"), music="piano")
    castings = cast(film, CATALOGUE)
    alone = [
        sound_price(film, castings, SoundOffer(voice=EVERYTHING.voice)),
        sound_price(film, castings, SoundOffer(music=EVERYTHING.music)),
        sound_price(film, castings, SoundOffer(effects=EVERYTHING.effects)),
    ]

    assert alone[0] == 80_000
    assert all(alone)
    assert sound_price(film, castings, EVERYTHING) == sum(alone)
    assert sound_price(film, castings, SoundOffer()) == 0


def test_recordings_made_before_are_not_paid_again() -> None:
    film = plan(shot(narration="a" * 1000, sound="rain"), music="piano")
    castings = cast(film, CATALOGUE)
    voice, noise, music = soundtrack(film, castings, EVERYTHING)

    assert sound_price(film, castings, EVERYTHING, {voice.name, music.name}) == noise.price_microusd
    assert sound_price(film, castings, EVERYTHING, {voice.name, noise.name, music.name}) == 0


def test_music_is_priced_in_the_length_that_is_ordered() -> None:
    castings = cast(plan(shot(duration=2)), CATALOGUE)
    model = CATALOGUE.music[0]

    assert music_seconds(castings) == 3.0
    assert sound_price(
        plan(shot(duration=2), music="piano"), castings, SoundOffer(music=model)
    ) == model.price_microusd(3.0)


def test_noises_of_a_model_that_makes_its_own_cost_nothing() -> None:
    film = plan(shot(sound="rain"), model=OMNI.id)

    assert sound_price(film, cast(film, CATALOGUE), EVERYTHING) == 0
