"""Groq as a language model: fast, text only; it never sees a video (groq 1.7)."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
from pydantic import BaseModel, ValidationError

from providers.credential import Credential
from providers.errors import (
    InvalidRequest,
    ModelRetired,
    ProviderError,
    QuotaExhausted,
    RateLimited,
    Unavailable,
    UnexpectedResponse,
)
from providers.language import Answer, Prompt, RemoteFile
from providers.quota import DAY, MINUTE, Notice, QuotaNote, ignore
from providers.transport import Refusal, rest, retry_after, said, translated

if TYPE_CHECKING:
    from groq import AsyncGroq

PROVIDER = "groq"
DEFAULT_BASE_URL = "https://api.groq.com"  # without /openai/v1: the SDK's paths bring it

_UNTOLD_DAY = 3600.0  # seconds until a day's limit that does not say when it ends is tried again


class _Message(BaseModel):
    content: str | None = None


class _Choice(BaseModel):
    finish_reason: str | None = None
    message: _Message


class _Completion(BaseModel):
    choices: list[_Choice]


class GroqChat:
    """A `LanguageModel` over Groq's chat completions.

    Args:
        http: shared connections; the caller closes them.
        base_url: `None` means Groq's own.
        read_timeout: seconds that an answer may stay silent.
        notice: hears what is left of the limits.
        clock: Unix seconds; a daily limit returns at a time.
    """

    name = PROVIDER
    sees_video = False

    def __init__(
        self,
        *,
        http: httpx.AsyncClient,
        base_url: str | None = None,
        read_timeout: float = 60.0,
        notice: Notice = ignore,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._http = http
        self._base_url = base_url or DEFAULT_BASE_URL
        self._timeout = httpx.Timeout(read_timeout, connect=10.0, pool=10.0)
        self._notice = notice
        self._clock = clock

    async def upload(self, path: Path, mime_type: str, credential: Credential) -> RemoteFile:
        raise InvalidRequest(
            PROVIDER, f"no {mime_type} for key {credential.id}: Groq's models do not watch {path.name}"
        )

    async def delete(self, file: RemoteFile, credential: Credential) -> None:
        raise InvalidRequest(PROVIDER, f"no file {file.name} for key {credential.id}: Groq keeps none")

    async def answer(self, prompt: Prompt, schema: type[Answer], credential: Credential) -> Answer:
        text = await self._ask(prompt, schema, credential)
        try:
            return schema.model_validate_json(text)
        except ValidationError as error:
            # Without the input: it is the user's film.
            problems = error.errors(include_input=False, include_url=False)
            raise UnexpectedResponse(PROVIDER, f"the answer does not fit: {problems[0]['msg']}") from None

    async def stream(
        self, prompt: Prompt, schema: type[BaseModel], credential: Credential
    ) -> AsyncGenerator[str, None]:
        """The whole answer as one piece: Groq does not stream structured outputs (console.groq.com, 2026-08)."""
        yield await self._ask(prompt, schema, credential)

    async def close(self) -> None:
        """Nothing of its own is open."""

    async def _ask(self, prompt: Prompt, schema: type[BaseModel], credential: Credential) -> str:
        if prompt.files:
            raise InvalidRequest(PROVIDER, "Groq's models do not watch videos")
        with self._translated(credential, prompt.model):
            client = await asyncio.to_thread(self._build, credential.secret)
            answer = await client.post(
                "/openai/v1/chat/completions", cast_to=httpx.Response, body=_question(prompt, schema)
            )
        for note in quota_notes(answer.headers, key_id=credential.id, model=prompt.model):
            self._notice(note)
        try:
            choice = _Completion.model_validate_json(answer.content).choices[0]
        except (ValidationError, IndexError) as error:
            raise UnexpectedResponse(PROVIDER, "a completion we cannot read") from error
        if choice.finish_reason != "stop" or not choice.message.content:
            raise UnexpectedResponse(PROVIDER, f"the answer ended early: {choice.finish_reason}")
        return choice.message.content

    def _build(self, secret: str) -> AsyncGroq:
        from groq import AsyncGroq

        client = AsyncGroq(
            api_key=secret,
            base_url=self._base_url,
            http_client=self._http,
            max_retries=0,  # the SDK's default sleeps out a Retry-After of up to a minute inside our call
            timeout=self._timeout,
        )
        client._custom_headers = {}  # noqa: SLF001 (GROQ_CUSTOM_HEADERS could name another key)
        return client

    def _translated(self, credential: Credential, model: str) -> AbstractContextManager[None]:
        return translated(PROVIDER, credential, lambda refusal: groq_fault(refusal, model=model, now=self._clock()))


def groq_fault(refusal: Refusal, *, model: str, now: float) -> ProviderError | None:
    """What Groq's refusal means; console.groq.com/docs/errors and rate-limits, 2026-08. Limits bind an organisation."""
    words, code = said(refusal.body), _code(refusal.body)
    if refusal.status == 429:
        asked, header = _asked_rest(words), retry_after(refusal.headers)
        if "per day" in words or "(TPD)" in words or "(RPD)" in words:
            seconds = next((each for each in (asked, header) if each is not None), _UNTOLD_DAY)
            return QuotaExhausted(PROVIDER, words, until=now + seconds, model=model)
        if header is None and asked is not None:
            header = rest(asked)
        return RateLimited(PROVIDER, words, retry_after=header, model=model)
    if refusal.status == 498:
        return Unavailable(PROVIDER, words or "flex capacity exceeded")
    if refusal.status == 400 and code == "json_validate_failed":
        return UnexpectedResponse(PROVIDER, words)  # the model's fault: asking once more may help
    if code in ("model_decommissioned", "model_not_found"):
        return ModelRetired(PROVIDER, words)
    return None  # 413 too: more than a minute's tokens in one request is over a limit, not a thing to wait for


def quota_notes(headers: Mapping[str, str], *, key_id: str, model: str) -> Iterator[QuotaNote]:
    """What Groq's headers tell: requests count per day, tokens per minute (console.groq.com/docs/rate-limits, 2026-08).

    A limit is whole again when its "reset" has passed: it fills steadily, not at once.
    """
    for what, period in (("requests", DAY), ("tokens", MINUTE)):
        left = headers.get(f"x-ratelimit-remaining-{what}", "")
        resets_in = _seconds(headers.get(f"x-ratelimit-reset-{what}", ""))
        if re.fullmatch(r"\d{1,12}", left) and resets_in is not None:
            yield QuotaNote(
                provider=PROVIDER,
                key_id=key_id,
                model=model,
                period=period,
                requests=int(left) if what == "requests" else None,
                tokens=int(left) if what == "tokens" else None,
                resets_in=min(resets_in, period),
            )


def _question(prompt: Prompt, schema: type[BaseModel]) -> dict[str, object]:
    roles = {"user": "user", "model": "assistant"}
    messages: list[dict[str, object]] = [{"role": "system", "content": prompt.system}]
    for turn in prompt.turns:
        if turn.role == "user":
            parts = [{"type": "text", "text": text} for text in turn.parts]
            messages.append({"role": roles[turn.role], "content": parts})
        else:  # an assistant's content is one text here
            messages.append({"role": roles[turn.role], "content": "\n".join(turn.parts)})
    return {
        "model": prompt.model,
        "messages": messages,
        "response_format": {
            "type": "json_schema",
            # Not strict: that mode wants every field required and few keywords; we validate ourselves.
            "json_schema": {"name": schema.__name__, "strict": False, "schema": schema.model_json_schema()},
        },
        "include_reasoning": False,
    }


def _code(body: object) -> str:
    error = body.get("error", body) if isinstance(body, dict) else None
    return str(error.get("code") or "") if isinstance(error, dict) else ""


def _asked_rest(words: str) -> float | None:
    """Seconds in "Please try again in 1h2m3.5s"."""
    _, _, duration = words.partition("try again in ")
    return _seconds(duration)


def _seconds(duration: str) -> float | None:
    """Seconds in what begins as "1h2m3.5s", "2m59.56s" or "250ms", as Groq writes them; `None` where nothing does."""
    match = re.match(r"(?:(\d+)h)?(?:(\d+)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?", duration)
    if match is None or not any(match.groups()):
        return None
    hours, minutes, seconds, milliseconds = (float(group or 0) for group in match.groups())
    return hours * 3600 + minutes * 60 + seconds + milliseconds / 1000
