"""What keeps people safe: who is old enough, what a policy refuses, what somebody reports, and what is told unasked."""

from __future__ import annotations

from pathlib import Path

from sandbox.discord.reading import buttons_of, text_of
from tests.journeys.stage import Stage

IDEA = "a forbidden lake, 1 shot, without words"


async def test_a_film_that_was_refused_is_softened(tmp_path: Path) -> None:
    environ = {"AGE_CONFIRMATION": "ask", "VIDEO_MODEL": "gen4.5"}
    async with Stage(tmp_path, environ=environ) as stage:
        people, here = stage.people, stage.discord.channel_id

        # Asked once, before anything is sent to a service.
        await people.slash(stage.mia, here, "plan", {"idea": IDEA})
        await stage.until_told(stage.mia, "One question before your first film")
        assert not stage.threads()
        await people.press(stage.mia, here, label="I am 18 or older")
        await stage.until_told(stage.mia, "I won't ask again")

        # Refused by the service's policy; one tap rewrites just that shot, and nothing is ordered for it yet.
        thread = await stage.plan(stage.mia, IDEA)
        await stage.greenlight(stage.mia, thread)
        await stage.until(lambda: stage.pressable(thread, "Safer words"))
        assert "A content policy refused some words" in stage.read(thread)
        orders = len(stage.orders())
        await people.press(stage.mia, thread, label="Safer words")
        told = await stage.until_told(stage.mia, "Plan v2")
        assert "forbidden" in told.partition("now:")[0]
        assert "forbidden" not in told.partition("now:")[2]
        await stage.until(lambda: stage.card(thread, "plan v2"))
        assert len(stage.orders()) == orders
        assert not [b for m in stage.messages(thread) for b in buttons_of(m) if b["label"] == "x"]
        assert text_of(stage.messages(thread)[0])
