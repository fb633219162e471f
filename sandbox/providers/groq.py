"""Groq on loopback: chat in one piece and streamed, JSON by schema, pictures, transcriptions, models.

Paths are those of its OpenAPI document of 2026-08-14; rate headers and error bodies as its SDK 1.7.0 meets them.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from aiohttp import web

from sandbox.providers import writer
from sandbox.providers.accounts import DAY, MINUTE, Account, Exceeded
from sandbox.providers.answers import Answer, Refused
from sandbox.providers.brief import Brief, brief_of
from sandbox.providers.documents import as_mapping, as_text, mappings
from sandbox.providers.eyes import Look, look_at
from sandbox.providers.faults import ContentRefused, EmptyOutput
from sandbox.providers.film import DrawingFailed, run_ffmpeg
from sandbox.providers.policy import LANGUAGE_REFUSES
from sandbox.providers.service import Stage, account_of, document_of, fate_of, is_cut

#: Chat models of 2026-11, and whether they see; those that are gone answer 400 `model_decommissioned`.
CHAT = {"openai/gpt-oss-120b": False, "openai/gpt-oss-20b": False, "qwen/qwen3.8-27b": True, "qwen/qwen3.6-27b": True}
DECOMMISSIONED = ("llama-3.3-70b-versatile", "llama-3.1-8b-instant", "llama-3.2-90b-vision-preview")
WHISPERS = ("whisper-large-v3", "whisper-large-v3-turbo")
MAX_IMAGES, MAX_AUDIO = 5, 25 * 2**20
#: What the headers tell where an account has no limits of its own (developer plan).
REQUESTS_PER_DAY, TOKENS_PER_MINUTE = 500_000, 250_000
PIECE, PIECE_SHARE, THINKING_SHARE = 16, 1 / 300, 0.03
CHARACTERS_PER_TOKEN = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A chat request, understood."""

    model: str
    schema: dict[str, object]
    brief: Brief
    tokens: int
    headers: dict[str, str]


def refusal(status: int, message: str, kind: str, code: str | None = None) -> Answer:
    error = {"message": message, "type": kind}
    return Answer(status, {"error": {**error, "code": code} if code else error})


def over_limit(model: str, account: str, over: Exceeded, asked: int, *, tokens: bool) -> Answer:
    what, kind = ("tokens per minute (TPM)", "tokens") if tokens else ("requests per minute (RPM)", "requests")
    message = (
        f"Rate limit reached for model `{model}` in organization `org_{account}` service tier `on_demand` on {what}: "
        f"Limit {over.limit}, Used {over.used}, Requested {asked}. Please try again in {over.retry_after:.2f}s. "
        "Need more tokens? Visit the console to upgrade."
    )
    answer = refusal(429, message, kind, "rate_limit_exceeded")
    return Answer(answer.status, answer.body, {"retry-after": str(max(1, round(over.retry_after)))})


class Groq:
    name = "groq"

    def __init__(self, stage: Stage) -> None:
        self.stage = stage

    def routes(self) -> Iterable[web.RouteDef]:
        return [
            web.post("/openai/v1/chat/completions", self.chat),
            web.post("/openai/v1/audio/transcriptions", self.transcribe),
            web.get("/openai/v1/models", self.models),
        ]

    def key_of(self, request: web.Request) -> str:
        return request.headers.get("Authorization", "").removeprefix("Bearer ").strip()

    def is_open(self, _path: str) -> bool:
        return False

    def is_paid(self, _method: str, _path: str) -> bool:
        return False  # cents, and repeatable

    def bad_key(self, _key: str) -> Answer:
        return refusal(401, "Invalid API Key", "invalid_request_error", "invalid_api_key")

    def not_found(self, path: str) -> Answer:
        return refusal(404, f"Unknown request URL: {path}", "invalid_request_error", "unknown_url")

    async def chat(self, request: web.Request) -> web.StreamResponse:
        body = await document_of(request)
        asked = await self._asked(request, body)
        text = "" if isinstance(fate_of(request), EmptyOutput) else writer.answer(asked.schema, asked.brief)
        if isinstance(fate_of(request), ContentRefused) or LANGUAGE_REFUSES.search(asked.brief.words):
            text = "I'm sorry, but I can't help with that."
        if body.get("stream") is True:
            return await self._streamed(request, asked, text)
        await self.stage.linger(THINKING_SHARE)
        choice = {
            "index": 0,
            "message": {"role": "assistant", "content": text},
            "logprobs": None,
            "finish_reason": "stop",
        }
        completion = {**self._head(asked, "chat.completion"), "choices": [choice], "usage": _usage(asked, text)}
        completion["x_groq"] = {"id": f"req_{secrets.token_hex(10)}"}
        return web.json_response(completion, headers=asked.headers)

    async def _streamed(self, request: web.Request, asked: Asked, text: str) -> web.StreamResponse:
        response = web.StreamResponse(headers={**asked.headers, "Content-Type": "text/event-stream"})
        await response.prepare(request)
        head, identity = self._head(asked, "chat.completion.chunk"), f"req_{secrets.token_hex(10)}"
        first = {"index": 0, "delta": {"role": "assistant", "content": ""}, "logprobs": None, "finish_reason": None}
        await response.write(_event({**head, "choices": [first], "x_groq": {"id": identity}}))
        pieces = [text[at : at + PIECE] for at in range(0, len(text), PIECE)]
        for piece in pieces[: len(pieces) // 2] if is_cut(request) else pieces:
            delta = {"index": 0, "delta": {"content": piece}, "logprobs": None, "finish_reason": None}
            await response.write(_event({**head, "choices": [delta]}))
            await self.stage.linger(PIECE_SHARE)
        if is_cut(request):
            if request.transport is not None:
                request.transport.abort()
            return response
        last = {"index": 0, "delta": {}, "logprobs": None, "finish_reason": "stop"}
        await response.write(
            _event({**head, "choices": [last], "x_groq": {"id": identity, "usage": _usage(asked, text)}})
        )
        await response.write(b"data: [DONE]\n\n")
        return response

    def _head(self, asked: Asked, kind: str) -> dict[str, object]:
        return {
            "id": f"chatcmpl-{secrets.token_hex(16)}",
            "object": kind,
            "created": int(self.stage.clock()),
            "model": asked.model,
            "system_fingerprint": "fp_sandbox",
        }

    async def _asked(self, request: web.Request, body: dict[str, object]) -> Asked:
        model = as_text(body.get("model"))
        _check_model(model)
        messages = mappings(body.get("messages"))
        if not messages:
            raise Refused(refusal(400, "'messages' : minimum number of items is 1", "invalid_request_error"))
        tokens = len(json.dumps(messages)) // CHARACTERS_PER_TOKEN + 1
        account = account_of(self.stage, self.name, request)
        headers = self._count(account, model, tokens)
        wanted = as_mapping(body.get("response_format"))
        schema: dict[str, object] = {}
        if wanted.get("type") == "json_schema":
            schema = as_mapping(as_mapping(wanted.get("json_schema")).get("schema"))
            if not schema:
                raise Refused(
                    refusal(400, "'response_format.json_schema.schema' : is required", "invalid_request_error")
                )
        elif wanted.get("type") == "json_object":
            schema = {"type": "object", "properties": {"reply": {"type": "string"}}, "required": ["reply"]}
        brief = await self._brief(model, messages)
        return Asked(model=model, schema=schema, brief=brief, tokens=tokens, headers=headers)

    def _count(self, account: Account, model: str, tokens: int) -> dict[str, str]:
        """Count a request, or refuse it; the rate headers: requests are per day, tokens per minute."""
        limits, now = account.limits, self.stage.clock()
        if limits.tokens_per_minute is not None and tokens > limits.tokens_per_minute:
            words = f"Request too large for model `{model}`: Limit {limits.tokens_per_minute}, Requested {tokens}"
            raise Refused(refusal(413, words, "tokens", "rate_limit_exceeded"))
        over = account.admit(f"requests/{model}", limits.requests_per_minute, MINUTE, now)
        if over:
            raise Refused(over_limit(model, account.name, over, 1, tokens=False))
        over = account.admit(f"tokens/{model}", limits.tokens_per_minute, MINUTE, now, tokens)
        if over:
            raise Refused(over_limit(model, account.name, over, tokens, tokens=True))
        account.admit(f"day/{model}", None, DAY, now)
        daily, minute = limits.requests_per_day or REQUESTS_PER_DAY, limits.tokens_per_minute or TOKENS_PER_MINUTE
        used = account.used(f"tokens/{model}", MINUTE, now)
        return {
            "x-ratelimit-limit-requests": str(daily),
            "x-ratelimit-limit-tokens": str(minute),
            "x-ratelimit-remaining-requests": str(max(0, daily - account.used(f"day/{model}", DAY, now))),
            "x-ratelimit-remaining-tokens": str(max(0, minute - used)),
            "x-ratelimit-reset-requests": _period(DAY / daily),
            "x-ratelimit-reset-tokens": _period(MINUTE * used / minute),
            "x-groq-region": "sandbox",
        }

    async def _brief(self, model: str, messages: list[dict[str, object]]) -> Brief:
        turns: list[tuple[str, list[str]]] = []
        looks: list[Look] = []
        for message in messages:
            content, role = message.get("content"), as_text(message.get("role"))
            if role in {"system", "developer"}:
                continue
            if isinstance(content, str):
                turns.append((role, [content]))
                continue
            texts = [as_text(part.get("text")) for part in mappings(content) if part.get("type") == "text"]
            urls = [
                as_text(as_mapping(part.get("image_url")).get("url"))
                for part in mappings(content)
                if part.get("type") == "image_url"
            ]
            if urls and not CHAT[model]:
                raise Refused(
                    refusal(400, f"messages[].content must be a string for model `{model}`", "invalid_request_error")
                )
            if len(urls) > MAX_IMAGES:
                raise Refused(
                    refusal(
                        400,
                        f"Too many images provided. This model supports up to {MAX_IMAGES} images",
                        "invalid_request_error",
                    )
                )
            looks += [look for look in [await self._look(url) for url in urls] if look is not None]
            turns.append((role, texts))
        return brief_of(turns, looks)

    async def _look(self, url: str) -> Look | None:
        if not url.startswith("data:image/"):
            return None
        path = self.stage.directory / f"groq-{secrets.token_hex(6)}"
        try:
            await asyncio.to_thread(path.write_bytes, base64.b64decode(url.split(",", 1)[1], validate=True))
            return await look_at(path, "image/any")
        except (IndexError, binascii.Error):
            raise Refused(refusal(400, "invalid base64 url", "invalid_request_error", "invalid_image")) from None
        finally:
            path.unlink(missing_ok=True)

    async def transcribe(self, request: web.Request) -> web.Response:
        """What was said: the sandbox hears how long a sound is; its words are those of `prompt`, where given."""
        form = await request.post()
        sent, model = form.get("file"), as_text(form.get("model"))
        if model not in WHISPERS:
            raise Refused(_no_model(model))
        if not isinstance(sent, web.FileField):
            raise Refused(refusal(400, "file is required", "invalid_request_error"))
        content = sent.file.read()
        if len(content) > MAX_AUDIO:
            raise Refused(refusal(413, "Request Entity Too Large", "invalid_request_error", "request_too_large"))
        account = account_of(self.stage, self.name, request)
        headers = self._count(account, model, 1)
        seconds = await self._seconds(content)
        await self.stage.linger(THINKING_SHARE)
        text = as_text(form.get("prompt")) or f"Somebody speaks for {seconds:.0f} seconds."
        if form.get("response_format") == "text":
            return web.Response(text=text, headers=headers)
        body: dict[str, object] = {"text": text, "x_groq": {"id": f"req_{secrets.token_hex(10)}"}}
        if form.get("response_format") == "verbose_json":
            segment = {
                "id": 0, "seek": 0, "start": 0.0, "end": seconds, "text": text, "tokens": [], "temperature": 0.0,
                "avg_logprob": -0.2, "compression_ratio": 1.2, "no_speech_prob": 0.01,
            }  # fmt: skip
            body |= {"task": "transcribe", "language": "English", "duration": seconds, "segments": [segment]}
        return web.json_response(body, headers=headers)

    async def _seconds(self, content: bytes) -> float:
        path = self.stage.directory / f"heard-{secrets.token_hex(6)}"
        await asyncio.to_thread(path.write_bytes, content)
        try:
            raw, _ = await run_ffmpeg(
                ["-v", "error", "-i", str(path), "-vn", "-f", "s16le", "-ac", "1", "-ar", "8000", "pipe:1"]
            )
        except DrawingFailed as error:
            raise Refused(
                refusal(400, "could not process file - is it a valid media file?", "invalid_request_error")
            ) from error
        finally:
            path.unlink()
        return round(len(raw) / 16_000, 2)

    async def models(self, _request: web.Request) -> web.Response:
        data = [
            {"id": name, "object": "model", "created": 1_790_000_000, "owned_by": name.split("/")[0]}
            for name in (*CHAT, *WHISPERS)
        ]
        return web.json_response({"object": "list", "data": data})


def _check_model(model: str) -> None:
    if model in DECOMMISSIONED:
        words = f"The model `{model}` has been decommissioned and is no longer supported."
        raise Refused(refusal(400, words, "invalid_request_error", "model_decommissioned"))
    if model not in CHAT:
        raise Refused(_no_model(model))


def _no_model(model: str) -> Answer:
    words = f"The model `{model}` does not exist or you do not have access to it."
    return refusal(404, words, "invalid_request_error", "model_not_found")


def _usage(asked: Asked, text: str) -> dict[str, object]:
    written = len(text) // CHARACTERS_PER_TOKEN + 1
    return {
        "queue_time": 0.01,
        "prompt_tokens": asked.tokens,
        "prompt_time": 0.01,
        "completion_tokens": written,
        "completion_time": 0.1,
        "total_tokens": asked.tokens + written,
        "total_time": 0.11,
    }


def _period(seconds: float) -> str:
    """A period as the headers write it: "2m59.56s", "7.66s"."""
    minutes, rest = divmod(seconds, 60)
    return f"{int(minutes)}m{rest:.2f}s" if minutes else f"{rest:.2f}s"


def _event(value: object) -> bytes:
    return b"data: " + json.dumps(value, ensure_ascii=False).encode() + b"\n\n"
