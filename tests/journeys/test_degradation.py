"""A service that is down, dear or gone: the bot goes on with what there is, and says what is missing."""

from __future__ import annotations

from pathlib import Path

from sandbox.discord.reading import text_of
from sandbox.providers.answers import Answer
from tests.journeys.stage import Stage, clip

DOWN = Answer(503, {"error": {"code": 503, "status": "UNAVAILABLE", "message": "The model is overloaded."}})
#: Without pauses between tries, so that a service that is down is found out at once.
HASTY = {"GEMINI_MAX_RETRIES": "0", "GROQ_MAX_RETRIES": "0"}


async def test_where_gemini_is_down_the_video_is_known_by_stills_and_what_is_said(tmp_path: Path) -> None:
    async with Stage(tmp_path, environ=HASTY) as stage:
        stage.providers.faults.add("gemini", "POST", "generateContent|upload", DOWN, times=1000)
        thread = await stage.plan(stage.mia, "a koi, 2 shots", video=await clip(tmp_path))
        card = text_of(await stage.until(lambda: stage.card(thread, "plan v1")))
        assert "I know yours by a few stills" in card
        asked = [request for request in stage.providers.requests if request.service == "groq"]
        assert any("transcriptions" in request.path for request in asked)

        await stage.say_and_wait(stage.mia, thread, "make shot 2 shorter")  # the chat has gone over to Groq, too
        await stage.until(lambda: stage.card(thread, "plan v2"))


async def test_where_nobody_can_look_at_a_video_it_is_measured_and_the_person_is_told(tmp_path: Path) -> None:
    async with Stage(tmp_path, environ=HASTY) as stage:
        stage.providers.faults.add("gemini", "POST", "generateContent|upload", DOWN, times=1000)
        stage.providers.faults.add("groq", "POST", "transcriptions", DOWN, times=1000)
        stage.providers.faults.add("groq", "POST", "chat/completions", DOWN, times=1)  # its eyes, not its pen
        thread = await stage.plan(stage.mia, "a koi, 2 shots", video=await clip(tmp_path))
        card = text_of(await stage.until(lambda: stage.card(thread, "plan v1")))
        assert "No model could look at your video just now" in card


async def test_a_film_without_a_service_that_works_offers_another_at_its_price(tmp_path: Path) -> None:
    async with Stage(tmp_path, without=("vertex",)) as stage:
        revoked = Answer(401, {"error": "Unauthorized: the API key was revoked."})
        stage.providers.faults.add("runway", "POST", "_to_video", revoked, times=1000)
        thread = await stage.plan(stage.mia, "a koi, 2 shots")
        await stage.greenlight(stage.mia, thread)
        card = text_of(await stage.until(lambda: stage.card(thread, "would make it for at most")))
        assert "nothing is ordered before you greenlight that" in card
        before = len(stage.providers.paid("gemini"))

        await stage.people.press(stage.tom, thread, label="Use Gemini Omni Flash 1.2")
        await stage.until(lambda: "belongs to" in stage.told(stage.tom))
        await stage.people.press(stage.mia, thread, label="Use Gemini Omni Flash 1.2")
        second = text_of(await stage.until(lambda: stage.card(thread, "plan v2")))
        assert "Gemini Omni Flash 1.2" in second
        assert "**Cost** at most $" in second
        assert len(stage.providers.paid("gemini")) == before

        await stage.greenlight(stage.mia, thread)
        await stage.film_in(thread)


async def test_a_model_that_is_gone_is_answered_with_its_successor_and_its_price(tmp_path: Path) -> None:
    async with Stage(tmp_path) as stage:
        thread = await stage.plan(stage.mia, "a koi, 2 shots")
        answer = await stage.say_and_wait(stage.mia, thread, "use Veo 3")
        assert "“Veo 3” was switched off. Veo 3.1 (Vertex) took over, at $0.40 a second" in answer["content"]
        await stage.say_and_wait(stage.mia, thread, "use Veo 3.1 Fast (through Runway)")
        card = text_of(await stage.until(lambda: stage.card(thread, "plan v2")))
        assert "Veo 3.1 Fast (through Runway)" in card
