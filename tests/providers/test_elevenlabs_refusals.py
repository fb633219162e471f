"""Every refusal that ElevenLabs documents, through its real SDK: what it is taken for, and one POST each."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import httpx
import pytest

from providers.elevenlabs import MUSIC_MODEL, SOUND_MODEL, ElevenLabs
from providers.errors import (
    ContentRejected,
    InvalidRequest,
    KeyRejected,
    ModelRetired,
    OutcomeUnknown,
    ProviderError,
    QuotaExhausted,
    RateLimited,
    Unavailable,
)
from sandbox.providers.world import ProviderWorld
from sandbox.refusals.elevenlabs import ALL
from tests.providers.conftest import Key

SPOKEN: dict[str, type[ProviderError]] = {
    "key_invalid": KeyRejected,
    "key_missing": KeyRejected,
    "key_invalid_in_new_words": KeyRejected,
    "key_without_permission": KeyRejected,
    "unusual_activity": KeyRejected,
    "forbidden": KeyRejected,
    "firewall": Unavailable,
    "quota_exceeded": QuotaExhausted,
    "quota_exceeded_in_new_words": QuotaExhausted,
    "insufficient_credits": QuotaExhausted,
    "payment_failed": QuotaExhausted,
    "plan_without_music": QuotaExhausted,
    "plan_without_library_voices": InvalidRequest,
    "concurrency": RateLimited,
    "concurrency_in_new_words": RateLimited,
    "system_busy": Unavailable,
    "rate_limit": RateLimited,
    "text_too_long": InvalidRequest,
    "voice_not_found": InvalidRequest,
    "voice_not_found_as_404": InvalidRequest,
    "voice_not_found_in_new_words": InvalidRequest,
    "text_empty": InvalidRequest,
    "output_format": InvalidRequest,
    "settings_invalid": InvalidRequest,
    "field_missing": InvalidRequest,
    "field_out_of_range": InvalidRequest,
    "not_found": InvalidRequest,
    "conflict": InvalidRequest,
    "too_large": InvalidRequest,
    "model_not_found": ModelRetired,
    "model_deprecated": ModelRetired,
    "model_unsupported": ModelRetired,
    "content_against_policy": ContentRejected,
    "music_prompt_refused": ContentRejected,
    "request_timeout": OutcomeUnknown,
    "internal_error": OutcomeUnknown,
    "bad_gateway": OutcomeUnknown,
    "unavailable": OutcomeUnknown,
    "gateway_timeout": OutcomeUnknown,
}
#: What a side line takes for its own: the voice of the key goes on.
BOUND_TO_THE_MODEL: dict[str, type[ProviderError]] = {
    "key_without_permission": QuotaExhausted,
    "forbidden": QuotaExhausted,
    "output_format": QuotaExhausted,
    "plan_without_music": QuotaExhausted,
    "plan_without_library_voices": QuotaExhausted,
    "concurrency": RateLimited,
    "concurrency_in_new_words": RateLimited,
}
RESTS = {"concurrency": 2.0, "concurrency_in_new_words": 2.0, "rate_limit": 9.0}
KEY = Key(secret="sandbox-elevenlabs-studio-1")


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[ProviderWorld]:
    async with ProviderWorld(directory=tmp_path / "world") as world:
        yield world


@pytest.fixture
def voice(world: ProviderWorld, http: httpx.AsyncClient) -> ElevenLabs:
    return ElevenLabs(http=http, base_url=world.elevenlabs_url)


def test_every_refusal_has_its_meaning() -> None:
    assert SPOKEN.keys() == ALL.keys()


@pytest.mark.parametrize("name", ALL)
async def test_a_refused_text_is_posted_once_and_its_refusal_understood(
    world: ProviderWorld, voice: ElevenLabs, tmp_path: Path, name: str
) -> None:
    world.faults.add("elevenlabs", "POST", "text-to-speech", ALL[name])
    with pytest.raises(ProviderError) as caught:
        await voice.speak("a koi wakes", tmp_path / "a.mp3", KEY)
    error = caught.value
    assert type(error) is SPOKEN[name]
    assert getattr(error, "model", None) is None
    assert getattr(error, "retry_after", None) == RESTS.get(name)
    assert (getattr(error, "until", None) is not None) == (SPOKEN[name] is QuotaExhausted)
    assert len(world.paid("elevenlabs", accepted=False)) == 1


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("model", [SOUND_MODEL, MUSIC_MODEL])
async def test_a_refused_sound_is_posted_once_and_rests_no_more_than_it_must(
    world: ProviderWorld, voice: ElevenLabs, tmp_path: Path, name: str, model: str
) -> None:
    world.faults.add("elevenlabs", "POST", "music|sound", ALL[name])
    make = voice.compose if model == MUSIC_MODEL else voice.effect
    with pytest.raises(ProviderError) as caught:
        await make("a calm brook", 5.0, tmp_path / "a.mp3", KEY)
    assert type(caught.value) is BOUND_TO_THE_MODEL.get(name, SPOKEN[name])
    assert getattr(caught.value, "model", None) == (model if name in BOUND_TO_THE_MODEL else None)
    assert len(world.paid("elevenlabs", accepted=False)) == 1


@pytest.mark.parametrize(
    ("name", "fault"), [("key_without_permission", InvalidRequest), ("key_invalid", KeyRejected)], ids=str
)
@pytest.mark.parametrize("look", ["standing", "listed", "voices", "find"])
async def test_a_key_that_may_not_look_is_no_bad_key_for_it_may_speak_all_the_same(
    world: ProviderWorld, voice: ElevenLabs, tmp_path: Path, look: str, name: str, fault: type[ProviderError]
) -> None:
    world.faults.add("elevenlabs", "GET", ".", ALL[name])
    looks: dict[str, Callable[[Key], Awaitable[object]]] = {
        "standing": voice.standing,
        "listed": voice.listed,
        "voices": voice.voices,
        "find": lambda key: voice.find("a koi wakes", tmp_path / "a.mp3", key, since=0.0),
    }
    with pytest.raises(ProviderError) as caught:
        await looks[look](KEY)
    assert type(caught.value) is fault
