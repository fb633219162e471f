from __future__ import annotations

from pathlib import Path

import pytest

from providers.language import Prompt, Turn
from providers.quota import Note, QuotaNote
from providers.registry import NAMES, open_providers
from providers.video import VideoRequest
from tests.providers.conftest import SECRET, Key
from tests.providers.loopback import Loopback, Reply
from tests.providers.test_elevenlabs import SOUND, SPEAK
from tests.providers.test_gemini import PLAN, Plan, answered
from tests.providers.test_groq import completion

ELSEWHERE = "http://127.0.0.1:1"

# Every variable by which one of the four SDKs would let the environment choose a key, a host, a transport or a header.
TRAPS = {
    "GOOGLE_API_KEY": "env-key",
    "GEMINI_API_KEY": "env-key",
    "GOOGLE_GENAI_USE_VERTEXAI": "true",
    "GOOGLE_GENAI_USE_ENTERPRISE": "true",
    "GOOGLE_GENAI_API_VERSION": "v9",
    "GOOGLE_GENAI_HTTP_CLIENT": "httpx",
    "GOOGLE_GEMINI_BASE_URL": ELSEWHERE,
    "GOOGLE_VERTEX_BASE_URL": ELSEWHERE,
    "GOOGLE_CLOUD_PROJECT": "env-project",
    "GOOGLE_CLOUD_LOCATION": "env-location",
    "RUNWAYML_API_SECRET": "env-key",
    "RUNWAYML_BASE_URL": ELSEWHERE,
    "RUNWAYML_CUSTOM_HEADERS": "Authorization: Bearer env-key\nX-From-Env: yes",
    "GROQ_API_KEY": "env-key",
    "GROQ_BASE_URL": ELSEWHERE,
    "GROQ_CUSTOM_HEADERS": "Authorization: Bearer env-key\nX-From-Env: yes",
    "ELEVENLABS_API_KEY": "env-key",
    "ELEVENLABS_BASE_URL": ELSEWHERE,
}


async def test_the_environment_chooses_nothing(
    server: Loopback, key: Key, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in TRAPS.items():
        monkeypatch.setenv(name, value)
    turns = (Turn(role="user", parts=("a koi",)),)
    server.on("POST /v1beta/models/g:generateContent", Reply(200, answered(PLAN.model_dump_json())))
    server.on("POST /v1beta/interactions", Reply(200, {"id": "i", "status": "queued"}))
    server.on("POST /v1/text_to_video", Reply(200, {"id": "t"}))
    server.on("POST /openai/v1/chat/completions", Reply(200, completion(PLAN.model_dump_json())))
    server.on(SPEAK, SOUND)
    # Vertex, whose keys are accounts, has a test of its own.
    providers = open_providers(dict.fromkeys(set(NAMES) - {"vertex"}, server.url))
    for language in providers.language.values():
        await language.answer(Prompt(model="g", system="", turns=turns), Plan, key)
    for name, model in (("runway", "gen4.5"), ("gemini", "gemini-omni-1.2-flash")):
        request = VideoRequest(model=model, prompt="a koi", duration=5, ratio="16:9")
        await providers.video[name].submit(request, key)
    await providers.speech["elevenlabs"].speak("a koi", tmp_path / "a.mp3", key)
    await providers.close()
    assert len(server.seen) == 5
    for seen in server.seen:
        headers = {name.lower(): value for name, value in seen.headers.items()}
        keys = [
            headers.get("authorization", "").removeprefix("Bearer "),
            headers.get("x-goog-api-key"),
            headers.get("xi-api-key"),
        ]
        assert [found for found in keys if found] == [SECRET]
        assert "x-from-env" not in headers


async def test_without_a_url_each_provider_is_asked_at_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in TRAPS.items():
        monkeypatch.setenv(name, value)
    from providers.elevenlabs import ElevenLabs
    from providers.google import GoogleClients
    from providers.groq import GroqChat
    from providers.runway import Runway

    providers = open_providers({})
    http = providers.http
    google = GoogleClients()
    client = await google.of(Key())
    assert client._api_client._http_options.base_url == "https://generativelanguage.googleapis.com"
    assert str(Runway(http=http)._client(SECRET).base_url) == "https://api.dev.runwayml.com"
    groq, elevenlabs = GroqChat(http=http), ElevenLabs(http=http)
    assert str((await groq._clients.of(Key())).base_url) == "https://api.groq.com"
    assert (await elevenlabs._clients.of(Key()))._client_wrapper.get_base_url() == "https://api.elevenlabs.io"
    await google.close()
    await providers.close()


async def test_only_providers_that_are_named_are_offered() -> None:
    providers = open_providers({"runway": None})
    assert (list(providers.video), list(providers.language), list(providers.speech)) == (["runway"], [], [])
    await providers.close()


def test_a_provider_nobody_wrote_is_refused() -> None:
    with pytest.raises(ValueError, match="pika"):
        open_providers({"pika": None})


async def test_whoever_opens_them_hears_what_is_left_of_limits(server: Loopback, key: Key) -> None:
    heard: list[Note] = []
    left = {"x-ratelimit-remaining-tokens": "7", "x-ratelimit-reset-tokens": "1s"}
    server.on("POST /openai/v1/chat/completions", Reply(200, completion(PLAN.model_dump_json()), left))
    providers = open_providers({"groq": server.url}, notice=heard.append)

    await providers.language["groq"].answer(Prompt(model="g", system="", turns=()), Plan, key)

    await providers.close()
    assert [note.tokens for note in heard if isinstance(note, QuotaNote)] == [7]
