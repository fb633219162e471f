"""Every provider there is, by name: the one list to add a new one to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from providers.elevenlabs import DEFAULT_VOICE, ElevenLabs
from providers.gemini import Gemini
from providers.google import GoogleClients
from providers.groq import GroqChat
from providers.language import LanguageModel
from providers.omni import Omni
from providers.quota import Notice, ignore
from providers.runway import Runway
from providers.speech import SpeechProvider
from providers.video import VideoProvider

NAMES = ("gemini", "runway", "elevenlabs", "groq")


@dataclass(frozen=True, slots=True, kw_only=True)
class Providers:
    """The adapters on offer, by provider name, over connections they share and that `close` closes."""

    video: Mapping[str, VideoProvider]
    language: Mapping[str, LanguageModel]
    speech: Mapping[str, SpeechProvider]
    http: httpx.AsyncClient

    async def close(self) -> None:
        for video in self.video.values():
            await video.close()
        for language in self.language.values():
            await language.close()
        for speech in self.speech.values():
            await speech.close()
        await self.http.aclose()


def open_providers(
    base_urls: Mapping[str, str | None],
    *,
    download_hosts: frozenset[str] | None = None,
    voice_id: str | None = None,
    notice: Notice = ignore,
) -> Providers:
    """Build the adapters of the providers named in `base_urls`; a URL of `None` is the provider's own.

    Keys are no matter here: every call brings its own. `download_hosts` is where Runway's clips may come from, as
    `Runway` says; `voice_id` is who speaks at ElevenLabs, `None` for its own choice; `notice` hears what services say
    is left of their limits.

    Raises `ValueError` for a name that is not in `NAMES`.
    """
    unknown = set(base_urls) - set(NAMES)
    if unknown:
        raise ValueError(f"no such provider: {sorted(unknown)}")
    http = httpx.AsyncClient(
        timeout=httpx.Timeout(60.0, connect=10.0, pool=10.0), limits=httpx.Limits(max_connections=100)
    )
    video: dict[str, VideoProvider] = {}
    language: dict[str, LanguageModel] = {}
    speech: dict[str, SpeechProvider] = {}
    if "gemini" in base_urls:
        clients = GoogleClients(base_url=base_urls["gemini"])
        language["gemini"], video["gemini"] = Gemini(clients), Omni(clients, http=http)
    if "runway" in base_urls:
        video["runway"] = Runway(http=http, base_url=base_urls["runway"], download_hosts=download_hosts)
    if "groq" in base_urls:
        language["groq"] = GroqChat(http=http, base_url=base_urls["groq"], notice=notice)
    if "elevenlabs" in base_urls:
        speech["elevenlabs"] = ElevenLabs(
            http=http, base_url=base_urls["elevenlabs"], voice_id=voice_id or DEFAULT_VOICE
        )
    return Providers(video=video, language=language, speech=speech, http=http)
