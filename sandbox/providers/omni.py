"""Gemini Omni, Google's video model, through the Interactions API: create in the background, look, cancel, forget.

The wire is that of google-genai 3.x; what the live service does beyond it (string error codes, a refusal that is
`completed` with words and no film, 400 for an unknown id) is from third-party reports of 2026-11.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from aiohttp import web

from sandbox.providers import google
from sandbox.providers.accounts import DAY, MINUTE
from sandbox.providers.answers import Answer, Refused
from sandbox.providers.documents import as_text
from sandbox.providers.faults import Breaks, ContentRefused, EmptyOutput, Lost
from sandbox.providers.files import GeminiFiles, StoredFile, download_uri
from sandbox.providers.omni_orders import MODELS, TOKENS_PER_SECOND, Orders, format_of, invalid, resolution
from sandbox.providers.orders import Line, Order, Phase
from sandbox.providers.policy import VIDEO_REFUSES
from sandbox.providers.service import ACCOUNT, Stage, account_of, document_of, fate_of

#: The seconds between two looks at an interaction that is waited for on the POST itself.
WAITED_LOOK = 0.05


@dataclass(slots=True, kw_only=True)
class Interaction:
    """One stored interaction. `film` is its file once it ended well."""

    order: Order
    body: dict[str, object]
    inline: bool
    film: StoredFile | None = None


class Omni:
    """The Interactions part of Gemini's service."""

    def __init__(self, stage: Stage, files: GeminiFiles) -> None:
        self.stage = stage
        self.files = files
        self.orders = Orders(stage, files)
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
        model = self.orders.checked(body)
        clip = await self.orders.clip(body, account.name)
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
        tokens = round(clip.duration * TOKENS_PER_SECOND[resolution(body)])
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
        wanted = format_of(body)
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
            raise invalid("Invalid interaction name.")
        return interaction

    async def get(self, request: web.Request) -> web.Response:
        return web.json_response(await self._told(self._find(request)))

    async def cancel(self, request: web.Request) -> web.Response:
        interaction = self._find(request)
        if self._phase(interaction) in {Phase.ENDED, Phase.CANCELLED}:
            raise invalid("The interaction is not running and cannot be cancelled.")
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


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def refused_by_policy() -> Answer:
    """The other way in which Omni refuses: at once, with a 400."""
    return google.refusal(400, "The input was blocked by our content policy.", code="PROHIBITED_CONTENT")
