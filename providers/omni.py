"""Gemini Omni Flash as a video provider, through Google's Interactions API (google-genai 3.x).

Veo left the Gemini API on 2026-10-22; Omni is Google's replacement. An order is a background interaction: one POST,
then looks, then a file on the same key's project that lives two days.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from providers.credential import Credential
from providers.download import download, host_allowed
from providers.errors import (
    ContentRejected,
    InvalidRequest,
    OperationFailed,
    OutcomeUnknown,
    ProviderError,
    UnexpectedResponse,
)
from providers.google import PROVIDER, GoogleClients, google_fault
from providers.image import encoded_image
from providers.transport import Refusal, translated
from providers.video import Failed, Operation, OperationState, Running, Succeeded, VideoRequest

if TYPE_CHECKING:
    from google.genai._gaos.google_genai import AsyncGeminiNextGenInteractions
    from google.genai.interactions import Interaction

_RATIOS = ("16:9", "9:16")
_RESOLUTION = "720p"
_SEEDLESS = frozenset({"gemini-omni-1.1-flash"})  # seeds came with 1.2; docs.cloud 2026-11
_LARGEST_IMAGE = 20 << 20  # bytes; inline input goes up to 100 MB since 2026-01, but a still never needs it
_REFUSALS = ("SAFETY", "PROHIBITED", "BLOCK", "RECITATION", "SPII", "POLICY")
# Where a download may be redirected; only the API's own host is given the key.
_FILE_HOSTS = frozenset({"googleapis.com", "googleusercontent.com"})


class Omni:
    """A `VideoProvider` over background interactions.

    Args:
        clients: the SDK's clients, shared with `Gemini`.
        http: for downloads; the caller closes it.
    """

    name = PROVIDER
    poll_interval = 10.0  # Google's own samples wait ten seconds

    def __init__(
        self, clients: GoogleClients, *, http: httpx.AsyncClient, clock: Callable[[], float] = time.time
    ) -> None:
        self._clients = clients
        self._http = http
        self._clock = clock

    async def submit(self, request: VideoRequest, credential: Credential) -> Operation:
        body = await asyncio.to_thread(_order, request)
        with self._translated(credential, request.model, paid=True):
            interactions = await self._interactions(credential)
            interaction = await interactions.create(**body)  # type: ignore[call-overload]  # a body of ours
        operation_id = getattr(interaction, "id", None)
        if not isinstance(operation_id, str) or not operation_id:
            raise OutcomeUnknown(PROVIDER, "accepted without an id")
        return Operation(id=operation_id)

    async def poll(self, operation_id: str, credential: Credential) -> OperationState:
        """Look at an order.

        Raises:
            InvalidRequest: Google does not know this operation (or not under this key).
            ProviderError: as `providers.errors` says.
        """
        with self._translated(credential):
            interactions = await self._interactions(credential)
            interaction = await interactions.get(operation_id)
            return _state(interaction)

    async def fetch(self, output: str, destination: Path, credential: Credential) -> None:
        file = re.search(r"/files/([A-Za-z0-9_-]+)", output)
        if file is None:
            raise UnexpectedResponse(PROVIDER, "an output that is no file of Google's")
        # As the SDK does: the file's id, on the base URL we were given. The host an answer names is never asked.
        url = f"{self._clients.base_url}/{self._clients.api_version}/files/{file[1]}:download?alt=media"
        home = httpx.URL(url)

        def ours(target: httpx.URL) -> bool:
            return (target.scheme, target.host, target.port) == (home.scheme, home.host, home.port)

        await download(
            self._http,
            url,
            destination,
            provider=PROVIDER,
            credential=credential,
            allowed=lambda target: ours(target) or host_allowed(target, _FILE_HOSTS),
            headers_for=lambda target: {"x-goog-api-key": credential.secret} if ours(target) else {},
            classify=self._classify(None),
        )

    async def cancel(self, operation_id: str, credential: Credential) -> None:
        try:
            with self._translated(credential):
                interactions = await self._interactions(credential)
                await interactions.cancel(operation_id)
        except InvalidRequest:
            pass  # already over, or gone

    async def close(self) -> None:
        await self._clients.close()

    async def _interactions(self, credential: Credential) -> AsyncGeminiNextGenInteractions:
        client = await self._clients.of(credential)
        # Its first use imports for a second.
        return await asyncio.to_thread(lambda: client.aio.interactions)

    def _translated(
        self, credential: Credential, model: str | None = None, *, paid: bool = False
    ) -> AbstractContextManager[None]:
        return translated(PROVIDER, credential, self._classify(model), paid=paid)

    def _classify(self, model: str | None) -> Callable[[Refusal], ProviderError | None]:
        return lambda refusal: google_fault(refusal, model=model, now=self._clock())


def _order(request: VideoRequest) -> dict[str, object]:
    """The body of the one POST. Reads the start image, so it runs in a thread."""
    if request.ratio not in _RATIOS:
        raise InvalidRequest(PROVIDER, f"{request.model} makes {' and '.join(_RATIOS)}, not {request.ratio}")
    content: list[dict[str, str]] = []
    if request.start_image is not None:
        image = encoded_image(PROVIDER, request.start_image, limit=_LARGEST_IMAGE)
        content.append({"type": "image", "data": image.base64, "mime_type": image.mime_type})
    content.append({"type": "text", "text": request.prompt})
    config: dict[str, object] = {
        "video_config": {"task": "text_to_video" if request.start_image is None else "image_to_video"}
    }
    if request.seed is not None and request.model not in _SEEDLESS:
        config["seed"] = request.seed
    return {
        "model": request.model,
        "input": content,
        "response_format": {
            "type": "video",
            "aspect_ratio": request.ratio,
            "resolution": _RESOLUTION,
            "duration": f"{request.duration}s",  # a protobuf Duration; a bare number is refused
            "delivery": "uri",  # inline, the default, would put the film into the answer to every look
        },
        "generation_config": config,
        # Else the POST stays open for the whole generation. It also keeps the SDK from continuing an interaction by
        # itself (google-genai 3.6 refuses automatic_continuation=False beside it, for there is nothing to turn off).
        "background": True,
        "store": True,
    }


def _state(interaction: Interaction) -> OperationState:
    status = str(interaction.status)
    if status == "completed":
        return _ending(interaction)
    if status == "queued":
        return Running(waiting=True)
    if status in ("failed", "cancelled", "incomplete", "budget_exceeded", "requires_action"):
        return Failed(error=_failure(interaction, status))
    return Running()  # in_progress, and whatever Google invents next


def _ending(interaction: Interaction) -> Succeeded | Failed:
    video = interaction.output_video
    if video is not None and video.uri:
        return Succeeded(output=video.uri)
    if video is not None or _video_tokens(interaction):
        return Failed(error=OperationFailed(PROVIDER, "completed, and charged for, without a film to fetch"))
    # This is how Omni refuses by policy: it completes, and says so in words (seen live, 2026-11).
    return Failed(error=ContentRejected(PROVIDER, _words(interaction) or "completed without a film"))


def _failure(interaction: Interaction, status: str) -> ProviderError:
    errors = [(str(error.code or ""), str(error.message or "")) for error in interaction.errors or []]
    words = "; ".join(f"{code} {message}".strip() for code, message in errors) or status
    if any(word in code.upper() for code, _ in errors for word in _REFUSALS):
        return ContentRejected(PROVIDER, words)
    return OperationFailed(PROVIDER, words)


def _words(interaction: Interaction) -> str:
    return (interaction.output_text or "")[:300]


def _video_tokens(interaction: Interaction) -> int:
    usage = interaction.usage
    modalities = (usage.output_tokens_by_modality if usage else None) or []
    return sum(entry.tokens or 0 for entry in modalities if str(entry.modality).lower() == "video")
