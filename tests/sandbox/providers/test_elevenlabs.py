from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest
from elevenlabs import AsyncElevenLabs
from elevenlabs.core.api_error import ApiError
from elevenlabs.core.request_options import RequestOptions

from sandbox.providers.accounts import Limits
from sandbox.providers.faults import Truncated
from sandbox.providers.world import ProviderWorld
from tests.sandbox.providers.media import facts_of
from tests.sandbox.providers.recorded import Answers

VOICE = "21m00Tcm4TlvDq8ikWAM"
LINE = "It begins quietly, before anyone is watching, and then something stirs in the deep."


async def said(client: AsyncElevenLabs, text: str = LINE) -> bytes:
    options: RequestOptions = {"max_retries": 0, "timeout_in_seconds": 20}
    speech = client.text_to_speech.convert(VOICE, text=text, model_id="eleven_multilingual_v2", request_options=options)
    return b"".join([part async for part in speech])


async def test_a_voice_is_an_mp3_as_long_as_its_words(elevenlabs: AsyncElevenLabs, tmp_path: Path) -> None:
    voice = tmp_path / "voice.mp3"
    voice.write_bytes(await said(elevenlabs))
    facts = await facts_of(voice)
    assert facts.duration == pytest.approx(len(LINE) / 14, abs=0.2)
    assert facts.streams == "Audio: mp3"


async def test_the_headers_tell_what_it_cost(elevenlabs: AsyncElevenLabs) -> None:
    async with elevenlabs.text_to_speech.with_raw_response.convert(VOICE, text="Hello.") as answer:
        headers = answer.headers
        assert b"".join([part async for part in answer.data])
    assert (headers["character-cost"], headers["maximum-concurrent-requests"]) == ("6", "5")
    assert headers["request-id"]


async def test_a_stream_gives_the_same_sound(elevenlabs: AsyncElevenLabs) -> None:
    streamed = b"".join([part async for part in elevenlabs.text_to_speech.stream(VOICE, text="Hello there.")])
    assert streamed == await said(elevenlabs, "Hello there.")


async def test_timestamps_align_each_character(elevenlabs: AsyncElevenLabs) -> None:
    answer = await elevenlabs.text_to_speech.convert_with_timestamps(VOICE, text="Hello.")
    assert answer.alignment is not None
    assert answer.alignment.characters == list("Hello.")
    assert answer.alignment.character_end_times_seconds[-1] == pytest.approx(6 / 14, abs=0.01)


async def test_answers_are_what_the_document_says(world: ProviderWorld) -> None:
    answers = Answers("elevenlabs")
    async with httpx.AsyncClient(event_hooks={"response": [answers.on_response]}) as http:
        client = AsyncElevenLabs(
            api_key="sandbox-elevenlabs-studio-1", base_url=world.elevenlabs_url, httpx_client=http
        )
        await client.voices.search(search="rach")
        await client.user.subscription.get()
        await client.text_to_speech.convert_with_timestamps(VOICE, text="Hello.")
    assert (answers.violations, answers.seen) == ([], 3)


async def test_the_plan_has_so_many_voices_at_once(tmp_path: Path, http: httpx.AsyncClient) -> None:
    async with ProviderWorld(directory=tmp_path, pace=0.2, limits={"elevenlabs": Limits(concurrency=1)}) as world:
        client = AsyncElevenLabs(
            api_key="sandbox-elevenlabs-studio-1", base_url=world.elevenlabs_url, httpx_client=http
        )
        results = await asyncio.gather(said(client), said(client), return_exceptions=True)
    (refused,) = [result for result in results if isinstance(result, ApiError)]
    assert (refused.status_code, refused.body["detail"]["status"]) == (429, "too_many_concurrent_requests")


async def test_no_characters_left_and_a_bad_key_are_both_401(
    world: ProviderWorld, elevenlabs: AsyncElevenLabs, http: httpx.AsyncClient
) -> None:
    world.accounts.limit("elevenlabs", "studio", Limits(credit=10))
    stranger = AsyncElevenLabs(api_key="nobody", base_url=world.elevenlabs_url, httpx_client=http)
    words = []
    for client in (elevenlabs, stranger):
        with pytest.raises(ApiError) as caught:
            await said(client)
        words.append((caught.value.status_code, caught.value.body["detail"]["status"]))
    assert words == [(401, "quota_exceeded"), (401, "invalid_api_key")]


async def test_a_truncated_answer_is_a_broken_transfer(world: ProviderWorld, elevenlabs: AsyncElevenLabs) -> None:
    world.faults.add("elevenlabs", "POST", "text-to-speech", Truncated())
    with pytest.raises(httpx.TransportError):
        await said(elevenlabs)
    assert len(world.paid("elevenlabs")) == 1
