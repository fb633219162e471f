"""What every emulator is to the wire: a name, routes, a way to read keys, and its own words for the usual refusals."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from aiohttp import web
from multidict import CIMultiDict

from sandbox.providers import documents
from sandbox.providers.accounts import Account, Accounts
from sandbox.providers.answers import Answer, Refused
from sandbox.providers.faults import Drip, Fate, Faults, Hang, Html, Reset, Truncated
from sandbox.providers.film import Films
from sandbox.providers.journal import Journal, LoggedRequest

#: The account a request is on, and what a scripted fault has in store for the operation it starts.
ACCOUNT = web.RequestKey("account", str)
FATE = web.RequestKey("fate", object)
#: The answer is to break off half way; those who stream see to it themselves.
CUT = web.RequestKey("cut", bool)
#: Seconds between two bytes of an answer that never ends: less than any client calls silence.
DRIP_EVERY = 0.2

#: A dozen 8 MiB upload chunks would fit; no provider takes more in one request.
MAX_BODY = 128 * 2**20

HTML = "<!doctype html><html><head><title>502 Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>"


@dataclass(slots=True, kw_only=True)
class Stage:
    """What the emulators share.

    Attributes:
        pace: seconds a clip takes; everything else that takes time takes a part of it. 0 answers at once.
        origin: "http://127.0.0.1:port", known once the server listens.
        directory: where uploads, clips and voices are kept.
    """

    pace: float
    clock: Callable[[], float]
    directory: Path
    accounts: Accounts
    faults: Faults
    journal: Journal
    films: Films
    origin: str = ""

    async def linger(self, share: float) -> None:
        """Take `share` of a clip's time."""
        if self.pace > 0:
            await asyncio.sleep(self.pace * share)


class Service(Protocol):
    """One emulated service."""

    @property
    def name(self) -> str: ...

    def routes(self) -> Iterable[web.RouteDef]: ...

    def key_of(self, request: web.Request) -> str:
        """The key as the client sent it, "" where it sent none."""

    def is_open(self, path: str, /) -> bool:
        """Whether `path` asks for no key (signed addresses)."""

    def is_paid(self, method: str, path: str, /) -> bool: ...

    def bad_key(self, key: str, /) -> Answer: ...

    def not_found(self, path: str, /) -> Answer: ...


def account_of(stage: Stage, service: str, request: web.Request) -> Account:
    return stage.accounts.of(service, request[ACCOUNT])


def fate_of(request: web.Request) -> Fate | None:
    fate = request.get(FATE)
    return fate if isinstance(fate, Fate) else None


def is_cut(request: web.Request) -> bool:
    return bool(request.get(CUT))


async def document_of(request: web.Request) -> dict[str, object]:
    return documents.as_mapping(documents.parsed(await request.read()))


def answered(answer: Answer) -> web.Response:
    headers = CIMultiDict(answer.headers)
    if isinstance(answer.body, str):
        return web.Response(status=answer.status, text=answer.body, headers=headers)
    return web.json_response(answer.body, status=answer.status, headers=headers)


def application(service: Service, stage: Stage) -> web.Application:
    """The service as an application that logs, checks keys and lets faults strike."""

    @web.middleware
    async def wire(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        logged = await _logged(service, stage, request)
        stage.journal.add(logged)
        await stage.journal.tell()
        try:
            response = await _struck(service, stage, request, handler, logged)
        finally:
            await stage.journal.tell()
        logged.status = response.status
        return response

    app = web.Application(middlewares=[wire])
    app.add_routes(service.routes())
    return app


def local_path(request: web.Request, service: Service) -> str:
    """The path as the service sees it, without the sandbox's prefix."""
    return request.path.removeprefix(f"/{service.name}")


async def _logged(service: Service, stage: Stage, request: web.Request) -> LoggedRequest:
    path = local_path(request, service)
    key = service.key_of(request)
    is_json = request.content_type == "application/json"
    body = documents.parsed(await request.read()) if is_json and request.can_read_body else None
    return LoggedRequest(
        service=service.name,
        account=stage.accounts.name_of(key),
        key=key,
        method=request.method,
        path=path,
        query=request.query_string,
        body=body,
        at=stage.clock(),
        paid=service.is_paid(request.method, path),
    )


async def _struck(
    service: Service,
    stage: Stage,
    request: web.Request,
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
    logged: LoggedRequest,
) -> web.StreamResponse:
    """Handle a request as the fault that is scripted for it, if any, wants it: not at all, or with another end."""
    fault = stage.faults.take(service.name, logged.method, logged.path)
    if isinstance(fault, Answer):
        return answered(fault)
    if isinstance(fault, Reset | Hang | Html) and not fault.applied:
        return await _spoilt(request, fault)
    request[CUT] = isinstance(fault, Reset | Truncated)
    if isinstance(fault, Fate):
        request[FATE] = fault
    response = await _applied(service, request, handler, logged)
    if isinstance(fault, Reset | Hang | Html):
        return await _spoilt(request, fault)
    if isinstance(fault, Drip):
        return await _drip(request)
    return await _truncate(request, response) if isinstance(fault, Truncated) else response


async def _spoilt(request: web.Request, fault: Reset | Hang | Html) -> web.Response:
    """What becomes of the answer, done or not."""
    match fault:
        case Reset():
            return _reset(request)
        case Hang():
            await asyncio.Event().wait()  # until the client or the end of the world cancels us
            raise AssertionError
        case Html():
            return web.Response(status=fault.status, text=HTML, content_type="text/html")


async def _applied(
    service: Service,
    request: web.Request,
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
    logged: LoggedRequest,
) -> web.StreamResponse:
    if logged.account is None and not service.is_open(logged.path):
        return answered(service.bad_key(logged.key))
    request[ACCOUNT] = logged.account or ""
    try:
        response = await handler(request)
    except Refused as refused:
        return answered(refused.answer)
    except web.HTTPException as error:
        if error.status in {404, 405}:
            return answered(service.not_found(logged.path))
        raise
    logged.accepted = response.status < 400
    return response


def _reset(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=500)  # never arrives


async def _drip(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    await response.prepare(request)
    while True:  # until the client goes, or the end of the world cancels us
        await response.write(b" ")
        await asyncio.sleep(DRIP_EVERY)


async def _truncate(request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
    """Send half of `response`, then break the connection."""
    if response.prepared:  # streamed, and broken off by the one who streamed it
        return response
    whole = await _content(response)
    cut = web.StreamResponse(status=response.status, headers={"Content-Type": response.content_type})
    cut.content_length = len(whole)
    await cut.prepare(request)
    await cut.write(whole[: len(whole) // 2])
    if request.transport is not None:
        request.transport.close()
    return cut


async def _content(response: web.StreamResponse) -> bytes:
    if isinstance(response, web.FileResponse):
        return await asyncio.to_thread(response._path.read_bytes)  # noqa: SLF001  # aiohttp keeps it nowhere else
    if isinstance(response, web.Response) and isinstance(response.body, bytes):
        return response.body
    return b"{" + b" " * 63
