"""Reading, undoing, comparing and forking a plan: what people read, and who may."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import discord
import pytest
from discord import ui

from bot.db import Database
from bot.jobs.wake import Wake
from bot.production.forks import Forks
from bot.storage.files import Files
from bot.studio.errors import NotInvited, PlanMoved, RoleTooSmall
from bot.studio.model import MAX_SHOTS, Project
from bot.studio.participants import Participants
from bot.studio.rights import FilmRights, Role
from bot.studio.soundtrack import SoundOffer
from bot.studio.versions import Versions
from bot.ui.card_layout import fits
from bot.ui.client import Greenlight
from bot.ui.comparison_view import pair_of
from bot.ui.custom_ids import Action, CustomId
from bot.ui.history import History
from bot.ui.plan_pages import ShotPage, page_view, pages_of
from bot.ui.talk_facts import TalkReader
from tests.bot.production.test_productions import FRIEND
from tests.bot.studio.samples import CATALOGUE, OWNER, plan, shot
from tests.bot.ui.test_cards import buttons, text
from tests.bot.ui.test_desk import Counter
from tests.bot.ui.test_homes import Used

STRANGER = 9
LONG_SHOT = shot("A title", prompt="words *of* a shot, " * 45, narration="said " * 79, sound="rain " * 39)


class Room(Counter):
    def __init__(self, database: Database, folder: Path) -> None:
        super().__init__(database)
        self.desk.rights = FilmRights(database)
        self.people = Participants(database, Wake())
        forks = Forks(database, Files(folder), CATALOGUE, SoundOffer(), Wake())
        self.history = History(
            self.desk, self.projects, Versions(self.projects, self.desk.pricing.price, Wake()), forks
        )

    async def changed(self) -> Project:
        project = await self.film(planned=False)
        await self.projects.keep_plan(project.id, plan(shot("One")))
        await self.projects.keep_plan(project.id, plan(shot("One", duration=8), version=2))
        return project

    async def invite(self, project: Project, role: Role) -> None:
        await self.people.invite(project.id, owner_id=OWNER, user_id=FRIEND, role=role)


@pytest.fixture
def room(database: Database, tmp_path: Path) -> Room:
    return Room(database, tmp_path)


def menus(card: ui.LayoutView) -> list[ui.Select[ui.LayoutView]]:
    return [item for item in card.walk_children() if isinstance(item, ui.Select)]


async def test_undo_tells_what_it_changed_and_what_that_costs_and_orders_nothing(room: Room) -> None:
    project = await room.changed()

    words = await room.history.back(CustomId(Action.UNDO, project.id, 2), OWNER)

    assert words.startswith("**Plan v3**: as v1 was: shot 1: 8 s → 5 s · costs $0.36 less, at most $0.60.")
    assert "Nothing was ordered" in words
    with pytest.raises(PlanMoved):
        await room.history.back(CustomId(Action.UNDO, project.id, 2), OWNER)


async def test_only_who_may_change_a_film_goes_back_in_it(room: Room) -> None:
    project = await room.changed()
    custom_id = CustomId(Action.BACK, project.id, 2, (1,))
    with pytest.raises(NotInvited):
        await room.history.back(custom_id, FRIEND)
    await room.invite(project, Role.APPROVER)
    with pytest.raises(RoleTooSmall):
        await room.history.back(custom_id, FRIEND)
    await room.invite(project, Role.DIRECTOR)
    assert "Plan v3" in await room.history.back(custom_id, FRIEND)


async def test_strangers_see_nothing_of_a_plan(room: Room) -> None:
    project = await room.changed()
    with pytest.raises(NotInvited):
        await room.history.page(CustomId(Action.READ, project.id, 2, (1,)), STRANGER)
    with pytest.raises(NotInvited):
        await room.history.comparison(project.id, 1, 2, STRANGER)
    with pytest.raises(NotInvited):
        await room.history.fork_question(project.id, 2, STRANGER)


async def test_who_was_invited_finds_on_the_pages_what_they_may_do(room: Room) -> None:
    project = await room.changed()
    offered = {}
    for role in Role:
        await room.invite(project, role)
        page = await room.history.page(CustomId(Action.READ, project.id, 2, (1,)), FRIEND)
        offered[role] = [label for label, _, _ in buttons(page)][:-3]
    old = await room.history.page(CustomId(Action.READ, project.id, 1, (1,)), OWNER)

    assert offered == {Role.DIRECTOR: ["Change…"], Role.APPROVER: ["Greenlight · $0.96"], Role.VIEWER: []}
    assert [label for label, _, _ in buttons(old)] == ["Fork to a new thread", "People"]


async def test_a_comparison_tells_each_shot_and_the_price_and_lets_any_two_be_chosen(room: Room) -> None:
    project = await room.changed()

    view = await room.history.comparison(project.id, 1, 2, OWNER)

    said = text(view)
    assert "**v1** compared with **v2**" in said
    assert "**Shot 1. One**: 5 s → 8 s" in said
    assert "**v1** · 5 s · at most $0.60" in said
    assert "v2: costs $0.36 more." in said
    assert [option.value for menu in menus(view) for option in menu.options] == ["2:2", "1:2", "1:2", "1:1"]
    assert [label for label, _, _ in buttons(view)] == ["Go back to v1", "Fork v1"]


async def test_a_viewer_compares_and_forks_and_does_not_go_back(room: Room) -> None:
    project = await room.changed()
    await room.invite(project, Role.VIEWER)

    view = await room.history.comparison(project.id, 2, 2, FRIEND)
    question = await room.history.fork_question(project.id, 2, FRIEND)

    assert "They are the same" in text(view)
    assert [label for label, _, _ in buttons(view)] == []
    view = await room.history.comparison(project.id, 1, 2, FRIEND)
    assert [label for label, _, _ in buttons(view)] == ["Fork v1"]
    assert "at most **$0.96**" in text(question)
    assert f"even after <@{OWNER}> deletes this film" in text(question)


async def test_many_versions_are_still_taken_by_discord(room: Room) -> None:
    project = await room.changed()
    for version in range(3, 41):
        await room.projects.keep_plan(project.id, plan(shot("One", duration=5 + version % 2), version=version))

    view = await room.history.comparison(project.id, 1, 2, OWNER)

    assert [len(menu.options) for menu in menus(view)] == [25, 25]
    assert {option.value for option in menus(view)[0].options if option.default} == {"1:2"}


@pytest.mark.parametrize("value", ["", "1", ":", "a:b", "1:2:3", "-1:2", "1:"])
def test_a_choice_that_we_did_not_offer_is_nothing(value: str) -> None:
    assert pair_of(value) is None


async def test_a_card_compares_prices_until_its_version_is_ordered(room: Room) -> None:
    project = await room.changed()
    newest = await room.projects.plan(project.id)
    assert newest is not None
    await room.invite(project, Role.DIRECTOR)
    reader = TalkReader(room.people, Versions(room.projects, room.desk.pricing.price, Wake()), lambda: False)

    before, after = [await reader.of(project, newest, is_ordered=ordered) for ordered in (False, True)]

    assert (before.difference_microusd, after.difference_microusd) == (360_000, None)
    assert [each.user_id for each in before.people] == [FRIEND]
    assert not before.hears_all
    dm = await reader.of(replace(project, guild_id=None, forked_from="a:1"), newest, is_ordered=False)
    assert (dm.hears_all, dm.is_fork) == (True, True)


# Pages


def test_short_plans_are_one_page_and_long_ones_as_many_as_their_words_take() -> None:
    long_plan = plan(*[LONG_SHOT] * MAX_SHOTS)

    assert pages_of(plan()) == [range(1, 4)]
    pages = pages_of(long_plan)
    assert [number for page in pages for number in page] == list(range(1, MAX_SHOTS + 1))
    assert len(pages) > 3


@pytest.mark.parametrize(
    "prompt", ["words " * 150, "字" * 900, "*_~`|" * 180, "🎬" * 450], ids=["en", "ja", "md", "emoji"]
)
def test_every_page_is_taken_by_discord_with_every_word(prompt: str) -> None:
    film = plan(*[replace(LONG_SHOT, prompt=prompt)] * MAX_SHOTS)
    for number in range(1, len(pages_of(film)) + 1):
        view = page_view(ShotPage(project_id="a" * 32, plan=film, number=number))
        assert fits(view)
        assert "…" not in text(view)


def test_pages_have_what_the_card_shortens_of_the_film_and_of_names() -> None:
    words = {"music": "harp " * 59, "voice_name": "A" * 70, "changes": "longer " * 42, "logline": "koi " * 59}
    film = plan(*[replace(LONG_SHOT, title="pond " * 15, camera="slow " * 23)] * 3, version=2, **words)

    first, second = (text(page_view(ShotPage(project_id="a" * 32, plan=film, number=number))) for number in (1, 2))

    assert all(each.strip() in first for each in words.values())
    assert "💬 captions" in first
    assert all(("pond " * 15).strip() in said and ("slow " * 23).strip() in said for said in (first, second))
    assert "harp" not in second


def test_pages_are_turned_in_place_and_no_further_than_the_ends() -> None:
    film = plan(*[LONG_SHOT] * MAX_SHOTS)
    last = len(pages_of(film))

    first, end = (page_view(ShotPage(project_id="a" * 32, plan=film, number=number)) for number in (1, 99))

    assert [disabled for _, _, disabled in buttons(first)] == [True, True, False]
    assert [disabled for _, _, disabled in buttons(end)] == [False, True, True]
    assert f"page {last} of {last}" in text(end)
    ids = [custom_id for _, custom_id, _ in buttons(first)]
    assert len(set(ids)) == len(ids)
    assert [CustomId.parse(str(each)) is not None for each in ids] == [True] * 3


async def test_a_fork_goes_on_where_we_may_write(room: Room) -> None:
    project = await room.changed()
    asked = Used(is_ours=False)
    asked.user = discord.Object(OWNER)
    pressed: Any = asked
    pressed.message = None
    client: Any = object.__new__(Greenlight)
    opened: list[Project] = []

    async def open_thread(project: Project) -> str:
        opened.append(project)
        return "in its thread"

    client.open_thread, client.create_dm = open_thread, asked.create_dm
    asked.client = client

    words = await room.history._forked(pressed, CustomId(Action.FORKIT, project.id, 1))

    assert [(fork.guild_id, fork.channel_id) for fork in opened] == [(None, 99)]
    assert "https://discord.com/channels/@me/99" in words
