"""One Discord per test, in no hurry about rate limits; and a bot in it where a test asks for one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sandbox.discord.buckets import UNHURRIED
from sandbox.discord.world import DiscordWorld
from tests.sandbox.discord.clients import Bot, running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture
async def world() -> AsyncIterator[DiscordWorld]:
    async with DiscordWorld(rates=UNHURRIED) as world:
        yield world


@pytest.fixture
async def bot(world: DiscordWorld) -> AsyncIterator[Bot]:
    async with running(world.environ) as bot:
        yield bot
