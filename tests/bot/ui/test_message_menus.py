"""The menu of a message: what it begins with, and what of several videos is taken."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import discord
import pytest
from discord import ui

from bot.db import Database
from bot.jobs.wake import Wake
from bot.studio.budget import Budgets
from bot.studio.errors import IdeaMissing, VideoMissing
from bot.studio.inquiries import Inquiries
from bot.studio.picks import Picks
from bot.studio.projects import Projects
from bot.ui.analyzing import Analyzing
from bot.ui.custom_ids import Action, CustomId
from bot.ui.message_menus import MessageMenus, _chosen
from tests.bot.studio.samples import OWNER
from tests.bot.ui.test_attachments import file


@pytest.fixture
def menus(database: Database) -> MessageMenus:
    return MessageMenus(Picks(database), Analyzing(Inquiries(Projects(database), Budgets(database), Wake()), ["16:9"]))


def message(words: str = "", *files: Any) -> Any:
    return SimpleNamespace(content=words, attachments=list(files), message_snapshots=[])


def used() -> Any:
    return SimpleNamespace(user=discord.Object(OWNER))


def fields(form: ui.Modal) -> list[ui.Item[Any]]:
    return [item.component for item in form.children if isinstance(item, ui.Label)]


async def test_a_message_without_words_or_video_is_no_film(menus: MessageMenus) -> None:
    with pytest.raises(IdeaMissing):
        await menus._film_form(used(), message("", file("notes.txt")))


async def test_a_message_without_a_video_is_nothing_to_look_at(menus: MessageMenus) -> None:
    with pytest.raises(VideoMissing):
        await menus._look_form(used(), message("look at this"))


async def test_the_form_begins_with_what_the_message_says_cut_to_what_an_idea_may_be(menus: MessageMenus) -> None:
    (field,) = fields(await menus._film_form(used(), message("koi " * 1000)))

    assert isinstance(field, ui.TextInput)
    assert field.default is not None
    assert field.default.startswith("koi koi")
    assert len(field.default) <= 1500
    assert field.required


async def test_words_of_a_forwarded_message_count(menus: MessageMenus) -> None:
    forwarded = message()
    forwarded.message_snapshots = [SimpleNamespace(content="a koi")]

    (field,) = fields(await menus._film_form(used(), forwarded))

    assert isinstance(field, ui.TextInput)
    assert field.default == "a koi"


async def test_of_several_videos_one_is_chosen_and_the_form_finds_it_again(
    menus: MessageMenus, database: Database
) -> None:
    form = await menus._look_form(used(), message("", file("a.mp4"), file("b.mov")))

    choice, _ = fields(form)
    assert isinstance(choice, ui.Select)
    assert [option.label for option in choice.options] == ["1. a.mp4", "2. b.mov"]
    custom_id = CustomId.parse(form.custom_id)
    assert custom_id is not None
    assert custom_id.action is Action.LOOKAT
    pick = await Picks(database).get(custom_id.ref, OWNER)
    sent: Any = SimpleNamespace(data={"components": [{"component": {"custom_id": "video", "values": ["1"]}}]})
    chosen = _chosen(sent, pick)
    assert chosen is not None
    assert chosen.name == "b.mov"
