"""The SDK's clients, one per key, over connections that all share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

from providers.clients import ClientPerKey

if TYPE_CHECKING:
    from groq import AsyncGroq

DEFAULT_BASE_URL = "https://api.groq.com"  # without /openai/v1: the SDK's paths bring it


class GroqClients(ClientPerKey["AsyncGroq"]):
    """Over shared connections.

    Args:
        http: shared connections; the caller closes them. A client is never closed: it would close them too.
        base_url: `None` means Groq's own. The environment is never asked.
        read_timeout: seconds that an answer may stay silent.
    """

    def __init__(self, http: httpx.AsyncClient, base_url: str | None, read_timeout: float) -> None:
        super().__init__(self._client)
        self._http = http
        self._base_url = base_url or DEFAULT_BASE_URL
        self._timeout = httpx.Timeout(read_timeout, connect=10.0, pool=10.0)

    def _client(self, secret: str) -> AsyncGroq:
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
