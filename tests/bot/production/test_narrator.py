"""Voices: paid once, and never the end of a film."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.app.pools import judge
from bot.db import Database
from bot.jobs.ledger import CallState, Ledger
from bot.production.narrator import Narrator, voice_path
from bot.storage.files import Files
from providers.credential import Credential
from providers.errors import InvalidRequest, KeyRejected, OutcomeUnknown, ProviderError
from providers.speech import Speech
from ratelimit import Allowance, ApiKey, KeyPool, Limit, Limits
from tests.bot.production.test_productions import Office
from tests.bot.studio.samples import CATALOGUE, shot

UNLIMITED = Limits()
NARRATED = shot(narration="Once there was a koi.")


class ScriptedVoice:
    name = "elevenlabs"

    def __init__(self, failure: ProviderError | None = None) -> None:
        self.spoken: list[str] = []
        self.speaking, self.gate = asyncio.Event(), asyncio.Event()
        self.gate.set()
        self._failure = failure

    async def speak(self, text: str, destination: Path, credential: Credential) -> Speech:
        self.spoken.append(text)
        self.speaking.set()
        await self.gate.wait()
        if self._failure is not None:
            raise self._failure
        destination.write_bytes(b"mp3")
        return Speech(path=destination, characters=10)

    async def close(self) -> None:
        """Nothing is open."""


class Booth(Office):
    def __init__(self, database: Database, folder: Path, voice: ScriptedVoice, limits: Limits = UNLIMITED) -> None:
        super().__init__(database)
        self.ledger = Ledger(database)
        self.files = Files(folder)
        keys = [ApiKey("voice-1", "a", "fake-secret")]
        self.pool = KeyPool("elevenlabs", keys, limits=limits, judge=judge, skew=0.0)
        self.narrator = Narrator(voice, self.pool, self.ledger, self.files, model=CATALOGUE.speech[0])

    async def speak(self, times: int = 1) -> list[tuple[CallState, bool, int]]:
        project = await self.film()
        production = await self.accept(project.id)
        for _ in range(times):
            await self.narrator.speak(production, project, 1, NARRATED)
        self.path = voice_path(self.files, project.id, NARRATED)
        calls = await self.ledger.calls_of(production.id)
        return [(call.state, call.open, call.price_microusd) for call in calls]


async def test_a_line_is_spoken_once_and_paid_as_charged(database: Database, tmp_path: Path) -> None:
    voice = ScriptedVoice()
    booth = Booth(database, tmp_path, voice)

    calls = await booth.speak(times=2)

    assert calls == [(CallState.DONE, False, 800)]
    assert voice.spoken == [NARRATED.narration]
    assert booth.path.read_bytes() == b"mp3"


@pytest.mark.parametrize(
    ("failure", "state"),
    [
        (OutcomeUnknown("elevenlabs"), CallState.UNKNOWN),
        (InvalidRequest("elevenlabs"), CallState.REFUSED),
        (KeyRejected("elevenlabs"), CallState.REFUSED),
    ],
)
async def test_a_voice_that_cannot_be_had_leaves_the_shot_silent(
    database: Database, tmp_path: Path, failure: ProviderError, state: CallState
) -> None:
    booth = Booth(database, tmp_path, ScriptedVoice(failure))

    assert [each[0] for each in await booth.speak()] == [state]
    assert not booth.path.exists()


async def test_an_unanswered_line_is_not_spoken_again(database: Database, tmp_path: Path) -> None:
    voice = ScriptedVoice(OutcomeUnknown("elevenlabs"))

    await Booth(database, tmp_path, voice).speak(times=3)

    assert len(voice.spoken) == 1


async def test_a_line_counts_against_its_limit_from_when_it_leaves(database: Database, tmp_path: Path) -> None:
    voice = ScriptedVoice()
    voice.gate.clear()
    booth = Booth(database, tmp_path, voice, Limits(account=Allowance(rates=(Limit(1, period=0.01),))))
    async with asyncio.TaskGroup() as group:
        group.create_task(booth.speak())
        await voice.speaking.wait()
        try:
            async with asyncio.timeout(5.0), booth.pool.lease(user="another"):
                pass  # although the first is still being spoken
        finally:
            voice.gate.set()


async def test_an_unanswered_line_speaks_neither_for_its_key_nor_against_it(database: Database, tmp_path: Path) -> None:
    booth = Booth(database, tmp_path, ScriptedVoice(OutcomeUnknown("elevenlabs")))

    await booth.speak()

    (key,) = booth.pool.view().keys
    assert (key.served, key.refused) == (0, 0)


async def test_a_line_cancelled_while_it_is_spoken_leaves_no_room_taken(database: Database, tmp_path: Path) -> None:
    voice = ScriptedVoice()
    voice.gate.clear()
    booth = Booth(database, tmp_path, voice)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(booth.speak())
        await voice.speaking.wait()
        task.cancel()
        voice.gate.set()

    assert task.cancelled()
    assert await booth.ledger.open_calls() == []
