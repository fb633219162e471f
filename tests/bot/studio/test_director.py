"""Plans and talk, with a model that says what it is told to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

import pytest

from bot.studio.director import Circumstances, Director, Revised
from bot.studio.drafts import EditDraft, EditKind, RevisionDraft
from bot.studio.minds import Minds
from bot.studio.model import Analysis, Moment, Plan, Project, Talk
from providers.errors import ContentRejected, ModelRetired, ProviderError, UnexpectedResponse
from tests.bot.studio.fakes import ScriptedModel, mind
from tests.bot.studio.samples import CATALOGUE, OWNER, edit, plan, plan_draft, project, shot, shot_draft

ANALYSIS = Analysis(summary="a pond", look="green", sound="quiet", moments=(Moment(at=1.5, what="a splash"),))


def directed(model: ScriptedModel) -> Director:
    return Director(Minds([mind(model)]), CATALOGUE)


async def talked(model: ScriptedModel, *, talk: list[Talk] | None = None) -> list[str | Revised]:
    pieces = directed(model).revise(project(), plan(), talk or [], "make it night", ANALYSIS)
    return [piece async for piece in pieces]


def revision(reply: str, *edits: EditDraft) -> str:
    return RevisionDraft(reply=reply, edits=list(edits)).model_dump_json()


async def test_a_plan_is_written_within_the_models_limits() -> None:
    model = ScriptedModel("gemini", plan_draft(shot_draft(duration=30)))

    made = await directed(model).draft(project(seconds=20, ratio="9:16"), ANALYSIS)

    assert (made.version, made.ratio, made.shots[0].duration) == (1, "9:16", 10)
    words, data = model.asked[0].turns[0].parts
    assert words == project().idea
    told = json.loads(data)
    assert told["limits"]["total_seconds"] == 20
    assert told["limits"]["shot_seconds"] == list(range(2, 11))
    assert told["video"]["moments"] == [{"at": 1.5, "what": "a splash"}]


@pytest.mark.parametrize(("is_adult", "begins"), [(False, "none: nothing sexual"), (True, "as far as the services")])
async def test_plans_and_talk_are_told_whether_adult_content_may_be_in_them(is_adult: bool, begins: str) -> None:
    model = ScriptedModel("gemini", plan_draft(shot_draft()), revision("ok"))
    film = project(is_adult=is_adult)

    await directed(model).draft(film, None)
    [_ async for _ in directed(model).revise(film, plan(), [], "hello", None)]

    limits = [json.loads(prompt.turns[-1].parts[1])["limits"]["adult_content"] for prompt in model.asked]
    assert [told.startswith(begins) for told in limits] == [True, True]


async def test_words_of_people_never_share_a_part_with_ours_or_with_data() -> None:
    model = ScriptedModel("gemini", revision("ok"))

    await talked(model, talk=[Talk(author_id=1, words="hello", reply="hi")])

    prompt = model.asked[0]
    assert [(turn.role, len(turn.parts)) for turn in prompt.turns] == [("user", 1), ("model", 1), ("user", 2)]
    assert prompt.turns[-1].parts[0] == "make it night"
    assert "make it night" not in prompt.system
    assert [each["number"] for each in json.loads(prompt.turns[-1].parts[1])["plan"]["shots"]] == [1, 2, 3]


async def test_no_prompt_holds_an_id_of_anybody() -> None:
    model = ScriptedModel("gemini", revision("ok"))
    await talked(model)

    said = repr(model.asked)

    assert not any(str(number) in said for number in (project().owner_id, project().id))


async def test_an_answer_grows_as_it_is_written_and_ends_with_the_next_version() -> None:
    answer = revision("Done, it is night.", edit(EditKind.SET_PROMPT, shot=1, text="night"))
    model = ScriptedModel("gemini", [answer[:17], answer[17:23], answer[23:]])

    *pieces, last = await talked(model)

    assert pieces == ["Done, i", "Done, it is n", "Done, it is night."]
    assert isinstance(last, Revised)
    assert isinstance(last.plan, Plan)
    assert (last.reply, last.plan.version, last.plan.shots[0].prompt) == ("Done, it is night.", 2, "night")


async def test_mere_talk_changes_nothing() -> None:
    assert (await talked(ScriptedModel("gemini", revision("Yes."))))[-1] == Revised(reply="Yes.", plan=None)


async def test_a_model_that_forgets_to_speak_has_still_answered() -> None:
    changed = (await talked(ScriptedModel("gemini", revision("", edit(EditKind.SET_TITLE, text="Dragon")))))[-1]
    silent = (await talked(ScriptedModel("gemini", revision(" "))))[-1]

    assert isinstance(changed, Revised)
    assert changed.reply == "Done."
    assert silent == Revised(reply="Nothing to change there.", plan=None)


class Storyteller:
    async def tell(self, project: Project) -> Mapping[str, object]:
        return {"state": "failed", "shots": [{"number": 3, "state": "failed", "why": "refused"}]}


async def test_what_became_of_the_film_and_who_speaks_is_known_without_anybodys_id() -> None:
    model = ScriptedModel("gemini", revision("ok"))
    director = Director(Minds([mind(model)]), CATALOGUE, chronicle=Storyteller())
    talk = [Talk(author_id=OWNER, words="hi", reply="yes"), Talk(author_id=424242, words="ho", reply="yes")]

    around = Circumstances(speaker_id=424242)
    _ = [piece async for piece in director.revise(project(), plan(), talk, "why did it fail?", None, around)]

    data = json.loads(model.asked[0].turns[-1].parts[1])
    assert data["production"]["shots"][0]["why"] == "refused"
    assert (data["said_before_by"], data["said_now_by"]) == (["owner", "director 1"], "director 1")
    assert "424242" not in repr(model.asked)


async def test_undo_brings_back_the_plan_before_its_last_change_and_what_is_asked_with_it() -> None:
    before = plan(shot("One"))
    after = plan(shot("One"), shot("Two"), version=2, changes="1 shot → 2")

    async def asked(*edits: EditDraft, before: Plan | None = before) -> Revised:
        model = ScriptedModel("gemini", revision("Done.", *edits))
        around = Circumstances(before=before)
        pieces = [piece async for piece in directed(model).revise(project(), after, [], "undo", None, around)]
        assert isinstance(pieces[-1], Revised)
        return pieces[-1]

    undone = await asked(edit(EditKind.UNDO))
    longer = await asked(edit(EditKind.SET_DURATION, shot=1, duration=8), edit(EditKind.UNDO))
    first = await asked(edit(EditKind.UNDO), before=None)

    assert undone.plan == replace(before, version=3, changes="as v1 was: 2 shots → 1; gone: Two")
    assert longer.plan is not None
    assert [(each.title, each.duration) for each in longer.plan.shots] == [("One", 8)]
    assert first.plan is None
    assert "nothing to undo" in first.reply


async def test_a_change_that_cannot_be_made_is_told_instead_of_the_reply_that_claims_it() -> None:
    answer = revision("Removed.", edit(EditKind.REMOVE_SHOT, shot=9))

    last = (await talked(ScriptedModel("gemini", answer)))[-1]

    assert isinstance(last, Revised)
    assert last.plan is None
    assert last.reply.startswith("I left the plan as it is. The plan has shots 1 to 3")


@pytest.mark.parametrize(
    "answer",
    [
        '{"reply": "cut off',
        "",
        "I am sorry.",
        '{"reply": "hi", "edits": [], "approved": true}',
        '{"reply": "hi", "edits": [{"kind": "pay", "shot": null}]}',
        json.dumps({"reply": "x" * 6001, "edits": []}),
    ],
)
async def test_an_answer_of_another_shape_changes_nothing(answer: str) -> None:
    with pytest.raises(UnexpectedResponse) as caught:
        await talked(ScriptedModel("gemini", answer))

    assert "approved" not in str(caught.value)  # what a model says is never in an error


async def test_a_streamed_answer_that_does_not_fit_is_asked_for_once_more_in_one_piece() -> None:
    model = ScriptedModel("groq", ["I am ", "sorry."], revision("Night it is.", edit(EditKind.SET_TITLE, text="Night")))

    pieces = await talked(model)

    assert isinstance(last := pieces[-1], Revised)
    assert (last.reply, last.plan and last.plan.title) == ("Night it is.", "Night")
    assert len(model.asked) == 2


async def test_invisible_characters_of_a_model_are_not_shown() -> None:
    pieces = await talked(ScriptedModel("gemini", revision("o\u202ek")))

    assert pieces == ["ok", Revised(reply="ok", plan=None)]


@pytest.mark.parametrize("failure", [ContentRejected("gemini"), UnexpectedResponse("gemini")])
async def test_what_a_provider_refuses_is_raised_as_it_came(failure: ProviderError) -> None:
    with pytest.raises(type(failure)):
        await directed(ScriptedModel("gemini", failure)).draft(project(), None)


async def test_a_retired_model_is_named_before_anybody_is_asked() -> None:
    model = ScriptedModel("gemini", plan_draft())

    with pytest.raises(ModelRetired):
        await directed(model).draft(project(model="veo3"), None)

    assert model.asked == []
