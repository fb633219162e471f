"""What Greenlight asks of a service that makes clips: order, look, fetch, stop.

Orders cost money. An adapter sends exactly one paid POST per `submit`, behind whatever uploads it needs, translates
every answer into `providers.errors`, and raises `OutcomeUnknown` whenever the request may have been accepted without an
answer telling so.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol, TypeAlias, assert_never

from providers.credential import Credential
from providers.errors import ProviderError


class Task(StrEnum):
    """What a model can make a clip from; the words of the catalogue's `can`."""

    TEXT = "text"
    IMAGE = "image"
    LAST_IMAGE = "last_image"  # a picture to end on, beside the one to start from
    REFERENCES = "references"
    EXTEND = "extend"
    EDIT = "edit"
    PERFORM = "perform"
    UPSCALE = "upscale"


@dataclass(frozen=True, slots=True)
class FromText:
    """From the prompt alone."""


@dataclass(frozen=True, slots=True)
class FromImage:
    """From a picture (JPEG, PNG or WebP) that the clip starts with, and, where `last` is given, ends on."""

    first: Path
    last: Path | None = None


@dataclass(frozen=True, slots=True)
class FromReferences:
    """With the people and things in these pictures (JPEG, PNG or WebP), in a scene of the prompt's own."""

    images: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Extension:
    """Goes on where this clip (mp4) ends."""

    video: Path


@dataclass(frozen=True, slots=True)
class Edit:
    """This clip (mp4), changed as the prompt says; its length decides the result's."""

    video: Path


@dataclass(frozen=True, slots=True)
class Performance:
    """A character (picture or mp4) that moves and speaks as the person in `acting` (mp4, 3 to 30 s) does."""

    character: Path
    acting: Path


@dataclass(frozen=True, slots=True)
class Upscaling:
    """This clip (mp4) with more pixels; the prompt is not looked at."""

    video: Path


Source = FromText | FromImage | FromReferences | Extension | Edit | Performance | Upscaling


def task_of(source: Source) -> Task:
    """What a model must be able to do to make a clip from `source`."""
    match source:
        case FromText():
            return Task.TEXT
        case FromImage(last=None):
            return Task.IMAGE
        case FromImage():
            return Task.LAST_IMAGE
        case FromReferences():
            return Task.REFERENCES
        case Extension():
            return Task.EXTEND
        case Edit():
            return Task.EDIT
        case Performance():
            return Task.PERFORM
        case Upscaling():
            return Task.UPSCALE
        case _:
            assert_never(source)


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoRequest:
    """One clip to make.

    Attributes:
        model: the provider's id of the model, as in the catalogue.
        prompt: what is seen and heard, within the model's `prompt_limit`.
        duration: seconds, one of the model's durations; not looked at where the source's own length decides.
        ratio: "16:9", "9:16" or "1:1"; the adapter maps it to the wire's words.
        source: what it is made from.
        resolution: one of the model's resolutions, such as "720p"; `None` means the model's first.
        audio: whether to ask for sound, of models that make it and let one choose.
        seed: for models that take one.
    """

    model: str
    prompt: str
    duration: int
    ratio: str
    source: Source = field(default_factory=FromText)
    resolution: str | None = None
    audio: bool = True
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


Leaving: TypeAlias = Callable[[], None]
"""Hears that an order leaves now. What is prepared for it may take long: uploads, tokens, a client's first use."""


def unheard() -> None:
    """For who does not care when an order leaves."""


class VideoProvider(Protocol):
    """A service that makes clips. Every call takes the credential the operation lives on."""

    @property
    def name(self) -> str:
        """The provider's name in settings and catalogue, e.g. "runway"."""

    @property
    def poll_interval(self) -> float:
        """Seconds between two looks at one operation that the provider asks for."""

    async def submit(self, request: VideoRequest, credential: Credential, leaves: Leaving = unheard) -> Operation:
        """Order one clip with exactly one paid POST; `leaves` is called right before it, and not at all without one.

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

    async def forget(self, operation_id: str, credential: Credential) -> None:
        """Have deleted what the provider keeps of an operation, where it can; quiet when it is gone. As `cancel`."""

    async def close(self) -> None: ...
