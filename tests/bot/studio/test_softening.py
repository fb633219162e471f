"""Shots that a content policy refused get safer words, and nothing else changes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from bot.studio.drafts import EditDraft, EditKind, IdeaDraft, RevisionDraft
from bot.studio.errors import EditRefused
from bot.studio.softening import Softener
from providers.errors import ContentRejected
from tests.bot.studio.samples import CATALOGUE, plan, project


class Mind:
    """Answers with these edits, or this idea, and keeps what it was asked."""

    def __init__(self, *edits: EditDraft, idea: str | Exception = "") -> None:
        self.edits = list(edits)
        self.idea = idea
        self.asked: list[Any] = []
        self.how: dict[str, object] = {}

    async def answer(self, prompt: Any, schema: type[Any], **how: object) -> Any:
        self.asked.append(prompt)
        self.how = how
        if schema is IdeaDraft:
            if isinstance(self.idea, Exception):
                raise self.idea
            return IdeaDraft(idea=self.idea)
        return RevisionDraft(reply="", edits=self.edits)


def edit(kind: EditKind, shot: int | None, text: str) -> EditDraft:
    return EditDraft(kind=kind, shot=shot, text=text, duration=None, start=None, position=None)


async def soften(mind: Any, refused: list[int]) -> Any:
    return await Softener(mind, CATALOGUE).soften(project(), plan(), refused)


async def test_only_the_words_of_refused_shots_change() -> None:
    mind = Mind(
        edit(EditKind.SET_PROMPT, 2, "A calm lake."),
        edit(EditKind.SET_PROMPT, 1, "Something else."),
        edit(EditKind.SET_TITLE, None, "Another film"),
        edit(EditKind.REMOVE_SHOT, 2, ""),
    )

    revised = await soften(mind, [2])

    before = plan()
    assert revised.shots[1].prompt == "A calm lake."
    assert (revised.title, len(revised.shots), revised.version) == (before.title, len(before.shots), before.version + 1)
    assert revised.shots[0] == before.shots[0]
    assert "shot 2" in revised.changes


async def test_what_cannot_be_said_otherwise_leaves_the_plan_as_it_is() -> None:
    with pytest.raises(EditRefused, match="no safer words"):
        await soften(Mind(), [1])


async def test_it_is_told_which_shots_and_that_the_plan_is_material() -> None:
    mind = Mind(edit(EditKind.SET_PROMPT, 1, "A calm lake."))

    await soften(mind, [1, 99])

    words, data = mind.asked[0].turns[0].parts
    assert "shot 1" in words
    assert "99" not in words
    assert json.loads(data)["refused_shots"] == [1]


async def test_a_refused_idea_is_said_in_other_words_and_asked_of_everybody_who_can_answer() -> None:
    mind: Any = Mind(idea=" A calm lake. ")

    assert await Softener(mind, CATALOGUE).soften_idea(project()) == "A calm lake."

    words, data = mind.asked[0].turns[0].parts
    assert (project().idea in words, json.loads(data)["idea"]) == (False, project().idea)
    assert mind.how["elsewhere_if_refused"] is True


@pytest.mark.parametrize("idea", ["", " ", project().idea, ContentRejected("gemini")])
async def test_an_idea_without_other_words_is_refused_in_ours(idea: str | Exception) -> None:
    mind: Any = Mind(idea=idea)

    with pytest.raises(EditRefused, match="no safer words"):
        await Softener(mind, CATALOGUE).soften_idea(project())
