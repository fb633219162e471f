"""ElevenLabs on loopback: speech in one piece, in a stream and with timestamps, voices, and the subscription.

Concurrency and characters count per workspace (account). Error bodies are those of its help pages and of 2026 reports.
"""

from __future__ import annotations

import asyncio
import base64
import re
import secrets
import time
from collections.abc import Iterable

from aiohttp import web

from sandbox.providers.accounts import Account
from sandbox.providers.answers import Answer, Refused
from sandbox.providers.documents import as_text
from sandbox.providers.faults import ContentRefused, EmptyOutput
from sandbox.providers.policy import LANGUAGE_REFUSES
from sandbox.providers.service import Stage, account_of, document_of, fate_of, is_cut
from sandbox.providers.voice import Spoken, speak

#: Most characters in one request, by model (docs, 2026).
MODELS = {
    "eleven_v4": 10_000, "eleven_v4_turbo": 10_000, "eleven_v3": 5_000, "eleven_multilingual_v2": 10_000,
    "eleven_flash_v2_5": 40_000, "eleven_turbo_v2_5": 40_000,
}  # fmt: skip
#: The cheap models charge half a credit a character.
HALF_PRICE = frozenset({"eleven_v4_turbo", "eleven_flash_v2_5", "eleven_turbo_v2_5"})
VOICES = {"21m00Tcm4TlvDq8ikWAM": "Rachel", "JBFqnCBsd6RMkjVDRZzb": "George", "pNInz6obpgDQGcFmaJgB": "Adam"}
OUTPUT_FORMAT = re.compile(r"(?P<codec>mp3|pcm|opus|ulaw|alaw)_(?P<rate>\d+)(?:_(?P<bitrate>\d+))?")
#: The part of a clip's time that speech takes to make; how much of a stream goes out at once.
SPEAKING_SHARE, STREAM_PIECE = 0.15, 4096
REFRESH = 30 * 86_400


def refusal(status: int, word: str, message: str) -> Answer:
    return Answer(status, {"detail": {"status": word, "message": message}})


def quota_exceeded(left: int, asked: int) -> Answer:
    words = f"This request exceeds your quota. You have {left} credits remaining, while {asked} credits are required."
    return refusal(401, "quota_exceeded", words)


def too_many_at_once(limit: int) -> Answer:
    words = (
        "Too many concurrent requests. Your current subscription is associated with a maximum of "
        f"{limit} concurrent requests (running in parallel)."
    )
    return refusal(429, "too_many_concurrent_requests", words)


def system_busy() -> Answer:
    return refusal(429, "system_busy", "We are experiencing heavy traffic, please try again later.")


class ElevenLabs:
    name = "elevenlabs"

    def __init__(self, stage: Stage) -> None:
        self.stage = stage

    def routes(self) -> Iterable[web.RouteDef]:
        speech = "/v1/text-to-speech/{voice}"
        return [
            web.post(speech, self.convert),
            web.post(speech + "/stream", self.stream),
            web.post(speech + "/with-timestamps", self.with_timestamps),
            web.get("/v2/voices", self.voices),
            web.get("/v1/user/subscription", self.subscription),
        ]

    def key_of(self, request: web.Request) -> str:
        return request.headers.get("xi-api-key", "")

    def is_open(self, _path: str) -> bool:
        return False

    def is_paid(self, method: str, path: str) -> bool:
        return method == "POST" and path.startswith("/v1/text-to-speech/")

    def bad_key(self, key: str) -> Answer:
        if key:
            return refusal(401, "invalid_api_key", "Invalid API key")
        return refusal(401, "needs_authorization", "Neither authorization header nor xi-api-key received.")

    def not_found(self, _path: str) -> Answer:
        return Answer(404, {"detail": "Not Found"})

    async def convert(self, request: web.Request) -> web.Response:
        spoken, headers, mime_type = await self._spoken(request)
        return web.Response(body=spoken.audio, content_type=mime_type, headers=headers)

    async def stream(self, request: web.Request) -> web.StreamResponse:
        spoken, headers, mime_type = await self._spoken(request)
        response = web.StreamResponse(headers={**headers, "Content-Type": mime_type})
        await response.prepare(request)
        end = len(spoken.audio) // 2 if is_cut(request) else len(spoken.audio)
        for at in range(0, end, STREAM_PIECE):
            await response.write(spoken.audio[at : min(end, at + STREAM_PIECE)])
        if is_cut(request) and request.transport is not None:
            request.transport.abort()
        return response

    async def with_timestamps(self, request: web.Request) -> web.Response:
        spoken, headers, _ = await self._spoken(request)
        text = as_text((await document_of(request)).get("text"))
        alignment = {
            "characters": list(text),
            "character_start_times_seconds": spoken.starts,
            "character_end_times_seconds": spoken.ends,
        }
        audio = base64.b64encode(spoken.audio).decode()
        body = {"audio_base64": audio, "alignment": alignment, "normalized_alignment": alignment}
        return web.json_response(body, headers=headers)

    async def _spoken(self, request: web.Request) -> tuple[Spoken, dict[str, str], str]:
        """The speech, its headers and type; holds one of the workspace's slots while it is made."""
        account = account_of(self.stage, self.name, request)
        body = await document_of(request)
        text, model = self._checked(request, body)
        encoding, mime_type = _encoding(request.query.get("output_format", "mp3_44100_128"))
        voice, limits = request.match_info["voice"], account.limits
        if limits.concurrency is not None and account.open >= limits.concurrency:
            raise Refused(too_many_at_once(limits.concurrency))
        if isinstance(fate_of(request), ContentRefused) or LANGUAGE_REFUSES.search(text):
            raise Refused(refusal(400, "content_against_policy", "The text was blocked by our content policy."))
        cost = self._charge(account, text, model)
        account.open += 1
        headers = {
            "request-id": secrets.token_hex(10),
            "history-item-id": secrets.token_hex(10),
            "character-cost": str(cost),
            "current-concurrent-requests": str(account.open),
            "maximum-concurrent-requests": str(limits.concurrency or 1_000),
        }
        try:
            if isinstance(fate_of(request), EmptyOutput):
                return Spoken(b"", [], []), headers, mime_type
            await self.stage.linger(SPEAKING_SHARE)
            spoken = await asyncio.shield(speak(text, voice, encoding))
        finally:
            account.open -= 1
        return spoken, headers, mime_type

    def _checked(self, request: web.Request, body: dict[str, object]) -> tuple[str, str]:
        text = body.get("text")
        if not isinstance(text, str):
            missing = {"type": "missing", "loc": ["body", "text"], "msg": "Field required", "input": body}
            raise Refused(Answer(422, {"detail": [missing]}))
        if not text.strip():
            raise Refused(refusal(400, "invalid_text", "The text must have at least one character."))
        model = as_text(body.get("model_id")) or "eleven_multilingual_v2"
        if model not in MODELS:
            raise Refused(refusal(400, "model_not_found", f"A model with model ID {model} does not exist."))
        if len(text) > MODELS[model]:
            words = f"Request text length ({len(text)}) exceeds the maximum of {MODELS[model]} characters."
            raise Refused(refusal(400, "max_character_limit_exceeded", words))
        voice = request.match_info["voice"]
        if voice not in VOICES:
            raise Refused(refusal(404, "voice_not_found", f"A voice for the voice_id {voice} was not found."))
        return text, model

    def _charge(self, account: Account, text: str, model: str) -> int:
        cost = -(-len(text) // 2) if model in HALF_PRICE else len(text)
        limit = account.limits.credit
        if limit is not None and account.spent + cost > limit:
            raise Refused(quota_exceeded(max(0, limit - account.spent), cost))
        account.spent += cost
        return cost

    async def voices(self, request: web.Request) -> web.Response:
        wanted = request.query.get("search", "").lower()
        voices = [
            {
                "voice_id": identity,
                "name": name,
                "category": "premade",
                "labels": {"language": "en", "use_case": "narration"},
                "available_for_tiers": [],
                "high_quality_base_model_ids": ["eleven_multilingual_v2"],
            }
            for identity, name in VOICES.items()
            if wanted in name.lower()
        ]
        return web.json_response({"voices": voices, "has_more": False, "total_count": len(voices)})

    async def subscription(self, request: web.Request) -> web.Response:
        account = account_of(self.stage, self.name, request)
        limit = account.limits.credit if account.limits.credit is not None else 1_000_000
        body: dict[str, object] = {
            "tier": "creator",
            "character_count": account.spent,
            "character_limit": limit,
            "max_character_limit_extension": None,
            "max_credit_limit_extension": 0,
            "can_extend_character_limit": False,
            "allowed_to_extend_character_limit": False,
            "next_character_count_reset_unix": int(time.time()) + REFRESH,
            "voice_slots_used": 0,
            "professional_voice_slots_used": 0,
            "professional_voice_slots_used_in_workspace": 0,
            "voice_limit": 30,
            "voice_add_edit_counter": 0,
            "professional_voice_limit": 1,
            "can_extend_voice_limit": False,
            "can_use_instant_voice_cloning": True,
            "can_use_professional_voice_cloning": True,
            "current_overage": {"amount": "0", "currency": "usd"},
            "status": "active",
            "open_invoices": [],
            "has_open_invoices": False,
        }
        return web.json_response(body)


def _encoding(output_format: str) -> tuple[list[str], str]:
    """What ffmpeg is told for an output format, and its MIME type."""
    match = OUTPUT_FORMAT.fullmatch(output_format)
    if match is None or match["codec"] not in {"mp3", "pcm"}:
        raise Refused(refusal(400, "invalid_output_format", f"Output format {output_format} is not supported."))
    if match["codec"] == "pcm":
        return ["-f", "s16le", "-ar", match["rate"]], "audio/pcm"
    bitrate = f"{match['bitrate'] or 128}k"
    return ["-ar", match["rate"], "-c:a", "libmp3lame", "-b:a", bitrate, "-f", "mp3"], "audio/mpeg"
