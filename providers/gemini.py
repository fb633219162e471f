"""Gemini as a language model that can look at a video: upload, answer in a schema, stream one.

google-genai 3.x. A file belongs to the project of the key that uploaded it: one key from upload to answer.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ValidationError

from providers.credential import Credential
from providers.errors import (
    ContentRejected,
    InvalidRequest,
    ModelRetired,
    ProviderError,
    UnexpectedResponse,
)
from providers.google import PROVIDER, GoogleClients, google_fault
from providers.language import Answer, Prompt, RemoteFile
from providers.transport import Refusal, translated

if TYPE_CHECKING:
    from google.genai import types

# FinishReason values that mean "refused by policy"; ai.google.dev generate-content reference, 2026-08.
_REFUSED = frozenset({"SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "LANGUAGE", "IMAGE_SAFETY"})
_SLOWEST_LOOK = 5.0


class Gemini:
    """A `LanguageModel` over the Gemini Developer API.

    Args:
        clients: the SDK's clients, shared with `Omni`.
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

    async def upload(self, path: Path, mime_type: str, credential: Credential) -> RemoteFile:
        """Upload a file and wait, without end of its own, until the model can see it. The caller deletes it.

        Raises:
            InvalidRequest: Google could not read it as what `mime_type` says.
            ProviderError: as `providers.errors` says.
        """
        with self._translated(credential):
            client = await self._clients.of(credential)
            file = await client.aio.files.upload(file=path, config={"mime_type": mime_type})
            wait = self._file_interval
            while file.name and _state(file) == "PROCESSING":
                await asyncio.sleep(wait)
                wait = min(wait * 1.5, _SLOWEST_LOOK)
                file = await client.aio.files.get(name=file.name)
        if not file.name or not file.uri:
            raise UnexpectedResponse(PROVIDER, "an uploaded file without a name")
        remote = RemoteFile(name=file.name, uri=file.uri, mime_type=mime_type)
        if _state(file) != "ACTIVE":
            await self._forget(remote, credential)
            words = file.error.message if file.error else None
            raise InvalidRequest(PROVIDER, f"the file cannot be read: {words or _state(file)}")
        return remote

    async def delete(self, file: RemoteFile, credential: Credential) -> None:
        with self._translated(credential):
            client = await self._clients.of(credential)
            await client.aio.files.delete(name=file.name)

    async def answer(self, prompt: Prompt, schema: type[Answer], credential: Credential) -> Answer:
        with self._translated(credential, prompt.model):
            client = await self._clients.of(credential)
            response = await client.aio.models.generate_content(
                model=prompt.model, contents=[*_contents(prompt)], config=_config(prompt, schema)
            )
            _refuse(response)
            text = _text(response)
            finish = _finish(response)
        if finish not in ("STOP", ""):
            raise UnexpectedResponse(PROVIDER, f"the answer ended early: {finish}")
        try:
            return schema.model_validate_json(text)
        except ValidationError as error:
            # Without the input: it is the user's film.
            problems = error.errors(include_input=False, include_url=False)
            raise UnexpectedResponse(PROVIDER, f"the answer does not fit: {problems[0]['msg']}") from None

    async def stream(
        self, prompt: Prompt, schema: type[BaseModel], credential: Credential
    ) -> AsyncGenerator[str, None]:
        finish = ""
        with self._translated(credential, prompt.model):
            client = await self._clients.of(credential)
            chunks = await client.aio.models.generate_content_stream(
                model=prompt.model, contents=[*_contents(prompt)], config=_config(prompt, schema)
            )
            try:
                async for chunk in chunks:
                    _refuse(chunk, whole=False)
                    finish = _finish(chunk) or finish
                    if piece := _text(chunk):
                        yield piece
            finally:
                await _hang_up(chunks)
        if finish != "STOP":
            raise UnexpectedResponse(PROVIDER, f"the stream ended early: {finish or 'no finish reason'}")

    async def close(self) -> None:
        await self._clients.close()

    async def _forget(self, file: RemoteFile, credential: Credential) -> None:
        with suppress(ProviderError):  # Google deletes it by itself after 48 hours
            await self.delete(file, credential)

    def _translated(self, credential: Credential, model: str | None = None) -> AbstractContextManager[None]:
        def classify(refusal: Refusal) -> ProviderError | None:
            fault = google_fault(refusal, model=model, now=self._clock())
            if fault is None and refusal.status == 404 and model is not None:
                return ModelRetired(PROVIDER, f"{model} is not offered")
            return fault

        return translated(PROVIDER, credential, classify)


async def _hang_up(chunks: AsyncIterator[types.GenerateContentResponse]) -> None:
    # A generator in fact, an iterator by its signature: a reader who stops early must not leave the line open.
    if isinstance(chunks, AsyncGenerator):
        await chunks.aclose()


def _contents(prompt: Prompt) -> list[types.Content]:
    from google.genai import types

    contents = [
        types.Content(role=turn.role, parts=[types.Part(text=text) for text in turn.parts]) for turn in prompt.turns
    ]
    files = [types.Part(file_data=types.FileData(file_uri=f.uri, mime_type=f.mime_type)) for f in prompt.files]
    if files:
        last = contents.pop() if contents and contents[-1].role == "user" else types.Content(role="user", parts=[])
        contents.append(types.Content(role="user", parts=[*files, *(last.parts or [])]))
    return contents


def _config(prompt: Prompt, schema: type[BaseModel]) -> types.GenerateContentConfig:
    from google.genai import types

    return types.GenerateContentConfig(
        system_instruction=prompt.system,
        response_mime_type="application/json",
        # Not response_schema: on a Developer API key the SDK refuses models that forbid extra fields.
        response_json_schema=schema.model_json_schema(),
        media_resolution=types.MediaResolution.MEDIA_RESOLUTION_LOW if prompt.files else None,
        automatic_continuation=False,  # else a long answer is sent again, and its input billed again, behind our back
    )


def _refuse(response: types.GenerateContentResponse, *, whole: bool = True) -> None:
    """Raise `ContentRejected` where policy stopped the prompt or the answer."""
    feedback = response.prompt_feedback
    if feedback is not None and feedback.block_reason is not None:
        raise ContentRejected(PROVIDER, f"the prompt was blocked: {feedback.block_reason.value}")
    if _finish(response) in _REFUSED:
        raise ContentRejected(PROVIDER, f"the answer was stopped: {_finish(response)}")
    if whole and not response.candidates:
        raise UnexpectedResponse(PROVIDER, "an answer without candidates")


def _finish(response: types.GenerateContentResponse) -> str:
    reason = response.candidates[0].finish_reason if response.candidates else None
    return str(reason.value) if reason is not None else ""


def _text(response: types.GenerateContentResponse) -> str:
    content = response.candidates[0].content if response.candidates else None
    parts = content.parts if content and content.parts else []
    return "".join(part.text for part in parts if part.text and not part.thought)


def _state(file: types.File) -> str:
    return str(file.state.value) if file.state is not None else "PROCESSING"
