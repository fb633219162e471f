"""The SDK's clients, one per key, over connections that all share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

from providers.clients import ClientPerKey

if TYPE_CHECKING:
    from elevenlabs.client import AsyncElevenLabs

DEFAULT_BASE_URL = "https://api.elevenlabs.io"


class ElevenLabsClients(ClientPerKey["AsyncElevenLabs"]):
    """Over shared connections.

    Args:
        http: shared connections; the caller closes them. The SDK leaves a client it was given open.
        base_url: `None` means ElevenLabs' own. The environment is never asked.
    """

    def __init__(self, http: httpx.AsyncClient, base_url: str | None) -> None:
        super().__init__(self._client)
        self._http = http
        self._base_url = base_url or DEFAULT_BASE_URL

    def _client(self, secret: str) -> AsyncElevenLabs:
        from elevenlabs.client import AsyncElevenLabs

        client = AsyncElevenLabs(api_key=secret, base_url=self._base_url, httpx_client=self._http)
        # The first look at each part imports its module; that is for this thread to wait for.
        parts = (client.text_to_speech, client.text_to_sound_effects, client.music, client.voices, client.models)
        assert all(parts)
        assert client.user.subscription
        return client
