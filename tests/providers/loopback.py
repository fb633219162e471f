"""A server of one's own on loopback: it answers what it is told, misbehaves on demand, and remembers every request."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer. `body` is bytes as they are, or anything else as JSON."""

    status: int = 200
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reset:
    """The whole request is read; then the connection goes, without a word."""


@dataclass(frozen=True, slots=True)
class Hang:
    """The whole request is read; then nothing, until the server closes."""


@dataclass(frozen=True, slots=True)
class Truncated:
    """A success that promises more than it sends."""

    body: bytes = b'{"id": "'
    content_type: str = "application/json"


Behaviour = Reply | Reset | Hang | Truncated | Callable[["Seen"], Awaitable[Reply]]


@dataclass(frozen=True, slots=True)
class Seen:
    """A request as it came."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Loopback:
    """Behaviours per "METHOD /path", each used once, the last one for good."""

    def __init__(self) -> None:
        self.url = ""
        self.seen: list[Seen] = []
        self._behaviours: dict[str, list[Behaviour]] = {}
        self.asked = asyncio.Event()
        self._closing = asyncio.Event()

    def on(self, route: str, *behaviours: Behaviour) -> None:
        self._behaviours[route] = list(behaviours)

    def count(self, route: str) -> int:
        return sum(f"{seen.method} {seen.path}" == route for seen in self.seen)

    def hang_up(self) -> None:
        self._closing.set()

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        seen = Seen(request.method, request.path, request.query_string, request.headers.copy(), await request.read())
        self.seen.append(seen)
        self.asked.set()
        queue = self._behaviours.get(f"{seen.method} {seen.path}", [Reply(404, {"error": "no such route"})])
        behaviour = queue.pop(0) if len(queue) > 1 else queue[0]
        match behaviour:
            case Reply():
                return _response(behaviour)
            case Reset():
                return _gone(request)
            case Hang():
                await self._closing.wait()
                return _gone(request)
            case Truncated():
                headers = {"content-type": behaviour.content_type, "content-length": "1000000"}
                response = web.StreamResponse(headers=headers)
                await response.prepare(request)
                await response.write(behaviour.body)
                _gone(request)
                return response
            case _:
                return _response(await behaviour(seen))


def _response(reply: Reply) -> web.Response:
    body = reply.body if isinstance(reply.body, bytes) else json.dumps(reply.body).encode()
    headers = {"content-type": "application/json", **reply.headers}
    return web.Response(status=reply.status, body=body, headers=headers)


def _gone(request: web.BaseRequest) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


@asynccontextmanager
async def listening() -> AsyncIterator[Loopback]:
    loopback = Loopback()
    runner = web.ServerRunner(web.Server(loopback.answer, access_log=None), shutdown_timeout=0.1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        host, port = runner.addresses[0][:2]
        loopback.url = f"http://{host}:{port}"
        yield loopback
    finally:
        loopback.hang_up()
        await runner.cleanup()
