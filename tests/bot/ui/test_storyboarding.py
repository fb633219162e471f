"""Storyboards as people ask for them, and the cards that show them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import discord
import pytest
from discord import ui
from sqlalchemy import update

from bot.db import Database
from bot.db.tables import storyboards
from bot.jobs.wake import Wake
from bot.media.ffmpeg import Ffmpeg
from bot.production.reports import Reports, ReportState
from bot.studio.budget import Caps
from bot.studio.errors import NeedsApproval, NoStoryboard, NotYours, PlanMoved, PriceRose, StillGone
from bot.studio.model import ShotStart
from bot.studio.sightings import Sightings
from bot.ui.card_rows import CardRows
from bot.ui.desk import Desk
from bot.ui.extras import FilmExtras
from bot.ui.offer import Offer
from bot.ui.progress import CardKeeper
from bot.ui.storyboarding import Ordered, Storyboarding
from providers.errors import ContentRejected
from tests.bot.production.test_illustrator import PRICE, Atelier
from tests.bot.studio.samples import CATALOGUE, OWNER, plan, shot
from tests.bot.ui.test_cards import buttons, text
from tests.bot.ui.test_progress import Line

WHOLE = 3 * PRICE


class Desktop(Atelier):
    """A film in its thread, with everything that draws it and shows what was drawn."""

    def __init__(self, database: Database, folder: Path, ffmpeg: Ffmpeg, caps: Caps | None = None) -> None:
        super().__init__(database, folder, ffmpeg, caps)
        self.offer = Offer(
            video_models=CATALOGUE.video_models({"runway", "gemini"}), default_model="gen4.5", can_plan=True
        )
        self.desk = Desk(
            projects=self.projects,
            productions=self.productions,
            greenlights=self.greenlights,
            lifecycle=self.lifecycle,
            outbox=self.outbox,
            catalogue=CATALOGUE,
            offer=self.offer,
            changed=Wake(),
            files=self.files,
        )
        self.asked = self.asking({"gemini"})
        self.wall = Wall()
        rows = CardRows(database, clock=lambda: self.now)
        client: Any = self.wall
        line: Any = Line()
        self.keeper = CardKeeper(
            client=client,
            rows=rows,
            projects=self.projects,
            productions=self.productions,
            sightings=Sightings(database),
            dispatcher=line,
            catalogue=CATALOGUE,
            desk=self.desk,
            pools={},
            extras=FilmExtras(
                rows=rows,
                projects=self.projects,
                productions=self.productions,
                storyboards=self.storyboards,
                storyboarding=self.asked,
                desk=self.desk,
                catalogue=CATALOGUE,
                files=self.files,
                reports=Reports(database, Wake()),
            ),
            clock=lambda: self.now,
        )

    def asking(self, providers: set[str]) -> Storyboarding:
        return Storyboarding(
            desk=self.desk,
            projects=self.projects,
            storyboards=self.storyboards,
            catalogue=CATALOGUE,
            providers=providers,
            files=self.files,
            changed=Wake(),
        )

    async def film_in_thread(self) -> str:
        film = await self.film("1")
        await self.projects.set_thread(film.id, 7)
        return film.id

    async def press(
        self, film: str, shown: int = WHOLE, *, version: int = 1, press: str = "1", user_id: int = OWNER
    ) -> Ordered:
        self.now += 1.0
        ordered = await self.asked.order(
            request_id=press, project_id=film, version=version, user_id=user_id, shown_microusd=shown
        )
        if not ordered.stands:
            await self.illustrator.draw(ordered.storyboard)
        return ordered

    async def look(self) -> None:
        for _ in range(3):
            self.now += 10.0
            async with asyncio.TaskGroup() as group:
                await self.keeper.look(group)

    def cards(self) -> list[str]:
        return [text(view) for view, _ in self.wall.messages.values()]


class Wall:
    """A thread; every message with the names of its files."""

    def __init__(self) -> None:
        self.messages: dict[int, tuple[ui.LayoutView, list[str]]] = {}

    def get_partial_messageable(self, channel_id: int) -> Wall:
        return self

    async def send(
        self, *, view: ui.LayoutView, silent: bool, nonce: str, files: list[discord.File] | None = None
    ) -> discord.Object:
        number = len(self.messages) + 1
        for file in files or []:
            assert file.fp.read(2) == b"\xff\xd8"
        self.messages[number] = view, [file.filename for file in files or []]
        return discord.Object(number)

    def get_partial_message(self, number: int) -> Any:  # what is used of one
        return Message(self, number)


class Message:
    def __init__(self, wall: Wall, number: int) -> None:
        self.wall, self.number = wall, number

    async def edit(self, *, view: ui.LayoutView, attachments: list[discord.File] | None = None) -> None:
        _, files = self.wall.messages[self.number]
        assert not files or attachments == [], "a gallery is never edited with its pictures in it"
        self.wall.messages[self.number] = view, []


@pytest.fixture
def desktop(database: Database, tmp_path: Path, ffmpeg: Ffmpeg) -> Desktop:
    return Desktop(database, tmp_path / "data", ffmpeg)


async def test_what_was_drawn_is_posted_once_with_its_pictures_and_the_plan_says_so(desktop: Desktop) -> None:
    film = await desktop.film_in_thread()
    await desktop.look()
    assert "**Storyboard**: 3 stills, at most $0.11" in desktop.cards()[0]

    await desktop.press(film)
    await desktop.look()
    await desktop.look()

    assert "**Storyboard**: it stands in this thread." in desktop.cards()[0]
    assert [files for _, files in desktop.wall.messages.values()] == [
        [],
        ["storyboard-shot-1.jpg", "storyboard-shot-2.jpg", "storyboard-shot-3.jpg"],
    ]


async def test_a_message_that_stands_is_left_as_it_is_whatever_becomes_of_its_pictures(desktop: Desktop) -> None:
    film = await desktop.film_in_thread()
    await desktop.press(film)
    await desktop.look()
    shown = desktop.wall.messages[2]
    next((desktop.files.root / "films" / film).glob("still-*.jpg")).unlink()
    async with desktop.database.transaction() as transaction:
        await transaction.execute(update(storyboards).values(updated_at=desktop.now))
    await desktop.projects.touch(film)

    await desktop.look()

    assert desktop.wall.messages[2] == shown


async def test_a_newer_storyboard_takes_the_place_of_the_one_before(desktop: Desktop) -> None:
    film = await desktop.film_in_thread()
    desktop.painter.faults["Two"] = ContentRejected("gemini")
    await desktop.press(film)
    await desktop.look()
    assert "Draw the missing one · $0.04" in [label for label, _, _ in buttons(desktop.wall.messages[2][0])]

    desktop.painter.faults.clear()
    await desktop.press(film, PRICE, press="2")
    await desktop.look()

    assert "Replaced by [a newer storyboard]" in desktop.cards()[1]
    assert (desktop.wall.messages[2][1], len(desktop.wall.messages[3][1])) == ([], 3)


async def test_a_storyboard_that_stands_is_not_posted_again(desktop: Desktop) -> None:
    film = await desktop.film_in_thread()
    first = await desktop.press(film)

    again = await desktop.press(film, 0, press="2")

    assert (again.stands, again.storyboard.id) == (True, first.storyboard.id)


async def test_a_shot_starts_from_its_still_and_so_does_another_from_the_same_card(desktop: Desktop) -> None:
    film = await desktop.film_in_thread()
    await desktop.press(film)

    for shot_number in (1, 3):
        started = await desktop.asked.start_from(project_id=film, version=1, shot=shot_number, user_id=OWNER)
    again = await desktop.asked.start_from(project_id=film, version=1, shot=3, user_id=OWNER)

    assert started.plan is not None
    assert started.quote is not None
    assert [each.start for each in started.plan.shots] == [ShotStart.STILL, ShotStart.TEXT, ShotStart.STILL]
    assert started.plan.version == 3
    assert started.quote.price_microusd == 2 * 250_000 + 600_000  # what moves a picture is cheaper
    assert again.plan is None


async def test_a_picture_of_other_words_or_one_that_is_gone_starts_nothing(desktop: Desktop) -> None:
    film = await desktop.film_in_thread()
    await desktop.press(film)
    await desktop.projects.keep_plan(film, plan(shot("Another"), *plan().shots[1:], version=2))

    with pytest.raises(PlanMoved):
        await desktop.asked.start_from(project_id=film, version=1, shot=1, user_id=OWNER)
    for still in (desktop.files.root / "films" / film).glob("still-*.jpg"):
        still.unlink()
    with pytest.raises(StillGone):
        await desktop.asked.start_from(project_id=film, version=1, shot=2, user_id=OWNER)


async def test_a_film_that_starts_from_a_still_that_is_gone_is_not_greenlit(desktop: Desktop) -> None:
    film = await desktop.film_in_thread()
    await desktop.press(film)
    await desktop.asked.start_from(project_id=film, version=1, shot=1, user_id=OWNER)
    for still in (desktop.files.root / "films" / film).glob("still-*.jpg"):
        still.unlink()

    with pytest.raises(StillGone):
        await desktop.desk.greenlight(request_id="g", project_id=film, version=2, user_id=OWNER)


async def test_nothing_is_drawn_for_strangers_at_another_price_or_for_an_older_plan(desktop: Desktop) -> None:
    film = await desktop.film_in_thread()

    with pytest.raises(NotYours):
        await desktop.press(film, user_id=OWNER + 1)
    with pytest.raises(PriceRose):
        await desktop.press(film, PRICE)
    with pytest.raises(PlanMoved):
        await desktop.press(film, version=2)
    with pytest.raises(NoStoryboard):
        await desktop.asking(set()).order(
            request_id="1", project_id=film, version=1, user_id=OWNER, shown_microusd=WHOLE
        )
    assert desktop.painter.drawn == []


async def test_what_needs_approval_is_not_drawn(database: Database, tmp_path: Path, ffmpeg: Ffmpeg) -> None:
    desktop = Desktop(database, tmp_path / "data", ffmpeg, Caps(approval_above_microusd=WHOLE - 1))

    with pytest.raises(NeedsApproval):
        await desktop.press(await desktop.film_in_thread())


async def test_the_storyboard_of_a_film_that_was_hidden_is_not_posted(desktop: Desktop) -> None:
    film = await desktop.film_in_thread()
    await desktop.press(film)
    reports = Reports(desktop.database, Wake())
    await reports.report(film, reporter_id=2002, guild_id=5, reason="x")
    [report] = await reports.pending()
    await reports.decide(report.id, ReportState.HIDDEN, by=3003)

    await desktop.look()

    assert [files for _, files in desktop.wall.messages.values()] == [[]]
