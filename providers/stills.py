"""What Greenlight asks of a service that draws single pictures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from providers.credential import Credential
from providers.language import Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class StillRequest:
    """One picture to draw. `ratio` is "16:9", "9:16" or "1:1"; what is in `references` (pictures) shall be in it."""

    model: str
    prompt: str
    ratio: str
    references: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Still:
    """A picture on disk, in the format that `mime_type` says, and what it took where the provider tells."""

    path: Path
    mime_type: str
    usage: Usage | None = None


class StillProvider(Protocol):
    """A service that draws. Drawing is a paid call: one POST per `draw`."""

    @property
    def name(self) -> str: ...

    async def draw(self, request: StillRequest, destination: Path, credential: Credential) -> Still:
        """Draw a picture into `destination`.

        Raises:
            ContentRejected: refused by policy.
            OutcomeUnknown: it may have been charged without an answer arriving whole.
            ProviderError: any other class proves that nothing was made.
        """
