"""Lays voices over a film's own sound."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.media.encode import AAC, MP4, SAMPLE_RATE, encode, source
from bot.media.sniff import Family

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from bot.media.ffmpeg import Ffmpeg

_BITRATE = ("-b:a", "192k")
# The film's sound steps back quickly when somebody speaks and returns slowly.
_DUCK = "sidechaincompress=threshold=0.02:ratio=10:attack=20:release=500"


@dataclass(frozen=True, slots=True)
class Voice:
    """A recording (mp3, wav, ogg or flac by its content) and the second of the film at which it starts."""

    path: Path
    start: float


async def mix_voice(ffmpeg: Ffmpeg, film: Path, voices: Sequence[Voice], out: Path) -> None:
    """Mix voices over the film's sound, which is ducked while they speak.

    The picture is copied and the film keeps its length: what a voice says after the end is cut. `film` has sound (every
    normalised film does).

    Raises:
        MediaRefused: a voice is no recording that we read.
    """
    if not voices:
        raise ValueError("no voices to mix")
    inputs = source(ffmpeg, film)
    placed: list[str] = []
    for number, voice in enumerate(voices, start=1):
        if voice.start < 0:
            raise ValueError("a voice starts within the film")
        inputs += source(ffmpeg, voice.path, family=Family.SOUND)
        stereo = f"aresample={SAMPLE_RATE},aformat=sample_fmts=fltp:channel_layouts=stereo"
        placed.append(f"[{number}:a:0]{stereo},adelay={round(voice.start * 1000)}:all=1[voice{number}]")
    together = "".join(f"[voice{number}]" for number in range(1, len(voices) + 1))
    graph = ";".join(
        [
            *placed,
            f"{together}amix=inputs={len(voices)}:normalize=0:duration=longest,apad,asplit[speech][key]",
            f"[0:a:0]aresample={SAMPLE_RATE},aformat=sample_fmts=fltp:channel_layouts=stereo[own]",
            f"[own][key]{_DUCK}[ducked]",
            "[ducked][speech]amix=inputs=2:normalize=0:duration=first,alimiter=limit=0.95:level=0[mixed]",
        ]
    )
    maps = ("-map", "0:V:0", "-map", "[mixed]", "-shortest", "-c:v", "copy")
    await encode(ffmpeg, [*inputs, "-filter_complex", graph, *maps, *AAC, *_BITRATE, *MP4], out)
