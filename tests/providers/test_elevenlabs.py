from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest

from providers.elevenlabs import DEFAULT_VOICE, ElevenLabs
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
from providers.speech import Speech
from tests.providers.conftest import SECRET, Key
from tests.providers.loopback import Behaviour, Hang, Loopback, Reply, Reset, Truncated
from tests.specs import request_violations

SPEAK = f"POST /v1/text-to-speech/{DEFAULT_VOICE}"
SOUND = Reply(200, b"ID3sound", {"content-type": "audio/mpeg", "character-cost": "11"})


def detail(status: str) -> dict[str, object]:
    return {"detail": {"status": status, "message": "words"}}


@pytest.fixture
def voice(server: Loopback, http: httpx.AsyncClient) -> ElevenLabs:
    return ElevenLabs(http=http, base_url=server.url, read_timeout=0.2)


async def test_a_text_becomes_one_request_that_the_document_allows_and_a_file(
    voice: ElevenLabs, server: Loopback, key: Key, tmp_path: Path
) -> None:
    server.on(SPEAK, SOUND)
    assert await voice.speak("a koi wakes", tmp_path / "a.mp3", key) == Speech(path=tmp_path / "a.mp3", characters=11)
    assert (tmp_path / "a.mp3").read_bytes() == b"ID3sound"
    (seen,) = server.seen
    assert seen.headers["xi-api-key"] == SECRET
    assert seen.query == "output_format=mp3_44100_128"
    assert request_violations("elevenlabs", "POST", seen.path, seen.json) == []


async def test_a_voice_that_is_cancelled_leaves_no_file(
    voice: ElevenLabs, server: Loopback, key: Key, tmp_path: Path
) -> None:
    server.on(SPEAK, Hang())
    speaking = asyncio.create_task(voice.speak("a koi", tmp_path / "a.mp3", key))
    await server.asked.wait()
    speaking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await speaking
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("cost", ["", "some", "-1"])
async def test_a_cost_that_is_no_number_is_not_told(
    voice: ElevenLabs, server: Loopback, key: Key, tmp_path: Path, cost: str
) -> None:
    server.on(SPEAK, Reply(200, b"ID3", {"character-cost": cost}))
    assert (await voice.speak("x", tmp_path / "a.mp3", key)).characters is None


@pytest.mark.parametrize("text", ["", "x" * 10_001])
async def test_a_text_over_the_limit_never_leaves(
    voice: ElevenLabs, server: Loopback, key: Key, tmp_path: Path, text: str
) -> None:
    with pytest.raises(InvalidRequest):
        await voice.speak(text, tmp_path / "a.mp3", key)
    assert server.seen == []


@pytest.mark.parametrize(
    ("behaviour", "fault"),
    [
        (Reset(), OutcomeUnknown),
        (Hang(), OutcomeUnknown),
        (Truncated(b"ID3", "audio/mpeg"), OutcomeUnknown),
        (Reply(200, b""), OutcomeUnknown),
        (Reply(500, detail("internal")), OutcomeUnknown),
        (Reply(503, b"<html>"), OutcomeUnknown),
        (Reply(504, b"<html>"), OutcomeUnknown),
        (Reply(401, detail("invalid_api_key")), KeyRejected),
        (Reply(401, detail("quota_exceeded")), QuotaExhausted),
        (Reply(401, detail("detected_unusual_activity")), KeyRejected),
        (Reply(402, detail("payment_required")), QuotaExhausted),
        (Reply(403, detail("missing_permissions")), KeyRejected),
        (Reply(429, detail("too_many_concurrent_requests")), RateLimited),
        (Reply(429, detail("concurrent_limit_exceeded")), RateLimited),
        (Reply(429, detail("system_busy")), Unavailable),
        (Reply(400, detail("voice_not_found")), InvalidRequest),
        (Reply(400, detail("max_character_limit_exceeded")), InvalidRequest),
        (Reply(400, detail("model_not_found")), ModelRetired),
        (Reply(400, detail("content_moderation")), ContentRejected),
        (Reply(422, {"detail": [{"loc": ["body"], "msg": "text required", "type": "missing"}]}), InvalidRequest),
    ],
)
async def test_a_text_is_posted_once_whatever_happens_and_its_fate_is_named(
    voice: ElevenLabs, server: Loopback, key: Key, tmp_path: Path, behaviour: Behaviour, fault: type[ProviderError]
) -> None:
    server.on(SPEAK, behaviour, SOUND)
    with pytest.raises(ProviderError) as caught:
        await voice.speak("a koi wakes", tmp_path / "a.mp3", key)
    assert type(caught.value) is fault
    assert len(server.seen) == 1
    assert list(tmp_path.iterdir()) == []
