"""Narration, noises and music of a film: kept by their words, left out with a note where they cannot be had."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import pytest

from bot.app.pools import judge
from bot.db import Database
from bot.jobs.ledger import Ledger
from bot.media.ffmpeg import Ffmpeg, find_ffmpeg
from bot.production.booth import Booth
from bot.production.notes import Note, NoteKind
from bot.production.sound import SoundMaker, music_path, read_words, voice_path
from bot.storage.files import Files
from bot.studio.casting import cast
from bot.studio.model import Plan
from bot.studio.soundtrack import SoundOffer, soundtrack, voice_name
from providers.credential import Credential
from providers.errors import OutcomeUnknown, ProviderError, QuotaExhausted, Unavailable
from providers.speech import Sound, Speech, TimedWord, Voice
from ratelimit import ApiKey, KeyPool, Limits
from sandbox.providers.voice import speak as sandbox_voice
from tests.bot.production.test_productions import Office
from tests.bot.studio.samples import CATALOGUE, plan, shot

OFFER = SoundOffer(voice=CATALOGUE.speech[0], music=CATALOGUE.music[0], effects=CATALOGUE.sound[0])
SPOKEN = "Once there was a koi."


class ScriptedSounds:
    """Speaks, plays and rustles with one recording, or fails."""

    name = "elevenlabs"

    def __init__(self, recording: bytes, failure: ProviderError | None = None) -> None:
        self.made: list[str] = []
        self._recording = recording
        self._failure = failure

    async def speak(
        self,
        text: str,
        destination: Path,
        credential: Credential,
        *,
        voice: str | None = None,
        model: str | None = None,
    ) -> Speech:
        self._make(f"{voice or 'house'}: {text}", destination)
        return Speech(path=destination, characters=10, words=(TimedWord(text="Once", start=0.0, end=0.3),))

    async def find(
        self,
        text: str,
        destination: Path,
        credential: Credential,
        *,
        since: float,
        others: Collection[str] = (),
        voice: str | None = None,
    ) -> Speech | None:
        raise Unavailable("elevenlabs")

    async def voices(self, credential: Credential, *, search: str = "", limit: int = 25) -> list[Voice]:
        return []

    async def effect(self, prompt: str, seconds: float, destination: Path, credential: Credential) -> Sound:
        self._make(f"{prompt} for {seconds:g} s", destination)
        return Sound(path=destination)

    async def compose(self, prompt: str, seconds: float, destination: Path, credential: Credential) -> Sound:
        self._make(f"{prompt} for {seconds:g} s", destination)
        return Sound(path=destination)

    async def close(self) -> None:
        """Nothing is open."""

    def _make(self, what: str, destination: Path) -> None:
        self.made.append(what)
        if self._failure is not None:
            raise self._failure
        destination.write_bytes(self._recording)


class Stage(Office):
    def __init__(self, database: Database, folder: Path, sounds: ScriptedSounds) -> None:
        super().__init__(database)
        self.files = Files(folder)
        pool = KeyPool("elevenlabs", [ApiKey("voice-1", "a", "fake-secret")], limits=Limits(), judge=judge)
        booth = Booth(pool, Ledger(database))
        self.maker = SoundMaker(sounds, sounds, booth, self.files, Ffmpeg(find_ffmpeg()), OFFER)

    async def perform(self, film: Plan, times: int = 1, kept: Collection[str] = ()) -> list[Note]:
        """Narrate and accompany a plan in one production, so many times; the last notes. `kept` is not in its price."""
        project = await self.film()
        production = await self.accept(project.id)
        castings = cast(film, CATALOGUE)
        production = replace(production, kept_sounds=tuple(kept))
        for _ in range(times):
            notes = await self.maker.narrate(production, film, castings)
            notes += await self.maker.accompany(production, film, castings)
        self.project_id = project.id
        self.castings = castings
        return notes


@pytest.fixture(scope="module")
def recording() -> bytes:
    return asyncio.run(sandbox_voice(SPOKEN, "x", ["-f", "mp3"])).audio


async def test_everything_is_made_once_and_kept_by_its_words(
    database: Database, tmp_path: Path, recording: bytes
) -> None:
    sounds = ScriptedSounds(recording)
    stage = Stage(database, tmp_path, sounds)
    film = plan(shot(narration=SPOKEN, sound="rain"), shot(narration=SPOKEN), music="slow piano", voice="Aria1")

    notes = await stage.perform(film, times=2)

    assert notes == []
    assert sounds.made == [f"Aria1: {SPOKEN}", "rain for 5 s", "slow piano for 10 s"]
    spoken = voice_path(stage.files, stage.project_id, "Aria1", SPOKEN)
    assert spoken.read_bytes() == recording
    assert read_words(spoken) == (TimedWord(text="Once", start=0.0, end=0.3),)
    assert music_path(stage.files, stage.project_id, film, stage.castings).exists()


async def test_what_cannot_be_had_is_left_out_and_noted(database: Database, tmp_path: Path) -> None:
    stage = Stage(database, tmp_path, ScriptedSounds(b"", QuotaExhausted("elevenlabs")))
    film = plan(shot(narration=SPOKEN, sound="rain"), music="slow piano")

    notes = await stage.perform(film)

    assert {note.kind for note in notes} == {NoteKind.VOICE_MISSING, NoteKind.EFFECT_MISSING, NoteKind.MUSIC_MISSING}


async def test_a_kept_recording_whose_file_is_gone_is_not_ordered_unpaid(
    database: Database, tmp_path: Path, recording: bytes
) -> None:
    sounds = ScriptedSounds(recording)
    film = plan(shot(narration=SPOKEN, sound="rain"), shot(narration="More"), music="slow piano")
    heard = soundtrack(film, cast(film, CATALOGUE), OFFER)
    paid_now = next(each.name for each in heard if each.name == voice_name("", "More"))

    notes = await Stage(database, tmp_path, sounds).perform(film, kept={each.name for each in heard} - {paid_now})

    assert sounds.made == ["house: More"]
    assert {(note.kind, note.reason) for note in notes if note.kind is not NoteKind.PICTURE_HELD} == {
        (NoteKind.VOICE_MISSING, "KeptFileGone"),
        (NoteKind.EFFECT_MISSING, "KeptFileGone"),
        (NoteKind.MUSIC_MISSING, "KeptFileGone"),
    }


async def test_an_unanswered_line_stays_missing_when_the_work_is_done_again(database: Database, tmp_path: Path) -> None:
    sounds = ScriptedSounds(b"", OutcomeUnknown("elevenlabs"))

    notes = await Stage(database, tmp_path, sounds).perform(plan(shot(narration=SPOKEN)), times=3)

    assert notes == [Note(kind=NoteKind.VOICE_MISSING, shot=1, reason="OutcomeUnknown")]
    assert len(sounds.made) == 1


async def test_what_is_no_sound_is_thrown_away(database: Database, tmp_path: Path) -> None:
    stage = Stage(database, tmp_path, ScriptedSounds(b"<html>sorry</html>"))

    notes = await stage.perform(plan(shot(narration=SPOKEN)))

    assert notes == [Note(kind=NoteKind.VOICE_MISSING, shot=1, reason="UnusableSound")]
    assert not voice_path(stage.files, stage.project_id, "", SPOKEN).exists()


async def test_a_line_longer_than_its_shot_is_noted_with_how_long_the_picture_stands(
    database: Database, tmp_path: Path
) -> None:
    long = " ".join(["Once there was a koi that wanted to be a dragon."] * 4)
    recording = (await sandbox_voice(long, "x", ["-f", "mp3"])).audio

    (note,) = await Stage(database, tmp_path, ScriptedSounds(recording)).perform(plan(shot(narration=long, duration=2)))

    assert (note.kind, note.shot) == (NoteKind.PICTURE_HELD, 1)
    assert note.seconds is not None
    assert note.seconds > 1.0


async def test_a_model_that_makes_its_own_sound_needs_no_noises(database: Database, tmp_path: Path) -> None:
    sounds = ScriptedSounds(b"")

    await Stage(database, tmp_path, sounds).perform(plan(shot(sound="rain"), model="gemini-omni-1.2-flash"))

    assert sounds.made == []
