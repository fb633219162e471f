"""What Greenlight asks of a language model: a typed answer, a streamed one, and a look at pictures or a video."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Generic, Literal, Protocol, TypeVar

from pydantic import BaseModel

from providers.credential import Credential

Answer = TypeVar("Answer", bound=BaseModel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One turn of a talk. `parts` are separate texts: a person's words and data (JSON) never share one."""

    role: Literal["user", "model"]
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RemoteFile:
    """A file at the provider, on the account that uploaded it. `name` deletes it, `uri` refers to it."""

    name: str
    uri: str
    mime_type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A JPEG, PNG or WebP to look at. `caption` tells the model what it is, such as "at 3.5 s"."""

    path: Path
    caption: str = ""


class Detail(StrEnum):
    """How closely a video is looked at; more detail takes more tokens."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Which part of a video is looked at, and how. Seconds from its start; `None` means from its start, to its end."""

    start: float | None = None
    end: float | None = None
    frames_per_second: float | None = None
    detail: Detail = Detail.LOW


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """What a model is asked: our instructions apart from what people said and from what they showed.

    Files and pictures stand before the words of the last turn. `look` is about `files`.
    """

    model: str
    system: str
    turns: Sequence[Turn]
    files: Sequence[RemoteFile] = ()
    look: Look = Look()
    pictures: Sequence[Picture] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens that the provider counted; `output_tokens` include those it thought with."""

    input_tokens: int
    output_tokens: int

    @property
    def tokens(self) -> int:
        return self.input_tokens + self.output_tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply(Generic[Answer]):
    """A typed answer, and what it took; `None` where the provider did not tell."""

    value: Answer
    usage: Usage | None = None


class LanguageModel(Protocol):
    """A service that reads and writes. All calls are repeatable: they cost cents and change nothing."""

    @property
    def name(self) -> str: ...

    @property
    def sees_video(self) -> bool:
        """Whether `upload` is offered and `Prompt.files` are looked at."""

    async def ready(self, credential: Credential) -> None:
        """Have at hand what a request with this key needs: before its first that takes up to seconds. As `answer`."""

    async def upload(self, path: Path, mime_type: str, credential: Credential) -> RemoteFile:
        """Upload a file and wait until the model can see it. The caller deletes it. Raises `ProviderError`."""

    async def delete(self, file: RemoteFile, credential: Credential) -> None: ...

    async def count(self, prompt: Prompt, credential: Credential) -> int | None:
        """How many tokens a prompt takes, files and pictures included; `None` where the provider does not count."""

    async def answer(self, prompt: Prompt, schema: type[Answer], credential: Credential) -> Reply[Answer]:
        """Answer as `schema`, strictly validated.

        Raises:
            ContentRejected: refused by policy.
            UnexpectedResponse: the answer does not fit the schema; asking once more may help.
            ProviderError: as `providers.errors` says.
        """

    def stream(
        self, prompt: Prompt, schema: type[BaseModel], credential: Credential
    ) -> AsyncGenerator[str | Usage, None]:
        """Stream the JSON text of an answer to `schema`, in pieces as they come; the caller validates the whole.

        What it took comes last, where the provider tells. Raises the same as `answer`, possibly after some pieces.
        """

    async def close(self) -> None: ...
