"""ElevenLabs as a voice (elevenlabs 2.78). Speaking is a paid call: one POST, streamed to disk as it comes."""

from __future__ import annotations

import asyncio
import re
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from providers.credential import Credential
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
from providers.transport import Refusal, retry_after, said, translated

if TYPE_CHECKING:
    from elevenlabs.client import AsyncElevenLabs

PROVIDER = "elevenlabs"
DEFAULT_BASE_URL = "https://api.elevenlabs.io"
DEFAULT_VOICE = "JBFqnCBsd6RMkjVDRZzb"  # "George", the voice of ElevenLabs' own samples

_TEXT_LIMIT = 10_000  # characters of one request to eleven_multilingual_v2; 2026-11
_OWN_PLACE = 2.0  # seconds: our own requests hold the places, and one that speaks is over soon
_FORMAT = "mp3_44100_128"  # the best that every plan may have; 192 kbit/s needs Creator


class ElevenLabs:
    """A `SpeechProvider` over text-to-speech.

    Args:
        http: shared connections; the caller closes them.
        base_url: `None` means ElevenLabs' own.
        voice_id: who speaks.
        model: a speech model of the catalogue.
        read_timeout: seconds that an answer may stay silent.
    """

    name = PROVIDER

    def __init__(
        self,
        *,
        http: httpx.AsyncClient,
        base_url: str | None = None,
        voice_id: str = DEFAULT_VOICE,
        model: str = "eleven_multilingual_v2",
        read_timeout: float = 60.0,
    ) -> None:
        self._http = http
        self._base_url = base_url or DEFAULT_BASE_URL
        self._voice_id = voice_id
        self._model = model
        self._read_timeout = read_timeout

    async def speak(self, text: str, destination: Path, credential: Credential) -> Speech:
        if not 1 <= len(text) <= _TEXT_LIMIT:
            raise InvalidRequest(PROVIDER, f"a text has 1 to {_TEXT_LIMIT} characters")
        part = destination.with_name(destination.name + ".part")
        try:
            with self._translated(credential, paid=True):
                characters = await self._stream(text, part, credential)
            await asyncio.to_thread(part.replace, destination)
        finally:
            part.unlink(missing_ok=True)
        return Speech(path=destination, characters=characters)

    async def close(self) -> None:
        """Nothing of its own is open."""

    async def _stream(self, text: str, part: Path, credential: Credential) -> int | None:
        client = await asyncio.to_thread(self._build, credential.secret)
        size = 0
        async with client.text_to_speech.with_raw_response.convert(
            self._voice_id,
            text=text,
            model_id=self._model,
            output_format=_FORMAT,
            request_options={"max_retries": 0, "timeout_in_seconds": self._read_timeout},
        ) as answer:
            cost = answer.headers.get("character-cost", "")
            with part.open("wb") as file:
                async for chunk in answer.data:
                    size += len(chunk)
                    await asyncio.to_thread(file.write, chunk)
        if not size:
            raise OutcomeUnknown(PROVIDER, "an answer without sound")
        return int(cost) if re.fullmatch(r"\d{1,9}", cost) else None

    def _build(self, secret: str) -> AsyncElevenLabs:
        from elevenlabs.client import AsyncElevenLabs

        client = AsyncElevenLabs(api_key=secret, base_url=self._base_url, httpx_client=self._http)
        assert client.text_to_speech  # imports its module (a second's work) here, in a thread
        return client

    def _translated(self, credential: Credential, *, paid: bool) -> AbstractContextManager[None]:
        return translated(PROVIDER, credential, elevenlabs_fault, paid=paid)


def elevenlabs_fault(refusal: Refusal) -> ProviderError | None:
    """What ElevenLabs' refusal means; elevenlabs.io/docs errors, 2026-08. The status word decides, not the number."""
    words, named = said(refusal.body), _names(refusal.body)
    if "quota_exceeded" in named:  # a 401, but the key is good: the month's characters are spent
        return QuotaExhausted(PROVIDER, words)
    if named & {"too_many_concurrent_requests", "concurrent_limit_exceeded"}:
        return RateLimited(PROVIDER, words, retry_after=retry_after(refusal.headers) or _OWN_PLACE)
    if "system_busy" in named:
        return Unavailable(PROVIDER, words)
    if named & {"model_not_found", "model_deprecated", "unsupported_model"}:
        return ModelRetired(PROVIDER, words)
    if any(hint in name for name in named for hint in ("moderation", "policy", "content_rejected", "unsafe")):
        return ContentRejected(PROVIDER, words)
    if named & {"invalid_api_key", "missing_permissions", "detected_unusual_activity"}:
        return KeyRejected(PROVIDER, words)
    return None


def _names(body: object) -> set[str]:
    """How the answer calls its fault: older bodies have a `status`, newer ones a `code` and a `type` as well."""
    detail = body.get("detail") if isinstance(body, dict) else None
    return (
        {str(detail[key]) for key in ("status", "code", "type") if detail.get(key)}
        if isinstance(detail, dict)
        else set()
    )
