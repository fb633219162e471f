"""Groq on loopback: chat in one piece and streamed, JSON by schema, pictures, transcriptions, models.

Paths are those of its OpenAPI document of 2026-08-14; rate headers and error bodies as its SDK 1.7.0 meets them.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable
from dataclasses import asdict

from aiohttp import web

from sandbox.providers import hearing, writer
from sandbox.providers.accounts import DAY, MINUTE, Account, Exceeded
from sandbox.providers.answers import Answer, Refused
from sandbox.providers.documents import as_text
from sandbox.providers.faults import Breaks, ContentRefused, EmptyOutput
from sandbox.providers.film import DrawingFailed
from sandbox.providers.policy import LANGUAGE_REFUSES
from sandbox.providers.question import CHARACTERS_PER_TOKEN, CHAT, Question, no_model, question_in, refusal
from sandbox.providers.service import Stage, account_of, document_of, fate_of, is_cut

WHISPERS = ("whisper-large-v3", "whisper-large-v3-turbo")
MAX_AUDIO = 25 * 2**20
#: What the headers tell where an account has no limits of its own (developer plan).
REQUESTS_PER_DAY, TOKENS_PER_MINUTE = 500_000, 250_000
PIECE, PIECE_SHARE, THINKING_SHARE = 16, 1 / 300, 0.03


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
        asked = await question_in(body, len(await request.read()), self.stage.directory)
        headers = self._count(account_of(self.stage, self.name, request), asked.model, asked.tokens)
        text = "" if isinstance(fate_of(request), EmptyOutput) else writer.answer(asked.schema, asked.brief)
        if isinstance(fate_of(request), ContentRefused) or LANGUAGE_REFUSES.search(asked.brief.words):
            text = "I'm sorry, but I can't help with that."
        elif asked.fenced and asked.schema:
            text = f"```json\n{text}\n```"
        if asked.thinks_aloud:
            text = f"<think>\nWhat would be a good answer?\n</think>\n\n{text}"
        if asked.streamed:
            return await self._streamed(request, asked, text, headers)
        await self.stage.linger(THINKING_SHARE)
        choice = {
            "index": 0,
            "message": {"role": "assistant", "content": text},
            "logprobs": None,
            "finish_reason": "stop",
        }
        completion = {**self._head(asked, "chat.completion"), "choices": [choice], "usage": _usage(asked, text)}
        completion["x_groq"] = {"id": f"req_{secrets.token_hex(10)}"}
        return web.json_response(completion, headers=headers)

    async def _streamed(
        self, request: web.Request, asked: Question, text: str, headers: dict[str, str]
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers={**headers, "Content-Type": "text/event-stream"})
        await response.prepare(request)
        head, identity = self._head(asked, "chat.completion.chunk"), f"req_{secrets.token_hex(10)}"
        first = {"index": 0, "delta": {"role": "assistant", "content": ""}, "logprobs": None, "finish_reason": None}
        await response.write(_event({**head, "choices": [first], "x_groq": {"id": identity}}))
        breaks = isinstance(fate_of(request), Breaks)
        pieces = [text[at : at + PIECE] for at in range(0, len(text), PIECE)]
        for piece in pieces[: len(pieces) // 2] if is_cut(request) or breaks else pieces:
            delta = {"index": 0, "delta": {"content": piece}, "logprobs": None, "finish_reason": None}
            await response.write(_event({**head, "choices": [delta]}))
            await self.stage.linger(PIECE_SHARE)
        if is_cut(request):
            if request.transport is not None:
                request.transport.abort()
            return response
        if breaks:
            error = {
                "message": "The model ran out of capacity.",
                "type": "internal_server_error",
                "code": "over_capacity",
            }
            await response.write(b"event: error\n" + _event({"error": error}))
            return response
        last = {"index": 0, "delta": {}, "logprobs": None, "finish_reason": "stop"}
        await response.write(
            _event({**head, "choices": [last], "x_groq": {"id": identity, "usage": _usage(asked, text)}})
        )
        await response.write(b"data: [DONE]\n\n")
        return response

    def _head(self, asked: Question, kind: str) -> dict[str, object]:
        return {
            "id": f"chatcmpl-{secrets.token_hex(16)}",
            "object": kind,
            "created": int(self.stage.clock()),
            "model": asked.model,
            "system_fingerprint": "fp_sandbox",
        }

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

    async def transcribe(self, request: web.Request) -> web.Response:
        """What was said, as far as the sandbox hears; the words are those of `prompt`, where given."""
        form = await request.post()
        sent, model = form.get("file"), as_text(form.get("model"))
        if model not in WHISPERS:
            raise Refused(no_model(model))
        if not isinstance(sent, web.FileField):
            raise Refused(refusal(400, "file is required"))
        content = sent.file.read()
        if len(content) > MAX_AUDIO:
            raise Refused(refusal(413, "Request Entity Too Large", code="request_too_large"))
        headers = self._count(account_of(self.stage, self.name, request), model, 1)
        try:
            heard = await hearing.hear(self.stage.directory, content)
        except DrawingFailed as error:
            raise Refused(refusal(400, "could not process file - is it a valid media file?")) from error
        await self.stage.linger(THINKING_SHARE)
        text = as_text(form.get("prompt")) or heard.text
        if form.get("response_format") == "text":
            return web.Response(text=text, headers=headers)
        body: dict[str, object] = {"text": text, "x_groq": {"id": f"req_{secrets.token_hex(10)}"}}
        if form.get("response_format") == "verbose_json":
            segment = {
                "id": 0, "seek": 0, "start": 0.0, "end": heard.seconds, "text": text, "tokens": [], "temperature": 0.0,
                "avg_logprob": -0.2, "compression_ratio": 1.2, "no_speech_prob": 0.01,
            }  # fmt: skip
            body |= {"task": "transcribe", "language": "English", "duration": heard.seconds, "segments": [segment]}
            granularities = {
                name
                for key in ("timestamp_granularities[]", "timestamp_granularities")
                for name in form.getall(key, [])
            }
            if "word" in granularities:
                body["words"] = [asdict(word) for word in heard.words]
        return web.json_response(body, headers=headers)

    async def models(self, _request: web.Request) -> web.Response:
        data = [
            {"id": name, "object": "model", "created": 1_790_000_000, "owned_by": name.split("/")[0]}
            for name in (*CHAT, *WHISPERS)
        ]
        return web.json_response({"object": "list", "data": data})


def _usage(asked: Question, text: str) -> dict[str, object]:
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
