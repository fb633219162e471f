"""What people read about a film that is not quite as it could be."""

from __future__ import annotations

import pytest

from bot.production.notes import Note, NoteKind, from_json, replaced, to_json
from bot.studio.model import Analysis, Sight
from bot.ui.remarks import because, remark_on_sight, remarks_on, remarks_on_length
from providers import errors
from ratelimit import LeaseTimeout, NoUsableKey
from tests.bot.ui.test_replies import LEAVES


def test_what_is_missing_for_one_reason_is_told_in_one_sentence() -> None:
    notes = [
        Note(kind=NoteKind.VOICE_MISSING, shot=1, reason="QuotaExhausted"),
        Note(kind=NoteKind.VOICE_MISSING, shot=3, reason="QuotaExhausted"),
        Note(kind=NoteKind.EFFECT_MISSING, shot=2, reason="Unavailable"),
        Note(kind=NoteKind.MUSIC_MISSING, reason="QuotaExhausted"),
        Note(kind=NoteKind.PICTURE_HELD, shot=2, seconds=1.5),
        Note(kind=NoteKind.CAPTIONS_SOFT),
    ]

    remarks = remarks_on(notes)

    assert [remark.partition(":")[0] for remark in remarks[:3]] == [
        "🔇 Each of the shots 1, 3 has no voice",
        "🔇 Shot 2 has no sound of its own",
        "🔇 There is no music",
    ]
    assert remarks[3] == "⏸️ The last picture stands still while the words go on: shot 2 for 1.5 s."
    assert len(remarks) == 5


@pytest.mark.parametrize(
    "reason",
    [leaf.__name__ for leaf in LEAVES if issubclass(leaf, errors.ProviderError)]
    + [LeaseTimeout.__name__, NoUsableKey.__name__, "UnusableSound"],
)
def test_every_reason_has_words(reason: str) -> None:
    assert because(reason).endswith(".")
    assert reason not in because(reason)


def test_a_video_that_was_watched_needs_no_remark() -> None:
    assert remark_on_sight(_analysis(Sight.WATCHED)) == ""


def test_how_a_video_was_seen_otherwise_is_told_with_what_is_missing() -> None:
    assert "by what is said in it" in remark_on_sight(_analysis(Sight.STILLS))
    assert "nobody heard what is said" in remark_on_sight(_analysis(Sight.STILLS, is_deaf=True))
    assert "tell me what it shows" in remark_on_sight(_analysis(Sight.MEASURED))


def test_words_that_do_not_fit_are_told_before_money_is_spent() -> None:
    (remark,) = remarks_on_length({2: 8.0}, {1: 5, 2: 5})

    assert "shot 2: about 8 s of words in 5 s" in remark
    assert remarks_on_length({}, {1: 5}) == []


def test_notes_come_back_from_their_row_as_they_were() -> None:
    notes = (Note(kind=NoteKind.PICTURE_HELD, shot=2, seconds=1.5), Note(kind=NoteKind.MUSIC_MISSING, reason="x"))

    assert from_json(to_json(notes)) == notes
    assert from_json(None) == ()


def test_a_part_done_again_replaces_only_its_own_notes() -> None:
    music, voice = Note(kind=NoteKind.MUSIC_MISSING), Note(kind=NoteKind.VOICE_MISSING, shot=1)

    assert replaced((voice, music), (NoteKind.VOICE_MISSING,), ()) == (music,)


def _analysis(sight: Sight, *, is_deaf: bool = False) -> Analysis:
    return Analysis(summary="", look="", sound="", sight=sight, is_deaf=is_deaf)
