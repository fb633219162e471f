"""Faults on demand: what the next matching requests meet, and what happens to the gateway."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


class Effect(StrEnum):
    """How a faulty request ends."""

    ANSWER = "answer"
    RESET = "reset"
    HANG = "hang"


@dataclass(slots=True, kw_only=True)
class Fault:
    """Meets the next `times` requests that match `method` and `path` (a regular expression searched in the path).

    With `applied` the request takes effect first, and only its answer is lost or replaced. Without `via` the answer
    lacks the header by which discord.py tells Discord from Cloudflare. `text` stands in place of the JSON: under its
    name, or, with `is_page`, as the page of somebody on the way.
    """

    method: str = ".*"
    path: str = ""
    times: int = 1
    effect: Effect = Effect.ANSWER
    applied: bool = False
    status: int = 500
    body: dict[str, Any] = field(default_factory=lambda: {"message": "500: Internal Server Error", "code": 0})
    headers: dict[str, str] = field(default_factory=dict)
    via: bool = True
    text: str | None = None
    is_page: bool = False

    def matches(self, method: str, path: str) -> bool:
        return bool(self.times > 0 and re.fullmatch(self.method, method) and re.search(self.path, path))

    @property
    def name(self) -> str:
        what = str(self.status) if self.effect is Effect.ANSWER else str(self.effect)
        return f"{what} after applying" if self.applied else what


class Faults:
    """The script. Faults are met in the order they were added."""

    def __init__(
        self,
        *,
        drop_gateway: Callable[[], None],
        reconnect: Callable[[], None],
        forget_session: Callable[[], None],
        refuse_gateway: Callable[[int], None],
        close_gateway: Callable[[int], None],
        hush_gateway: Callable[[], None],
        echo_events: Callable[..., None],
    ) -> None:
        self._script: list[Fault] = []
        self._released = asyncio.Event()
        self.chance: Callable[[str, str], Fault | None] | None = None
        """Decides on a request that no script is for."""
        self.drop_gateway = drop_gateway
        """Cut every gateway socket without a close frame; the client will RESUME."""
        self.reconnect = reconnect
        """Send op 7 on every socket."""
        self.forget_session = forget_session
        """Cut every socket and forget its session: the RESUME that follows is answered by op 9."""
        self.refuse_gateway = refuse_gateway
        """Answer so many attempts to open a socket with 503."""
        self.close_gateway = close_gateway
        """Close every socket with this code, and those that try again until it is 0."""
        self.hush_gateway = hush_gateway
        """Acknowledge no heartbeat of the sockets that are open."""
        self.echo_events = echo_events
        """Tell of each message and interaction twice; with `stutter`, replay so many too many on a RESUME."""

    def add(self, fault: Fault) -> None:
        self._script.append(fault)

    def clear(self) -> None:
        """Forget what has not happened yet, and let hanging requests go."""
        self._script.clear()
        self._released.set()
        self._released = asyncio.Event()

    def meet(self, method: str, path: str) -> Fault | None:
        """The fault this request meets, used up by one."""
        for fault in self._script:
            if fault.matches(method, path):
                fault.times -= 1
                return fault
        return self.chance(method, path) if self.chance is not None else None

    async def hang(self) -> None:
        """Until `clear` or the end of the world."""
        await self._released.wait()

    def rate_limit(
        self,
        method: str,
        path: str,
        *,
        retry_after: float,
        times: int = 1,
        everywhere: bool = False,
        via: bool = True,
    ) -> None:
        """429. `everywhere` is Discord's global limit; without `via` it is Cloudflare's, which discord.py won't retry.

        `retry_after` in seconds. Source: discord-api-docs topics/rate-limits.mdx.
        """
        headers = {"Retry-After": str(retry_after), "X-RateLimit-Scope": "global" if everywhere else "user"}
        if everywhere:
            headers["X-RateLimit-Global"] = "true"
        body = {"message": "You are being rate limited.", "retry_after": retry_after, "global": everywhere}
        self.add(Fault(method=method, path=path, times=times, status=429, body=body, headers=headers, via=via))

    def answer(
        self,
        method: str,
        path: str,
        *,
        status: int,
        code: int = 0,
        message: str = "",
        times: int = 1,
        applied: bool = False,
    ) -> None:
        """A 5xx, 503, 413/40005 or any other refusal."""
        body = {"message": message or str(status), "code": code}
        self.add(Fault(method=method, path=path, times=times, applied=applied, status=status, body=body))

    def garble(self, method: str, path: str, *, status: int, text: str, is_page: bool = False, times: int = 1) -> None:
        """It takes effect, and is answered by something that is no JSON."""
        self.add(Fault(method=method, path=path, times=times, applied=True, status=status, text=text, is_page=is_page))

    def reset(self, method: str, path: str, *, applied: bool, times: int = 1) -> None:
        """Connection reset by peer (errno 104), before or after the request took effect."""
        self.add(Fault(method=method, path=path, times=times, applied=applied, effect=Effect.RESET))

    def hang_up(self, method: str, path: str, *, applied: bool, times: int = 1) -> None:
        """No answer until `clear()`; then the connection is reset."""
        self.add(Fault(method=method, path=path, times=times, applied=applied, effect=Effect.HANG))
