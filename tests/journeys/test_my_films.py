"""What a member does with finished work: finds it, sends it elsewhere, deletes it, and takes all data along."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from pathlib import Path

from sandbox.discord.people import Use
from sandbox.discord.reading import buttons_of, text_of
from tests.bot.waiting import until
from tests.journeys.stage import PATIENCE, Stage

IDEA = "a zyxomma that becomes a dragon, 2 shots"


async def test_a_film_is_found_sent_and_deleted_and_then_everything_is(tmp_path: Path) -> None:
    async with Stage(tmp_path) as stage:
        here = stage.discord.channel_id

        async def answered(use: Use, words: str) -> str:
            await stage.until(lambda: any(words in text_of(message) for message in use.messages))
            return text_of(use.messages[-1])

        def erased(count: int) -> Callable[[], Awaitable[bool]]:
            async def look() -> bool:
                return stage.rows("SELECT count(erased_at) FROM deletions") == [(count,)]

            return look

        thread = await stage.plan(stage.mia, IDEA)
        await stage.greenlight(stage.mia, thread)
        await stage.film_in(thread)
        await stage.plan(stage.mia, "another zyxomma")
        orders = len(stage.orders())

        # Found, after a restart that left its buttons to the next process.
        use = await stage.people.slash(stage.mia, here, "films")
        listed = await answered(use, "2 films, newest first")
        assert "✅ **A Zyxomma that Becomes a Dragon** · done" in listed
        found = await stage.people.autocomplete(stage.mia, here, "films", "title", "dragon")
        assert [choice["name"] for choice in found] == ["A Zyxomma that Becomes a Dragon"]
        assert not await stage.people.autocomplete(stage.tom, here, "films", "title", "dragon")
        await stage.bot.kill()
        await stage.restart()
        opened = next(b for b in buttons_of(use.messages[-1]) if b["custom_id"].endswith(found[0]["value"]))
        await stage.people.press(stage.mia, here, custom_id=opened["custom_id"])
        await stage.until(lambda: "Send here" in [button["label"] for button in buttons_of(use.messages[-1])])

        # Sent here, and ordered no more.
        await stage.people.press(stage.mia, here, label="Send here")
        await stage.film_in(here)
        assert len(stage.orders()) == orders

        # Deleted: our messages, the words, the files; not what was spent.
        await stage.people.press(stage.mia, here, label="Delete…")
        await answered(use, "This goes, for good")
        await stage.people.press(stage.mia, here, label="Delete for good")
        await answered(use, "is being deleted")
        await stage.until(lambda: not stage.films(here) and "zyxomma" not in stage.read(thread).lower())
        await until(erased(1), within=PATIENCE, every=0.1)
        assert not list((stage.data / "films" / found[0]["value"]).glob("*"))
        assert stage.rows("SELECT count(*) FROM reservations WHERE settled_microusd > 0") == [(1,)]
        assert [each["name"] for each in stage.discord.threads(here)] == ["A deleted film", "another zyxomma"]

        # Everything taken along, then all of it deleted.
        use = await stage.people.slash(stage.mia, here, "privacy")
        await answered(use, "What I keep about you")
        export = await stage.people.press(stage.mia, here, label="Export my data")
        await stage.until(lambda: any(message["attachments"] for message in export.messages))
        data = json.loads(stage.film_bytes(export.messages[-1]))
        assert [film["idea"] for film in data["films"]] == ["another zyxomma"]
        await stage.people.press(stage.mia, here, label="Delete everything of mine…")
        await answered(use, "This stays")
        await stage.people.press(stage.mia, here, label="Delete everything for good")
        await answered(use, "Everything of yours is being deleted")
        await until(erased(2), within=PATIENCE, every=0.1)
        ours = [m for m in stage.messages(here) if "zyxomma" in text_of(m) and m["author"]["id"] != str(stage.mia.id)]
        assert not ours
        await stage.bot.stop()
        for path in stage.data.rglob("*"):
            assert b"zyxomma" not in (path.read_bytes().lower() if path.is_file() else b""), path
