from __future__ import annotations

import asyncio
import re
import time
from pathlib import Path

import httpx
import pytest
from elevenlabs import AsyncElevenLabs
from elevenlabs.core.api_error import ApiError
from elevenlabs.core.request_options import RequestOptions

from providers.elevenlabs import DEFAULT_VOICE, ElevenLabs
from providers.errors import ContentRejected, InvalidRequest, OutcomeUnknown, QuotaExhausted
from providers.quota import Note, RoomNote
from sandbox.providers.accounts import Limits
from sandbox.providers.faults import EmptyOutput, Reset, Truncated
from sandbox.providers.film import run_ffmpeg
from sandbox.providers.voice import duration_of
from sandbox.providers.world import ProviderWorld
from tests.providers.conftest import Key
from tests.sandbox.providers.media import facts_of
from tests.sandbox.providers.recorded import Answers

VOICE = "21m00Tcm4TlvDq8ikWAM"
LINE = "It begins quietly, before anyone is watching, and then something stirs in the deep."

KEY = Key(secret="sandbox-elevenlabs-studio-1")
FREE = Limits(concurrency=2, credit=10_000)


@pytest.fixture
def voice(world: ProviderWorld, http: httpx.AsyncClient) -> ElevenLabs:
    return ElevenLabs(http=http, base_url=world.elevenlabs_url)


async def onsets_of(path: Path) -> list[float]:
    """When silence ends in a recording, as ffmpeg hears it."""
    _, told = await run_ffmpeg(["-i", str(path), "-af", "silencedetect=n=-40dB:d=0.04", "-f", "null", "-"])
    begins, ends = (
        [float(found) for found in re.findall(rf"silence_{edge}: (-?[\d.]+)", told)] for edge in ("start", "end")
    )
    duration = (await facts_of(path)).duration
    return [end for begin, end in zip(begins, ends, strict=True) if end < duration - 0.02]


async def said(client: AsyncElevenLabs, text: str = LINE) -> bytes:
    options: RequestOptions = {"max_retries": 0, "timeout_in_seconds": 20}
    speech = client.text_to_speech.convert(VOICE, text=text, model_id="eleven_multilingual_v2", request_options=options)
    return b"".join([part async for part in speech])


async def test_a_voice_is_an_mp3_as_long_as_its_words(elevenlabs: AsyncElevenLabs, tmp_path: Path) -> None:
    voice = tmp_path / "voice.mp3"
    voice.write_bytes(await said(elevenlabs))
    facts = await facts_of(voice)
    assert facts.duration == pytest.approx(len(LINE) / 14, abs=0.3)
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
    assert answer.alignment.character_end_times_seconds[-1] == pytest.approx(duration_of("Hello."), abs=0.01)


@pytest.mark.parametrize("line", [LINE, "Wait... “now”, please!", "鯉が龍になる", "A 1 b"])
async def test_every_word_is_heard_when_its_first_character_is_said_to_begin(
    voice: ElevenLabs, tmp_path: Path, line: str
) -> None:
    speech = await voice.speak(line, tmp_path / "a.mp3", KEY)
    assert await onsets_of(speech.path) == pytest.approx([word.start for word in speech.words], abs=0.01)


async def test_answers_are_what_the_document_says(world: ProviderWorld) -> None:
    answers = Answers("elevenlabs")
    async with httpx.AsyncClient(event_hooks={"response": [answers.on_response]}) as http:
        client = AsyncElevenLabs(
            api_key="sandbox-elevenlabs-studio-1", base_url=world.elevenlabs_url, httpx_client=http
        )
        await client.voices.search(search="rach")
        await client.user.subscription.get()
        await client.models.list()
        await client.text_to_speech.convert_with_timestamps(VOICE, text="Hello.")
        with pytest.raises(ApiError):
            await client.text_to_speech.convert_with_timestamps(VOICE, text=None)
    assert (answers.violations, answers.seen) == ([], 5)


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


@pytest.mark.parametrize("seconds", [0.5, 3.3])
async def test_a_noise_lasts_as_long_as_asked(voice: ElevenLabs, tmp_path: Path, seconds: float) -> None:
    sound = await voice.effect("rain on a tin roof", seconds, tmp_path / "a.mp3", KEY)
    facts = await facts_of(sound.path)
    assert facts.duration == pytest.approx(seconds, abs=0.03)
    assert facts.streams == "Audio: mp3"
    assert sound.characters == round(seconds * 40)


async def test_music_lasts_as_long_as_asked_and_can_be_heard(voice: ElevenLabs, tmp_path: Path) -> None:
    music = await voice.compose("a calm piano", 9.25, tmp_path / "a.mp3", KEY)
    assert (await facts_of(music.path)).duration == pytest.approx(9.25, abs=0.03)
    _, told = await run_ffmpeg(["-i", str(music.path), "-af", "volumedetect", "-f", "null", "-"])
    loudest = re.search(r"max_volume: (-?[\d.]+) dB", told)
    assert loudest is not None
    assert -12 < float(loudest[1]) < -1


async def test_a_free_account_has_no_music_and_none_of_the_library(
    world: ProviderWorld, voice: ElevenLabs, tmp_path: Path
) -> None:
    world.accounts.limit("elevenlabs", "studio", FREE)
    (lent, *_) = await voice.voices(KEY, search="professional")
    with pytest.raises(QuotaExhausted) as caught:
        await voice.compose("a calm piano", 5, tmp_path / "a.mp3", KEY)
    with pytest.raises(InvalidRequest, match="library voices"):
        await voice.speak("Hello.", tmp_path / "a.mp3", KEY, voice=lent.id)
    assert caught.value.model == "music_v2"
    assert (await voice.standing(KEY)).plan == "free"
    await voice.speak("Hello.", tmp_path / "a.mp3", KEY)


@pytest.mark.parametrize(("model", "room"), [("eleven_multilingual_v2", 5), ("eleven_flash_v2_5", 10)])
async def test_each_kind_of_model_has_room_of_its_own(
    world: ProviderWorld, http: httpx.AsyncClient, tmp_path: Path, model: str, room: int
) -> None:
    heard: list[Note] = []
    voice = ElevenLabs(http=http, base_url=world.elevenlabs_url, notice=heard.append)
    await voice.speak("Hello.", tmp_path / "a.mp3", KEY, model=model)
    assert heard == [RoomNote(provider="elevenlabs", key_id=KEY.id, model=model, room=room)]


async def test_what_is_spoken_is_counted_and_used_up(world: ProviderWorld, voice: ElevenLabs, tmp_path: Path) -> None:
    world.accounts.limit("elevenlabs", "studio", Limits(concurrency=5, credit=10))
    await voice.speak("Hello.", tmp_path / "a.mp3", KEY)
    standing = await voice.standing(KEY)
    assert (standing.plan, standing.left, standing.unit) == ("creator", 4, "characters")
    with pytest.raises(QuotaExhausted) as caught:
        await voice.speak("Hello.", tmp_path / "a.mp3", KEY)
    assert caught.value.until == pytest.approx(standing.resets_at, abs=2)


async def test_thirty_voices_are_found_by_name_and_label_page_by_page(
    elevenlabs: AsyncElevenLabs, voice: ElevenLabs
) -> None:
    everyone = await voice.voices(KEY, limit=100)
    assert len({each.id for each in everyone}) == len(everyone) == 33
    assert DEFAULT_VOICE in {each.id for each in everyone}
    pages = [await elevenlabs.voices.search(page_size=20)]
    pages.append(await elevenlabs.voices.search(page_size=20, next_page_token=pages[0].next_page_token))
    assert [len(page.voices) for page in pages] == [20, 13]
    assert [page.has_more for page in pages] == [True, False]
    irish = await voice.voices(KEY, search="irish female")
    assert {each.name for each in irish} == {"Ada", "Saoirse"}
    assert (await voice.voices(KEY, search="greta"))[0].labels == (
        "female",
        "middle aged",
        "northern",
        "de",
        "informative educational",
        "crisp",
    )


async def test_unspeakable_words_are_against_the_policy(voice: ElevenLabs, tmp_path: Path) -> None:
    for call in (voice.effect, voice.compose):
        with pytest.raises(ContentRejected):
            await call("an unspeakable noise", 5.0, tmp_path / "a.mp3", KEY)
    with pytest.raises(ContentRejected):
        await voice.speak("an unspeakable word", tmp_path / "a.mp3", KEY)


@pytest.mark.parametrize("fault", [Reset(), Reset(applied=True), Truncated(), EmptyOutput()], ids=repr)
async def test_a_sound_that_is_lost_on_the_way_may_have_been_paid(
    world: ProviderWorld, voice: ElevenLabs, tmp_path: Path, fault: Reset | Truncated | EmptyOutput
) -> None:
    world.faults.add("elevenlabs", "POST", "sound|music|speech", fault, times=3)
    calls = (
        lambda: voice.effect("rain", 2.0, tmp_path / "a.mp3", KEY),
        lambda: voice.compose("piano", 4.0, tmp_path / "b.mp3", KEY),
        lambda: voice.speak("Hello.", tmp_path / "c.mp3", KEY),
    )
    for call in calls:
        with pytest.raises(OutcomeUnknown):
            await call()
    assert len(world.paid("elevenlabs", accepted=False)) == 3


async def test_models_are_listed_for_the_catalogue(voice: ElevenLabs) -> None:
    assert {"eleven_multilingual_v2", "eleven_v3", "eleven_flash_v2_5"} <= await voice.listed(KEY)


async def test_speech_whose_answer_was_lost_is_found_in_the_history(
    world: ProviderWorld, voice: ElevenLabs, tmp_path: Path
) -> None:
    began = time.time()
    world.faults.add("elevenlabs", "POST", "speech", Reset(applied=True))
    with pytest.raises(OutcomeUnknown):
        await voice.speak("Hello.", tmp_path / "lost.mp3", KEY)
    await voice.speak("Goodbye.", tmp_path / "other.mp3", KEY)

    found = await voice.find("Hello.", tmp_path / "found.mp3", KEY, since=began)

    assert found is not None
    assert (found.characters, (tmp_path / "found.mp3").stat().st_size > 1000) == (len("Hello."), True)
    assert await voice.find("Hello, you.", tmp_path / "none.mp3", KEY, since=began) is None
    assert await voice.find("Hello.", tmp_path / "none.mp3", KEY, since=began + 60) is None
    assert not (tmp_path / "none.mp3").exists()
    assert len(world.paid("elevenlabs", accepted=False)) == 2
