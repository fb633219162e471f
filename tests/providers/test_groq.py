from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import BaseModel

from providers.errors import (
    InvalidRequest,
    ProviderError,
    QuotaExhausted,
    RateLimited,
    Unavailable,
    UnexpectedResponse,
)
from providers.groq import GroqChat, GroqEars, groq_fault, quota_notes
from providers.hearing import Transcriber
from providers.language import LanguageModel, Picture, Prompt, RemoteFile, Turn, Usage
from providers.language import Reply as Answered
from providers.quota import DAY, MINUTE, Note, QuotaNote
from providers.standing import ModelLister
from providers.transport import Refusal
from tests.providers.conftest import PNG, SECRET, Key
from tests.providers.loopback import Behaviour, Hang, Loopback, Reply, Reset, Truncated
from tests.specs import request_violations, response_violations

MODEL = "openai/gpt-oss-120b"
SEER = "qwen/qwen3.8-27b"
ASK = "POST /openai/v1/chat/completions"
MODELS = "GET /openai/v1/models"


class Plan(BaseModel):
    title: str


PLAN = Plan(title="Koi")
PROMPT = Prompt(
    model=MODEL,
    system="You direct films.",
    turns=(
        Turn(role="user", parts=("a koi",)),
        Turn(role="model", parts=("{}",)),
        Turn(role="user", parts=("shorter", '{"data": 1}')),
    ),
)
USAGE = {"prompt_tokens": 12, "completion_tokens": 3, "total_tokens": 15}
RATES = {
    "x-ratelimit-limit-requests": "14400",
    "x-ratelimit-remaining-requests": "14370",
    "x-ratelimit-reset-requests": "2m59.56s",
    "x-ratelimit-limit-tokens": "18000",
    "x-ratelimit-remaining-tokens": "17997",
    "x-ratelimit-reset-tokens": "7.66s",
}


def completion(text: str | None, finish: str = "stop") -> dict[str, object]:
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": text},
        "finish_reason": finish,
        "logprobs": None,
    }
    return {"id": "c", "object": "chat.completion", "created": 1, "model": MODEL, "choices": [choice], "usage": USAGE}


def event(data: object, name: str = "") -> bytes:
    return (f"event: {name}\n" if name else "").encode() + b"data: " + json.dumps(data).encode() + b"\n\n"


def chunk(text: str | None = None, finish: str | None = None, **x_groq: object) -> bytes:
    choice = {"index": 0, "delta": {} if text is None else {"content": text}, "finish_reason": finish}
    body: dict[str, object] = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": MODEL}
    return event({**body, "choices": [choice], **({"x_groq": x_groq} if x_groq else {})})


LAST = chunk(finish="stop", id="r", usage=USAGE) + b"data: [DONE]\n\n"


def events(*parts: bytes, headers: dict[str, str] | None = None) -> Reply:
    return Reply(200, b"".join(parts), {"content-type": "text/event-stream", **(headers or {})})


def said(*pieces: str) -> Reply:
    return events(chunk(""), *map(chunk, pieces), LAST)


def violations(body: object) -> list[str]:
    """Against Groq's document, which is of 2026-08 and does not know the models of November."""
    found = request_violations("groq", "POST", "/openai/v1/chat/completions", body)
    return [violation for violation in found if not violation.startswith("model: ")]


def error(message: str, code: str = "", kind: str = "") -> dict[str, object]:
    return {"error": {"message": message, "code": code, "type": kind}}


@pytest.fixture
def groq(server: Loopback, http: httpx.AsyncClient) -> GroqChat:
    return GroqChat(http=http, base_url=server.url, read_timeout=0.2)


def test_the_adapters_are_all_that_they_say(groq: GroqChat, http: httpx.AsyncClient) -> None:
    thinks: LanguageModel = groq
    lists: ModelLister = groq
    hears: Transcriber = GroqEars(http=http)
    assert {each.name for each in (thinks, lists, hears)} == {"groq"}


async def streamed(groq: GroqChat, key: Key, prompt: Prompt = PROMPT) -> list[str | Usage]:
    return [piece async for piece in groq.stream(prompt, Plan, key)]


def showing(pictures: Sequence[Picture], model: str = SEER) -> Prompt:
    return Prompt(model=model, system="", turns=(Turn(role="user", parts=("what is it?",)),), pictures=pictures)


async def test_an_answer_fits_its_schema_and_the_question_its_document(
    groq: GroqChat, server: Loopback, key: Key
) -> None:
    server.on(ASK, Reply(200, completion(PLAN.model_dump_json())))
    assert await groq.answer(PROMPT, Plan, key) == Answered(value=PLAN, usage=Usage(input_tokens=12, output_tokens=3))
    (seen,) = server.seen
    assert seen.headers["authorization"] == f"Bearer {SECRET}"
    assert seen.json["response_format"]["type"] == "json_schema"
    assert seen.json["include_reasoning"] is False
    assert violations(seen.json) == []
    assert response_violations("groq", "POST", seen.path, 200, completion("{}")) == []
    assert [len(message["content"]) for message in seen.json["messages"][1:]] == [1, 2, 2]


async def test_an_answer_that_tells_no_usage_has_none(groq: GroqChat, server: Loopback, key: Key) -> None:
    server.on(ASK, Reply(200, {**completion(PLAN.model_dump_json()), "usage": None}))
    assert (await groq.answer(PROMPT, Plan, key)).usage is None


async def test_a_model_without_schemas_is_told_its_shape_in_words(groq: GroqChat, server: Loopback, key: Key) -> None:
    server.on(ASK, Reply(200, completion('```json\n{"title": "Koi"}\n```')))
    prompt = Prompt(model="qwen/qwen3.6-27b", system="You direct.", turns=PROMPT.turns)
    assert (await groq.answer(prompt, Plan, key)).value == PLAN
    (seen,) = server.seen
    assert seen.json["response_format"] == {"type": "json_object"}
    assert json.dumps(Plan.model_json_schema()) in seen.json["messages"][0]["content"]
    assert violations(seen.json) == []


@pytest.mark.parametrize(
    ("model", "fields"),
    [
        (MODEL, {"include_reasoning": False, "reasoning_effort": "low"}),
        (SEER, {"reasoning_effort": "none"}),
        ("moonshot/of-tomorrow", {}),
    ],
)
async def test_each_family_is_told_of_thinking_in_its_own_fields(
    groq: GroqChat, server: Loopback, key: Key, model: str, fields: dict[str, object]
) -> None:
    server.on(ASK, said(PLAN.model_dump_json()))
    await streamed(groq, key, Prompt(model=model, system="", turns=PROMPT.turns))
    (seen,) = server.seen
    assert {name: value for name, value in seen.json.items() if "reasoning" in name} == fields
    assert violations(seen.json) == []


async def test_talk_comes_in_pieces_and_what_it_took_last(groq: GroqChat, server: Loopback, key: Key) -> None:
    server.on(ASK, said('{"ti', 'tle": ', '"Koi"}'))
    assert await streamed(groq, key) == ['{"ti', 'tle":', ' "Koi"}', Usage(input_tokens=12, output_tokens=3)]
    (seen,) = server.seen
    assert seen.json["stream"] is True
    assert "response_format" not in seen.json
    assert json.dumps(Plan.model_json_schema()) in seen.json["messages"][0]["content"]


@pytest.mark.parametrize(
    "pieces",
    [
        ("```json\n", '{"title": "Koi"}', "\n```"),
        ("``", "`js", 'on\n{"title": "Ko', 'i"}\n', "`", "``\n"),
        ('<think>\nHm.\n</think>\n\n{"title": ', '"Koi"}'),
        ("Here it is: ", '{"title": "Koi"} ', " \n"),
    ],
)
async def test_what_a_model_puts_around_its_object_is_not_streamed(
    groq: GroqChat, server: Loopback, key: Key, pieces: Sequence[str]
) -> None:
    server.on(ASK, said(*pieces))
    *told, _ = await streamed(groq, key)
    assert "".join(map(str, told)) == '{"title": "Koi"}'


async def test_backticks_inside_the_object_stay(groq: GroqChat, server: Loopback, key: Key) -> None:
    server.on(ASK, said('{"title": "a `', "``", ' koi ` "}'))
    *told, _ = await streamed(groq, key)
    assert "".join(map(str, told)) == '{"title": "a ``` koi ` "}'


async def test_pieces_come_before_the_answer_is_whole(groq: GroqChat, server: Loopback, key: Key) -> None:
    begun = b"".join(map(chunk, ['{"title"', ': "K']))
    server.on(ASK, Truncated(begun, "text/event-stream"))
    talk = groq.stream(PROMPT, Plan, key)
    assert [await anext(talk), await anext(talk)] == ['{"title"', ': "K']
    with pytest.raises(Unavailable):
        await anext(talk)
    assert len(server.seen) == 1


async def test_who_stops_listening_lets_the_connection_go(
    groq: GroqChat, server: Loopback, key: Key, http: httpx.AsyncClient
) -> None:
    server.on(ASK, said(*'{"title": "Koi"}'))
    talk = groq.stream(PROMPT, Plan, key)
    await anext(talk)
    await talk.aclose()
    transport: Any = http._transport  # httpx tells nowhere else what is open
    assert [each for each in transport._pool.connections if not (each.is_idle() or each.is_closed())] == []


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        (said('{"title": 3}'), UnexpectedResponse),
        (said("I'm sorry, but I can't."), UnexpectedResponse),
        (said(), UnexpectedResponse),
        (events(chunk('{"title": "K'), chunk(finish="length", id="r", usage=USAGE)), UnexpectedResponse),
        (events(chunk('{"title": "Koi"}')), UnexpectedResponse),
        (events(), UnexpectedResponse),
        (events(b"data: {nonsense\n\n"), UnexpectedResponse),
        (events(event({"choices": 3})), UnexpectedResponse),
        (events(chunk("{"), chunk(id="r", error="over capacity")), Unavailable),
        (events(chunk("{"), event({"error": {"message": "broke", "type": "internal_server_error"}})), Unavailable),
        (events(chunk("{"), event({"error": {"message": "broke"}}, "error")), Unavailable),
        (
            events(event({"error": {"message": "slow down", "code": "rate_limit_exceeded"}}, "error")),
            RateLimited,
        ),
        (
            events(event({"error": {"message": "no", "code": "json_validate_failed", "status_code": 400}})),
            UnexpectedResponse,
        ),
        (Reply(200, b"<html>", {"content-type": "text/html"}), UnexpectedResponse),
        (Reset(), Unavailable),
        (Hang(), Unavailable),
        (Reply(429, error("Rate limit reached"), {"retry-after": "7"}), RateLimited),
        (Reply(503, b"<html>"), Unavailable),
    ],
)
async def test_talk_is_asked_for_once_and_its_failure_named(
    groq: GroqChat, server: Loopback, key: Key, answer: Behaviour, fault: type[ProviderError]
) -> None:
    server.on(ASK, answer)
    with pytest.raises(ProviderError) as caught:
        await streamed(groq, key)
    assert type(caught.value) is fault
    assert len(server.seen) == 1


async def test_pictures_stand_before_the_last_words_each_after_its_caption(
    groq: GroqChat, server: Loopback, key: Key, picture: Path, tmp_path: Path
) -> None:
    server.on(ASK, Reply(200, completion(PLAN.model_dump_json())))
    webp = tmp_path / "b"
    webp.write_bytes(b"RIFF\x04\0\0\0WEBPVP8 ")
    await groq.answer(showing([Picture(path=picture, caption="at 3.5 s"), Picture(path=webp)]), Plan, key)
    (seen,) = server.seen
    assert violations(seen.json) == []
    caption, first, second, words = seen.json["messages"][-1]["content"]
    assert (caption["text"], words["text"]) == ("at 3.5 s", "what is it?")
    assert first["image_url"]["url"] == f"data:image/png;base64,{base64.b64encode(PNG).decode()}"
    assert second["image_url"]["url"].startswith("data:image/webp;base64,")


async def test_pictures_without_words_are_shown_too(groq: GroqChat, server: Loopback, key: Key, picture: Path) -> None:
    server.on(ASK, Reply(200, completion(PLAN.model_dump_json())))
    await groq.answer(Prompt(model=SEER, system="", turns=(), pictures=(Picture(path=picture),)), Plan, key)
    assert [part["type"] for part in server.seen[0].json["messages"][-1]["content"]] == ["image_url"]


@pytest.mark.parametrize(
    ("count", "content"), [(6, PNG), (1, b"GIF89a"), (1, PNG + bytes(4_000_001)), (4, PNG + bytes(800_000))]
)
async def test_pictures_too_many_too_large_or_of_the_wrong_kind_never_leave(
    groq: GroqChat, server: Loopback, key: Key, tmp_path: Path, count: int, content: bytes
) -> None:
    path = tmp_path / "picture"
    path.write_bytes(content)
    with pytest.raises(InvalidRequest):
        await groq.answer(showing([Picture(path=path)] * count), Plan, key)
    assert server.seen == []


async def test_a_film_is_not_for_groq(groq: GroqChat, server: Loopback, key: Key) -> None:
    file = RemoteFile(name="f", uri="u", mime_type="video/mp4")
    prompt = Prompt(model=MODEL, system="", turns=(), files=(file,))
    with pytest.raises(InvalidRequest):
        await groq.answer(prompt, Plan, key)
    with pytest.raises(InvalidRequest):
        await streamed(groq, key, prompt)
    with pytest.raises(InvalidRequest):
        await groq.upload(Path("film.mp4"), "video/mp4", key)
    with pytest.raises(InvalidRequest):
        await groq.delete(file, key)
    assert server.seen == []


async def test_groq_counts_nothing_ahead(groq: GroqChat, key: Key) -> None:
    assert await groq.count(PROMPT, key) is None


async def test_models_are_listed_by_their_ids(groq: GroqChat, server: Loopback, key: Key) -> None:
    models = [{"id": each, "object": "model", "created": 1, "owned_by": "x"} for each in (MODEL, SEER)]
    server.on(MODELS, Reply(200, {"object": "list", "data": models}))
    assert await groq.listed(key) == {MODEL, SEER}


@pytest.mark.parametrize(
    "answer", [Reply(200, b"<html>", {"content-type": "text/html"}), Reply(503, b""), Reset()], ids=repr
)
async def test_a_list_that_cannot_be_had_is_asked_for_once(
    groq: GroqChat, server: Loopback, key: Key, answer: Behaviour
) -> None:
    server.on(MODELS, answer)
    with pytest.raises(ProviderError):
        await groq.listed(key)
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    ("behaviour", "fault"),
    [
        (Reset(), Unavailable),
        (Hang(), Unavailable),
        (Truncated(), Unavailable),
        (Reply(200, b"<html>"), UnexpectedResponse),
        (Reply(200, {"choices": []}), UnexpectedResponse),
        (Reply(200, completion('{"title": "Ko', "length")), UnexpectedResponse),
        (Reply(200, completion(None)), UnexpectedResponse),
        (Reply(200, completion('{"title": 3}')), UnexpectedResponse),
    ],
)
async def test_a_question_is_sent_once_and_its_failure_named(
    groq: GroqChat, server: Loopback, key: Key, behaviour: Behaviour, fault: type[ProviderError]
) -> None:
    server.on(ASK, behaviour)
    with pytest.raises(ProviderError) as caught:
        await groq.answer(PROMPT, Plan, key)
    assert type(caught.value) is fault
    assert len(server.seen) == 1


async def test_each_key_has_one_client_and_asks_for_itself(groq: GroqChat, server: Loopback) -> None:
    server.on(ASK, Reply(200, completion(PLAN.model_dump_json())))
    keys = [Key("one", "false-1"), Key("two", "false-2"), Key("one", "false-1")]
    await asyncio.gather(*(groq.answer(PROMPT, Plan, key) for key in keys))
    assert sorted(seen.headers["authorization"] for seen in server.seen) == [
        "Bearer false-1",
        "Bearer false-1",
        "Bearer false-2",
    ]
    await groq.close()


def test_a_minutes_limit_rests_and_a_days_limit_ends_when_it_says() -> None:
    minute = "Rate limit reached for model on tokens per minute (TPM): Limit 8000. Please try again in 8.25s."
    day = "Rate limit reached for model on requests per day (RPD): Limit 1000. Please try again in 1h2m3.5s."
    resting = groq_fault(Refusal(429, error(minute)), model=MODEL, now=100.0)
    done = groq_fault(Refusal(429, error(day), {"retry-after": "3724"}), model=MODEL, now=100.0)
    assert isinstance(resting, RateLimited)
    assert (resting.retry_after, resting.model) == (8.25, MODEL)
    assert isinstance(done, QuotaExhausted)
    assert (done.until, done.model) == (100.0 + 3723.5, MODEL)


def test_milliseconds_are_not_minutes() -> None:
    fault = groq_fault(Refusal(429, error("(TPM) Please try again in 250ms.")), model=MODEL, now=0.0)
    assert isinstance(fault, RateLimited)
    assert fault.retry_after == 1.0


@pytest.mark.parametrize("streams", [False, True])
async def test_what_is_left_is_told_with_every_answer(
    server: Loopback, http: httpx.AsyncClient, key: Key, *, streams: bool
) -> None:
    heard: list[Note] = []
    groq = GroqChat(http=http, base_url=server.url, notice=heard.append)
    notes = [
        QuotaNote(provider="groq", key_id=key.id, model=MODEL, period=DAY, requests=14370, resets_in=179.56),
        QuotaNote(provider="groq", key_id=key.id, model=MODEL, period=MINUTE, tokens=17997, resets_in=7.66),
    ]
    if streams:
        server.on(ASK, events(chunk(PLAN.model_dump_json()), LAST, headers=RATES))
        async for _ in groq.stream(PROMPT, Plan, key):
            assert heard == notes  # with the first piece already
    else:
        server.on(ASK, Reply(200, completion(PLAN.model_dump_json()), RATES))
        await groq.answer(PROMPT, Plan, key)
    assert heard == notes


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-ratelimit-remaining-requests": "14370"},
        {"x-ratelimit-reset-tokens": "7.66s"},
        {"x-ratelimit-remaining-tokens": "-1", "x-ratelimit-reset-tokens": "7.66s"},
        {"x-ratelimit-remaining-tokens": "many", "x-ratelimit-reset-tokens": "7.66s"},
        {"x-ratelimit-remaining-tokens": "3", "x-ratelimit-reset-tokens": "soon"},
    ],
)
def test_a_header_that_tells_nothing_is_left_alone(headers: dict[str, str]) -> None:
    assert list(quota_notes(headers, key_id="k", model=MODEL)) == []


def test_a_clock_gone_wrong_holds_a_limit_no_longer_than_its_period() -> None:
    headers = {"x-ratelimit-remaining-tokens": "0", "x-ratelimit-reset-tokens": "999h"}
    (note,) = quota_notes(headers, key_id="k", model=MODEL)
    assert note.resets_in == MINUTE


def test_a_days_limit_that_does_not_say_when_it_ends_is_tried_again_within_the_hour() -> None:
    fault = groq_fault(Refusal(429, error("(RPD): Limit 1000.")), model=MODEL, now=100.0)
    assert isinstance(fault, QuotaExhausted)
    assert fault.until == 100.0 + 3600.0
