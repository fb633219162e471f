"""Every provider there is, by name: the one list to add a new one to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import httpx

from providers.elevenlabs import DEFAULT_VOICE, ElevenLabs
from providers.gemini import Gemini
from providers.gemini_stills import GeminiStills
from providers.google import GoogleClients
from providers.groq import GroqChat, GroqEars
from providers.hearing import Transcriber
from providers.language import LanguageModel
from providers.omni import Omni
from providers.quota import Notice, ignore
from providers.runway import Runway
from providers.speech import SoundProvider, SpeechProvider
from providers.standing import AccountReader, ModelLister
from providers.stills import StillProvider
from providers.veo import Veo
from providers.vertex import VertexClients
from providers.video import VideoProvider

NAMES = ("gemini", "runway", "vertex", "elevenlabs", "groq")


@dataclass(frozen=True, slots=True, kw_only=True)
class Providers:
    """The adapters on offer, by provider name, over connections they share and that `close` closes.

    Attributes:
        readers: those that tell how an account stands.
        listers: those that list their models.
    """

    http: httpx.AsyncClient
    video: dict[str, VideoProvider] = field(default_factory=dict)
    language: dict[str, LanguageModel] = field(default_factory=dict)
    speech: dict[str, SpeechProvider] = field(default_factory=dict)
    sounds: dict[str, SoundProvider] = field(default_factory=dict)
    ears: dict[str, Transcriber] = field(default_factory=dict)
    stills: dict[str, StillProvider] = field(default_factory=dict)
    readers: dict[str, AccountReader] = field(default_factory=dict)
    listers: dict[str, ModelLister] = field(default_factory=dict)

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
    vertex_project: str | None = None,
    vertex_location: str | None = None,
    notice: Notice = ignore,
) -> Providers:
    """Build the adapters of the providers named in `base_urls`; a URL of `None` is the provider's own.

    Keys are no matter here: every call brings its own. `download_hosts` is where Runway's clips may come from, as
    `Runway` says; `voice_id` is who speaks at ElevenLabs, `None` for its own choice; `vertex_project` and
    `vertex_location` are as `VertexClients` says; `notice` hears what services say of their limits.

    Raises `ValueError` for a name that is not in `NAMES`.
    """
    unknown = set(base_urls) - set(NAMES)
    if unknown:
        raise ValueError(f"no such provider: {sorted(unknown)}")
    http = httpx.AsyncClient(
        timeout=httpx.Timeout(60.0, connect=10.0, pool=10.0), limits=httpx.Limits(max_connections=100)
    )
    opened = Providers(http=http)
    if "gemini" in base_urls:
        clients = GoogleClients(base_url=base_urls["gemini"])
        gemini = Gemini(clients)
        opened.language["gemini"] = opened.listers["gemini"] = gemini
        opened.stills["gemini"] = GeminiStills(clients)
        opened.video["gemini"] = Omni(clients, http=http)
    if "vertex" in base_urls:
        vertex = VertexClients(project=vertex_project, location=vertex_location, base_url=base_urls["vertex"])
        opened.video["vertex"] = Veo(vertex, http=http)
    if "runway" in base_urls:
        runway = Runway(http=http, base_url=base_urls["runway"], download_hosts=download_hosts)
        opened.video["runway"] = opened.readers["runway"] = opened.listers["runway"] = runway
    if "groq" in base_urls:
        groq = GroqChat(http=http, base_url=base_urls["groq"], notice=notice)
        opened.language["groq"] = opened.listers["groq"] = groq
        opened.ears["groq"] = GroqEars(http=http, base_url=base_urls["groq"], notice=notice)
    if "elevenlabs" in base_urls:
        elevenlabs = ElevenLabs(
            http=http, base_url=base_urls["elevenlabs"], voice_id=voice_id or DEFAULT_VOICE, notice=notice
        )
        opened.speech["elevenlabs"] = opened.sounds["elevenlabs"] = elevenlabs
        opened.readers["elevenlabs"] = opened.listers["elevenlabs"] = elevenlabs
    return opened
