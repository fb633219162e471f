"""The ways in beside `/plan`: a question about a video, a film in a hurry, and any message's menu."""

from __future__ import annotations

from pathlib import Path

from sandbox.discord.people import UploadedFile
from sandbox.discord.reading import text_of
from tests.journeys.stage import Stage, clip


async def test_a_video_is_asked_about_talked_over_and_followed(tmp_path: Path) -> None:
    async with Stage(tmp_path) as stage:
        here = stage.discord.channel_id
        video = await clip(tmp_path)
        asked = {"video": video, "question": "when does the koi turn?"}
        await stage.people.slash(stage.mia, here, "analyze", asked)
        thread = await stage.until(lambda: next(iter(stage.threads()), None))
        await stage.bot.kill()
        await stage.restart()
        card = await stage.until(lambda: stage.card(thread, "Answer"))
        told = text_of(card)
        assert all(words in told for words in ("when does the koi turn", "**Shots**", "`0:00`"))
        assert (len(stage.threads()), stage.read(thread).count("**Answer**")) == (1, 1), "however often it began anew"

        # Asked on in plain words, and through the form; neither makes a plan.
        answer = await stage.say_and_wait(stage.mia, thread, "which colours are in it?")
        assert "mostly" in answer["content"]
        use = await stage.people.press(stage.mia, thread, label="Ask…")
        await stage.people.submit(stage.mia, use, {"words": "look closely: what stands on the sign?"})
        await stage.until(lambda: "in mind: look closely: what stands on the sign" in stage.read(thread))

        # One like it, in a thread of its own: the video is not watched again.
        watched = stage.rows("SELECT count(*) FROM analyses")
        use = await stage.people.press(stage.mia, thread, label="Make one like this")
        await stage.people.submit(stage.mia, use, {"words": "a robot instead of the koi"})
        await stage.until(lambda: len(stage.threads()) == 2)
        plan = await stage.until(lambda: stage.card(stage.threads()[-1], "plan v1"))
        assert "robot" in text_of(plan)
        assert stage.rows("SELECT count(*) FROM analyses") == watched
        await stage.people.press(stage.tom, thread, label="Make one like this")
        await stage.until_told(stage.tom, "asked about this video")


async def test_a_film_in_a_hurry_and_any_message_are_ways_in_even_where_the_bot_is_no_member(tmp_path: Path) -> None:
    async with Stage(tmp_path) as stage:
        here = stage.discord.channel_id

        # In a hurry: one answer with its price, and the press that orders it.
        wish = {"idea": "a koi that becomes a dragon, 2 shots", "max_price": 5.0}
        use = await stage.people.slash(stage.mia, here, "film", wish)
        await stage.until(lambda: any("At most $" in text_of(message) for message in use.messages))
        assert not stage.orders()
        await stage.people.press(stage.mia, here, label="Greenlight", message_id=int(use.messages[-1]["id"]))
        await stage.until_told(stage.mia, "Greenlit for at most")

        # From somebody's words, and from one of somebody's videos.
        idea = "a lighthouse keeper, 2 shots"
        words = await stage.people.say(stage.tom, here, "a lighthouse keeper who tames the storm")
        use = await stage.people.menu(stage.mia, here, "Make a film from this", int(words["id"]))
        await stage.people.submit(stage.mia, use, {"words": idea})
        await stage.until(lambda: len(stage.threads()) == 2)
        video = await clip(tmp_path)
        both = await stage.people.say(stage.tom, here, "", [video, UploadedFile("second.mp4", video.data)])
        use = await stage.people.menu(stage.mia, here, "Analyze this video", int(both["id"]))
        await stage.people.submit(stage.mia, use, {"video": ["1"], "words": ""})
        await stage.until(lambda: len(stage.threads()) == 3)
        await stage.until(lambda: stage.card(stage.threads()[-1], "What happens"))
        await stage.people.menu(stage.mia, here, "Analyze this video", int(words["id"]))
        await stage.until_told(stage.mia, "no video to look at")

        # Where the bot is no member, it goes on in direct messages.
        elsewhere = stage.people.found_without_bot("Elsewhere")
        said = await stage.people.say(stage.tom, elsewhere, idea)
        use = await stage.people.menu(stage.mia, elsewhere, "Make a film from this", int(said["id"]))
        sent = await stage.people.submit(stage.mia, use, {"words": idea})
        await stage.until(lambda: any("in our direct messages" in text_of(message) for message in sent.messages))
        await stage.until(lambda: any("plan v1" in text_of(m) for m in stage.discord.direct_messages(stage.mia)))

        # A post of a forum is where its film goes on.
        post = await stage.people.post(stage.mia, stage.people.make_forum("ideas"), "A lighthouse", "what about one?")
        await stage.people.slash(stage.mia, post, "plan", {"idea": idea})
        await stage.until_told(stage.mia, "The plan comes here")
        await stage.until(lambda: stage.card(post, "plan v1"))
        assert len(stage.threads()) == 3
