"""A delivered film plays in the page as it is, in seconds, however busy the machine."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from sandbox.discord.people import UploadedFile
from sandbox.discord.playback import PlayableAsItIs
from sandbox.pictures import Pictures, find_chromium
from sandbox.providers.film import Clip, draw

if TYPE_CHECKING:
    from pathlib import Path

    from sandbox.discord.world import DiscordWorld


async def drawn(folder: Path, *, duration: float, audio: bool = True) -> bytes:
    clip = Clip(id="film", prompt="a koi at night", duration=duration, width=1280, height=720, audio=audio)
    return (await draw(clip, folder / "film.mp4")).read_bytes()


async def test_an_h264_film_is_looked_at_and_left_as_it_is(tmp_path: Path) -> None:
    film = await drawn(tmp_path, duration=2)
    info = await PlayableAsItIs().validate("film", film)
    assert info.normalized is film
    assert (info.content_type, info.width, info.height, round(info.duration)) == ("video/mp4", 1280, 720, 2)
    assert info.source_codecs == {"video": "h264", "audio": "aac"}
    assert info.poster is not None
    assert info.poster.startswith(b"\x89PNG")


async def test_a_film_that_is_none_is_left_to_simcord() -> None:
    worker = PlayableAsItIs()
    with pytest.raises(ValueError, match="unsupported or malformed"):
        await worker.validate("film", b"\0\0\0\x18ftypisom" + bytes(64))
    await worker.close()


@pytest.mark.browser
async def test_a_delivered_film_plays_in_a_browser(world: DiscordWorld, tmp_path: Path) -> None:
    chromium = find_chromium()
    if chromium is None:
        assert "GREENLIGHT_REQUIRE_BROWSER" not in os.environ, "this machine must have a Chromium"
        pytest.skip("no Chromium on this machine: no film was played")
    film = UploadedFile("greenlight-1.mp4", await drawn(tmp_path, duration=13))
    await world.people.say(world.mia, world.channel_id, "Here it is", [film])
    async with Pictures(chromium) as pictures:
        url = await world.pages.url_of(world.channel_id)
        played = await pictures.play(url, tmp_path / "film.png")
    assert played.ready_state >= 2
    assert played.position > 1
    assert (played.width, played.height, round(played.duration)) == (1280, 720, 13)
    assert played.sought > 9
