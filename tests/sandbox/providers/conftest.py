"""Real SDKs against the emulators: clients built as the product builds them, retries off."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import httpx2
import pytest
from elevenlabs import AsyncElevenLabs
from google import genai
from google.genai import types
from groq import AsyncGroq
from runwayml import AsyncRunwayML

from sandbox.providers.world import ProviderWorld


class Clock:
    """Unix seconds that go by when told to."""

    def __init__(self) -> None:
        self.now = 1_790_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[ProviderWorld]:
    async with ProviderWorld(directory=tmp_path / "world") as world:
        yield world


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=20) as client:
        yield client


@pytest.fixture
async def http2() -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(timeout=20, follow_redirects=True) as client:
        yield client


Gemini = Callable[[str], genai.Client]


@pytest.fixture
def gemini_at(http2: httpx2.AsyncClient) -> Callable[[ProviderWorld, str], genai.Client]:
    def build(world: ProviderWorld, account: str = "studio") -> genai.Client:
        options = types.HttpOptions(
            base_url=world.gemini_url,
            api_version="v1beta",
            timeout=20_000,
            retry_options=types.HttpRetryOptions(attempts=1),
            httpx_async_client=http2,
        )
        return genai.Client(api_key=f"sandbox-gemini-{account}-1", http_options=options)

    return build


@pytest.fixture
def gemini(world: ProviderWorld, gemini_at: Callable[[ProviderWorld, str], genai.Client]) -> genai.Client:
    return gemini_at(world, "studio")


@pytest.fixture
def runway(world: ProviderWorld, http: httpx.AsyncClient) -> AsyncRunwayML:
    return runway_at(world, http)


def runway_at(world: ProviderWorld, http: httpx.AsyncClient, key: str = "sandbox-runway-studio-1") -> AsyncRunwayML:
    return AsyncRunwayML(api_key=key, base_url=world.runway_url, http_client=http, max_retries=0, timeout=20)


@pytest.fixture
def elevenlabs(world: ProviderWorld, http: httpx.AsyncClient) -> AsyncElevenLabs:
    return AsyncElevenLabs(api_key="sandbox-elevenlabs-studio-1", base_url=world.elevenlabs_url, httpx_client=http)


@pytest.fixture
def groq(world: ProviderWorld, http: httpx.AsyncClient) -> AsyncGroq:
    return AsyncGroq(
        api_key="sandbox-groq-studio-1", base_url=world.groq_url, http_client=http, max_retries=0, timeout=20
    )
