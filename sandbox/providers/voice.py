"""Voices that are real: syllables of pulsed formants, as long as their text would take to say, encoded as asked."""

from __future__ import annotations

import random
import sys
from array import array
from dataclasses import dataclass
from math import exp, pi, sin

from sandbox.providers.film import run_ffmpeg
from sandbox.providers.scenery import seed_of

RATE = 22_050
#: How fast a narrator reads.
CHARACTERS_PER_SECOND = 14.0
#: First and second formant of a, e, i, o, u, in Hz.
VOWELS = {"a": (730, 1090), "e": (530, 1840), "i": (270, 2290), "o": (570, 840), "u": (300, 870)}
_PAUSES = ".,;:!?-\n"


@dataclass(frozen=True, slots=True)
class Spoken:
    """Encoded audio and when each character begins and ends, in seconds."""

    audio: bytes
    starts: list[float]
    ends: list[float]


def duration_of(text: str) -> float:
    """Seconds that saying `text` takes; at least a breath."""
    return max(0.4, len(text) / CHARACTERS_PER_SECOND)


def timing(text: str) -> tuple[list[float], list[float]]:
    step = duration_of(text) / max(1, len(text))
    return [round(n * step, 3) for n in range(len(text))], [round((n + 1) * step, 3) for n in range(len(text))]


def samples(text: str, voice: str) -> array[int]:
    """The sound of `text` as 16-bit samples; each `voice` has its own pitch."""
    dice = random.Random(seed_of(text))
    pitch = 95 + seed_of(voice) % 110
    sound: array[int] = array("h")
    per_character = int(RATE / CHARACTERS_PER_SECOND)
    for number, letter in enumerate(text.lower()):
        fall = 1 - 0.12 * number / max(1, len(text))
        if letter in VOWELS:
            sound.extend(_vowel(letter, pitch * fall * dice.uniform(0.94, 1.08), per_character))
        elif letter in _PAUSES or letter.isspace():
            sound.extend([0] * per_character)
        elif letter in "sfxzckt":
            sound.extend(_hiss(dice, per_character))
        else:
            sound.extend(_vowel("u", pitch * fall, per_character, level=0.45))
    missing = int(duration_of(text) * RATE) - len(sound)
    sound.extend([0] * max(0, missing))
    return sound


def _vowel(vowel: str, pitch: float, count: int, level: float = 1.0) -> list[int]:
    """Glottal pulses through two formants: one period, repeated under an envelope."""
    first, second = VOWELS[vowel]
    period = max(40, int(RATE / pitch))
    wave = [
        exp(-n / 60) * (sin(2 * pi * first * n / RATE) + 0.5 * sin(2 * pi * second * n / RATE)) for n in range(period)
    ]
    edge = count // 6
    return [int(7_500 * level * min(1.0, n / edge, (count - n) / edge) * wave[n % period]) for n in range(count)]


def _hiss(dice: random.Random, count: int) -> list[int]:
    return [int(dice.uniform(-1, 1) * 1_800 * min(1.0, (count - n) / count * 2)) for n in range(count)]


async def speak(text: str, voice: str, output: list[str]) -> Spoken:
    """Say `text`; `output` are ffmpeg's words for the encoding. Blocks the loop for some milliseconds a second said."""
    sound = samples(text, voice)
    if sys.byteorder == "big":
        sound.byteswap()
    raw = ["-v", "error", "-f", "s16le", "-ar", str(RATE), "-ac", "1", "-i", "pipe:0"]
    audio, _ = await run_ffmpeg([*raw, *output, "pipe:1"], fed=sound.tobytes())
    starts, ends = timing(text)
    return Spoken(audio, starts, ends)
