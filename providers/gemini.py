"""Gemini as a language model that can look at videos and pictures: upload, count, answer in a schema, stream one.

google-genai 3.x. A file belongs to the project of the key that uploaded it: one key from upload to answer.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ValidationError

from providers.credential import Credential
from providers.errors import InvalidRequest, ProviderError, UnexpectedResponse
from providers.gemini_wire import asking, config_of, contents_of, finish_of, read_pictures, refuse, text_of, usage_of
from providers.google import PROVIDER, GoogleClients
from providers.language import Answer, Prompt, RemoteFile, Reply, Usage

if TYPE_CHECKING:
    from google.genai import types

_SLOWEST_LOOK = 5.0
_FORGETTING = 5.0  # seconds that somebody who was cancelled may still be held up for
_LISTED_AT_ONCE = 1000  # the most there is; the discovery document, 2026-08


class Gemini:
    """A `LanguageModel` and a `ModelLister` over the Gemini Developer API.

    Args:
        clients: the SDK's clients, shared with `GeminiStills` and `Omni`.
        file_interval: seconds before the second look at an uploaded file; each later wait is longer by half.
        clock: Unix seconds; daily quotas return at a time of day.
    """

    name = PROVIDER
    sees_video = True

    def __init__(
        self, clients: GoogleClients, *, file_interval: float = 1.0, clock: Callable[[], float] = time.time
    ) -> None:
        self._clients = clients
        self._file_interval = file_interval
        self._clock = clock

    async def ready(self, credential: Credential) -> None:
        with asking(credential, self._clock):
            await self._clients.of(credential)

    async def upload(self, path: Path, mime_type: str, credential: Credential) -> RemoteFile:
        """Upload a file and wait, without end of its own, until the model can see it. The caller deletes it.

        Raises:
            InvalidRequest: Google could not read it as what `mime_type` says.
            ProviderError: as `providers.errors` says. Whatever ends the wait, a cancellation too, the file is deleted.
        """
        with asking(credential, self._clock):
            client = await self._clients.of(credential)
            file = await client.aio.files.upload(file=path, config={"mime_type": mime_type})
        if not file.name or not file.uri:
            raise UnexpectedResponse(PROVIDER, "an uploaded file without a name")
        remote = RemoteFile(name=file.name, uri=file.uri, mime_type=mime_type)
        try:
            await self._settled(file, remote, credential)
        except BaseException:
            await self._forget(remote, credential)
            raise
        return remote

    async def _settled(self, file: types.File, remote: RemoteFile, credential: Credential) -> None:
        """Look at a file, ever more rarely, until it can be seen. Raises `InvalidRequest` where it never will be."""
        wait = self._file_interval
        with asking(credential, self._clock):
            client = await self._clients.of(credential)
            while _state(file) == "PROCESSING":
                await asyncio.sleep(wait)
                wait = min(wait * 1.5, _SLOWEST_LOOK)
                file = await client.aio.files.get(name=remote.name)
        if _state(file) != "ACTIVE":
            words = file.error.message if file.error else None
            raise InvalidRequest(PROVIDER, f"the file cannot be read: {words or _state(file)}")

    async def delete(self, file: RemoteFile, credential: Credential) -> None:
        with asking(credential, self._clock):
            client = await self._clients.of(credential)
            await client.aio.files.delete(name=file.name)

    async def count(self, prompt: Prompt, credential: Credential) -> int | None:
        """How many input tokens `answer` would take for this, but for its schema. Free of charge."""
        pictures = await asyncio.to_thread(read_pictures, [picture.path for picture in prompt.pictures])
        with asking(credential, self._clock, model=prompt.model):
            client = await self._clients.of(credential)
            counted = await client.aio.models.count_tokens(
                model=prompt.model, contents=[*contents_of(prompt, pictures, counted=True)]
            )
        return counted.total_tokens

    async def answer(self, prompt: Prompt, schema: type[Answer], credential: Credential) -> Reply[Answer]:
        pictures = await asyncio.to_thread(read_pictures, [picture.path for picture in prompt.pictures])
        with asking(credential, self._clock, model=prompt.model):
            client = await self._clients.of(credential)
            response = await client.aio.models.generate_content(
                model=prompt.model, contents=[*contents_of(prompt, pictures)], config=config_of(prompt, schema)
            )
            refuse(response)
            if not response.candidates:
                raise UnexpectedResponse(PROVIDER, "an answer without candidates")
            text = text_of(response)
            finish = finish_of(response)
            usage = usage_of(response)
        if finish not in ("STOP", ""):
            raise UnexpectedResponse(PROVIDER, f"the answer ended early: {finish}")
        try:
            return Reply(value=schema.model_validate_json(text), usage=usage)
        except ValidationError as error:
            # Without the input: it is the user's film.
            problems = error.errors(include_input=False, include_url=False)
            raise UnexpectedResponse(PROVIDER, f"the answer does not fit: {problems[0]['msg']}") from None

    async def stream(
        self, prompt: Prompt, schema: type[BaseModel], credential: Credential
    ) -> AsyncGenerator[str | Usage, None]:
        pictures = await asyncio.to_thread(read_pictures, [picture.path for picture in prompt.pictures])
        finish, usage = "", None
        with asking(credential, self._clock, model=prompt.model):
            client = await self._clients.of(credential)
            chunks = await client.aio.models.generate_content_stream(
                model=prompt.model, contents=[*contents_of(prompt, pictures)], config=config_of(prompt, schema)
            )
            try:
                async for chunk in chunks:
                    refuse(chunk)
                    finish = finish_of(chunk) or finish
                    usage = usage_of(chunk) or usage  # each chunk tells the whole so far
                    if piece := text_of(chunk):
                        yield piece
            finally:
                await _hang_up(chunks)
        if finish != "STOP":
            raise UnexpectedResponse(PROVIDER, f"the stream ended early: {finish or 'no finish reason'}")
        if usage is not None:
            yield usage

    async def listed(self, credential: Credential) -> frozenset[str]:
        """The ids of every model that this key may use now. Raises `ProviderError`."""
        with asking(credential, self._clock):
            client = await self._clients.of(credential)
            models = await client.aio.models.list(config={"page_size": _LISTED_AT_ONCE})
            return frozenset([model.name.removeprefix("models/") async for model in models if model.name])

    async def close(self) -> None:
        await self._clients.close()

    async def _forget(self, file: RemoteFile, credential: Credential) -> None:
        with suppress(ProviderError, TimeoutError):  # Google deletes it by itself after 48 hours
            async with asyncio.timeout(_FORGETTING):
                await self.delete(file, credential)


async def _hang_up(chunks: AsyncIterator[types.GenerateContentResponse]) -> None:
    # A generator in fact, an iterator by its signature: a reader who stops early must not leave the line open.
    if isinstance(chunks, AsyncGenerator):
        await chunks.aclose()


def _state(file: types.File) -> str:
    return str(file.state.value) if file.state is not None else "PROCESSING"
