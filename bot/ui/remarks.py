"""What people read about a film that is not quite as it could be: what was left out, and how its video was seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.production.notes import Note, NoteKind
from bot.speech import counted, later, say
from bot.studio.model import Analysis, Sight
from bot.ui.wording import number

#: Why something small is missing, by the error's class; a film is whole without it, so nobody has to do anything now.
_REASONS = {
    "Paused": later("the operator has paused its service."),
    "LeaseTimeout": later("its service had no room for us in time."),
    "NoUsableKey": later("none of this bot's keys for its service works; tell the operator."),
    "RateLimited": later("its service was at its limit."),
    "QuotaExhausted": later("this bot's quota there is used up, or its plan does not include that; tell the operator."),
    "KeyRejected": later("its service no longer takes this bot's key; tell the operator."),
    "Unavailable": later("its service was down."),
    "InvalidRequest": later("its service refused the words, or the voice is gone; change them here to try again."),
    "ContentRejected": later("its service's content policy refused the words; change them here to try again."),
    "ModelRetired": later("the model that made such things is no longer offered; tell the operator."),
    "OutcomeUnknown": later("its service went silent while recording, and I don't order twice by guessing."),
    "UnexpectedResponse": later("its service answered something I can't read."),
    "KeptFileGone": later(
        "it was recorded before, so it was not in this price, and its file has been lost since. Greenlight "
        "again to have it recorded anew."
    ),
    "UnusableSound": later("what its service sent was no sound."),
}

_FAILED = later("its service failed.")


def remarks_on(notes: Sequence[Note]) -> list[str]:
    """A sentence for everything that is not as planned; those of one kind and reason stand together."""
    remarks = []
    for (kind, reason), shots in _grouped(notes).items():
        match kind:
            case NoteKind.MUSIC_MISSING:
                remarks.append(say("🔇 There is no music: {reason}", reason=because(reason)))
            case NoteKind.CAPTIONS_SOFT:
                remarks.append(
                    say(
                        "💬 The captions are a track to switch on in a player: I have no letters of this script to "
                        "draw into the picture."
                    )
                )
            case NoteKind.LEFT_OUT:
                remarks.append(
                    counted(
                        len(shots),
                        "▫️ Left out, as you chose: shot {shots}.",
                        "▫️ Left out, as you chose: shots {shots}.",
                        shots=_named(shots),
                    )
                )
            case NoteKind.PICTURE_HELD:
                held = "; ".join(
                    say("shot {shot} for {seconds} s", shot=note.shot, seconds=number(note.seconds or 0.0))
                    for note in shots
                )
                remarks.append(say("⏸️ The last picture stands still while the words go on: {shots}.", shots=held))
            case NoteKind.VOICE_MISSING:
                remarks.append(
                    counted(
                        len(shots),
                        "🔇 Shot {shots} has no voice: {reason}",
                        "🔇 Each of the shots {shots} has no voice: {reason}",
                        shots=_named(shots),
                        reason=because(reason),
                    )
                )
            case NoteKind.EFFECT_MISSING:
                remarks.append(
                    counted(
                        len(shots),
                        "🔇 Shot {shots} has no sound of its own: {reason}",
                        "🔇 Each of the shots {shots} has no sound of its own: {reason}",
                        shots=_named(shots),
                        reason=because(reason),
                    )
                )
    return remarks


def remark_on_sight(analysis: Analysis) -> str:
    """How the video was looked at, where it was not watched; "" where it was."""
    match analysis.sight:
        case Sight.WATCHED:
            return ""
        case Sight.STILLS:
            if analysis.is_deaf:
                return say(
                    "🖼️ No model that watches videos could be had, so I know yours by a few stills, and nobody heard "
                    "what is said in it. Tell me what I missed."
                )
            return say(
                "🖼️ No model that watches videos could be had, so I know yours by a few stills and by what is said in "
                "it. Tell me what I missed."
            )
        case Sight.MEASURED:
            return say(
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
        say(
            "shot {shot}: about {seconds} s of words in {length} s",
            shot=shot,
            seconds=round(seconds),
            length=lengths[shot],
        )
        for shot, seconds in overruns.items()
    )
    return [
        say(
            "⚠️ Some words do not fit: {shots}. Make such a shot longer or say less, else its last picture stands still "
            "until they are over.",
            shots=each,
        )
    ]


def _named(notes: Sequence[Note]) -> str:
    return ", ".join(str(note.shot) for note in notes)


def _grouped(notes: Sequence[Note]) -> dict[tuple[NoteKind, str], list[Note]]:
    groups: dict[tuple[NoteKind, str], list[Note]] = {}
    for note in notes:
        groups.setdefault((note.kind, note.reason), []).append(note)
    return groups


def because(reason: str) -> str:
    """Why something spoken, played or rustled is missing, by the name of an error's class."""
    return say(_REASONS.get(reason, _FAILED))
