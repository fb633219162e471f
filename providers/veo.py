"""Veo as a video provider, through Google's Enterprise Agent Platform (Vertex), google-genai 3.x.

An order is a long-running prediction: one POST, then looks by its name alone, then a film inside of the last answer.
The platform has no way to stop a Veo operation, nor does it tell what one costs: the catalogue's price holds.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import httpx

from providers.credential import Credential
from providers.download import download, host_allowed, keep, same_origin
from providers.errors import (
    ContentRejected,
    InvalidRequest,
    ModelRetired,
    OutcomeUnknown,
    ProviderError,
    UnexpectedResponse,
)
from providers.google import google_fault
from providers.transport import Refusal, said, translated
from providers.veo_wire import is_about_policy, material_of, order, state
from providers.vertex import PROVIDER, VertexClients
from providers.video import Leaving, Operation, OperationState, VideoRequest, unheard

if TYPE_CHECKING:
    from google.genai import types

_STORAGE_URL = "https://storage.googleapis.com"
_NAME = re.compile(r"projects/[^/]+/locations/[^/]+/publishers/google/models/[^/]+/operations/[^/]+")


class Veo:
    """A `VideoProvider` over long-running predictions.

    Args:
        clients: the SDK's clients in enterprise mode.
        http: for films that lie in a bucket; the caller closes it.
        storage_url: where buckets are; `None` means Google's own.
        clock: Unix seconds; daily quotas return at a time of day.
    """

    name = PROVIDER
    poll_interval = 10.0  # Google's own samples wait ten to fifteen seconds

    def __init__(
        self,
        clients: VertexClients,
        *,
        http: httpx.AsyncClient,
        storage_url: str | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._clients = clients
        self._http = http
        self._storage_url = (storage_url or _STORAGE_URL).rstrip("/")
        self._clock = clock

    async def submit(self, request: VideoRequest, credential: Credential, leaves: Leaving = unheard) -> Operation:
        material = await asyncio.to_thread(material_of, request)
        source, config = await asyncio.to_thread(order, request, material)
        client, sent = await self._clients.of(credential)
        with translated(PROVIDER, sent, self._classify(request.model), paid=True):
            leaves()
            operation = await client.aio.models.generate_videos(model=request.model, source=source, config=config)
        if not operation.name or not _NAME.fullmatch(operation.name):
            raise OutcomeUnknown(PROVIDER, "accepted without a name to look for")
        return Operation(id=operation.name)

    async def poll(self, operation_id: str, credential: Credential) -> OperationState:
        """Look at an order; once it is done, its film comes along each time.

        Raises:
            InvalidRequest: the platform does not know this operation (or not under this key).
            ProviderError: as `providers.errors` says.
        """
        return state(await self._look(operation_id, credential))

    async def fetch(self, output: str, destination: Path, credential: Credential) -> None:
        if output.startswith("gs://"):
            await self._fetch_stored(output, destination, credential)
            return
        operation = await self._look(output, credential)
        videos = operation.response.generated_videos if operation.response else None
        content = videos[0].video.video_bytes if videos and videos[0].video else None
        if content is None:
            raise UnexpectedResponse(PROVIDER, "an operation without a film")
        await asyncio.to_thread(keep, content, destination, provider=PROVIDER)

    async def cancel(self, operation_id: str, credential: Credential) -> None:
        """Nothing: an order of Veo cannot be stopped, and is charged for when it ends well."""

    async def forget(self, operation_id: str, credential: Credential) -> None:
        """Nothing: Google deletes a film two days after it was made (ai.google.dev/gemini-api/docs/video, 2026-08)."""

    async def close(self) -> None:
        await self._clients.close()

    async def _look(self, operation_id: str, credential: Credential) -> types.GenerateVideosOperation:
        from google.genai import types

        if not _NAME.fullmatch(operation_id):  # it becomes a path
            raise InvalidRequest(PROVIDER, "not the name of an operation")
        client, sent = await self._clients.of(credential)
        operation = types.GenerateVideosOperation.model_construct(name=operation_id)
        try:
            with translated(PROVIDER, sent, self._classify(None)):
                return await client.aio.operations.get(operation)
        except ModelRetired as error:  # a 404 names the whole path, and with it a model
            raise InvalidRequest(PROVIDER, error.detail) from error

    async def _fetch_stored(self, uri: str, destination: Path, credential: Credential) -> None:
        """From the account's own bucket. We never ask for one, but an operator's project may be set up so."""
        _, sent = await self._clients.of(credential)
        if not sent.is_token:
            raise UnexpectedResponse(PROVIDER, "a film in a bucket, which an API key cannot open")
        bucket, _, name = uri.removeprefix("gs://").partition("/")
        url = f"{self._storage_url}/{quote(bucket, safe='')}/{quote(name)}"
        ours = same_origin(url)
        await download(
            self._http,
            url,
            destination,
            provider=PROVIDER,
            credential=sent,
            allowed=lambda target: ours(target) or host_allowed(target, frozenset({"googleapis.com"})),
            headers_for=lambda target: sent.headers if ours(target) else {},
            classify=self._classify(None),
        )

    def _classify(self, model: str | None) -> Callable[[Refusal], ProviderError | None]:
        def classify(refusal: Refusal) -> ProviderError | None:
            fault = google_fault(refusal, model=model, now=self._clock(), provider=PROVIDER)
            words = said(refusal.body)
            if fault is None and refusal.status == 400 and is_about_policy(words):
                return ContentRejected(PROVIDER, words)
            if fault is None and refusal.status == 404 and model is not None:
                return ModelRetired(PROVIDER, f"{model} is not offered")
            return fault

        return classify
