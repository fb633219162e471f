"""What an operator does from Discord: looks whether all is well, changes keys, and says whose turn it is.

The key that is told in a form is unlike anything else, everything is logged that can be, and afterwards the key stands
nowhere that lasts.
"""

from __future__ import annotations

import json
from pathlib import Path

from sandbox.discord.people import Use
from sandbox.discord.reading import buttons_of, text_of
from tests.journeys.stage import PATIENCE, Stage

CANARY = "sandbox-runway-cleo-713100099"
RESTING = "sandbox-runway-ana-1"


async def test_an_operator_runs_the_bot_from_discord_and_a_key_stays_secret(tmp_path: Path) -> None:
    async with Stage(tmp_path, starts=False) as stage:
        people, here, tom = stage.people, stage.discord.channel_id, stage.tom
        environ = {"OPERATOR_IDS": str(tom.id), "LOG_LEVEL": "debug", "MAX_FILMS_AT_ONCE": "1"}
        environ |= {"VIDEO_MODEL": "gen4.5"}

        async def shows(use: Use, words: str) -> None:
            await stage.until(lambda: any(words in text_of(message) for message in use.messages))

        async def press(label: str, number: int = 0) -> Use:
            """The so-many-th button of this name on the newest card of theirs."""
            card = stage.discord.ephemeral_messages(tom)[-1]
            found = [button["custom_id"] for button in buttons_of(card) if button["label"] == label]
            return await people.press(tom, here, custom_id=found[number])

        stage.bot = stage.process("bot", environ)
        async with stage.bot:
            await stage.discord.ready(within=PATIENCE)
            people.show_command("admin", tom)
            people.make_role("Admin", stage.mia, manage_guild=True)  # of this server, and not of the bot
            await shows(await people.slash(stage.mia, here, "admin keys"), "Only the people who run this bot")

            # How it stands, and a picture of how the day went; from here nothing new begins.
            status = await people.slash(tom, here, "admin status")
            await shows(status, "**Database**: SQLite")
            assert [file["filename"] for file in status.messages[-1]["attachments"]] == ["last-24-hours.png"]
            await press("Pause new films")
            await stage.until(lambda: "Go on" in [each["label"] for each in buttons_of(status.messages[-1])])
            for idea in ("a paper boat, 2 shots, without words", "a lighthouse, 2 shots, without words"):
                await stage.greenlight(stage.mia, await stage.plan(stage.mia, idea))
            await stage.until(lambda: len(stage.rows("SELECT id FROM productions")) == 2)

            # One key rests, another comes; both outlive the process.
            found = await people.autocomplete(tom, here, "admin keys", "key", "runway ana")
            keys = await people.slash(tom, here, "admin keys", {"key": found[0]["value"]})
            await shows(keys, "from the settings")
            await press("Pause")
            await shows(keys, "lent no more")
            await press("All keys")
            await shows(keys, "page 1")
            await people.submit(tom, await press("New Runway key…"), {"account": "cleo", "secret": CANARY})
            await shows(keys, "lists 13 models")
            await stage.bot.kill()
            await stage.restart()

            # The film that came last goes first, on a key that was not there when the bot began.
            late = (await people.autocomplete(tom, here, "admin queue", "film", "light"))[0]["value"]
            job = await people.slash(tom, here, "admin queue", {"film": late})
            await shows(job, "Place 2 in line")
            await press("To the front")
            await shows(job, "Place 1 in line")
            await shows(await people.slash_in_dm(tom, "admin user", {"who": stage.mia}), "**Films**: 2 in line")
            await people.slash_in_dm(tom, "admin resume")
            await stage.until_ordered(lambda: len(stage.orders()) == 4)  # both films, one after the other
            begun = stage.rows("SELECT id FROM productions WHERE started_at IS NOT NULL ORDER BY started_at")
            assert begun[0] == (late,)
            assert CANARY in str([order.key for order in stage.orders()])
            assert RESTING not in str([order.key for order in stage.orders()])

            deeds = [deed for (deed,) in stage.rows("SELECT action FROM audit ORDER BY id")]
            assert deeds == ["pause", "key pause", "key add", "move front", "resume"]
            await stage.bot.kill()
            places = {str(path): path.read_bytes() for path in stage.data.rglob("*") if path.is_file()}
            places["log"] = stage.bot.log.read_bytes()
            for who in (stage.mia, tom):
                places[who.name] = json.dumps(stage.discord.ephemeral_messages(who), default=str).encode()
            assert not [place for place, content in places.items() if CANARY.encode() in content]
            assert b" DEBUG " in places["log"]
