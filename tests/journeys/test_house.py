"""A server sets the bot up for itself: where it works, for whom, and what happens when somebody breaks its rules."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sandbox.discord.people import Member, Use
from sandbox.discord.reading import components_of, text_of
from tests.journeys.stage import Stage

IDEA = "a koi that becomes a dragon, 2 shots"


def menu(use: Use, choice: int) -> str:
    """The custom id of the menu that sets something on the page that is open."""
    ids = [str(each.get("custom_id", "")) for each in components_of(use.messages[-1])]
    return next(each for each in ids if each.startswith("gl1:setupset:") and each.endswith(f":{choice}"))


async def test_a_server_sets_itself_up_and_its_rules_hold(tmp_path: Path) -> None:
    async with Stage(tmp_path) as stage:
        people, here = stage.people, stage.discord.channel_id
        closed, log = people.make_channel("quiet"), people.make_channel("log")
        vip = people.make_role("VIP", stage.mia)
        ann = people.join("Ann")
        admin = people.make_role("Admin", stage.mia, ann, manage_guild=True)

        async def shows(use: Use, words: str) -> dict[str, Any]:
            await stage.until(lambda: any(words in text_of(message) for message in use.messages))
            return use.messages[-1]

        async def kept(words: str) -> None:
            await stage.until(lambda: words in str(stage.rows("SELECT chosen FROM guild_settings")))

        # Only who may manage the server; Discord's own settings cannot let anybody else in.
        people.show_command("setup", stage.tom)
        await shows(await people.slash(stage.tom, here, "setup"), "Only people who may manage this server")

        setup = await people.slash(stage.mia, here, "setup")
        await shows(setup, "nothing is missing")
        await people.press(stage.mia, here, label="Channels")
        await shows(setup, "Only in these")
        await people.pick(stage.mia, here, [closed], custom_id=menu(setup, 2))
        await kept(f'"denied": [{closed.id}]')
        await people.press(stage.mia, here, label="Manners")
        await shows(setup, "Log channel")
        await people.pick(stage.mia, here, [log], custom_id=menu(setup, 3))
        await kept(f'"log_channel_id": {log.id}')

        # A restart leaves the message to the next process.
        await stage.bot.kill()
        await stage.restart()
        await people.press(stage.mia, here, label="Roles")
        await shows(setup, "The line is fair")
        form = await people.pick(stage.mia, here, [vip], custom_id=menu(setup, 10))
        await people.submit(stage.mia, form, {"weight": "4", "day": "12.50", "waiting": "2"})
        await shows(setup, f"<@&{vip.id}>: counts 4× · $12.50 a day · 2 films waiting at most")

        # What is missing is named, with the invitation that brings it.
        people.let_bot(attach_files=False)
        await people.press(stage.mia, here, label="Overview")
        overview = await shows(setup, "Attach Files")
        [link] = [each["url"] for each in components_of(overview) if each.get("url")]
        assert "permissions=309237763072" in link
        people.let_bot(attach_files=True)

        # Who may not any more changes nothing on a page that is still open.
        people.take_role(admin, stage.mia)
        refused = await people.press(stage.mia, here, label="Channels")
        await stage.until(lambda: any("may manage this server" in text_of(each) for each in refused.messages))

        # The rules hold: nothing in the closed channel, and a member's role weighs in the line.
        async def plans(who: Member) -> Use:
            return await people.slash(who, closed.id, "plan", {"idea": IDEA})

        await shows(await plans(stage.tom), "don't have me in this channel")
        given = {"channel": closed, "member": stage.tom, "command": "plan"}
        diagnosis = await people.slash(ann, here, "admin diagnose", given)
        found = text_of(await shows(diagnosis, "1 thing is in the way"))
        assert "❌ The server does not have me in this channel." in found
        thread = await stage.plan(stage.mia, IDEA)
        await stage.greenlight(stage.mia, thread)
        await stage.until(lambda: stage.rows("SELECT weight FROM productions") == [(4.0,)])
