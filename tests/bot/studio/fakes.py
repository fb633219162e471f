"""A language model that says what it is told to, and notes what it was asked."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

from pydantic import BaseModel, ValidationError

from bot.app.pools import judge
from bot.studio.minds import Mind
from providers.credential import Credential
from providers.errors import UnexpectedResponse
from providers.language import Answer, Prompt, RemoteFile, Reply, Usage
from ratelimit import ApiKey, KeyPool, Limits

Said = str | BaseModel | Exception
UNLIMITED = Limits()


class ScriptedModel:
    """Gives its answers in order, the last one again and again.

    In a stream an answer of several pieces is a sequence; an exception among them is raised where it stands.
    """

    def __init__(
        self,
        name: str,
        *answers: Said | Sequence[Said],
        sees_video: bool = False,
        usage: Usage | None = None,
        counts: int | None = None,
    ) -> None:
        self.name = name
        self.sees_video = sees_video
        self.usage = usage
        self.counts = counts
        self.asked: list[Prompt] = []
        self.schemas: list[type[BaseModel]] = []
        self.files: list[str] = []
        self.readied: list[str] = []
        self._answers = list(answers)

    async def ready(self, credential: Credential) -> None:
        self.readied.append(credential.id)

    async def upload(self, path: Path, mime_type: str, credential: Credential) -> RemoteFile:
        self.files.append(f"upload {mime_type}")
        return RemoteFile(name="files/1", uri="uri", mime_type=mime_type)

    async def delete(self, file: RemoteFile, credential: Credential) -> None:
        self.files.append(f"delete {file.name}")

    async def count(self, prompt: Prompt, credential: Credential) -> int | None:
        return self.counts

    async def answer(self, prompt: Prompt, schema: type[Answer], credential: Credential) -> Reply[Answer]:
        said = self._next(prompt, schema)
        if isinstance(said, Exception):
            raise said
        if isinstance(said, str):
            try:
                said = schema.model_validate_json(said)
            except ValidationError as error:
                raise UnexpectedResponse(self.name) from error
        assert isinstance(said, schema), said
        return Reply(value=said, usage=self.usage)

    async def stream(
        self, prompt: Prompt, schema: type[BaseModel], credential: Credential
    ) -> AsyncGenerator[str | Usage, None]:
        said = self._next(prompt, schema)
        pieces = [said] if isinstance(said, str | BaseModel | Exception) else said
        for piece in pieces:
            if isinstance(piece, Exception):
                raise piece
            yield piece if isinstance(piece, str) else piece.model_dump_json()
        if self.usage is not None:
            yield self.usage

    async def close(self) -> None:
        """Nothing is open."""

    def _next(self, prompt: Prompt, schema: type[BaseModel]) -> Said | Sequence[Said]:
        self.asked.append(prompt)
        self.schemas.append(schema)
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


def mind(model: ScriptedModel, *, keys: int = 2, limits: Limits = UNLIMITED) -> Mind:
    pool = KeyPool(
        model.name,
        [ApiKey(f"{model.name}-{number}", f"account-{number}", "fake-secret") for number in range(1, keys + 1)],
        limits=limits,
        judge=judge,
        skew=0.0,
        backoff=0.0,
    )
    return Mind(model=model, pool=pool, plans_with=f"{model.name}-thorough", chats_with=f"{model.name}-quick")
