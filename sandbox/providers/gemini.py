"""Gemini on loopback: generateContent in one piece and in a stream, countTokens, models; files and Omni beside them.

The wire is that of google-genai 3.x and of Google's discovery document of 2026-08-22; `/v1` and `/v1beta` both answer.
"""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterable

from aiohttp import web

from sandbox.providers import google, images, writer
from sandbox.providers.accounts import DAY, MINUTE, Account
from sandbox.providers.answers import Answer, Refused
from sandbox.providers.documents import as_list, as_mapping, either, mappings
from sandbox.providers.faults import ContentRefused, EmptyOutput
from sandbox.providers.files import GeminiFiles
from sandbox.providers.omni import Omni
from sandbox.providers.policy import LANGUAGE_REFUSES
from sandbox.providers.reading import Read, Reader, Tokens, text_tokens
from sandbox.providers.service import ACCOUNT, Stage, account_of, document_of, fate_of, is_cut

#: Language models of google-genai 3.4.0's literals (2026-11); the second list is answered 404 "no longer available".
MODELS = (
    "gemini-4-argon", "gemini-4-carbon", "gemini-4-hydrogen", "gemini-3.8-flash", "gemini-3.6-flash",
    "gemini-3.5-flash-lite", "gemini-3.1-flash-lite", "gemini-3.1-pro-preview",
)  # fmt: skip
RETIRED = (
    "gemini-2.0-flash",
    "gemini-1.5-pro",
    "gemini-1.5-flash",
    "gemini-3-pro-preview",
    "gemini-3-pro-image-preview",
)
#: `-latest` aliases exist on v1beta only.
ALIASES = {
    "gemini-flash-latest": "gemini-3.8-flash",
    "gemini-flash-lite-latest": "gemini-3.5-flash-lite",
    "gemini-pro-latest": "gemini-3.1-pro-preview",
}
#: Characters of one piece of a stream, and the part of a clip's time between two.
PIECE, PIECE_SHARE = 24, 1 / 150
#: The parts of a clip's time that an answer in one piece and a picture take.
THINKING_SHARE, DRAWING_SHARE = 0.1, 0.4
#: Tokens of thought for each token of an answer.
THOUGHT = 0.5
#: Models on one page of the list, where nobody asks for more, and the most there are.
PAGE, LARGEST_PAGE = 50, 1000


class Gemini:
    """The service, Omni and files included: one host, one key."""

    name = "gemini"

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.files = GeminiFiles(stage)
        self.omni = Omni(stage, self.files)
        self.reader = Reader(stage, self.files)

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
        drawing = "|".join(map(re.escape, images.MODELS))
        paid = rf"/(v1|v1beta)/(interactions|models/({drawing}):(generateContent|streamGenerateContent))"
        return method == "POST" and re.fullmatch(paid, path) is not None

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
        model, read, body = await self._asked(request)
        if model in images.MODELS:
            return web.json_response(await self._drawn(request, model, read, body))
        await self.stage.linger(THINKING_SHARE)
        reason = _blocked(request, read)
        if reason is not None:
            return web.json_response(_refused(model, read, reason))
        text = self._text(request, body, read)
        return web.json_response(_answered(model, read, text, so_far=text, finished=True))

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Server-sent events, a piece of the answer in each, and what it took so far."""
        model, read, body = await self._asked(request)
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        reason = _blocked(request, read)
        if model in images.MODELS or reason is not None:
            whole = await self._drawn(request, model, read, body) if reason is None else _refused(model, read, reason)
            await response.prepare(request)
            await response.write(_event(whole))
            return response
        text = self._text(request, body, read)
        pieces = [text[at : at + PIECE] for at in range(0, len(text), PIECE)] or [""]
        if is_cut(request):
            pieces = pieces[: len(pieces) // 2]
        await response.prepare(request)
        for number, piece in enumerate(pieces):
            finished = number == len(pieces) - 1 and not is_cut(request)
            so_far = text[: (number + 1) * PIECE]
            await response.write(_event(_answered(model, read, piece, so_far=so_far, finished=finished)))
            await self.stage.linger(PIECE_SHARE)
        if is_cut(request) and request.transport is not None:
            request.transport.abort()
        return response

    def _text(self, request: web.Request, body: dict[str, object], read: Read) -> str:
        if isinstance(fate_of(request), EmptyOutput):
            return ""
        config = as_mapping(either(body, "generationConfig", "generation_config"))
        schema = as_mapping(
            either(config, "responseSchema", "responseJsonSchema", "response_schema", "response_json_schema")
        )
        return writer.answer(schema, read.brief)

    async def _drawn(self, request: web.Request, model: str, read: Read, body: dict[str, object]) -> dict[str, object]:
        ratio, size = images.checked(body, read, model)
        await self.stage.linger(DRAWING_SHARE)
        candidate, drawn = await images.answer(read, ratio, size, fate_of(request))
        return {
            "candidates": [candidate],
            "usageMetadata": _usage(read, drawn),
            "modelVersion": model,
            "responseId": secrets.token_urlsafe(12),
        }

    async def _asked(self, request: web.Request) -> tuple[str, Read, dict[str, object]]:
        """The model, what it is asked, and the body; counts the request against the limits."""
        model, account = self._model_of(request), account_of(self.stage, self.name, request)
        body = await document_of(request)
        if not mappings(body.get("contents")):
            raise Refused(google.refusal(400, "* GenerateContentRequest.contents: contents is not specified\n"))
        config = as_mapping(either(body, "generationConfig", "generation_config"))
        wanted = as_list(either(config, "responseModalities", "response_modalities"))
        if model not in images.MODELS and any(name != "TEXT" for name in wanted):
            raise Refused(google.refusal(400, f"models/{model} answers in TEXT only, not in {wanted}."))
        self._count(account, model)
        return model, await self.reader.read(account.name, body), body

    def _model_of(self, request: web.Request) -> str:
        model, version = request.match_info["model"], request.match_info["version"]
        if model in RETIRED:
            raise Refused(google.retired(model))
        if version == "v1beta":
            model = ALIASES.get(model, model)
        if model not in (*MODELS, *images.MODELS):
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

    # Counting and listing

    async def count_tokens(self, request: web.Request) -> web.Response:
        self._model_of(request)
        body = await document_of(request)
        read = await self.reader.read(request[ACCOUNT], as_mapping(body.get("generateContentRequest")) or body)
        return web.json_response({"totalTokens": read.tokens.total, "promptTokensDetails": read.tokens.told()})

    async def models(self, request: web.Request) -> web.Response:
        names = [*MODELS, *images.MODELS, *self.omni.models]
        size, token = request.query.get("pageSize", "0"), request.query.get("pageToken", "0")
        if not (size.isdecimal() and token.isdecimal()):
            raise Refused(google.refusal(400, "Invalid page size or page token."))
        start, length = int(token), min(int(size) or PAGE, LARGEST_PAGE)
        page: dict[str, object] = {"models": [_described(name) for name in names[start : start + length]]}
        if start + length < len(names):
            page["nextPageToken"] = str(start + length)
        return web.json_response(page)

    async def model(self, request: web.Request) -> web.Response:
        name = request.match_info["model"]
        if name in self.omni.models:
            return web.json_response(_described(name))
        return web.json_response(_described(self._model_of(request)))


def _blocked(request: web.Request, read: Read) -> str | None:
    """Why a language model does not answer; image models say so in a candidate."""
    if request.match_info["model"] in images.MODELS:
        return None
    fate = fate_of(request)
    if isinstance(fate, ContentRefused):
        return fate.code or "PROHIBITED_CONTENT"
    return "PROHIBITED_CONTENT" if LANGUAGE_REFUSES.search(read.brief.words) else None


def _answered(model: str, read: Read, text: str, *, so_far: str, finished: bool) -> dict[str, object]:
    candidate: dict[str, object] = {"index": 0, "content": {"role": "model", "parts": [{"text": text}]}}
    if finished:
        candidate["finishReason"] = "STOP"
    written = Tokens({"TEXT": text_tokens(so_far)})
    return {
        "candidates": [candidate],
        "usageMetadata": _usage(read, written, thoughts=round(written.total * THOUGHT)),
        "modelVersion": model,
        "responseId": secrets.token_urlsafe(12),
    }


def _refused(model: str, read: Read, reason: str) -> dict[str, object]:
    return {"promptFeedback": {"blockReason": reason}, "usageMetadata": _usage(read, Tokens()), "modelVersion": model}


def _usage(read: Read, written: Tokens, *, thoughts: int = 0) -> dict[str, object]:
    """As Google tells it: a count of nothing is left out."""
    usage: dict[str, object] = {
        "promptTokenCount": read.tokens.total,
        "promptTokensDetails": read.tokens.told(),
        "totalTokenCount": read.tokens.total + written.total + thoughts,
    }
    if written.total:
        usage |= {"candidatesTokenCount": written.total, "candidatesTokensDetails": written.told()}
    if thoughts:
        usage["thoughtsTokenCount"] = thoughts
    return usage


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
