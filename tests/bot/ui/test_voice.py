"""What `/voice` answers to everybody, and what to whoever asked alone."""

from __future__ import annotations

from typing import Any

import discord
import pytest

from bot.db import Database
from bot.production.booth import NoRecording
from bot.studio.errors import Cap, OverBudget
from bot.ui.commands.voice import VoiceCommand
from tests.bot.studio.samples import OWNER
from tests.bot.ui.test_desk import Counter
from tests.bot.ui.test_sending import http

POOR = OverBudget(Cap.USER_DAY, left_microusd=120_000, needed_microusd=900_000, resets_at=0.0)


class Asked:
    """A use of the command. `calls` is what was asked of Discord, in order."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.id, self.guild_id, self.user = 1, 5, discord.Object(OWNER)
        self.response = self.followup = self
        self.calls: list[tuple[object, ...]] = []
        self.fault = fault

    async def defer(self, *, ephemeral: bool, thinking: bool) -> None:
        self.calls.append(("defer", ephemeral))

    async def edit_original_response(self, *, content: str) -> None:
        self.calls.append(("edit", content))
        if self.fault is not None:
            raise self.fault

    async def delete_original_response(self) -> None:
        self.calls.append(("delete",))

    async def send(self, words: str, *, ephemeral: bool) -> None:
        self.calls.append((words, ephemeral))


async def refused(database: Database, why: Exception, fault: Exception | None = None) -> list[tuple[object, ...]]:
    class Readings:
        async def read(self, **_: object) -> None:
            raise why

    readings: Any = Readings()
    asked: Any = Asked(fault)
    await VoiceCommand(Counter(database).desk, readings).speak(readings, asked, "Hello.", None)
    calls: list[tuple[object, ...]] = asked.calls
    return calls


FILLED = [("defer", False), ("edit", "Nothing was spoken.")]


@pytest.mark.parametrize(("why", "words"), [(POOR, "$0.12"), (NoRecording("KeyRejected"), "could not speak")])
@pytest.mark.parametrize("fault", [None, http(404, 10008)])
async def test_a_refusal_is_read_by_whoever_asked_alone(
    database: Database, why: Exception, words: str, fault: Exception | None
) -> None:
    *begun, (said, is_private), taken_away = await refused(database, why, fault)

    assert (begun, taken_away) == (FILLED, ("delete",))
    assert words in str(said)
    assert is_private


async def test_what_cannot_be_said_in_private_is_not_said_to_everybody(database: Database) -> None:
    assert await refused(database, POOR, http(400, 0)) == FILLED
