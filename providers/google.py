"""Google's side of things: one SDK client per key, and what its refusals mean. `gemini` and `omni` stand on it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import httpx2

from providers.credential import Credential
from providers.errors import (
    ContentRejected,
    InvalidRequest,
    KeyRejected,
    ModelRetired,
    ProviderError,
    QuotaExhausted,
    RateLimited,
    Unavailable,
)
from providers.transport import Refusal, rest, retry_after, said

if TYPE_CHECKING:
    from google.genai import Client

PROVIDER = "gemini"
DEFAULT_BASE_URL = "https://generativelanguage.googleapis.com"
API_VERSION = "v1beta"  # every public page on Omni uses it; the SDK's own default is v1 (google-genai 3.x)

_CONNECT_SECONDS = 10.0
_SPEND_LIMIT_REST = 600.0  # spend limits count a rolling ten minutes; ai.google.dev rate limits, 2026-10
_BLOCKED = ("SAFETY", "PROHIBITED_CONTENT", "BLOCKLIST", "RECITATION", "SPII", "JAILBREAK", "MODEL_ARMOR")
_OVERLOADED = ("overloaded", "high demand", "capacity")


class GoogleClients:
    """The SDK's clients, one per key, over one pool of connections.

    A client costs 32-170 ms of work (google-genai 3.4), so it is built in a thread, once. One key per client, because
    an upload goes out under its client's own key whatever a request's headers say.

    Args:
        base_url: where the API is; `None` means Google's own. The environment is never asked.
        read_timeout: seconds that an answer may stay silent.
    """

    def __init__(
        self, *, base_url: str | None = None, api_version: str = API_VERSION, read_timeout: float = 120.0
    ) -> None:
        self.base_url = (base_url or DEFAULT_BASE_URL).rstrip("/")
        self.api_version = api_version
        self._read_timeout = read_timeout
        self._clients: dict[tuple[str, str], Client] = {}
        self._building = asyncio.Lock()
        self._sync_http: httpx2.Client | None = None
        self._http: httpx2.AsyncClient | None = None

    async def of(self, credential: Credential) -> Client:
        """The client of this key, built on first use."""
        held = (credential.id, credential.secret)
        async with self._building:
            if held not in self._clients:
                self._clients[held] = await asyncio.to_thread(self._build, credential.secret)
            return self._clients[held]

    async def close(self) -> None:
        clients, self._clients = list(self._clients.values()), {}
        for client in clients:
            client.close()
            await client.aio.aclose()
        if self._http is not None:
            await self._http.aclose()
        if self._sync_http is not None:
            self._sync_http.close()
        self._http = self._sync_http = None

    def _build(self, secret: str) -> Client:
        from google.genai import Client, types

        if self._http is None:
            # An injected client keeps the SDK from using aiohttp, which hides a retry of 1-10 s behind a failed
            # connection; both are given, for either missing one costs another TLS context.
            tls = httpx2.create_ssl_context()  # 30 ms of work, done once
            self._sync_http = httpx2.Client(verify=tls)
            self._http = httpx2.AsyncClient(
                verify=tls, limits=httpx2.Limits(max_connections=50), event_hooks={"request": [_connect_quickly]}
            )
        return Client(
            enterprise=False,  # else GOOGLE_GENAI_USE_ENTERPRISE and GOOGLE_GENAI_USE_VERTEXAI decide
            api_key=secret,
            http_options=types.HttpOptions(
                base_url=self.base_url,
                api_version=self.api_version,
                timeout=int(self._read_timeout * 1000),  # milliseconds; without it the SDK sends without any
                retry_options=types.HttpRetryOptions(attempts=1),  # else interactions.* sends up to five times
                httpx_client=self._sync_http,
                httpx_async_client=self._http,
            ),
        )


async def _connect_quickly(request: httpx2.Request) -> None:
    # The SDK's one timeout would also be the connection's. A connection that fails proves that nothing was ordered;
    # a deadline over everything proves nothing.
    timeout = request.extensions.get("timeout")
    if timeout:
        request.extensions["timeout"] = {**timeout, "connect": min(timeout.get("connect") or 10.0, _CONNECT_SECONDS)}


def google_fault(refusal: Refusal, *, model: str | None, now: float) -> ProviderError | None:
    """What Google's refusal means, for models, files and interactions alike; `None` where only its status speaks.

    `model` is the one asked for, as Google's limits bind a project and a model; `now` is in Unix seconds.
    """
    words, status = said(refusal.body), refusal.status
    lower, code = words.lower(), _code(refusal.body)
    if status == 429:
        return _limit(refusal, words, model=model, now=now)
    if status == 400 and (code in _BLOCKED or any(f"{name}:" in words for name in _BLOCKED)):
        return ContentRejected(PROVIDER, words)
    if status == 400 and (
        any(detail.get("reason") == "API_KEY_INVALID" for detail in _details(refusal.body))
        or lower.startswith(("api key not valid", "api key expired"))  # interactions may leave the details out
    ):
        return KeyRejected(PROVIDER, words)
    if status == 400 and code == "FAILED_PRECONDITION" and ("location" in lower or "billing" in lower):
        return KeyRejected(PROVIDER, words)
    if status == 403 and re.search(r"\bfiles?\b", lower):
        return InvalidRequest(PROVIDER, words)  # a file of another key's project; the key itself is good
    if status == 404 and ("no longer available" in lower or "models/" in lower or "model " in lower):
        return ModelRetired(PROVIDER, words)
    if status == 503 and code == "UNAVAILABLE" and any(word in lower for word in _OVERLOADED):
        return Unavailable(PROVIDER, words)  # turned away at the door, by its own word
    return None


def _limit(refusal: Refusal, words: str, *, model: str | None, now: float) -> ProviderError:
    lower = words.lower()
    if "prepay" in lower and "deplet" in lower:
        return QuotaExhausted(PROVIDER, words)
    quotas = [str(violation.get("quotaId", "")) for violation in _violations(refusal.body)]
    if any("PerDay" in quota for quota in quotas):
        # The retryDelay that comes along is misleading here.
        return QuotaExhausted(PROVIDER, words, until=next_day_at(now), model=model)
    if "spend" in lower or any("spend" in quota.lower() for quota in quotas):
        return RateLimited(PROVIDER, words, retry_after=_SPEND_LIMIT_REST)
    delay = next(
        (d for detail in _details(refusal.body) if (d := _seconds(detail.get("retryDelay"))) is not None), None
    )
    seconds = retry_after(refusal.headers) if delay is None else rest(delay)
    # Where quotas are named and none is a model's own, the whole project is over one.
    is_own = not quotas or any("PerModel" in quota for quota in quotas)
    return RateLimited(PROVIDER, words, retry_after=seconds, model=model if is_own else None)


def next_day_at(now: float) -> float:
    """Unix seconds of the next midnight in California, when Google's daily limits begin anew."""
    pacific = ZoneInfo("America/Los_Angeles")
    today = datetime.fromtimestamp(now, pacific)
    midnight = datetime(today.year, today.month, today.day, tzinfo=pacific) + timedelta(days=1)
    return midnight.timestamp()


def _error(body: object) -> dict[str, object]:
    if isinstance(body, list) and body:
        return _error(body[0])
    error = body.get("error", body) if isinstance(body, dict) else None
    return error if isinstance(error, dict) else {}


def _code(body: object) -> str:
    error = _error(body)
    code = error.get("code")  # a word in the Interactions API, the HTTP status elsewhere
    return str(error.get("status") or (code if isinstance(code, str) else "")).upper()


def _details(body: object) -> Iterator[dict[str, object]]:
    details = _error(body).get("details")
    for detail in details if isinstance(details, list) else ():
        if isinstance(detail, dict):
            yield detail


def _violations(body: object) -> Iterator[dict[str, object]]:
    for detail in _details(body):
        violations = detail.get("violations")
        for violation in violations if isinstance(violations, list) else ():
            if isinstance(violation, dict):
                yield violation


def _seconds(duration: object) -> float | None:
    """Seconds in a protobuf duration such as "34.4s"."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)s", duration) if isinstance(duration, str) else None
    return float(match[1]) if match else None
