"""Makes the sound of a film: its own, voices, effects and music, at one loudness.

Each part is measured and brought to its place under the voice first, so that a quiet recording is heard and a loud one
does not drown the film. The whole is then brought to the loudness at which platforms play.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bot.media.encode import AAC, MP4, SAMPLE_RATE, encode, source
from bot.media.errors import MediaRefused, Reason
from bot.media.fit import list_packets
from bot.media.loudness import NOTHING, Loudness, measure
from bot.media.sniff import Family

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.media.ffmpeg import Ffmpeg

log = logging.getLogger(__name__)

TARGET = -14.0  # LUFS of the finished film
CEILING = -1.0  # dBTP
_CLOSE = 0.5  # LU from the target at which we stop trying
_AUDIBLE = -60.0  # LUFS; what is quieter is a microphone's noise, and raising it makes nothing heard but hiss

# LUFS of the parts before the whole is normalised, and how far each may be raised (dB) to get there.
_VOICE, _OWN, _EFFECT, _MUSIC = -16.0, -20.0, -20.0, -26.0
_RAISE_SPEECH, _RAISE_SOUND = 30.0, 12.0

_BITRATE = ("-b:a", "192k")
_PCM = f"aresample={SAMPLE_RATE},aformat=sample_fmts=fltp:channel_layouts=stereo"
# The key is the voice at its level of -16, about 18 dB above the threshold: the film's own sound steps back by some
# 15 dB, music by some 10; quickly when somebody speaks, and back slowly.
_DUCK_OWN = "sidechaincompress=threshold=0.02:ratio=10:attack=20:release=500"
_DUCK_MUSIC = "sidechaincompress=threshold=0.02:ratio=3:attack=20:release=800"


@dataclass(frozen=True, slots=True)
class Placed:
    """A recording (mp3, wav, ogg or flac by its content) that is heard from `start` on, in seconds of the film.

    It is brought to the level that its part has in every film; `gain_db` is what it is to be louder than that.
    """

    path: Path
    start: float
    gain_db: float = 0.0

    def __post_init__(self) -> None:
        if self.start < 0:
            raise ValueError("a recording starts within the film")


@dataclass(frozen=True, slots=True)
class Music:
    """A recording that plays under the whole film; `gain_db` is what it is to be louder than music usually is."""

    path: Path
    gain_db: float = 0.0


async def mix(
    ffmpeg: Ffmpeg,
    film: Path,
    out: Path,
    *,
    voices: Sequence[Placed] = (),
    effects: Sequence[Placed] = (),
    music: Music | None = None,
) -> Loudness:
    """Write the film with its sound mixed and normalised, and return how loud it came out.

    The loudness is -14 LUFS ± 1 with a true peak of -1 dBTP at most; a film that is silent stays silent. The picture is
    copied and the film keeps its length: what is still heard at its end is cut, and music is repeated until then. The
    film's own sound and the music are ducked while a voice speaks. With no parts the film's own sound is normalised.

    Raises:
        MediaRefused: a part is no recording that we read.
        FfmpegFailed: one does not decode.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    desk = Path(tempfile.mkdtemp(prefix="mix-", dir=out.parent))
    try:
        packets = await list_packets(ffmpeg, film)
        picture = packets.first_of("video")
        if picture is None or picture.duration <= 0:
            raise MediaRefused(Reason.NOT_A_VIDEO)
        mixed = desk / "mixed.wav"
        await _lay(ffmpeg, film, mixed, picture.duration, voices=voices, effects=effects, music=music)
        found = await _normalise(ffmpeg, film, mixed, desk / "film.mp4", picture.duration)
        (desk / "film.mp4").replace(out)
        return found
    finally:
        await asyncio.to_thread(shutil.rmtree, desk, ignore_errors=True)


class _Desk:
    """Collects inputs and the filters that place them."""

    def __init__(self, ffmpeg: Ffmpeg) -> None:
        self._ffmpeg = ffmpeg
        self.inputs: list[str] = []
        self.chains: list[str] = []
        self._count = 0

    async def add(
        self,
        path: Path,
        *,
        level: float,
        most: float,
        gain_db: float = 0.0,
        start: float = 0.0,
        before: tuple[str, ...] = (),
        family: Family = Family.SOUND,
        then: str = "anull",
    ) -> str | None:
        """Bring a file to its level and its place and return its pad's name; `None` if nothing is heard in it."""
        read = source(self._ffmpeg, path, *before, family=family)  # refuses before anything runs
        found = (await measure(self._ffmpeg, path)).integrated
        if found is None or found < _AUDIBLE:
            return None
        gain = min(level - found, most) + gain_db
        number, self._count = self._count, self._count + 1
        self.inputs += read
        late = f"adelay={round(start * SAMPLE_RATE)}S:all=1"
        self.chains.append(f"[{number}:a:0]{_PCM},volume={gain:.2f}dB,{late},{then}[in{number}]")
        return f"[in{number}]"

    def join(self, pads: Sequence[str], name: str) -> str:
        self.chains.append(f"{''.join(pads)}amix=inputs={len(pads)}:normalize=0:duration=longest[{name}]")
        return f"[{name}]"


async def _lay(
    ffmpeg: Ffmpeg,
    film: Path,
    out: Path,
    duration: float,
    *,
    voices: Sequence[Placed],
    effects: Sequence[Placed],
    music: Music | None,
) -> None:
    """Write all parts in their places as one recording of the film's length."""
    desk = _Desk(ffmpeg)
    own = await desk.add(film, level=_OWN, most=_RAISE_SOUND, family=Family.VIDEO)
    spoken = [
        pad
        for voice in voices
        if (
            pad := await desk.add(
                voice.path, level=_VOICE, most=_RAISE_SPEECH, gain_db=voice.gain_db, start=voice.start
            )
        )
    ]
    heard = [
        pad
        for effect in effects
        if (
            pad := await desk.add(
                effect.path, level=_EFFECT, most=_RAISE_SOUND, gain_db=effect.gain_db, start=effect.start
            )
        )
    ]
    played = None
    if music is not None:
        fade_in, fade_out = min(0.5, duration / 4), min(2.0, duration / 3)
        played = await desk.add(
            music.path,
            level=_MUSIC,
            most=_RAISE_SPEECH,
            gain_db=music.gain_db,
            before=("-stream_loop", "-1"),
            then=f"atrim=end={duration:.6f},afade=t=in:d={fade_in:.3f},"
            f"afade=t=out:st={duration - fade_out:.3f}:d={fade_out:.3f}",
        )
    beneath = [(own, _DUCK_OWN), (played, _DUCK_MUSIC)]
    ducked = [(pad, duck) for pad, duck in beneath if pad is not None]
    if spoken:
        keys = [f"[key{number}]" for number in range(len(ducked))]
        together = desk.join(spoken, "spoken")
        # the key must not end before what it ducks, or that would end with it
        desk.chains.append(f"{together}apad=whole_dur={duration:.6f},asplit={1 + len(keys)}[speech]{''.join(keys)}")
        for number, ((pad, duck), key) in enumerate(zip(ducked, keys, strict=True)):
            desk.chains.append(f"{pad}{key}{duck}[ducked{number}]")
        heard += ["[speech]", *(f"[ducked{number}]" for number in range(len(ducked)))]
    else:
        heard += [pad for pad, _ in ducked]
    if not heard:
        heard = ["[silence]"]
        desk.chains.append(f"anullsrc=r={SAMPLE_RATE}:cl=stereo[silence]")
    whole_mix = desk.join(heard, "whole")
    desk.chains.append(f"{whole_mix}apad,atrim=end={duration:.6f}[mixed]")
    pcm = ("-map", "[mixed]", "-c:a", "pcm_f32le", "-f", "wav")
    await encode(ffmpeg, [*desk.inputs, "-filter_complex", ";".join(desk.chains), *pcm], out)


async def _normalise(ffmpeg: Ffmpeg, film: Path, mixed: Path, out: Path, duration: float) -> Loudness:
    """Put the mix under the picture at the target.

    One gain for the whole film, and a limiter only where its peaks ask for one. What comes out is measured, for the
    limiter takes loudness away and AAC adds to peaks; a few rounds get both right.
    """
    before = await measure(ffmpeg, mixed)
    if before.integrated is None or before.true_peak is None or before.integrated < _AUDIBLE:
        await _encode(ffmpeg, film, mixed, out, duration, "anull")
        return NOTHING
    gain, ceiling = TARGET - before.integrated, CEILING - 0.5
    after = before
    for _ in range(5):
        loud = before.true_peak + gain > ceiling
        await _encode(ffmpeg, film, mixed, out, duration, _louder(gain, ceiling if loud else None))
        after = await measure(ffmpeg, out)
        assert after.integrated is not None
        assert after.true_peak is not None
        short, over = TARGET - after.integrated, after.true_peak - CEILING
        if abs(short) <= _CLOSE and over <= 0:
            break
        gain += short
        ceiling -= max(0.0, over + 0.1) if over > 0 else 0.0
    else:
        log.warning("loudness not reached", extra={"lufs": after.integrated, "true_peak": after.true_peak})
    return after


def _louder(gain: float, ceiling: float | None) -> str:
    if ceiling is None:
        return f"volume={gain:.2f}dB"
    # Four times the rate, so that the limiter sees the peaks between samples. It is 5 ms late, which nobody hears;
    # making up for that takes ffmpeg 5.1.
    limit = f"alimiter=limit={10 ** (ceiling / 20):.4f}:attack=5:release=60:level=0"
    return f"volume={gain:.2f}dB,aresample={SAMPLE_RATE * 4},{limit},aresample={SAMPLE_RATE}"


async def _encode(ffmpeg: Ffmpeg, film: Path, mixed: Path, out: Path, duration: float, filters: str) -> None:
    inputs = [*source(ffmpeg, film), *source(ffmpeg, mixed, family=Family.SOUND)]
    sound = f"{filters},apad,atrim=end={duration:.6f}"
    maps = ("-map", "0:V:0", "-map", "1:a:0", "-c:v", "copy", "-af", sound)
    await encode(ffmpeg, [*inputs, *maps, *AAC, *_BITRATE, *MP4], out)
