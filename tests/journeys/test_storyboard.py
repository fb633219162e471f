"""Stills before money is spent: refused by policy, edited, killed on the way, never paid twice; and a film from one."""

from __future__ import annotations

from pathlib import Path

from sandbox.discord.reading import media_urls_of, text_of
from sandbox.providers.faults import ContentRefused, Hang
from tests.journeys.stage import Message, Stage

IDEA = "a koi that becomes a dragon, 3 shots"
#: Of one still, in micro-dollars.
PRICE = 33_600
STORYBOARD, MISSING = "Storyboard · $0.11", "Draw the missing one · $0.04"


async def test_a_storyboard_costs_each_still_once_and_a_film_begins_with_one(tmp_path: Path) -> None:
    async with Stage(tmp_path) as stage:

        def ordered() -> int:
            asked = [request for request in stage.providers.requests if "nano-banana" in request.path]
            return len(asked)

        async def board(words: str) -> Message:
            return await stage.until(lambda: stage.card(thread, words))

        # The price first, and for its owner only; the service's policy refuses one still, and only that is drawn again.
        thread = await stage.plan(stage.mia, IDEA)
        await stage.until(lambda: stage.pressable(thread, STORYBOARD))
        await stage.people.press(stage.tom, thread, label=STORYBOARD)
        await stage.until_told(stage.tom, "belongs to")
        stage.providers.faults.add("gemini", "POST", "nano-banana", ContentRefused())
        await stage.people.press(stage.mia, thread, label=STORYBOARD)
        first = await board("plan v1 · Gemini Nano Banana 2.1 · cost $0.07")
        assert "content policy refused this" in text_of(first)
        assert (len(media_urls_of(first)), ordered()) == (2, 3)
        await stage.people.press(stage.mia, thread, label=MISSING)
        whole = await board("plan v1 · Gemini Nano Banana 2.1 · cost $0.04")
        assert (len(media_urls_of(whole)), ordered()) == (3, 4)

        # A shot is edited, and costs one still more; killed while that is drawn, nothing is ordered by guessing.
        await stage.say_and_wait(stage.mia, thread, "make shot 2 darker")
        await stage.until(lambda: stage.pressable(thread, "Storyboard · $0.04"))
        stage.providers.faults.add("gemini", "POST", "nano-banana", Hang(applied=True))
        await stage.people.press(stage.mia, thread, label="Storyboard · $0.04")
        await stage.until_ordered(lambda: ordered() == 5)
        await stage.bot.kill()
        await stage.restart()
        silent = await board("plan v2 · Gemini Nano Banana 2.1 · cost $0.00")
        assert "went silent while it was drawn. You are not charged" in text_of(silent)
        assert ordered() == 5

        # Its owner has it drawn once more, and the ones before lead to the newest.
        await stage.people.press(stage.mia, thread, label=MISSING)
        newest = await board("plan v2 · Gemini Nano Banana 2.1 · cost $0.04")
        assert (len(media_urls_of(newest)), ordered()) == (3, 6)
        spent = "SELECT sum(settled_microusd), sum(written_off_microusd) FROM reservations WHERE kind = 'storyboard'"
        assert stage.rows(spent) == [(4 * PRICE, PRICE)]
        await stage.until(lambda: stage.read(thread).count("Replaced by [a newer storyboard]") == 3)

        # Nothing has changed, so nothing is drawn; and a shot starts from its picture in a film that is made.
        await stage.until(lambda: stage.pressable(thread, "Storyboard"))
        await stage.people.press(stage.mia, thread, label="Storyboard")
        await stage.until_told(stage.mia, "Nothing has changed since")
        await stage.people.press(stage.mia, thread, label="Start shot 2 from its picture")
        await stage.until(lambda: stage.card(thread, "starts from its picture in the storyboard"))
        await stage.greenlight(stage.mia, thread)
        await stage.film_in(thread)
        assert ordered() == 6
        assert [order.path for order in stage.orders()].count("/v1/image_to_video") == 1


async def test_a_draft_is_made_small_first_and_the_film_is_greenlit_from_it(tmp_path: Path) -> None:
    async with Stage(tmp_path, without=("runway",)) as stage:
        thread = await stage.plan(stage.mia, "a koi that becomes a dragon, 1 shot")
        label = await stage.until(
            lambda: next((each for each in stage.labels(thread) if each.startswith("Draft (360p) · $")), None)
        )
        await stage.people.press(stage.mia, thread, label=label)
        draft = await stage.film_in(thread)
        assert "The **draft** of **A Koi that Becomes a Dragon** is ready" in draft["content"]

        label = next(each for each in stage.labels(thread) if each.startswith("Greenlight the film · $"))
        await stage.people.press(stage.mia, thread, label=label)
        await stage.until(lambda: len(stage.films(thread)) == 2)
        assert "**A Koi that Becomes a Dragon** is ready" in stage.films(thread)[1]["content"]

        asked = [str(order.body) for order in stage.orders("gemini")]
        assert ["'resolution': '360p'" in words for words in asked] == [True, False]
        small = "SELECT count(*) FROM reservations WHERE settled_microusd < 250000"
        assert stage.rows(small) == [(1,)]
