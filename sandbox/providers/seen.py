"""What a film that was looked at has to say for itself, by the names that fields of an analysis have."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sandbox.providers.brief import Brief
from sandbox.providers.eyes import Look, Scene


def summary(looks: Sequence[Look], words: str) -> str:
    """A few sentences of measured facts, and the question they were asked for with."""
    if not looks:
        return ""
    look = looks[0]
    size = f"{look.shape}, {look.width}×{look.height}"
    if look.duration > 0:
        sound = "with sound" if look.has_sound else "without sound"
        size = f"{look.duration:.1f} seconds, {size} at {look.fps:g} fps, {sound}"
    elif len(look.scenes) > 1:
        size = f"{len(look.scenes)} pictures, {size}, from {look.scenes[0].start:g} s to {look.scenes[-1].start:g} s"
    told = f"{_arc(look.scenes)} {size[:1].upper() + size[1:]}."
    question = " ".join(words.split())[:200].rstrip(".")
    return f"{told} Seen with this in mind: {question}." if question else told


def _arc(scenes: Sequence[Scene]) -> str:
    if not scenes:
        return "Hard to see."
    if len(scenes) == 1:
        return f"{scenes[0].words[:1].upper() + scenes[0].words[1:]}, in one take."
    return f"From {scenes[0].words} to {scenes[-1].words}, in {len(scenes)} scenes."


def moments(looks: Sequence[Look], most: int) -> list[dict[str, object]]:
    """The scenes as facts by field names; one long take is told at its beginning, middle and end."""
    if not looks:
        return []
    scenes = list(looks[0].scenes)
    if len(scenes) == 1 and looks[0].duration > 1:
        only, end = scenes[0], looks[0].duration
        begin = only.start
        thirds = [(begin, "It opens on"), (begin + end / 3, "It goes on with"), (begin + end * 2 / 3, "It ends on")]
        return [_facts(round(at, 2), round(at + end / 3, 2), f"{lead} {only.words}", only) for at, lead in thirds][
            :most
        ]
    return [_facts(scene.start, scene.end, f"Scene {n}: {scene.words}", scene) for n, scene in enumerate(scenes, 1)][
        :most
    ]


def is_speech(name: str) -> bool:
    """Whether a list of that name is of what people say: in the sandbox's films nobody speaks, so it stays empty."""
    return re.search(r"speech|said|spoken|transcript|dialog", name, re.IGNORECASE) is not None


def _facts(start: float, end: float, what: str, scene: Scene) -> dict[str, object]:
    return {
        "at": start, "time": start, "start": start, "timestamp": start, "end": end, "duration": round(end - start, 2),
        "what": what, "description": what, "summary": what,
        "title": f"{scene.colour} and {scene.movement}".capitalize(),
        "caption": what, "mood": scene.light, "colour": scene.colour, "color": scene.colour, "label": scene.colour,
    }  # fmt: skip


def told(name: str, brief: Brief) -> str | None:
    """The text for an analysis's field of that name; `None` where no film was shown, or the name says nothing."""
    if not brief.looks or not brief.looks[0].scenes:
        return None
    look = brief.looks[0]
    scene = look.scenes[0]
    if re.search(r"summary|description|overview|what|synopsis|content", name):
        return summary(brief.looks, brief.words)
    if re.search(r"mood|tone|atmosphere|feeling", name):
        return f"{scene.light} and {scene.movement}"
    if re.search(r"look|style|palette|visual|colou?r|light", name):
        colours = ", ".join(dict.fromkeys(each.colour for each in look.scenes))
        return f"{scene.light.capitalize()}, {scene.movement}, mostly {colours}; {look.shape} frame"
    if re.search(r"sound|audio|music|speech|voice", name):
        if not look.duration:
            return "Pictures make no sound."
        return "There is sound throughout." if look.has_sound else "Silent: there is no sound track."
    if re.search(r"title|name", name):
        return f"{scene.colour} {('film' if look.duration else 'picture')}".capitalize()
    if re.search(r"pace|rhythm|motion|movement|camera", name):
        return scene.movement
    return None


def measured(name: str, brief: Brief) -> float | None:
    if not brief.looks:
        return None
    look = brief.looks[0]
    names = {
        "duration": look.duration,
        "seconds": look.duration,
        "width": look.width,
        "height": look.height,
        "fps": look.fps,
    }
    if re.search(r"cuts", name):
        return len(look.scenes) - 1
    if re.search(r"scenes|count", name):
        return len(look.scenes)
    return next((value for key, value in names.items() if key in name), None)


def words_for(name: str, brief: Brief) -> list[str]:
    """A few words for a list of texts: colours and moods of a film, else the longer words of what was said."""
    if re.search(r"question|warning|issue|problem|risk", name):
        return []
    if brief.looks:
        found = [
            word
            for look in brief.looks
            for scene in look.scenes
            for word in (scene.colour, scene.light, scene.movement)
        ]
        return list(dict.fromkeys(found))
    return list(dict.fromkeys(re.findall(r"[a-z]{4,}", brief.words.lower())))[:6]
