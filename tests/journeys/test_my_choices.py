"""A member who sets what they usually want, plans with it, watches the line, leaves it, and is told as they chose."""

from __future__ import annotations

from pathlib import Path

from sandbox.discord.people import Use
from sandbox.discord.reading import buttons_of, menus_of, text_of
from tests.journeys.stage import Stage


async def test_defaults_hold_the_line_is_told_and_the_end_comes_as_chosen(tmp_path: Path) -> None:
    async with Stage(tmp_path, pace=6.0, environ={"MAX_FILMS_AT_ONCE": "1"}) as stage:
        here = stage.discord.channel_id

        async def shown(use: Use, words: str) -> str:
            await stage.until(lambda: use.messages and words in text_of(use.messages[-1]))
            return text_of(use.messages[-1])

        def chosen() -> list[str]:
            menus = menus_of(panel.messages[-1])
            return [option["value"] for menu in menus for option in menu["options"] if option.get("default")]

        # Chosen in the panel, of which a part was pressed after a restart.
        panel = await stage.people.slash(stage.mia, here, "settings", {"voice": "George"})
        await shown(panel, "**Voice** · George")
        length, shape = [menu["custom_id"] for menu in menus_of(panel.messages[-1])[:2]]
        await stage.people.choose(stage.mia, here, ["6"], custom_id=length)
        await stage.until(lambda: "6" in chosen())
        await stage.bot.kill()
        await stage.restart()
        await stage.people.choose(stage.mia, here, ["9:16"], custom_id=shape)
        await stage.until(lambda: {"6", "9:16"} <= {*chosen()})
        for label, words in (
            ("Don't mention me", "Mention: off"),
            ("DM me", "DM: on"),
            ("Cover my films", "Spoiler: on"),
        ):
            await stage.people.press(stage.mia, here, label=label)
            await shown(panel, words)

        # Two films, planned as chosen; one runs, one waits for it.
        first = await stage.plan(stage.mia, "a koi that becomes a dragon, 1 shot")
        second = await stage.plan(stage.mia, "a lighthouse in a storm, 1 shot")
        for thread in (first, second):
            assert stage.card(thread, "· 9:16 ·")
            await stage.greenlight(stage.mia, thread)
        assert stage.rows("SELECT seconds, ratio, voice_name FROM projects") == [(6, "9:16", "George")] * 2
        await stage.until(lambda: stage.card(second, "in line"))
        queue = await stage.people.slash(stage.mia, here, "queue")
        told = await shown(queue, "1 film waits, 1 runs, of 1 person")
        assert "place 1 in line" in told
        assert "Nobody can tell yet when it is done." in told
        elses = await stage.people.slash(stage.tom, here, "queue")
        assert "Lighthouse" not in await shown(elses, "Nothing of yours waits or runs.")

        # Out of the line, by the command's own suggestions.
        offered = await stage.people.autocomplete(stage.mia, here, "cancel", "film", "light")
        assert [choice["name"] for choice in offered] == ["A Lighthouse in a Storm"]
        assert not await stage.people.autocomplete(stage.tom, here, "cancel", "film", "")
        await stage.people.slash(stage.mia, here, "cancel", {"film": offered[0]["value"]})
        await stage.until_told(stage.mia, "**A Lighthouse in a Storm**: Cancelled. Nothing was ordered for it.")

        # The end: covered, without a ping, and told in a DM.
        film = await stage.film_in(first)
        assert film["attachments"][0]["filename"].startswith("SPOILER_greenlight-")
        posted = [asked.body for asked in stage.discord.requests if asked.files and asked.path.endswith("/messages")]
        assert [body["allowed_mentions"]["users"] for body in posted if isinstance(body, dict)] == [[]]
        (dm,) = await stage.until(lambda: stage.discord.direct_messages(stage.mia))
        assert f"/{first}/{film['id']}" in text_of(dm)
        assert {"Run again", "Vary…", "Shots…"} <= {button["label"] for button in buttons_of(film)}

        # All of it works there, too.
        for command, words in (
            ("queue", "Nothing of yours waits or runs."),
            ("models", "ready here · the usual one"),
            ("help", "turns an idea"),
            ("settings", "**Voice** · George"),
        ):
            await shown(await stage.people.slash_in_dm(stage.mia, command), words)

        # Another one like it, in a thread of its own.
        form = await stage.people.press(stage.mia, first, label="Vary…")
        assert form.modal is not None
        await stage.people.submit(stage.mia, form, {"idea": "a heron that becomes a cloud, 1 shot"})
        await stage.until(lambda: len(stage.threads()) == 3 and stage.card(stage.threads()[-1], "plan v1"))
        assert stage.rows("SELECT seconds, ratio, voice_name FROM projects") == [(6, "9:16", "George")] * 3
