"""Puts captions into a film: drawn into its picture, or as a track that the viewer can switch off."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bot.media import font
from bot.media.captions import LINE, Cue, to_srt, within
from bot.media.encode import H264, MP4, Frame, OnProgress, encode, source
from bot.media.ffmpeg import CHECKING, Ffmpeg, file_url
from bot.media.fit import measure_duration

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Sequence

_SIZE = 0.058  # of the short side: height of a line as ASS counts it, from ascender to descender
_EM = 0.86  # of that height, for our font
_CHARACTER = 0.62  # em; the mean advance of our font over English text is 0.60
_SIDE_MARGIN = 0.05  # of the width
_BOTTOM_MARGIN = 0.07  # of the height
_UPRIGHT_BOTTOM_MARGIN = 0.16  # phones lay their buttons over the bottom of an upright film


async def can_draw(ffmpeg: Ffmpeg) -> bool:
    """Whether this build of ffmpeg draws captions (libass); the one we ship does, an operator's own may not."""
    filters: list[str] = []
    await ffmpeg.run(["-filters"], CHECKING, on_line=filters.append)
    return any(line.split()[1:2] == ["ass"] for line in filters)


def line_length(frame: Frame) -> int:
    """Characters that fit a line of burnt captions, 42 at most; fewer in an upright or square film."""
    room = frame.width * (1 - 2 * _SIDE_MARGIN)
    return min(LINE, int(room / (_font_size(frame) * _EM * _CHARACTER)))


async def burn(
    ffmpeg: Ffmpeg,
    film: Path,
    cues: Sequence[Cue],
    out: Path,
    frame: Frame,
    *,
    on_progress: OnProgress | None = None,
) -> None:
    """Draw the cues into the picture, which is encoded anew; the sound is copied. Make them with `line_length(frame)`.

    Characters that `can_burn` denies come out as empty boxes, unless the machine has a font for them.
    """
    duration = await measure_duration(ffmpeg, film)
    async with _desk(out) as desk:
        script = desk / "captions.ass"
        script.write_text(to_ass(within(cues, duration), frame), encoding="utf-8")
        picture = f"ass=filename={_quoted(script)}:fontsdir={_quoted(font.FONTS)}"
        maps = ("-map", "0:V:0", "-map", "0:a:0?", "-vf", picture, "-c:a", "copy")
        rate = ("-crf", "19", "-g", str(frame.fps * 2), "-video_track_timescale", str(frame.fps * 512))
        await encode(
            ffmpeg,
            [*source(ffmpeg, film), *maps, *H264, *rate, *MP4],
            out,
            duration=duration,
            on_progress=on_progress,
        )


async def attach(ffmpeg: Ffmpeg, film: Path, cues: Sequence[Cue], out: Path, language: str) -> None:
    """Add the cues as a track that is on by default; picture and sound are copied.

    Args:
        ffmpeg: runs it.
        film: a film of ours.
        cues: what `captions.cues` made.
        out: appears when whole.
        language: ISO 639-2, three letters (`"eng"`); anything else becomes `"und"`.
    """
    duration = await measure_duration(ffmpeg, film)
    async with _desk(out) as desk:
        script = desk / "captions.srt"
        script.write_text(to_srt(within(cues, duration)), encoding="utf-8")
        read = ("-f", "srt", "-format_whitelist", "srt", "-protocol_whitelist", "file", "-i", file_url(script))
        maps = ("-map", "0:V:0", "-map", "0:a:0?", "-map", "1:s:0", "-c", "copy", "-c:s", "mov_text")
        known = len(language) == 3 and language.isascii() and language.isalpha() and language.islower()
        track = ("-metadata:s:s:0", f"language={language if known else 'und'}", "-disposition:s:0", "default")
        await encode(ffmpeg, [*source(ffmpeg, film), *read, *maps, *MP4, *track], out)


def to_ass(cues: Iterable[Cue], frame: Frame) -> str:
    """As Advanced SubStation Alpha for a picture of that frame: white with a dark edge, above the bottom."""
    size = _font_size(frame)
    side, bottom = round(frame.width * _SIDE_MARGIN), round(frame.height * _BOTTOM_MARGIN)
    if frame.height > frame.width:
        bottom = round(frame.height * _UPRIGHT_BOTTOM_MARGIN)
    # Colours are alpha, blue, green, red. Encoding -1 lets libass find the direction of a line, as Hebrew needs.
    style = (
        f"Captions,{font.FAMILY},{size},&H00FFFFFF,&H00FFFFFF,&H00101010,&H80000000,-1,0,0,0,100,100,0,0,"
        f"1,{size * 0.085:.1f},{size * 0.04:.1f},2,{side},{side},{bottom},-1"
    )
    head = (
        "[Script Info]\nScriptType: v4.00+\nWrapStyle: 0\nScaledBorderAndShadow: yes\nYCbCr Matrix: None\n"
        f"PlayResX: {frame.width}\nPlayResY: {frame.height}\n\n"
        "[V4+ Styles]\nFormat: Name, Fontname, Fontsize, PrimaryColour, SecondaryColour, OutlineColour, BackColour, "
        "Bold, Italic, Underline, StrikeOut, ScaleX, ScaleY, Spacing, Angle, BorderStyle, Outline, Shadow, Alignment, "
        f"MarginL, MarginR, MarginV, Encoding\nStyle: {style}\n\n"
        "[Events]\nFormat: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\n"
    )
    events = (
        f"Dialogue: 0,{_ass_time(cue.start)},{_ass_time(cue.end)},Captions,,0,0,0,,"
        + "\\N".join(_ass_text(text) for text in cue.lines)
        + "\n"
        for cue in cues
    )
    return head + "".join(events)


def _ass_text(text: str) -> str:
    """Foreign text in which nothing is a command.

    A backslash has no escape in this format, so its look-alike stands for it; line breaks would end the event.
    """
    flat = " ".join(text.split())
    return flat.replace("\\", "\u2216").replace("{", "\\{").replace("}", "\\}")


def _ass_time(seconds: float) -> str:
    whole, hundredths = divmod(round(seconds * 100), 100)
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}.{hundredths:02d}"


def _font_size(frame: Frame) -> int:
    return round(min(frame.width, frame.height) * _SIZE)


def _quoted(path: Path) -> str:
    """A path of ours as the value of a filter's option: escaped for the option, then for the graph."""
    value = str(path.absolute())
    for special in ("\\':", "\\'[],;"):
        value = "".join(f"\\{char}" if char in special else char for char in value)
    return value


@asynccontextmanager
async def _desk(out: Path) -> AsyncIterator[Path]:
    out.parent.mkdir(parents=True, exist_ok=True)
    desk = Path(tempfile.mkdtemp(prefix="captions-", dir=out.parent))
    try:
        yield desk
    finally:
        await asyncio.to_thread(shutil.rmtree, desk, ignore_errors=True)
