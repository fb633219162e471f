from __future__ import annotations

import base64
import json
from io import BytesIO
from pathlib import Path
from typing import Any

import httpx
import pytest
from groq import AsyncGroq, BadRequestError, RateLimitError
from PIL import Image

from providers.elevenlabs import ElevenLabs
from providers.errors import InvalidRequest, Unavailable, UnexpectedResponse
from providers.groq import GroqChat, GroqEars
from providers.language import Picture, Prompt, Turn, Usage
from sandbox.providers.accounts import Limits
from sandbox.providers.faults import Breaks, EmptyOutput, Reset, Truncated
from sandbox.providers.question import schema_in
from sandbox.providers.voice import duration_of, encoded, speak
from sandbox.providers.world import ProviderWorld
from tests.providers.conftest import Key
from tests.sandbox.providers.recorded import Answers
from tests.sandbox.providers.test_writer import PLAN, Analysis, Plan, Revision

MODEL = "openai/gpt-oss-120b"
SEER = "qwen/qwen3.8-27b"
WHISPER = "whisper-large-v3-turbo"
KEY = Key(secret="sandbox-groq-studio-1")
IDEA = (Turn(role="user", parts=("a fox in 2 shots",)),)


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
    instructions = f"Answer with JSON that fits {json.dumps(Revision.model_json_schema())}"
    stream = await groq.chat.completions.create(
        model=MODEL,
        messages=[{"role": "system", "content": instructions}, {"role": "user", "content": parts}],
        stream=True,
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
    assert len(heard.text.split()) == 3
    assert heard.duration == pytest.approx(duration_of("Hello there, everybody."), abs=0.1)
    assert getattr(heard, "words", None) is None  # nobody asked for them


LINE = "It begins quietly, and then something stirs in the deep."


async def test_what_the_sandbox_spoke_is_recognised_word_for_word(
    world: ProviderWorld, http: httpx.AsyncClient, tmp_path: Path
) -> None:
    voice = ElevenLabs(http=http, base_url=world.elevenlabs_url)
    speech = await voice.speak(LINE, tmp_path / "a.mp3", Key(secret="sandbox-elevenlabs-studio-1"))
    heard = await GroqEars(http=http, base_url=world.groq_url).transcribe(speech.path, KEY, model=WHISPER)
    assert heard.text == LINE
    assert [word.text for word in heard.words] == [word.text for word in speech.words]
    assert [word.start for word in heard.words] == pytest.approx([word.start for word in speech.words], abs=0.01)


async def test_of_a_stranger_the_times_are_heard_and_the_words_made_up(
    world: ProviderWorld, http: httpx.AsyncClient, tmp_path: Path
) -> None:
    path = tmp_path / "stranger.ogg"
    spoken = await speak(LINE, "stranger", ["-c:a", "flac", "-f", "ogg"])
    path.write_bytes(spoken.audio)
    heard = await GroqEars(http=http, base_url=world.groq_url).transcribe(path, KEY, model=WHISPER)
    starts = [start for at, start in enumerate(spoken.starts) if at == 0 or LINE[at - 1] == " "]
    assert [word.start for word in heard.words] == pytest.approx(starts, abs=0.02)
    assert heard.text.split() == [word.text for word in heard.words]


async def test_in_silence_nobody_is_heard(world: ProviderWorld, http: httpx.AsyncClient, tmp_path: Path) -> None:
    path = tmp_path / "silence.wav"
    silence = ["-f", "lavfi", "-i", "anullsrc=d=2:r=8000", "-f", "wav"]
    path.write_bytes(await encoded(["-v", "error", *silence]))
    heard = await GroqEars(http=http, base_url=world.groq_url).transcribe(path, KEY, model=WHISPER)
    assert (heard.text, heard.words, heard.seconds) == ("", (), 2.0)


async def test_what_is_no_sound_cannot_be_written_down(
    world: ProviderWorld, http: httpx.AsyncClient, tmp_path: Path
) -> None:
    path = tmp_path / "noise.mp3"
    path.write_bytes(b"ID3 but no more")
    with pytest.raises(InvalidRequest, match="valid media file"):
        await GroqEars(http=http, base_url=world.groq_url).transcribe(path, KEY, model=WHISPER)


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


@pytest.fixture
def chat(world: ProviderWorld, http: httpx.AsyncClient) -> GroqChat:
    return GroqChat(http=http, base_url=world.groq_url)


@pytest.mark.parametrize("model", [MODEL, SEER, "qwen/qwen3.6-27b"])
async def test_a_plan_is_answered_and_streamed_by_every_family(chat: GroqChat, model: str) -> None:
    prompt = Prompt(model=model, system="Plan a film.", turns=IDEA)
    answered = await chat.answer(prompt, Plan, KEY)
    *pieces, usage = [piece async for piece in chat.stream(prompt, Plan, KEY)]
    assert len(pieces) > 3
    assert Plan.model_validate_json("".join(map(str, pieces))) == answered.value
    assert isinstance(usage, Usage)
    assert answered.usage is not None


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Truncated(), Unavailable),
        (Reset(), Unavailable),
        (Breaks(), Unavailable),
        (EmptyOutput(), UnexpectedResponse),
    ],
    ids=repr,
)
async def test_a_stream_that_breaks_is_told_as_broken(
    world: ProviderWorld, chat: GroqChat, fault: Truncated | Reset | Breaks | EmptyOutput, error: type[Exception]
) -> None:
    world.faults.add("groq", "POST", "chat", fault)
    with pytest.raises(error):
        _ = [piece async for piece in chat.stream(Prompt(model=MODEL, system="", turns=IDEA), Plan, KEY)]
    assert len(world.requests) == 1


async def test_key_frames_are_seen_as_the_film_they_are_of(chat: GroqChat, tmp_path: Path) -> None:
    frames = []
    for seconds, colour in ((0.5, (250, 20, 20)), (3.5, (20, 20, 250))):
        path = tmp_path / f"{seconds}.png"
        Image.new("RGB", (64, 36), colour).save(path)
        frames.append(Picture(path=path, caption=f"at {seconds} s"))
    question = (Turn(role="user", parts=("what happens?",)),)
    prompt = Prompt(model=SEER, system="", turns=question, pictures=frames)
    seen = (await chat.answer(prompt, Analysis, KEY)).value
    assert "red" in seen.summary
    assert "blue" in seen.summary
    assert "what happens" in seen.summary
    assert "at 0.5 s" not in seen.summary


@pytest.mark.parametrize(("model", "size"), [(MODEL, (64, 64)), (SEER, (6_000, 6_000))])
async def test_a_picture_that_the_model_does_not_take_is_refused(
    chat: GroqChat, tmp_path: Path, model: str, size: tuple[int, int]
) -> None:
    path = tmp_path / "a.png"
    Image.new("L", size).save(path)
    with pytest.raises(InvalidRequest):
        await chat.answer(Prompt(model=model, system="", turns=IDEA, pictures=(Picture(path=path),)), Analysis, KEY)


@pytest.mark.parametrize(
    ("model", "fields"),
    [
        (MODEL, {"reasoning_effort": "none"}),
        (MODEL, {"reasoning_format": "hidden"}),
        (SEER, {"reasoning_effort": "low"}),
        (SEER, {"reasoning_format": "hidden", "include_reasoning": False}),
        ("qwen/qwen3.6-27b", {"response_format": shaped(Plan)}),
        (MODEL, {"response_format": shaped(Plan), "stream": True}),
        (MODEL, {"response_format": {"type": "json_object"}}),
    ],
)
async def test_fields_that_a_model_does_not_take_are_refused(
    groq: AsyncGroq, model: str, fields: dict[str, Any]
) -> None:
    with pytest.raises(BadRequestError):
        await groq.chat.completions.create(model=model, messages=[{"role": "user", "content": "a fox"}], **fields)


async def test_five_pictures_and_four_megabytes_are_the_most(groq: AsyncGroq) -> None:
    def shown(count: int, data: str) -> Any:
        return [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": data}}] * count}]

    codes = []
    for count, data in ((6, "data:image/png;base64,AA=="), (1, "data:image/png;base64," + "A" * 4_000_000)):
        with pytest.raises(Exception, match=r"Too many|Too Large") as caught:
            await groq.chat.completions.create(model=SEER, messages=shown(count, data))
        codes.append(getattr(caught.value, "status_code", 0))
    assert codes == [400, 413]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", {}),
        ("no { schema } here", {}),
        ('an {"example": 1} and {"properties": {"a": {}}} then', {"properties": {"a": {}}}),
    ],
)
def test_of_instructions_only_a_schema_is_read(text: str, found: dict[str, object]) -> None:
    assert schema_in(text) == found


async def test_models_are_listed_for_the_catalogue(chat: GroqChat) -> None:
    assert {MODEL, SEER, WHISPER} <= await chat.listed(KEY)
