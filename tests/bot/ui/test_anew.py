"""The same film once more, and another one like it: both end at a plan with its price, and nothing is ordered."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import discord
import pytest

from bot.db import Database
from bot.jobs.wake import Wake
from bot.production.takebook import TakeBook
from bot.storage.files import Files
from bot.studio.model import Captions, Project, ShotStart
from bot.ui.anew import Anew, varied
from bot.ui.custom_ids import Action, CustomId
from bot.ui.retakes import Retakes
from bot.ui.router import Router
from tests.bot.production.test_productions import STRANGER
from tests.bot.studio.samples import CATALOGUE, CLIP, OWNER, asset, plan, project, shot
from tests.bot.ui.test_desk import RUNWAY, Counter
from tests.bot.ui.test_takes_menu import Choosing


class Room(Counter):
    def __init__(self, database: Database, folder: Path) -> None:
        super().__init__(database)
        self.files = Files(folder)
        self.desk = self.with_offer(RUNWAY, files=self.files)
        book = TakeBook(database, CATALOGUE, self.files)
        self.anew = Anew(self.desk, self.projects, Retakes(self.desk, self.projects, book, Wake()))
        self.opened: list[Project] = []

    async def open_thread(self, project: Project) -> str:
        self.opened.append(project)
        return "On it!"

    async def press(self, action: Action, ref: str, *, user_id: int = OWNER, idea: str | None = None) -> Choosing:
        pressed: Any = Choosing(CustomId(action, ref), user_id=user_id)
        pressed.client, pressed.guild_id = self, 5
        pressed.id += len(self.opened)
        pressed.channel_id, pressed.channel = 66, SimpleNamespace(id=66)
        if idea is not None:
            pressed.type = discord.InteractionType.modal_submit
            pressed.data["components"] = [{"component": {"custom_id": "idea", "value": idea}}]
        pressed.send_message = self.refused(pressed)
        await Router(self.desk, self.projects, presses=self.anew.presses).handle(pressed)
        found: Choosing = pressed
        return found

    def refused(self, pressed: Any) -> Any:
        async def send(content: str, *, ephemeral: bool) -> None:
            assert ephemeral
            pressed.answers.append(content)

        return send


@pytest.fixture
def room(database: Database, tmp_path: Path) -> Room:
    return Room(database, tmp_path)


async def test_running_again_makes_a_version_with_another_take_of_every_shot(room: Room) -> None:
    film = await room.film()
    await room.accept(film.id)

    pressed = await room.press(Action.ANEW, film.id)

    newest = await room.projects.plan(film.id)
    assert newest is not None
    assert (newest.version, [each.take for each in newest.shots]) == (2, [2, 2, 2])
    assert "**Plan v2** of **Koi**: 3 shots are made once more" in pressed.words
    assert pressed.buttons == {
        "Greenlight · $1.80": str(CustomId(Action.GREENLIGHT, film.id, 2, (1_800_000,))),
    }
    assert len(await room.productions.active()) == 1  # the one of before


async def test_what_was_never_made_is_not_run_again(room: Room) -> None:
    film = await room.film()

    pressed = await room.press(Action.ANEW, film.id)

    assert "Nothing of this plan is made yet" in pressed.words
    assert pressed.buttons == {}


@pytest.mark.parametrize("action", [Action.ANEW, Action.VARY])
async def test_a_stranger_makes_nothing_of_anothers_film(room: Room, action: Action) -> None:
    film = await room.film()
    await room.accept(film.id)

    pressed = await room.press(action, film.id, user_id=STRANGER)

    assert "belongs to" in pressed.words
    assert pressed.modals == []
    newest = await room.projects.plan(film.id)
    assert newest is not None
    assert newest.version == 1


async def test_the_form_begins_with_the_idea(room: Room) -> None:
    film = await room.film()

    (modal,) = (await room.press(Action.VARY, film.id)).modals

    assert isinstance(modal, discord.ui.Modal)
    fields = [item for item in modal.walk_children() if isinstance(item, discord.ui.TextInput)]
    assert [field.default for field in fields] == ["a koi"]
    assert modal.custom_id == str(CustomId(Action.VARY, film.id))


async def test_a_film_like_another_is_a_film_of_its_own(room: Room) -> None:
    film = await room.film()

    pressed = await room.press(Action.VARY, film.id, idea="a heron")

    (made,) = room.opened
    assert (made.idea, made.channel_id, made.model, made.owner_id) == ("a heron", 66, "gen4.5", OWNER)
    assert made.id != film.id
    assert pressed.words == "On it!"


async def test_a_video_comes_along_while_it_is_kept(room: Room) -> None:
    film = await room.film()
    await room.projects.keep_asset(film.id, asset(), CLIP)
    await room.press(Action.VARY, film.id, idea="a heron")
    room.desk.pricing._has_upload = never

    pressed = await room.press(Action.VARY, film.id, idea="a crane")

    assert [made.asset_id for made in room.opened] == [asset().id, None]
    assert "not kept any more" in pressed.words


async def never(_: object) -> bool:
    return False


def test_what_was_chosen_for_a_film_is_chosen_for_one_like_it() -> None:
    newest = plan(
        shot("One", start=ShotStart.TEXT), ratio="9:16", voice="v1", voice_name="Rosie", captions=Captions.OFF
    )
    asked = {"request_id": "9", "guild_id": None, "channel_id": 3, "idea": "x", "asset_id": None}

    request = varied(replace(project(), seconds=12), newest, **asked)  # type: ignore[arg-type]  # passed on as given

    chosen = (request.model, request.ratio, request.voice, request.voice_name, request.captions, request.seconds)
    assert chosen == ("gen4.5", "9:16", "v1", "Rosie", Captions.OFF, 12)
    unplanned = varied(project(voice="v2"), None, **asked)  # type: ignore[arg-type]  # passed on as given
    assert (unplanned.model, unplanned.voice) == ("gen4.5", "v2")
