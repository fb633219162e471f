"""Did the request ever leave, and was it answered? The one place that decides, for every adapter and every SDK.

Three SDK families (Stainless, Fern, Google's two) wrap two transports (httpx, httpx2), each in exceptions of their own,
some of them private. `translated` fences them all: what comes out is a `ProviderError` or an error of this machine.

    the request never left      Unavailable     connect refused, DNS, TLS, connect timeout, no free connection
    it left, nothing came back  OutcomeUnknown  for a paid call; Unavailable for a repeatable one
    it was answered, refused    what `classify` reads in the answer, else what the bare status means
    it was answered, unreadable OutcomeUnknown  for a paid call; UnexpectedResponse for a repeatable one
"""

from __future__ import annotations

import email.utils
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx
import httpx2

from providers.credential import Credential
from providers.errors import (
    InvalidRequest,
    KeyRejected,
    OutcomeUnknown,
    ProviderError,
    QuotaExhausted,
    RateLimited,
    Unavailable,
    UnexpectedResponse,
)

_NOTHING_LEFT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.ProxyError,
    httpx2.UnsupportedProtocol,
)
_ON_THE_WIRE = (httpx.HTTPError, httpx2.HTTPError)

# A service whose clock is off must not park a key for a day: it is asked again after a quarter of an hour.
_LONGEST_REST = 900.0
_SHORTEST_REST = 1.0
_DETAIL_LIMIT = 300


@dataclass(frozen=True, slots=True)
class Refusal:
    """An HTTP answer that is no success. `body` is its JSON, or its text where it is none."""

    status: int
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)


Classify = Callable[[Refusal], ProviderError | None]
"""Reads a refusal in the provider's own words; `None` where only its status speaks."""


@contextmanager
def translated(provider: str, credential: Credential, classify: Classify, *, paid: bool = False) -> Iterator[None]:
    """Around one call of an SDK: whatever it raises leaves as a `ProviderError` that does not tell the secret.

    `paid` marks a call that costs money and cannot be taken back. Errors of this machine (`OSError`) pass.
    """
    if not (credential.secret.isascii() and credential.secret.isprintable()):
        raise KeyRejected(provider, "the key holds characters that no HTTP header can carry")
    try:
        yield
    except (ProviderError, OSError):
        raise
    except Exception as error:  # noqa: BLE001 (SDKs raise families of their own, some private; nothing of theirs leaves)
        fault = _fault(provider, error, classify, paid=paid)
        raise _without_secret(fault, credential.secret) from _unless_it_tells(error, credential.secret)


def _fault(provider: str, error: Exception, classify: Classify, *, paid: bool) -> ProviderError:
    refusal = _refusal(error)
    if refusal is not None:
        return refused(provider, refusal, classify, paid=paid)
    link = next((link for link in _chain(error) if isinstance(link, _ON_THE_WIRE)), None)
    if isinstance(link, _NOTHING_LEFT):
        return Unavailable(provider, f"the request never left: {type(link).__name__}")
    # The text of a transport error may hold a URL or a header; its class says enough.
    if link is None:
        detail = f"an answer we cannot read: {type(error).__name__}"
        return OutcomeUnknown(provider, detail) if paid else UnexpectedResponse(provider, detail)
    detail = f"the connection failed underway: {type(link).__name__}"
    return OutcomeUnknown(provider, detail) if paid else Unavailable(provider, detail)


def refused(provider: str, refusal: Refusal, classify: Classify, *, paid: bool = False) -> ProviderError:
    """What a refusal means: in the provider's words first, then by its bare status (RFC 9110)."""
    fault = classify(refusal)
    if fault is not None:
        return fault
    status, detail = refusal.status, f"HTTP {refusal.status} {said(refusal.body)}".strip()
    if status in (408, 499) or status >= 500:  # 499: somebody on the way hung up on the service (nginx, google.rpc)
        return OutcomeUnknown(provider, detail) if paid else Unavailable(provider, detail)
    if status == 401:
        return KeyRejected(provider, detail)
    if status == 402:
        return QuotaExhausted(provider, detail)
    if status == 403:
        # A bare page is a firewall or a proxy between us and the service: no judgement on the key.
        return KeyRejected(provider, detail) if isinstance(refusal.body, dict | list) else Unavailable(provider, detail)
    if status == 407:
        return Unavailable(provider, detail)
    if status == 429:
        return RateLimited(provider, detail, retry_after=retry_after(refusal.headers))
    return InvalidRequest(provider, detail) if status >= 400 else UnexpectedResponse(provider, detail)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to rest by `Retry-After`, within 1 s and 15 min; a date is measured against the answer's own clock."""
    text = headers.get("retry-after") or headers.get("Retry-After")
    if not text:
        return None
    try:
        return rest(float(text))
    except ValueError:
        pass
    try:
        until = email.utils.parsedate_to_datetime(text)
        now = email.utils.parsedate_to_datetime(headers.get("date") or headers.get("Date") or "")
    except (ValueError, TypeError):
        return None
    return rest((until - now).total_seconds())


def rest(seconds: float) -> float:
    """A rest that a clock gone wrong cannot stretch."""
    return min(max(seconds, _SHORTEST_REST), _LONGEST_REST)


def said(body: object) -> str:
    """The words in an error body of any of our providers, at most 300 characters; "" where there are none."""
    if isinstance(body, list) and body:
        return said(body[0])  # Google's front end wraps errors in a list of one
    if isinstance(body, dict):
        for key in ("error", "detail", "message", "msg"):
            if words := said(body.get(key)):
                return words
        return ""
    return body[:_DETAIL_LIMIT] if isinstance(body, str) and not body.lstrip().startswith("<") else ""


def _refusal(error: Exception) -> Refusal | None:
    # By shape, not by class: Google's interactions raise from a private module, and importing four SDKs for their
    # exception classes would cost every start-up two seconds.
    if isinstance(error, httpx.HTTPStatusError | httpx2.HTTPStatusError):  # of an adapter that stands on no SDK
        return Refusal(error.response.status_code, _body(error.response), error.response.headers)
    status = getattr(error, "status_code", None) or getattr(error, "code", None)
    if not isinstance(status, int) or status < 300:
        return None
    body = getattr(error, "body", None) or getattr(error, "details", None)
    headers = getattr(error, "headers", None) or getattr(getattr(error, "response", None), "headers", None)
    return Refusal(status, body, headers if isinstance(headers, Mapping) else {})


def _body(response: httpx.Response | httpx2.Response) -> object:
    """The JSON of an answer, else its text; `None` where it was never read."""
    try:
        return response.json()
    except ValueError:
        return response.text
    except (httpx.StreamError, httpx2.StreamError):
        return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    link: BaseException | None = error
    while link is not None:
        yield link
        link = link.__cause__ or link.__context__


def _without_secret(fault: ProviderError, secret: str) -> ProviderError:
    if secret and secret in str(fault):
        fault.detail = fault.detail.replace(secret, "…")
        fault.args = (str(fault).replace(secret, "…"),)
    return fault


def _unless_it_tells(error: Exception, secret: str) -> Exception | None:
    """The cause to show in a traceback, unless somewhere in its chain stands the key (services echo keys back)."""
    return None if any(secret and secret in str(link) for link in _chain(error)) else error
