"""Joins takes, and lays voices, noises, music and captions over them: the film."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.media.burn import attach, burn, can_draw, line_length
from bot.media.captions import Word, cues
from bot.media.clips import join, normalise
from bot.media.encode import Frame
from bot.media.ffmpeg import Ffmpeg
from bot.media.fit import measure_duration, sound_duration
from bot.media.font import can_burn
from bot.media.mix import Music, Placed, mix
from bot.media.probe import MediaLimits, probe
from bot.production.notes import Note, NoteKind
from bot.storage.files import Files
from bot.studio.model import Captions

logger = logging.getLogger(__name__)

#: The film's picture for each ratio a plan may have.
FRAMES = {
    "16:9": Frame(width=1280, height=720),
    "9:16": Frame(width=720, height=1280),
    "1:1": Frame(width=960, height=960),
}
#: And a draft's: what the models make at 360p or 480p has no more to show.
DRAFT_FRAMES = {
    "16:9": Frame(width=640, height=360),
    "9:16": Frame(width=360, height=640),
    "1:1": Frame(width=480, height=480),
}
RATIOS = tuple(FRAMES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """One shot: its clip, the voice that speaks over it from its first frame, and the noise that is heard in it.

    `words` are those of the voice with their times, from its start. Where the voice is longer than the clip, the clip's
    last picture is held.
    """

    take: Path
    voice: Path | None = None
    words: Sequence[Word] = ()
    effect: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """A film that was cut: its length in seconds, and what of it is not as asked."""

    duration: float
    notes: tuple[Note, ...] = ()


class Cutter:
    """Cuts films, so many encodings at once as the machine bears."""

    def __init__(self, ffmpeg: Ffmpeg, files: Files, *, at_once: int = 2) -> None:
        self._ffmpeg = ffmpeg
        self._files = files
        self._slots = asyncio.Semaphore(at_once)

    async def cut(
        self,
        pieces: Sequence[Piece],
        frame: Frame,
        film: Path,
        *,
        music: Path | None = None,
        captions: Captions = Captions.OFF,
        language: str = "und",
    ) -> Cut:
        """Write the film; `language` is that of the words (ISO 639-2), for players that choose captions by it.

        Running again is harmless. Raises `MediaError`.
        """
        with self._files.work_dir() as desk:
            clips = [desk / f"clip-{number}.mp4" for number in range(len(pieces))]
            try:
                async with asyncio.TaskGroup() as group:
                    for piece, clip in zip(pieces, clips, strict=True):
                        group.create_task(self._normalise(piece, clip, frame))
            except ExceptionGroup as failures:
                raise failures.exceptions[0] from failures  # one is enough to say why
            made = desk / "joined.mp4"
            await join(self._ffmpeg, clips, made)
            starts = await self._starts(clips)
            mixed = desk / "mixed.mp4"
            await mix(
                self._ffmpeg,
                made,
                mixed,
                voices=[Placed(p.voice, at) for p, at in zip(pieces, starts, strict=True) if p.voice is not None],
                effects=[Placed(p.effect, at) for p, at in zip(pieces, starts, strict=True) if p.effect is not None],
                music=Music(music) if music is not None else None,
            )
            notes: tuple[Note, ...] = ()
            if captions is not Captions.OFF:  # last, for mixing leaves behind what is neither picture nor sound
                mixed, notes = await self._caption(mixed, pieces, starts, frame, captions, language, desk)
            duration = await measure_duration(self._ffmpeg, mixed)
            await asyncio.to_thread(self._files.keep, mixed, film)
        return Cut(duration=duration, notes=notes)

    async def _normalise(self, piece: Piece, clip: Path, frame: Frame) -> None:
        async with self._slots:
            found = await probe(self._ffmpeg, piece.take, MediaLimits(max_bytes=1 << 30))
            at_least = await sound_duration(self._ffmpeg, piece.voice) if piece.voice is not None else 0.0
            await normalise(self._ffmpeg, piece.take, found, clip, frame=frame, at_least=at_least)

    async def _starts(self, clips: Sequence[Path]) -> list[float]:
        """The second of the film at which each clip begins."""
        starts = [0.0]
        for clip in clips:
            starts.append(starts[-1] + await measure_duration(self._ffmpeg, clip))
        return starts[:-1]

    async def _caption(
        self,
        film: Path,
        pieces: Sequence[Piece],
        starts: Sequence[float],
        frame: Frame,
        captions: Captions,
        language: str,
        desk: Path,
    ) -> tuple[Path, tuple[Note, ...]]:
        """The film with its words shown; as it was where nobody speaks, or nobody knows when."""
        words = [
            Word(word.text, at + word.start, at + word.end)
            for piece, at in zip(pieces, starts, strict=True)
            for word in piece.words
        ]
        if not words:
            return film, ()
        captioned = desk / "captioned.mp4"
        if (
            captions is Captions.BURNT
            and can_burn(" ".join(word.text for word in words))
            and await can_draw(self._ffmpeg)
        ):
            await burn(self._ffmpeg, film, cues(words, line=line_length(frame)), captioned, frame)
            return captioned, ()
        await attach(self._ffmpeg, film, cues(words), captioned, language)
        return captioned, (Note(kind=NoteKind.CAPTIONS_SOFT),) if captions is Captions.BURNT else ()
