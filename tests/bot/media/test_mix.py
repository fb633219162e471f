from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from bot.media.errors import MediaRefused, Reason
from bot.media.loudness import NOTHING, measure
from bot.media.mix import Music, Placed, mix
from tests.bot.media import rulers, voices
from tests.bot.media.conftest import QUICK, Draw, picture, tone
from tests.bot.media.sound import loudness, onsets, samples

if TYPE_CHECKING:
    from pathlib import Path

    from bot.media.ffmpeg import Ffmpeg

FRAME = 1 / 24


def film_of(draw: Draw, name: str, sound: str, seconds: float = 4.0) -> Path:
    heard = ("-f", "lavfi", "-i", sound)
    return draw(name, *picture("64x64", seconds, 24), *heard, *QUICK, "-c:a", "aac", "-t", str(seconds))


@pytest.fixture
def silent_film(draw: Draw) -> Path:
    return film_of(draw, "silent.mp4", "anullsrc")


@pytest.fixture
def voice(draw: Draw) -> Path:
    return draw("voice.mp3", *tone(0.5))


@pytest.fixture(scope="session")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return voices.write(tmp_path_factory.mktemp("spoken") / "spoken.wav", voices.speech(2.5))


@pytest.fixture(scope="session")
def song(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return voices.write(tmp_path_factory.mktemp("song") / "song.wav", voices.music(2.0))


MATERIAL = {
    "tone": ("sine=f=220,tremolo=f=4:d=0.6", 4.0),
    "quiet": ("anoisesrc=c=pink:a=0.02,volume=-6dB", 4.0),
    "very loud": ("anoisesrc=c=white:a=1,volume=12dB", 4.0),
    "speech-like and short": ("aevalsrc='0.3*sin(2*PI*180*t)*max(0,sin(2*PI*3*t))'", 2.0),
    "peaks": ("aevalsrc='0.9*exp(-12*mod(t,0.5))*sin(2*PI*440*t)'", 4.0),
}


def assert_normal(film: Path, found: Path, lufs: float | None, peak: float | None) -> None:
    assert lufs == pytest.approx(-14, abs=1)
    assert peak is not None
    assert peak <= -1.0
    before, after = rulers.ends(film), rulers.ends(found)
    assert after["video"] == pytest.approx(before["video"], abs=0.001)
    assert abs(after["video"] - after["audio"]) <= FRAME
    assert rulers.picture_packets(found) == rulers.picture_packets(film)


@pytest.mark.parametrize("material", MATERIAL)
async def test_a_film_s_own_sound_is_brought_to_one_loudness(
    ffmpeg: Ffmpeg, draw: Draw, tmp_path: Path, material: str
) -> None:
    film = film_of(draw, f"{material}.mp4", *MATERIAL[material])

    told = await mix(ffmpeg, film, tmp_path / "film.mp4")

    assert await measure(ffmpeg, tmp_path / "film.mp4") == told
    assert_normal(film, tmp_path / "film.mp4", told.integrated, told.true_peak)


@pytest.mark.parametrize("own", ["anullsrc", "anoisesrc=c=pink:a=0.2", "sine=f=90,volume=15dB"])
async def test_everything_together_is_brought_to_one_loudness(
    ffmpeg: Ffmpeg, draw: Draw, spoken: Path, song: Path, voice: Path, tmp_path: Path, own: str
) -> None:
    film = film_of(draw, f"with-{len(own)}.mp4", own)

    told = await mix(
        ffmpeg,
        film,
        tmp_path / "film.mp4",
        voices=[Placed(spoken, 0.2), Placed(spoken, 2.9)],
        effects=[Placed(voice, 1.0)],
        music=Music(song),
    )

    assert_normal(film, tmp_path / "film.mp4", told.integrated, told.true_peak)


@pytest.mark.parametrize("part", ["voice", "music"])
async def test_a_silent_film_with_one_part_is_brought_to_one_loudness(
    ffmpeg: Ffmpeg, silent_film: Path, spoken: Path, song: Path, tmp_path: Path, part: str
) -> None:
    out = tmp_path / "film.mp4"

    if part == "voice":
        told = await mix(ffmpeg, silent_film, out, voices=[Placed(spoken, 0.5)])
    else:
        told = await mix(ffmpeg, silent_film, out, music=Music(song))

    assert_normal(silent_film, out, told.integrated, told.true_peak)


async def test_a_film_without_any_sound_stays_silent_and_gets_a_silent_track(
    ffmpeg: Ffmpeg, draw: Draw, silent_film: Path, tmp_path: Path
) -> None:
    mute = draw("mute-film.mp4", *picture("64x64", 2, 24), *QUICK)

    for number, film in enumerate((silent_film, mute)):
        assert await mix(ffmpeg, film, tmp_path / f"{number}.mp4") == NOTHING
        assert max(samples(ffmpeg, tmp_path / f"{number}.mp4")) == 0
        ends = rulers.ends(tmp_path / f"{number}.mp4")
        assert abs(ends["video"] - ends["audio"]) <= FRAME


async def test_a_microphone_s_noise_is_not_raised(ffmpeg: Ffmpeg, draw: Draw, tmp_path: Path) -> None:
    film = film_of(draw, "hiss.mp4", "anoisesrc=c=white:a=0.0005")

    assert await mix(ffmpeg, film, tmp_path / "film.mp4") == NOTHING


async def test_voices_are_heard_in_time(ffmpeg: Ffmpeg, silent_film: Path, voice: Path, tmp_path: Path) -> None:
    await mix(ffmpeg, silent_film, tmp_path / "film.mp4", voices=[Placed(voice, 0.5), Placed(voice, 2.25)])

    heard = onsets(samples(ffmpeg, tmp_path / "film.mp4"), loud=1000)
    assert heard == pytest.approx([0.5, 2.25], abs=0.025)


async def test_what_a_voice_says_after_the_end_is_cut(
    ffmpeg: Ffmpeg, silent_film: Path, voice: Path, tmp_path: Path
) -> None:
    await mix(ffmpeg, silent_film, tmp_path / "film.mp4", voices=[Placed(voice, 3.9), Placed(voice, 60.0)])

    assert rulers.ends(tmp_path / "film.mp4") == pytest.approx({"video": 4.0, "audio": 4.0}, abs=FRAME)


async def test_the_film_s_own_sound_steps_back_while_a_voice_speaks(ffmpeg: Ffmpeg, draw: Draw, tmp_path: Path) -> None:
    film = film_of(draw, "hum.mp4", "aevalsrc='0.3*sin(2*PI*200*t)'")
    # a voice too high for what the test hears at 8 kHz: what is left in its place is the film's own sound
    high = draw("high.wav", "-f", "lavfi", "-i", "aevalsrc='0.5*sin(2*PI*9000*t)':s=48000:d=1")

    await mix(ffmpeg, film, tmp_path / "film.mp4", voices=[Placed(high, 1.0)])

    heard = samples(ffmpeg, tmp_path / "film.mp4")
    assert loudness(heard, 1.3, 1.9) < loudness(heard, 0.2, 0.8) / 3
    assert loudness(heard, 3.5, 3.9) == pytest.approx(loudness(heard, 0.2, 0.8), rel=0.2)


async def test_music_lies_below_the_voice_however_loud_it_was_recorded(
    ffmpeg: Ffmpeg, draw: Draw, silent_film: Path, tmp_path: Path
) -> None:
    loud = draw("loud-music.wav", "-f", "lavfi", "-i", "aevalsrc='0.95*sin(2*PI*300*t)':d=1.5")
    low = draw("low-voice.wav", "-f", "lavfi", "-i", "aevalsrc='0.02*sin(2*PI*300*t)':d=1.5")
    high = draw("high-voice.wav", "-f", "lavfi", "-i", "aevalsrc='0.02*sin(2*PI*9000*t)':s=48000:d=1.5")
    await mix(ffmpeg, silent_film, tmp_path / "seen.mp4", voices=[Placed(high, 1.0)], music=Music(loud))
    await mix(ffmpeg, silent_film, tmp_path / "voice.mp4", voices=[Placed(low, 1.0)])

    music, voice = samples(ffmpeg, tmp_path / "seen.mp4"), samples(ffmpeg, tmp_path / "voice.mp4")

    assert loudness(music, 1.3, 2.3) < loudness(music, 0.5, 0.9) / 2  # ducked
    assert loudness(music, 1.3, 2.3) < loudness(voice, 1.3, 2.3) / 4  # under the voice


async def test_music_is_repeated_to_the_end_and_fades(
    ffmpeg: Ffmpeg, draw: Draw, silent_film: Path, tmp_path: Path
) -> None:
    short = draw("jingle.mp3", *tone(0.7))

    await mix(ffmpeg, silent_film, tmp_path / "film.mp4", music=Music(short))

    heard = samples(ffmpeg, tmp_path / "film.mp4")
    assert loudness(heard, 2.0, 2.6) == pytest.approx(loudness(heard, 0.7, 1.3), rel=0.2)
    assert loudness(heard, 0, 0.05) < loudness(heard, 1, 1.5) / 4
    assert loudness(heard, 3.9, 4.0) < loudness(heard, 1, 1.5) / 4


async def test_silent_music_changes_nothing(ffmpeg: Ffmpeg, draw: Draw, silent_film: Path, tmp_path: Path) -> None:
    nothing = draw("nothing.wav", "-f", "lavfi", "-i", "anullsrc=d=1")

    assert await mix(ffmpeg, silent_film, tmp_path / "film.mp4", music=Music(nothing)) == NOTHING


async def test_a_part_that_is_no_recording_is_refused_and_leaves_nothing(
    ffmpeg: Ffmpeg, silent_film: Path, tmp_path: Path
) -> None:
    answer = tmp_path / "voice.mp3"
    answer.write_text('{"detail": "quota exceeded"}')

    with pytest.raises(MediaRefused) as refused:
        await mix(ffmpeg, silent_film, tmp_path / "out" / "film.mp4", voices=[Placed(answer, 0)])

    assert refused.value.reason is Reason.UNSUPPORTED_CONTAINER
    assert list((tmp_path / "out").iterdir()) == []


async def test_a_cancelled_mix_leaves_nothing(ffmpeg: Ffmpeg, silent_film: Path, song: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    task = asyncio.ensure_future(mix(ffmpeg, silent_film, out / "film.mp4", music=Music(song)))
    while not (out.exists() and list(out.glob("mix-*/*.part"))):  # noqa: ASYNC110 - the disk tells nobody
        await asyncio.sleep(0.005)

    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert list(out.iterdir()) == []
