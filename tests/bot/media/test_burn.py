from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from bot.media.burn import attach, burn, can_draw, line_length, to_ass
from bot.media.captions import Cue, Word, cues
from bot.media.encode import Frame
from bot.media.ffmpeg import Ffmpeg
from tests.bot.media import rulers
from tests.bot.media.conftest import QUICK, Draw, tone

LANDSCAPE = Frame(width=640, height=360)
UPRIGHT = Frame(width=360, height=640)
BLACK = "color=black:r=24:d=3"


def black(draw: Draw, frame: Frame) -> Path:
    sides = f"{frame.width}x{frame.height}"
    sound = (*tone(3), *QUICK, "-c:a", "aac", "-t", "3")
    return draw(f"black-{sides}.mp4", "-f", "lavfi", "-i", f"{BLACK}:s={sides}", *sound)


@pytest.fixture
def bare(ffmpeg: Ffmpeg, tmp_path: Path) -> Ffmpeg:
    """The same ffmpeg on a machine without a single font."""
    # not just an empty folder: without a configuration fontconfig falls back to where fonts usually are
    settings = tmp_path / "fonts.conf"
    settings.write_text(f"<fontconfig><dir>{tmp_path}/none</dir></fontconfig>")
    program = tmp_path / "ffmpeg"
    program.write_text(f'#!/bin/sh\nFONTCONFIG_FILE="{settings}" exec "{ffmpeg.executable}" "$@"\n')
    program.chmod(0o755)
    return Ffmpeg(program)


def seen(ffmpeg: Ffmpeg, film: Path, frame: Frame) -> list[bytes]:
    """The frames of a film in grey."""
    raw = ("-map", "0:v:0", "-pix_fmt", "gray", "-f", "rawvideo", "-")
    read = subprocess.run([ffmpeg.executable, "-v", "error", "-i", film, *raw], check=True, capture_output=True).stdout
    size = frame.width * frame.height
    return [read[start : start + size] for start in range(0, len(read), size)]


def lit(picture: bytes, frame: Frame) -> list[tuple[int, int]]:
    """Where a picture is bright, as column and row."""
    return [divmod(number, frame.width)[::-1] for number, value in enumerate(picture) if value > 180]


def subrip(ffmpeg: Ffmpeg, film: Path) -> str:
    track = ("-map", "0:s:0", "-f", "srt", "-")
    read = subprocess.run([ffmpeg.executable, "-v", "error", "-i", film, *track], check=True, capture_output=True)
    return read.stdout.decode()


async def test_the_ffmpeg_we_ship_draws_captions(ffmpeg: Ffmpeg) -> None:
    assert await can_draw(ffmpeg)


@pytest.mark.parametrize("frame", [LANDSCAPE, UPRIGHT])
async def test_captions_are_drawn_in_the_safe_area_on_a_machine_without_fonts(
    bare: Ffmpeg, draw: Draw, tmp_path: Path, frame: Frame
) -> None:
    words = [Word("M" * 5, 0.5, 1.0), Word("Привет,", 1.0, 1.3), Word("κόσμε,", 1.3, 1.6), Word("wwww.", 1.6, 2.0)]

    await burn(bare, black(draw, frame), cues(words, line=line_length(frame)), tmp_path / "burnt.mp4", frame)

    places = lit(seen(bare, tmp_path / "burnt.mp4", frame)[30], frame)
    assert len(places) > 300
    assert min(column for column, _ in places) > frame.width * 0.04
    assert max(column for column, _ in places) < frame.width * 0.96
    assert min(row for _, row in places) > frame.height * 0.6
    assert max(row for _, row in places) < frame.height * 0.94


async def test_a_burnt_cue_is_seen_from_its_first_word_on(ffmpeg: Ffmpeg, draw: Draw, tmp_path: Path) -> None:
    given = cues([Word("First.", 0.52, 0.9), Word("Second.", 1.77, 2.1)])

    await burn(ffmpeg, black(draw, LANDSCAPE), given, tmp_path / "burnt.mp4", LANDSCAPE)

    lights = [bool(lit(picture, LANDSCAPE)) for picture in seen(ffmpeg, tmp_path / "burnt.mp4", LANDSCAPE)]
    begins = [number / 24 for number in range(1, len(lights)) if lights[number] and not lights[number - 1]]
    assert begins == pytest.approx([0.52, 1.77], abs=0.08)


async def test_burning_keeps_length_and_sound(ffmpeg: Ffmpeg, draw: Draw, tmp_path: Path) -> None:
    film = black(draw, LANDSCAPE)

    await burn(ffmpeg, film, [Cue(("Late",), 2.5, 6.0)], tmp_path / "burnt.mp4", LANDSCAPE)

    before, after = rulers.ends(film), rulers.ends(tmp_path / "burnt.mp4")
    assert after == pytest.approx(before, abs=0.03)
    assert len(rulers.picture_packets(tmp_path / "burnt.mp4")) == len(rulers.picture_packets(film))


async def test_captions_burn_in_a_folder_with_a_strange_name(ffmpeg: Ffmpeg, draw: Draw, tmp_path: Path) -> None:
    strange = tmp_path / "it's [a], %05d;:\\ folder"

    await burn(ffmpeg, black(draw, LANDSCAPE), [Cue(("Text",), 0.5, 2)], strange / "burnt.mp4", LANDSCAPE)

    assert lit(seen(ffmpeg, strange / "burnt.mp4", LANDSCAPE)[24], LANDSCAPE)
    assert [path.name for path in strange.iterdir()] == ["burnt.mp4"]


async def test_foreign_text_is_drawn_and_never_obeyed(ffmpeg: Ffmpeg, draw: Draw, tmp_path: Path) -> None:
    hostile = (
        "{\\an8}{\\fs200}{\\alpha&HFF&}up\\Nthere\nDialogue: 0,0:00:00.00,0:00:03.00,Captions,,0,0,0,,{\\an8}injected"
    )
    script = to_ass([Cue((hostile,), 0.5, 2.5)], LANDSCAPE)

    await burn(ffmpeg, black(draw, LANDSCAPE), [Cue((hostile[:30],), 0.5, 2.5)], tmp_path / "burnt.mp4", LANDSCAPE)

    assert script.count("\nDialogue:") == 1
    places = lit(seen(ffmpeg, tmp_path / "burnt.mp4", LANDSCAPE)[30], LANDSCAPE)
    assert places  # not made invisible
    rows = [row for _, row in places]
    assert min(rows) > LANDSCAPE.height * 0.6  # not moved up
    assert max(rows) - min(rows) < 60  # not blown up


async def test_text_in_braces_is_drawn_too(ffmpeg: Ffmpeg, draw: Draw, tmp_path: Path) -> None:
    await burn(ffmpeg, black(draw, LANDSCAPE), [Cue(("{laughs}",), 0.5, 2.5)], tmp_path / "burnt.mp4", LANDSCAPE)

    columns = [column for column, _ in lit(seen(ffmpeg, tmp_path / "burnt.mp4", LANDSCAPE)[30], LANDSCAPE)]
    assert max(columns) - min(columns) > 60


async def test_soft_captions_are_a_track_that_is_on(ffmpeg: Ffmpeg, draw: Draw, tmp_path: Path) -> None:
    film = black(draw, LANDSCAPE)
    given = [Cue(("<i>One</i> {two}", "C:\\Notes"), 0.52, 1.5), Cue(("日本語",), 1.77, 9.0)]

    await attach(ffmpeg, film, given, tmp_path / "soft.mp4", "eng")

    text = subrip(ffmpeg, tmp_path / "soft.mp4").replace("\u2060", "")
    assert "00:00:00,520 --> 00:00:01,500\n<i>One</i> {two}\nC:\\Notes\n" in text
    assert "00:00:01,770 --> 00:00:03,000\n日本語\n" in text
    assert rulers.caption_track(tmp_path / "soft.mp4") == ("mov_text", "eng", True)
    assert rulers.picture_packets(tmp_path / "soft.mp4") == rulers.picture_packets(film)
    assert rulers.ends(tmp_path / "soft.mp4")["video"] == pytest.approx(3.0, abs=0.01)


async def test_a_language_that_is_none_is_called_unknown(ffmpeg: Ffmpeg, draw: Draw, tmp_path: Path) -> None:
    await attach(ffmpeg, black(draw, LANDSCAPE), [Cue(("x",), 0, 1)], tmp_path / "soft.mp4", "en=us:title=x")

    assert rulers.caption_track(tmp_path / "soft.mp4") == ("mov_text", "und", True)


def test_a_line_is_shorter_where_the_picture_is_narrow() -> None:
    assert line_length(Frame()) == 42
    assert line_length(Frame(width=720, height=1280)) == line_length(UPRIGHT) == 28
