"""From a draft to a plan, and from edits to its next version."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.studio.changes import changes_between
from bot.studio.drafts import EditDraft, EditKind, StartDraft
from bot.studio.errors import EditRefused
from bot.studio.model import MAX_SHOTS, Captions, Plan, ShotStart
from bot.studio.revision import Choices, plan_from_draft, revise
from bot.studio.takes import ShotTakes
from providers.speech import Voice
from tests.bot.studio.samples import GEN45, VEO, edit, plan, plan_draft, shot, shot_draft, starts, titles


def revised(before: Plan, *edits: EditDraft, has_upload: bool = False) -> Plan:
    after = revise(before, edits, GEN45, has_upload=has_upload)
    assert after is not None
    return after


# From a draft


def test_a_draft_becomes_version_one_in_the_models_lengths() -> None:
    made = plan_from_draft(plan_draft(shot_draft(duration=5), shot_draft(duration=30)), VEO, "9:16", has_upload=False)

    assert (made.version, made.changes, made.model, made.ratio) == (1, "", VEO.id, "9:16")
    assert [each.duration for each in made.shots] == [6, 8]


def test_a_start_that_does_not_exist_becomes_a_start_from_text() -> None:
    draft = plan_draft(
        shot_draft(start=StartDraft.PREVIOUS),
        shot_draft(start=StartDraft.UPLOAD),
        shot_draft(start=StartDraft.PREVIOUS),
    )

    without = plan_from_draft(draft, GEN45, "16:9", has_upload=False)
    with_upload = plan_from_draft(draft, GEN45, "16:9", has_upload=True)

    assert starts(without) == [ShotStart.TEXT, ShotStart.TEXT, ShotStart.PREVIOUS]
    assert starts(with_upload) == [ShotStart.TEXT, ShotStart.UPLOAD, ShotStart.PREVIOUS]
    assert with_upload.shots[1].start_at == 0.0


def test_a_draft_of_empty_words_still_has_something_to_show_and_to_order() -> None:
    made = plan_from_draft(
        plan_draft(shot_draft(title=" ", prompt="\u200b"), title="", logline="A koi."), GEN45, "16:9", has_upload=False
    )

    assert (made.title, made.shots[0].title, made.shots[0].prompt) == ("Untitled", "Shot 1", "A koi.")


# Edits


@pytest.mark.parametrize(
    ("change", "changed", "line"),
    [
        (edit(EditKind.SET_TITLE, text="Dragon"), {"title": "Dragon"}, "title: Dragon"),
        (edit(EditKind.SET_LOGLINE, text="New."), {"logline": "New."}, "new logline"),
    ],
)
def test_an_edit_of_the_film_makes_the_next_version(change: EditDraft, changed: dict[str, str], line: str) -> None:
    after = revised(plan(), change)

    assert {name: getattr(after, name) for name in changed} == changed
    assert (after.version, after.changes, after.shots) == (2, line, plan().shots)


@pytest.mark.parametrize(
    ("change", "field", "value", "line"),
    [
        (edit(EditKind.SET_SHOT_TITLE, shot=2, text="Night"), "title", "Night", "shot 2: now “Night”"),
        (
            edit(EditKind.SET_PROMPT, shot=2, text="rain falls"),
            "prompt",
            "rain falls",
            "shot 2: now shows “rain falls”",
        ),
        (
            edit(EditKind.SET_PROMPT, shot=2, text="Two happens, at night"),
            "prompt",
            "Two happens, at night",
            "shot 2: added “at night”",
        ),
        (edit(EditKind.SET_CAMERA, shot=2, text="push in"), "camera", "push in", "shot 2: camera push in"),
        (edit(EditKind.SET_DURATION, shot=2, duration=3), "duration", 3, "shot 2: 5 s → 3 s"),
        (edit(EditKind.SET_DURATION, shot=2, duration=99), "duration", 10, "shot 2: 5 s → 10 s"),
        (edit(EditKind.SET_NARRATION, shot=2, text="Once…"), "narration", "Once…", "shot 2: narration added"),
        (
            edit(EditKind.SET_START, shot=2, start=StartDraft.PREVIOUS),
            "start",
            ShotStart.PREVIOUS,
            "shot 2: starts from previous",
        ),
        (
            edit(EditKind.SET_START, shot=1, start=StartDraft.UPLOAD),
            "start",
            ShotStart.UPLOAD,
            "shot 1: starts from upload",
        ),
    ],
)
def test_an_edit_of_a_shot_changes_that_and_nothing_else(
    change: EditDraft, field: str, value: object, line: str
) -> None:
    before = plan()

    after = revised(before, change, has_upload=True)

    assert change.shot is not None
    assert getattr(after.shots[change.shot - 1], field) == value
    assert after.changes == line
    others = [number for number in range(3) if number != change.shot - 1]
    assert [after.shots[number] for number in others] == [before.shots[number] for number in others]


def test_narration_can_be_taken_away_with_empty_words() -> None:
    after = revised(plan(shot(narration="Once")), edit(EditKind.SET_NARRATION, shot=1, text=None))

    assert (after.shots[0].narration, after.changes) == ("", "shot 1: narration removed")


@pytest.mark.parametrize(
    ("facts", "order"),
    [
        ({}, ["One", "Two", "Three", "new"]),
        ({"position": 1}, ["new", "One", "Two", "Three"]),
        ({"position": 2}, ["One", "new", "Two", "Three"]),
        ({"position": 99}, ["One", "Two", "Three", "new"]),
        ({"shot": 1}, ["One", "new", "Two", "Three"]),
    ],
)
def test_a_shot_is_added_where_it_was_asked_for(facts: dict[str, Any], order: list[str]) -> None:
    after = revised(plan(), edit(EditKind.ADD_SHOT, text="new", duration=3, **facts))

    assert titles(after) == order
    assert after.changes == "3 shots → 4; new: new"


def test_shots_added_at_the_same_place_keep_their_order() -> None:
    after = revised(plan(), *(edit(EditKind.ADD_SHOT, text=word) for word in ("dawn", "noon", "dusk")))

    assert titles(after) == ["One", "Two", "Three", "dawn", "noon", "dusk"]


def test_a_removed_shot_is_gone_and_a_first_shot_continues_nothing() -> None:
    after = revised(plan(shot("One"), shot("Two", start=ShotStart.PREVIOUS)), edit(EditKind.REMOVE_SHOT, shot=1))

    assert (titles(after), starts(after)) == (["Two"], [ShotStart.TEXT])
    assert after.changes == "2 shots → 1; gone: One; shot 1: starts from text"


@pytest.mark.parametrize(
    ("moved", "to", "order"),
    [
        (1, 3, ["Two", "Three", "One"]),
        (3, 1, ["Three", "One", "Two"]),
        (1, 2, ["Two", "One", "Three"]),
        (1, 99, ["Two", "Three", "One"]),
    ],
)
def test_a_moved_shot_gets_the_number_asked_for(moved: int, to: int, order: list[str]) -> None:
    assert titles(revised(plan(), edit(EditKind.MOVE_SHOT, shot=moved, position=to))) == order


def test_numbers_mean_the_shots_as_they_were_seen_whatever_came_before() -> None:
    after = revised(
        plan(),
        edit(EditKind.REMOVE_SHOT, shot=1),
        edit(EditKind.SET_DURATION, shot=2, duration=2),
        edit(EditKind.ADD_SHOT, text="new", position=1),
        edit(EditKind.SET_CAMERA, shot=3, text="crane"),
    )

    assert titles(after) == ["new", "Two", "Three"]
    assert (after.shots[1].duration, after.shots[2].camera) == (2, "crane")


def test_a_moved_shot_can_still_be_changed_by_the_number_it_had() -> None:
    after = revised(
        plan(),
        edit(EditKind.MOVE_SHOT, shot=1, position=3),
        edit(EditKind.SET_DURATION, shot=1, duration=2),
        edit(EditKind.REMOVE_SHOT, shot=2),
    )

    assert titles(after) == ["Three", "One"]
    assert after.shots[1].duration == 2


def test_a_shot_moved_and_removed_is_gone() -> None:
    after = revised(plan(), edit(EditKind.MOVE_SHOT, shot=1, position=3), edit(EditKind.REMOVE_SHOT, shot=1))

    assert titles(after) == ["Two", "Three"]


# What is no change, and what is refused


@pytest.mark.parametrize(
    "edits",
    [
        [],
        [edit(EditKind.SET_TITLE, text="Koi")],
        [edit(EditKind.SET_DURATION, shot=1, duration=5)],
        [edit(EditKind.MOVE_SHOT, shot=2, position=2)],
    ],
)
def test_edits_that_change_nothing_make_no_version(edits: list[EditDraft]) -> None:
    assert revise(plan(), edits, GEN45, has_upload=False) is None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (edit(EditKind.SET_PROMPT, shot=4, text="x"), "shots 1 to 3"),
        (edit(EditKind.SET_PROMPT, shot=0, text="x"), "shots 1 to 3"),
        (edit(EditKind.SET_PROMPT, text="x"), "no number"),
        (edit(EditKind.SET_PROMPT, shot=1, text=" \u200b"), "without its words"),
        (edit(EditKind.SET_TITLE), "without its words"),
        (edit(EditKind.SET_DURATION, shot=1), "length in seconds"),
        (edit(EditKind.SET_DURATION, shot=1, duration=0), "length in seconds"),
        (edit(EditKind.SET_START, shot=1, start=StartDraft.PREVIOUS), "no shot before"),
        (edit(EditKind.SET_START, shot=2, start=StartDraft.UPLOAD), "no uploaded video"),
        (edit(EditKind.SET_START, shot=2), "starts from its text"),
        (edit(EditKind.MOVE_SHOT, shot=1), "new place"),
    ],
)
def test_what_cannot_be_done_is_refused_with_a_reason(change: EditDraft, reason: str) -> None:
    with pytest.raises(EditRefused, match=reason):
        revise(plan(), [change], GEN45, has_upload=False)


def test_a_film_needs_a_shot_and_has_at_most_so_many() -> None:
    with pytest.raises(EditRefused, match="at least one"):
        revise(plan(), [edit(EditKind.REMOVE_SHOT, shot=number) for number in (1, 2, 3)], GEN45, has_upload=False)
    with pytest.raises(EditRefused, match=f"at most {MAX_SHOTS}"):
        revise(plan(), [edit(EditKind.ADD_SHOT, text="x")] * (MAX_SHOTS - 2), GEN45, has_upload=False)


EDITS = st.builds(
    EditDraft,
    kind=st.sampled_from(EditKind),
    shot=st.none() | st.integers(-1, 5),
    duration=st.none() | st.integers(-5, 40),
    text=st.none() | st.text(max_size=30),
    start=st.none() | st.sampled_from(StartDraft),
    position=st.none() | st.integers(-3, 9),
)


@given(st.lists(EDITS, max_size=8), st.booleans())
def test_whatever_a_model_asks_for_the_plan_stays_one_that_can_be_made(
    edits: list[EditDraft], has_upload: bool
) -> None:
    before = plan()
    try:
        after = revise(before, edits, GEN45, has_upload=has_upload)
    except EditRefused:
        return
    if after is None:
        return
    assert after.version == before.version + 1
    assert after.changes
    assert 1 <= len(after.shots) <= MAX_SHOTS
    assert after.shots[0].start is not ShotStart.PREVIOUS
    for each in after.shots:
        assert each.duration in GEN45.durations
        assert each.prompt
        assert each.title


def test_a_long_list_of_changes_stays_one_line() -> None:
    after = plan(*(shot(f"Shot number {number} of many", duration=3) for number in range(12)))

    line = changes_between(plan(*(shot(f"s{number}") for number in range(12))), after)

    assert len(line) <= 300
    assert "\n" not in line


def test_the_shape_may_change_to_what_the_model_makes_and_no_other() -> None:
    taller = revise(plan(), [edit(EditKind.SET_RATIO, text="9:16")], GEN45, has_upload=False)
    assert taller is not None
    assert (taller.ratio, taller.changes) == ("9:16", "16:9 → 9:16")
    with pytest.raises(EditRefused, match="16:9, 9:16"):
        revise(plan(), [edit(EditKind.SET_RATIO, text="1:1")], GEN45, has_upload=False)


def test_shots_that_only_changed_places_are_told_by_their_old_numbers() -> None:
    swapped = revise(
        plan(),
        [edit(EditKind.MOVE_SHOT, shot=3, position=1), edit(EditKind.MOVE_SHOT, shot=1, position=3)],
        GEN45,
        has_upload=False,
    )
    assert swapped is not None
    assert swapped.changes == "the shots now follow as 3, 2, 1"


# Sound, voice and model

CHOICES = Choices(
    models=(GEN45, VEO), voices=(Voice(id="a1", name="Aria", labels=("british",)), Voice(id="t1", name="Tom"))
)


def chosen(before: Plan, *edits: EditDraft) -> Plan:
    after = revise(before, edits, GEN45, has_upload=False, choices=CHOICES)
    assert after is not None
    return after


def test_what_is_heard_is_changed_and_told() -> None:
    after = chosen(
        plan(),
        edit(EditKind.SET_MUSIC, text="slow piano"),
        edit(EditKind.SET_CAPTIONS, text="Burnt"),
        edit(EditKind.SET_VOICE, text="aria"),
        edit(EditKind.SET_SOUND, shot=2, text="rain"),
    )

    assert (after.music, after.captions, after.voice, after.voice_name) == ("slow piano", Captions.BURNT, "a1", "Aria")
    assert after.shots[1].sound == "rain"
    assert after.changes == "spoken by Aria; music: slow piano; captions burnt; shot 2: sound added"


def test_sound_and_music_are_taken_away_by_empty_words() -> None:
    after = chosen(
        plan(shot(sound="rain"), music="piano"),
        edit(EditKind.SET_MUSIC, text=""),
        edit(EditKind.SET_SOUND, shot=1, text=None),
    )

    assert (after.music, after.shots[0].sound) == ("", "")
    assert after.changes == "no music; shot 1: sound removed"


def test_another_model_makes_the_film_in_its_own_lengths() -> None:
    after = chosen(plan(shot(duration=5), shot(duration=10)), edit(EditKind.SET_MODEL, text=VEO.label))

    assert after.model == VEO.id
    assert [each.duration for each in after.shots] == [6, 8]
    assert after.changes.startswith(f"made by {VEO.id}")


@pytest.mark.parametrize(
    ("kind", "text", "reason"),
    [
        (EditKind.SET_VOICE, "Nobody", "I know no voice called “Nobody”. Some that I know: Aria, Tom."),
        (EditKind.SET_MODEL, "Veo 9", "“Veo 9” is not a model I can use here. I have Runway Gen-4.5"),
        (EditKind.SET_CAPTIONS, "upside down", "Captions are off, soft (switched on in the player) or burnt"),
    ],
)
def test_a_choice_that_is_not_there_is_refused_with_what_is(kind: EditKind, text: str, reason: str) -> None:
    with pytest.raises(EditRefused, match=re.escape(reason)):
        chosen(plan(), edit(kind, text=text))


def test_a_model_that_is_gone_is_answered_with_its_successor_and_its_price() -> None:
    choices = Choices(models=(GEN45, VEO), heir_of=lambda name: VEO if name == "Veo 3" else None)

    with pytest.raises(
        EditRefused, match=re.escape("“Veo 3” was switched off. Veo 3.1 Fast (through Runway) took over, at $0.15")
    ):
        revise(plan(), [edit(EditKind.SET_MODEL, text="Veo 3")], GEN45, has_upload=False, choices=choices)


def test_a_plan_kept_before_there_was_sound_is_read_as_silent() -> None:
    old = (
        '{"title": "T", "logline": "", "model": "gen4.5", "ratio": "16:9", "shots": [{"title": "One", "prompt": "p",'
        ' "camera": "", "duration": 5, "narration": "", "start": "text", "start_at": null}]}'
    )
    read = Plan.from_json(old, version=2, changes="")

    assert (read.music, read.captions, read.shots[0].sound) == ("", Captions.SOFT, "")
    assert Plan.from_json(read.to_json(), version=2, changes="") == read


# Takes


def made_once(before: Plan) -> Choices:
    """All shots have their takes up to the present one, kept."""
    takes = {
        number: ShotTakes(
            current=each.take,
            kept={take: str(take) for take in range(1, each.take + 1)},
            used=range(1, each.take + 1),
        )
        for number, each in enumerate(before.shots, 1)
    }
    return Choices(takes=takes, models=[GEN45, VEO])


def retaken(before: Plan, *edits: EditDraft) -> Plan:
    after = revise(before, edits, GEN45, has_upload=False, choices=made_once(before))
    assert after is not None
    return after


def takes(film: Plan) -> list[int]:
    return [each.take for each in film.shots]


def test_another_take_and_back_again() -> None:
    second = retaken(plan(), edit(EditKind.ANOTHER_TAKE, shot=2))
    first = retaken(second, edit(EditKind.USE_TAKE, shot=2, position=1))

    assert (takes(second), second.changes) == ([1, 2, 1], "shot 2: take 1 → take 2")
    assert (takes(first), first.changes) == ([1, 1, 1], "shot 2: take 2 → take 1")
    assert first.shots == plan().shots


def test_a_take_that_is_not_there_and_one_of_a_shot_that_is_not_made_are_refused() -> None:
    for edits in (
        [edit(EditKind.USE_TAKE, shot=2, position=2)],
        [edit(EditKind.USE_TAKE, shot=2)],
        [edit(EditKind.ANOTHER_TAKE, shot=4)],
    ):
        with pytest.raises(EditRefused):
            retaken(plan(), *edits)
    with pytest.raises(EditRefused, match="not made yet"):
        revised(plan(), edit(EditKind.ANOTHER_TAKE, shot=2))


BEFORE = plan(shot("One", take=3, narration="Once"), shot("Two", take=2))


@pytest.mark.parametrize(
    ("change", "after"),
    [
        (edit(EditKind.SET_PROMPT, shot=1, text="a dragon"), [1, 2]),
        (edit(EditKind.SET_CAMERA, shot=1, text="a crane"), [1, 2]),
        (edit(EditKind.SET_DURATION, shot=1, duration=8), [1, 2]),
        (edit(EditKind.SET_START, shot=2, start=StartDraft.PREVIOUS), [3, 1]),
        (edit(EditKind.SET_MODEL, text=VEO.label), [1, 1]),
        (edit(EditKind.SET_RATIO, text="9:16"), [1, 1]),
        # The picture stays as it is, and so does its take.
        (edit(EditKind.SET_NARRATION, shot=1, text="Twice"), [3, 2]),
        (edit(EditKind.SET_SHOT_TITLE, shot=1, text="Other"), [3, 2]),
        (edit(EditKind.SET_SOUND, shot=1, text="rain"), [3, 2]),
        (edit(EditKind.SET_DURATION, shot=1, duration=5), None),
        (edit(EditKind.SET_RATIO, text="16:9"), None),
        (edit(EditKind.SET_MODEL, text=GEN45.label), None),
        (edit(EditKind.MOVE_SHOT, shot=1, position=2), [2, 3]),
        (edit(EditKind.ADD_SHOT, text="a pond", position=1), [1, 3, 2]),
    ],
)
def test_a_shot_begins_with_its_first_take_where_its_picture_changes_and_takes_its_takes_along(
    change: EditDraft, after: list[int] | None
) -> None:
    film = revise(BEFORE, [change], GEN45, has_upload=False, choices=made_once(BEFORE))

    assert (takes(film) if film is not None else None) == after


def test_the_sound_is_in_the_picture_of_a_model_that_makes_it() -> None:
    before = plan(shot("One", take=3), model=VEO.id)

    film = revise(before, [edit(EditKind.SET_SOUND, shot=1, text="rain")], VEO, has_upload=False)

    assert film is not None
    assert takes(film) == [1]


@pytest.mark.parametrize("is_last", [True, False])
def test_another_take_of_a_shot_that_is_changed_as_well_is_just_the_changed_shot(is_last: bool) -> None:
    edits = [edit(EditKind.SET_PROMPT, shot=1, text="a dragon"), edit(EditKind.ANOTHER_TAKE, shot=1)]

    film = retaken(BEFORE, *(edits if is_last else edits[::-1]))

    assert (takes(film), film.shots[0].prompt) == ([1, 2], "a dragon")


def test_a_plan_kept_before_there_were_takes_has_first_takes() -> None:
    text = plan().to_json().replace(', "take": 1', "")

    assert "take" not in text
    assert Plan.from_json(text, version=1, changes="") == plan()
    assert Plan.from_json(BEFORE.to_json(), version=1, changes="") == BEFORE
