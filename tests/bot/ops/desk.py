"""A server of a bench on a port of its own, and what its page on documentation promises."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from bot.ops.readiness import Question
from bot.ops.server import OpsServer
from bot.settings import OpsSettings
from bot.status.samples import Samples
from tests.bot.status.bench import Bench
from tests.bot.waiting import until

TOKEN = "a-token-of-twenty-four-characters"
_DOCS = Path(__file__).parents[3] / "docs" / "http.md"


def schemas() -> dict[str, dict[str, Any]]:
    """The schemas of docs/http.md, by name."""
    found = re.findall(r"```json schema=(\S+)\n(.*?)```", _DOCS.read_text(encoding="utf-8"), re.DOTALL)
    return {name: json.loads(text) for name, text in found}


def settings(port: int = 0, token: str | None = None, names: tuple[str, ...] = ()) -> OpsSettings:
    return OpsSettings(host="127.0.0.1", port=port, token=token, names=frozenset(names))


@asynccontextmanager
async def serving(
    bench: Bench,
    told: OpsSettings | None = None,
    questions: Mapping[str, Question] | None = None,
    *,
    event_every: float = 0.05,
    read_within: float = 10.0,
) -> AsyncIterator[str]:
    """The server's address while it serves."""
    server = OpsServer(
        told or settings(),
        bench.collector,
        Samples(bench.database, clock=lambda: bench.now),
        bench.pools,
        questions or {},
        event_every=event_every,
        read_within=read_within,
    )
    async with asyncio.TaskGroup() as group:
        running = group.create_task(server.run())

        async def is_open() -> bool:
            return server.port is not None

        await until(is_open)
        yield f"http://127.0.0.1:{server.port}"
        running.cancel()


async def fetch(url: str, **headers: str) -> tuple[int, Any, Mapping[str, str]]:
    """Status, body (read as JSON where it is), headers."""
    within = aiohttp.ClientTimeout(total=20)
    async with (
        aiohttp.ClientSession(timeout=within) as session,
        session.get(url, headers=headers, allow_redirects=False) as answer,
    ):
        is_json = answer.content_type == "application/json"
        return answer.status, await (answer.json() if is_json else answer.text()), answer.headers
