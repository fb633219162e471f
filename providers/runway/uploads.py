"""Bringing a file to Runway's storage: ask for a place, put it there.

It is free, so a failure proves that nothing was ordered. The SDK's own `uploads.create_ephemeral` puts the file with a
client that nobody gave it (runwayml 5.24), hence ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
from pydantic import ValidationError

from providers.credential import Credential
from providers.download import host_allowed
from providers.errors import UnexpectedResponse
from providers.runway.answers import UploadTarget
from providers.runway.assets import Asset
from providers.runway.faults import storage_fault
from providers.runway.wire import PROVIDER
from providers.transport import Refusal, refused, translated

if TYPE_CHECKING:
    from runwayml import AsyncRunwayML


class Storage:
    """The storage behind the API; see `Runway` for the arguments."""

    def __init__(self, http: httpx.AsyncClient, *, base_url: str, timeout: httpx.Timeout) -> None:
        self._http = http
        self._base_url = httpx.URL(base_url)
        self._timeout = timeout

    async def place_for(self, asset: Asset, client: AsyncRunwayML) -> UploadTarget:
        """Ask for a place for one file. The SDK's errors pass."""
        body = {"filename": asset.name, "type": "ephemeral"}
        answer = await client.post("/v1/uploads", cast_to=httpx.Response, body=body)
        try:
            return UploadTarget.model_validate_json(answer.content)
        except ValidationError as error:
            raise UnexpectedResponse(PROVIDER, "an upload without a place to bring it to") from error

    async def put(self, asset: Asset, place: UploadTarget, credential: Credential) -> str:
        """Put the file where Runway said; its uri for an order. The key stays with the API: the place is signed.

        Raises:
            InvalidRequest: it is too large for the storage.
            Unavailable: it did not arrive.
            UnexpectedResponse: the place is not one to bring a file to.
            OSError: the file cannot be read.
        """
        with translated(PROVIDER, credential, storage_fault):
            target = httpx.URL(place.upload_url)
            if not self._may_go_to(target):
                raise UnexpectedResponse(PROVIDER, f"an upload to a host that is not allowed: {target.host}")
            with asset.path.open("rb") as file:  # httpx reads it in small pieces, one for each that has left
                answer = await self._http.post(
                    target,
                    data=place.fields,
                    files={"file": (asset.name, file, asset.mime_type)},
                    timeout=self._timeout,
                    follow_redirects=False,
                )
            if not answer.is_success:
                raise refused(PROVIDER, Refusal(answer.status_code, answer.text, answer.headers), storage_fault)
        return place.uri

    def _may_go_to(self, target: httpx.URL) -> bool:
        """Over TLS anywhere; in the clear only on this machine, and only where the API itself is here."""
        here = (url.scheme == "http" and host_allowed(url, frozenset({url.host})) for url in (target, self._base_url))
        return target.scheme == "https" or all(here)
