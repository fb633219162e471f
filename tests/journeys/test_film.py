"""From an idea to the posted film, by every way the settings open."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.discord.reading import mentioned, text_of
from sandbox.providers.film import run_ffmpeg
from tests.discord_openapi import SPEC
from tests.journeys.stage import Stage, clip


async def test_an_idea_becomes_a_film_that_mentions_its_owner(tmp_path: Path) -> None:
    async with Stage(tmp_path) as stage:
        thread = await stage.plan(stage.mia)
        await stage.greenlight(stage.mia, thread)
        film = await stage.film_in(thread)
        assert mentioned(film, stage.mia.id)
        assert await _length(stage, film, tmp_path) == pytest.approx(_planned_seconds(stage, thread), abs=0.2)
        assert len(stage.orders()) == 2
        await stage.until(lambda: stage.card(thread, "Here is your film"))


async def test_a_video_is_looked_at_once_and_may_start_a_shot(tmp_path: Path) -> None:
    async with Stage(tmp_path, full_size=True) as stage:
        video = await clip(tmp_path)
        thread = await stage.plan(stage.mia, video=video)
        again = await stage.plan(stage.mia, video=video)
        uploads = [r for r in stage.providers.requests if r.service == "gemini" and r.path.endswith("/files")]
        deletes = [r for r in stage.providers.requests if r.service == "gemini" and r.method == "DELETE"]
        assert len(uploads) == 1, "the same file and question are never paid for twice"
        assert len(deletes) == 1, "what was uploaded is deleted"
        assert "starts from your video" in stage.read(thread) + stage.read(again)
        await stage.greenlight(stage.mia, thread)
        await stage.film_in(thread)
        models = {request.body["model"] for request in stage.orders() if isinstance(request.body, dict)}
        assert models == {"gen4_turbo", "gen4.5"}


async def test_a_shot_continues_from_the_last_frame_of_the_one_before(tmp_path: Path) -> None:
    async with Stage(tmp_path) as stage:
        thread = await stage.plan(stage.mia, "a red kite over the sea, 2 shots")
        await stage.people.say(stage.mia, thread, "shot 2 should continue from the previous shot")
        await stage.until(lambda: stage.card(thread, "continues shot 1"))
        await stage.greenlight(stage.mia, thread)
        await stage.film_in(thread)
        orders = [request.body for request in stage.orders()]
        assert [order["model"] for order in orders if isinstance(order, dict)] == ["gen4.5", "gen4_turbo"]
        assert isinstance(orders[1], dict)
        assert str(orders[1]["promptImage"]).startswith("data:image/jpeg;base64,")


async def test_gemini_alone_films_through_omni(tmp_path: Path) -> None:
    async with Stage(tmp_path, without=("runway", "groq", "elevenlabs")) as stage:
        thread = await stage.plan(stage.mia)
        assert "Gemini Omni" in stage.read(thread)
        await stage.greenlight(stage.mia, thread)
        film = await stage.film_in(thread)
        assert mentioned(film, stage.mia.id)
        assert len(stage.orders("gemini")) == 2


async def test_a_person_may_choose_the_model_and_the_shape(tmp_path: Path) -> None:
    async with Stage(tmp_path, full_size=True) as stage:
        thread = await stage.plan(stage.mia, model="gemini-omni-1.2-flash", ratio="9:16", seconds=8)
        assert "9:16" in stage.read(thread)
        await stage.greenlight(stage.mia, thread)
        film = await stage.film_in(thread)
        assert not stage.orders("runway")
        target = tmp_path / "film.mp4"
        target.write_bytes(stage.film_bytes(film))
        _, said = await run_ffmpeg(["-i", str(target), "-f", "null", "-"])
        assert "720x1280" in said


async def test_without_gemini_groq_plans_and_talks(tmp_path: Path) -> None:
    async with Stage(tmp_path, without=("gemini", "elevenlabs")) as stage:
        thread = await stage.plan(stage.mia)
        await stage.people.say(stage.mia, thread, "make shot 1 longer")
        await stage.until(lambda: stage.card(thread, "plan v2"))
        # Accounts are looked at in any case; nothing else of the plan goes elsewhere.
        asked = {request.service for request in stage.providers.requests if request.method == "POST"}
        assert asked == {"groq"}


async def test_what_is_narrated_is_spoken_once(tmp_path: Path) -> None:
    async with Stage(tmp_path) as stage:
        thread = await stage.plan(stage.mia, "a lighthouse keeper, 2 shots")
        await stage.people.say(stage.mia, thread, 'add the narration "The light never sleeps." to shot 1')
        await stage.until(lambda: stage.card(thread, "🗣️"))
        await stage.greenlight(stage.mia, thread)
        await stage.film_in(thread)
        spoken = stage.orders("elevenlabs")
        assert len(spoken) == 1


async def test_everything_sent_fits_the_published_documents(tmp_path: Path) -> None:
    if not SPEC.exists():
        pytest.skip("the published documents are not at hand; the other stories check against them where they are")
    async with Stage(tmp_path) as stage:
        thread = await stage.plan(stage.mia, video=await clip(tmp_path))
        await stage.people.say(stage.mia, thread, "make shot 2 shorter")
        await stage.until(lambda: stage.card(thread, "plan v2"))
        await stage.greenlight(stage.mia, thread)
        await stage.film_in(thread)
        assert {request.service for request in stage.providers.requests} >= {"gemini", "runway"}
        assert stage.violations() == []


def _planned_seconds(stage: Stage, thread: int) -> float:
    card = stage.card(thread, "🎬")
    assert card is not None
    return float(text_of(card).split("**")[1].removesuffix(" s"))


async def _length(stage: Stage, film: dict[str, object], folder: Path) -> float:
    target = folder / "film.mp4"
    target.write_bytes(stage.film_bytes(film))
    _, said = await run_ffmpeg(["-i", str(target), "-f", "null", "-"])
    hours, minutes, seconds = said.split("Duration: ")[1].split(",")[0].split(":")
    return int(hours) * 3600 + int(minutes) * 60 + float(seconds)
