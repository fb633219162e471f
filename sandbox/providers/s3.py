"""S3 on loopback: moto's server in a process of its own, so that its work never stands in a loop's way.

moto checks no signatures; its buckets are made in us-east-1, for it knows no region "auto".
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import sys
from collections.abc import AsyncIterator

import aiohttp

_LISTENS = re.compile(r"Running on (http://127\.0\.0\.1:\d+)")


class NoStore(Exception):
    """moto's server did not come up."""


@contextlib.asynccontextmanager
async def s3_server(bucket: str) -> AsyncIterator[str]:
    """A server with an empty `bucket`; gives its URL, takes about two seconds to start."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0",
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stderr is not None
    try:
        url = await _address(process.stderr)
        async with aiohttp.ClientSession() as session, session.put(f"{url}/{bucket}") as answer:
            answer.raise_for_status()
        drain = asyncio.create_task(_drain(process.stderr))  # owned here: ended below, before the process is
        try:
            yield url
        finally:
            drain.cancel()
            await asyncio.gather(drain, return_exceptions=True)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _address(lines: asyncio.StreamReader) -> str:
    told = []
    async for line in lines:
        text = line.decode(errors="replace")
        if found := _LISTENS.search(text):
            return found[1]
        told.append(text)
    raise NoStore("".join(told)[-2000:])


async def _drain(lines: asyncio.StreamReader) -> None:
    """Read the access log away, lest the pipe fill and the server stand still."""
    async for _ in lines:
        pass
