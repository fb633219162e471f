"""What Greenlight asks of services that speak and make sounds. Each call is paid: one POST, no second."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from providers.credential import Credential


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedWord:
    """A word as it is spoken, with its punctuation; seconds from the recording's start."""

    text: str
    start: float
    end: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Speech:
    """Spoken audio on disk.

    `characters` is what the provider charged for and `request` what it calls the request, `None` where it did not tell;
    `words` are empty where the provider tells no times.
    """

    path: Path
    characters: int | None = None
    words: tuple[TimedWord, ...] = ()
    request: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """Somebody who can speak. `preview_url` is a short recording; `labels` such as accent, age and use, to be shown."""

    id: str
    name: str
    labels: tuple[str, ...] = ()
    preview_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """A noise or a piece of music on disk. `characters` is what the provider charged for, `None` where not told."""

    path: Path
    characters: int | None = None


class SpeechProvider(Protocol):
    """A service that turns text into a voice."""

    @property
    def name(self) -> str: ...

    async def speak(
        self,
        text: str,
        destination: Path,
        credential: Credential,
        *,
        voice: str | None = None,
        model: str | None = None,
    ) -> Speech:
        """Speak `text` into an mp3 at `destination`, with the time of every word.

        `voice` is a voice's id and `model` a speech model of the catalogue; `None` means the adapter's own.

        Raises:
            InvalidRequest: the text is over the model's limit, or the voice does not exist.
            OutcomeUnknown: it may have been charged without an answer arriving whole.
            ProviderError: any other class proves that nothing was accepted.
        """

    async def find(
        self,
        text: str,
        destination: Path,
        credential: Credential,
        *,
        since: float,
        others: Collection[str] = (),
        voice: str | None = None,
    ) -> Speech | None:
        """What `speak` made of these words after `since` (Unix seconds), fetched again; `None` where there is nothing.

        Not what one of the requests `others` made: each belongs to an order of its own, of the same words. For an
        order whose answer was lost. Free. Ask with the key it was ordered with. Raises `ProviderError`.
        """

    async def voices(self, credential: Credential, *, search: str = "", limit: int = 25) -> Sequence[Voice]:
        """Voices that this account may use, those whose name or labels fit `search` first. Free. `ProviderError`."""

    async def close(self) -> None: ...


class SoundProvider(Protocol):
    """A service that makes noises and music."""

    @property
    def name(self) -> str: ...

    async def effect(self, prompt: str, seconds: float, destination: Path, credential: Credential) -> Sound:
        """Make a noise of `seconds` (0.5 to 30) as an mp3. Raises as `SpeechProvider.speak` does."""

    async def compose(self, prompt: str, seconds: float, destination: Path, credential: Credential) -> Sound:
        """Make instrumental music of `seconds` (3 to 600) as an mp3. Raises as `SpeechProvider.speak` does."""
