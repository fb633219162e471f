"""Discord's REST API and CDN over HTTP: parsing, authorisation, the log, faults and rate-limit headers.

What a request means is decided by `rules` and SimCord. Three quirks discord.py 2.7.1 depends on (http.py,
webhook/async_.py): JSON answers carry `Content-Type: application/json` and nothing more; a 429 is retried only with a
`Via` header; an interaction callback is called with `?with_response=1` and must then answer 200 with a body.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
import socket
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from aiohttp import BodyPartReader, web

from sandbox.discord import rules
from sandbox.discord.faults import Effect, Fault, Faults
from sandbox.discord.traffic import LoggedRequest, Refused, SentFile

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.discord.buckets import Buckets
    from sandbox.discord.changes import Changes
    from sandbox.discord.simulation import Simulation

API_PREFIX = "/api/v10"
_WITHOUT_TOKEN = re.compile(r"/interactions/\d+/[^/]+/callback|/webhooks/\d+/[^/]{8,}(?:/messages/[^/]+)?")
_CALLBACK = re.compile(r"/interactions/\d+/[^/]+/callback")
_CREATED = re.compile(r"/channels/\d+(?:/messages/\d+)?/threads")


@dataclass(frozen=True, slots=True)
class _Upload:
    """A file as SimCord's routes read it."""

    filename: str
    fp: io.BytesIO
    description: str | None


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    body: object


#: The portal's toggle, as an application that is not verified sees it (Discord docs, application flags).
_GATEWAY_MESSAGE_CONTENT_LIMITED = 1 << 19


class Rest:
    """One bot's API. `requests` is the log, oldest first."""

    def __init__(
        self,
        simulation: Simulation,
        *,
        token: str,
        gateway_url: str,
        faults: Faults,
        buckets: Buckets,
        changes: Changes,
        upload_limit: int,
        message_content: bool,
    ) -> None:
        self.requests: list[LoggedRequest] = []
        self.upload_limit = upload_limit
        self._simulation = simulation
        self._token = token
        self._gateway_url = gateway_url
        self._faults = faults
        self._buckets = buckets
        self._changes = changes
        self._message_content = message_content
        self._nonces = rules.Nonces()

    def routes(self) -> list[web.RouteDef]:
        return [
            web.route("*", API_PREFIX + "/{path:.*}", self.api),
            web.get("/attachments/{path:.*}", self.cdn),
            web.get("/ephemeral-attachments/{path:.*}", self.cdn),
        ]

    async def cdn(self, request: web.Request) -> web.StreamResponse:
        """What an attachment's URL answers; logged, and open to faults, like any request."""
        logged = LoggedRequest(
            method=request.method, path=request.path, query=dict(request.query), body=None, files=(), authorised=False
        )
        self.requests.append(logged)
        fault = self._faults.meet(logged.method, logged.path)
        if fault is not None:
            logged.fault = fault.name
            return await self._suffer(request, logged, fault, {})
        found = self._simulation.file(request.path)
        logged.status = 200 if found else 404
        self._changes.notify()
        if found is None:
            return web.Response(status=404, text="This content is no longer available.")
        return web.Response(body=found[0], content_type=found[1])

    async def api(self, request: web.Request) -> web.StreamResponse:
        logged = await self._read(request)
        self.requests.append(logged)
        fault = self._faults.meet(logged.method, logged.path)
        logged.fault = fault.name if fault else None
        draw = self._buckets.draw(logged.method, logged.path)
        if fault is None and draw.retry_after:
            body = {"message": "You are being rate limited.", "retry_after": draw.retry_after, "global": False}
            return self._respond(logged, _Answer(429, body), draw.headers)
        answer = self._answer(logged) if fault is None or fault.applied else None
        if fault is not None:
            return await self._suffer(request, logged, fault, draw.headers)
        assert answer is not None
        return self._respond(logged, answer, draw.headers)

    async def _suffer(
        self, request: web.Request, logged: LoggedRequest, fault: Fault, headers: Mapping[str, str]
    ) -> web.StreamResponse:
        self._changes.notify()
        if fault.text is not None:
            logged.status = fault.status
            kind = "text/html" if fault.is_page else "application/json"
            sent = dict(headers) | {"Via": "1.1 sandbox", "Content-Type": kind}
            return web.Response(status=fault.status, headers=sent, body=fault.text.encode())
        if fault.effect is Effect.ANSWER:
            answer = _Answer(fault.status, fault.body)
            return self._respond(logged, answer, dict(headers) | fault.headers, via=fault.via)
        if fault.effect is Effect.HANG:
            await self._faults.hang()
        _reset(request)
        return web.Response()  # goes nowhere: the socket is gone

    def _respond(
        self, logged: LoggedRequest, answer: _Answer, headers: Mapping[str, str], *, via: bool = True
    ) -> web.Response:
        logged.status, logged.answer = answer.status, answer.body
        self._changes.notify()
        sent = dict(headers) | ({"Via": "1.1 sandbox"} if via else {})
        if answer.status == 204:
            return web.Response(status=204, headers=sent)
        sent["Content-Type"] = "application/json"  # exactly this: with a charset discord.py reads it as text
        return web.Response(status=answer.status, headers=sent, body=json.dumps(answer.body).encode())

    def _answer(self, logged: LoggedRequest) -> _Answer:
        try:
            return self._obey(logged)
        except Refused as refusal:
            return _Answer(refusal.status, refusal.body)

    def _obey(self, logged: LoggedRequest) -> _Answer:
        if not logged.authorised and not _WITHOUT_TOKEN.fullmatch(logged.path):
            raise Refused(401, 0, "401: Unauthorized")
        if logged.path in {"/gateway", "/gateway/bot"}:
            return _Answer(200, self._gateway_of(logged.path))
        if (logged.method, logged.path) == ("GET", "/users/@me/guilds"):
            return _Answer(200, self._simulation.guilds_of_bot())
        rules.check(logged, self._simulation, self.upload_limit)
        earlier = self._nonces.earlier(logged, self._simulation)
        if earlier is not None:
            return _Answer(200, earlier)
        body = rules.edit_thread(logged, self._simulation)
        if body is None:
            body = self._dispatch(logged)
        if logged.path == "/oauth2/applications/@me" and isinstance(body, dict) and self._message_content:
            body = {**body, "flags": body.get("flags", 0) | _GATEWAY_MESSAGE_CONTENT_LIMITED}
        self._nonces.remember(logged, body)
        if _CALLBACK.fullmatch(logged.path) and logged.query.get("with_response") not in {"1", "true"}:
            return _Answer(204, None)
        if body is None:
            return _Answer(204, None)
        return _Answer(201 if logged.method == "POST" and _CREATED.fullmatch(logged.path) else 200, body)

    def _dispatch(self, logged: LoggedRequest) -> object:
        described = _descriptions(logged.body)
        files = [
            _Upload(file.name, io.BytesIO(file.data), described.get(_index(file.part)))
            for file in sorted(logged.files, key=lambda file: _index(file.part))
        ]
        return self._simulation.dispatch(
            logged.method,
            logged.path,
            body=logged.body,
            query=logged.query,
            files=files,
            reason=logged.reason,
            message_content=self._message_content,
        )

    def _gateway_of(self, path: str) -> dict[str, Any]:
        if path == "/gateway":
            return {"url": self._gateway_url}
        limit = {"total": 1000, "remaining": 1000, "reset_after": 86_400_000, "max_concurrency": 1}
        return {"url": self._gateway_url, "shards": 1, "session_start_limit": limit}

    async def _read(self, request: web.Request) -> LoggedRequest:
        body: object = None
        files: list[SentFile] = []
        if request.content_type == "multipart/form-data":
            body, files = await _read_multipart(request)
        elif request.can_read_body:
            with contextlib.suppress(ValueError):
                body = json.loads(await request.read())
        reason = request.headers.get("X-Audit-Log-Reason")
        return LoggedRequest(
            method=request.method,
            path=request.path.removeprefix(API_PREFIX),
            query=dict(request.query),
            body=body,
            files=tuple(files),
            authorised=request.headers.get("Authorization") == f"Bot {self._token}",
            reason=None if reason is None else unquote(reason),
        )


async def _read_multipart(request: web.Request) -> tuple[object, list[SentFile]]:
    body: object = None
    files: list[SentFile] = []
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader):
            continue
        data = bytes(await part.read())
        if part.name == "payload_json":
            body = json.loads(data)
        else:
            files.append(SentFile(part=part.name or "", name=part.filename or "file", size=len(data), data=data))
    return body, files


def _descriptions(body: object) -> dict[int, str | None]:
    """Alt texts by upload index: from `attachments`, at the top or inside an interaction callback's `data`."""
    holder = body.get("data", body) if isinstance(body, dict) else {}
    listed = holder.get("attachments") if isinstance(holder, dict) else None
    return {
        int(item["id"]): item.get("description")
        for item in listed or ()
        if isinstance(item, dict) and str(item.get("id", "")).isdecimal()
    }


def _index(part: str) -> int:
    found = re.search(r"\d+", part)
    return int(found[0]) if found else 0


def _reset(request: web.Request) -> None:
    """Cut the connection so that the peer reads ECONNRESET, not an orderly end."""
    transport = request.transport
    if transport is None:
        return
    raw = transport.get_extra_info("socket")
    if raw is not None:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
