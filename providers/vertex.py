"""Google's Enterprise Agent Platform (Vertex) as the SDK reaches it: one client per key, and the tokens that keys buy.

A key is an API key of the platform ("express mode", no project), or the JSON of a service account or of a user, with
which a token is fetched that holds for an hour. We fetch it ahead of the SDK, which would do so in the middle of a paid
call: what fails in here, nobody ordered. Nothing comes from the environment, which the SDK reads eagerly:
GOOGLE_API_KEY, GOOGLE_CLOUD_PROJECT, GOOGLE_CLOUD_LOCATION, GOOGLE_VERTEX_BASE_URL, GOOGLE_GENAI_API_VERSION (3.6.1).
"""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import httpx2

from providers.credential import Credential
from providers.errors import InvalidRequest, KeyRejected, Unavailable
from providers.google import GoogleConnections

if TYPE_CHECKING:
    from collections.abc import Mapping

    from google.auth.credentials import Credentials
    from google.genai import Client

PROVIDER = "vertex"
API_VERSION = "v1"  # where Veo 3.1 is generally available; docs.cloud.google.com 2026
DEFAULT_LOCATION = "us-central1"  # of those that have every Veo, the one in every sample
SCOPES = ("https://www.googleapis.com/auth/cloud-platform",)

_EXPRESS_URL = "https://aiplatform.googleapis.com"
# The SDK takes a token for expired 225 s before it is (google-auth 2.63) and would fetch another; ours is never so old.
_RENEWED_BEFORE = timedelta(seconds=600)
_TOKEN_SECONDS = 30.0  # that a token may be waited for: a thread waits with us


@dataclass(frozen=True, slots=True)
class Pass:
    """What a request to the platform goes out with, as a `Credential`: an API key, or a token for the time being."""

    id: str
    secret: str = field(repr=False)
    is_token: bool = False

    @property
    def headers(self) -> Mapping[str, str]:
        return {"authorization": f"Bearer {self.secret}"} if self.is_token else {"x-goog-api-key": self.secret}


@dataclass(slots=True)
class _Held:
    client: Client
    account: Credentials | None
    renewing: asyncio.Lock = field(default_factory=asyncio.Lock)


class VertexClients:
    """The SDK's clients in its enterprise mode, one per key, over one pool of connections.

    Args:
        project: Google Cloud's id of it, for keys that are accounts; `None` takes the one that a JSON names.
        location: where the models run, such as "us-central1" or "global"; API keys have none.
        base_url: where the API is; `None` means Google's own address of the location.
        read_timeout: seconds that an answer may stay silent.
    """

    def __init__(
        self,
        *,
        project: str | None = None,
        location: str | None = None,
        base_url: str | None = None,
        read_timeout: float = 120.0,
    ) -> None:
        self.project = project
        self.location = location or DEFAULT_LOCATION
        self._base_url = base_url
        self._read_timeout = read_timeout
        self._connections = GoogleConnections(read_timeout=read_timeout)
        self._held: dict[tuple[str, str], _Held] = {}
        self._building = asyncio.Lock()

    async def of(self, credential: Credential) -> tuple[Client, Pass]:
        """The client of this key, and what it sends: good for the next minutes.

        Raises:
            KeyRejected: no token is given for this key, or it is none.
            Unavailable: the service that gives tokens does not answer. Nothing was ordered.
        """
        held = await self._client(credential)
        if held.account is None:
            return held.client, Pass(credential.id, credential.secret)
        async with held.renewing:
            if _is_old(held.account):
                await asyncio.to_thread(self._renew, held.account)
        return held.client, Pass(credential.id, str(held.account.token), is_token=True)

    async def close(self) -> None:
        helds, self._held = list(self._held.values()), {}
        for held in helds:
            held.client.close()
            await held.client.aio.aclose()
        await self._connections.close()

    async def _client(self, credential: Credential) -> _Held:
        key = (credential.id, credential.secret)
        async with self._building:
            if key not in self._held:
                self._held[key] = await asyncio.to_thread(self._build, credential.secret)
            return self._held[key]

    def _build(self, secret: str) -> _Held:
        from google.genai import Client

        account, named = _account(secret)
        if account is None:
            if not (secret.isascii() and secret.isprintable()):
                raise KeyRejected(PROVIDER, "the key holds characters that no HTTP header can carry")
            options = self._connections.options(self._base_url or _EXPRESS_URL, API_VERSION)
            return _Held(Client(enterprise=True, api_key=secret, http_options=options), None)
        project = self.project or named
        if not project:
            raise InvalidRequest(PROVIDER, "no project: neither the settings nor the account's JSON name one")
        options = self._connections.options(self._base_url or _address(self.location), API_VERSION)
        client = Client(
            enterprise=True, credentials=account, project=project, location=self.location, http_options=options
        )
        return _Held(client, account)

    def _renew(self, account: Credentials) -> None:
        """Fetch a token. Blocks. What google-auth raises may quote the request, so nothing of it goes on."""
        from google.auth.exceptions import GoogleAuthError, RefreshError, TransportError

        sync_http, _ = self._connections.opened()
        try:
            account.refresh(_Messenger(sync_http, min(_TOKEN_SECONDS, self._read_timeout)))  # type: ignore[no-untyped-call]
        except TransportError as error:
            raise Unavailable(PROVIDER, f"no token to be had: {error}") from None
        except RefreshError as error:
            if error.retryable:
                raise Unavailable(PROVIDER, f"no token to be had: {_reason(error)}") from None
            raise KeyRejected(PROVIDER, f"no token is given for this key: {_reason(error)}") from None
        except (GoogleAuthError, ValueError) as error:
            raise Unavailable(PROVIDER, f"no token to be had: {type(error).__name__}") from None


class _Messenger:
    """google-auth's `transport.Request` over our connections: one request, no retry of its own, no redirect."""

    def __init__(self, http: httpx2.Client, timeout: float) -> None:
        self._http = http
        self._timeout = timeout

    def __call__(
        self,
        url: str,
        method: str = "GET",
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float | None = None,  # noqa: ARG002  # google-auth's is two minutes
        **more: object,  # noqa: ARG002  # of requests, which we are not
    ) -> _Told:
        from google.auth.exceptions import TransportError

        try:
            told = self._http.request(method, url, content=body, headers=dict(headers or {}), timeout=self._timeout)
        except httpx2.HTTPError as error:
            raise TransportError(type(error).__name__) from None  # type: ignore[no-untyped-call]
        if told.status_code in (408, 429) or told.status_code >= 500 or told.is_redirect:
            raise TransportError(f"HTTP {told.status_code}")  # type: ignore[no-untyped-call]
        return _Told(told.status_code, told.headers, told.content)


@dataclass(frozen=True, slots=True)
class _Told:
    status: int
    headers: Mapping[str, str]
    data: bytes


def _account(secret: str) -> tuple[Credentials | None, str | None]:
    """The account whose JSON `secret` is, and the project it names; `None` where `secret` is an API key."""
    if not secret.lstrip().startswith("{"):
        return None, None
    from google.auth.exceptions import GoogleAuthError
    from google.oauth2 import credentials, service_account

    try:
        told = json.loads(secret)
        project = told.get("project_id") or told.get("quota_project_id")
        account: Credentials
        if told.get("type") == "service_account":
            account = service_account.Credentials.from_service_account_info(told, scopes=SCOPES)  # type: ignore[no-untyped-call]
        elif told.get("type") == "authorized_user":
            account = credentials.Credentials.from_authorized_user_info(told, scopes=SCOPES)  # type: ignore[no-untyped-call]
        else:
            raise KeyRejected(PROVIDER, "the JSON is neither a service account's nor a user's")
    except (ValueError, GoogleAuthError):  # their words may quote the file
        raise KeyRejected(PROVIDER, "the JSON of the account is damaged") from None
    return account, project if isinstance(project, str) else None


def _is_old(account: Credentials) -> bool:
    if not account.token or account.expiry is None:
        return True
    return bool(datetime.now(UTC) + _RENEWED_BEFORE >= account.expiry.replace(tzinfo=UTC))


def _reason(error: Exception) -> str:
    """OAuth's own word for a refusal, such as "invalid_grant"; its description may quote what was sent."""
    told = next((part for part in error.args if isinstance(part, dict)), {})
    word = told.get("error")
    return word if isinstance(word, str) and len(word) <= 40 and word.replace("_", "").isalnum() else "refused"


def _address(location: str) -> str:
    """Google's own address of a location, as the SDK makes it (3.6.1)."""
    if location == "global":
        return _EXPRESS_URL
    if location in ("us", "eu"):
        return f"https://aiplatform.{location}.rep.googleapis.com"
    return f"https://{location}-aiplatform.googleapis.com"
