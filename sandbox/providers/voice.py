"""Voices that are real: syllables of pulsed formants, as long as their text would take to say, encoded as asked.

Every word begins with a clear onset at the time that its first character is said to begin, and silence lies between
words: whoever places captions by the told times can be held against the sound.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import sys
import tempfile
import unicodedata
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, pi, sin
from pathlib import Path

from sandbox.providers.film import run_ffmpeg
from sandbox.providers.scenery import seed_of

RATE = 22_050
#: How fast a narrator reads, on the whole.
CHARACTERS_PER_SECOND = 14.0
#: Seconds of silence before the first word, of a letter, of a syllable that is one character, and of the silences.
LEAD, LETTER, SYLLABLE, SPACE = 0.08, 0.06, 0.2, 0.12
PAUSES = {",": 0.1, ";": 0.12, ":": 0.12, ".": 0.2, "!": 0.2, "?": 0.2, "\n": 0.2, "。": 0.2, "、": 0.1}
#: First and second formant of a, e, i, o, u, in Hz.
VOWELS = {"a": (730, 1090), "e": (530, 1840), "i": (270, 2290), "o": (570, 840), "u": (300, 870)}
_BREATH = 0.4
_ATTACK = 40  # samples in which a word's sound is there


@dataclass(frozen=True, slots=True)
class Spoken:
    """Encoded audio and when each character begins and ends, in seconds."""

    audio: bytes
    starts: list[float]
    ends: list[float]


def is_spoken(character: str) -> bool:
    return unicodedata.category(character)[0] in "LNM"


def seconds_of(character: str) -> float:
    """How long a character takes, with sound or without."""
    if is_spoken(character):
        return SYLLABLE if unicodedata.category(character) == "Lo" else LETTER
    return PAUSES.get(character, SPACE if character.isspace() else 0.02)


def timing(text: str) -> tuple[list[float], list[float]]:
    """When each character begins and ends."""
    edges = list(itertools.accumulate(map(seconds_of, text), initial=LEAD))
    return [round(edge, 3) for edge in edges[:-1]], [round(edge, 3) for edge in edges[1:]]


def duration_of(text: str) -> float:
    """Seconds that saying `text` takes; at least a breath."""
    return max(_BREATH, LEAD + sum(map(seconds_of, text)))


def samples(text: str, voice: str) -> array[int]:
    """The sound of `text` as 16-bit samples; each `voice` has its own pitch."""
    dice = random.Random(seed_of(text))
    pitch = 95 + seed_of(voice) % 110
    sound: array[int] = array("h", [0] * int(duration_of(text) * RATE))
    begun = False
    for number, (letter, start, end) in enumerate(zip(text.lower(), *timing(text), strict=False)):
        if not is_spoken(letter):
            begun = begun and not letter.isspace()
            continue
        at, count = round(start * RATE), round(end * RATE) - round(start * RATE)
        tone = pitch * (1 - 0.12 * number / len(text)) * dice.uniform(0.94, 1.08)
        if seconds_of(letter) == SYLLABLE:
            count = count * 3 // 4  # the rest is silence: each syllable has an onset
        sound[at : at + count] = _said(letter, tone, count, dice, opens=not begun or seconds_of(letter) == SYLLABLE)
        begun = True
    return sound


def _said(letter: str, tone: float, count: int, dice: random.Random, *, opens: bool) -> array[int]:
    """One letter; the one that opens a word is always voiced, and loud at once."""
    if letter in "sfxzckt" and not opens:
        return array("h", _hiss(dice, count))
    vowel = letter if letter in VOWELS else "u"
    level = 1.0 if opens or letter in VOWELS else 0.45
    return array("h", _vowel(vowel, tone, count, level, attack=_ATTACK if opens else count // 6))


def _vowel(vowel: str, pitch: float, count: int, level: float, attack: int) -> list[int]:
    """Glottal pulses through two formants: one period, repeated under an envelope."""
    first, second = VOWELS[vowel]
    period = max(40, int(RATE / pitch))
    wave = [
        exp(-n / 60) * (sin(2 * pi * first * n / RATE) + 0.5 * sin(2 * pi * second * n / RATE)) for n in range(period)
    ]
    release = count // 6
    return [int(7_500 * level * min(1.0, n / attack, (count - n) / release) * wave[n % period]) for n in range(count)]


def _hiss(dice: random.Random, count: int) -> list[int]:
    return [int(dice.uniform(-1, 1) * 1_800 * min(1.0, (count - n) / count * 2)) for n in range(count)]


async def speak(text: str, voice: str, output: Sequence[str]) -> Spoken:
    """Say `text`; `output` are ffmpeg's words for the encoding."""
    sound = await asyncio.to_thread(samples, text, voice)
    if sys.byteorder == "big":
        sound.byteswap()
    raw = ["-v", "error", "-f", "s16le", "-ar", str(RATE), "-ac", "1", "-i", "pipe:0"]
    audio = await encoded([*raw, *output], fed=sound.tobytes())
    starts, ends = timing(text)
    return Spoken(audio, starts, ends)


async def encoded(arguments: Sequence[str], fed: bytes | None = None) -> bytes:
    """What ffmpeg makes of its `arguments`, by way of a file.

    Into a pipe it could not go back to write an mp3's first frame, which tells players what the encoder put before the
    sound (25 ms): every word would be late by that.
    """
    with tempfile.TemporaryDirectory(prefix="sandbox-sound-") as directory:
        path = Path(directory, "sound")
        await run_ffmpeg([*arguments, str(path)], fed=fed)
        return await asyncio.to_thread(path.read_bytes)
