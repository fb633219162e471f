"""The whole outside world on loopback, and a bot's settings that lead there."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from sandbox.discord.world import DiscordWorld
from sandbox.providers.world import ProviderWorld

#: A key's middle word is the account whose limits it shares.
KEYS = {
    "GEMINI_API_KEYS": "ana:sandbox-gemini-ana-1,ana:sandbox-gemini-ana-2,ben:sandbox-gemini-ben-1",
    "VERTEX_API_KEYS": "ana:sandbox-vertex-ana-1",
    "RUNWAY_API_KEYS": "ana:sandbox-runway-ana-1,ben:sandbox-runway-ben-1",
    "ELEVENLABS_API_KEYS": "ana:sandbox-elevenlabs-ana-1",
    "GROQ_API_KEYS": "ana:sandbox-groq-ana-1",
}


class World:
    """Discord and every provider, while the `async with` block lasts. Keeps its files in `directory`."""

    def __init__(self, discord: DiscordWorld, providers: ProviderWorld) -> None:
        self.discord = discord
        self.providers = providers
        self._exits = AsyncExitStack()

    @classmethod
    def of(cls, directory: Path, *, pace: float) -> World:
        """A world of everyday speed: `pace` seconds a clip."""
        return cls(DiscordWorld(), ProviderWorld(pace=pace, directory=directory))

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as exits:
            await exits.enter_async_context(self.discord)
            await exits.enter_async_context(self.providers)
            self._exits = exits.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._exits.__aexit__(kind, error, trace)

    def environ(self, data_dir: Path) -> dict[str, str]:
        """The variables of a bot that lives in this world and keeps its data in `data_dir`."""
        addresses: Mapping[str, str] = {
            "GEMINI_BASE_URL": self.providers.gemini_url,
            "VERTEX_BASE_URL": self.providers.vertex_url,
            "RUNWAY_BASE_URL": self.providers.runway_url,
            "ELEVENLABS_BASE_URL": self.providers.elevenlabs_url,
            "GROQ_BASE_URL": self.providers.groq_url,
        }
        everybody_is_of_age = {"AGE_CONFIRMATION": "none"}
        nobody_watches = {"OPS_PORT": "0"}  # several bots of one machine would want the same
        told = {**everybody_is_of_age, **nobody_watches, "DATA_DIR": str(data_dir)}
        return {**self.discord.environ, **KEYS, **addresses, **told}
