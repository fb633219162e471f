"""Makes what a film lets hear beside its clips: narration, noises and music, each kept under a name of its own words.

What was recorded once is not recorded again; what cannot be had leaves the film without it, and is told.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Collection
from dataclasses import asdict
from pathlib import Path

from bot.media.errors import MediaError
from bot.media.ffmpeg import Ffmpeg
from bot.media.fit import sound_duration
from bot.production.booth import Booth, Find, Kept, NoRecording, Record, Recording
from bot.production.model import Production
from bot.production.notes import Note, NoteKind
from bot.storage.files import Files
from bot.studio.casting import Casting
from bot.studio.model import Plan
from bot.studio.soundtrack import (
    SoundOffer,
    effect_name,
    effect_price,
    has_effect,
    music_name,
    music_seconds,
    voice_name,
)
from providers.catalogue import SpeechModel
from providers.speech import SoundProvider, Speech, SpeechProvider, TimedWord
from ratelimit import ApiKey

logger = logging.getLogger(__name__)

#: Seconds of a noise that the service can make: ElevenLabs, 2026-08.
EFFECT_SECONDS = (0.5, 30.0)


class SoundMaker:
    """Has things spoken, played and rustled. What is not on offer is left out without a word: the plan said so."""

    def __init__(
        self,
        speech: SpeechProvider,
        sounds: SoundProvider | None,
        booth: Booth,
        files: Files,
        ffmpeg: Ffmpeg,
        offer: SoundOffer,
    ) -> None:
        self._speech = speech
        self._sounds = sounds
        self._booth = booth
        self._files = files
        self._ffmpeg = ffmpeg
        self._offer = offer

    async def narrate(self, production: Production, plan: Plan, castings: tuple[Casting, ...]) -> list[Note]:
        """Record every line of a plan; the notes tell which are missing, and which go on behind their picture."""
        notes: list[Note] = []
        if self._offer.voice is None:
            return notes
        busy = ""
        for casting in castings:
            if not casting.shot.narration:
                continue
            try:
                if busy:  # the service has no room for us: the film does not wait for each line anew
                    raise NoRecording(busy)
                seconds = await self._line(production, plan.voice, casting)
            except NoRecording as missing:
                busy = missing.reason if missing.is_busy else busy
                notes.append(Note(kind=NoteKind.VOICE_MISSING, shot=casting.number, reason=missing.reason))
            else:
                if (over := seconds - casting.duration) > 0.05:
                    notes.append(Note(kind=NoteKind.PICTURE_HELD, shot=casting.number, seconds=round(over, 1)))
        return notes

    async def accompany(self, production: Production, plan: Plan, castings: tuple[Casting, ...]) -> list[Note]:
        """Make the noises of the shots whose model makes none, and the music; the notes tell what is missing."""
        notes: list[Note] = []
        if self._sounds is None:
            return notes
        for casting in castings:
            if self._offer.effects is not None and has_effect(casting):
                try:
                    await self._effect(production, casting)
                except NoRecording as missing:
                    notes.append(Note(kind=NoteKind.EFFECT_MISSING, shot=casting.number, reason=missing.reason))
        if self._offer.music is not None and plan.music:
            try:
                await self._music(production, plan, castings)
            except NoRecording as missing:
                notes.append(Note(kind=NoteKind.MUSIC_MISSING, reason=missing.reason))
        return notes

    async def _line(self, production: Production, voice: str, casting: Casting) -> float:
        """Record one line; its length in seconds."""
        model = self._offer.voice
        assert model is not None
        text = casting.shot.narration
        path = voice_path(self._files, production.project_id, voice, text)

        async def record(key: ApiKey) -> Kept:
            unchecked = path.with_name(f"{path.stem}-{casting.number}-new.mp3")
            speech = await self._speech.speak(text, unchecked, key, voice=voice or None, model=model.id)
            # The times first: where the recording lies, they lie beside it.
            await asyncio.to_thread(_write_words, words_path(path), speech.words)
            await asyncio.to_thread(unchecked.replace, path)
            await self._share_at_once(path)
            return kept(speech, model)

        async def find(key: ApiKey, since: float, others: Collection[str]) -> Kept | None:
            unchecked = path.with_name(f"{path.stem}-{casting.number}-new.mp3")
            speech = await self._speech.find(text, unchecked, key, since=since, others=others, voice=voice or None)
            if speech is None:
                return None
            await asyncio.to_thread(_write_words, words_path(path), speech.words)
            await asyncio.to_thread(unchecked.replace, path)
            return kept(speech, model)

        await self._have(
            production,
            path,
            _recording(
                production,
                f"voice-{casting.number}",
                self._speech.name,
                model.id,
                f"{voice} {text}",
                model.price_microusd(len(text)),
                record,
                find,
            ),
        )
        return await self._checked(path)

    async def _effect(self, production: Production, casting: Casting) -> None:
        model, sounds = self._offer.effects, self._sounds
        assert model is not None
        assert sounds is not None
        seconds = min(max(float(casting.duration), EFFECT_SECONDS[0]), EFFECT_SECONDS[1])
        path = effect_path(self._files, production.project_id, casting)

        async def record(key: ApiKey) -> Kept:
            await sounds.effect(casting.shot.sound, seconds, path, key)
            await self._share_at_once(path)
            return Kept()  # what it charges in characters is no price we know: our own stands

        await self._have(
            production,
            path,
            _recording(
                production,
                f"effect-{casting.number}",
                sounds.name,
                model.id,
                f"{seconds} {casting.shot.sound}",
                effect_price(model, casting),
                record,
            ),
        )
        await self._checked(path)

    async def _music(self, production: Production, plan: Plan, castings: tuple[Casting, ...]) -> None:
        model, sounds = self._offer.music, self._sounds
        assert model is not None
        assert sounds is not None
        seconds = music_seconds(castings)
        path = music_path(self._files, production.project_id, plan, castings)

        async def record(key: ApiKey) -> Kept:
            await sounds.compose(plan.music, seconds, path, key)
            await self._share_at_once(path)
            return Kept()

        await self._have(
            production,
            path,
            _recording(
                production,
                "music",
                sounds.name,
                model.id,
                f"{seconds} {plan.music}",
                model.price_microusd(seconds),
                record,
            ),
        )
        await self._checked(path)

    async def _have(self, production: Production, path: Path, recording: Recording) -> None:
        if not await self._files.here(path):
            if path.name in production.kept_sounds:  # greenlit at a price that left it out
                logger.warning("kept recording is gone", extra={"call": recording.key, "file": path.name})
                raise NoRecording("KeptFileGone")
            await self._booth.buy(recording)
        for part in await asyncio.to_thread(_parts, path):
            await self._files.share(part)

    async def _share_at_once(self, path: Path) -> None:
        """Let others have a recording before its order is closed: none would be placed for it again."""
        if self._files.sharing is not None:
            for part in await asyncio.to_thread(_parts, path):
                await self._files.sharing.put_if_it_answers(part)

    async def _checked(self, path: Path) -> float:
        """The length of a recording that can be heard; one that cannot is as good as none, and is thrown away."""
        try:
            return await sound_duration(self._ffmpeg, path)
        except MediaError as error:
            logger.warning("recording is no sound", extra={"file": path.name, "error": str(error)})
            await self._files.discard(path)
            raise NoRecording("UnusableSound") from error
        except FileNotFoundError as error:  # its order was fulfilled once, and the file has gone since
            raise NoRecording("OutcomeUnknown") from error


def kept(speech: Speech, model: SpeechModel) -> Kept:
    """What a reading that lies here has cost."""
    price = None if speech.characters is None else model.price_microusd(speech.characters)
    return Kept(price, speech.request)


def _recording(
    production: Production,
    part: str,
    provider: str,
    model: str,
    words: str,
    price_microusd: int,
    record: Record,
    find: Find | None = None,
) -> Recording:
    return Recording(
        key=f"{production.id}/{part}/1",
        job=production.id,
        user_id=production.owner_id,
        provider=provider,
        model=model,
        words=words,
        price_microusd=price_microusd,
        record=record,
        find=find,
        weight=production.weight,
    )


def voice_path(files: Files, project_id: str, voice: str, text: str) -> Path:
    """Where a line lies: named by who says it and what is said, so that the same is spoken once."""
    return files.artefact(project_id, voice_name(voice, text))


def words_path(recording: Path) -> Path:
    """Where the times of a recording's words lie."""
    return recording.with_suffix(".json")


def effect_path(files: Files, project_id: str, casting: Casting) -> Path:
    return files.artefact(project_id, effect_name(casting))


def music_path(files: Files, project_id: str, plan: Plan, castings: tuple[Casting, ...]) -> Path:
    return files.artefact(project_id, music_name(plan, castings))


def _parts(recording: Path) -> list[Path]:
    """What there is of a recording, the times of its words first: where it lies, they lie beside it. Blocks."""
    return [path for path in (words_path(recording), recording) if path.is_file()]


def read_words(recording: Path) -> tuple[TimedWord, ...]:
    """The times of a recording's words, none where none were told. Blocks."""
    try:
        return tuple(TimedWord(**word) for word in json.loads(words_path(recording).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return ()


def _write_words(path: Path, words: tuple[TimedWord, ...]) -> None:
    part = path.with_name(path.name + ".part")
    part.write_text(json.dumps([asdict(word) for word in words], ensure_ascii=False), encoding="utf-8")
    part.replace(path)
