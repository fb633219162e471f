"""What Greenlight asks of a service that writes down what it hears."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from providers.credential import Credential
from providers.speech import TimedWord


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """What was said. `language` is the provider's word for it, "" where not told; `seconds` what it listened to."""

    text: str
    language: str = ""
    words: tuple[TimedWord, ...] = ()
    seconds: float | None = None


class Transcriber(Protocol):
    """A service that listens. Listening again is free of consequence: it costs a fraction of a cent."""

    @property
    def name(self) -> str: ...

    async def transcribe(self, sound: Path, credential: Credential, *, model: str) -> Transcript:
        """Write down a recording (mp3, ogg, flac or wav, at most 25 MB), with the time of every word.

        Raises:
            InvalidRequest: too large, or no sound that the service reads.
            ProviderError: as `providers.errors` says.
        """
