"""Texts spoken apart from any film: once for the same words, and never ordered twice for one request."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.db import Database
from bot.jobs.ledger import Ledger
from bot.production.booth import Booth, NoRecording
from bot.production.readings import Readings
from bot.storage.files import Files
from bot.studio.budget import Budgets
from bot.studio.errors import NothingToSay, OverBudget
from bot.studio.guilds import Share
from providers.errors import OutcomeUnknown
from providers.speech import Voice
from tests.bot.production.fakes import NotingPool
from tests.bot.production.test_sound import ScriptedSounds
from tests.bot.studio.samples import CATALOGUE

ARIA = Voice(id="a1", name="Aria")


class Room:
    def __init__(self, database: Database, folder: Path, sounds: ScriptedSounds) -> None:
        self.pool = NotingPool("elevenlabs", "voice-1")
        booth = Booth(self.pool, Ledger(database))
        self.readings = Readings(sounds, booth, Files(folder), database, Budgets(database), model=CATALOGUE.speech[0])


async def test_a_text_is_spoken_and_the_same_words_again_cost_nothing(database: Database, tmp_path: Path) -> None:
    sounds = ScriptedSounds(b"mp3")
    readings = Room(database, tmp_path, sounds).readings

    first = await readings.read(request_id="1", user_id=7, text=" Hello  there ", voice=ARIA)
    again = await readings.read(request_id="2", user_id=7, text="Hello there", voice=ARIA)
    other = await readings.read(request_id="3", user_id=7, text="Hello there", voice=None)

    assert (first.text, first.voice, first.price_microusd, again.price_microusd) == ("Hello there", "Aria", 800, 0)
    assert first.path == again.path != other.path
    assert sounds.made == ["a1: Hello there", "house: Hello there"]


async def test_an_unanswered_request_is_not_ordered_again(database: Database, tmp_path: Path) -> None:
    sounds = ScriptedSounds(b"", OutcomeUnknown("elevenlabs"))
    readings = Room(database, tmp_path, sounds).readings

    for _ in range(2):
        with pytest.raises(NoRecording, match="OutcomeUnknown"):
            await readings.read(request_id="1", user_id=7, text="Hello", voice=None)

    assert len(sounds.made) == 1


async def test_words_that_are_none_cost_nothing(database: Database, tmp_path: Path) -> None:
    sounds = ScriptedSounds(b"")

    with pytest.raises(NothingToSay):
        await Room(database, tmp_path, sounds).readings.read(request_id="1", user_id=7, text=" \u200b ", voice=None)

    assert sounds.made == []


async def test_what_a_server_lets_a_member_spend_bounds_readings_too(database: Database, tmp_path: Path) -> None:
    sounds = ScriptedSounds(b"mp3")
    readings = Room(database, tmp_path, sounds).readings

    with pytest.raises(OverBudget):
        await readings.read(
            request_id="1", user_id=7, text="Hello", voice=None, guild_id=5, share=Share(day_microusd=1)
        )

    assert sounds.made == []


async def test_a_reading_has_the_share_of_the_keys_that_a_members_roles_give(
    database: Database, tmp_path: Path
) -> None:
    room = Room(database, tmp_path, ScriptedSounds(b"mp3"))

    await room.readings.read(request_id="1", user_id=7, text="Hello", voice=None, guild_id=5, share=Share(weight=2.0))

    assert [(each["user"], each["weight"]) for each in room.pool.asked] == [("7", 2.0)]
