"""The model answers from the schema and the person's words; what we instruct it with it never reads."""

from __future__ import annotations

import json
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, Field

from sandbox.providers.brief import Brief, brief_of
from sandbox.providers.eyes import Look, Scene
from sandbox.providers.schemas import Schema
from sandbox.providers.writer import write


class Shot(BaseModel):
    title: str = Field(max_length=80)
    prompt: str = Field(max_length=900)
    camera: str
    duration: int = Field(ge=1, le=30)
    narration: str
    start: Literal["text", "previous", "upload"]


class Plan(BaseModel):
    title: str
    logline: str
    shots: list[Shot] = Field(min_length=1, max_length=12)


class Edit(BaseModel):
    """Flat, with nullable fields."""

    kind: Literal[
        "set_title", "set_shot_title", "set_prompt", "set_camera", "set_duration", "set_narration", "add_shot",
        "remove_shot", "move_shot", "another_take", "use_take",
    ]  # fmt: skip
    shot: int | None
    duration: int | None
    text: str | None
    position: int | None


class Revision(BaseModel):
    reply: str
    edits: list[Edit]


class Retime(BaseModel):
    op: Literal["change_length"]
    shot_number: int
    seconds: float = Field(ge=2, le=10)


class Rewrite(BaseModel):
    op: Literal["rewrite_prompt"]
    shot_number: int
    prompt: str


class Delete(BaseModel):
    op: Literal["delete_shot"]
    shot_number: int


class Union(BaseModel):
    """Told apart by a word, as another product would do it."""

    answer: str
    changes: list[Annotated[Retime | Rewrite | Delete, Field(discriminator="op")]]


class Moment(BaseModel):
    at: float = Field(ge=0)
    what: str


class Analysis(BaseModel):
    summary: str = Field(max_length=1200)
    look: str
    sound: str
    moments: list[Moment] = Field(max_length=20)


PLAN = {
    "title": "Ember",
    "shots": [
        {"title": "Still water", "prompt": "a koi under ice", "camera": "push in", "duration": 5},
        {"title": "The leap", "prompt": "the koi leaps", "camera": "orbit", "duration": 6},
        {"title": "The sky", "prompt": "a dragon over hills", "camera": "crane", "duration": 4},
    ],
}


def said(words: str, *data: object) -> Brief:
    return brief_of([("user", [words, *map(json.dumps, data)])])


def planned(words: str, *data: object) -> Plan:
    return Plan.model_validate(write(Schema.of(Plan.model_json_schema()), said(words, *data)))


def revised(words: str, *data: object) -> Revision:
    return Revision.model_validate(write(Schema.of(Revision.model_json_schema()), said(words, PLAN, *data)))


def edits(words: str, *data: object) -> list[dict[str, object]]:
    return [edit.model_dump(exclude_none=True) for edit in revised(words, *data).edits]


def test_an_idea_becomes_three_shots_that_all_show_it() -> None:
    plan = planned("a koi that becomes a dragon")
    assert [("koi that becomes a dragon" in shot.prompt, 4 <= shot.duration <= 5) for shot in plan.shots] == [
        (True, True)
    ] * 3
    assert len({shot.camera for shot in plan.shots}) == 3


@pytest.mark.parametrize(
    ("words", "durations"),
    [
        ("a koi that becomes a dragon, 12 seconds", [4, 4, 4]),
        ("a koi that becomes a dragon in four shots", [5, 4, 5, 4]),
        ("a 10 second film of a fox in 2 shots", [5, 5]),
        ("a fox, one shot, 6 seconds", [6]),
    ],
)
def test_length_and_number_of_shots_are_as_asked(words: str, durations: list[int]) -> None:
    assert [shot.duration for shot in planned(words).shots] == durations


def test_durations_keep_to_what_the_context_allows() -> None:
    plan = planned("a fox, 12 seconds", {"limits": {"shot_seconds": [4, 6, 8], "total_seconds": 12}})
    assert {shot.duration for shot in plan.shots} <= {4, 6, 8}


def test_an_analysis_in_the_context_flavours_the_prompts() -> None:
    plan = planned("a koi", {"analysis": {"summary": "Grey rain over a harbour. More."}})
    assert all("grey rain over a harbour" in shot.prompt for shot in plan.shots)
    assert [shot.start for shot in plan.shots] == ["upload", "text", "text"]


def test_a_change_of_one_shot_becomes_two_edits_and_a_reply() -> None:
    revision = revised("make shot 2 shorter and set it at night")
    assert [edit.model_dump(exclude_none=True) for edit in revision.edits] == [
        {"kind": "set_duration", "shot": 2, "duration": 4},
        {"kind": "set_prompt", "shot": 2, "text": "the koi leaps, at night"},
    ]
    assert revision.reply == "Done: shot 2 now lasts 4 seconds instead of 6 and it is now at night."


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("make the last shot 6 seconds", [{"kind": "set_duration", "shot": 3, "duration": 6}]),
        ("can you make shot 1 longer?", [{"kind": "set_duration", "shot": 1, "duration": 8}]),
        ("give me another take of shot 2", [{"kind": "another_take", "shot": 2}]),
        ("can you re-roll the first shot?", [{"kind": "another_take", "shot": 1}]),
        ("go back to take 1 of shot 2", [{"kind": "use_take", "shot": 2, "position": 1}]),
        ("remove shot 3", [{"kind": "remove_shot", "shot": 3}]),
        ("drop the first shot", [{"kind": "remove_shot", "shot": 1}]),
        ("move shot 3 to the beginning", [{"kind": "move_shot", "shot": 3, "position": 1}]),
        ("swap shots 1 and 2", [{"kind": "move_shot", "shot": 2, "position": 1}]),
        ('rename the film to "Ash"', [{"kind": "set_title", "text": "Ash"}]),
        ("rename shot 2 to The Jump", [{"kind": "set_shot_title", "shot": 2, "text": "The Jump"}]),
        ("slow zoom in on shot 2", [{"kind": "set_camera", "shot": 2, "text": "slow zoom in"}]),
        ("make shot 2 slower", [{"kind": "set_prompt", "shot": 2, "text": "the koi leaps, slow and unhurried"}]),
        ("change shot 1 to a heron landing", [{"kind": "set_prompt", "shot": 1, "text": "a heron landing"}]),
        ("shot 3 in the rain", [{"kind": "set_prompt", "shot": 3, "text": "a dragon over hills, in the rain"}]),
        ("make shot 9 shorter", []),
        ("make shot 99 blue and longer", []),
        ("rename shot 99 to Ash", []),
        ("swap shots 1 and 9", []),
        ("make it 13 shots", []),
        ("make it portrait", []),  # this schema has no word for it
        (
            "swap shot 1 and 3",
            [{"kind": "move_shot", "shot": 3, "position": 1}, {"kind": "move_shot", "shot": 1, "position": 3}],
        ),
        (
            "swap the first and the last shot",
            [{"kind": "move_shot", "shot": 3, "position": 1}, {"kind": "move_shot", "shot": 1, "position": 3}],
        ),
        ("can you remove all shots", [{"kind": "remove_shot", "shot": number} for number in (1, 2, 3)]),
        (
            "make shots 1 and 3 blue",
            [
                {"kind": "set_prompt", "shot": 1, "text": "a koi under ice, blue"},
                {"kind": "set_prompt", "shot": 3, "text": "a dragon over hills, blue"},
            ],
        ),
        ("make the last shot 4 seconds", []),
        (
            "remove the first shot and make the last one longer",
            [{"kind": "remove_shot", "shot": 1}, {"kind": "set_duration", "shot": 3, "duration": 6}],
        ),
        (
            "make shot 2 and shot 3 darker",
            [
                {"kind": "set_prompt", "shot": 2, "text": "the koi leaps, darker"},
                {"kind": "set_prompt", "shot": 3, "text": "a dragon over hills, darker"},
            ],
        ),
        ("hello there", []),
    ],
)
def test_wishes_become_edits(words: str, expected: list[dict[str, object]]) -> None:
    assert edits(words) == expected


def test_a_shot_that_does_not_exist_is_named_in_the_reply() -> None:
    assert revised("make shot 99 blue").reply == ("There is no shot 99: the plan has shots 1 to 3. I left it as it is.")
    assert "no shot 99" in revised("remove shot 1 and shot 99").reply


class Reshape(BaseModel):
    """Flat, and with a word for the film's format."""

    kind: Literal["set_duration", "set_narration", "set_ratio", "remove_shot"]
    shot: int | None
    text: str | None


class Reshaping(BaseModel):
    reply: str
    edits: list[Reshape]


@pytest.mark.parametrize(
    ("words", "ratio"),
    [
        ("make it portrait", "9:16"),
        ("landscape, please", "16:9"),
        ("make it square", "1:1"),
        ("change the aspect ratio to 9:16", "9:16"),
        ("turn the film into widescreen format", "16:9"),
    ],
)
def test_a_format_is_set_for_the_film_where_there_is_a_word_for_it(words: str, ratio: str) -> None:
    revision = Reshaping.model_validate(write(Schema.of(Reshaping.model_json_schema()), said(words, PLAN)))
    assert revision.edits == [Reshape(kind="set_ratio", shot=None, text=ratio)]
    assert ratio in revision.reply


def test_a_format_without_a_word_for_it_is_not_said_to_be_changed() -> None:
    assert revised("make it portrait").reply.startswith("I left the plan as it is")


def test_a_logline_does_not_count_the_shots() -> None:
    assert "3" not in planned("a fox in 3 shots").logline


def test_an_added_shot_has_a_place_a_length_and_words() -> None:
    (edit,) = edits("add a shot of a forbidden temple after shot 1")
    assert (edit["kind"], edit["position"], edit["duration"]) == ("add_shot", 2, 4)
    assert "forbidden temple" in str(edit["text"])


def test_a_shorter_shot_takes_the_next_allowed_length() -> None:
    assert edits("make shot 2 shorter", {"limits": {"shot_seconds": [4, 6, 8]}})[0]["duration"] == 4


def test_a_wish_without_a_shot_is_for_all_of_them() -> None:
    assert [edit["text"] for edit in edits("set everything in the rain")] == [
        "a koi under ice, in the rain",
        "the koi leaps, in the rain",
        "a dragon over hills, in the rain",
    ]


def test_a_question_is_answered_from_the_plan_and_changes_nothing() -> None:
    revision = revised("what is shot 2 about?")
    assert revision.edits == []
    assert "The leap" in revision.reply
    assert "6 seconds" in revision.reply


def test_a_union_of_other_words_takes_the_same_wishes() -> None:
    answer = write(Schema.of(Union.model_json_schema()), said("make shot 2 shorter and set it at night", PLAN))
    assert Union.model_validate(answer).changes == [
        Retime(op="change_length", shot_number=2, seconds=4),
        Rewrite(op="rewrite_prompt", shot_number=2, prompt="the koi leaps, at night"),
    ]


def test_an_analysis_tells_what_was_measured() -> None:
    scenes = (
        Scene(start=0, end=2, colour="deep blue", brightness=0.2, motion=0.0),
        Scene(start=2, end=5, colour="orange", brightness=0.7, motion=0.1),
    )
    look = Look(width=640, height=360, duration=5.0, fps=24, has_sound=True, scenes=scenes)
    brief = Brief(words="what happens here?", looks=[look])
    analysis = Analysis.model_validate(write(Schema.of(Analysis.model_json_schema()), brief))
    assert "5.0 seconds" in analysis.summary
    assert "deep blue" in analysis.look
    assert [moment.at for moment in analysis.moments] == [0, 2]


def test_gemini_spells_types_in_capitals_and_gets_the_same_answer() -> None:
    capitals: dict[str, object] = {
        "type": "OBJECT",
        "properties": {
            "reply": {"type": "STRING"},
            "edits": {
                "type": "ARRAY",
                "items": {
                    "type": "OBJECT",
                    "properties": {
                        "kind": {"type": "STRING", "enum": ["set_duration", "remove_shot"]},
                        "shot": {"type": "INTEGER", "nullable": True},
                        "duration": {"type": "INTEGER", "nullable": True, "minimum": 5},
                    },
                    "required": ["kind", "shot", "duration"],
                },
            },
        },
    }
    answer = write(Schema.of(capitals), said("make shot 2 shorter", PLAN))
    assert isinstance(answer, dict)
    assert answer["edits"] == [{"kind": "set_duration", "shot": 2, "duration": 5}]


def test_an_idea_that_a_policy_refused_is_written_without_what_was_refused() -> None:
    class Idea(BaseModel):
        idea: str

    words = "A content policy refused the idea in the data. Make its words safe for it."
    brief = Brief(words=words, context=[{"idea": "an unspeakable old lake"}])

    assert write(Schema.of(Idea.model_json_schema()), brief) == {"idea": "an old lake"}
