"""All providers at once: one server on loopback, a prefix for each service, and S3 beside it when asked for."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from aiohttp import web

from sandbox.providers.accounts import Accounts, Limits
from sandbox.providers.elevenlabs import ElevenLabs
from sandbox.providers.faults import Faults
from sandbox.providers.film import Films
from sandbox.providers.gemini import Gemini
from sandbox.providers.groq import Groq
from sandbox.providers.journal import Journal, LoggedRequest
from sandbox.providers.runway import Runway
from sandbox.providers.s3 import s3_server
from sandbox.providers.service import MAX_BODY, Service, Stage, application
from sandbox.providers.vertex import Vertex

BUCKET = "greenlight"
#: Connections get this long to finish when the world ends; hanging ones never would.
GRACE = 0.1


class ProviderWorld:
    """The outside world of the providers, while its `async with` block lasts.

    Args:
        pace: seconds a clip takes; all else takes a part of that. 0 answers at once; a demo likes 6.
        limits: limits by service ("gemini", "omni", "vertex", "runway", "elevenlabs", "groq") in place of
            `accounts.REALISTIC`.
        directory: where uploads and films are kept; made if absent, never emptied.
        port: of the server; 0 takes a free one.
        clock: Unix seconds; tests pass their own to let time go by.
        stock_films: draw one film per shape and give it to everyone, for those who measure something else; a file is
            given as it is.
        longest_side: draw films no larger than so many pixels, for those who look at no picture.
    """

    def __init__(
        self,
        *,
        pace: float = 0.0,
        limits: Mapping[str, Limits] | None = None,
        directory: Path,
        port: int = 0,
        clock: Callable[[], float] = time.time,
        stock_films: bool | Path = False,
        longest_side: int | None = None,
    ) -> None:
        self.faults = Faults()
        self.accounts = Accounts(limits or {}, clock)
        self.journal = Journal()
        self.port = port
        self.bucket = BUCKET
        self._films = Films(directory, eager=pace > 0, stock=stock_films, longest_side=longest_side)
        self.stage = Stage(
            pace=pace,
            clock=clock,
            directory=directory,
            accounts=self.accounts,
            faults=self.faults,
            journal=self.journal,
            films=self._films,
        )
        self._vertex = Vertex(self.stage)
        self._exits = contextlib.AsyncExitStack()
        self._s3_url: str | None = None

    async def __aenter__(self) -> Self:
        self.stage.directory.mkdir(parents=True, exist_ok=True)
        async with contextlib.AsyncExitStack() as exits:
            await exits.enter_async_context(self._films)
            services: list[Service] = [
                Gemini(self.stage),
                self._vertex,
                Runway(self.stage),
                ElevenLabs(self.stage),
                Groq(self.stage),
            ]
            outside = web.Application(client_max_size=MAX_BODY)
            for service in services:
                outside.add_subapp(f"/{service.name}", application(service, self.stage))
            runner = web.AppRunner(outside, access_log=None, handler_cancellation=True, shutdown_timeout=GRACE)
            await runner.setup()
            exits.push_async_callback(runner.cleanup)
            site = web.TCPSite(runner, "127.0.0.1", self.port)
            await site.start()
            self.port = runner.addresses[0][1]
            self.stage.origin = f"http://127.0.0.1:{self.port}"
            self._exits = exits.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._exits.__aexit__(kind, error, trace)

    async def start_s3(self) -> str:
        """Start S3 with `bucket` in it, if it does not run yet; its URL. Takes about two seconds."""
        if self._s3_url is None:
            self._s3_url = await self._exits.enter_async_context(s3_server(self.bucket))
        return self._s3_url

    @property
    def gemini_url(self) -> str:
        return f"{self.stage.origin}/gemini"

    @property
    def vertex_url(self) -> str:
        return f"{self.stage.origin}/vertex"

    def vertex_account(self, name: str = "studio", project: str = "sandbox-project") -> str:
        """The JSON of a service account for Vertex, whose tokens come from here. Takes a tenth of a second, once."""
        return self._vertex.tokens.account(name, project)

    @property
    def runway_url(self) -> str:
        return f"{self.stage.origin}/runway"

    @property
    def elevenlabs_url(self) -> str:
        return f"{self.stage.origin}/elevenlabs"

    @property
    def groq_url(self) -> str:
        return f"{self.stage.origin}/groq"

    @property
    def s3_url(self) -> str | None:
        """`None` before `start_s3`."""
        return self._s3_url

    @property
    def requests(self) -> list[LoggedRequest]:
        """Every request so far, in order of arrival."""
        return self.journal.requests

    def paid(self, service: str | None = None, *, accepted: bool = True) -> list[LoggedRequest]:
        """The paid POSTs that were accepted; with `accepted=False`, all that arrived, refused or not."""
        return [
            request
            for request in self.requests
            if request.paid and (request.accepted or not accepted) and service in {None, request.service}
        ]

    async def wait_for(self, predicate: Callable[[ProviderWorld], bool], within: float) -> None:
        """Wait until `predicate` holds; looked at whenever a request comes or is answered. Raises TimeoutError."""
        async with asyncio.timeout(within):
            await self.journal.wait_for(lambda: predicate(self))
