"""Every refusal that Groq documents, through its real SDK: what it is taken for, and one request each."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from pydantic import BaseModel

from providers.errors import (
    InvalidRequest,
    KeyRejected,
    ModelRetired,
    ProviderError,
    QuotaExhausted,
    RateLimited,
    Unavailable,
    UnexpectedResponse,
)
from providers.groq import GroqChat, GroqEars
from providers.language import Prompt, Turn
from sandbox.providers.world import ProviderWorld
from sandbox.refusals.groq import ALL
from tests.providers.conftest import Key

MODEL = "openai/gpt-oss-120b"
NOW = datetime(2026, 12, 24, 18, tzinfo=UTC).timestamp()
NEW_YEAR = datetime(2027, 1, 1, tzinfo=UTC).timestamp()
MEANINGS: dict[str, type[ProviderError]] = {
    "requests_per_minute": RateLimited,
    "tokens_per_minute": RateLimited,
    "tokens_per_minute_without_header": RateLimited,
    "requests_per_day": QuotaExhausted,
    "tokens_per_day": QuotaExhausted,
    "audio_seconds_per_hour": RateLimited,
    "audio_seconds_per_day": QuotaExhausted,
    "rate_limit_without_words": RateLimited,
    "request_over_tokens_per_minute": InvalidRequest,
    "spend_limit": QuotaExhausted,
    "flex_capacity_exceeded": Unavailable,
    "key_invalid": KeyRejected,
    "key_expired": KeyRejected,
    "forbidden": KeyRejected,
    "organization_restricted": KeyRejected,
    "firewall": Unavailable,
    "model_not_found": ModelRetired,
    "model_decommissioned": ModelRetired,
    "model_terms_required": ModelRetired,
    "model_blocked_by_organization": ModelRetired,
    "model_blocked_by_project": ModelRetired,
    "invalid_request": InvalidRequest,
    "context_length_exceeded": InvalidRequest,
    "response_format_unsupported": InvalidRequest,
    "json_validate_failed": UnexpectedResponse,
    "tool_use_failed": UnexpectedResponse,
    "unknown_url": InvalidRequest,
    "request_too_large": InvalidRequest,
    "unprocessable": InvalidRequest,
    "failed_dependency": InvalidRequest,
    "media_unreadable": InvalidRequest,
    "request_timeout": Unavailable,
    "request_cancelled": Unavailable,
    "internal_error": Unavailable,
    "bad_gateway": Unavailable,
    "over_capacity": Unavailable,
    "gateway_timeout": Unavailable,
}
RESTS = {
    "requests_per_minute": 2.0,
    "tokens_per_minute": 8.0,
    "tokens_per_minute_without_header": 8.25,
    "audio_seconds_per_hour": 120.0,
    "rate_limit_without_words": 7.0,
}
RETURNS = {
    "requests_per_day": NOW + 3723.5,
    "tokens_per_day": NOW + 578.016,
    "audio_seconds_per_day": NOW + 3600.0,
    "spend_limit": NEW_YEAR,
}
KEY = Key(secret="sandbox-groq-studio-1")


class Plan(BaseModel):
    title: str


PROMPT = Prompt(model=MODEL, system="Plan a film.", turns=(Turn(role="user", parts=("a koi",)),))


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[ProviderWorld]:
    async with ProviderWorld(directory=tmp_path / "world") as world:
        yield world


def test_every_refusal_has_its_meaning() -> None:
    assert MEANINGS.keys() == ALL.keys()


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("way", ["answer", "stream", "transcribe"])
async def test_a_refusal_is_understood_and_not_asked_for_again(
    world: ProviderWorld, http: httpx.AsyncClient, tmp_path: Path, way: str, name: str
) -> None:
    world.faults.add("groq", "POST", "chat|audio", ALL[name])
    chat = GroqChat(http=http, base_url=world.groq_url, clock=lambda: NOW)
    ears = GroqEars(http=http, base_url=world.groq_url, clock=lambda: NOW)
    sound = tmp_path / "a.mp3"
    sound.write_bytes(b"ID3")
    ways: dict[str, Callable[[], Awaitable[object]]] = {
        "answer": lambda: chat.answer(PROMPT, Plan, KEY),
        "stream": lambda: anext(chat.stream(PROMPT, Plan, KEY)),
        "transcribe": lambda: ears.transcribe(sound, KEY, model=MODEL),
    }
    with pytest.raises(ProviderError) as caught:
        await ways[way]()
    error = caught.value
    assert type(error) is MEANINGS[name]
    assert getattr(error, "retry_after", None) == RESTS.get(name)
    assert getattr(error, "until", None) == RETURNS.get(name)
    limited = isinstance(error, RateLimited | QuotaExhausted) and name != "spend_limit"
    assert getattr(error, "model", None) == (MODEL if limited else None)
    assert len(world.requests) == 1
