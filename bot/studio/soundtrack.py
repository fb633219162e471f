"""What a film lets hear beside its clips: narration, noises and music; whether the words fit, and what it all costs."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from bot.studio.casting import Casting
from bot.studio.model import Plan
from providers.catalogue import MusicModel, SoundModel, SpeechModel

#: Words a second of a calm narrator, and syllables a second where a script parts no words (Han, Kana, Hangul, Thai).
WORDS_A_SECOND = 2.5
SYLLABLES_A_SECOND = 5.0
#: Seconds that words may run over by our estimate before somebody is told: an estimate is no better than that.
TOLERANCE = 0.5

_UNPARTED = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundOffer:
    """The models that speak, play and make noises here; `None` where there is none."""

    voice: SpeechModel | None = None
    music: MusicModel | None = None
    effects: SoundModel | None = None


def spoken_seconds(text: str) -> float:
    """How long it takes about to say `text`."""
    syllables = len(_UNPARTED.findall(text))
    words = len(_UNPARTED.sub(" ", text).split())
    return words / WORDS_A_SECOND + syllables / SYLLABLES_A_SECOND


def overruns(castings: Collection[Casting]) -> dict[int, float]:
    """The shots whose words take longer than their picture lasts, with the seconds that the words take about."""
    needed = {casting.number: spoken_seconds(casting.shot.narration) for casting in castings}
    return {
        casting.number: needed[casting.number]
        for casting in castings
        if needed[casting.number] > casting.duration + TOLERANCE
    }


def has_effect(casting: Casting) -> bool:
    """Whether the shot's sound is made apart: asked for, and the model makes a silent clip."""
    return bool(casting.shot.sound) and not casting.model.native_audio


def effect_price(model: SoundModel, casting: Casting) -> int:
    """Micro-dollars for a shot's noise, by a model whose price is known."""
    price = model.price_microusd(casting.duration)
    assert price is not None, "what has no price is not offered"
    return price


def sound_price(plan: Plan, castings: Collection[Casting], offer: SoundOffer) -> int:
    """Micro-dollars for everything that is heard beside the clips: at most, as all of it was never made before."""
    price = 0
    if offer.voice is not None:
        price += sum(offer.voice.price_microusd(len(shot.narration)) for shot in plan.shots)
    if offer.effects is not None:
        price += sum(effect_price(offer.effects, casting) for casting in castings if has_effect(casting))
    if offer.music is not None and plan.music:
        price += offer.music.price_microusd(sum(casting.duration for casting in castings))
    return price
