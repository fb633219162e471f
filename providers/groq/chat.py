"""The language model: typed answers in one piece, talk in a stream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from pathlib import Path

import httpx
from pydantic import BaseModel, ValidationError

from providers.credential import Credential
from providers.errors import InvalidRequest, Unavailable, UnexpectedResponse
from providers.groq.faults import PROVIDER, broken_off
from providers.groq.limits import quota_notes
from providers.groq.question import question
from providers.groq.service import GroqService
from providers.groq.unfenced import Unfenced
from providers.language import Answer, Prompt, RemoteFile, Reply, Usage

_PATH = "/openai/v1/chat/completions"


class _Tokens(BaseModel):
    prompt_tokens: int
    completion_tokens: int  # with those it thought with


class _Message(BaseModel):
    content: str | None = None


class _Choice(BaseModel):
    finish_reason: str | None = None
    message: _Message


class _Completion(BaseModel):
    choices: list[_Choice]
    usage: _Tokens | None = None


class _Delta(BaseModel):
    finish_reason: str | None = None
    delta: _Message = _Message()


class _Told(BaseModel):
    usage: _Tokens | None = None
    error: str | None = None


class _Chunk(BaseModel):
    choices: list[_Delta] = []
    x_groq: _Told | None = None


class GroqChat(GroqService):
    """A `LanguageModel` and a `ModelLister` over Groq's chat completions."""

    sees_video = False

    async def ready(self, credential: Credential) -> None:
        with self._translated(credential, ""):
            await self._clients.of(credential)

    async def upload(self, path: Path, mime_type: str, credential: Credential) -> RemoteFile:
        raise InvalidRequest(
            PROVIDER, f"no {mime_type} for key {credential.id}: Groq's models do not watch {path.name}"
        )

    async def delete(self, file: RemoteFile, credential: Credential) -> None:
        raise InvalidRequest(PROVIDER, f"no file {file.name} for key {credential.id}: Groq keeps none")

    async def count(self, prompt: Prompt, credential: Credential) -> int | None:  # noqa: ARG002 (the protocol's)
        """Groq does not count ahead."""
        return None

    async def answer(self, prompt: Prompt, schema: type[Answer], credential: Credential) -> Reply[Answer]:
        body = await _body(prompt, schema, streamed=False)
        with self._translated(credential, prompt.model):
            client = await self._clients.of(credential)
            answer = await client.post(_PATH, cast_to=httpx.Response, body=body)
        self._tell(answer.headers, credential, prompt.model)
        try:
            completion = _Completion.model_validate_json(answer.content)
            choice = completion.choices[0]
        except (ValidationError, IndexError) as error:
            raise UnexpectedResponse(PROVIDER, "a completion we cannot read") from error
        _check_end(choice.finish_reason)
        text = Unfenced().feed(choice.message.content or "")
        return Reply(value=_validated(text, schema), usage=_usage(completion.usage))

    async def stream(
        self, prompt: Prompt, schema: type[BaseModel], credential: Credential
    ) -> AsyncGenerator[str | Usage, None]:
        """Talk as it comes. Nothing holds the model to the schema while it streams, so the whole is checked at the end.

        Raises as `answer` does; `UnexpectedResponse` after the last piece where the whole does not fit.
        """
        body = await _body(prompt, schema, streamed=True)
        fence, whole = Unfenced(), ""
        usage: Usage | None = None
        finished: str | None = None
        with self._translated(credential, prompt.model):
            async with aclosing(self._chunks(body, prompt.model, credential)) as chunks:
                async for chunk in chunks:
                    for choice in chunk.choices[:1]:
                        finished = choice.finish_reason or finished
                        if piece := fence.feed(choice.delta.content or ""):
                            whole += piece
                            yield piece
                    if chunk.x_groq is not None:
                        usage = _usage(chunk.x_groq.usage) or usage
        _check_end(finished)
        _validated(whole, schema)
        if usage is not None:
            yield usage

    async def listed(self, credential: Credential) -> frozenset[str]:
        with self._translated(credential, ""):
            client = await self._clients.of(credential)
            return frozenset(str(model.id) for model in (await client.models.list()).data)

    async def _chunks(
        self, body: Mapping[str, object], model: str, credential: Credential
    ) -> AsyncGenerator[_Chunk, None]:
        client = await self._clients.of(credential)
        from groq import APIError, AsyncStream  # by now a look into a table

        stream = await client.post(_PATH, cast_to=object, body=body, stream=True, stream_cls=AsyncStream[object])
        async with stream:
            self._tell(stream.response.headers, credential, model)
            try:
                async for event in stream:
                    chunk = _Chunk.model_validate(event)
                    if chunk.x_groq is not None and chunk.x_groq.error:
                        raise Unavailable(PROVIDER, f"the stream was stopped: {chunk.x_groq.error}")
                    yield chunk
            except APIError as error:
                if not isinstance(error.body, dict):
                    raise
                raise broken_off(error.body, model=model, now=self._clock()) from error

    def _tell(self, headers: Mapping[str, str], credential: Credential, model: str) -> None:
        for note in quota_notes(headers, key_id=credential.id, model=model):
            self._notice(note)


async def _body(prompt: Prompt, schema: type[BaseModel], *, streamed: bool) -> dict[str, object]:
    if prompt.pictures:
        return await asyncio.to_thread(question, prompt, schema, streamed=streamed)
    return question(prompt, schema, streamed=streamed)


def _check_end(reason: str | None) -> None:
    if reason != "stop":
        raise UnexpectedResponse(PROVIDER, f"the answer ended early: {reason}")


def _validated(text: str, schema: type[Answer]) -> Answer:
    try:
        return schema.model_validate_json(text)
    except ValidationError as error:
        # Without the input: it is the user's film.
        problems = error.errors(include_input=False, include_url=False)
        raise UnexpectedResponse(PROVIDER, f"the answer does not fit: {problems[0]['msg']}") from None


def _usage(told: _Tokens | None) -> Usage | None:
    return None if told is None else Usage(input_tokens=told.prompt_tokens, output_tokens=told.completion_tokens)
