"""A film talked over by several people: invited by its owner, changed by two at once, undone, compared, forked."""

from __future__ import annotations

import asyncio
from pathlib import Path

from sandbox.discord.reading import buttons_of, menus_of, text_of
from tests.journeys.stage import Stage


async def invite(stage: Stage, thread: int, role: str) -> None:
    """Mia has Tom take part: People on the card, the menu of people, the menu of roles."""
    await stage.people.press(stage.mia, thread, label="People")
    await stage.until_told(stage.mia, "People of this film")
    shown = stage.discord.ephemeral_messages(stage.mia)[-1]
    await stage.people.pick(stage.mia, thread, [stage.tom], custom_id=menus_of(shown)[0]["custom_id"])
    await stage.until_told(stage.mia, "What shall")
    shown = stage.discord.ephemeral_messages(stage.mia)[-1]
    await stage.people.choose(stage.mia, thread, [f"{role}:{stage.tom.id}"], custom_id=menus_of(shown)[0]["custom_id"])
    await stage.until(lambda: f"made you a{'n' if role == 'approver' else ''} **{role}**" in stage.read(thread))


async def test_two_people_direct_a_film_and_lose_nothing(tmp_path: Path) -> None:
    async with Stage(tmp_path) as stage:
        thread = await stage.plan(stage.mia)
        await stage.people.press(stage.tom, thread, label="Fork to a new thread")
        await stage.until_told(stage.tom, "**People**")
        await invite(stage, thread, "director")
        await stage.until(lambda: f"<@{stage.tom.id}> (director)" in stage.read(thread))

        # both at once
        await asyncio.gather(
            stage.people.say(stage.mia, thread, "make shot 1 longer"),
            stage.people.say(stage.tom, thread, "make shot 2 shorter"),
        )
        card = await stage.until(lambda: stage.card(thread, "plan v3"))
        assert stage.rows("SELECT count(*) FROM turns WHERE reply IS NULL OR reply = ''") == [(0,)]
        await stage.until(lambda: "more" in stage.read(thread) and "less" in stage.read(thread))

        # what was in v1 and v3, and back
        await stage.people.press(stage.tom, thread, label="Compare", message_id=int(card["id"]))
        await stage.until_told(stage.tom, "compared with")
        shown = stage.discord.ephemeral_messages(stage.tom)[-1]
        await stage.people.choose(stage.tom, thread, ["1:3"], custom_id=menus_of(shown)[0]["custom_id"])
        await stage.until_told(stage.tom, "**v1** compared with **v3**")
        undo = next(button for button in buttons_of(card) if button["label"] == "Undo")["custom_id"]
        await stage.people.press(stage.tom, thread, custom_id=undo)
        await stage.until_told(stage.tom, "as v2 was")
        await stage.until(lambda: stage.card(thread, "plan v4"))
        await stage.people.press(stage.mia, thread, custom_id=undo, message_id=int(card["id"]))
        await stage.until_told(stage.mia, "moved on to v4")

        # a director orders nothing; a fork of theirs is theirs
        await stage.people.press(stage.tom, thread, label="Greenlight")
        await stage.until_told(stage.tom, "this takes its approver")
        await stage.people.press(stage.tom, thread, label="Fork to a new thread")
        await stage.until_told(stage.tom, "A film of your own begins with plan v4")
        await stage.people.press(stage.tom, thread, label="Fork v4")
        await stage.until(lambda: len(stage.threads()) == 2)
        fork = stage.threads()[-1]
        forked = await stage.until(lambda: stage.card(fork, "plan v1"))
        assert f"<@{stage.tom.id}>" in text_of(forked)
        assert stage.card(thread, "plan v4")
        assert not stage.orders()


async def test_without_the_content_of_messages_reply_mention_and_form_lead_to_the_same(tmp_path: Path) -> None:
    async with Stage(tmp_path, reads_all=False) as stage:
        thread = await stage.plan(stage.mia)
        await stage.until_told(stage.mia, "mention me there")
        card = await stage.until(lambda: stage.card(thread, "reply to me with the ping on"))
        assert stage.card(thread, "plan v1") == card
        await stage.until(lambda: stage.pressable(thread, "Storyboard · $0.07"))
        await stage.people.press(stage.mia, thread, label="Storyboard · $0.07")
        board = await stage.until(lambda: stage.card(thread, "only its own still is drawn anew"))
        assert "reply to me with the ping on" in text_of(board)
        await stage.people.say(stage.mia, thread, "make shot 1 longer")  # nobody can read that
        await stage.people.say(stage.mia, thread, f"<@{stage.discord.bot_id}> make shot 1 longer")
        answer = await stage.until(
            lambda: next((m for m in stage.messages(thread) if "Plan **v2**" in text_of(m)), None)
        )
        await stage.people.say(stage.mia, thread, "make shot 2 shorter", reply_to=int(answer["id"]))
        await stage.until(lambda: "Plan **v3**" in stage.read(thread))
        use = await stage.people.press(stage.mia, thread, label="Change…")
        await stage.people.submit(stage.mia, use, {"words": "undo"})
        back = await stage.until(lambda: stage.card(thread, "plan v4"))
        assert "as v2 was" in text_of(back)
        assert stage.rows("SELECT count(*) FROM plans") == [(4,)]


async def test_an_approver_orders_at_the_owners_cost_asks_what_failed_and_forks_what_was_made(tmp_path: Path) -> None:
    async with Stage(tmp_path) as stage:
        thread = await stage.plan(stage.mia)
        await stage.people.say(stage.mia, thread, "set shot 2 in a forbidden temple")
        await stage.until(lambda: stage.card(thread, "plan v2"))
        await stage.people.slash(stage.mia, thread, "share", {"person": stage.tom, "role": "approver"})
        await stage.until_told(stage.mia, "its approver now")
        await stage.greenlight(stage.tom, thread)
        await stage.until_told(stage.tom, f"charged to <@{stage.mia.id}>")
        await stage.until(lambda: stage.card(thread, f"greenlit by <@{stage.tom.id}>"))
        await stage.until(lambda: stage.card(thread, "Not finished"))
        assert stage.rows("SELECT owner_id FROM reservations") == [(stage.mia.id,)]
        assert stage.rows("SELECT actor_id, action FROM audit") == [(stage.tom.id, "greenlight")]

        answer = await stage.say_and_wait(stage.mia, thread, "why did shot 2 fail?")
        assert "Shot 2 is failed" in text_of(answer)
        assert "content policy" in text_of(answer)

        await stage.people.press(stage.tom, thread, label="Fork to a new thread")
        await stage.until_told(stage.tom, "1 shot that is made already comes along")
        await stage.people.press(stage.tom, thread, label="Fork v2")
        await stage.until(lambda: len(stage.threads()) == 2)
        fork = stage.threads()[-1]
        await stage.until(lambda: stage.card(fork, "1 shot already made, not paid again"))
