"""For what tells of itself only in a row, a file or another process."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable


async def until(condition: Callable[[], Awaitable[bool]], *, within: float = 20.0, every: float = 0.002) -> None:
    """Look every so many seconds of the running loop until it is so. Raises `TimeoutError`."""
    async with asyncio.timeout(within):
        while not await condition():  # noqa: ASYNC110  # there is no event to wait for
            await asyncio.sleep(every)
