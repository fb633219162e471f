"""What of a film is not as it was planned although it was made: told on its cards, and in its receipt."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum


class NoteKind(StrEnum):
    VOICE_MISSING = "voice_missing"
    EFFECT_MISSING = "effect_missing"
    MUSIC_MISSING = "music_missing"
    PICTURE_HELD = "picture_held"  # its last picture stands still while the words go on
    LEFT_OUT = "left_out"  # a shot that its owner chose to finish without
    CAPTIONS_SOFT = "captions_soft"  # asked for in the picture, but in a script that we have no letters for


#: What each part of the making may note; a part that runs again replaces what it noted before.
OF_VOICE = (NoteKind.VOICE_MISSING, NoteKind.PICTURE_HELD)
OF_SOUND = (NoteKind.EFFECT_MISSING, NoteKind.MUSIC_MISSING)
OF_CUT = (NoteKind.LEFT_OUT, NoteKind.CAPTIONS_SOFT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One such thing. `shot` counts from 1; `reason` is an error class's name; `seconds` is how long, where that says
    something.
    """

    kind: NoteKind
    shot: int | None = None
    reason: str = ""
    seconds: float | None = None


def to_json(notes: Iterable[Note]) -> str:
    return json.dumps([asdict(note) for note in notes])


def from_json(text: str | None) -> tuple[Note, ...]:
    return tuple(Note(**{**note, "kind": NoteKind(note["kind"])}) for note in json.loads(text or "[]"))


def replaced(notes: Iterable[Note], kinds: Collection[NoteKind], new: Iterable[Note]) -> tuple[Note, ...]:
    """The notes with those of `kinds` replaced by `new`."""
    return (*(note for note in notes if note.kind not in kinds), *new)
