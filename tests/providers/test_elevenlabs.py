from __future__ import annotations

import asyncio
import base64
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import pytest

from providers.elevenlabs import DEFAULT_VOICE, MUSIC_MODEL, SOUND_MODEL, SPEECH_MODEL, ElevenLabs
from providers.errors import InvalidRequest, KeyRejected, OutcomeUnknown, ProviderError, QuotaExhausted, Unavailable
from providers.quota import Note, RoomNote
from providers.speech import Sound, SoundProvider, Speech, SpeechProvider, TimedWord, Voice
from providers.standing import AccountReader, AccountStanding, ModelLister
from tests.providers.conftest import SECRET, Key
from tests.providers.loopback import Behaviour, Hang, Loopback, Reply, Reset, Truncated
from tests.specs import request_violations

SPEAK = f"POST /v1/text-to-speech/{DEFAULT_VOICE}/with-timestamps"
EFFECT = "POST /v1/sound-generation"
COMPOSE = "POST /v1/music"
VOICES = "GET /v2/voices"
SUBSCRIPTION = "GET /v1/user/subscription"
MODELS = "GET /v1/models"
PAID = {"speak": SPEAK, "effect": EFFECT, "compose": COMPOSE}

TEXT = "a koi"
TIMES = {
    "characters": list(TEXT),
    "character_start_times_seconds": [0.0, 0.1, 0.2, 0.3, 0.4],
    "character_end_times_seconds": [0.1, 0.2, 0.3, 0.4, 0.5],
}
WORDS = (TimedWord(text="a", start=0.0, end=0.1), TimedWord(text="koi", start=0.2, end=0.5))


def spoken(alignment: object = TIMES, normalized: object = None, sound: bytes = b"ID3sound", cost: str = "5") -> Reply:
    body = {
        "audio_base64": base64.b64encode(sound).decode(),
        "alignment": alignment,
        "normalized_alignment": normalized,
    }
    return Reply(200, body, {"character-cost": cost, "maximum-concurrent-requests": "5"})


SOUND = spoken()
MADE = Reply(200, b"ID3sound", {"content-type": "audio/mpeg", "character-cost": "11"})
MADE_OF = {"speak": SOUND, "effect": MADE, "compose": MADE}


@pytest.fixture
def voice(server: Loopback, http: httpx.AsyncClient) -> ElevenLabs:
    return ElevenLabs(http=http, base_url=server.url, read_timeout=0.2)


def test_the_adapter_is_all_that_it_says(voice: ElevenLabs) -> None:
    speaks: SpeechProvider = voice
    sounds: SoundProvider = voice
    reads: AccountReader = voice
    lists: ModelLister = voice
    assert {each.name for each in (speaks, sounds, reads, lists)} == {"elevenlabs"}


def paid_call(voice: ElevenLabs, what: str, destination: Path, key: Key) -> Awaitable[Speech | Sound]:
    calls: dict[str, Callable[[], Awaitable[Speech | Sound]]] = {
        "speak": lambda: voice.speak(TEXT, destination, key),
        "effect": lambda: voice.effect("a splash", 2.5, destination, key),
        "compose": lambda: voice.compose("a calm piano", 12.34, destination, key),
    }
    return calls[what]()


async def test_a_text_becomes_one_request_that_the_document_allows_a_file_and_times(
    voice: ElevenLabs, server: Loopback, key: Key, tmp_path: Path
) -> None:
    server.on(SPEAK, spoken())
    speech = await voice.speak(TEXT, tmp_path / "a.mp3", key)
    assert speech == Speech(path=tmp_path / "a.mp3", characters=5, words=WORDS)
    assert (tmp_path / "a.mp3").read_bytes() == b"ID3sound"
    (seen,) = server.seen
    assert seen.headers["xi-api-key"] == SECRET
    assert seen.query == "output_format=mp3_44100_128"
    assert seen.json == {"text": TEXT, "model_id": SPEECH_MODEL}
    assert request_violations("elevenlabs", "POST", seen.path, seen.json) == []


async def test_a_voice_and_a_model_may_be_named(voice: ElevenLabs, server: Loopback, key: Key, tmp_path: Path) -> None:
    server.on("POST /v1/text-to-speech/Ada1/with-timestamps", spoken())
    await voice.speak(TEXT, tmp_path / "a.mp3", key, voice="Ada1", model="eleven_flash_v2_5")
    assert server.seen[0].json["model_id"] == "eleven_flash_v2_5"


@pytest.mark.parametrize(("alignment", "normalized"), [(None, TIMES), ({"characters": ["a"]}, TIMES)])
async def test_where_the_text_has_no_times_those_of_the_normalized_one_serve(
    voice: ElevenLabs, server: Loopback, key: Key, tmp_path: Path, alignment: object, normalized: object
) -> None:
    server.on(SPEAK, spoken(alignment, normalized))
    assert (await voice.speak(TEXT, tmp_path / "a.mp3", key)).words == WORDS


@pytest.mark.parametrize("alignment", [None, "words", {"characters": "a"}, {**TIMES, "characters": ["a"]}])
async def test_a_voice_without_times_is_a_voice_all_the_same(
    voice: ElevenLabs, server: Loopback, key: Key, tmp_path: Path, alignment: object
) -> None:
    server.on(SPEAK, spoken(alignment))
    assert await voice.speak(TEXT, tmp_path / "a.mp3", key) == Speech(path=tmp_path / "a.mp3", characters=5)


@pytest.mark.parametrize("cost", ["", "some", "-1"])
async def test_a_cost_that_is_no_number_is_not_told(
    voice: ElevenLabs, server: Loopback, key: Key, tmp_path: Path, cost: str
) -> None:
    server.on(SPEAK, spoken(cost=cost))
    assert (await voice.speak("x", tmp_path / "a.mp3", key)).characters is None


@pytest.mark.parametrize(
    ("text", "model", "voice_id"),
    [
        ("", None, None),
        (" \n", None, None),
        ("x" * 10_001, None, None),
        ("x" * 5_001, "eleven_v3", None),
        ("x" * 40_001, "eleven_flash_v2_5", None),
        ("x" * 5_001, "eleven_of_tomorrow", None),
        ("x", None, "../v1/user"),
    ],
)
async def test_a_text_or_a_voice_that_cannot_be_never_leaves(
    voice: ElevenLabs, server: Loopback, key: Key, tmp_path: Path, text: str, model: str | None, voice_id: str | None
) -> None:
    with pytest.raises(InvalidRequest):
        await voice.speak(text, tmp_path / "a.mp3", key, model=model, voice=voice_id)
    assert server.seen == []


async def test_a_text_is_counted_by_its_characters_not_its_bytes(
    voice: ElevenLabs, server: Loopback, key: Key, tmp_path: Path
) -> None:
    server.on(SPEAK, spoken())
    await voice.speak("龍" * 10_000, tmp_path / "a.mp3", key)
    assert len(server.seen) == 1


async def test_how_many_may_speak_at_once_is_told(
    server: Loopback, http: httpx.AsyncClient, key: Key, tmp_path: Path
) -> None:
    heard: list[Note] = []
    server.on(SPEAK, spoken())
    await ElevenLabs(http=http, base_url=server.url, notice=heard.append).speak(TEXT, tmp_path / "a.mp3", key)
    assert heard == [RoomNote(provider="elevenlabs", key_id=key.id, model=SPEECH_MODEL, room=5)]


async def test_a_noise_is_streamed_to_a_file(voice: ElevenLabs, server: Loopback, key: Key, tmp_path: Path) -> None:
    server.on(EFFECT, MADE)
    assert await voice.effect("a splash", 2.5, tmp_path / "a.mp3", key) == Sound(path=tmp_path / "a.mp3", characters=11)
    assert (tmp_path / "a.mp3").read_bytes() == b"ID3sound"
    (seen,) = server.seen
    assert seen.json == {"text": "a splash", "duration_seconds": 2.5, "model_id": SOUND_MODEL}
    assert request_violations("elevenlabs", "POST", seen.path, seen.json) == []


async def test_music_is_without_words_and_as_long_as_asked(
    voice: ElevenLabs, server: Loopback, key: Key, tmp_path: Path
) -> None:
    server.on(COMPOSE, MADE)
    await voice.compose("a calm piano", 12.34, tmp_path / "a.mp3", key)
    (seen,) = server.seen
    assert seen.json == {
        "prompt": "a calm piano",
        "music_length_ms": 12_340,
        "model_id": MUSIC_MODEL,
        "force_instrumental": True,
    }
    assert seen.query == "output_format=mp3_44100_128"
    assert request_violations("elevenlabs", "POST", seen.path, seen.json) == []


@pytest.mark.parametrize("seconds", [0.4, 30.1])
async def test_a_noise_of_no_length_that_is_made_never_leaves(
    voice: ElevenLabs, server: Loopback, key: Key, tmp_path: Path, seconds: float
) -> None:
    with pytest.raises(InvalidRequest):
        await voice.effect("a splash", seconds, tmp_path / "a.mp3", key)
    assert server.seen == []


@pytest.mark.parametrize(("prompt", "seconds"), [("", 10), ("x" * 4_101, 10), ("piano", 2.9), ("piano", 601)])
async def test_music_that_cannot_be_made_never_leaves(
    voice: ElevenLabs, server: Loopback, key: Key, tmp_path: Path, prompt: str, seconds: float
) -> None:
    with pytest.raises(InvalidRequest):
        await voice.compose(prompt, seconds, tmp_path / "a.mp3", key)
    assert server.seen == []


@pytest.mark.parametrize("what", PAID)
@pytest.mark.parametrize(
    ("behaviour", "fault"),
    [
        (Reset(), OutcomeUnknown),
        (Hang(), OutcomeUnknown),
        (Truncated(), OutcomeUnknown),
        (Reply(500, {"detail": {"status": "internal"}}), OutcomeUnknown),
        (Reply(503, b"<html>"), OutcomeUnknown),
        (Reply(403, b"<html>", {"content-type": "text/html"}), Unavailable),
    ],
    ids=repr,
)
async def test_a_paid_request_is_posted_once_whatever_happens_and_its_fate_is_named(
    voice: ElevenLabs,
    server: Loopback,
    key: Key,
    tmp_path: Path,
    what: str,
    behaviour: Behaviour,
    fault: type[ProviderError],
) -> None:
    server.on(PAID[what], behaviour, MADE_OF[what])
    with pytest.raises(ProviderError) as caught:
        await paid_call(voice, what, tmp_path / "a.mp3", key)
    assert type(caught.value) is fault
    assert len(server.seen) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("what", "answer"),
    [
        ("speak", Reply(200, b"<html>", {"content-type": "text/html"})),
        ("speak", Reply(200, {})),
        ("speak", Reply(200, [])),
        ("speak", Reply(200, {"audio_base64": None})),
        ("speak", Reply(200, {"audio_base64": "§"})),
        ("speak", spoken(sound=b"")),
        ("effect", Reply(200, b"")),
        ("compose", Reply(200, b"")),
    ],
)
async def test_a_success_with_nothing_in_it_may_have_been_charged(
    voice: ElevenLabs, server: Loopback, key: Key, tmp_path: Path, what: str, answer: Reply
) -> None:
    server.on(PAID[what], answer)
    with pytest.raises(OutcomeUnknown):
        await paid_call(voice, what, tmp_path / "a.mp3", key)
    assert len(server.seen) == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("what", PAID)
async def test_what_never_left_was_not_charged(http: httpx.AsyncClient, key: Key, tmp_path: Path, what: str) -> None:
    nobody = ElevenLabs(http=http, base_url="http://127.0.0.1:9")
    with pytest.raises(Unavailable):
        await paid_call(nobody, what, tmp_path / "a.mp3", key)


@pytest.mark.parametrize("what", PAID)
async def test_a_call_that_is_cancelled_leaves_no_file(
    voice: ElevenLabs, server: Loopback, key: Key, tmp_path: Path, what: str
) -> None:
    server.on(PAID[what], Hang())
    calling = asyncio.ensure_future(paid_call(voice, what, tmp_path / "a.mp3", key))
    await server.asked.wait()
    calling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await calling
    assert list(tmp_path.iterdir()) == []


SPENT = Reply(401, {"detail": {"status": "quota_exceeded", "message": "You have 15 credits remaining."}})
STANDING = {
    "tier": "creator",
    "character_count": 99_985,
    "character_limit": 100_000,
    "max_credit_limit_extension": 0,
    "next_character_count_reset_unix": 1_790_000_000,
}


@pytest.mark.parametrize("what", PAID)
async def test_a_spent_month_returns_when_the_subscription_says(
    voice: ElevenLabs, server: Loopback, key: Key, tmp_path: Path, what: str
) -> None:
    server.on(PAID[what], SPENT)
    server.on(SUBSCRIPTION, Reply(200, STANDING))
    with pytest.raises(QuotaExhausted) as caught:
        await paid_call(voice, what, tmp_path / "a.mp3", key)
    assert (caught.value.until, caught.value.model) == (1_790_000_000, None)
    assert server.count(PAID[what]) == 1


@pytest.mark.parametrize("answer", [Reply(401, {"detail": {"status": "missing_permissions"}}), Reset(), Reply(200, [])])
async def test_a_spent_month_of_a_key_that_may_not_look_returns_at_no_known_time(
    voice: ElevenLabs, server: Loopback, key: Key, tmp_path: Path, answer: Behaviour
) -> None:
    server.on(SPEAK, SPENT)
    server.on(SUBSCRIPTION, answer)
    with pytest.raises(QuotaExhausted) as caught:
        await voice.speak(TEXT, tmp_path / "a.mp3", key)
    assert caught.value.until is None


def listed(*names: str, more: str | None = None) -> Reply:
    voices = [
        {"voice_id": f"id{name}", "name": name, "labels": {"use_case": "social_media", "age": "old"}} for name in names
    ]
    return Reply(200, {"voices": voices, "has_more": more is not None, "next_page_token": more, "total_count": 9})


async def test_voices_are_found_by_name_first_and_told_with_their_labels(
    voice: ElevenLabs, server: Loopback, key: Key
) -> None:
    server.on(VOICES, listed("Wise Olga", "Old Tom"))
    assert await voice.voices(key, search=" old ") == (
        Voice(id="idOld Tom", name="Old Tom", labels=("old", "social media")),
        Voice(id="idWise Olga", name="Wise Olga", labels=("old", "social media")),
    )
    assert "search=old" in server.seen[0].query


async def test_no_more_pages_are_turned_than_voices_are_wanted(voice: ElevenLabs, server: Loopback, key: Key) -> None:
    server.on(VOICES, listed("A", "B", more="two"), listed("C", "D", more="three"))
    assert [each.name for each in await voice.voices(key, limit=3)] == ["A", "B", "C"]
    assert ["next_page_token=two" in seen.query for seen in server.seen] == [False, True]


async def test_pages_that_never_end_do(voice: ElevenLabs, server: Loopback, key: Key) -> None:
    server.on(VOICES, listed("A", more="again"))
    assert [each.name for each in await voice.voices(key)] == ["A"]
    assert len(server.seen) == 20


async def test_a_voice_that_cannot_be_read_does_not_hide_the_others(
    voice: ElevenLabs, server: Loopback, key: Key
) -> None:
    shown = {"voice_id": "x", "name": "X", "labels": None, "preview_url": "https://previews.invalid/x.mp3"}
    hidden = {**shown, "voice_id": "y", "preview_url": "javascript:alert(1)"}
    body = {"voices": [{"voice_id": 3}, shown, hidden], "has_more": False, "total_count": 3}
    server.on(VOICES, Reply(200, body))
    assert await voice.voices(key) == (
        Voice(id="x", name="X", preview_url="https://previews.invalid/x.mp3"),
        Voice(id="y", name="X"),
    )


@pytest.mark.parametrize(("extension", "left"), [(0, 15), (None, 15), (1_000, 1_015), ("unlimited", None)], ids=repr)
async def test_a_standing_tells_what_is_left_and_when_it_is_whole_again(
    voice: ElevenLabs, server: Loopback, key: Key, extension: object, left: int | None
) -> None:
    server.on(SUBSCRIPTION, Reply(200, {**STANDING, "max_credit_limit_extension": extension}))
    assert await voice.standing(key) == AccountStanding(
        key_id=key.id, plan="creator", left=left, unit="characters", resets_at=1_790_000_000
    )


async def test_an_overdrawn_account_has_nothing_left(voice: ElevenLabs, server: Loopback, key: Key) -> None:
    server.on(SUBSCRIPTION, Reply(200, {**STANDING, "character_count": 200_000}))
    assert (await voice.standing(key)).left == 0


async def test_models_are_listed_by_their_ids(voice: ElevenLabs, server: Loopback, key: Key) -> None:
    server.on(MODELS, Reply(200, [{"model_id": "eleven_v3"}, {"model_id": "eleven_v4"}]))
    assert await voice.listed(key) == {"eleven_v3", "eleven_v4"}


@pytest.mark.parametrize("route", [VOICES, SUBSCRIPTION, MODELS])
@pytest.mark.parametrize("behaviour", [Reset(), Reply(503, b"busy"), Reply(429, {"detail": "slow"})], ids=repr)
async def test_a_look_is_taken_once_too(
    voice: ElevenLabs, server: Loopback, key: Key, route: str, behaviour: Behaviour
) -> None:
    server.on(route, behaviour)
    looks: dict[str, Callable[[Key], Awaitable[object]]] = {
        VOICES: voice.voices,
        SUBSCRIPTION: voice.standing,
        MODELS: voice.listed,
    }
    with pytest.raises(ProviderError):
        await looks[route](key)
    assert len(server.seen) == 1


async def test_each_key_has_one_client_and_speaks_for_itself(
    voice: ElevenLabs, server: Loopback, tmp_path: Path
) -> None:
    server.on(SPEAK, spoken())
    keys = [Key("one", "false-1"), Key("two", "false-2"), Key("one", "false-1")]
    for key in keys:
        await voice.speak(TEXT, tmp_path / "a.mp3", key)
    assert [seen.headers["xi-api-key"] for seen in server.seen] == ["false-1", "false-2", "false-1"]
    await voice.close()


async def test_a_key_that_no_header_can_carry_is_rejected_unsent(
    voice: ElevenLabs, server: Loopback, tmp_path: Path
) -> None:
    with pytest.raises(KeyRejected):
        await voice.speak(TEXT, tmp_path / "a.mp3", Key(secret="schlüssel"))
    assert server.seen == []
