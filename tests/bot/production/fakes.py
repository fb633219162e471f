"""A video provider that follows a script and counts what it was sent, a pool that notes what is asked of it, and an
engine without durability.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bot.app.pools import judge
from bot.jobs.engine import Engine, Step
from providers.credential import Credential
from providers.errors import ProviderError
from providers.video import Leaving, Operation, OperationState, Succeeded, VideoRequest, unheard
from ratelimit import ApiKey, KeyPool, Lease, Limits

NOT_A_CLIP = b"<html>sorry</html>"
UNLIMITED = Limits()


class NotingPool(KeyPool):
    """Lends as ever, and notes what each lease was asked for with."""

    def __init__(self, provider: str, *keys: str, limits: Limits = UNLIMITED) -> None:
        super().__init__(
            provider, [ApiKey(key, f"account-of-{key}", "fake-secret") for key in keys], limits=limits, judge=judge
        )
        self.asked: list[dict[str, Any]] = []

    def lease(self, **asked: Any) -> Lease:
        self.asked.append(asked)
        return super().lease(**asked)


class ScriptedStudio:
    """Accepts, looks and delivers as scripted; the last of each script goes on for ever.

    Attributes:
        orders: for each paid POST the prompt and the key's id.
        polls: what the next looks see.
        gate: an order waits for it before it is answered; `ordering` is set when one is waiting.
        looking: set at the first poll.
        prepares: seconds that an order takes before it leaves.
    """

    name = "runway"
    poll_interval = 0.3

    def __init__(
        self,
        clip: bytes,
        *,
        submits: Sequence[Operation | Exception | None] = (None,),
        polls: Sequence[OperationState | ProviderError] = (Succeeded(output="clip"),),
        fetches: Sequence[bytes | ProviderError | None] = (None,),
        prepares: float = 0.0,
    ) -> None:
        self.prepares = prepares
        self.orders: list[tuple[str, str]] = []
        self.requests: list[VideoRequest] = []
        self.looks: list[tuple[str, str]] = []
        self.cancelled: list[str] = []
        self.forgotten: list[str] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.ordering, self.looking = asyncio.Event(), asyncio.Event()
        self._clip = clip
        self._submits, self.polls, self._fetches = list(submits), list(polls), list(fetches)

    async def submit(self, request: VideoRequest, credential: Credential, leaves: Leaving = unheard) -> Operation:
        await asyncio.sleep(self.prepares)
        leaves()
        self.orders.append((request.prompt, credential.id))
        self.requests.append(request)
        number = len(self.orders)
        self.ordering.set()
        await self.gate.wait()
        answer = self._submits.pop(0) if len(self._submits) > 1 else self._submits[0]
        if isinstance(answer, Exception):
            raise answer
        return answer or Operation(id=f"op-{number}")

    async def poll(self, operation_id: str, credential: Credential) -> OperationState:
        self.looks.append((operation_id, credential.id))
        self.looking.set()
        answer = self.polls.pop(0) if len(self.polls) > 1 else self.polls[0]
        if isinstance(answer, ProviderError):
            raise answer
        return answer

    async def fetch(self, output: str, destination: Path, credential: Credential) -> None:
        answer = self._fetches.pop(0) if len(self._fetches) > 1 else self._fetches[0]
        if isinstance(answer, ProviderError):
            raise answer
        destination.write_bytes(self._clip if answer is None else answer)

    async def cancel(self, operation_id: str, credential: Credential) -> None:
        self.cancelled.append(operation_id)

    async def forget(self, operation_id: str, credential: Credential) -> None:
        self.forgotten.append(operation_id)

    async def close(self) -> None:
        """Nothing is open."""


class EndlessStudio(ScriptedStudio):
    """Answers one kind of request, `endless`, and never to the end; so many looks as there are `polls` go well."""

    def __init__(self, endless: str, *, polls: Sequence[OperationState | ProviderError] = ()) -> None:
        super().__init__(b"", polls=polls)
        self._endless, self._scripted = endless, len(polls)

    async def poll(self, operation_id: str, credential: Credential) -> OperationState:
        if self._endless == "poll" and len(self.looks) == self._scripted:
            await asyncio.Event().wait()
        return await super().poll(operation_id, credential)

    async def fetch(self, output: str, destination: Path, credential: Credential) -> None:
        if self._endless == "fetch":
            await asyncio.Event().wait()
        await super().fetch(output, destination, credential)

    async def cancel(self, operation_id: str, credential: Credential) -> None:
        await super().cancel(operation_id, credential)
        if self._endless == "cancel":
            await asyncio.Event().wait()


class NotingEngine(Engine):
    """Starts nothing: notes what it was asked to, and answers as told."""

    def __init__(self) -> None:
        super().__init__(Path("nowhere"))
        self.started: list[tuple[str, str]] = []
        self.cancelled: list[str] = []
        self.over: set[str] = set()
        self.forgotten: list[str] = []
        self.steps: dict[str, int] = defaultdict(int)

    async def start(self, name: str, workflow_id: str, subject: str) -> None:
        if (name, workflow_id) not in self.started:
            self.started.append((name, workflow_id))

    async def cancel(self, workflow_id: str) -> None:
        self.cancelled.append(workflow_id)

    async def was_started(self, workflow_id: str) -> bool:
        return workflow_id in {each for _, each in self.started}

    async def is_over(self, workflow_id: str) -> bool:
        return workflow_id in self.over or not await self.was_started(workflow_id)

    async def forget(self, workflow_id: str) -> None:
        self.forgotten.append(workflow_id)

    async def is_new(self, change: str) -> bool:
        return True

    async def step(self, name: str, work: Step, subject: str) -> str:
        self.steps[name] += 1
        return await work(subject)
