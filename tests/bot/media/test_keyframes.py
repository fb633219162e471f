from __future__ import annotations

from typing import TYPE_CHECKING

import av
import pytest

from bot.media.errors import MediaRefused
from bot.media.keyframes import MAX_BYTES, KeyFrame, key_frames, scenes
from tests.bot.media.conftest import QUICK, Draw, picture
from tests.bot.media.test_pictures import colour

if TYPE_CHECKING:
    from pathlib import Path

    from bot.media.ffmpeg import Ffmpeg

LAVFI = ("-f", "lavfi", "-i")


def sides(path: Path) -> tuple[int, int]:
    with av.open(str(path)) as container:
        return container.streams.video[0].width, container.streams.video[0].height


async def test_each_scene_gives_a_frame_from_its_middle(ffmpeg: Ffmpeg, draw: Draw, tmp_path: Path) -> None:
    parts = [part for name in ("red", "black", "lime", "blue") for part in (*LAVFI, f"color={name}:s=64x36:r=12:d=1")]
    film = draw("colours.mp4", *parts, "-filter_complex", "[0][1][2][3]concat=n=4", *QUICK)

    frames = await key_frames(ffmpeg, film, tmp_path, duration=4.0, cuts=[1.0, 2.0, 3.0])

    assert [frame.at for frame in frames] == pytest.approx([0.5, 2.5, 3.5])  # nothing is seen in the black one
    assert [max(range(3), key=colour(ffmpeg, frame.path).__getitem__) for frame in frames] == [0, 1, 2]


async def test_frames_that_show_the_same_are_left_out(ffmpeg: Ffmpeg, draw: Draw, tmp_path: Path) -> None:
    still = draw("one-colour.mp4", *LAVFI, "color=teal:s=64x36:r=12:d=6", *QUICK)

    assert [frame.at for frame in await key_frames(ffmpeg, still, tmp_path, duration=6.0)] == [0.6]


async def test_a_scene_that_begins_black_is_seen_where_it_is_not(ffmpeg: Ffmpeg, draw: Draw, tmp_path: Path) -> None:
    fading = "testsrc2=s=64x36:r=12:d=4,drawbox=c=black:t=fill:enable='lt(t,2.5)'"

    frames = await key_frames(ffmpeg, draw("fading.mp4", *LAVFI, fading, *QUICK), tmp_path, duration=4.0, most=1)

    assert [frame.at for frame in frames] == [3.0]


async def test_a_black_film_gives_one_frame_all_the_same(ffmpeg: Ffmpeg, draw: Draw, tmp_path: Path) -> None:
    black = draw("all-black.mp4", *LAVFI, "color=black:s=64x36:r=12:d=3", *QUICK)

    assert await key_frames(ffmpeg, black, tmp_path, duration=3.0) == [KeyFrame(tmp_path / "key-1.jpg", 0.5)]


async def test_frames_are_small_and_upright_ones_too(ffmpeg: Ffmpeg, draw: Draw, tmp_path: Path) -> None:
    noisy = draw("noisy-key.mp4", *LAVFI, "testsrc2=s=1080x1920:r=2:d=1,noise=alls=90", *QUICK, "-crf", "8")
    small = draw("small-key.mp4", *picture("64x36", 1, 12), *QUICK)

    (upright,) = await key_frames(ffmpeg, noisy, tmp_path / "a", duration=1.0, most=1)
    (little,) = await key_frames(ffmpeg, small, tmp_path / "b", duration=1.0, most=1)

    assert sides(upright.path) == (432, 768)
    assert upright.path.stat().st_size < MAX_BYTES
    assert sides(little.path) == (64, 36)


async def test_a_video_without_frames_is_refused(ffmpeg: Ffmpeg, plain: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.mp4"
    damaged.write_bytes(plain.read_bytes()[:400])

    with pytest.raises(MediaRefused):
        await key_frames(ffmpeg, damaged, tmp_path / "out", duration=1.0)


def test_the_longest_scenes_are_taken_in_order() -> None:
    assert scenes(20.0, [1.0, 9.0, 10.0, 16.0], 3) == [(1.0, 9.0), (10.0, 16.0), (16.0, 20.0)]


def test_long_scenes_are_parted_while_there_are_too_few() -> None:
    assert scenes(12.0, [3.0], 4) == [(0.0, 3.0), (3.0, 6.0), (6.0, 9.0), (9.0, 12.0)]


def test_scenes_are_not_parted_below_a_second() -> None:
    assert scenes(1.5, [], 5) == [(0.0, 1.5)]


def test_cuts_outside_the_film_do_not_count() -> None:
    assert scenes(2.0, [-1.0, 0.0, 2.0, 7.0], 1) == [(0.0, 2.0)]
