"""Guesses whether somebody speaks, from how sound is modulated; nothing is understood.

Speech differs from music and noise in three ways that need no model (Scheirer and Slaney, "Construction and evaluation
of a robust multifeature speech/music discriminator", ICASSP 1997; Saunders, ICASSP 1996): its level falls between
syllables, so that many moments are far quieter than the mean; syllables come three to eight times a second, but not in
the even beat of music; and hissing consonants alternate with vowels, so that the rate of zero crossings jumps.
A window of two seconds is taken for speech where all of that holds in the band of the voice. Singing over a quiet band
may pass, a voice under loud music may not: it is a hint for a person, nothing is decided by it.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Sequence
from dataclasses import dataclass, field

FRAME_RATE = 50  # measurements a second
_SAMPLES = 16_000
_WINDOW = 2 * FRAME_RATE
_SILENT = 10 ** (-50 / 20)  # amplitudes, 1 the greatest
_AUDIBLE = 10 ** (-45 / 20)

_LOW_MOMENTS = 0.25  # share of moments below half the mean level; a held tone has none, music few
_VOICE_BAND = 0.2  # share of the power between 300 and 3400 Hz
_SYLLABLES = 0.4  # share of the modulation between 2 and 9 Hz
_BEAT = 0.75  # likeness of the level to itself a beat later; more is a rhythm
_HISS = 0.4  # standard deviation of zero crossings, by their mean


@dataclass(frozen=True, slots=True)
class Heard:
    """Shares of 0 to 1: of the time that is silent, and of the sounding time that is modulated as speech is."""

    silence: float
    speech: float


def listen() -> str:
    """The filters that print what `Hearing` reads: the first channel is everything, the second the voice's band."""
    return (
        f"[0:a:0]aresample={_SAMPLES},aformat=channel_layouts=mono,asplit[all][part];"
        "[part]highpass=f=300,lowpass=f=3400[voice];[all][voice]amerge=inputs=2,"
        f"asetnsamples=n={_SAMPLES // FRAME_RATE}:p=0,"
        "astats=metadata=1:reset=1:measure_overall=none:measure_perchannel=RMS_level+Zero_crossings_rate,"
        "ametadata=mode=print:file=-[heard]"
    )


@dataclass(slots=True)
class Hearing:
    """Fed with what ffmpeg prints, line by line."""

    _all: list[float] = field(default_factory=list)
    _voice: list[float] = field(default_factory=list)
    _crossings: list[float] = field(default_factory=list)

    def read(self, line: str) -> None:
        key, _, value = line.partition("=")
        match key:
            case "lavfi.astats.1.RMS_level":
                self._all.append(_amplitude(value))
            case "lavfi.astats.2.RMS_level":
                self._voice.append(_amplitude(value))
            case "lavfi.astats.1.Zero_crossings_rate":
                crossings = float(value)
                self._crossings.append(crossings if math.isfinite(crossings) else 0.0)

    def judge(self) -> Heard:
        moments = min(len(self._all), len(self._voice), len(self._crossings))
        if not moments:
            return Heard(silence=1.0, speech=0.0)
        silent = sum(level < _SILENT for level in self._all)
        sounding = spoken = 0
        for start in range(0, max(1, moments - _WINDOW // 2), FRAME_RATE):
            window = slice(start, min(moments, start + _WINDOW))
            if _rms(self._all[window]) < _AUDIBLE:
                continue
            sounding += 1
            spoken += is_speech(self._all[window], self._voice[window], self._crossings[window])
        return Heard(silence=round(silent / moments, 3), speech=round(spoken / sounding, 3) if sounding else 0.0)


def is_speech(everything: Sequence[float], voice: Sequence[float], crossings: Sequence[float]) -> bool:
    """Judge one window of amplitudes and zero-crossing rates, `FRAME_RATE` a second."""
    return all(value >= least for value, least in measures(everything, voice, crossings))


def measures(
    everything: Sequence[float], voice: Sequence[float], crossings: Sequence[float]
) -> list[tuple[float, float]]:
    """What is measured of a window, each with the least that speech has."""
    mean = sum(voice) / len(voice)
    low = sum(level < mean / 2 for level in voice) / len(voice)
    band = (_rms(voice) / max(1e-9, _rms(everything))) ** 2
    bins = _modulation(voice)
    syllables = sum(power for frequency, power in bins if 2 <= frequency <= 9)
    total = sum(power for _, power in bins) or 1.0
    # where nothing sounds, crossings are those of noise nobody hears
    loud = [rate for rate, level in zip(crossings, everything, strict=True) if level > mean / 4] or [0.0]
    centre = sum(loud) / len(loud)
    spread = math.sqrt(sum((rate - centre) ** 2 for rate in loud) / len(loud)) / max(1e-9, centre)
    return [
        (low, _LOW_MOMENTS),
        (band, _VOICE_BAND),
        (syllables / total, _SYLLABLES),
        (-_beat(voice), -_BEAT),
        (spread, _HISS),
    ]


def _modulation(levels: Sequence[float]) -> list[tuple[float, float]]:
    """Frequency and power of how a level rises and falls, 0.5 to 16 Hz."""
    count = len(levels)
    mean = sum(levels) / count
    bins: list[tuple[float, float]] = []
    for turns in range(1, int(16 * count / FRAME_RATE) + 1):
        turn = cmath.rect(1, -2 * math.pi * turns / count)
        point, total = 1 + 0j, 0j
        for level in levels:
            total += (level - mean) * point
            point *= turn
        bins.append((turns * FRAME_RATE / count, abs(total) ** 2))
    return bins


def _beat(levels: Sequence[float]) -> float:
    """The greatest likeness of a level to itself 0.24 to 1 second later, 1 where it repeats to the letter."""
    mean = sum(levels) / len(levels)
    swing = [level - mean for level in levels]
    best = 0.0
    for later in range(FRAME_RATE * 24 // 100, min(FRAME_RATE, len(swing) // 2) + 1):
        one, other = swing[:-later], swing[later:]
        power = sum(value * value for value in one) * sum(value * value for value in other)
        if power > 0:
            best = max(best, sum(a * b for a, b in zip(one, other, strict=True)) / math.sqrt(power))
    return best


def _amplitude(decibels: str) -> float:
    value = float(decibels)
    return 10 ** (value / 20) if math.isfinite(value) else 0.0


def _rms(values: Sequence[float]) -> float:
    return math.sqrt(sum(value * value for value in values) / max(1, len(values)))
