"""ElevenLabs on loopback: speech (in one piece, in a stream, with timestamps), noises, music, voices, the subscription.

Concurrency and credits count per workspace (account). The plan an account has is told by its concurrency, as in
ElevenLabs' own table: `Limits(concurrency=2)` is a free one, which has no music and none of the library's voices.
Error bodies are those of its help pages and of 2026 reports.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import re
import secrets
import time
from collections import Counter
from collections.abc import Iterable, Iterator

from aiohttp import web

from sandbox.providers import hearing, sounds, voicebook
from sandbox.providers.accounts import Account
from sandbox.providers.answers import Answer, Refused
from sandbox.providers.documents import as_number, as_text
from sandbox.providers.faults import ContentRefused, EmptyOutput
from sandbox.providers.plans import LIBRARY, Kind, Plan, plan_of
from sandbox.providers.policy import LANGUAGE_REFUSES
from sandbox.providers.service import Stage, account_of, document_of, fate_of, is_cut
from sandbox.providers.voice import Spoken, speak

#: Most characters in one request, by model (docs, 2026).
MODELS = {
    "eleven_v4": 10_000, "eleven_v4_turbo": 10_000, "eleven_v3": 5_000, "eleven_multilingual_v2": 10_000,
    "eleven_flash_v2_5": 40_000, "eleven_turbo_v2_5": 40_000,
}  # fmt: skip
#: The cheap models charge half a credit a character, and have twice the room.
HALF_PRICE = frozenset({"eleven_v4_turbo", "eleven_flash_v2_5", "eleven_turbo_v2_5"})
SOUND_MODELS = frozenset({"eleven_text_to_sound_v2", "eleven_text_to_sound_v3"})
MUSIC_MODELS = frozenset({"music_v1", "music_v2", "music_v2_5"})
#: Credits a second of noise and of music; no page tells the API's price of 2026, so these are the sandbox's.
SOUND_CREDITS, MUSIC_CREDITS = 40, 20
SOUND_SECONDS, MUSIC_MILLISECONDS, MUSIC_PROMPT = (0.5, 30.0), (3_000, 600_000), 4_100
OUTPUT_FORMAT = re.compile(r"(?P<codec>mp3|pcm|opus|ulaw|alaw)_(?P<rate>\d+)(?:_(?P<bitrate>\d+))?")
#: The part of a clip's time that speech takes to make; how much of a stream goes out at once.
SPEAKING_SHARE, STREAM_PIECE = 0.15, 4096
REFRESH = 30 * 86_400
_AFTER = "start_after_history_item_id"
PAID = ("/v1/text-to-speech/", "/v1/sound-generation", "/v1/music")


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


def no_music() -> Answer:
    words = "Music API is not available for free users. Please upgrade to a paid plan to use the API."
    return refusal(402, "limited_access", words)


def no_library_voices() -> Answer:
    words = "Free users cannot use library voices via the API. Please upgrade your subscription to use this voice."
    detail = {"type": "payment_required", "code": "paid_plan_required", "message": words, "status": "payment_required"}
    return Answer(402, {"detail": detail})


def unfit(field: str, kind: str, message: str) -> Answer:
    """A field that is not as the document wants it (FastAPI's body)."""
    return Answer(422, {"detail": [{"type": kind, "loc": ["body", field], "msg": message}]})


def bad_prompt() -> Answer:
    words = "Your prompt appears to have violated our Terms of Service. Please try again with a different prompt."
    suggestion = {"prompt_suggestion": "A calm orchestral piece with a hopeful melody."}
    return Answer(400, {"detail": {"status": "bad_prompt", "message": words, "data": suggestion}})


class ElevenLabs:
    name = "elevenlabs"

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self._open: Counter[tuple[str, Kind]] = Counter()
        self._history: dict[str, list[tuple[dict[str, object], bytes, str]]] = {}  # by account, oldest first

    def routes(self) -> Iterable[web.RouteDef]:
        speech = "/v1/text-to-speech/{voice}"
        return [
            web.post(speech, self.convert),
            web.post(speech + "/stream", self.stream),
            web.post(speech + "/with-timestamps", self.with_timestamps),
            web.post("/v1/sound-generation", self.noise),
            web.post("/v1/music", self.music),
            web.get("/v1/history", self.history),
            web.get("/v1/history/{item}/audio", self.history_audio),
            web.get("/v2/voices", self.voices),
            web.get("/v1/models", self.models),
            web.get("/v1/user/subscription", self.subscription),
        ]

    def key_of(self, request: web.Request) -> str:
        return request.headers.get("xi-api-key", "")

    def is_open(self, _path: str) -> bool:
        return False

    def is_paid(self, method: str, path: str) -> bool:
        return method == "POST" and path.startswith(PAID)

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
        """The speech, its headers and type; holds one of the workspace's places while it is made."""
        account = account_of(self.stage, self.name, request)
        body = await document_of(request)
        text, model = self._checked(request, body, plan_of(account))
        encoding, mime_type = _encoding(request.query.get("output_format", "mp3_44100_128"))
        voice = request.match_info["voice"]
        cost = -(-len(text) // 2) if model in HALF_PRICE else len(text)
        kind = Kind.FLASH if model in HALF_PRICE else Kind.SPEECH
        refused = refusal(400, "content_against_policy", "The text was blocked by our content policy.")
        self._consider(request, text, refused)
        with self._place(account, kind, cost) as headers:
            if isinstance(fate_of(request), EmptyOutput):
                nothing = [0.0] * len(text)
                return Spoken(b"", nothing, nothing), headers, mime_type
            await self.stage.linger(SPEAKING_SHARE)
            spoken = await asyncio.shield(speak(text, voice, encoding))
        await asyncio.to_thread(hearing.remember, self.stage.directory, text, spoken)
        item = {
            "history_item_id": headers["history-item-id"],
            "request_id": headers["request-id"],
            "voice_id": voice,
            "model_id": model,
            "text": text,
            "date_unix": int(time.time()),
            "character_count_change_from": account.spent - cost,
            "character_count_change_to": account.spent,
            "content_type": mime_type,
            "state": "created",
            "source": "TTS",
        }
        self._history.setdefault(account.name, []).append((item, spoken.audio, mime_type))
        return spoken, headers, mime_type

    async def history(self, request: web.Request) -> web.Response:
        """What was spoken, newest first; noises and music are not in it."""
        asked, account = request.query, account_of(self.stage, self.name, request)
        items = [
            item
            for item, _, _ in reversed(self._history.get(account.name, []))
            if asked.get("voice_id") in {None, item["voice_id"]}
            and asked.get("source") in {None, item["source"]}
            and asked.get("search", "").casefold() in as_text(item["text"]).casefold()
            and (as_number(item["date_unix"]) or 0) >= int(asked.get("date_after_unix", "0"))
        ]
        after = [number for number, item in enumerate(items, 1) if item["history_item_id"] == asked.get(_AFTER)]
        items = items[after[0] :] if after else items
        shown = items[: int(asked.get("page_size", "100"))]
        last = shown[-1]["history_item_id"] if shown else None
        body = {"history": shown, "last_history_item_id": last, "has_more": len(shown) < len(items)}
        return web.json_response(body)

    async def history_audio(self, request: web.Request) -> web.Response:
        account = account_of(self.stage, self.name, request)
        for item, audio, mime_type in self._history.get(account.name, []):
            if item["history_item_id"] == request.match_info["item"]:
                return web.Response(body=audio, content_type=mime_type)
        raise Refused(refusal(400, "history_item_not_found", "A history item with this ID was not found."))

    async def noise(self, request: web.Request) -> web.Response:
        account = account_of(self.stage, self.name, request)
        body = await document_of(request)
        prompt = _text(body, "text")
        if as_text(body.get("model_id") or "eleven_text_to_sound_v2") not in SOUND_MODELS:
            raise Refused(unfit("model_id", "enum", "Input should be 'eleven_text_to_sound_v2'"))
        seconds = as_number(body.get("duration_seconds")) or 5.0
        low, high = SOUND_SECONDS
        if not low <= seconds <= high:
            words = f"Sound effect duration must be between {low} and {high:g} seconds."
            raise Refused(refusal(400, "invalid_generation_settings", words))
        encoding, mime_type = _encoding(request.query.get("output_format", "mp3_44100_128"))
        self._consider(request, prompt, bad_prompt())
        with self._place(account, Kind.SPEECH, round(seconds * SOUND_CREDITS)) as headers:
            await self.stage.linger(SPEAKING_SHARE)
            empty = isinstance(fate_of(request), EmptyOutput)
            made = b"" if empty else await asyncio.shield(sounds.noise(prompt, seconds, encoding))
        return web.Response(body=made, content_type=mime_type, headers=headers)

    async def music(self, request: web.Request) -> web.Response:
        account = account_of(self.stage, self.name, request)
        body = await document_of(request)
        prompt = _text(body, "prompt")
        if len(prompt) > MUSIC_PROMPT:
            words = f"String should have at most {MUSIC_PROMPT} characters"
            raise Refused(unfit("prompt", "string_too_long", words))
        if as_text(body.get("model_id") or "music_v1") not in MUSIC_MODELS:
            raise Refused(unfit("model_id", "enum", "Input should be 'music_v1' or 'music_v2'"))
        length = as_number(body.get("music_length_ms")) or 30_000
        low, high = MUSIC_MILLISECONDS
        if not low <= length <= high:
            words = f"Input should be greater than or equal to {low} and less than or equal to {high}"
            raise Refused(unfit("music_length_ms", "out_of_range", words))
        encoding, mime_type = _encoding(request.query.get("output_format", "mp3_44100_128"))
        if not plan_of(account).music:
            raise Refused(no_music())
        self._consider(request, prompt, bad_prompt())
        with self._place(account, Kind.MUSIC, round(length / 1000 * MUSIC_CREDITS)) as headers:
            await self.stage.linger(SPEAKING_SHARE)
            empty = isinstance(fate_of(request), EmptyOutput)
            made = b"" if empty else await asyncio.shield(sounds.music(prompt, length / 1000, encoding))
        return web.Response(body=made, content_type=mime_type, headers={**headers, "song-id": secrets.token_hex(10)})

    def _checked(self, request: web.Request, body: dict[str, object], plan: Plan) -> tuple[str, str]:
        text = _text(body, "text")
        if not text.strip():
            raise Refused(refusal(400, "invalid_text", "The text must have at least one character."))
        model = as_text(body.get("model_id")) or "eleven_multilingual_v2"
        if model not in MODELS:
            raise Refused(refusal(400, "model_not_found", f"A model with model ID {model} does not exist."))
        if len(text) > MODELS[model]:
            words = f"Request text length ({len(text)}) exceeds the maximum of {MODELS[model]} characters."
            raise Refused(refusal(400, "max_character_limit_exceeded", words))
        voice = request.match_info["voice"]
        speaker = voicebook.SPEAKERS.get(voice)
        if speaker is None:
            raise Refused(refusal(404, "voice_not_found", f"A voice for the voice_id {voice} was not found."))
        if speaker.category == LIBRARY and not plan.library:
            raise Refused(no_library_voices())
        return text, model

    def _consider(self, request: web.Request, words: str, refused: Answer) -> None:
        if isinstance(fate_of(request), ContentRefused) or LANGUAGE_REFUSES.search(words):
            raise Refused(refused)

    @contextlib.contextmanager
    def _place(self, account: Account, kind: Kind, cost: int) -> Iterator[dict[str, str]]:
        """Take a place of the plan's and charge, or refuse; the headers that tell of it."""
        room, held = plan_of(account).room(kind), (account.name, kind)
        if room is not None and self._open[held] >= room:
            raise Refused(too_many_at_once(room))
        limit = account.limits.credit
        if limit is not None and account.spent + cost > limit:
            raise Refused(quota_exceeded(max(0, limit - account.spent), cost))
        account.spent += cost
        self._open[held] += 1
        try:
            yield {
                "request-id": secrets.token_hex(10),
                "history-item-id": secrets.token_hex(10),
                "character-cost": str(cost),
                "current-concurrent-requests": str(self._open[held]),
                "maximum-concurrent-requests": str(room or 1_000),
            }
        finally:
            self._open[held] -= 1

    async def voices(self, request: web.Request) -> web.Response:
        """A page of the voices that fit; a token says where the next one begins."""
        found = voicebook.search(request.query.get("search", ""))
        category = request.query.get("category")
        found = [speaker for speaker in found if category in (None, speaker.category)]
        size = as_number(request.query.get("page_size", "10"))
        if size is None or not 0 <= size <= 100:
            raise Refused(unfit("page_size", "less_than_equal", "Input should be less than or equal to 100"))
        begin = int(as_number(request.query.get("next_page_token", "0")) or 0)
        end = begin + max(1, int(size))
        page = [
            {
                "voice_id": speaker.id,
                "name": speaker.name,
                "category": speaker.category,
                "labels": speaker.labels,
                "description": f"A {speaker.labels['descriptive']} voice.",
                "preview_url": None,
                "available_for_tiers": [],
                "high_quality_base_model_ids": ["eleven_multilingual_v2"],
            }
            for speaker in found[begin:end]
        ]
        more = end < len(found)
        body = {"voices": page, "has_more": more, "total_count": len(found)}
        return web.json_response(body | {"next_page_token": str(end) if more else None})

    async def models(self, _request: web.Request) -> web.Response:
        return web.json_response([_listed(model, limit) for model, limit in MODELS.items()])

    async def subscription(self, request: web.Request) -> web.Response:
        account = account_of(self.stage, self.name, request)
        plan = plan_of(account)
        limit = account.limits.credit if account.limits.credit is not None else 1_000_000
        body: dict[str, object] = {
            "tier": plan.name,
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
            "status": "free" if plan.name == "free" else "active",
            "open_invoices": [],
            "has_open_invoices": False,
        }
        return web.json_response(body)


def _text(body: dict[str, object], field: str) -> str:
    text = body.get(field)
    if not isinstance(text, str):
        raise Refused(unfit(field, "missing", "Field required"))
    return text


def _listed(model: str, limit: int) -> dict[str, object]:
    rate = 0.5 if model in HALF_PRICE else 1.0
    return {
        "model_id": model,
        "name": model.replace("_", " ").title(),
        "can_be_finetuned": False,
        "can_do_text_to_speech": True,
        "can_do_voice_conversion": False,
        "can_use_style": True,
        "can_use_speaker_boost": True,
        "serves_pro_voices": False,
        "token_cost_factor": rate,
        "description": "A voice of the sandbox.",
        "requires_alpha_access": False,
        "max_characters_request_free_user": min(limit, 2_500),
        "max_characters_request_subscribed_user": limit,
        "maximum_text_length_per_request": limit,
        "languages": [{"language_id": "en", "name": "English"}],
        "model_rates": {"character_cost_multiplier": rate},
        "concurrency_group": "turbo" if model in HALF_PRICE else "standard",
    }


def _encoding(output_format: str) -> tuple[list[str], str]:
    """What ffmpeg is told for an output format, and its MIME type."""
    match = OUTPUT_FORMAT.fullmatch(output_format)
    if match is None or match["codec"] not in {"mp3", "pcm"}:
        raise Refused(refusal(400, "invalid_output_format", f"Output format {output_format} is not supported."))
    if match["codec"] == "pcm":
        return ["-f", "s16le", "-ar", match["rate"]], "audio/pcm"
    bitrate = f"{match['bitrate'] or 128}k"
    return ["-ar", match["rate"], "-c:a", "libmp3lame", "-b:a", bitrate, "-f", "mp3"], "audio/mpeg"
