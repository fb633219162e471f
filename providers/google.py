"""Google's side of things: one SDK client per key, and what its refusals mean. `gemini` and `omni` stand on it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import httpx2

from providers.clients import ClientPerKey
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
    from google.genai import Client, types

PROVIDER = "gemini"
DEFAULT_BASE_URL = "https://generativelanguage.googleapis.com"
API_VERSION = "v1beta"  # every public page on Omni uses it; the SDK's own default is v1 (google-genai 3.x)

_CONNECT_SECONDS = 10.0
_SPEND_LIMIT_REST = 600.0  # spend limits count a rolling ten minutes; ai.google.dev rate limits, 2026-10
_BLOCKED = (
    "SAFETY", "PROHIBITED_CONTENT", "BLOCKLIST", "RECITATION", "SPII", "JAILBREAK", "MODEL_ARMOR", "IMAGE_SAFETY",
    "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION",
)  # fmt: skip
# Of google.api.ErrorReason (2026), beside those that begin with API_KEY_.
_KEY_REASONS = frozenset(
    {"SERVICE_DISABLED", "BILLING_DISABLED", "CONSUMER_SUSPENDED", "CONSUMER_INVALID", "USER_PROJECT_DENIED"}
)
_OVERLOADED = ("overloaded", "high demand", "capacity")


class GoogleConnections:
    """One pool of connections for every client of the SDK, opened on first use."""

    def __init__(self, *, read_timeout: float) -> None:
        self._read_timeout = read_timeout
        self._sync: httpx2.Client | None = None
        self._async: httpx2.AsyncClient | None = None

    def opened(self) -> tuple[httpx2.Client, httpx2.AsyncClient]:
        """Both kinds of client. Opening them blocks for 30 ms; not to be called from two threads at once."""
        if self._sync is None or self._async is None:
            # An injected client keeps the SDK from using aiohttp, which hides a retry of 1-10 s behind a failed
            # connection; both are given, for either missing one costs another TLS context.
            tls = httpx2.create_ssl_context()
            self._sync = httpx2.Client(verify=tls, timeout=httpx2.Timeout(self._read_timeout, connect=_CONNECT_SECONDS))
            self._async = httpx2.AsyncClient(
                verify=tls, limits=httpx2.Limits(max_connections=50), event_hooks={"request": [_connect_quickly]}
            )
        return self._sync, self._async

    def options(self, base_url: str, api_version: str) -> types.HttpOptions:
        """What every client of the SDK is built with: our connections, and no retry of its own."""
        from google.genai import types

        sync_http, http = self.opened()
        return types.HttpOptions(
            base_url=base_url,
            api_version=api_version,
            timeout=int(self._read_timeout * 1000),  # milliseconds; without it the SDK sends without any
            retry_options=types.HttpRetryOptions(attempts=1),  # else interactions.* sends up to five times
            httpx_client=sync_http,
            httpx_async_client=http,
        )

    async def close(self) -> None:
        if self._async is not None:
            await self._async.aclose()
        if self._sync is not None:
            self._sync.close()
        self._async = self._sync = None


class GoogleClients(ClientPerKey["Client"]):
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
        super().__init__(self._client)
        self.base_url = (base_url or DEFAULT_BASE_URL).rstrip("/")
        self.api_version = api_version
        self._connections = GoogleConnections(read_timeout=read_timeout)

    async def close(self) -> None:
        for client in self.forget():
            client.close()
            await client.aio.aclose()
        await self._connections.close()

    def _client(self, secret: str) -> Client:
        from google.genai import Client

        return Client(
            enterprise=False,  # else GOOGLE_GENAI_USE_ENTERPRISE and GOOGLE_GENAI_USE_VERTEXAI decide
            api_key=secret,
            http_options=self._connections.options(self.base_url, self.api_version),
        )


async def _connect_quickly(request: httpx2.Request) -> None:
    # The SDK's one timeout would also be the connection's. A connection that fails proves that nothing was ordered;
    # a deadline over everything proves nothing.
    timeout = request.extensions.get("timeout")
    if timeout:
        request.extensions["timeout"] = {**timeout, "connect": min(timeout.get("connect") or 10.0, _CONNECT_SECONDS)}


def google_fault(refusal: Refusal, *, model: str | None, now: float, provider: str = PROVIDER) -> ProviderError | None:
    """What Google's refusal means, for models, files and interactions alike; `None` where only its status speaks.

    `model` is the one asked for, as Google's limits bind a project and a model; `now` is in Unix seconds; `provider`
    is whose name the error carries.
    """
    detail, status, code = said(refusal.body), refusal.status, _code(refusal.body)
    words = _message(refusal.body)
    lower = words.lower()
    if status == 429:
        return _limit(refusal, words, model=model, now=now, provider=provider)
    if status == 400 and (code in _BLOCKED or any(f"{name}:" in words for name in _BLOCKED)):
        return ContentRejected(provider, detail)
    if status in (400, 401, 403) and _is_about_the_key(refusal.body, code, lower):
        return KeyRejected(provider, detail)
    if status == 403 and lower.lstrip().startswith("<"):  # the SDK hands a page on as if it were a message
        return Unavailable(provider, "HTTP 403 and a page: a firewall or a proxy, which knows nothing of the key")
    if status in (403, 404) and re.search(r"\bfiles?\b", lower):
        return InvalidRequest(provider, detail)  # a file of another key's project, or gone; the key itself is good
    if status == 404 and ("no longer available" in lower or "models/" in lower or "model " in lower):
        successor = re.search(r"\buse (?:models/)?(gemini-[\w.-]*\w)", lower)
        return ModelRetired(provider, detail, successor=successor[1] if successor else None)
    if status == 409 and code == "ABORTED":
        return Unavailable(provider, detail)  # two writers met; google.rpc.Code: whole operations may be tried again
    if status == 501:
        return InvalidRequest(provider, detail)  # google.rpc.Code UNIMPLEMENTED: the same will be said tomorrow
    if status == 503 and code == "UNAVAILABLE" and any(word in lower for word in _OVERLOADED):
        return Unavailable(provider, detail)  # turned away at the door, by its own word
    return None


def _is_about_the_key(body: object, code: str, lower: str) -> bool:
    reasons = {str(detail.get("reason", "")) for detail in _details(body)}
    if any(reason in _KEY_REASONS or reason.startswith("API_KEY_") for reason in reasons):
        return True
    if re.match(r"api key (not valid|expired|not found)", lower):  # interactions may leave the details out
        return True
    return code == "FAILED_PRECONDITION" and ("location" in lower or "billing" in lower)


def _limit(refusal: Refusal, words: str, *, model: str | None, now: float, provider: str) -> ProviderError:
    lower, detail = words.lower(), said(refusal.body)
    if "prepay" in lower and "deplet" in lower:
        return QuotaExhausted(provider, detail)
    if "spending cap" in lower or "spend cap" in lower:
        return QuotaExhausted(provider, detail)  # set by the operator, and raised by nobody else
    quotas = [str(violation.get("quotaId", "")) for violation in _violations(refusal.body)]
    limits = re.findall(r"limit: (\d+)", words)
    if limits and not any(map(int, limits)):
        return QuotaExhausted(provider, detail, model=model)  # not for sale in the account's tier; no day brings it
    if any("PerDay" in quota for quota in quotas):
        # The retryDelay that comes along is misleading here.
        return QuotaExhausted(provider, detail, until=next_day_at(now), model=model)
    if "spend" in lower or any("spend" in quota.lower() for quota in quotas):
        return RateLimited(provider, detail, retry_after=_SPEND_LIMIT_REST)
    delay = next((d for each in _details(refusal.body) if (d := _seconds(each.get("retryDelay"))) is not None), None)
    seconds = retry_after(refusal.headers) if delay is None else rest(delay)
    # Where quotas are named and none is a model's own, the whole project is over one.
    is_own = not quotas or any("PerModel" in quota for quota in quotas)
    return RateLimited(provider, detail, retry_after=seconds, model=model if is_own else None)


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


def _message(body: object) -> str:
    """All that was said: a quota's numbers stand behind three lines of links."""
    message = _error(body).get("message")
    return message if isinstance(message, str) else said(body)


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
