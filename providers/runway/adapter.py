"""Runway's task API as a `VideoProvider` (runwayml 5.24, API 2024-11-06).

The SDK carries headers, pool and errors; bodies and answers are ours: it validates neither, and builds half-empty
objects from an answer that lost its fields.
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
from pydantic import ValidationError

from providers.clients import ClientPerKey
from providers.credential import Credential
from providers.download import download, host_allowed
from providers.errors import InvalidRequest, OutcomeUnknown, UnexpectedResponse
from providers.runway.answers import Accepted, Organization, Task
from providers.runway.assets import Asset, read_assets
from providers.runway.faults import link_fault, runway_fault
from providers.runway.orders import files_of, settings_of, way_of
from providers.runway.uploads import Storage
from providers.runway.wire import PROVIDER
from providers.standing import AccountStanding
from providers.transport import translated
from providers.video import Leaving, Operation, OperationState, VideoRequest, unheard

if TYPE_CHECKING:
    from runwayml import AsyncRunwayML

DEFAULT_BASE_URL = "https://api.dev.runwayml.com"
# Where finished clips have been seen, 2026-11; Runway publishes no list, and a link's own signature guards it.
OUTPUT_HOSTS = frozenset({"cloudfront.net", "runwayml.com", "runway-task-artifacts.s3.amazonaws.com"})


class Runway:
    """A `VideoProvider`, `AccountReader` and `ModelLister`.

    Args:
        http: shared connections; the caller closes them.
        base_url: `None` means Runway's own.
        download_hosts: hosts, or the domains above them, that clips may come from; `None` means where Runway's are
            known to be. A loopback address named here may speak plain HTTP.
        read_timeout: seconds that an answer may stay silent.
        clock: Unix seconds; a daily limit is tried again at a time.
    """

    name = PROVIDER
    poll_interval = 5.0  # Runway asks for no faster, with jitter; docs.dev.runwayml.com, 2026-04

    def __init__(
        self,
        *,
        http: httpx.AsyncClient,
        base_url: str | None = None,
        download_hosts: frozenset[str] | None = None,
        read_timeout: float = 60.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._http = http
        self._base_url = base_url or DEFAULT_BASE_URL
        self._download_hosts = OUTPUT_HOSTS if download_hosts is None else download_hosts
        self._timeout = httpx.Timeout(read_timeout, connect=10.0, pool=10.0)
        self._clock = clock
        self._storage = Storage(http, base_url=self._base_url, timeout=self._timeout)
        self._clients = ClientPerKey(self._client)

    async def submit(self, request: VideoRequest, credential: Credential, leaves: Leaving = unheard) -> Operation:
        """Order one clip: look at everything, bring the files, then send the one paid POST.

        Raises:
            ProviderError: as `VideoProvider` says; whatever befalls an upload proves that nothing was ordered.
            OSError: a file of the request cannot be read.
        """
        way = way_of(request)
        settings = settings_of(request, way)
        assets = await asyncio.to_thread(read_assets, request.source)
        uris = [asset.data_uri or await self._upload(asset, credential) for asset in assets]
        body = {**settings, **files_of(request.source, way, assets, uris)}
        with self._translated(credential):
            client = await self._clients.of(credential)
        with self._translated(credential, request.model, paid=True):
            leaves()
            answer = await client.post(way.path, cast_to=httpx.Response, body=body)
        try:
            accepted = Accepted.model_validate_json(answer.content)
        except ValidationError as error:
            raise OutcomeUnknown(PROVIDER, "an answer to an order without the task's id") from error
        cost = accepted.estimated_cost
        return Operation(id=accepted.id, price_microusd=cost.microusd if cost else None)

    async def poll(self, operation_id: str, credential: Credential) -> OperationState:
        """Look at a task.

        Raises:
            InvalidRequest: Runway does not know it (or not under this key).
            ProviderError: as `providers.errors` says.
        """
        content = await self._got(_task_path(operation_id), credential)
        try:
            return Task.model_validate_json(content).state
        except ValidationError as error:
            raise UnexpectedResponse(PROVIDER, "a task we cannot read") from error

    async def fetch(self, output: str, destination: Path, credential: Credential) -> None:
        await download(
            self._http,
            output,
            destination,
            provider=PROVIDER,
            credential=credential,
            allowed=lambda url: host_allowed(url, self._download_hosts),
            headers_for=lambda _url: {},  # the link is signed; the key stays with the API
            classify=link_fault,
        )

    async def cancel(self, operation_id: str, credential: Credential) -> None:
        """Stop a task; only one that still waits is refunded."""
        try:
            with self._translated(credential):
                client = await self._clients.of(credential)
                await client.delete(_task_path(operation_id), cast_to=httpx.Response)
        except InvalidRequest:
            pass  # already over, or gone

    async def forget(self, operation_id: str, credential: Credential) -> None:
        """The same request as `cancel`: a task that is over is deleted by it (docs.dev.runwayml.com, 2026-08)."""
        await self.cancel(operation_id, credential)

    async def standing(self, credential: Credential) -> AccountStanding:
        """The organisation behind a key: its credits, and its limits and today's use of them by model."""
        return (await self._organization(credential)).standing(credential.id)

    async def listed(self, credential: Credential) -> frozenset[str]:
        """The models that the organisation's tier names, whatever they make."""
        return (await self._organization(credential)).models

    async def close(self) -> None:
        """The connections are the caller's; what was built on them is let go."""
        self._clients.forget()

    async def _organization(self, credential: Credential) -> Organization:
        content = await self._got("/v1/organization", credential)
        try:
            return Organization.model_validate_json(content)
        except ValidationError as error:
            raise UnexpectedResponse(PROVIDER, "an organisation we cannot read") from error

    async def _got(self, path: str, credential: Credential) -> bytes:
        with self._translated(credential):
            client = await self._clients.of(credential)
            answer = await client.get(path, cast_to=httpx.Response)
        return answer.content

    async def _upload(self, asset: Asset, credential: Credential) -> str:
        with self._translated(credential):
            place = await self._storage.place_for(asset, await self._clients.of(credential))
        return await self._storage.put(asset, place, credential)

    def _client(self, secret: str) -> AsyncRunwayML:
        from runwayml import AsyncRunwayML  # over a second, so only where it is used

        client = AsyncRunwayML(
            api_key=secret,
            base_url=self._base_url,
            http_client=self._http,
            max_retries=0,  # the SDK's default sends a paid order three times, without an idempotency key
            timeout=self._timeout,
        )
        client._custom_headers = {}  # noqa: SLF001 (RUNWAYML_CUSTOM_HEADERS could name another key)
        return client

    def _translated(
        self, credential: Credential, model: str | None = None, *, paid: bool = False
    ) -> AbstractContextManager[None]:
        return translated(
            PROVIDER, credential, lambda refusal: runway_fault(refusal, model=model, now=self._clock()), paid=paid
        )


def _task_path(operation_id: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9-]{1,64}", operation_id):
        raise InvalidRequest(PROVIDER, "not the id of a task")
    return f"/v1/tasks/{operation_id}"
