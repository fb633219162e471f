"""`python -m benchmarks.proof.runner ORDERS run`: the bot, but it ends itself with SIGKILL at a chosen step.

A step is a place where the bot touches the world: a commit (before and after), an HTTP request (before it is sent and
after its answer), a file's renaming. Nothing counts until the file ORDERS exists; it holds the number of the step to
die at, or a step's name: the first of that name. Each step is noted in ORDERS.steps before it is taken, so that whoever
reads knows where it died.
"""

from __future__ import annotations

import os
import re
import signal
import sys
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import httpx2
from sqlalchemy import Connection, event
from sqlalchemy.engine import Engine
from yarl import URL

from benchmarks.proof.small_bot import shrink
from bot.__main__ import main
from bot.db import Database, Transaction

_WRITES = re.compile(r"\s*(INSERT INTO|UPDATE|DELETE FROM)\s+(\S+)", re.IGNORECASE)
_WROTE = "proof_wrote"
_IDS = re.compile(r"simcord_\w+|[0-9a-f-]{16,}|\d{6,}")


class Steps:
    """Counts the steps, from any thread, and dies at the one that was ordered."""

    def __init__(self, orders: Path) -> None:
        self._orders = orders
        self._lock = threading.Lock()
        self._taken = 0
        self._last: str | None = None
        self._notes = -1

    def take(self, name: str) -> None:
        with self._lock:
            if self._last is None:
                try:
                    self._last = self._orders.read_text()
                except FileNotFoundError:
                    return
                notes = self._orders.with_suffix(".steps")
                self._notes = os.open(notes, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            self._taken += 1
            os.write(self._notes, f"{name}\n".encode())
            if self._last in {name, str(self._taken)}:
                os.kill(os.getpid(), signal.SIGKILL)


def watch(steps: Steps) -> None:
    """Put a step before and after everything that touches the world."""
    _watch_commits(steps)
    for module in (httpx, httpx2):
        transport: Any = module.AsyncHTTPTransport
        sends = transport.handle_async_request
        transport.handle_async_request = _requesting(steps, sends, lambda a: (a[1].method, a[1].url.path))
    session: Any = aiohttp.ClientSession
    session._request = _requesting(steps, session._request, lambda a: (a[1], URL(a[2]).path))  # noqa: SLF001
    sys.addaudithook(lambda name, arguments: _renaming(steps, name, arguments))


def _watch_commits(steps: Steps) -> None:
    def note_write(connection: Connection, _: object, statement: str, *__: object) -> None:
        if found := _WRITES.match(statement):
            connection.info[_WROTE] = f"{found[1].split()[0].lower()} {found[2]}"

    def commits(connection: Connection) -> None:
        wrote = connection.info.get(_WROTE)
        if wrote is not None:
            steps.take(f"before commit: {wrote}")

    event.listen(Engine, "before_cursor_execute", note_write)
    event.listen(Engine, "commit", commits)
    lend = Database.transaction

    @asynccontextmanager
    async def transaction(self: Database) -> AsyncIterator[Transaction]:
        wrote: object = None
        async with lend(self) as lent:
            (await lent.get_raw_connection()).info.pop(_WROTE, None)
            yield lent
            wrote = (await lent.get_raw_connection()).info.get(_WROTE)
        if wrote is not None:
            steps.take(f"after commit: {wrote}")

    Database.transaction = transaction  # type: ignore[method-assign]


def _requesting(
    steps: Steps, send: Callable[..., Awaitable[Any]], of: Callable[[tuple[Any, ...]], tuple[str, str]]
) -> Callable[..., Awaitable[Any]]:
    async def request(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401  # whatever the library passes
        method, address = of(arguments)
        name = f"{method} {_IDS.sub('…', address)[-60:]}"
        steps.take(f"before {name}")
        answer = await send(*arguments, **options)
        steps.take(f"after {name}")
        return answer

    return request


def _renaming(steps: Steps, name: str, arguments: tuple[Any, ...]) -> None:
    if name == "os.rename":
        steps.take(f"before rename to {_IDS.sub('…', str(arguments[1]))[-40:]}")


if __name__ == "__main__":
    shrink()
    watch(Steps(Path(sys.argv.pop(1))))
    sys.exit(main())
