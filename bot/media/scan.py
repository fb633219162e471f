"""Looks at an upload and listens to it without any provider: what is left to say when none of them answers.

It measures, it does not understand. The first ten minutes are looked at, small and at twelve frames a second, and what
was seen when the time is over counts.
"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from bot.media.colours import dominant
from bot.media.encode import source
from bot.media.errors import FfmpegFailed
from bot.media.ffmpeg import MIB, Confinement, Ffmpeg, file_url
from bot.media.hear import Heard, Hearing, listen
from bot.media.loudness import measure
from bot.media.probe import Probe

LONGEST = 600.0  # seconds of the upload that are looked at
_RATE = 12.0  # frames a second
_SHORT = 60.0  # seconds of a video of which every frame is decoded
_CUT = 10.0  # of scdet: per cent of change, beyond what the frame before changed; its own default
_APART = 0.25  # seconds between cuts; a flash is no scene

# Together with the loudness (some seconds for ten minutes) they end within a minute.
_LOOKING = Confinement(memory=1024 * MIB, cpu_seconds=90, wall_seconds=35.0, file_bytes=4 * MIB)
_LISTENING = Confinement(memory=512 * MIB, cpu_seconds=30, wall_seconds=12.0, file_bytes=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """What can be measured of a video.

    Attributes:
        seconds: how much of it was looked at.
        cuts: seconds at which one scene is cut to another; fades are not found.
        motion: 0 to 1, how much every point's brightness changes from frame to frame at twelve a second, cuts left out:
            a still is 0, and 1 is a change by 20 of 255 or more in the mean of all points and frames.
        brightness: 0 black to 1 white, mean over all.
        colours: up to four words, the most frequent first.
        loudness: LUFS of the sound; `None` without sound or in silence.
        silence: share of the sound's time below -50 dBFS; `None` without sound.
        speech: share of the sounding time that is modulated as speech is (see `bot.media.hear`); `None` without sound.
    """

    seconds: float
    cuts: tuple[float, ...]
    motion: float
    brightness: float
    colours: tuple[str, ...]
    loudness: float | None
    silence: float | None
    speech: float | None

    @property
    def has_speech(self) -> bool | None:
        """A guess: somebody seems to speak. `None` without sound."""
        return None if self.speech is None else self.speech >= 0.25


async def scan(ffmpeg: Ffmpeg, path: Path, found: Probe) -> Scan:
    """Scan a probed upload, in a minute at most.

    Raises:
        FfmpegFailed: nothing of it could be looked at.
    """
    seen, colours = await _look(ffmpeg, path, found)
    heard: Heard | None = None
    loudness: float | None = None
    if found.has_audio:
        heard = await _listen(ffmpeg, path)
        try:
            loudness = (await measure(ffmpeg, path, longest=LONGEST)).integrated
        except FfmpegFailed:  # damaged in the middle, where the probe does not look
            loudness = None
    return Scan(
        seconds=round(seen.until, 2),
        cuts=tuple(seen.cuts),
        motion=seen.motion,
        brightness=seen.brightness,
        colours=colours,
        loudness=loudness,
        silence=heard.silence if heard else None,
        speech=heard.speech if heard else None,
    )


@dataclass(slots=True)
class _Seen:
    """Fed with what ffmpeg prints of each frame."""

    until: float = 0.0
    cuts: list[float] = field(default_factory=list)
    _frames: int = 0
    _light: float = 0.0
    _change: float = 0.0
    _changes: int = 0
    _is_cut: bool = False

    def read(self, line: str) -> None:
        key, _, value = line.partition("=")
        match key:
            case "lavfi.scd.time":
                self._is_cut = True
                if not self.cuts or float(value) - self.cuts[-1] >= _APART:
                    self.cuts.append(round(float(value), 2))
            case "lavfi.signalstats.YAVG":
                self._frames += 1
                self._light += float(value)
                self.until = self._frames / _RATE
            case "lavfi.signalstats.YDIF":
                if not self._is_cut and self._frames > 1:
                    self._change += float(value)
                    self._changes += 1
                self._is_cut = False

    @property
    def motion(self) -> float:
        return round(min(1.0, self._change / max(1, self._changes) / 20), 3)

    @property
    def brightness(self) -> float:
        """From luma of 16 to 235."""
        return round(min(1.0, max(0.0, (self._light / max(1, self._frames) - 16) / 219)), 3)


async def _look(ffmpeg: Ffmpeg, path: Path, found: Probe) -> tuple[_Seen, tuple[str, ...]]:
    seen = _Seen()
    graph = (
        f"[0:V:0]fps={_RATE:.0f}:start_time=0,scale=160:90:flags=fast_bilinear:out_range=tv,format=yuv420p,"
        f"split[small][colours];[small]scdet=threshold={_CUT},signalstats,metadata=mode=print:file=-[seen];"
        "[colours]fps=1,scale=16:9:flags=area,format=rgb24[few]"
    )
    failed: FfmpegFailed | None = None
    with tempfile.TemporaryDirectory(prefix="scan-") as folder:
        pixels = Path(folder) / "pixels"
        outputs = (
            "-map",
            "[seen]",
            "-f",
            "null",
            "-",
            "-map",
            "[few]",
            "-f",
            "rawvideo",
            "-flush_packets",
            "1",
            file_url(pixels),
        )
        # Frames that no other needs are twelve a second or fewer, and cost half the time.
        sparing = ("-skip_frame", "noref", "-skip_loop_filter", "all") if found.duration > _SHORT else ()
        read = source(ffmpeg, path, *sparing, "-t", str(LONGEST))
        try:
            await ffmpeg.run([*read, "-filter_complex", graph, *outputs], _LOOKING, on_line=seen.read)
        except FfmpegFailed as problem:
            failed = problem
        drawn = await asyncio.to_thread(pixels.read_bytes) if pixels.exists() else b""
    if failed is not None and not seen.until:
        raise failed
    seen.until = min(seen.until, found.duration)
    return seen, await asyncio.to_thread(dominant, drawn)


async def _listen(ffmpeg: Ffmpeg, path: Path) -> Heard:
    hearing = Hearing()
    read = source(ffmpeg, path, "-t", str(LONGEST))
    arguments = [*read, "-filter_complex", listen(), "-map", "[heard]", "-f", "null", "-"]
    with contextlib.suppress(FfmpegFailed):  # what was heard until then counts
        await ffmpeg.run(arguments, _LISTENING, on_line=hearing.read)
    return await asyncio.to_thread(hearing.judge)
