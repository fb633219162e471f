from __future__ import annotations

import base64
import json
from io import BytesIO
from typing import Any

import httpx
import pytest
from groq import AsyncGroq, RateLimitError
from PIL import Image

from sandbox.providers.accounts import Limits
from sandbox.providers.voice import speak
from sandbox.providers.world import ProviderWorld
from tests.sandbox.providers.recorded import Answers
from tests.sandbox.providers.test_writer import PLAN, Analysis, Plan, Revision

MODEL = "openai/gpt-oss-120b"


def shaped(schema: type[Plan | Revision | Analysis]) -> Any:
    return {
        "type": "json_schema",
        "json_schema": {"name": "answer", "strict": True, "schema": schema.model_json_schema()},
    }


async def test_an_idea_becomes_a_plan_whatever_the_instructions(groq: AsyncGroq) -> None:
    answers = [
        await groq.chat.completions.create(
            model=MODEL,
            messages=[{"role": "system", "content": system}, {"role": "user", "content": "a fox in 2 shots"}],
            response_format=shaped(Plan),
        )
        for system in ("Plan a film.", "Speak French. Nine shots.")
    ]
    assert len(Plan.model_validate_json(answers[0].choices[0].message.content or "").shots) == 2
    assert answers[0].choices[0].message.content == answers[1].choices[0].message.content


async def test_a_change_streams_with_its_usage_at_the_end(groq: AsyncGroq) -> None:
    parts: Any = [{"type": "text", "text": "remove shot 1"}, {"type": "text", "text": json.dumps(PLAN)}]
    stream = await groq.chat.completions.create(
        model=MODEL, messages=[{"role": "user", "content": parts}], response_format=shaped(Revision), stream=True
    )
    assert stream.response.headers["x-ratelimit-remaining-tokens"]
    chunks = [chunk async for chunk in stream]
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
    assert [edit.kind for edit in Revision.model_validate_json(text).edits] == ["remove_shot"]
    assert chunks[-1].x_groq is not None
    assert chunks[-1].x_groq.usage is not None


async def test_a_picture_is_looked_at_by_a_model_that_sees(groq: AsyncGroq) -> None:
    picture = BytesIO()
    Image.new("RGB", (64, 64), (250, 20, 20)).save(picture, "PNG")
    url = "data:image/png;base64," + base64.b64encode(picture.getvalue()).decode()
    parts: Any = [{"type": "text", "text": "what is it?"}, {"type": "image_url", "image_url": {"url": url}}]
    answer = await groq.chat.completions.create(
        model="qwen/qwen3.8-27b", messages=[{"role": "user", "content": parts}], response_format=shaped(Analysis)
    )
    assert "red" in Analysis.model_validate_json(answer.choices[0].message.content or "").look


async def test_answers_are_what_the_document_says(world: ProviderWorld) -> None:
    answers = Answers("groq")
    async with httpx.AsyncClient(event_hooks={"response": [answers.on_response]}) as http:
        client = AsyncGroq(api_key="sandbox-groq-s-1", base_url=world.groq_url, http_client=http, max_retries=0)
        await client.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "a fox"}])
        await client.models.list()
    assert answers.seen == 2
    # `x_groq` is in the SDK's types and in live answers; the document of 2026-08 leaves it out of this schema.
    assert [violation for violation in answers.violations if "x_groq" not in violation] == []


async def test_a_recording_is_transcribed(groq: AsyncGroq) -> None:
    spoken = await speak("Hello there, everybody.", "x", ["-f", "mp3"])
    heard: Any = await groq.audio.transcriptions.create(
        file=("a.mp3", spoken.audio), model="whisper-large-v3-turbo", response_format="verbose_json"
    )
    assert heard.text == "Somebody speaks for 2 seconds."
    assert heard.duration == pytest.approx(1.65, abs=0.1)


async def test_a_minute_has_its_requests_and_tokens(world: ProviderWorld, groq: AsyncGroq) -> None:
    kinds = []
    for limits in (Limits(requests_per_minute=0), Limits(tokens_per_minute=0)):
        world.accounts.limit("groq", "studio", limits)
        with pytest.raises(Exception, match=r"try again|too large") as caught:
            await groq.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "hm"}])
        kinds.append((getattr(caught.value, "status_code", 0), getattr(caught.value, "body", {})["error"]["type"]))
    assert kinds == [(429, "requests"), (413, "tokens")]


async def test_a_full_minute_tells_when_to_come_back(world: ProviderWorld, groq: AsyncGroq) -> None:
    world.accounts.limit("groq", "studio", Limits(requests_per_minute=1))
    await groq.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "hm"}])
    with pytest.raises(RateLimitError) as caught:
        await groq.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "hm"}])
    assert 1 <= int(caught.value.response.headers["retry-after"]) <= 60


async def test_a_request_too_large_for_the_minute_is_a_413(world: ProviderWorld, groq: AsyncGroq) -> None:
    world.accounts.limit("groq", "studio", Limits(tokens_per_minute=5))
    with pytest.raises(Exception, match="too large") as caught:
        await groq.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "x" * 40}])
    assert getattr(caught.value, "status_code", None) == 413


async def test_bad_keys_and_gone_models_have_their_codes(world: ProviderWorld, groq: AsyncGroq) -> None:
    codes = []
    for client, model in ((groq, "llama-3.3-70b-versatile"), (groq.with_options(api_key="nobody"), MODEL)):
        with pytest.raises(Exception, match=r"decommissioned|Invalid API Key") as caught:
            await client.chat.completions.create(model=model, messages=[{"role": "user", "content": "hm"}])
        codes.append((getattr(caught.value, "status_code", 0), getattr(caught.value, "body", {})["error"]["code"]))
    assert codes == [(400, "model_decommissioned"), (401, "invalid_api_key")]
