"""What a film lets hear: narration first, music and noises beside the shots, captions; and `/voice` alone."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from bot.media.ffmpeg import Ffmpeg, find_ffmpeg
from bot.media.fit import measure_duration
from bot.media.loudness import measure
from sandbox.discord.reading import text_of
from sandbox.providers.answers import Answer
from sandbox.providers.faults import Hang
from sandbox.refusals.elevenlabs import ALL as REFUSALS
from tests.journeys.stage import Stage

IDEA = "a koi that becomes a dragon, 2 shots, with a narrator and slow piano music"


def orders(stage: Stage, service: str) -> list[str]:
    return [request.path for request in stage.providers.paid(service)]


async def test_a_narrated_film_is_spoken_first_and_comes_out_as_loud_as_it_should(tmp_path: Path) -> None:
    async with Stage(tmp_path) as stage:
        thread = await stage.plan(stage.mia, IDEA, voice="Leila")
        card = text_of(await stage.until(lambda: stage.card(thread, "plan v1")))
        assert "🎵 slow piano music · 🗣️ Leila" in card
        await stage.greenlight(stage.mia, thread)
        film = await stage.film_in(thread)

        asked = [request for request in stage.providers.paid() if request.service in {"elevenlabs", "runway"}]
        spoken = [number for number, request in enumerate(asked) if "text-to-speech" in request.path]
        ordered = [number for number, request in enumerate(asked) if request.service == "runway"]
        assert len(spoken) == len(ordered) == 2
        assert max(spoken) < min(ordered)
        assert sum("music" in path for path in orders(stage, "elevenlabs")) == 1

        path = tmp_path / "film.mp4"
        path.write_bytes(stage.film_bytes(film))
        ffmpeg = Ffmpeg(find_ffmpeg())
        loudness = await measure(ffmpeg, path)
        assert loudness.integrated == pytest.approx(-14.0, abs=1.0)
        assert loudness.true_peak is not None
        assert loudness.true_peak <= -1.0
        assert await measure_duration(ffmpeg, path) > 5.0


async def test_what_is_heard_is_talked_over_like_everything_else(tmp_path: Path) -> None:
    async with Stage(tmp_path) as stage:
        thread = await stage.plan(stage.mia, IDEA)
        await stage.say_and_wait(stage.mia, thread, "captions into the picture, please")
        await stage.until(lambda: stage.card(thread, "captions burnt"))
        await stage.say_and_wait(stage.mia, thread, "without music")
        await stage.until(lambda: stage.card(thread, "no music"))
        await stage.say_and_wait(stage.mia, thread, "add the sound of rain to shot 2")
        assert await stage.until(lambda: stage.card(thread, "🔊 rain"))


async def test_a_film_whose_voice_cannot_be_had_comes_without_it_and_says_so(tmp_path: Path) -> None:
    async with Stage(tmp_path) as stage:
        stage.providers.faults.add("elevenlabs", "POST", "text-to-speech", REFUSALS["quota_exceeded"], times=100)
        thread = await stage.plan(stage.mia, "a koi, 2 shots, with a narrator")
        await stage.greenlight(stage.mia, thread)
        film = await stage.film_in(thread)
        assert "Each of the shots 1, 2 has no voice" in film["content"]
        assert "has no voice" in text_of(await stage.until(lambda: stage.card(thread, "Here is your film")))


async def test_a_voice_alone_is_posted_and_paid_once(tmp_path: Path) -> None:
    async with Stage(tmp_path) as stage:
        suggested = await stage.people.autocomplete(stage.mia, stage.discord.channel_id, "voice", "voice", "lei")
        assert any(choice["name"].startswith("Leila") for choice in suggested)
        await stage.people.slash(
            stage.mia, stage.discord.channel_id, "voice", {"text": "Once there was a koi.", "voice": "Leila"}
        )

        def posted() -> bool:
            return any(
                file["filename"] == "voice.mp3"
                for message in stage.messages(stage.discord.channel_id)
                for file in message["attachments"]
            )

        await stage.until(posted)
        (message,) = [m for m in stage.messages(stage.discord.channel_id) if m["attachments"]]
        assert "Once there was a koi." in message["content"]
        assert "cost $0.0" in message["content"]
        assert len(orders(stage, "elevenlabs")) == 1


async def test_a_voice_that_is_refused_says_why(tmp_path: Path) -> None:
    async with Stage(tmp_path) as stage:
        wrong = Answer(401, {"detail": {"status": "invalid_api_key", "message": "Invalid API key"}})
        stage.providers.faults.add("elevenlabs", "POST", "text-to-speech", wrong, times=10)
        await stage.people.slash(stage.mia, stage.discord.channel_id, "voice", {"text": "Hello."})
        await stage.until_told(stage.mia, "no longer takes this bot's key")
        await stage.until(lambda: not stage.messages(stage.discord.channel_id))


async def test_without_a_voice_service_the_plan_says_so_and_the_film_is_made(tmp_path: Path) -> None:
    async with Stage(tmp_path, without=("elevenlabs",)) as stage:
        thread = await stage.plan(stage.mia, "a koi, 2 shots, with a narrator")
        await stage.until(lambda: stage.card(thread, "No voice service is set up here"))
        await stage.greenlight(stage.mia, thread)
        await stage.film_in(thread)


async def test_killed_while_a_line_is_recorded_it_is_looked_up_and_nothing_is_ordered_twice(
    tmp_path: Path,
) -> None:
    async with Stage(tmp_path) as stage:
        stage.providers.faults.add("elevenlabs", "POST", "text-to-speech", Hang(applied=True))
        thread = await stage.plan(stage.mia, "a koi, 2 shots, with a narrator")
        await stage.greenlight(stage.mia, thread)
        async with asyncio.timeout(60):
            while not stage.providers.paid("elevenlabs"):  # noqa: ASYNC110  # an answer that hangs wakes nobody
                await asyncio.sleep(0.02)
        assert orders(stage, "runway") == []
        await stage.bot.kill()
        await stage.restart()
        film = await stage.film_in(thread)
        assert "has no voice" not in film["content"]
        assert stage.rows("SELECT state FROM paid_calls WHERE key LIKE '%voice-1%'") == [("found",)]
        assert len(stage.providers.paid("elevenlabs", accepted=False)) == 2  # the first line once, and the second
        assert len(orders(stage, "runway")) == 2
