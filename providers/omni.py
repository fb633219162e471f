"""Gemini Omni Flash as a video provider, through Google's Interactions API (google-genai 3.x).

Veo left the Gemini API on 2026-10-22; Omni is Google's replacement. An order is a background interaction: one POST,
then looks, then a file on the same key's project that lives two days. A clip to extend or edit is uploaded first, on
the same key: that costs nothing, and until the POST nothing was ordered. The upload must stay while the interaction
works on it, so it is deleted only where the order was refused; Google deletes it by itself after 48 hours.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from providers.clip import MIME_TYPE
from providers.credential import Credential
from providers.download import download, host_allowed, keep, same_origin
from providers.errors import (
    InvalidRequest,
    ModelRetired,
    OperationFailed,
    OutcomeUnknown,
    ProviderError,
    Unavailable,
    UnexpectedResponse,
)
from providers.google import PROVIDER, GoogleClients, google_fault
from providers.omni_wire import material_of, order, state
from providers.transport import Refusal, translated
from providers.video import Failed, Leaving, Operation, OperationState, Running, Succeeded, VideoRequest, unheard

if TYPE_CHECKING:
    from google.genai import types
    from google.genai._gaos.google_genai import AsyncGeminiNextGenInteractions

# Where a download may be redirected; only the API's own host is given the key.
_FILE_HOSTS = frozenset({"googleapis.com", "googleusercontent.com"})
_SLOWEST_LOOK = 5.0


class Omni:
    """A `VideoProvider` over background interactions.

    Args:
        clients: the SDK's clients, shared with `Gemini`.
        http: for downloads; the caller closes it.
        clock: Unix seconds; daily quotas return at a time of day.
        file_interval: seconds before the second look at an uploaded clip; each later wait is longer by half.
        file_patience: seconds that Google may take to read an uploaded clip, before the order is given up unsent.
    """

    name = PROVIDER
    poll_interval = 10.0  # Google's own samples wait ten seconds

    def __init__(
        self,
        clients: GoogleClients,
        *,
        http: httpx.AsyncClient,
        clock: Callable[[], float] = time.time,
        file_interval: float = 1.0,
        file_patience: float = 180.0,
    ) -> None:
        self._clients = clients
        self._http = http
        self._clock = clock
        self._file_interval = file_interval
        self._file_patience = file_patience

    async def submit(self, request: VideoRequest, credential: Credential, leaves: Leaving = unheard) -> Operation:
        material = await asyncio.to_thread(material_of, request)
        clip = None if material.clip is None else await self._upload(material.clip, credential)
        body = order(request, material.images, None if clip is None else clip.uri)
        try:
            with self._translated(credential, request.model, paid=True):
                interactions = await self._interactions(credential)
                leaves()
                interaction = await interactions.create(**body)  # type: ignore[call-overload]  # a body of ours
        except OutcomeUnknown:
            raise  # it may be at work on the clip
        except ProviderError:
            if clip is not None:
                await self._forget(clip, credential)
            raise
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
            found = state(await interactions.get(operation_id))
        return await self._ready(found, credential) if isinstance(found, Succeeded) else found

    async def fetch(self, output: str, destination: Path, credential: Credential) -> None:
        file = _file_id(output)
        if file is None:
            await self._fetch_inline(output, destination, credential)
            return
        # As the SDK does: the file's id, on the base URL we were given. The host an answer names is never asked.
        url = f"{self._clients.base_url}/{self._clients.api_version}/files/{file}:download?alt=media"
        ours = same_origin(url)
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

    async def forget(self, operation_id: str, credential: Credential) -> None:
        """Google keeps an interaction, its words and its film, for 55 days where it is not deleted (2026-08)."""
        try:
            with self._translated(credential):
                interactions = await self._interactions(credential)
                await interactions.delete(operation_id)
        except InvalidRequest:
            pass  # gone already

    async def close(self) -> None:
        await self._clients.close()

    async def _upload(self, clip: Path, credential: Credential) -> types.File:
        """Bring a clip to the key's project and wait until Omni can see it. Raises no `OutcomeUnknown`."""
        with self._translated(credential):
            client = await self._clients.of(credential)
            file = await client.aio.files.upload(file=clip, config={"mime_type": MIME_TYPE})
        if not file.name or not file.uri:
            raise UnexpectedResponse(PROVIDER, "an uploaded file without a name")
        try:
            # Not the caller's deadline: run out in here, it could not be told from one that ran out after the POST.
            async with asyncio.timeout(self._file_patience):
                seen = await self._seen(file, credential)
        except TimeoutError:
            await self._forget(file, credential)
            raise Unavailable(PROVIDER, "an uploaded clip is not ready yet; nothing was ordered") from None
        if _state(seen) != "ACTIVE":
            await self._forget(file, credential)
            words = seen.error.message if seen.error else None
            raise InvalidRequest(PROVIDER, f"the clip cannot be read: {words or _state(seen)}")
        return file

    async def _seen(self, file: types.File, credential: Credential) -> types.File:
        wait = self._file_interval
        with self._translated(credential):
            client = await self._clients.of(credential)
            while _state(file) == "PROCESSING":
                await asyncio.sleep(wait)
                wait = min(wait * 1.5, _SLOWEST_LOOK)
                file = await client.aio.files.get(name=file.name or "")
        return file

    async def _forget(self, file: types.File, credential: Credential) -> None:
        with suppress(ProviderError), self._translated(credential):
            client = await self._clients.of(credential)
            await client.aio.files.delete(name=file.name or "")

    async def _ready(self, found: Succeeded, credential: Credential) -> OperationState:
        """A finished film's file may still be processed (docs of 2026-08): the order is under way until then."""
        file = _file_id(found.output)
        if file is None:
            return found
        try:
            with self._translated(credential):
                client = await self._clients.of(credential)
                seen = _state(await client.aio.files.get(name=f"files/{file}"))
        except InvalidRequest:
            return found  # the file, not the order, is what Google does not know; `fetch` will tell
        if seen == "FAILED":
            fault = OperationFailed(PROVIDER, "completed, and its file failed")
            return Failed(error=fault, price_microusd=found.price_microusd)
        return Running() if seen == "PROCESSING" else found

    async def _fetch_inline(self, operation_id: str, destination: Path, credential: Credential) -> None:
        """Ask again for an interaction that holds its film itself."""
        with self._translated(credential):
            interactions = await self._interactions(credential)
            video = (await interactions.get(operation_id)).output_video
        if video is None or not video.data:
            raise UnexpectedResponse(PROVIDER, "an interaction without a film")
        await asyncio.to_thread(_keep, video.data, destination)

    async def _interactions(self, credential: Credential) -> AsyncGeminiNextGenInteractions:
        client = await self._clients.of(credential)
        # Its first use imports for a second.
        return await asyncio.to_thread(lambda: client.aio.interactions)

    def _translated(
        self, credential: Credential, model: str | None = None, *, paid: bool = False
    ) -> AbstractContextManager[None]:
        return translated(PROVIDER, credential, self._classify(model), paid=paid)

    def _classify(self, model: str | None) -> Callable[[Refusal], ProviderError | None]:
        def classify(refusal: Refusal) -> ProviderError | None:
            fault = google_fault(refusal, model=model, now=self._clock())
            if fault is None and refusal.status == 404 and model is not None:
                return ModelRetired(PROVIDER, f"{model} is not offered")
            return fault

        return classify


def _file_id(output: str) -> str | None:
    """The id in a file's uri; `None` for what is none, such as an interaction's id."""
    match = re.search(r"/files/([A-Za-z0-9_-]+)", output)
    return match[1] if match else None


def _state(file: types.File) -> str:
    return str(file.state.value) if file.state is not None else "PROCESSING"


def _keep(data: str, destination: Path) -> None:
    try:
        content = base64.b64decode(data, validate=True)
    except binascii.Error:
        raise UnexpectedResponse(PROVIDER, "a film that is no base64") from None
    keep(content, destination, provider=PROVIDER)
