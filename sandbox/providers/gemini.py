"""Gemini on loopback: generateContent in one piece and in a stream, countTokens, models; files and Omni beside them.

The wire is that of google-genai 3.x and of Google's discovery document of 2026-08-22; `/v1` and `/v1beta` both answer.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import re
import secrets
from collections.abc import Iterable
from pathlib import Path

from aiohttp import web

from sandbox.providers import google, writer
from sandbox.providers.accounts import DAY, MINUTE, Account
from sandbox.providers.answers import Answer, Refused
from sandbox.providers.brief import Brief, brief_of
from sandbox.providers.documents import as_mapping, as_text, either, mappings
from sandbox.providers.eyes import Look, look_at
from sandbox.providers.faults import ContentRefused, EmptyOutput
from sandbox.providers.files import GeminiFiles
from sandbox.providers.omni import Omni
from sandbox.providers.policy import LANGUAGE_REFUSES
from sandbox.providers.service import ACCOUNT, Stage, account_of, document_of, fate_of, is_cut

#: Language models of google-genai 3.4.0's literals (2026-11); the second list is answered 404 "no longer available".
MODELS = (
    "gemini-4-argon", "gemini-4-carbon", "gemini-4-hydrogen", "gemini-3.8-flash", "gemini-3.6-flash",
    "gemini-3.5-flash-lite", "gemini-3.1-flash-lite", "gemini-3.1-pro-preview",
)  # fmt: skip
RETIRED = ("gemini-2.0-flash", "gemini-1.5-pro", "gemini-1.5-flash", "gemini-3-pro-preview")
#: `-latest` aliases exist on v1beta only.
ALIASES = {
    "gemini-flash-latest": "gemini-3.8-flash",
    "gemini-flash-lite-latest": "gemini-3.5-flash-lite",
    "gemini-pro-latest": "gemini-3.1-pro-preview",
}
#: Characters of one piece of a stream, and the part of a clip's time between two.
PIECE, PIECE_SHARE = 24, 1 / 150
#: The part of a clip's time that an answer in one piece takes.
THINKING_SHARE = 0.1
CHARACTERS_PER_TOKEN = 4
#: Tokens a second of video takes (1 frame and its sound), and a picture.
VIDEO_TOKENS, IMAGE_TOKENS = 102, 1120


class Gemini:
    """The service, Omni and files included: one host, one key."""

    name = "gemini"

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.files = GeminiFiles(stage)
        self.omni = Omni(stage, self.files)

    def routes(self) -> Iterable[web.RouteDef]:
        model = "/{version:v1|v1beta}/models/{model:[^/:]+}"
        return [
            *self.files.routes(),
            *self.omni.routes(),
            web.post(model + ":generateContent", self.generate),
            web.post(model + ":streamGenerateContent", self.stream),
            web.post(model + ":countTokens", self.count_tokens),
            web.get("/{version:v1|v1beta}/models", self.models),
            web.get(model, self.model),
        ]

    def key_of(self, request: web.Request) -> str:
        return request.headers.get("x-goog-api-key") or request.query.get("key", "")

    def is_open(self, path: str) -> bool:
        return path.startswith("/resume/")

    def is_paid(self, method: str, path: str) -> bool:
        return method == "POST" and re.fullmatch(r"/(v1|v1beta)/interactions", path) is not None

    def bad_key(self, key: str) -> Answer:
        return (
            google.bad_key()
            if key
            else google.refusal(
                403, "Method doesn't allow unregistered callers (callers without established identity)."
            )
        )

    def not_found(self, path: str) -> Answer:
        return google.refusal(404, f"Requested entity was not found: {path}")

    # Answers

    async def generate(self, request: web.Request) -> web.Response:
        model, brief, body, blocked = await self._asked(request)
        await self.stage.linger(THINKING_SHARE)
        if blocked is not None:
            return web.json_response(self._blocked(model, brief, blocked))
        return web.json_response(self._answered(model, brief, self._text(request, body, brief), finished=True))

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Server-sent events, a piece of the answer in each; the last one tells the usage."""
        model, brief, body, blocked = await self._asked(request)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        if blocked is not None:
            await response.prepare(request)
            await response.write(_event(self._blocked(model, brief, blocked)))
            return response
        text = self._text(request, body, brief)
        pieces = [text[at : at + PIECE] for at in range(0, len(text), PIECE)] or [""]
        if is_cut(request):
            pieces = pieces[: len(pieces) // 2]
        await response.prepare(request)
        for number, piece in enumerate(pieces):
            finished = number == len(pieces) - 1 and not is_cut(request)
            await response.write(_event(self._answered(model, brief, piece, finished=finished)))
            await self.stage.linger(PIECE_SHARE)
        if is_cut(request) and request.transport is not None:
            request.transport.abort()
        return response

    def _text(self, request: web.Request, body: dict[str, object], brief: Brief) -> str:
        if isinstance(fate_of(request), EmptyOutput):
            return ""
        config = as_mapping(either(body, "generationConfig", "generation_config"))
        schema = as_mapping(
            either(config, "responseSchema", "responseJsonSchema", "response_schema", "response_json_schema")
        )
        return writer.answer(schema, brief)

    async def _asked(self, request: web.Request) -> tuple[str, Brief, dict[str, object], str | None]:
        """The model, what it is asked, the body, and why it is blocked; counts the request against the limits."""
        model, account = self._model_of(request), account_of(self.stage, self.name, request)
        body = await document_of(request)
        contents = mappings(body.get("contents"))
        if not contents:
            raise Refused(google.refusal(400, "* GenerateContentRequest.contents: contents is not specified\n"))
        self._count(account, model)
        brief = await self._brief(account.name, contents)
        fate = fate_of(request)
        blocked = None
        if isinstance(fate, ContentRefused):
            blocked = fate.code or "PROHIBITED_CONTENT"
        elif LANGUAGE_REFUSES.search(brief.words):
            blocked = "PROHIBITED_CONTENT"
        return model, brief, body, blocked

    def _model_of(self, request: web.Request) -> str:
        model, version = request.match_info["model"], request.match_info["version"]
        if model in RETIRED:
            raise Refused(google.retired(model))
        if version == "v1beta":
            model = ALIASES.get(model, model)
        if model not in MODELS:
            raise Refused(google.no_model(model, version))
        return model

    def _count(self, account: Account, model: str) -> None:
        limits, now = account.limits, self.stage.clock()
        over = account.admit(f"minute/{model}", limits.requests_per_minute, MINUTE, now)
        if over:
            raise Refused(google.over_quota(over.limit, model, over.retry_after))
        over = account.admit(f"day/{model}", limits.requests_per_day, DAY, now)
        if over:
            raise Refused(google.over_quota(over.limit, model, 38.0, per="Day"))

    async def _brief(self, account: str, contents: list[dict[str, object]]) -> Brief:
        turns: list[tuple[str, list[str]]] = []
        looks: list[Look] = []
        for content in contents:
            texts: list[str] = []
            for part in mappings(content.get("parts")):
                file = as_mapping(either(part, "fileData", "file_data"))
                blob = as_mapping(either(part, "inlineData", "inline_data"))
                look = await self._look(account, file, blob)
                if look is not None:
                    looks.append(look)
                elif "text" in part:
                    texts.append(as_text(part["text"]))
            turns.append((as_text(content.get("role")) or "user", texts))
        return brief_of(turns, looks)

    async def _look(self, account: str, file: dict[str, object], blob: dict[str, object]) -> Look | None:
        if file:
            stored = self.files.find(account, as_text(either(file, "fileUri", "file_uri")))
            if stored.state(self.stage.clock()) != "ACTIVE":
                words = f"The File {stored.id} is not in an ACTIVE state and usage is not allowed."
                raise Refused(google.refusal(400, words))
            path = stored.path if stored.clip is None else await self.stage.films.file(stored.clip)
            return await look_at(path, stored.mime_type) if path is not None else None
        if blob:
            path = self.stage.directory / f"inline-{secrets.token_hex(6)}"
            try:
                await asyncio.to_thread(path.write_bytes, base64.b64decode(as_text(blob.get("data")), validate=True))
            except binascii.Error:
                raise Refused(google.refusal(400, "Invalid value at 'contents': Base64 decoding failed")) from None
            return await self._looked_once(path, as_text(either(blob, "mimeType", "mime_type")))
        return None

    async def _looked_once(self, path: Path, mime_type: str) -> Look | None:
        try:
            return await look_at(path, mime_type)
        finally:
            path.unlink()

    def _answered(self, model: str, brief: Brief, text: str, *, finished: bool) -> dict[str, object]:
        candidate: dict[str, object] = {"index": 0, "content": {"role": "model", "parts": [{"text": text}]}}
        if finished:
            candidate["finishReason"] = "STOP"
        return {
            "candidates": [candidate],
            "usageMetadata": self._usage(brief, len(text)),
            "modelVersion": model,
            "responseId": secrets.token_urlsafe(12),
        }

    def _blocked(self, model: str, brief: Brief, reason: str) -> dict[str, object]:
        usage = self._usage(brief, 0)
        del usage["candidatesTokenCount"]
        return {"promptFeedback": {"blockReason": reason}, "usageMetadata": usage, "modelVersion": model}

    def _usage(self, brief: Brief, written: int) -> dict[str, object]:
        asked, answered = tokens(brief), max(0, written) // CHARACTERS_PER_TOKEN + 1
        return {"promptTokenCount": asked, "candidatesTokenCount": answered, "totalTokenCount": asked + answered}

    # Counting and listing

    async def count_tokens(self, request: web.Request) -> web.Response:
        self._model_of(request)
        body = await document_of(request)
        nested = as_mapping(body.get("generateContentRequest"))
        contents = mappings(either(body, "contents") or nested.get("contents"))
        return web.json_response({"totalTokens": tokens(await self._brief(request[ACCOUNT], contents))})

    async def models(self, _request: web.Request) -> web.Response:
        return web.json_response({"models": [_described(name) for name in (*MODELS, *self.omni.models)]})

    async def model(self, request: web.Request) -> web.Response:
        name = request.match_info["model"]
        if name in self.omni.models:
            return web.json_response(_described(name))
        return web.json_response(_described(self._model_of(request)))


def tokens(brief: Brief) -> int:
    said = len(brief.words) + sum(len(json.dumps(value)) for value in brief.context)
    shown = sum(VIDEO_TOKENS * look.duration if look.duration else IMAGE_TOKENS for look in brief.looks)
    return said // CHARACTERS_PER_TOKEN + 1 + round(shown)


def _event(value: object) -> bytes:
    return b"data: " + json.dumps(value, ensure_ascii=False).encode() + b"\r\n\r\n"


def _described(name: str) -> dict[str, object]:
    methods = ["createInteraction"] if "omni" in name else ["generateContent", "countTokens"]
    return {
        "name": f"models/{name}",
        "version": name.split("-")[1],
        "displayName": name.replace("-", " ").title(),
        "inputTokenLimit": 1_048_576,
        "outputTokenLimit": 65_536,
        "supportedGenerationMethods": methods,
    }
