"""An SDK's clients, one for each key."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

from providers.credential import Credential

Client = TypeVar("Client")


class ClientPerKey(Generic[Client]):
    """Builds each key's client once, in a thread: importing an SDK and building its client is a second of work.

    A key whose secret changed gets a new one. `build` takes the secret.
    """

    def __init__(self, build: Callable[[str], Client]) -> None:
        self._build = build
        self._clients: dict[tuple[str, str], Client] = {}
        self._building = asyncio.Lock()

    async def of(self, credential: Credential) -> Client:
        """The client of this key, built on first use."""
        held = (credential.id, credential.secret)
        if held not in self._clients:
            async with self._building:
                if held not in self._clients:
                    self._clients[held] = await asyncio.to_thread(self._build, credential.secret)
        return self._clients[held]

    def forget(self) -> list[Client]:
        """Let go of them all; whoever opened something with one closes it."""
        clients, self._clients = list(self._clients.values()), {}
        return clients
