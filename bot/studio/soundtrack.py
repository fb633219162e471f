"""What a film lets hear beside its clips: narration, noises and music; whether the words fit, and what it all costs.

A recording is named by what is heard in it, so that the same is made once for a film.
"""

from __future__ import annotations

import hashlib
import json
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
#: Seconds of music that the service can make: ElevenLabs, 2026-08.
MUSIC_SECONDS = (3.0, 600.0)

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


def music_seconds(castings: Collection[Casting]) -> float:
    """How much music to order for a film: the service makes no less and no more than some."""
    return min(max(float(sum(casting.duration for casting in castings)), MUSIC_SECONDS[0]), MUSIC_SECONDS[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """A recording of a film: the name of its file, and what it costs at most."""

    name: str
    price_microusd: int


def soundtrack(plan: Plan, castings: Collection[Casting], offer: SoundOffer) -> list[Heard]:
    """Everything that is to be heard beside the clips. The same words in two shots are counted twice: the first may
    come to nothing.
    """
    heard = []
    if (voice := offer.voice) is not None:
        heard += [
            Heard(name=voice_name(plan.voice, shot.narration), price_microusd=voice.price_microusd(len(shot.narration)))
            for shot in plan.shots
            if shot.narration
        ]
    if (effects := offer.effects) is not None:
        heard += [
            Heard(name=effect_name(casting), price_microusd=effect_price(effects, casting))
            for casting in castings
            if has_effect(casting)
        ]
    if (music := offer.music) is not None and plan.music:
        price = music.price_microusd(music_seconds(castings))
        heard.append(Heard(name=music_name(plan, castings), price_microusd=price))
    return heard


def sound_price(plan: Plan, castings: Collection[Casting], offer: SoundOffer, kept: Collection[str] = ()) -> int:
    """Micro-dollars for everything that is heard, at most; `kept` names recordings that were made and paid before."""
    return sum(each.price_microusd for each in soundtrack(plan, castings, offer) if each.name not in kept)


def voice_name(voice: str, text: str) -> str:
    """A line's file: named by who says it and what is said."""
    return _name("voice", voice, text)


def effect_name(casting: Casting) -> str:
    return _name("effect", casting.shot.sound, str(casting.duration))


def music_name(plan: Plan, castings: Collection[Casting]) -> str:
    return _name("music", plan.music, str(sum(casting.duration for casting in castings)))


def _name(kind: str, *facts: str) -> str:
    return f"{kind}-{hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]}.mp3"
