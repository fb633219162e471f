"""Changing one shot of a film: it costs that shot, and going back costs nothing."""

from __future__ import annotations

from pathlib import Path

from sandbox.discord.reading import text_of
from tests.journeys.stage import Stage

IDEA = "a koi that becomes a dragon, 2 shots, with a narrator and slow piano music"


async def test_another_take_of_one_shot_costs_that_shot_and_going_back_costs_nothing(tmp_path: Path) -> None:
    async with Stage(tmp_path) as stage:
        thread = await stage.plan(stage.mia, IDEA, seconds=4)
        await stage.greenlight(stage.mia, thread)
        await stage.film_in(thread)
        ordered = {service: len(stage.orders(service)) for service in ("runway", "elevenlabs")}
        assert ordered == {"runway": 2, "elevenlabs": 3}  # two lines and the music

        await stage.until(lambda: stage.pressable(thread, "Shots…"))
        await stage.people.press(stage.tom, thread, label="Shots…")
        await stage.until_told(stage.tom, "belongs to")
        await stage.people.press(stage.mia, thread, label="Shots…")
        await stage.until_told(stage.mia, "Change one shot")
        await stage.people.press(stage.mia, thread, label="Shot 2")
        await stage.until_told(stage.mia, "Attached: take 1")
        await _choose(stage, thread, "Another take")
        told = await stage.until_told(stage.mia, "shot 2 gets take 2 in place of take 1")
        assert "It costs at most" in told
        assert len(stage.orders()) == 2, "nothing is ordered before the greenlight"
        await _choose(stage, thread, "Greenlight")
        await stage.until(lambda: next(iter(stage.films(thread)[1:]), None))
        assert len(stage.orders()) == 3
        takes = "SELECT shot, takes.price_microusd FROM takes JOIN productions ON id = production_id WHERE version = 2"
        (first, first_price), (again, price) = stage.rows(f"{takes} ORDER BY shot")
        assert (first, first_price, again) == (1, 0, 2)
        assert stage.rows("SELECT price_microusd FROM productions WHERE version = 2") == [(price,)]

        # In words, this time.
        await stage.say_and_wait(stage.mia, thread, "go back to take 1 of shot 2")
        card = await stage.until(lambda: stage.card(thread, "plan v3"))
        assert "shot 2: take 2 → take 1" in text_of(card)
        assert "at most $0.00" in text_of(card)
        await stage.people.press(stage.mia, thread, label="Greenlight", message_id=int(card["id"]))
        third = await stage.until(lambda: next(iter(stage.films(thread)[2:]), None))
        assert "cost $0.00" in third["content"]
        assert {service: len(stage.orders(service)) for service in ordered} == {"runway": 3, "elevenlabs": 3}


async def _choose(stage: Stage, thread: int, label: str) -> None:
    """Press a button of the newest answer that only Mia sees."""
    answer = stage.discord.ephemeral_messages(stage.mia)[-1]
    buttons = [part for row in answer["components"] for part in row["components"]]
    (custom_id,) = [button["custom_id"] for button in buttons if button["label"].startswith(label)]
    await stage.people.press(stage.mia, thread, custom_id=custom_id, message_id=int(answer["id"]))
