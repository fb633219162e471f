"""Which mind is asked, and when another."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace

import pytest
from pydantic import BaseModel

from bot.studio.drafts import PlanDraft
from bot.studio.errors import CannotPlan
from bot.studio.minds import ANSWER_WITHIN, WAIT_AGAIN, Minds, estimate
from providers.credential import Credential
from providers.errors import (
    ContentRejected,
    InvalidRequest,
    KeyRejected,
    ProviderError,
    RateLimited,
    Unavailable,
    UnexpectedResponse,
)
from providers.language import Answer, Prompt, Reply, Turn, Usage
from ratelimit import Allowance, Limit, Limits, NoUsableKey, Priority
from tests import virtual_time
from tests.bot.studio.fakes import ScriptedModel, mind
from tests.bot.studio.samples import plan_draft

PROMPT = Prompt(model="", system="s", turns=(Turn(role="user", parts=("a koi",)),))
DRAFT = plan_draft()


async def answered(*models: ScriptedModel) -> PlanDraft:
    minds = Minds([mind(model) for model in models])
    return await minds.answer(PROMPT, PlanDraft, user="ana", priority=Priority.HIGH)


async def streamed(*models: ScriptedModel) -> list[str]:
    minds = Minds([mind(model) for model in models])
    return [piece async for piece in minds.stream(PROMPT, PlanDraft, user="ana", priority=Priority.MEDIUM)]


async def test_the_first_mind_answers_by_its_thorough_name_and_streams_by_its_quick_one() -> None:
    first, second = ScriptedModel("gemini", DRAFT), ScriptedModel("groq", DRAFT)

    assert await answered(first, second) == DRAFT
    assert await streamed(first, second) == [DRAFT.model_dump_json()]
    assert [prompt.model for prompt in first.asked] == ["gemini-thorough", "gemini-quick"]
    assert second.asked == []


@pytest.mark.parametrize("failure", [KeyRejected("gemini"), Unavailable("gemini"), UnexpectedResponse("gemini")])
async def test_a_mind_that_cannot_is_followed_by_the_next(failure: ProviderError) -> None:
    assert await answered(ScriptedModel("gemini", failure), ScriptedModel("groq", DRAFT)) == DRAFT
    assert await streamed(ScriptedModel("gemini", failure), ScriptedModel("groq", "{}")) == ["{}"]


@pytest.mark.parametrize("failure", [ContentRejected("gemini"), InvalidRequest("gemini")])
async def test_what_the_request_is_refused_for_is_not_tried_elsewhere(failure: ProviderError) -> None:
    second = ScriptedModel("groq", DRAFT)

    with pytest.raises(type(failure)):
        await answered(ScriptedModel("gemini", failure), second)
    with pytest.raises(type(failure)):
        await streamed(ScriptedModel("gemini", failure), second)

    assert second.asked == []


async def test_an_answer_that_does_not_fit_is_asked_for_exactly_once_more() -> None:
    mended = ScriptedModel("gemini", UnexpectedResponse("gemini"), DRAFT)
    stubborn = ScriptedModel("gemini", UnexpectedResponse("gemini"))

    assert await answered(mended) == DRAFT
    with pytest.raises(UnexpectedResponse):
        await answered(stubborn)

    assert (len(mended.asked), len(stubborn.asked)) == (2, 2)


async def test_a_key_at_its_limit_is_followed_by_the_next_key_of_the_same_mind() -> None:
    model = ScriptedModel("gemini", RateLimited("gemini", retry_after=60.0), DRAFT)

    assert await answered(model) == DRAFT
    assert len(model.asked) == 2


@pytest.mark.parametrize("failure", [KeyRejected("gemini"), RateLimited("gemini"), Unavailable("gemini")])
async def test_a_stream_that_has_not_begun_is_asked_of_another_key_of_the_same_mind(failure: ProviderError) -> None:
    model, second = ScriptedModel("gemini", failure, "{}"), ScriptedModel("groq", "{}")

    assert await streamed(model, second) == ["{}"]

    assert model.readied == ["gemini-1", "gemini-2"]
    assert second.asked == []


def test_a_stream_whose_only_key_rests_is_soon_asked_of_the_next_mind() -> None:
    async def story() -> float:
        first = mind(ScriptedModel("gemini", RateLimited("gemini", retry_after=60.0)), keys=1)
        minds = Minds([first, mind(ScriptedModel("groq", "{}"))])
        pieces = [piece async for piece in minds.stream(PROMPT, PlanDraft, user="ana", priority=Priority.MEDIUM)]
        assert pieces == ["{}"]
        return virtual_time.now()

    assert virtual_time.run(story()) == WAIT_AGAIN


def test_a_stream_of_the_last_mind_waits_for_its_key() -> None:
    async def story() -> float:
        minds = Minds([mind(ScriptedModel("gemini", RateLimited("gemini", retry_after=34.0), "{}"), keys=1)])
        pieces = [piece async for piece in minds.stream(PROMPT, PlanDraft, user="ana", priority=Priority.MEDIUM)]
        assert pieces == ["{}"]
        return virtual_time.now()

    assert virtual_time.run(story()) == pytest.approx(34.0, abs=0.5)


def test_a_question_counts_from_when_its_key_is_ready() -> None:
    class Slow(ScriptedModel):
        async def ready(self, credential: Credential) -> None:
            await asyncio.sleep(30.0)

    async def story() -> float:
        asked = mind(Slow("gemini", DRAFT), keys=1, limits=Limits(account=Allowance(rates=(Limit(1, period=10.0),))))
        async with asyncio.TaskGroup() as group:
            group.create_task(Minds([asked]).answer(PROMPT, PlanDraft, user="ana", priority=Priority.HIGH))
            await asyncio.sleep(1.0)
            async with asked.pool.lease(user="ben"):
                return virtual_time.now()

    assert virtual_time.run(story()) == 40.0


async def test_when_all_fail_the_last_failure_is_told() -> None:
    first = ScriptedModel("gemini", UnexpectedResponse("gemini"))

    with pytest.raises(NoUsableKey):
        await answered(first, ScriptedModel("groq", KeyRejected("groq")))


async def test_without_a_mind_nothing_can_be_planned() -> None:
    assert not Minds([])
    with pytest.raises(CannotPlan):
        await answered()
    with pytest.raises(CannotPlan):
        await streamed()


async def test_a_stream_that_has_begun_is_never_begun_again_elsewhere() -> None:
    second = ScriptedModel("groq", "{}")
    first = ScriptedModel("gemini", ['{"reply": "He', Unavailable("gemini")])

    with pytest.raises(Unavailable):
        await streamed(first, second)

    assert second.asked == []


def test_only_minds_that_see_are_shown_a_video() -> None:
    seeing = mind(ScriptedModel("gemini", DRAFT, sees_video=True))

    assert Minds([mind(ScriptedModel("groq", DRAFT)), seeing]).that_see_video() == [seeing]


async def test_a_stream_counts_against_its_limit_from_when_it_is_asked_for() -> None:
    limits = Limits(account=Allowance(rates=(Limit(1, period=0.01),)))
    talking = mind(ScriptedModel("gemini", ["a", "b"]), keys=1, limits=limits)
    async with aclosing(Minds([talking]).stream(PROMPT, PlanDraft, user="ana", priority=Priority.MEDIUM)) as pieces:
        await anext(pieces)

        async with asyncio.timeout(5.0), talking.pool.lease(user="ben"):
            pass  # although the first is still being answered


def test_a_question_is_estimated_by_its_length_and_that_of_its_video() -> None:
    short, long = replace(PROMPT, system=""), replace(PROMPT, system="x" * 3000)

    assert estimate(long).tokens - estimate(short).tokens == 1000
    assert estimate(short, video=10.0).tokens - estimate(short).tokens == 1020
    assert estimate(short).tokens > 1000  # for the answer


async def test_a_question_takes_its_tokens_from_the_limit() -> None:
    limits = Limits(account=Allowance(rates=(Limit(None, tokens=100_000),)))
    asked = mind(ScriptedModel("gemini", DRAFT), keys=1, limits=limits)

    await Minds([asked]).answer(PROMPT, PlanDraft, user="ana", priority=Priority.HIGH)

    (key,) = asked.pool.view().keys
    assert [usage.tokens for usage in key.usage] == [estimate(PROMPT).tokens]


async def test_a_stream_that_nobody_reads_on_stops_the_model() -> None:
    class Talkative(ScriptedModel):
        hung_up = False

        async def stream(
            self, prompt: Prompt, schema: type[BaseModel], credential: Credential
        ) -> AsyncGenerator[str, None]:
            try:
                while True:
                    yield "word "
            finally:
                self.hung_up = True

    model = Talkative("gemini", "")
    async with aclosing(Minds([mind(model)]).stream(PROMPT, PlanDraft, user="ana", priority=Priority.MEDIUM)) as pieces:
        await anext(pieces)
        assert not model.hung_up

    assert model.hung_up


class Trickling(ScriptedModel):
    """Says a word every minute, without end, and never a whole answer."""

    async def answer(self, prompt: Prompt, schema: type[Answer], credential: Credential) -> Reply[Answer]:
        await asyncio.Event().wait()
        raise AssertionError

    async def stream(
        self, prompt: Prompt, schema: type[BaseModel], credential: Credential
    ) -> AsyncGenerator[str | Usage, None]:
        while True:
            await asyncio.sleep(60.0)
            yield "word "


def test_an_answer_that_trickles_without_end_is_given_up() -> None:
    async def story() -> PlanDraft:
        minds = Minds([mind(Trickling("gemini", ""), keys=1), mind(ScriptedModel("groq", DRAFT))])
        return await minds.answer(PROMPT, PlanDraft, user="ana", priority=Priority.HIGH)

    assert virtual_time.run(story()) == DRAFT


def test_a_stream_that_trickles_without_end_is_given_up() -> None:
    async def story() -> float:
        with pytest.raises(Unavailable):
            await streamed(Trickling("gemini", ""))
        return virtual_time.now()

    assert virtual_time.run(story()) == ANSWER_WITHIN
