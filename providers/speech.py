"""What Greenlight asks of a service that speaks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from providers.credential import Credential


@dataclass(frozen=True, slots=True, kw_only=True)
class Speech:
    """Spoken audio on disk. `characters` is what the provider charged for, `None` where it did not tell."""

    path: Path
    characters: int | None = None


class SpeechProvider(Protocol):
    """A service that turns text into a voice. Speaking is a paid call: one POST per `speak`."""

    @property
    def name(self) -> str: ...

    async def speak(self, text: str, destination: Path, credential: Credential) -> Speech:
        """Speak `text` (≤ 10,000 characters) into an mp3 at `destination`.

        Raises:
            OutcomeUnknown: it may have been charged without an answer arriving whole.
            ProviderError: any other class proves that nothing was accepted.
        """

    async def close(self) -> None: ...
