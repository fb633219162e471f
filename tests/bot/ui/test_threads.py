"""A place for every film: opened once, later where Discord is slow, in the channel where there may be no threads."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import discord
import pytest

from bot.jobs.wake import Wake
from bot.studio.model import Project, ProjectKind
from bot.ui.sending import Busy, NotAllowed, Vanished
from bot.ui.threads import ASKER_NEEDS, LOOK_EVERY, NoThread, Threads
from tests import virtual_time
from tests.bot.studio.samples import project
from tests.bot.ui.fakes import BUSY, Channel, Client
from tests.bot.ui.test_sending import http

FILM = project(thread_id=None)


class Rows:
    """The rows of films as `Projects` keeps them, on a clock that jumps."""

    def __init__(self) -> None:
        self.films: dict[str, tuple[Project, float]] = {}

    def add(self, film: Project) -> None:
        self.films[film.id] = (film, virtual_time.now())

    async def homeless(self, *, before: float) -> list[Project]:
        return [film for film, created_at in self.films.values() if film.thread_id is None and created_at < before]

    async def set_thread(self, project_id: str, thread_id: int) -> None:
        film, created_at = self.films[project_id]
        self.films[project_id] = (replace(film, thread_id=thread_id), created_at)

    def home(self) -> int | None:
        return self.films[FILM.id][0].thread_id


class Street:
    def __init__(self) -> None:
        self.rows = Rows()
        self.channel = Channel()
        self.threads = self.opened()

    def opened(self) -> Threads:
        """As after a start: nothing is known but the rows."""
        client: Any = Client(self.channel)
        rows: Any = self.rows
        return Threads(client, rows, clock=virtual_time.now)

    async def living(self, seconds: float) -> None:
        running = asyncio.create_task(self.threads.run(Wake().listener()))
        await asyncio.sleep(seconds)
        running.cancel()
        await asyncio.wait([running])


def tell(story: Callable[[Street], Awaitable[None]], film: Project = FILM) -> Street:
    street = Street()

    async def whole() -> None:
        street.rows.add(film)
        await asyncio.sleep(1.0)
        await story(street)

    virtual_time.run(whole())
    return street


def test_a_film_gets_a_thread_under_a_message_that_says_whose_it_is() -> None:
    async def story(street: Street) -> None:
        assert await street.threads.open(FILM) == 100

    street = tell(story)

    assert street.rows.home() == 100
    assert street.channel.posted[0].threads == [FILM.idea]
    assert f"<@{FILM.owner_id}>" in street.channel.texts[0]


def test_a_film_in_a_dm_lives_in_the_dm() -> None:
    async def story(street: Street) -> None:
        await street.threads.open(project(guild_id=None, thread_id=None))

    street = tell(story)

    assert (street.rows.home(), street.channel.posted) == (FILM.channel_id, [])


@pytest.mark.parametrize("refused", [http(403, 50013), http(400, 50024)])
def test_where_threads_may_not_be_the_film_lives_in_the_channel(refused: Any) -> None:
    async def story(street: Street) -> None:
        street.channel.faults = {"thread": [refused]}
        await street.threads.open(FILM)

    assert tell(story).rows.home() == FILM.channel_id


def test_where_we_may_not_write_whoever_asked_is_told() -> None:
    async def story(street: Street) -> None:
        street.channel.faults = {"send": [http(403, 50013)]}
        with pytest.raises(NotAllowed):
            await street.threads.open(FILM)

    assert tell(story).rows.home() is None


@pytest.mark.parametrize("kind", ["send", "thread"])
def test_a_film_that_a_busy_discord_left_without_a_place_gets_it_soon(kind: str) -> None:
    async def story(street: Street) -> None:
        living = asyncio.create_task(street.living(ASKER_NEEDS + 2 * LOOK_EVERY))
        await asyncio.sleep(1.0)
        street.rows.films.clear()
        street.rows.add(FILM)  # asked for while we run
        street.channel.faults = {kind: [http(BUSY) for _ in range(4)]}
        with pytest.raises(Busy):
            await street.threads.open(FILM)
        street.channel.forget_nonces()
        await asyncio.sleep(LOOK_EVERY)
        assert street.rows.home() is None  # who asked may still be at it
        await living

    street = tell(lambda street: _without_the_first_look(street, story))

    assert street.rows.home() == 100
    assert len(street.channel.posted) == 1


async def _without_the_first_look(street: Street, story: Callable[[Street], Awaitable[None]]) -> None:
    street.rows.films.clear()
    await story(street)


def test_a_start_opens_at_once_what_was_left_and_adopts_a_thread_that_exists() -> None:
    async def story(street: Street) -> None:
        await street.threads.open(FILM)
        street.rows.add(FILM)  # as if we were killed before the row was written
        street.threads = street.opened()
        await asyncio.sleep(1.0)
        await street.living(1.0)

    street = tell(story)

    assert street.rows.home() == 100
    assert [len(each.threads) for each in street.channel.posted] == [1]


def test_a_channel_that_is_gone_is_not_asked_again_and_again() -> None:
    async def story(street: Street) -> None:
        street.channel.faults = {"send": [http(404, 10003) for _ in range(100)]}
        await street.living(10 * LOOK_EVERY)

    street = tell(story)

    assert street.channel.calls == ["send"]


def test_a_first_message_that_somebody_deleted_is_posted_anew() -> None:
    async def story(street: Street) -> None:
        street.channel.faults = {"thread": [http(404, 10008)]}
        with pytest.raises(Vanished):
            await street.threads.open(FILM)
        await street.threads.open(FILM)

    assert tell(story).channel.calls == ["send", "thread", "send", "thread"]


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        (http(403, 50013), NoThread.FORBIDDEN),
        (http(400, 160006), NoThread.FULL),
        (discord.RateLimited(136.0), NoThread.BUSY),
    ],
)
async def test_where_no_thread_can_be_had_it_goes_on_in_the_channel_and_says_why(
    fault: discord.HTTPException, why: NoThread
) -> None:
    street = Street()
    street.rows.add(FILM)
    street.channel.faults["thread"] = [fault]

    place = await street.threads.open(FILM)

    assert place == FILM.channel_id == street.rows.home()
    assert street.threads.why_none(FILM.id) is why
    assert street.threads.why_none(FILM.id) is None, "it is told once"


async def test_a_question_about_a_video_begins_with_the_question() -> None:
    street = Street()
    asked = replace(FILM, kind=ProjectKind.ANALYSIS, idea="when does it turn?")
    street.rows.add(asked)

    await street.threads.open(asked)

    assert "asks about a video: *when does it turn?*" in street.channel.texts[0]
