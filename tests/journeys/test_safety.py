"""What keeps people safe: who is old enough, what a policy refuses, what somebody reports, and what is told unasked."""

from __future__ import annotations

from pathlib import Path

from sandbox.discord.reading import text_of
from tests.journeys.stage import Stage

IDEA = "a forbidden lake, 1 shot, without words"
#: What its two orders cost: a service charges for what it refuses after it has begun. So the month is used up by them.
MONTH = {"MAX_USD_PER_GUILD_MONTH": "1.20"}


async def test_a_film_is_softened_reported_and_hidden_and_a_server_is_told_of_its_money(tmp_path: Path) -> None:
    environ = {"AGE_CONFIRMATION": "ask", "VIDEO_MODEL": "gen4.5", **MONTH}
    async with Stage(tmp_path, environ=environ) as stage:
        people, here = stage.people, stage.discord.channel_id
        log = people.make_channel("log")
        people.make_role("Moderator", stage.tom, manage_guild=True)
        setup = await people.slash(stage.tom, here, "setup")
        await stage.until_told(stage.tom, "nothing is missing")
        await people.press(stage.tom, here, label="Manners")
        await stage.until_told(stage.tom, "come there")
        guild = f"{stage.discord.guild_id:032x}"
        await people.pick(stage.tom, here, [log], custom_id=f"gl1:setupset:{guild}:3")
        await stage.until(lambda: str(log.id) in str(stage.rows("SELECT chosen FROM guild_settings")))
        assert setup.ephemeral

        # Asked once, before anything is sent to a service; what was asked for goes on by itself then.
        await people.slash(stage.mia, here, "plan", {"idea": IDEA})
        await stage.until_told(stage.mia, "One question before your first film")
        assert not stage.threads()
        await people.press(stage.mia, here, label="I am 18 or older")
        await stage.until(lambda: bool(stage.threads()))
        [thread] = stage.threads()
        await stage.until(lambda: stage.card(thread, "plan v1"))

        # Refused by the service's policy; one tap rewrites just that shot, and nothing is ordered for it yet.
        await stage.greenlight(stage.mia, thread)
        await stage.until(lambda: stage.pressable(thread, "Safer words"))
        orders = len(stage.orders())
        await people.press(stage.mia, thread, label="Safer words")
        told = await stage.until_told(stage.mia, "Plan v2")
        assert "forbidden" in told.partition("now:")[0]
        assert "forbidden" not in told.partition("now:")[2]
        await stage.until(lambda: stage.card(thread, "plan v2"))
        assert len(stage.orders()) == orders
        await stage.greenlight(stage.mia, thread)
        film = await stage.film_in(thread)

        # A report travels: to the log channel, to a decision, and back.
        form = await people.press(stage.tom, thread, label="Report…", message_id=int(film["id"]))
        await people.submit(stage.tom, form, {"reason": "that is not a lake"})
        await stage.until(lambda: "that is not a lake" in stage.read(log.id))
        await people.press(stage.tom, log.id, label="Hide the film")
        await stage.until(lambda: not stage.films(thread) and "Hidden after a report" in stage.read(log.id))
        await stage.until(
            lambda: "The film was hidden" in "\n".join(map(text_of, stage.discord.direct_messages(stage.tom)))
        )

        # What is not well is told once, over restarts.
        for _ in range(2):
            await stage.bot.kill()
            await stage.restart()
            await stage.until(lambda: "spent what it may this month" in stage.read(log.id))
        assert stage.read(log.id).count("spent what it may this month") == 1
