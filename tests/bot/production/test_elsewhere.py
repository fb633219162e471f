"""A film that one machine begins and another finishes, each with a folder of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.app.pools import judge
from bot.db import Database
from bot.jobs.ledger import CallState, Ledger
from bot.media.ffmpeg import Ffmpeg, find_ffmpeg
from bot.production.booth import Booth
from bot.production.model import ProductionState
from bot.production.sound import SoundMaker
from bot.storage.errors import ObjectMissing
from bot.storage.files import Files
from bot.storage.objects import ObjectStore
from bot.studio.casting import cast
from bot.studio.model import ShotStart
from providers.video import Running, Succeeded
from ratelimit import ApiKey, KeyPool, Limits
from sandbox.providers.voice import speak as sandbox_voice
from tests.bot.production.fakes import ScriptedStudio
from tests.bot.production.test_film import Workshop
from tests.bot.production.test_sound import OFFER, ScriptedSounds
from tests.bot.storage.test_objects import endpoint, open_store
from tests.bot.studio.samples import CATALOGUE, plan, shot
from tests.bot.waiting import until

__all__ = ["endpoint"]


@pytest.fixture
async def store(endpoint: str) -> AsyncIterator[ObjectStore]:
    opened = open_store(endpoint)
    yield opened
    await opened.close()


def sound_maker(files: Files, ledger: Ledger, sounds: ScriptedSounds) -> SoundMaker:
    pool = KeyPool("elevenlabs", [ApiKey("key-2", "b", "fake-secret")], limits=Limits(), judge=judge)
    return SoundMaker(sounds, sounds, Booth(pool, ledger), files, Ffmpeg(find_ffmpeg()), OFFER)


class Machine(Workshop):
    """A worker of its own folder; its services answer as scripted."""

    def __init__(
        self, database: Database, folder: Path, store: ObjectStore, studio: ScriptedStudio, sounds: ScriptedSounds
    ) -> None:
        super().__init__(
            database,
            folder,
            studio=studio,
            store=store,
            sounds=lambda files, ledger: sound_maker(files, ledger, sounds),
        )


async def test_a_film_is_finished_elsewhere_and_posted_from_a_third_place(
    database: Database, tmp_path: Path, store: ObjectStore, plain: Path
) -> None:
    clip = plain.read_bytes()
    voice = (await sandbox_voice("Once there was a koi.", "x", ["-f", "mp3"])).audio
    first = ScriptedStudio(clip, polls=(Succeeded(output="clip"), Running(progress=None)))
    second = ScriptedStudio(clip)
    spoken = [ScriptedSounds(voice), ScriptedSounds(voice)]
    ana = Machine(database, tmp_path / "ana", store, first, spoken[0])
    ben = Machine(database, tmp_path / "ben", store, second, spoken[1])
    production = await ana.begun_with(
        shot("One", narration="Once there was a koi."), shot("Two", start=ShotStart.PREVIOUS)
    )

    begun = asyncio.create_task(ana.maker.film(production.id))

    async def second_shot_runs() -> bool:
        return len(first.looks) == 2

    await until(second_shot_runs)
    begun.cancel()
    await asyncio.gather(begun, return_exceptions=True)
    await ben.maker.film(production.id)

    ended = await ben.productions.get(production.id)
    assert ended.state is ProductionState.DONE
    assert ended.notes == ()
    assert (len(first.orders), len(second.orders)) == (2, 0)
    assert {operation for operation, _ in second.looks} == {"op-2"}  # what was made before came from the store
    assert (len(spoken[0].made), len(spoken[1].made)) == (1, 0)
    gateway = Files(tmp_path / "gateway", store=store)
    film = gateway.artefact(production.project_id, f"film-{production.id}.mp4")
    assert await gateway.here(film)
    assert film.read_bytes() == ben.files.artefact(production.project_id, film.name).read_bytes()


class Noting(ObjectStore):
    """Takes everything, and notes how the orders stand by then."""

    def __init__(self, ledger: Ledger) -> None:
        self.seen: list[tuple[str, list[CallState]]] = []
        self.job = ""
        self._ledger = ledger

    async def get(self, key: str, file: Path) -> None:
        raise ObjectMissing(key)

    async def put(self, file: Path, key: str, *, content_type: str = "video/mp4", sha256: str | None = None) -> None:
        self.seen.append((file.suffix, [call.state for call in await self._ledger.calls_of(self.job)]))

    async def names(self, prefix: str) -> frozenset[str]:
        return frozenset()


async def test_a_recording_is_stored_before_its_order_is_closed(database: Database, tmp_path: Path) -> None:
    workshop = Workshop(database, tmp_path)
    voice = (await sandbox_voice("Once there was a koi.", "x", ["-f", "mp3"])).audio
    store = Noting(workshop.ledger)
    script = plan(shot(narration="Once there was a koi."))
    production = await workshop.begun()
    store.job = production.id
    sounds = sound_maker(Files(tmp_path, store=store), workshop.ledger, ScriptedSounds(voice))

    await sounds.narrate(production, script, cast(script, CATALOGUE))

    assert store.seen == [(".json", [CallState.INTENT]), (".mp3", [CallState.INTENT])]
