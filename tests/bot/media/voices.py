"""Draws sounds that are modulated as speech and as music are, for tests of what tells them apart."""

from __future__ import annotations

import array
import math
import random
import wave
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

RATE = 16_000
_VOWELS = ((730, 1090, 2440), (270, 2290, 3010), (300, 870, 2240), (530, 1840, 2480), (570, 840, 2410))  # formants, Hz


def write(path: Path, samples: list[float]) -> Path:
    peak = max(map(abs, samples)) or 1.0
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(array.array("h", (int(sample / peak * 16_000) for sample in samples)).tobytes())
    return path


def speech(seconds: float, *, seed: int = 1, pitch: float = 120.0) -> list[float]:
    """Syllables of a hiss and a vowel, three to six a second, in phrases with pauses."""
    chance = random.Random(seed)
    samples: list[float] = []
    while len(samples) < seconds * RATE:
        for _ in range(chance.randint(3, 8)):
            samples += _hiss(chance.uniform(0.04, 0.1), chance)
            samples += _vowel(chance.uniform(0.09, 0.2), pitch * chance.uniform(0.85, 1.2), chance.choice(_VOWELS))
            samples += [0.0] * int(chance.uniform(0.01, 0.06) * RATE)
        samples += [0.0] * int(chance.uniform(0.2, 0.5) * RATE)
    return samples[: int(seconds * RATE)]


def music(seconds: float, *, beat: float = 0.25) -> list[float]:
    """Chords that ring, a note on every beat that fades, and a tick of noise with it."""
    chance = random.Random(2)
    chords = ((220, 277, 330), (196, 247, 294), (175, 220, 262), (165, 208, 247))
    samples = []
    for number in range(int(seconds * RATE)):
        now = number / RATE
        chord = chords[int(now / (8 * beat)) % 4]
        since = now % beat
        note = chord[int(now / beat) % 3] * 2
        pad = sum(math.sin(2 * math.pi * tone * now) for tone in chord) / 6
        plucked = math.sin(2 * math.pi * note * now) * math.exp(-since * 6) * 0.6
        tick = chance.uniform(-1, 1) * math.exp(-since * 80) * 0.3
        samples.append(pad + plucked + tick)
    return samples


def _vowel(seconds: float, pitch: float, formants: tuple[int, int, int]) -> list[float]:
    voiced = [0.0] * int(seconds * RATE)
    for overtone in range(1, 26):
        tone = pitch * overtone
        gain = sum(
            loud / (1 + ((tone - formant) / 90) ** 2) for formant, loud in zip(formants, (1, 0.6, 0.3), strict=True)
        )
        if gain > 0.02:
            turn = 2 * math.pi * tone / RATE
            voiced = [sample + gain * math.sin(turn * number) for number, sample in enumerate(voiced)]
    return _shape(voiced)


def _hiss(seconds: float, chance: random.Random) -> list[float]:
    before = 0.0
    samples = []
    for _ in range(int(seconds * RATE)):
        now = chance.uniform(-1, 1)
        samples.append((now - before) * 0.25)
        before = now
    return _shape(samples)


def _shape(samples: list[float]) -> list[float]:
    return [sample * math.sin(math.pi * number / len(samples)) for number, sample in enumerate(samples)]
