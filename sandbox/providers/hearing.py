"""What the sandbox hears in a recording: its own voices word for word, anybody else by the energy of the sound.

What was spoken here is remembered by the content of its file. Of other recordings the times of the words are measured,
and the words themselves are made up: nobody listens here.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import random
import secrets
from array import array
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from sandbox.providers.film import run_ffmpeg
from sandbox.providers.voice import Spoken, is_spoken

RATE, FRAME = 8_000, 80  # a frame is 10 ms
#: Silence that parts two words, and the longest stretch of sound taken for one, in frames.
GAP, LONGEST = 5, 60
#: How loud a frame is that somebody speaks in, of 32767, and as a part of the loudest.
QUIET, FAINT = 60.0, 0.06
_WORDS = "and then the light goes over the hill where we wait for a sign that was never far from here so look again"


@dataclass(frozen=True, slots=True)
class Heard:
    """A word and its seconds."""

    word: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Hearing:
    text: str
    words: tuple[Heard, ...]
    seconds: float


def remember(directory: Path, text: str, spoken: Spoken) -> None:
    """Keep what was said in a recording, for who is asked to write it down. Blocks."""
    memory = directory / "spoken"
    memory.mkdir(parents=True, exist_ok=True)
    words = [asdict(word) for word in _words(text, spoken)]
    record = json.dumps({"text": " ".join(text.split()), "words": words})
    (memory / hashlib.sha256(spoken.audio).hexdigest()).write_text(record, encoding="utf-8")


def _words(text: str, spoken: Spoken) -> Iterator[Heard]:
    """Words without their punctuation, as whisper tells them."""
    signs = zip(text, spoken.starts, spoken.ends, strict=True)
    for silent, group in itertools.groupby(signs, key=lambda sign: sign[0].isspace()):
        said = [sign for sign in group if is_spoken(sign[0])]
        if said and not silent:
            yield Heard("".join(sign[0] for sign in said), round(said[0][1], 2), round(said[-1][2], 2))


async def hear(directory: Path, content: bytes) -> Hearing:
    """Raises `DrawingFailed` where there is no sound in it."""
    path = directory / f"heard-{secrets.token_hex(6)}"
    path.write_bytes(content)
    try:
        arguments = ["-v", "error", "-i", str(path), "-vn", "-f", "s16le", "-ac", "1", "-ar", str(RATE), "pipe:1"]
        raw, _ = await run_ffmpeg(arguments)
    finally:
        path.unlink()
    seconds = round(len(raw) / 2 / RATE, 2)
    record = directory / "spoken" / hashlib.sha256(content).hexdigest()
    if record.exists():
        known = json.loads(record.read_text(encoding="utf-8"))
        return Hearing(known["text"], tuple(Heard(**word) for word in known["words"]), seconds)
    words = tuple(_made_up(raw))
    return Hearing(" ".join(word.word for word in words), words, seconds)


def _made_up(raw: bytes) -> Iterator[Heard]:
    dice = random.Random(hashlib.sha256(raw).digest())
    for start, end in _stretches(_loudness(raw)):
        yield Heard(dice.choice(_WORDS.split()), round(start * FRAME / RATE, 2), round(end * FRAME / RATE, 2))


def _loudness(raw: bytes) -> list[float]:
    """The mean level of each frame."""
    sound = array("h", raw[: len(raw) // 2 * 2])
    return [sum(map(abs, sound[at : at + FRAME])) / FRAME for at in range(0, len(sound) - FRAME + 1, FRAME)]


def _stretches(levels: list[float]) -> Iterator[tuple[int, int]]:
    """Frames from which to which somebody speaks, a word at a time."""
    least = max(QUIET, FAINT * max(levels, default=0.0))
    start, last = None, 0
    for frame, level in enumerate([*levels, *([0.0] * (GAP + 1))]):
        if level >= least:
            start, last = frame if start is None else start, frame
        if start is not None and (frame - last >= GAP or frame - start >= LONGEST):
            yield start, last + 1
            start = None
