"""What Greenlight asks of a service that makes clips: order, look, fetch, stop.

Orders cost money. An adapter sends exactly one POST per `submit`, translates every answer into `providers.errors`,
and raises `OutcomeUnknown` whenever the request may have been accepted without an answer telling so.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from providers.credential import Credential
from providers.errors import ProviderError


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoRequest:
    """One clip to make.

    Attributes:
        model: the provider's id of the model, as in the catalogue.
        prompt: what is seen and heard, within the model's `prompt_limit`.
        duration: seconds, one of the model's durations.
        ratio: "16:9", "9:16" or "1:1"; the adapter maps it to the wire's words.
        start_image: a JPEG or PNG file that the clip starts from; required by models that only animate a picture.
        seed: for models that take one.
    """

    model: str
    prompt: str
    duration: int
    ratio: str
    start_image: Path | None = None
    seed: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """An accepted order. `price_microusd` is the provider's own estimate; `None` where it gives none."""

    id: str
    price_microusd: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """Not finished. `progress` is 0..1 as measured by the provider, `None` where it tells nothing.

    `waiting` is true while the provider holds the operation in its own line (Runway: PENDING, THROTTLED).
    """

    progress: float | None = None
    waiting: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Succeeded:
    """Finished. `output` is what `fetch` takes; `price_microusd` the final charge where the provider tells it."""

    output: str
    price_microusd: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """Ended without a clip. `price_microusd` is what was charged all the same, `None` where not told."""

    error: ProviderError
    price_microusd: int | None = None


OperationState = Running | Succeeded | Failed


class VideoProvider(Protocol):
    """A service that makes clips. Every call takes the credential the operation lives on."""

    @property
    def name(self) -> str:
        """The provider's name in settings and catalogue, e.g. "runway"."""

    @property
    def poll_interval(self) -> float:
        """Seconds between two looks at one operation that the provider asks for."""

    async def submit(self, request: VideoRequest, credential: Credential) -> Operation:
        """Order one clip with exactly one paid POST.

        Raises:
            OutcomeUnknown: it may have been accepted; never repeat it by guessing.
            ProviderError: any other class proves that nothing was accepted.
        """

    async def poll(self, operation_id: str, credential: Credential) -> OperationState:
        """Look at an operation, with the key that submitted it. Raises `ProviderError`; looking again is free."""

    async def fetch(self, output: str, destination: Path, credential: Credential) -> None:
        """Stream a finished clip to `destination` (written as `.part`, then renamed). Raises `ProviderError`."""

    async def cancel(self, operation_id: str, credential: Credential) -> None:
        """Stop an operation where the provider can; quiet when it is already over. Raises `ProviderError`."""

    async def close(self) -> None: ...
