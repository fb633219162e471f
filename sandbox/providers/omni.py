"""Gemini Omni, Google's video model, through the Interactions API: create in the background, look, cancel, forget.

The wire is that of google-genai 3.x; what the live service does beyond it (string error codes, a refusal that is
`completed` with words and no film, 400 for an unknown id) is from third-party reports of 2026-11.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from aiohttp import web

from sandbox.providers import google
from sandbox.providers.accounts import DAY, MINUTE
from sandbox.providers.answers import Answer, Refused
from sandbox.providers.documents import as_list, as_mapping, as_text, mappings
from sandbox.providers.faults import Breaks, ContentRefused, EmptyOutput, Lost
from sandbox.providers.files import GeminiFiles, StoredFile, download_uri
from sandbox.providers.film import Clip
from sandbox.providers.orders import Line, Order, Phase
from sandbox.providers.policy import VIDEO_REFUSES
from sandbox.providers.service import ACCOUNT, Stage, account_of, document_of, fate_of

#: Longest clip by model, in seconds; all begin at 3 (docs.cloud, 2026-11).
MODELS = {"gemini-omni-1.2-flash": 15.0, "gemini-omni-1.1-flash": 10.0}
RETIRED = ("gemini-omni-flash-preview",)
SHORTEST = 3.0
SHORT_SIDE = {"360p": 360, "720p": 720, "1080p": 1080, "4k": 2160}
TASKS = {"text_to_video", "image_to_video", "reference_to_video", "edit", "extend", "upscale"}
#: Tokens a second of 720p takes, and what a million of them cost in micro-dollars (2026-11).
TOKENS_PER_SECOND = 5_792
#: The seconds between two looks at an interaction that is waited for on the POST itself.
WAITED_LOOK = 0.05


@dataclass(slots=True, kw_only=True)
class Interaction:
    """One stored interaction. `film` is its file once it ended well."""

    order: Order
    body: dict[str, object]
    inline: bool
    film: StoredFile | None = None


def _invalid(message: str) -> Refused:
    return Refused(google.refusal(400, message, code="INVALID_ARGUMENT"))


class Omni:
    """The Interactions part of Gemini's service."""

    def __init__(self, stage: Stage, files: GeminiFiles) -> None:
        self.stage = stage
        self.files = files
        self.models = tuple(MODELS)
        self._interactions: dict[str, Interaction] = {}
        self._lines: dict[str, Line] = {}

    def routes(self) -> Iterable[web.RouteDef]:
        root = "/{version:v1|v1beta}/interactions"
        return [
            web.post(root, self.create),
            web.get(root + "/{id}", self.get),
            web.post(root + "/{id}/cancel", self.cancel),
            web.delete(root + "/{id}", self.delete),
        ]

    async def create(self, request: web.Request) -> web.Response:
        body = await document_of(request)
        account = account_of(self.stage, "omni", request)
        model = self._checked(body)
        clip = self._clip(body, account.name)
        now = self.stage.clock()
        over = account.admit(f"minute/{model}", account.limits.requests_per_minute, MINUTE, now)
        if over:
            raise Refused(google.over_quota(over.limit, model, over.retry_after, words=True))
        over = account.admit(f"day/{model}", account.limits.requests_per_day, DAY, now)
        if over:
            raise Refused(google.over_quota(over.limit, model, 38.0, per="Day", words=True))
        fate = fate_of(request)
        if fate is None and VIDEO_REFUSES.search(clip.prompt):
            fate = ContentRefused()
        tokens = round(clip.duration * TOKENS_PER_SECOND)
        order = Order(
            id=clip.id,
            account=account.name,
            model=model,
            clip=clip,
            price=tokens,
            created_at=now,
            pace=self.stage.pace,
            fate=fate,
        )
        wanted = as_mapping(_format(body))
        interaction = Interaction(order=order, body=body, inline=as_text(wanted.get("delivery")) != "uri")
        self._interactions[order.id] = interaction
        line = self._lines.setdefault(account.name, Line(account.limits.concurrency))
        line.join(order)
        line.advance(now)
        if fate is None:
            self.stage.films.order(clip)
        if body.get("background") is not True:
            await self._waited(interaction)
        return web.json_response(await self._told(interaction))

    def _checked(self, body: dict[str, object]) -> str:
        """The model, if the body is what Interactions take for a film."""
        model = as_text(body.get("model")).removeprefix("models/")
        if model in RETIRED:
            raise Refused(google.refusal(404, f"The model {model} is no longer available.", code="NOT_FOUND"))
        if model not in MODELS:
            raise Refused(google.refusal(404, f"The model {model!r} was not found.", code="NOT_FOUND"))
        if body.get("store") is False and (body.get("background") or body.get("previous_interaction_id")):
            raise _invalid("store=false cannot be combined with background or previous_interaction_id.")
        wanted = as_mapping(_format(body))
        duration = wanted.get("duration", "8s")
        if not isinstance(duration, str) or not re.fullmatch(r"\d+(\.\d{1,9})?s", duration):
            raise _invalid("Invalid value at 'response_format.duration': expected a Duration such as \"5s\".")
        if not SHORTEST <= float(duration[:-1]) <= MODELS[model]:
            raise _invalid(f"duration must be between {SHORTEST:g}s and {MODELS[model]:g}s for {model}.")
        if wanted.get("aspect_ratio", "16:9") not in {"16:9", "9:16"}:
            raise _invalid("Invalid value at 'response_format.aspect_ratio'.")
        if wanted.get("resolution", "720p") not in SHORT_SIDE:
            raise _invalid("Invalid value at 'response_format.resolution'.")
        if wanted.get("delivery", "inline") not in {"inline", "uri"}:
            raise _invalid("Invalid value at 'response_format.delivery'.")
        config = as_mapping(as_mapping(body.get("generation_config")).get("video_config"))
        if config.get("task", "text_to_video") not in TASKS:
            raise _invalid("Invalid value at 'generation_config.video_config.task'.")
        return model

    def _clip(self, body: dict[str, object], account: str) -> Clip:
        parts = _parts(body.get("input"))
        prompt = " ".join(as_text(part.get("text")) for part in parts if part.get("type") == "text").strip()
        images = [part for part in parts if part.get("type") == "image"]
        if not prompt and not images:
            raise _invalid("The input must have a text or an image.")
        wanted = as_mapping(_format(body))
        short = SHORT_SIDE[as_text(wanted.get("resolution")) or "720p"]
        long = short * 16 // 9 // 2 * 2
        upright = wanted.get("aspect_ratio") == "9:16"
        return Clip(
            id=f"v1_{secrets.token_urlsafe(24)}",
            prompt=prompt,
            duration=float((as_text(wanted.get("duration")) or "8s")[:-1]),
            width=short if upright else long,
            height=long if upright else short,
            audio=True,
            start_image=self._image(images[0], account) if images else None,
        )

    def _image(self, part: dict[str, object], account: str) -> Path | None:
        if part.get("uri"):
            return self.files.find(account, as_text(part["uri"])).path
        path = self.stage.directory / f"start-{secrets.token_hex(6)}"
        try:
            path.write_bytes(base64.b64decode(as_text(part.get("data")), validate=True))
        except binascii.Error:
            raise _invalid("Invalid value at 'input': Base64 decoding failed.") from None
        return path

    async def _waited(self, interaction: Interaction) -> None:
        """Stay until the interaction is over, as a POST without `background` does."""
        while self._phase(interaction) not in {Phase.ENDED, Phase.CANCELLED}:  # noqa: ASYNC110  # a clock tells nobody
            await asyncio.sleep(WAITED_LOOK)

    def _phase(self, interaction: Interaction) -> Phase:
        now = self.stage.clock()
        self._lines[interaction.order.account].advance(now)
        return interaction.order.phase(now)

    def _find(self, request: web.Request) -> Interaction:
        interaction = self._interactions.get(request.match_info["id"])
        if (
            interaction is None
            or interaction.order.account != request[ACCOUNT]
            or isinstance(interaction.order.fate, Lost)
        ):
            raise _invalid("Invalid interaction name.")
        return interaction

    async def get(self, request: web.Request) -> web.Response:
        return web.json_response(await self._told(self._find(request)))

    async def cancel(self, request: web.Request) -> web.Response:
        interaction = self._find(request)
        if self._phase(interaction) in {Phase.ENDED, Phase.CANCELLED}:
            raise _invalid("The interaction is not running and cannot be cancelled.")
        self._lines[interaction.order.account].cancel(interaction.order)
        return web.json_response(await self._told(interaction))

    async def delete(self, request: web.Request) -> web.Response:
        interaction = self._find(request)
        self._lines[interaction.order.account].cancel(interaction.order)
        del self._interactions[interaction.order.id]
        return web.json_response({})

    async def _told(self, interaction: Interaction) -> dict[str, object]:
        order = interaction.order
        now = _time(self.stage.clock())
        resource: dict[str, object] = {
            "id": order.id,
            "model": order.model,
            "created": _time(order.created_at),
            "updated": now,
        }
        match self._phase(interaction):
            case Phase.THROTTLED:
                return {**resource, "status": "queued"}
            case Phase.PENDING | Phase.RUNNING:
                return {**resource, "status": "in_progress"}
            case Phase.CANCELLED:
                return {**resource, "status": "cancelled"}
            case Phase.ENDED:
                return {**resource, **await self._ended(interaction)}

    async def _ended(self, interaction: Interaction) -> dict[str, object]:
        order = interaction.order
        match order.fate:
            case Breaks(code):
                return {"status": "failed", "errors": [{"code": code or "INTERNAL", "message": "Generation failed."}]}
            case ContentRefused():
                words = "I can't make this video, because it would go against the usage policies."
                return {"status": "completed", **_output([{"type": "text", "text": words}], video_tokens=0)}
            case EmptyOutput():
                return {"status": "completed", **_output([], video_tokens=order.price)}
            case _:
                return {"status": "completed", **_output([await self._film(interaction)], video_tokens=order.price)}

    async def _film(self, interaction: Interaction) -> dict[str, object]:
        if interaction.inline:
            path = await self.stage.films.file(interaction.order.clip)
            content = await asyncio.to_thread(path.read_bytes)
            return {"type": "video", "mime_type": "video/mp4", "data": base64.b64encode(content).decode()}
        if interaction.film is None:
            interaction.film = self.files.keep_film(interaction.order.account, interaction.order.clip)
        return {"type": "video", "mime_type": "video/mp4", "uri": download_uri(interaction.film)}


def _output(content: list[dict[str, object]], *, video_tokens: int) -> dict[str, object]:
    modalities = (
        [{"modality": "video", "tokens": video_tokens}] if video_tokens else [{"modality": "text", "tokens": 18}]
    )
    written = video_tokens or 18
    usage = {
        "total_input_tokens": 40,
        "total_output_tokens": written,
        "total_tokens": 40 + written,
        "output_tokens_by_modality": modalities,
    }
    return {"steps": [{"type": "model_output", "content": content}], "usage": usage}


def _format(body: dict[str, object]) -> object:
    """The response format; a list of one is taken for the one."""
    wanted = body.get("response_format")
    return next(iter(as_list(wanted)), {}) if isinstance(wanted, list) else wanted


def _parts(given: object) -> list[dict[str, object]]:
    """The content parts of an input, which may be words, one part, parts, or steps of parts."""
    if isinstance(given, str):
        return [{"type": "text", "text": given}]
    parts: list[dict[str, object]] = []
    for item in [as_mapping(given)] if isinstance(given, dict) else mappings(given):
        parts += _parts(item["content"]) if "content" in item else [item]
    return parts


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def refused_by_policy() -> Answer:
    """The other way in which Omni refuses: at once, with a 400."""
    return google.refusal(400, "The input was blocked by our content policy.", code="PROHIBITED_CONTENT")
