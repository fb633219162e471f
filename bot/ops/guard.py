"""Who is let in over HTTP: the right name, the right token; and what browsers must not do with our answers."""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Awaitable, Callable, Collection

from aiohttp import web
from aiohttp.typedefs import Middleware

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

#: Open to all who may reach the port: they tell that the bot lives, and the page's own files, which hold no data.
OPEN = frozenset({"/", "/dashboard.js", "/dashboard.css", "/healthz", "/readyz"})
_HEADERS = {
    # Nothing from anywhere else, no framing, no forms; the page's own script and style alone.
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def is_ours(host: str, names: Collection[str]) -> bool:
    """Whether a Host header names us: by an address, as localhost, or by one of `names`.

    A web page may have its own name resolve to this machine, and its script then reads what is served here; it cannot
    do so by an address. So unknown names are turned away, whatever the token.
    """
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() and not host.endswith("]") else host
    name = name.strip("[]").rstrip(".").lower()
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return name == "localhost" or name in names
    return True


def has_token(header: str, token: str) -> bool:
    """Whether an Authorization header carries the token; takes as long for a wrong one as for a nearly right one."""
    scheme, _, given = header.partition(" ")
    is_equal = hmac.compare_digest(given.strip().encode("utf-8", "surrogateescape"), token.encode())
    return scheme.lower() == "bearer" and is_equal


def guard(token: str | None, names: Collection[str]) -> Middleware:
    """Turns away whoever has no business here, and puts what protects browsers on every answer."""

    @web.middleware
    async def guarded(request: web.Request, handler: Handler) -> web.StreamResponse:
        if not is_ours(request.headers.get("Host", ""), names):
            return _refused(421, "This is not a name of mine. Add it to OPS_HOSTS.")
        if (
            token is not None
            and request.path not in OPEN
            and not has_token(request.headers.get("Authorization", ""), token)
        ):
            return _refused(401, "Send the token: Authorization: Bearer …", **{"WWW-Authenticate": "Bearer"})
        try:
            return await handler(request)
        except web.HTTPException as refused:
            return _refused(refused.status, refused.reason, **_allowed(refused))

    return guarded


async def protect(_: web.Request, response: web.StreamResponse) -> None:
    """Called before an answer's headers are sent."""
    response.headers.update(_HEADERS)
    response.headers.pop("Server", None)


def _allowed(refused: web.HTTPException) -> dict[str, str]:
    return {"Allow": refused.headers["Allow"]} if "Allow" in refused.headers else {}


def _refused(status: int, words: str, **headers: str) -> web.Response:
    return web.json_response({"error": words}, status=status, headers=headers)
