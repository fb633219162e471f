"""What operators are served over HTTP: health, metrics, the status as JSON, and a live page of it."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import NoReturn

from aiohttp import web

from bot.db import AWAY
from bot.ops.guard import guard, protect
from bot.ops.metrics import CONTENT_TYPE, exposition
from bot.ops.readiness import Question, readiness
from bot.ops.views import Json, ai_status_json, history_json, rate_limit_json, status_json
from bot.settings import OpsSettings
from bot.status.collector import Collector
from bot.status.samples import Samples
from ratelimit import KeyPool

logger = logging.getLogger(__name__)

PAGE = Path(__file__).parent / "page"
#: Seconds between two events to a page, and that a page may take to read one before it is dropped.
EVENT_EVERY, READ_WITHIN = 2.0, 10.0
#: Pages that may watch at once.
MOST_PAGES = 8
#: Seconds after which a port that was taken is tried again.
KNOCK_EVERY = 60.0


class OpsServer:
    """Serves one process. `questions` are what it must answer well to be ready."""

    def __init__(
        self,
        settings: OpsSettings,
        collector: Collector,
        samples: Samples,
        pools: Mapping[str, KeyPool],
        questions: Mapping[str, Question],
        *,
        event_every: float = EVENT_EVERY,
        read_within: float = READ_WITHIN,
    ) -> None:
        self._settings = settings
        self._collector = collector
        self._samples = samples
        self._pools = pools
        self._questions = dict(questions)
        self._event_every, self._read_within = event_every, read_within
        self._watching = 0
        #: The port, once it is open.
        self.port: int | None = None

    async def run(self) -> NoReturn:
        """Serve until cancelled. A port that is taken is told of, and tried again: it is no reason to stop the bot."""
        while True:
            runner = web.AppRunner(self._app(), handle_signals=False, access_log=None, shutdown_timeout=1.0)
            try:
                await runner.setup()
                site = web.TCPSite(runner, self._settings.host, self._settings.port)
                await site.start()
                self.port = int(runner.addresses[0][1])
                logger.info("serving operators", extra={"host": self._settings.host, "port": self.port})
                await asyncio.Event().wait()
            except OSError as error:
                logger.error(
                    "operators are not served: give this process another OPS_PORT, or 0",
                    extra={"port": self._settings.port, "error": error.strerror},
                )
            finally:
                self.port = None
                await runner.cleanup()
            await asyncio.sleep(KNOCK_EVERY)

    def _app(self) -> web.Application:
        app = web.Application(middlewares=[guard(self._settings.token, self._settings.names)], client_max_size=1024)
        app.on_response_prepare.append(protect)
        app.add_routes(
            [
                web.get("/", _file("index.html", "text/html")),
                web.get("/dashboard.js", _file("dashboard.js", "text/javascript")),
                web.get("/dashboard.css", _file("dashboard.css", "text/css")),
                web.get("/healthz", self._health),
                web.get("/readyz", self._ready),
                web.get("/metrics", self._metrics),
                web.get("/api/status", self._status),
                web.get("/api/ai-status", self._ai_status),
                web.get("/api/rate-limit-status", self._rate_limits),
                web.get("/api/history", self._history),
                web.get("/api/events", self._events, allow_head=False),
            ]
        )
        return app

    async def _health(self, _: web.Request) -> web.Response:
        """Whoever answers, lives, and its event loop turns."""
        return web.json_response({"status": "ok"})

    async def _ready(self, _: web.Request) -> web.Response:
        found = await readiness(self._questions)
        told = {"ready": found.is_ready, "reasons": found.reasons}
        return web.json_response(told, status=200 if found.is_ready else 503)

    async def _metrics(self, _: web.Request) -> web.Response:
        text = exposition(await self._collector.collect(), {name: pool.counters for name, pool in self._pools.items()})
        return web.Response(body=text, headers={"Content-Type": CONTENT_TYPE})

    async def _status(self, _: web.Request) -> web.Response:
        return _json(status_json(await self._collector.collect()))

    async def _ai_status(self, _: web.Request) -> web.Response:
        return _json(ai_status_json(await self._collector.collect()))

    async def _rate_limits(self, _: web.Request) -> web.Response:
        return _json(rate_limit_json(await self._collector.collect()))

    async def _history(self, _: web.Request) -> web.Response:
        try:
            return _json(history_json(await self._samples.read()))
        except AWAY:
            return web.json_response({"error": "the database is not reached"}, status=503, headers={"Retry-After": "5"})

    async def _events(self, request: web.Request) -> web.StreamResponse:
        """The status again and again, for as long as the page reads it."""
        if self._watching >= MOST_PAGES:
            return web.json_response({"error": "too many pages watch"}, status=503, headers={"Retry-After": "30"})
        self._watching += 1
        try:
            response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
            await response.prepare(request)
            while True:
                told = json.dumps(status_json(await self._collector.collect()), allow_nan=False, separators=(",", ":"))
                async with asyncio.timeout(self._read_within):
                    await response.write(f"event: status\ndata: {told}\n\n".encode())
                await asyncio.sleep(self._event_every)
        except TimeoutError:
            logger.info("a page that did not read was dropped")
            if request.transport is not None:
                request.transport.abort()
            return response
        except ConnectionError:
            return response
        finally:
            self._watching -= 1


def _json(told: Json) -> web.Response:
    return web.json_response(told, dumps=lambda value: json.dumps(value, allow_nan=False))


def _file(name: str, kind: str) -> Callable[[web.Request], Awaitable[web.Response]]:
    text = (PAGE / name).read_text(encoding="utf-8")

    async def answer(_: web.Request) -> web.Response:
        return web.Response(text=text, content_type=kind, charset="utf-8")

    return answer
