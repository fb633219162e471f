"""Whatever people send, they read a clear sentence with the next step; nothing is lost and nothing is silent."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.discord.people import UploadedFile
from sandbox.discord.reading import text_of
from sandbox.discord.simulation import Impossible
from sandbox.providers.answers import Answer
from sandbox.providers.faults import Breaks, ContentRefused, Html, Reset
from tests.journeys.stage import Stage, clip


async def test_ideas_that_are_none_or_too_long_are_refused_in_private(tmp_path: Path) -> None:
    async with Stage(tmp_path) as stage:
        await stage.people.slash(stage.mia, stage.discord.channel_id, "plan", {})
        await stage.until_told(stage.mia, "Tell me what the film should be about")
        await stage.people.slash(stage.mia, stage.discord.channel_id, "plan", {"idea": " \u200b "})
        await stage.until(lambda: stage.told(stage.mia).startswith("Tell me what"))
        with pytest.raises(Impossible):  # Discord's own client holds the limit that the command declares
            await stage.people.slash(stage.mia, stage.discord.channel_id, "plan", {"idea": "koi " * 1250})
        long = f"<@{stage.discord.bot_id}> {'koi ' * 450}"
        await stage.people.say(stage.mia, stage.discord.channel_id, long)
        await stage.until(lambda: "Shorten it to 1500 characters" in stage.read(stage.discord.channel_id))
        assert not stage.threads()


HOSTILE = {
    "an empty file": ("nothing.mp4", b"", "That file is empty"),
    "a renamed text file": ("notes.mp4", b"dear diary, " * 500, "not a video"),
    "a playlist that names a secret": (
        "list.mp4",
        b"#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nfile:///etc/passwd\n",
        "not a video",
    ),
    "a picture": ("photo.png", b"\x89PNG\r\n\x1a\n" + bytes(200), "video"),
}


@pytest.mark.parametrize("case", HOSTILE)
async def test_files_that_are_no_videos_are_refused_and_the_idea_is_kept(tmp_path: Path, case: str) -> None:
    name, data, words = HOSTILE[case]
    async with Stage(tmp_path) as stage:
        video = UploadedFile(name, data)
        await stage.people.slash(stage.mia, stage.discord.channel_id, "plan", {"idea": "a comet", "video": video})
        thread = await stage.until(lambda: next(iter(stage.threads()), None))
        card = await stage.until(lambda: stage.card(thread, "No plan yet"))
        assert words in text_of(card)
        assert "a comet" in text_of(card)
        assert not [r for r in stage.providers.requests if "upload" in r.path], "nothing of it reaches a provider"
        await stage.people.say(stage.mia, thread, "just make it about a comet")
        await stage.until(lambda: stage.card(thread, "plan v1"))


async def test_a_cut_off_video_is_refused(tmp_path: Path) -> None:
    async with Stage(tmp_path) as stage:
        whole = await clip(tmp_path)
        video = UploadedFile("half.mp4", whole.data[: len(whole.data) // 2])
        await stage.people.slash(stage.mia, stage.discord.channel_id, "plan", {"video": video})
        thread = await stage.until(lambda: next(iter(stage.threads()), None))
        card = await stage.until(lambda: stage.card(thread, "No plan yet"))
        assert "damaged or cut off" in text_of(card) or "not a video" in text_of(card)


async def test_a_video_over_the_limit_says_which_limit(tmp_path: Path) -> None:
    async with Stage(tmp_path, environ={"MAX_UPLOAD_SECONDS": "1"}) as stage:
        video = await clip(tmp_path)
        await stage.people.slash(stage.mia, stage.discord.channel_id, "plan", {"video": video})
        thread = await stage.until(lambda: next(iter(stage.threads()), None))
        await stage.until(lambda: stage.card(thread, "longer than"))


async def test_one_refused_shot_of_five_keeps_the_other_four(tmp_path: Path) -> None:
    async with Stage(tmp_path) as stage:
        thread = await stage.plan(stage.mia, "a market at dawn, 5 shots")
        stage.providers.faults.add("runway", "POST", "/v1/text_to_video", ContentRefused())
        await stage.greenlight(stage.mia, thread)
        await stage.until(lambda: stage.card(thread, "Not finished"))
        said = await stage.until(lambda: stage.card(thread, "4 shots made so far are kept"))
        assert "content policy" in text_of(said)
        await stage.until(lambda: "is not finished" in stage.read(thread))
        number = next(line for line in text_of(said).splitlines() if line.startswith("❌")).split("**")[1]
        await stage.people.say(stage.mia, thread, f"make shot {number} at night")
        await stage.until(lambda: stage.card(thread, "4 shots already made, not paid again"))
        await stage.greenlight(stage.mia, thread)
        await stage.film_in(thread)
        assert len(stage.orders(accepted=True)) == 6


async def test_a_refused_idea_is_explained_and_other_words_are_taken(tmp_path: Path) -> None:
    async with Stage(tmp_path) as stage:
        await stage.people.slash(stage.mia, stage.discord.channel_id, "plan", {"idea": "something unspeakable"})
        thread = await stage.until(lambda: next(iter(stage.threads()), None))
        await stage.until(lambda: stage.card(thread, "content policy"))
        await stage.people.say(stage.mia, thread, "a garden in the rain")
        card = await stage.until(lambda: stage.card(thread, "plan v1"))
        assert "arden" in text_of(card)


async def test_a_service_that_breaks_without_charging_is_asked_once_more(tmp_path: Path) -> None:
    async with Stage(tmp_path) as stage:
        thread = await stage.plan(stage.mia)
        stage.providers.faults.add("runway", "POST", "/v1/text_to_video", Breaks())
        await stage.greenlight(stage.mia, thread)
        await stage.film_in(thread)
        assert len(stage.orders(accepted=True)) == 3


async def test_refusals_that_prove_nothing_was_taken_are_sent_again(tmp_path: Path) -> None:
    async with Stage(tmp_path) as stage:
        thread = await stage.plan(stage.mia)
        stage.providers.faults.add("runway", "POST", "/v1/text_to_video", Answer(503, {"error": "overloaded"}))
        await stage.greenlight(stage.mia, thread)
        await stage.film_in(thread)
        assert len(stage.orders(accepted=True)) == 2


@pytest.mark.parametrize("kind", [Reset(applied=True), Html(status=502, applied=True), Answer(500, {"error": "oops"})])
async def test_answers_that_prove_nothing_hold_the_film_and_ask(tmp_path: Path, kind: Reset | Html | Answer) -> None:
    async with Stage(tmp_path) as stage:
        thread = await stage.plan(stage.mia)
        stage.providers.faults.add("runway", "POST", "/v1/text_to_video", kind)
        await stage.greenlight(stage.mia, thread)
        await stage.until(lambda: stage.card(thread, "Held"))
        await stage.until(lambda: "may or may not have been charged" in stage.read(thread))
        assert len(stage.orders()) == 2, "never sent again by guessing"


async def test_every_key_rejected_is_said_and_nothing_is_ordered(tmp_path: Path) -> None:
    async with Stage(tmp_path, environ={"RUNWAY_API_KEYS": "revoked-runway-key"}) as stage:
        thread = await stage.plan(stage.mia)
        await stage.greenlight(stage.mia, thread)
        told = await stage.until_told(stage.mia, "Runway is away just now")  # the account was looked at by then
        assert "nothing is ordered" in told
        assert not stage.orders()


async def test_no_language_service_is_said_at_once(tmp_path: Path) -> None:
    async with Stage(tmp_path, without=("gemini", "groq", "elevenlabs")) as stage:
        await stage.people.slash(stage.mia, stage.discord.channel_id, "plan", {"idea": "a comet"})
        await stage.until_told(stage.mia, "no language model")


async def test_no_video_service_still_plans_and_says_what_is_missing(tmp_path: Path) -> None:
    async with Stage(tmp_path, without=("gemini", "vertex", "runway", "elevenlabs")) as stage:
        thread = await stage.plan(stage.mia)
        assert "No video service" in stage.read(thread)
        assert not stage.pressable(thread, "Greenlight")


async def test_a_silent_language_service_leaves_the_plan_as_it_is(tmp_path: Path) -> None:
    async with Stage(tmp_path, without=("groq",)) as stage:
        thread = await stage.plan(stage.mia)
        stage.providers.faults.add("gemini", "POST", ":streamGenerateContent", Answer(503, {"error": {}}), times=50)
        await stage.people.say(stage.mia, thread, "make shot 1 longer")
        await stage.until(lambda: "The plan is as it was" in stage.read(thread))
        stage.providers.faults.clear()
        await stage.people.say(stage.mia, thread, "make shot 1 longer")
        await stage.until(lambda: stage.card(thread, "plan v2"))


async def test_user_text_pings_nobody(tmp_path: Path) -> None:
    async with Stage(tmp_path) as stage:
        thread = await stage.plan(stage.mia, "@everyone <@&1> [free](https://evil.example) `x` **koi**, 2 shots")
        await stage.say_and_wait(stage.mia, thread, "rename the film to @here @everyone")
        for request in stage.discord.requests:
            body = request.body if isinstance(request.body, dict) else {}
            data = body.get("data", body)
            if request.method in {"POST", "PATCH"} and isinstance(data, dict) and "allowed_mentions" in data:
                assert not data["allowed_mentions"].get("parse")
        pinged = [m for m in stage.messages(thread) if m.get("mention_everyone") or m.get("mention_roles")]
        assert not [m for m in pinged if int(m["author"]["id"]) == stage.discord.bot_id]
