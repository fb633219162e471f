"""People who have Discord in other languages, from `/plan` to the card, and a card in a script of many bytes."""

from __future__ import annotations

from pathlib import Path

from sandbox.discord.people import Member
from sandbox.discord.reading import text_of
from tests.journeys.stage import Stage

LONG = "錦鯉が滝を登って龍になる物語、" * 60 + "12 shots"


async def planned(stage: Stage, who: Member, idea: str, version: str) -> int:
    before = len(stage.threads())
    await stage.people.slash(who, stage.discord.channel_id, "plan", {"idea": idea})
    await stage.until(lambda: len(stage.threads()) > before)
    thread = stage.threads()[-1]
    await stage.until(lambda: stage.card(thread, version))
    return thread


async def test_each_reads_their_language_and_a_film_keeps_its_own(tmp_path: Path) -> None:
    async with Stage(tmp_path) as stage:
        world = stage.discord.simulation
        world.have_in(stage.mia.id, "de")
        world.have_in(stage.tom.id, "ja")

        # Commands are called as in each language.
        names = {
            command["name"]: command["name_localizations"]
            for scope in world.backend.commands.values()
            for command in scope.values()
        }
        assert names["films"]["de"] == "filme"
        assert names["films"]["ja"] == "作品一覧"
        assert names["films"]["en-US"] == "films"

        # A German's film: the private answer, the thread, the card.
        thread = await planned(stage, stage.mia, "ein Koi, der ein Drache wird, 2 shots", "Plan v1")
        await stage.until_told(stage.mia, "Bin dran! Der Plan kommt in")
        assert "plant einen Film" in stage.read(stage.discord.channel_id)
        card = text_of(await stage.until(lambda: stage.card(thread, "**Kosten** höchstens")))
        assert "\xa0$" in card
        assert "2 Shots" in card
        asked = next(each for each in stage.providers.requests if "ein Koi" in str(each.body))
        assert "write in German" in str(asked.body)

        # A Japanese presses on it, and is told in Japanese; the card stays German.
        await stage.people.press(stage.tom, thread, label="Grünes Licht")
        await stage.until_told(stage.tom, "自分の作品を始めて")
        assert stage.card(thread, "Plan v1")

        # A change is answered in the film's language.
        await stage.say_and_wait(stage.mia, thread, "make shot 2 shorter")
        await stage.until(lambda: stage.card(thread, "Plan v2"))
        await stage.until(lambda: stage.card(thread, "**Geändert seit v1:**"))

        # A server of Japanese admins: a card of many bytes still fits.
        world.have_in(stage.mia.id, "en-US")
        world.prefer("ja")
        thread = await planned(stage, stage.mia, LONG, "プラン v1")
        await stage.until(lambda: stage.card(thread, "ショット12個"))
        assert [request for request in stage.discord.requests if request.status == 500] == []
