"""Joins takes and voices into the film."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.media.clips import join, normalise
from bot.media.encode import Frame
from bot.media.ffmpeg import Ffmpeg
from bot.media.fit import measure_duration
from bot.media.mix import Voice, mix_voice
from bot.media.probe import MediaLimits, probe
from bot.storage.files import Files

#: The film's picture for each ratio a plan may have.
FRAMES = {
    "16:9": Frame(width=1280, height=720),
    "9:16": Frame(width=720, height=1280),
    "1:1": Frame(width=960, height=960),
}
RATIOS = tuple(FRAMES)


@dataclass(frozen=True, slots=True)
class Piece:
    """One shot's clip, and the voice that speaks over it from its first frame, if any was recorded."""

    take: Path
    voice: Path | None


class Cutter:
    """Cuts films, so many encodings at once as the machine bears."""

    def __init__(self, ffmpeg: Ffmpeg, files: Files, *, at_once: int = 2) -> None:
        self._ffmpeg = ffmpeg
        self._files = files
        self._slots = asyncio.Semaphore(at_once)

    async def cut(self, pieces: Sequence[Piece], frame: Frame, film: Path) -> float:
        """Write the film and return its length in seconds. Raises `MediaError`; running again is harmless."""
        with self._files.work_dir() as desk:
            clips = [desk / f"clip-{number}.mp4" for number in range(len(pieces))]
            try:
                async with asyncio.TaskGroup() as group:
                    for piece, clip in zip(pieces, clips, strict=True):
                        group.create_task(self._normalise(piece.take, clip, frame))
            except ExceptionGroup as failures:
                raise failures.exceptions[0] from failures  # one is enough to say why
            joined = desk / "joined.mp4"
            await join(self._ffmpeg, clips, joined)
            if voices := await self._placed(pieces, clips):
                mixed = desk / "mixed.mp4"
                await mix_voice(self._ffmpeg, joined, voices, mixed)
                joined = mixed
            duration = await measure_duration(self._ffmpeg, joined)
            await asyncio.to_thread(self._files.keep, joined, film)
        return duration

    async def _normalise(self, take: Path, clip: Path, frame: Frame) -> None:
        async with self._slots:
            found = await probe(self._ffmpeg, take, MediaLimits(max_bytes=1 << 30))
            await normalise(self._ffmpeg, take, found, clip, frame=frame)

    async def _placed(self, pieces: Sequence[Piece], clips: Sequence[Path]) -> list[Voice]:
        """The voices there are, each at the second where its shot begins."""
        spoken = [piece.voice is not None and piece.voice.exists() for piece in pieces]
        if not any(spoken):
            return []
        lengths = [await measure_duration(self._ffmpeg, clip) for clip in clips]
        return [
            Voice(piece.voice, start=sum(lengths[:number]))
            for number, piece in enumerate(pieces)
            if piece.voice is not None and spoken[number]
        ]
