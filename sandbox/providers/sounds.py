"""Noises and music that are real: filtered noise with a shape, chords in a row, as long as was asked."""

from __future__ import annotations

from collections.abc import Sequence

from sandbox.providers.scenery import seed_of
from sandbox.providers.voice import encoded

#: Roots of a progression in Hz, by the mood that the seed picks; each chord lasts a bar.
_PROGRESSIONS = (
    ((220.0, "minor"), (174.6, "major"), (261.6, "major"), (196.0, "major")),
    ((261.6, "major"), (196.0, "major"), (220.0, "minor"), (174.6, "major")),
    ((146.8, "minor"), (233.1, "major"), (174.6, "major"), (261.6, "major")),
)
_THIRDS = {"minor": 1.1892, "major": 1.2599}
_FIFTH, _BAR, _RATE = 1.4983, 2.0, 44_100
_COLOURS = ("pink", "brown", "white")


async def noise(prompt: str, seconds: float, output: Sequence[str]) -> bytes:
    """A noise whose colour and pitch are the prompt's own, rising at once and dying away."""
    seed = seed_of(prompt)
    low, high = 120 + seed % 400, 2_000 + seed % 6_000
    source = f"anoisesrc=d={seconds:.3f}:c={_COLOURS[seed % 3]}:r={_RATE}:seed={seed % 2**31}:a=0.5"
    shape = f"highpass=f={low},lowpass=f={high},tremolo=f={1 + seed % 7}:d=0.6"
    fade = f"afade=t=in:d=0.02,afade=t=out:st={max(0.0, seconds * 0.7):.3f}:d={seconds * 0.3:.3f}"
    return await encoded(["-v", "error", "-f", "lavfi", "-i", f"{source},{shape},{fade}", *output])


async def music(prompt: str, seconds: float, output: Sequence[str]) -> bytes:
    """Four chords that go round, one a bar, until the time is over."""
    chords = _PROGRESSIONS[seed_of(prompt) % len(_PROGRESSIONS)]
    bars = "+".join(f"gte(t,{n * _BAR})*lt(t,{(n + 1) * _BAR})*({_chord(*chord)})" for n, chord in enumerate(chords))
    round_trip = _BAR * len(chords)
    pluck = f"exp(-0.6*mod(t,{_BAR}/4))*min(1,80*mod(t,{_BAR}/4))"
    source = f"aevalsrc='0.16*({bars})*{pluck}':s={_RATE}:d={round_trip}"
    loop = f"aloop=loop=-1:size={int(round_trip * _RATE)},atrim=0:{seconds:.3f}"
    return await encoded(["-v", "error", "-f", "lavfi", "-i", f"{source},{loop}", *output])


def _chord(root: float, kind: str) -> str:
    tones = (root / 2, root, root * _THIRDS[kind], root * _FIFTH)
    return "+".join(f"sin(2*PI*{tone:.2f}*t)" for tone in tones)
