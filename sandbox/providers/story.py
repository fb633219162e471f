"""A story from an idea: a small arc of shots, each with its moment, its light and its camera."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from sandbox.providers.brief import NUMBER, Brief, summary_in
from sandbox.providers.documents import as_text

DEFAULT_SHOTS = 3
DEFAULT_SECONDS = 4.5
MAX_SHOTS = 12

#: (title, picture, camera, narration). "{idea}" begins as the words did, "{Idea}" with a capital.
BEATS: tuple[tuple[str, str, str, str], ...] = (
    ("Before it begins", "A hushed world just waking: {idea}, seen from far away, thin mist lying over everything",
     "slow push in from a wide shot", "It begins quietly, before anyone is watching."),
    ("The first sign",
     "Close on the first sign of change: {idea}, small movements, fine textures, warm light on the edges",
     "macro, drifting hand-held", "Then something stirs."),
    ("The turning point", "The moment everything turns: {idea}, sparks of colour sweeping through the frame",
     "orbit, rising as it circles", "And nothing is as it was."),
    ("At full strength", "{Idea}, at full strength, filling the frame, wind and light around every outline",
     "low angle, tracking alongside", "Now there is no turning back."),
    ("What remains", "Afterglow: {idea}, calm now and changed for good, the last light settling over the scene",
     "crane up and away, then hold", "What remains is light."),
)  # fmt: skip
#: Which beats a film of so many shots has.
ARCS = {1: (2,), 2: (0, 4), 3: (0, 2, 4), 4: (0, 1, 2, 4), 5: (0, 1, 2, 3, 4)}
CAMERAS = (
    "steady wide shot",
    "slow dolly left",
    "over-the-shoulder, shallow focus",
    "tilt up",
    "long lens, held still",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One shot of a story. `narration` is "" where nobody asked for a voice."""

    title: str
    prompt: str
    camera: str
    seconds: float
    narration: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    title: str
    logline: str
    idea: str
    scenes: tuple[Scene, ...]
    music: str = ""


def idea_in(words: str) -> str:
    """The idea without what is said about length, shots and politeness."""
    idea = " ".join(words.split())
    idea = re.sub(
        rf"\b(in|over|about|for|lasting)?\s*(about\s+)?{NUMBER}[\s-]*(seconds?|secs?|s|minutes?|mins?)\b(\s+long)?",
        " ",
        idea,
        flags=re.IGNORECASE,
    )
    idea = re.sub(
        rf"\b(in|with|as|across)?\s*{NUMBER}[\s-]+(\w+[\s-]+)?(shots?|scenes?|clips?)\b", " ", idea, flags=re.IGNORECASE
    )
    idea = re.sub(
        r"^\s*(please\s+)?(can you\s+|could you\s+)?(make|create|plan|film|shoot|give me|i want|i'd like)\s+(me\s+)?",
        "",
        idea,
        flags=re.IGNORECASE,
    )
    idea = re.sub(
        r"^\s*(an?|the)?\s*(\w+\s+)?(film|video|movie|clip)\s+(of|about|where|in which)\s+",
        "",
        idea,
        flags=re.IGNORECASE,
    )
    idea = re.sub(r"[\s,]*\b(?:and|with)\s+(?:some\s+)?(?:[\w-]+\s+){0,3}music\b", "", idea, flags=re.IGNORECASE)
    idea = re.sub(r"[\s,]*\bwith\s+(an?\s+)?(narrat\w+|voice[\s-]?over|voice)\b", "", idea, flags=re.IGNORECASE)
    idea = re.sub(r"\s+([,.;])", r"\1", idea)
    idea = re.sub(r"([,;.]\s*)+$", "", re.sub(r"[,;]\s*(?=[,;.])", "", idea))
    return re.sub(r"\s+", " ", idea).strip(" ,;.-") or "something nobody has seen before"


def title_of(idea: str) -> str:
    small = {"a", "an", "the", "of", "in", "on", "at", "to", "and", "that", "who", "which", "with", "into", "by", "for"}
    words = re.findall(r"[\w'’-]+", idea)[:7]
    while words and words[-1].lower() in small:
        words.pop()
    titled = [word if n and word.lower() in small else word[:1].upper() + word[1:] for n, word in enumerate(words)]
    return " ".join(titled) or "Untitled"


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def seconds_of(count: int, brief: Brief, fit: Callable[[float], float]) -> list[float]:
    """How long each of `count` shots is, in lengths that `fit` allows, in sum as near as can be to what was asked."""
    total = brief.asked_seconds
    if total is None:
        return [fit(4.0 if n % 2 else 5.0) for n in range(count)]
    lengths: list[float] = []
    for left in range(count, 0, -1):
        share = (total - sum(lengths)) / left
        lengths.append(fit(float(round(share)) or 1.0))
    return lengths


def count_of(brief: Brief, least: int, most: int, longest: float | None) -> int:
    """How many shots: as asked, else as many as the length asks for."""
    count = brief.asked_shots
    if count is None:
        total = brief.asked_seconds
        count = DEFAULT_SHOTS if total is None else max(1, round(total / DEFAULT_SECONDS))
        if total is not None and longest:
            count = max(count, -int(-total // longest))
    return max(least, min(most, MAX_SHOTS, count))


def tell(brief: Brief, count: int, fit: Callable[[float], float]) -> Story:
    idea = idea_in(brief.words or as_text(brief.find("idea")))
    seen = summary_in(brief).split(". ")[0].strip().rstrip(".")
    flavour = f", in the spirit of the footage: {seen[:1].lower() + seen[1:]}" if seen else ""
    spoken = re.search(
        r"\b(narrat\w+|voice[\s-]?over|voiceover|a voice|narrator|says|speaks|spoken)\b", brief.words, re.IGNORECASE
    )
    lengths = seconds_of(count, brief, fit)
    scenes = []
    for number, seconds in enumerate(lengths):
        title, picture, camera, line = _beat(number, count)
        prompt = picture.replace("{idea}", idea).replace("{Idea}", capital(idea)) + flavour + "."
        scenes.append(
            Scene(title=title, prompt=prompt, camera=camera, seconds=seconds, narration=line if spoken else "")
        )
    # Without the number of shots: nobody rewrites a logline when one is added.
    logline = f"{capital(idea)}: from the first stillness to what remains."
    wanted = re.search(r"\b(?:with|and)\s+(?:some\s+)?((?:[\w-]+\s+){0,3}music)\b", brief.words, re.IGNORECASE)
    music = wanted[1] if wanted and not re.match(r"(?:no|without)\b", wanted[1], re.IGNORECASE) else ""
    return Story(title=title_of(idea), logline=logline, idea=idea, scenes=tuple(scenes), music=music)


def _beat(number: int, count: int) -> tuple[str, str, str, str]:
    if count in ARCS:
        return BEATS[ARCS[count][number]]
    if number == 0:
        return BEATS[0]
    if number == count - 1:
        return BEATS[-1]
    title, picture, camera, line = BEATS[1 + (number - 1) % 3]
    if number > 3:
        title, camera = f"{title}, again", CAMERAS[number % len(CAMERAS)]
    return title, picture, camera, line
