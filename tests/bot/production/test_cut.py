"""The cut: clips, voices, noises, music and captions become one film that keeps together."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from bot.media.captions import Word
from bot.media.encode import Frame
from bot.media.ffmpeg import Ffmpeg, find_ffmpeg
from bot.media.fit import measure_duration
from bot.media.loudness import measure
from bot.production.cut import Cutter, Piece
from bot.production.notes import Note, NoteKind
from bot.storage.files import Files
from bot.studio.model import Captions
from sandbox.providers.voice import speak

FRAME = Frame(width=320, height=180)
SAID = "Once there was a koi."


class Room:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ffmpeg = Ffmpeg(find_ffmpeg())
        files = Files(folder / "data")
        self.cutter = Cutter(self.ffmpeg, files)
        self.film = files.artefact("film", "film.mp4")

    def draw(self, name: str, *arguments: str) -> Path:
        path = self.folder / name
        subprocess.run([self.ffmpeg.executable, "-v", "error", "-y", *arguments, str(path)], check=True)
        return path

    def clip(self, name: str, seconds: float = 2.0) -> Path:
        return self.draw(name, "-f", "lavfi", "-i", f"testsrc2=s=320x180:r=24:d={seconds}", "-pix_fmt", "yuv420p")

    async def voice(self, text: str) -> tuple[Path, list[Word]]:
        spoken = await speak(text, "x", ["-f", "mp3"])
        path = self.folder / "voice.mp3"
        path.write_bytes(spoken.audio)
        starts, ends = spoken.starts, spoken.ends
        words, begin = [], 0
        for word in text.split():
            begin = text.index(word, begin)
            words.append(Word(word, starts[begin], ends[begin + len(word) - 1]))
            begin += len(word)
        return path, words

    def streams(self) -> set[str]:
        asked = [str(self.ffmpeg.executable), "-hide_banner", "-i", str(self.film)]
        said = subprocess.run(asked, capture_output=True, text=True, check=False).stderr
        return {kind for kind in ("Video", "Audio", "Subtitle") if f": {kind}:" in said}


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path)


async def test_a_film_with_everything_is_as_loud_as_it_should_be_and_ends_together(room: Room) -> None:
    voice, words = await room.voice(SAID)
    music = room.draw("music.mp3", "-f", "lavfi", "-i", "sine=f=220:d=3,volume=0.2")
    rain = room.draw("rain.mp3", "-f", "lavfi", "-i", "anoisesrc=d=2:a=0.1")
    pieces = [Piece(take=room.clip("1.mp4"), voice=voice, words=words), Piece(take=room.clip("2.mp4"), effect=rain)]

    cut = await room.cutter.cut(pieces, FRAME, room.film, music=music, captions=Captions.SOFT)

    assert cut.notes == ()
    assert cut.duration == pytest.approx(4.0, abs=0.06)
    loudness = await measure(room.ffmpeg, room.film)
    assert loudness.integrated == pytest.approx(-14.0, abs=1.0)
    assert loudness.true_peak is not None
    assert loudness.true_peak <= -1.0
    assert room.streams() == {"Video", "Audio", "Subtitle"}


async def test_words_longer_than_their_picture_are_heard_to_the_end(room: Room) -> None:
    voice, words = await room.voice(" ".join([SAID] * 2))
    pieces = [Piece(take=room.clip("1.mp4", 1.0), voice=voice, words=words)]

    cut = await room.cutter.cut(pieces, FRAME, room.film)

    assert cut.duration >= words[-1].end


@pytest.mark.parametrize(
    ("text", "notes"),
    [(SAID, ()), ("昔々、鯉がいました。", (Note(kind=NoteKind.CAPTIONS_SOFT),))],
    ids=["letters we have", "letters we lack"],
)
async def test_captions_are_drawn_where_we_have_the_letters_and_else_laid_beside(
    room: Room, text: str, notes: tuple[Note, ...]
) -> None:
    voice, _ = await room.voice(SAID)
    pieces = [Piece(take=room.clip("1.mp4"), voice=voice, words=[Word(text, 0.2, 1.5)])]

    cut = await room.cutter.cut(pieces, FRAME, room.film, captions=Captions.BURNT)

    assert cut.notes == notes
    assert ("Subtitle" in room.streams()) == bool(notes)


async def test_a_film_without_a_sound_stays_silent(room: Room) -> None:
    await room.cutter.cut([Piece(take=room.clip("1.mp4"))], FRAME, room.film, captions=Captions.SOFT)

    assert (await measure(room.ffmpeg, room.film)).integrated is None
    assert room.streams() == {"Video", "Audio"}
    assert await measure_duration(room.ffmpeg, room.film) == pytest.approx(2.0, abs=0.06)
