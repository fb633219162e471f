"""The log of every request the services got, for tests that count and pages that show."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(slots=True, kw_only=True)
class LoggedRequest:
    """One request as it arrived.

    Attributes:
        path: as the service sees it, without the sandbox's prefix.
        query: as sent, without the question mark.
        body: the JSON body; `None` where there was none, or it was not JSON.
        at: Unix seconds of arrival.
        paid: it asks for something that costs money when accepted.
        accepted: the service did as asked, whether or not the answer got through.
        status: of the answer; `None` while there is none, or where it never came.
    """

    service: str
    account: str | None
    key: str
    method: str
    path: str
    query: str
    body: object
    at: float
    paid: bool = False
    accepted: bool = False
    status: int | None = None


class Journal:
    """The requests in order of arrival."""

    def __init__(self) -> None:
        self.requests: list[LoggedRequest] = []
        self._changed = asyncio.Condition()

    def add(self, request: LoggedRequest) -> None:
        self.requests.append(request)

    async def tell(self) -> None:
        """Wake those who wait for a change."""
        async with self._changed:
            self._changed.notify_all()

    async def wait_for(self, predicate: Callable[[], bool]) -> None:
        async with self._changed:
            await self._changed.wait_for(predicate)
