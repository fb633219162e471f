"""Cards kept equal to the rows, each in its turn, whatever becomes of the others."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from discord import ui

from bot.db import Database, open_database
from bot.jobs.wake import Wake
from bot.production.line import Ahead
from bot.production.model import Production, ProductionState, TakeState
from bot.production.prospects import Prospects
from bot.production.switches import Switches
from bot.studio.model import Project
from bot.studio.participants import Participants
from bot.studio.sightings import Sightings
from bot.studio.versions import Versions
from bot.ui import line_places
from bot.ui.away import Away
from bot.ui.card_pace import EDIT_EVERY, EDIT_OLD_EVERY, GROWS_OLD_AFTER
from bot.ui.card_rows import Card, CardRows
from bot.ui.cards import CardKind
from bot.ui.delivery_rules import CLOSED_FOR
from bot.ui.desk import Desk
from bot.ui.offer import Offer
from bot.ui.progress import BACK_OFF_FIRST, BACK_OFF_LONGEST, LOOK_AGAIN, LOOK_EVERY, CardKeeper
from bot.ui.sending import Busy, Malformed, NotAllowed, Vanished
from bot.ui.talk_facts import TalkReader
from ratelimit import Allowance, ApiKey, KeyPool, Limit, Limits, Rejected, Throttled
from tests.bot.production import hurry
from tests.bot.production.test_productions import Office
from tests.bot.studio.samples import CATALOGUE, CLIP, plan
from tests.bot.ui.test_cards import buttons, text
from tests.bot.ui.test_sending import http

RUNWAY = Offer(video_models=CATALOGUE.video_models({"runway"}), default_model="gen4.5", can_plan=True)
Fault = Callable[[], Awaitable[None]]


class Discord:
    """Keeps what is posted; `faults` happen to whatever is sent to a channel. Message ids count from 1."""

    def __init__(self) -> None:
        self.messages: dict[int, ui.LayoutView] = {}
        self.writes: list[tuple[str, int]] = []  # ("post" or "edit", message)
        self.faults: dict[int, Fault] = {}
        self.nonces: dict[tuple[int, str], Message] = {}
        self.deleted: set[int] = set()  # messages
        self.undeletable = False
        self.archived: set[int] = set()  # threads
        self.opened: list[int] = []

    def get_partial_messageable(self, channel_id: int) -> Channel:
        return Channel(self, channel_id)

    async def fetch_channel(self, channel_id: int) -> None:
        """Opens it: what the library's thread would do when edited."""
        self.opened.append(channel_id)
        self.archived.discard(channel_id)


class Channel:
    def __init__(self, discord: Discord, channel_id: int) -> None:
        self.discord = discord
        self.id = channel_id

    async def send(self, *, view: ui.LayoutView, silent: bool, nonce: str) -> Message:
        assert silent
        known = self.discord.nonces.get((self.id, nonce))  # whatever became of it since
        message = known or Message(self, len(self.discord.messages) + 1)
        await message.write("post", view)
        self.discord.nonces[self.id, nonce] = message
        return message

    def get_partial_message(self, message_id: int) -> Message:
        return Message(self, message_id)


class Message:
    def __init__(self, channel: Channel, message_id: int) -> None:
        self.channel = channel
        self.id = message_id

    async def edit(self, *, view: ui.LayoutView) -> None:
        await self.write("edit", view)

    async def delete(self) -> None:
        if self.channel.discord.undeletable:
            raise http(403, 50013)
        self.channel.discord.deleted.add(self.id)

    async def write(self, how: str, view: ui.LayoutView) -> None:
        discord = self.channel.discord
        if (fault := discord.faults.get(self.channel.id)) is not None:
            await fault()
        if how == "edit" and self.id in discord.deleted:
            raise http(404, 10008)
        if how == "edit" and self.channel.id in discord.archived:
            raise http(400, 50083)
        discord.messages[self.id] = view
        discord.writes.append((how, self.id))


class Line:
    """Stands in for the dispatcher, of which cards ask one thing."""

    def __init__(self) -> None:
        self.place: int | None = None
        self.before = Ahead()

    def position(self, production_id: str) -> int | None:
        return self.place

    def ahead(self, production_id: str) -> Ahead:
        return self.before


class Wall(Office):
    """Films in their threads, and the keeper of their cards."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.database = database
        self.rows = CardRows(database, clock=lambda: self.now)
        self.sightings = Sightings(database, clock=lambda: self.now)
        self.line = Line()
        self.discord = Discord()
        self.pool = KeyPool(
            "runway",
            [ApiKey("a", "a", "fake")],
            limits=Limits(),
            judge=lambda *_: None,
            clock=lambda: self.now,
            wall_clock=lambda: self.now,
        )
        self.offer = RUNWAY
        self.keeper = self.new_keeper()

    def new_keeper(self, *, hears_all: bool = True) -> CardKeeper:
        client: Any = self.discord
        dispatcher: Any = self.line
        desk = Desk(
            projects=self.projects,
            productions=self.productions,
            greenlights=self.greenlights,
            lifecycle=self.lifecycle,
            outbox=self.outbox,
            catalogue=CATALOGUE,
            offer=self.offer,
            changed=Wake(),
            away=Away({"runway": self.pool}),
        )
        return CardKeeper(
            client=client,
            rows=self.rows,
            projects=self.projects,
            productions=self.productions,
            sightings=self.sightings,
            dispatcher=dispatcher,
            catalogue=CATALOGUE,
            desk=desk,
            talk=TalkReader(
                Participants(self.database, Wake()),
                Versions(self.projects, desk.pricing.price, Wake()),
                lambda: hears_all,
            ),
            pools={"runway": self.pool},
            prospects=Prospects(self.database, dispatcher, Switches(self.database, Wake()), clock=lambda: self.now),
            clock=lambda: self.now,
        )

    async def film_in(self, thread_id: int, *, request_id: str | None = None) -> Project:
        project = await self.film(request_id or str(thread_id))
        await self.projects.set_thread(project.id, thread_id)
        return project

    async def running_in(self, thread_id: int) -> Production:
        production = await self.accept((await self.film_in(thread_id)).id, press=str(thread_id))
        await self.lifecycle.begin(production.id)
        return production

    async def progress(self, production: Production, share: float) -> None:
        await self.lifecycle.set_take(production.id, 1, TakeState.RENDERING, progress=share)

    async def look(self, *, later: float = 0.0) -> float:
        """One look after so many seconds, all it started included."""
        self.now += later
        async with asyncio.TaskGroup() as group:
            wait = await self.keeper.look(group)
        self.now += 0.001  # what changes next has changed later
        return wait

    def writes(self) -> list[tuple[str, int]]:
        """Since the last time this was asked."""
        writes, self.discord.writes = self.discord.writes, []
        return writes

    def said(self, words: str) -> list[int]:
        """The messages that say so."""
        return [message for message, view in self.discord.messages.items() if words in text(view)]

    async def unsettled(self) -> list[Card]:
        return await self.rows.to_look_at()


@pytest.fixture
def wall(database: Database) -> Wall:
    return Wall(database)


def fails(error: Exception) -> Fault:
    async def fail() -> None:
        raise error

    return fail


@pytest.mark.parametrize("hears_all", [True, False])
async def test_a_film_without_a_plan_says_how_to_be_heard_where_it_is(wall: Wall, hears_all: bool) -> None:
    wall.keeper = wall.new_keeper(hears_all=hears_all)
    project = await wall.film(planned=False)
    await wall.projects.set_thread(project.id, 7)
    await wall.projects.fail(project.id, "Unavailable")

    await wall.look()

    assert len(wall.said("write here")) == int(hears_all)
    assert len(wall.said("or mention me")) == int(not hears_all)


# One channel and another


async def test_a_channel_where_discord_hangs_holds_up_no_other_and_is_not_written_to_twice(wall: Wall) -> None:
    for thread in (7, 8):
        await wall.film_in(thread)
    reached, answered, posted = asyncio.Event(), asyncio.Event(), asyncio.Event()
    hanging = 0

    async def hang() -> None:
        nonlocal hanging
        hanging += 1
        reached.set()
        await answered.wait()

    async def go_on() -> None:
        posted.set()

    wall.discord.faults = {7: hang, 8: go_on}
    async with asyncio.TaskGroup() as group:
        await wall.keeper.look(group)
        await reached.wait()
        await posted.wait()
        await wall.keeper.look(group)
        assert (hanging, wall.writes()) == (1, [("post", 1)])
        answered.set()

    assert [how for how, _ in wall.writes()] == ["post"]
    assert await wall.unsettled() == []


async def test_a_stopped_keeper_leaves_no_task_behind(wall: Wall) -> None:
    await wall.film_in(7)
    hanging = asyncio.Event()

    async def hang() -> None:
        hanging.set()
        await asyncio.Event().wait()

    wall.discord.faults[7] = hang
    running = asyncio.create_task(wall.keeper.run(Wake().listener()))
    await hanging.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running

    wall.discord.faults.clear()
    await wall.look()
    assert wall.writes() == [("post", 1)]


async def test_two_busy_cards_of_one_channel_take_turns(wall: Wall) -> None:
    one = await wall.running_in(7)
    other = await wall.film_in(7, request_id="other")
    second = await wall.accept(other.id, press="other")
    await wall.lifecycle.begin(second.id)
    await wall.look()
    edited = []
    for step in range(1, 5):
        for production in (one, second):
            await wall.progress(production, step / 10)
        wall.writes()
        await wall.look(later=EDIT_EVERY)
        edited += wall.writes()

    assert len(edited) == 4
    assert edited[0] != edited[1]
    assert edited[:2] == edited[2:]


async def test_a_channel_is_edited_at_its_pace_but_an_end_does_not_wait(wall: Wall) -> None:
    production = await wall.running_in(7)
    await wall.look()
    await wall.progress(production, 0.1)
    await wall.look(later=EDIT_EVERY)
    wall.writes()
    await wall.progress(production, 0.2)

    assert await wall.look(later=0.5) == pytest.approx(EDIT_EVERY - 0.5, abs=0.01)
    assert wall.writes() == []

    await wall.lifecycle.end(production.id, ProductionState.FAILED, failure="Unavailable")
    await wall.look()
    assert len(wall.said("Not finished")) == 1


async def test_an_old_card_is_taken_up_by_a_fresh_one_that_goes_on(wall: Wall) -> None:
    production = await wall.running_in(7)
    await wall.look()
    old = wall.said("Rendering")
    wall.now += GROWS_OLD_AFTER
    await wall.progress(production, 0.1)
    wall.writes()
    await wall.look(later=EDIT_EVERY)

    fresh = wall.said("rendering 10 %")
    assert wall.writes() == [("post", fresh[0])]
    assert wall.discord.deleted == set(old)

    await wall.progress(production, 0.2)
    await wall.look(later=20.0)
    await wall.lifecycle.end(production.id, ProductionState.FAILED, failure="Unavailable")
    await wall.look()
    assert wall.writes() == [("edit", fresh[0])] * 2


async def test_an_old_card_that_cannot_be_removed_is_left(wall: Wall) -> None:
    production = await wall.running_in(7)
    await wall.look()
    wall.discord.undeletable = True
    wall.now += GROWS_OLD_AFTER
    await wall.progress(production, 0.1)
    await wall.look(later=EDIT_EVERY)

    assert (wall.discord.deleted, len(wall.said("Rendering"))) == (set(), 2)


@pytest.mark.parametrize(("age", "pause"), [(0.0, 5.0), (300.0, 15.0), (1200.0, 30.0)])
async def test_mere_progress_waits_the_longer_the_older_its_card_and_news_do_not(
    wall: Wall, age: float, pause: float
) -> None:
    production = await wall.running_in(7)
    await wall.look()
    wall.now += age
    await wall.progress(production, 0.1)
    await wall.look(later=EDIT_EVERY)
    wall.writes()

    await wall.progress(production, 0.2)
    await wall.look(later=pause - 0.5)
    assert wall.writes() == []
    await wall.look(later=LOOK_EVERY)
    assert len(wall.writes()) == 1

    await wall.lifecycle.set_take(production.id, 1, TakeState.MADE)
    await wall.look(later=EDIT_EVERY)
    assert len(wall.said("made")) == 1


async def test_a_film_of_ten_minutes_costs_few_edits(wall: Wall) -> None:
    """Looked at every two and a half seconds, each time with another progress."""
    production = await wall.running_in(7)
    await wall.look()
    wall.writes()
    for look in range(240):
        await wall.progress(production, look / 240)
        await wall.look(later=2.5)

    # One in five seconds for two minutes, then one in fifteen: what follows from facts of Discord's, in `card_pace`.
    assert len(wall.writes()) <= 120 / 5 + 480 / 15 + 2


@pytest.mark.parametrize("age", [0.0, GROWS_OLD_AFTER], ids=["a young card", "an old one"])
@pytest.mark.parametrize("jump", [-3600.0, 3600.0], ids=["back", "forth"])
async def test_a_clock_that_is_set_holds_up_no_card(wall: Wall, jump: float, age: float) -> None:
    wall.now = 10_000.0
    production = await wall.running_in(7)
    await wall.look()
    wall.now += age
    await wall.progress(production, 0.1)
    await wall.look(later=EDIT_EVERY)
    wall.writes()

    wall.now += jump
    await wall.progress(production, 0.2)
    await wall.look(later=EDIT_OLD_EVERY)
    await wall.look(later=EDIT_EVERY)

    assert len(wall.writes()) == 1


# What goes wrong with one


async def test_a_card_that_fails_by_our_fault_hides_no_other_and_is_tried_more_and_more_rarely(
    wall: Wall, caplog: pytest.LogCaptureFixture
) -> None:
    for request_id in ("1", "2"):
        await wall.film_in(7, request_id=request_id)
    tries = 0

    async def fail_first() -> None:
        nonlocal tries
        tries += 1
        if tries != 2:
            raise ZeroDivisionError

    wall.discord.faults[7] = fail_first
    await wall.look()
    assert (tries, wall.writes()) == (2, [("post", 1)])

    for _ in range(60):
        await wall.look(later=60.0)
    assert 3600 / BACK_OFF_LONGEST < tries < 25
    assert caplog.records[-1].levelno == logging.ERROR

    wall.discord.faults.clear()
    await wall.look(later=BACK_OFF_LONGEST)
    assert wall.writes() == [("post", 2)]


def test_a_card_is_tried_again_when_discord_was_busy(tmp_path: Path) -> None:
    async def story() -> None:
        database = await open_database(f"sqlite+aiosqlite:///{tmp_path}/greenlight.sqlite3")
        wall = Wall(database)
        await wall.film_in(7)
        wall.discord.faults[7] = fails(Busy("503"))
        await wall.look()
        wall.discord.faults.clear()
        assert await wall.look(later=1.0) <= LOOK_AGAIN
        assert wall.writes() == []
        await wall.look(later=10.0)
        assert wall.writes() == [("post", 1)]
        await database.close()

    hurry.run(story())


@pytest.mark.parametrize(
    ("error", "level"), [(Malformed("400"), logging.ERROR), (Vanished("404", code=10003), logging.WARNING)]
)
async def test_a_card_that_discord_refuses_is_given_up(
    wall: Wall, caplog: pytest.LogCaptureFixture, error: Exception, level: int
) -> None:
    await wall.film_in(7)
    wall.discord.faults[7] = fails(error)
    await wall.look()
    wall.discord.faults.clear()
    await wall.look(later=24 * 3600.0)

    assert wall.writes() == []
    assert [record.levelno for record in caplog.records] == [level]


async def test_a_channel_that_lets_us_in_again_has_its_cards_and_was_not_knocked_at_meanwhile(wall: Wall) -> None:
    for request_id in ("1", "2"):
        await wall.film_in(7, request_id=request_id)
    knocks = 0

    async def refuse() -> None:
        nonlocal knocks
        knocks += 1
        raise NotAllowed("403", code=50013)

    wall.discord.faults[7] = refuse
    await wall.look()
    await wall.look(later=CLOSED_FOR - 1.0)
    assert knocks == 1

    wall.discord.faults.clear()
    await wall.look(later=1.0)
    assert [how for how, _ in wall.writes()] == ["post", "post"]


async def test_a_card_that_was_deleted_comes_back_once(wall: Wall) -> None:
    production = await wall.running_in(7)
    await wall.look()
    jobs = wall.said("Rendering")
    for share in (0.1, 0.2, 0.3, 0.4):
        wall.discord.faults = {}
        await wall.progress(production, share)
        for message in [message for message in wall.said("Rendering") if message in wall.discord.messages]:
            wall.discord.deleted.add(message)
        await wall.look(later=EDIT_EVERY)
        await wall.look(later=EDIT_EVERY)

    assert (len(jobs), len(wall.said("Rendering"))) == (1, 2)


async def test_the_end_of_a_film_opens_its_archived_thread_and_progress_does_not(wall: Wall) -> None:
    production = await wall.running_in(7)
    await wall.look()
    wall.writes()
    wall.discord.archived.add(7)
    await wall.progress(production, 0.1)
    await wall.look(later=EDIT_EVERY)
    assert wall.discord.opened == []

    await wall.lifecycle.end(production.id, ProductionState.FAILED, failure="Unavailable")
    await wall.look(later=BACK_OFF_FIRST)
    await wall.look(later=BACK_OFF_LONGEST)

    assert wall.discord.opened == [7]
    assert len(wall.said("Not finished")) == 1


# What is looked at


async def test_nothing_is_written_again_unless_it_changed_after_a_restart_either(wall: Wall) -> None:
    project = await wall.film_in(7)
    production = await wall.running_in(8)
    await wall.look()
    assert len(wall.writes()) == 3
    wall.keeper = wall.new_keeper()
    await wall.look(later=3600.0)
    assert wall.writes() == []
    assert [card.ref for card in await wall.unsettled()] == [production.id]

    await wall.projects.keep_plan(project.id, plan(version=2))
    await wall.look(later=1.0)
    await wall.look(later=EDIT_EVERY)

    assert [how for how, _ in wall.writes()] == ["post", "edit"]


async def test_a_change_that_shows_nowhere_is_looked_at_once(wall: Wall) -> None:
    project = await wall.film_in(7)
    await wall.look()
    await wall.projects.reopen(project.id)
    assert len(await wall.unsettled()) == 1
    wall.writes()

    await wall.look(later=EDIT_EVERY)

    assert (await wall.unsettled(), wall.writes()) == ([], [])


async def test_what_changed_while_nobody_looked_is_found_however_long_ago_that_is(wall: Wall) -> None:
    project = await wall.film_in(7)
    await wall.look()
    await wall.projects.fail(project.id, "MediaRefused:empty")
    wall.now += 24 * 3600.0
    await wall.look()

    assert len(wall.said("could not be added")) == 1


async def test_a_place_in_the_line_is_kept_up_to_date_though_no_row_of_it_changes(wall: Wall) -> None:
    await wall.accept((await wall.film_in(7)).id)
    wall.line.place = 3
    await wall.look()
    assert len(wall.said("Place **3** in line")) == 1
    wall.line.place = 1

    await wall.look(later=LOOK_AGAIN)

    assert len(wall.said("**Next** in line")) == 1


async def test_of_a_long_line_only_cards_whose_words_change_are_rendered_and_few_at_a_time(
    wall: Wall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line_places, "MOST_AT_ONCE", 4)
    for number in range(6):
        await wall.accept((await wall.film_in(number)).id, press=str(number))
    wall.line.place = 8_123
    for _ in range(3):
        await wall.look(later=LOOK_AGAIN)
    wall.writes()
    wall.line.place = 8_122
    await wall.look(later=LOOK_AGAIN)
    assert wall.writes() == []  # it reads the same
    wall.line.place = 7_999

    await wall.look(later=LOOK_AGAIN)
    assert len(wall.writes()) == 4
    await wall.look(later=LOOK_AGAIN)
    assert len(wall.writes()) == 2


async def test_a_card_tells_a_new_range_when_a_moment_of_it_has_passed_and_not_sooner(wall: Wall) -> None:
    for number in range(4):
        running = await wall.running_in(number)
        if number < 3:
            wall.now += 600.0
            await wall.lifecycle.end(running.id, ProductionState.DONE, duration=5.0)
    waiting = await wall.accept((await wall.film_in(7)).id)
    wall.line.place = 2
    await wall.look()
    (card,) = wall.said("Probably begins <t:")
    told = text(wall.discord.messages[card])
    wall.line.place = 1  # what stood before it began
    wall.line.before = Ahead(own=1)
    wall.writes()
    await wall.look(later=LOOK_AGAIN)
    assert wall.writes() == [("edit", card)]
    for _ in range(10):
        await wall.look(later=LOOK_AGAIN)
    assert wall.writes() == []  # seconds change nothing

    await wall.look(later=900.0)

    assert wall.writes() == [("edit", card)]
    assert "Probably begins any moment" in text(wall.discord.messages[card]) != told
    assert (await wall.productions.get(waiting.id)).state is ProductionState.ACCEPTED


async def test_a_restart_tells_the_places_that_have_changed_meanwhile(wall: Wall) -> None:
    await wall.accept((await wall.film_in(7)).id)
    wall.line.place = 3
    await wall.look()
    wall.line.place = 2
    wall.keeper = wall.new_keeper()

    await wall.look(later=LOOK_AGAIN)

    assert len(wall.said("Place **2** in line")) == 1


async def test_a_running_film_says_that_the_service_rests_and_for_how_long(wall: Wall) -> None:
    await wall.running_in(7)
    await wall.look()
    wall.pool.report(Throttled(wall.now + 90.0), key_id="a")

    await wall.look(later=LOOK_AGAIN)

    assert len(wall.said("at its limit; it goes on <t:191:R>")) == 1


async def test_a_running_film_says_its_place_in_the_services_line_and_when_it_starts(wall: Wall) -> None:
    wall.pool = KeyPool(
        "runway",
        [ApiKey("a", "a", "fake")],
        limits=Limits(account=Allowance(rates=(Limit(1, period=600.0),))),
        judge=lambda *_: None,
        skew=0.0,
        clock=lambda: wall.now,
        wall_clock=lambda: wall.now,
    )
    wall.keeper = wall.new_keeper()
    film = await wall.running_in(7)

    async def wait(name: str) -> None:
        async with wall.pool.lease(user=name, model="gen4.5", name=name):
            pass

    async with wall.pool.lease(user="first") as lease:
        lease.sent()
    async with asyncio.TaskGroup() as group:
        waiting = [group.create_task(wait(name)) for name in ("somebody", f"{film.id}/1")]
        await asyncio.sleep(0)

        await wall.look()

        for task in waiting:
            task.cancel()
    assert len(wall.said("waiting: 1 ahead of it; the service is at its limit · starts <t:1500:R>")) == 1


# Replaced and ended


async def test_an_old_version_points_to_the_new_one_and_is_settled(wall: Wall) -> None:
    project = await wall.film_in(7)
    await wall.look()
    await wall.projects.keep_plan(project.id, plan(version=2))
    await wall.look(later=EDIT_EVERY)
    await wall.look(later=EDIT_EVERY)

    assert wall.said("[**v2**](https://discord.com/channels/5/7/2)") == [1]
    assert [card.ref for card in await wall.rows.to_look_at()] == []


async def test_an_old_version_whose_successor_was_never_posted_points_nowhere_and_is_settled(wall: Wall) -> None:
    project = await wall.film_in(7)
    await wall.look()
    await wall.projects.keep_plan(project.id, plan(version=2))
    await wall.rows.create_missing()
    (newer,) = [card for card in await wall.unsettled() if card.message_id is None]
    await wall.rows.settle(newer.id)
    await wall.look(later=EDIT_EVERY)

    assert wall.said("Replaced by **v2**") == [1]
    assert wall.said("https://") == []
    wall.writes()
    await wall.projects.attach(project.id, CLIP)
    await wall.look(later=EDIT_EVERY)
    assert wall.writes() == []


async def test_a_film_that_could_not_be_posted_can_be_sent_again_until_its_card_leads_to_it(wall: Wall) -> None:
    production = await wall.running_in(7)
    await wall.lifecycle.end(production.id, ProductionState.DONE, duration=15.0)
    await wall.look(later=1.0)
    await wall.outbox.posted(await wall.productions.get(production.id), None)
    await wall.look(later=1.0)
    (card,) = wall.said("could not post it")
    assert [label for label, _, _ in buttons(wall.discord.messages[card])] == ["Send again"]

    await wall.outbox.redeliver(production.id)
    await wall.look(later=1.0)
    assert wall.said("Sending your film") == [card]
    await wall.outbox.posted(await wall.productions.get(production.id), 99)
    await wall.look(later=1.0)

    assert wall.said("[Here is your film](https://discord.com/channels/5/7/99)") == [card]
    assert [card for card in await wall.unsettled() if card.kind is CardKind.JOB] == []


async def test_a_plans_card_says_that_its_service_is_away_and_offers_another_until_that_is_over(wall: Wall) -> None:
    models = CATALOGUE.video_models({"runway", "gemini"})
    wall.offer = Offer(video_models=models, default_model="gen4.5", can_plan=True)
    wall.keeper = wall.new_keeper()
    project = await wall.film_in(7)
    wall.pool.report(Rejected(), key_id="a")

    await wall.look()

    [card] = wall.said("Runway is away just now: none of this bot's keys for it works.")
    assert "would make it for at most $" in text(wall.discord.messages[card])
    enabled = {label: not disabled for label, _, disabled in buttons(wall.discord.messages[card])}
    assert enabled["Greenlight"]  # it may be back by then: the press looks
    assert any(str(label).startswith("Use ") for label in enabled)
    wall.pool.reinstate("a")
    await wall.projects.touch(project.id)
    await wall.look(later=60)
    assert wall.said("is away just now") == []


async def test_where_nothing_takes_the_place_of_a_service_that_is_away_the_card_just_says_so(wall: Wall) -> None:
    await wall.film_in(7)
    wall.pool.report(Rejected(), key_id="a")

    await wall.look()

    assert len(wall.said("Runway is away just now")) == 1
    assert wall.said("would make it") == []
