"""What Greenlight asks of a language model: a typed answer, a streamed one, and a look at an uploaded video."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, TypeVar

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
class Prompt:
    """What a model is asked: our instructions apart from what people said and from the files they showed."""

    model: str
    system: str
    turns: Sequence[Turn]
    files: Sequence[RemoteFile] = ()


class LanguageModel(Protocol):
    """A service that reads and writes. All calls are repeatable: they cost cents and change nothing."""

    @property
    def name(self) -> str: ...

    @property
    def sees_video(self) -> bool:
        """Whether `upload` is offered and `Prompt.files` are looked at."""

    async def upload(self, path: Path, mime_type: str, credential: Credential) -> RemoteFile:
        """Upload a file and wait until the model can see it. The caller deletes it. Raises `ProviderError`."""

    async def delete(self, file: RemoteFile, credential: Credential) -> None: ...

    async def answer(self, prompt: Prompt, schema: type[Answer], credential: Credential) -> Answer:
        """Answer as `schema`, strictly validated.

        Raises:
            ContentRejected: refused by policy.
            UnexpectedResponse: the answer does not fit the schema; asking once more may help.
            ProviderError: as `providers.errors` says.
        """

    def stream(self, prompt: Prompt, schema: type[BaseModel], credential: Credential) -> AsyncGenerator[str, None]:
        """Stream the JSON text of an answer to `schema`, in pieces as they come; the caller validates the whole.

        Raises the same as `answer`, possibly after some pieces.
        """

    async def close(self) -> None: ...
