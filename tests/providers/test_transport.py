from __future__ import annotations

import traceback

import httpx
import httpx2
import pytest

from providers.errors import (
    InvalidRequest,
    KeyRejected,
    OutcomeUnknown,
    ProviderError,
    RateLimited,
    Unavailable,
    UnexpectedResponse,
)
from providers.transport import Refusal, refused, retry_after, said, translated
from tests.providers.conftest import SECRET, Key
from tests.providers.loopback import Loopback, Reply


def translate(error: Exception, *, paid: bool) -> ProviderError:
    with pytest.raises(ProviderError) as caught, translated("test", Key(), lambda _refusal: None, paid=paid):
        raise error
    return caught.value


NEVER_LEFT = [
    cls("x")
    for module in (httpx, httpx2)
    for cls in (module.ConnectError, module.ConnectTimeout, module.PoolTimeout, module.ProxyError)
]
UNDERWAY = [
    cls("x")
    for module in (httpx, httpx2)
    for cls in (
        module.ReadError,
        module.WriteError,
        module.ReadTimeout,
        module.WriteTimeout,
        module.RemoteProtocolError,
    )
]


@pytest.mark.parametrize("paid", [True, False])
@pytest.mark.parametrize("error", NEVER_LEFT, ids=repr)
def test_what_never_left_is_unavailable_paid_or_not(error: Exception, paid: bool) -> None:
    assert type(translate(error, paid=paid)) is Unavailable


@pytest.mark.parametrize("error", UNDERWAY, ids=repr)
def test_what_broke_underway_is_unknown_where_it_is_paid(error: Exception) -> None:
    assert type(translate(error, paid=True)) is OutcomeUnknown
    assert type(translate(error, paid=False)) is Unavailable


def test_the_transports_error_is_found_behind_an_sdks() -> None:
    error = RuntimeError("Connection error.")
    error.__cause__ = httpx.ConnectError("refused")
    assert type(translate(error, paid=True)) is Unavailable


def test_an_sdk_that_stumbles_over_an_answer_is_unknown_where_it_is_paid() -> None:
    assert type(translate(ValueError("no JSON"), paid=True)) is OutcomeUnknown
    assert type(translate(ValueError("no JSON"), paid=False)) is UnexpectedResponse


def test_an_error_of_this_machine_stays_what_it_is() -> None:
    with pytest.raises(OSError, match="disk"), translated("test", Key(), lambda _refusal: None, paid=True):
        raise OSError("disk full")


@pytest.mark.parametrize("secret", ["with\nnewline", "schlüssel", "tab\t"])
def test_a_key_that_no_header_can_carry_is_rejected_before_anything_leaves(secret: str) -> None:
    with pytest.raises(KeyRejected) as caught, translated("test", Key(secret=secret), lambda _refusal: None):
        raise AssertionError("must not be reached")
    assert secret not in str(caught.value)


def test_a_key_that_the_service_echoes_is_in_no_text_of_ours() -> None:
    class EchoError(Exception):
        status_code = 401
        body = {"error": f"key {SECRET} is wrong"}  # noqa: RUF012 (shaped like an SDK's)

    fault = translate(EchoError(f"401: {SECRET}"), paid=True)
    assert type(fault) is KeyRejected
    shown = "".join(traceback.format_exception(fault)) + repr(fault) + fault.detail
    assert SECRET not in shown


def test_an_address_that_carries_a_key_is_in_no_text_of_ours() -> None:
    fault = translate(httpx.ReadTimeout(f"GET https://x.example/?key={SECRET}"), paid=False)
    assert SECRET not in "".join(traceback.format_exception(fault))


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "34.5"}, 34.5),
        ({"Retry-After": "7"}, 7.0),
        ({"retry-after": "0"}, 1.0),
        ({"retry-after": "-20"}, 1.0),
        ({"retry-after": "86400"}, 900.0),
        ({"retry-after": "Tue, 24 Nov 2026 12:00:30 GMT", "date": "Tue, 24 Nov 2026 12:00:00 GMT"}, 30.0),
        ({"retry-after": "Tue, 24 Nov 2026 12:00:30 GMT"}, None),
        ({"retry-after": "soon"}, None),
        ({}, None),
    ],
)
def test_a_rest_is_what_the_service_asks_within_reason(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers) == seconds


def test_a_bare_429_is_a_rest() -> None:
    fault = refused("test", Refusal(429, None, {"retry-after": "5"}), lambda _refusal: None)
    assert isinstance(fault, RateLimited)
    assert fault.retry_after == 5.0


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"error": "plain"}, "plain"),
        ({"error": {"message": "deeper"}}, "deeper"),
        ([{"error": {"message": "wrapped"}}], "wrapped"),
        ({"detail": {"status": "x", "message": "spoken"}}, "spoken"),
        ({"detail": [{"msg": "field required"}]}, "field required"),
        ("<html>page</html>", ""),
        (None, ""),
        ({"error": "x" * 1000}, "x" * 300),
    ],
)
def test_the_words_are_found_in_every_providers_error(body: object, words: str) -> None:
    assert said(body) == words


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, {"error": "no such key"}, KeyRejected),
        (422, {"error": "too long"}, InvalidRequest),
        (503, "", OutcomeUnknown),
    ],
)
async def test_a_refusal_that_plain_httpx_raises_is_read_like_any_sdks(
    server: Loopback, http: httpx.AsyncClient, key: Key, status: int, body: object, kind: type[ProviderError]
) -> None:
    server.on("POST /v1/clips", Reply(status, body))
    with pytest.raises(kind), translated("acme", key, lambda _: None, paid=True):
        (await http.post(f"{server.url}/v1/clips")).raise_for_status()
