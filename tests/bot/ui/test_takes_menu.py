"""Changing one shot of a film that was made: what its owner reads and may press, and what nobody else may."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path
from typing import Any

import discord
import pytest

from bot.db import Database
from bot.jobs.wake import Wake
from bot.media.ffmpeg import Ffmpeg
from bot.production.model import Production, ProductionState, TakeState
from bot.production.takebook import TakeBook
from bot.storage.files import Files
from bot.studio.model import MAX_SHOTS, MAX_TAKES, Plan, Project, ShotStart
from bot.studio.soundtrack import SoundOffer, music_name
from bot.studio.takes import ShotTakes, with_take
from bot.ui import previews
from bot.ui.answering import MAX_CONTENT
from bot.ui.custom_ids import Action, CustomId
from bot.ui.previews import Previews
from bot.ui.retakes import Retakes, Rushes
from bot.ui.router import Router
from bot.ui.sending import TooLarge
from bot.ui.takes_menu import TakesMenu, shots_menu
from providers.catalogue import utf16_units
from tests.bot.production.test_productions import STRANGER
from tests.bot.studio.samples import CATALOGUE, OWNER, plan, project, shot
from tests.bot.ui.test_desk import RUNWAY, Counter
from tests.bot.ui.test_router import Press

FILM = plan(shot("One"), shot("Two"), shot("Three", start=ShotStart.PREVIOUS))


class Choosing(Press):
    """A press whose answer may have buttons and files."""

    def __init__(self, custom_id: object, *, user_id: int = OWNER) -> None:
        super().__init__(custom_id, user_id=user_id)
        self.buttons: dict[str, str] = {}
        self.sent: list[str] = []
        self.is_too_large = False

    async def edit_original_response(
        self, *, content: str, view: discord.ui.View | None = None, attachments: Collection[discord.File] = ()
    ) -> None:
        if attachments and self.is_too_large:
            raise TooLarge("40005")
        self.answers.append(content)
        for item in view.children if view is not None else ():
            assert isinstance(item, discord.ui.Button)
            self.buttons[str(item.label)] = str(item.custom_id)
        assert not any(file.fp.closed for file in attachments)
        self.sent = [file.filename for file in attachments]

    @property
    def words(self) -> str:
        return self.answers[-1]


class Theatre(Counter):
    """A film of three shots that was made, the third continuing the second; and the menus of it."""

    def __init__(self, database: Database, folder: Path, ffmpeg: Ffmpeg) -> None:
        super().__init__(database)
        self.files = Files(folder)
        self.desk = self.with_offer(RUNWAY, files=self.files)
        self.book = TakeBook(database, CATALOGUE, self.files)
        self.menu = TakesMenu(Retakes(self.desk, self.projects, self.book, Wake()), Previews(self.files, ffmpeg))

    async def made(self, film: Plan = FILM) -> Project:
        project = await self.film(planned=False)
        await self.projects.keep_plan(project.id, film)
        await self.make(project)
        return project

    async def make(self, project: Project, *, clip: bytes = b"clip") -> Production:
        """Greenlight the newest plan, and have every clip of it made."""
        film = await self.newest(project)
        production = await self.desk.greenlight(
            request_id=f"{project.id}:{film.version}", project_id=project.id, version=film.version, user_id=OWNER
        )
        await self.lifecycle.begin(production.id)
        for take in await self.productions.takes_of(production.id):
            await self.lifecycle.set_take(production.id, take.shot, TakeState.MADE)
            path = self.files.artefact(project.id, f"{take.content}.mp4")
            if not path.exists():
                path.write_bytes(clip)
        await self.lifecycle.end(production.id, ProductionState.DONE, duration=15.0)
        return production

    async def newest(self, project: Project) -> Plan:
        found = await self.projects.plan(project.id)
        assert found is not None
        return found

    async def press(self, custom_id: object, *, user_id: int = OWNER, is_too_large: bool = False) -> Choosing:
        press = Choosing(custom_id, user_id=user_id)
        press.is_too_large = is_too_large
        interaction: Any = press
        await Router(self.desk, self.projects, self.menu).handle(interaction)
        return press


@pytest.fixture
def theatre(database: Database, tmp_path: Path, ffmpeg: Ffmpeg) -> Theatre:
    return Theatre(database, tmp_path, ffmpeg)


async def test_the_fullest_menu_of_shots_is_taken_by_discord() -> None:
    film = plan(*(shot("*_" * 40) for _ in range(MAX_SHOTS)))
    takes = ShotTakes(current=1, kept=dict.fromkeys(range(1, MAX_TAKES + 1, 2), "c"), used=())

    all_takes = dict.fromkeys(range(1, MAX_SHOTS + 1), takes)
    menu = shots_menu(Rushes(project=project(), plan=film, takes=all_takes))

    assert utf16_units(menu.words) <= MAX_CONTENT
    assert menu.words.count("kept, too") == MAX_SHOTS


async def test_another_take_of_one_shot_costs_that_shot_and_is_ordered_by_the_greenlight_alone(
    theatre: Theatre,
) -> None:
    project = await theatre.made()

    shots = await theatre.press(CustomId(Action.SHOTS, project.id))
    one = await theatre.press(shots.buttons["Shot 1"])
    proposal = await theatre.press(one.buttons["Another take · $0.60"])

    assert list(shots.buttons) == ["Shot 1", "Shot 2", "Shot 3"]
    assert list(one.buttons) == ["Another take · $0.60"]
    assert one.sent == ["shot-1-take-1.mp4"]
    assert "shot 1 gets take 2 in place of take 1" in proposal.words
    film = await theatre.newest(project)
    assert (film.version, film.changes) == (2, "shot 1: take 1 → take 2")
    assert await theatre.productions.active() == []

    accepted = await theatre.press(proposal.buttons["Greenlight · $0.60"])
    assert "Greenlit for at most $0.60" in accepted.words
    (production,) = await theatre.productions.active()
    takes = await theatre.productions.takes_of(production.id)
    assert [take.price_microusd for take in takes] == [600_000, 0, 0]


async def test_a_shot_that_continues_the_one_taken_again_is_made_anew_and_said_to_be(theatre: Theatre) -> None:
    project = await theatre.made()

    two = await theatre.press(CustomId(Action.SHOT, project.id, 1, (2,)))
    proposal = await theatre.press(two.buttons["Another take · $0.85"])

    assert "with shot 3, which continues from it" in two.words
    assert "Shot 3 continues from it, so it is made anew, too" in proposal.words
    assert "Greenlight · $0.85" in proposal.buttons


async def test_a_take_that_is_kept_is_free_and_orders_nothing(theatre: Theatre) -> None:
    project = await theatre.made()
    await theatre.press(CustomId(Action.ANOTHER, project.id, 1, (2,)))
    await theatre.make(project)

    two = await theatre.press(CustomId(Action.SHOT, project.id, 2, (2,)))
    assert two.sent == ["shot-2-take-1.mp4", "shot-2-take-2.mp4"]
    assert "take 2 · take 1 kept, too" in two.words
    proposal = await theatre.press(two.buttons["Use take 1"])
    await theatre.press(proposal.buttons["Greenlight · $0.00"])

    assert "goes back to take 1" in proposal.words
    assert "it costs nothing" in proposal.words
    (production,) = await theatre.productions.active()
    assert production.price_microusd == 0
    assert {take.state for take in await theatre.productions.takes_of(production.id)} == {TakeState.MADE}
    assert (await theatre.newest(project)).shots == FILM.shots


async def test_what_was_heard_is_not_paid_again_and_what_is_lost_of_it_is_in_the_price(theatre: Theatre) -> None:
    theatre.desk.pricing.offer = replace(RUNWAY, sound=SoundOffer(music=CATALOGUE.music[0]))
    film = plan(shot("One"), music="piano")
    project = await theatre.made(film)
    castings, _ = await theatre.desk.pricing.price(project, film)
    music = theatre.files.artefact(project.id, music_name(film, castings))
    music.touch()

    kept = await theatre.press(CustomId(Action.SHOT, project.id, 1, (1,)))
    music.unlink()
    lost = await theatre.press(CustomId(Action.SHOT, project.id, 1, (1,)))

    assert "Another take · $0.60" in kept.buttons
    assert "Another take · $0.60" not in lost.buttons
    assert any(label.startswith("Another take") for label in lost.buttons)


@pytest.mark.parametrize(
    ("action", "version", "numbers"),
    [
        (Action.SHOTS, None, ()),
        (Action.SHOT, 1, (1,)),
        (Action.ANOTHER, 1, (1,)),
        (Action.TAKE, 1, (1, 1)),
    ],
)
async def test_strangers_see_and_change_nothing(
    theatre: Theatre, action: Action, version: int | None, numbers: tuple[int, ...]
) -> None:
    project = await theatre.made()

    press = await theatre.press(CustomId(action, project.id, version, numbers), user_id=STRANGER)

    assert "belongs to" in press.words
    assert (press.buttons, press.sent) == ({}, [])
    assert (await theatre.newest(project)).version == 1


async def test_a_second_press_and_one_on_an_old_menu_change_nothing(theatre: Theatre) -> None:
    project = await theatre.made()
    another = CustomId(Action.ANOTHER, project.id, 1, (1,))

    await theatre.press(another)
    again = await theatre.press(another)
    beyond = await theatre.press(CustomId(Action.SHOT, project.id, 1, (4,)))
    waiting = await theatre.press(CustomId(Action.ANOTHER, project.id, 2, (1,)))

    assert "moved on to v2" in again.words
    assert "moved on to v2" in beyond.words
    assert "not made yet" in waiting.words
    assert (await theatre.newest(project)).version == 2


async def test_the_take_in_use_and_one_that_is_gone_are_not_chosen(theatre: Theatre) -> None:
    project = await theatre.made()
    await theatre.press(CustomId(Action.ANOTHER, project.id, 1, (1,)))
    await theatre.make(project)
    castings, _ = await theatre.desk.pricing.price(project, FILM)
    theatre.files.artefact(project.id, castings[0].clip).unlink()

    same = await theatre.press(CustomId(Action.TAKE, project.id, 2, (1, 2)))
    gone = await theatre.press(CustomId(Action.TAKE, project.id, 2, (1, 1)))

    assert "uses that take already" in same.words
    assert "Take 1 of shot 1 is not there: kept are 2" in gone.words
    assert (await theatre.newest(project)).version == 2


async def test_twenty_takes_are_all_there_are_and_all_of_them_can_be_chosen(theatre: Theatre) -> None:
    project = await theatre.made()
    for number in range(2, MAX_TAKES + 1):
        castings, _ = await theatre.desk.pricing.price(project, with_take(FILM, 1, number))
        theatre.files.artefact(project.id, castings[0].clip).write_bytes(b"clip")

    menu = await theatre.press(CustomId(Action.SHOT, project.id, 1, (1,)))
    refused = await theatre.press(CustomId(Action.ANOTHER, project.id, 1, (1,)))

    assert list(menu.buttons) == [f"Use take {number}" for number in range(2, MAX_TAKES + 1)]
    assert menu.sent == [f"shot-1-take-{number}.mp4" for number in range(11, 21)]
    assert "20 takes" in menu.words
    assert "20 takes" in refused.words


async def test_a_take_too_large_to_attach_is_shown_by_a_frame_and_one_that_cannot_be_is_left_out(
    theatre: Theatre, plain: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = await theatre.film(planned=False)
    await theatre.projects.keep_plan(project.id, FILM)
    await theatre.make(project, clip=plain.read_bytes())
    await theatre.press(CustomId(Action.ANOTHER, project.id, 1, (1,)))
    await theatre.make(project, clip=b"no clip")
    sizes = {"small": 80, "large": 2 * (plain.stat().st_size - 1)}

    sent = {}
    for name, size in sizes.items():
        monkeypatch.setattr(previews, "MOST_BYTES", size)
        sent[name] = (await theatre.press(CustomId(Action.SHOT, project.id, 2, (1,)))).sent

    assert sent == {"small": ["shot-1-take-2.mp4"], "large": ["shot-1-take-1.jpg", "shot-1-take-2.mp4"]}


async def test_takes_that_discord_does_not_take_are_offered_unseen(theatre: Theatre) -> None:
    project = await theatre.made()

    menu = await theatre.press(CustomId(Action.SHOT, project.id, 1, (1,)), is_too_large=True)

    assert "are not shown" in menu.words
    assert (list(menu.buttons), menu.sent) == (["Another take · $0.60"], [])
