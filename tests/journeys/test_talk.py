"""Talking a plan over: in the thread, by mention, through the buttons, by two people, across restarts."""

from __future__ import annotations

from pathlib import Path

from sandbox.discord.reading import buttons_of, text_of
from tests.journeys.stage import Stage, clip


async def test_a_mention_with_a_video_starts_a_film(tmp_path: Path) -> None:
    async with Stage(tmp_path) as stage:
        words = f"<@{stage.discord.bot_id}> turn this into a dream"
        await stage.people.say(stage.mia, stage.discord.channel_id, words, [await clip(tmp_path)])
        thread = await stage.until(lambda: next(iter(stage.threads()), None))
        card = await stage.until(lambda: stage.card(thread, "plan v1"))
        assert f"<@{stage.mia.id}>" in text_of(card)
        assert [r for r in stage.providers.requests if "upload" in r.path]


async def test_a_video_posted_into_the_thread_is_looked_at_and_known_from_then_on(tmp_path: Path) -> None:
    async with Stage(tmp_path) as stage:
        thread = await stage.plan(stage.mia)
        await stage.people.say(stage.mia, thread, "", [await clip(tmp_path)])
        await stage.until_ordered(
            lambda: any(r.method == "DELETE" and r.service == "gemini" for r in stage.providers.requests)
        )
        await stage.until(lambda: not stage.card(thread, "Looking at the video you added"))
        await stage.people.say(stage.mia, thread, "shot 1 should start from the video")
        await stage.until(lambda: stage.card(thread, "starts from your video"))


async def test_a_change_may_come_through_the_button(tmp_path: Path) -> None:
    async with Stage(tmp_path) as stage:
        thread = await stage.plan(stage.mia)
        use = await stage.people.press(stage.mia, thread, label="Change…")
        assert use.modal is not None
        await stage.people.submit(stage.mia, use, {"words": "make shot 1 longer"})
        await stage.until(lambda: stage.card(thread, "plan v2"))


async def test_a_question_changes_nothing(tmp_path: Path) -> None:
    async with Stage(tmp_path) as stage:
        thread = await stage.plan(stage.mia)
        answer = await stage.say_and_wait(stage.mia, thread, "what is shot 2 about?")
        assert "hot 2" in text_of(answer)
        assert not stage.card(thread, "plan v2")


async def test_two_messages_at_once_are_both_answered_in_order(tmp_path: Path) -> None:
    async with Stage(tmp_path, pace=0.5) as stage:
        thread = await stage.plan(stage.mia)
        await stage.people.say(stage.mia, thread, "make shot 1 longer")
        await stage.people.say(stage.mia, thread, "make shot 2 shorter")
        card = await stage.until(lambda: stage.card(thread, "plan v3"))
        assert "shot 2" in text_of(card)
        assert stage.rows("SELECT count(*) FROM turns WHERE reply IS NULL") == [(0,)]


async def test_what_was_said_while_the_bot_was_killed_over_it_is_answered_once(tmp_path: Path) -> None:
    async with Stage(tmp_path, pace=2.0) as stage:
        thread = await stage.plan(stage.mia)
        await stage.people.say(stage.mia, thread, "make shot 1 longer")
        await stage.until_ordered(lambda: any("streamGenerate" in r.path for r in stage.providers.requests))
        await stage.bot.kill()
        await stage.restart()
        await stage.until(lambda: stage.card(thread, "plan v2"))
        await stage.say_and_wait(stage.mia, thread, "what is shot 2 about?")
        assert not stage.card(thread, "plan v3")


async def test_others_may_talk_in_the_thread_without_changing_the_film(tmp_path: Path) -> None:
    async with Stage(tmp_path) as stage:
        thread = await stage.plan(stage.mia)
        await stage.people.say(stage.tom, thread, "make shot 1 longer")
        await stage.say_and_wait(stage.mia, thread, "what is shot 2 about?")
        assert not stage.card(thread, "plan v2")
        await stage.people.say(stage.tom, thread, f"<@{stage.discord.bot_id}> make shot 1 longer")
        await stage.until(lambda: "belongs to" in stage.read(thread))


async def test_a_card_of_an_older_version_orders_nothing(tmp_path: Path) -> None:
    async with Stage(tmp_path) as stage:
        thread = await stage.plan(stage.mia)
        old = stage.card(thread, "plan v1")
        assert old is not None
        stage.discord.faults.answer("PATCH", rf"/channels/{thread}/messages/{old['id']}", status=404, code=10008)
        await stage.people.say(stage.mia, thread, "make shot 1 longer")
        await stage.until(lambda: stage.card(thread, "plan v2"))
        custom_id = next(b["custom_id"] for b in buttons_of(old) if b["label"] == "Greenlight")
        await stage.people.press(stage.mia, thread, custom_id=custom_id, message_id=int(old["id"]))
        await stage.until_told(stage.mia, "moved on to v2")
        assert not stage.orders()


async def test_pressing_twice_is_pressing_once(tmp_path: Path) -> None:
    async with Stage(tmp_path) as stage:
        thread = await stage.plan(stage.mia)
        card = stage.card(thread, "plan v1")
        assert card is not None
        for _ in range(2):
            await stage.people.press(stage.mia, thread, label="Greenlight", message_id=int(card["id"]))
        await stage.until_told(stage.mia, "already in the line")
        await stage.film_in(thread)
        assert len(stage.orders()) == 2


async def test_cancelling_stops_the_orders_and_keeps_what_was_made(tmp_path: Path) -> None:
    async with Stage(tmp_path, pace=20.0) as stage:
        thread = await stage.plan(stage.mia)
        await stage.greenlight(stage.mia, thread)
        await stage.until_ordered(lambda: len(stage.orders(accepted=True)) == 2)
        await stage.until(lambda: stage.pressable(thread, "Cancel"))
        await stage.people.press(stage.tom, thread, label="Cancel")
        await stage.until_told(stage.tom, "belongs to")
        await stage.people.press(stage.mia, thread, label="Cancel")
        await stage.until(lambda: stage.card(thread, "Cancelled"))
        stopped = [r for r in stage.providers.requests if r.service == "runway" and r.method == "DELETE"]
        assert len(stopped) == 2
        assert stage.rows("SELECT count(*) FROM paid_calls WHERE open = 1") == [(0,)]
        assert stage.pressable(thread, "Greenlight"), "the plan can be greenlit again"
