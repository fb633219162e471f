"""What people read about a film that is not quite as it could be: what was left out, and how its video was seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.production.notes import Note, NoteKind
from bot.studio.model import Analysis, Sight

#: Why something small is missing, by the error's class; a film is whole without it, so nobody has to do anything now.
_REASONS = {
    "Paused": "the operator has paused its service.",
    "LeaseTimeout": "its service had no room for us in time.",
    "NoUsableKey": "none of this bot's keys for its service works; tell the operator.",
    "RateLimited": "its service was at its limit.",
    "QuotaExhausted": "this bot's quota there is used up, or its plan does not include that; tell the operator.",
    "KeyRejected": "its service no longer takes this bot's key; tell the operator.",
    "Unavailable": "its service was down.",
    "InvalidRequest": "its service refused the words, or the voice is gone; change them here to try again.",
    "ContentRejected": "its service's content policy refused the words; change them here to try again.",
    "ModelRetired": "the model that made such things is no longer offered; tell the operator.",
    "OutcomeUnknown": "its service went silent while recording, and I don't order twice by guessing.",
    "UnexpectedResponse": "its service answered something I can't read.",
    "KeptFileGone": "it was recorded before, so it was not in this price, and its file has been lost since. Greenlight "
    "again to have it recorded anew.",
    "UnusableSound": "what its service sent was no sound.",
}
_MISSING = {
    NoteKind.VOICE_MISSING: "has no voice",
    NoteKind.EFFECT_MISSING: "has no sound of its own",
}


def remarks_on(notes: Sequence[Note]) -> list[str]:
    """A sentence for everything that is not as planned; those of one kind and reason stand together."""
    remarks = []
    for (kind, reason), shots in _grouped(notes).items():
        match kind:
            case NoteKind.MUSIC_MISSING:
                remarks.append(f"🔇 There is no music: {because(reason)}")
            case NoteKind.CAPTIONS_SOFT:
                remarks.append(
                    "💬 The captions are a track to switch on in a player: I have no letters of this script to draw "
                    "into the picture."
                )
            case NoteKind.LEFT_OUT:
                named = ", ".join(str(note.shot) for note in shots)
                remarks.append(f"▫️ Left out, as you chose: shot{'' if len(shots) == 1 else 's'} {named}.")
            case NoteKind.PICTURE_HELD:
                held = "; ".join(f"shot {note.shot} for {note.seconds:g} s" for note in shots)
                remarks.append(f"⏸️ The last picture stands still while the words go on: {held}.")
            case _:
                named = ", ".join(str(note.shot) for note in shots)
                which = f"Shot {named}" if len(shots) == 1 else f"Each of the shots {named}"
                remarks.append(f"🔇 {which} {_MISSING[kind]}: {because(reason)}")
    return remarks


def remark_on_sight(analysis: Analysis) -> str:
    """How the video was looked at, where it was not watched; "" where it was."""
    match analysis.sight:
        case Sight.WATCHED:
            return ""
        case Sight.STILLS:
            heard = ", and nobody heard what is said in it" if analysis.is_deaf else " and by what is said in it"
            return (
                f"🖼️ No model that watches videos could be had, so I know yours by a few stills{heard}. "
                "Tell me what I missed."
            )
        case Sight.MEASURED:
            return (
                "📏 No model could look at your video just now. I only measured its cuts, motion, light and loudness: "
                "tell me what it shows."
            )


def remarks_on_length(overruns: Mapping[int, float], lengths: Mapping[int, int]) -> list[str]:
    """A warning about the shots whose words take longer than their picture, before any money is spent.

    Args:
        overruns: the seconds that the words take about, by shot.
        lengths: the seconds that the shots last.
    """
    if not overruns:
        return []
    each = "; ".join(
        f"shot {shot}: about {seconds:.0f} s of words in {lengths[shot]} s" for shot, seconds in overruns.items()
    )
    return [
        f"⚠️ Some words do not fit: {each}. Make such a shot longer or say less, else its last picture stands still "
        "until they are over."
    ]


def _grouped(notes: Sequence[Note]) -> dict[tuple[NoteKind, str], list[Note]]:
    groups: dict[tuple[NoteKind, str], list[Note]] = {}
    for note in notes:
        groups.setdefault((note.kind, note.reason), []).append(note)
    return groups


def because(reason: str) -> str:
    """Why something spoken, played or rustled is missing, by the name of an error's class."""
    return _REASONS.get(reason, "its service failed.")
