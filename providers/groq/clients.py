"""The SDK's clients, one per key, over connections that all share."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpx

from providers.credential import Credential

if TYPE_CHECKING:
    from groq import AsyncGroq

DEFAULT_BASE_URL = "https://api.groq.com"  # without /openai/v1: the SDK's paths bring it


class GroqClients:
    """Builds each key's client once, in a thread: importing the SDK is work.

    Args:
        http: shared connections; the caller closes them. A client is never closed: it would close them too.
        base_url: `None` means Groq's own. The environment is never asked.
        read_timeout: seconds that an answer may stay silent.
    """

    def __init__(self, http: httpx.AsyncClient, base_url: str | None, read_timeout: float) -> None:
        self._http = http
        self._base_url = base_url or DEFAULT_BASE_URL
        self._timeout = httpx.Timeout(read_timeout, connect=10.0, pool=10.0)
        self._clients: dict[tuple[str, str], AsyncGroq] = {}
        self._building = asyncio.Lock()

    async def of(self, credential: Credential) -> AsyncGroq:
        held = (credential.id, credential.secret)
        if held not in self._clients:
            async with self._building:
                if held not in self._clients:
                    self._clients[held] = await asyncio.to_thread(self._build, credential.secret)
        return self._clients[held]

    def forget(self) -> None:
        self._clients.clear()

    def _build(self, secret: str) -> AsyncGroq:
        from groq import AsyncGroq

        client = AsyncGroq(
            api_key=secret,
            base_url=self._base_url,
            http_client=self._http,
            max_retries=0,  # the SDK's default sleeps out a Retry-After of up to a minute inside our call
            timeout=self._timeout,
        )
        client._custom_headers = {}  # noqa: SLF001 (GROQ_CUSTOM_HEADERS could name another key)
        # The first look at each part imports its module; that is for this thread to wait for.
        parts = (client.chat.completions, client.audio.transcriptions, client.models)
        assert all(parts)
        return client
