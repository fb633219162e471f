"""Ends and where they come to stand: once, whatever Discord answers, and in a poorer form rather than not at all."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import discord
import pytest
from sqlalchemy import update

from bot.db import Database
from bot.db.tables import productions
from bot.jobs.wake import Wake
from bot.media.errors import CannotFit
from bot.production.dms import Dms
from bot.production.model import Production, ProductionState, TakeState
from bot.production.outbox import FIRST_PAUSE, LONGEST_PAUSE, Outbox
from bot.production.reports import Reports, ReportState
from bot.speech import Language, speaking
from bot.storage.errors import StorageError, StoreMisconfigured, StoreUnavailable
from bot.storage.files import Files
from bot.ui.carrying import Carried, Carrier
from bot.ui.channel_rows import LIMIT_HOLDS, ChannelRows
from bot.ui.delivery import Delivery
from bot.ui.delivery_rules import CLOSED_FOR, DM_CLOSED_FOR, GIVE_UP_AFTER, HOUR, LEAST_TRIES, STORE_PATIENCE, Form
from bot.ui.ends import End, file_name, mark
from bot.ui.manners import Manner, Manners
from bot.ui.places import Place
from tests.bot.production.test_productions import Office
from tests.bot.studio.samples import OWNER
from tests.bot.ui.test_cards import production as a_production
from tests.bot.ui.test_sending import http
from tests.bot.ui.wire import DM, SERVER, US, Lost, Wire

CHANNEL, THREAD, ELSEWHERE = 6, 7, 8
FILM = 40_000  # bytes
LEAST = 5_000


class Sizes(Carrier):
    """Carries films without an ffmpeg: a film of `FILM` bytes comes out as small as asked, down to `LEAST`."""

    def __init__(self, files: Files, folder: Path) -> None:
        self.files, self.folder = files, folder
        self.failure: Exception | None = None
        self.limits: list[int] = []

    @asynccontextmanager
    async def carry(self, end: End, form: Form, *, limit: int, because: str = "") -> AsyncIterator[Carried]:
        if end.film is None or form is not Form.FILE:
            if form is Form.LINK and isinstance(self.failure, StorageError):
                raise self.failure
            yield Carried(words="" if end.film is None else f"\n{form} {because}")
            return
        self.limits.append(limit)
        if self.failure is not None:
            raise self.failure
        if limit < LEAST:
            raise CannotFit(max_bytes=limit, duration=1.0)
        sent = self.folder / "sent.mp4"
        sent.write_bytes(b"f" * min(FILM, limit))
        yield Carried(words="", file=sent, size=sent.stat().st_size)


class Post(Office):
    """Films that are over, and what delivers their ends."""

    def __init__(self, database: Database, folder: Path) -> None:
        super().__init__(database)
        self.now = 1_800_000_000.0
        self.database = database
        self.wire = Wire(lambda: self.now)
        self.channels = ChannelRows(database, clock=lambda: self.now)
        self.files = Files(folder / "data")
        self.carrier = Sizes(self.files, folder)
        self.manners: Manners | None = None
        self.dms = Dms(database, Wake(), clock=lambda: self.now)
        self.delivery = self.restarted()

    def restarted(self, *, hears_all: bool = True) -> Delivery:
        """What a new process knows: the rows."""
        client: Any = self.wire
        self.delivery = Delivery(
            client=client,
            projects=self.projects,
            productions=self.productions,
            lifecycle=self.lifecycle,
            outbox=self.outbox,
            channels=self.channels,
            files=self.files,
            carrier=self.carrier,
            manners=self.manners,
            dms=self.dms,
            hears_all=lambda: hears_all,
            clock=lambda: self.now,
        )
        return self.delivery

    async def ended(
        self, state: ProductionState = ProductionState.DONE, failure: str | None = None, *, press: str = "press"
    ) -> Production:
        project = await self.film(press)
        await self.projects.set_thread(project.id, THREAD)
        made = await self.accept(project.id, press=press)
        await self.lifecycle.begin(made.id)
        await self.lifecycle.end(made.id, state, failure=failure, duration=1.0)
        return made

    async def look(self, *, later: float = 0.0) -> None:
        self.now += later
        async with asyncio.TaskGroup() as group:
            await self.delivery.look(group)

    async def row(self, production: Production) -> Production:
        return await self.productions.get(production.id)


@pytest.fixture
def post(database: Database, tmp_path: Path) -> Post:
    return Post(database, tmp_path)


# As its owner and the server want it


class AsChosen(Manners):
    """Tells it everywhere alike."""

    def __init__(self, manner: Manner) -> None:
        self.manner = manner
        self.places: list[Place] = []

    async def of(self, owner_id: int, place: Place) -> Manner:
        self.places.append(place)
        return self.manner


async def test_a_draft_asks_nobody_to_write_where_they_are_not_heard(post: Post) -> None:
    post.restarted(hears_all=False)
    made = await post.ended()
    async with post.database.transaction() as transaction:
        await transaction.execute(update(productions).where(productions.c.id == made.id).values(draft=True))

    await post.look()

    (sent,) = post.wire.sent[THREAD]
    assert "reply to me with the ping on" in sent.content


async def test_nobody_is_pinged_who_does_not_want_it(post: Post) -> None:
    post.manners = AsChosen(Manner(mentions=False))
    post.restarted()
    await post.ended()

    await post.look()

    (sent,) = post.wire.sent[THREAD]
    assert sent.pings == []
    assert f"<@{OWNER}>" in sent.content


async def test_the_rules_of_the_channel_that_a_films_thread_hangs_on_are_looked_up(post: Post) -> None:
    post.manners = chosen = AsChosen(Manner())
    post.restarted()
    await post.ended()

    await post.look()

    assert chosen.places == [Place(THREAD, SERVER, parent_id=CHANNEL)]


async def test_a_covered_film_is_known_again_by_its_name(post: Post) -> None:
    post.manners = AsChosen(Manner(is_covered=True))
    post.restarted()
    production = await post.ended()
    post.wire.faults[THREAD] = [Lost()]

    await post.look()
    await post.look(later=HOUR)

    assert [sent.file_name for sent in post.wire.sent[THREAD]] == [f"SPOILER_{file_name(production)}"]
    assert (await post.row(production)).delivered_message_id == post.wire.sent[THREAD][0].id


async def test_a_dm_is_noted_before_the_end_is_told(post: Post) -> None:
    post.manners = AsChosen(Manner(dms=True))
    post.restarted()
    production = await post.ended()
    assert await post.dms.due() == []

    await post.look()

    assert [due.id for due in await post.dms.due()] == [production.id]


async def test_a_film_has_its_ways_on_below_it(post: Post) -> None:
    await post.ended()

    await post.look()

    labels = ["Run again", "Vary…", "Shots…", "Prompt & settings", "Report…"]
    assert post.wire.sent[THREAD][0].labels == labels


# One message


async def test_a_film_is_posted_in_its_thread_and_mentions_nobody_but_its_owner(post: Post) -> None:
    production = await post.ended()

    await post.look()
    await post.look(later=HOUR)

    ((channel, sent),) = post.wire.all()
    assert (channel, sent.file_name, sent.pings) == (THREAD, file_name(production), [OWNER])
    assert sent.content.startswith(f"<@{OWNER}> **Koi** is ready")
    row = await post.row(production)
    assert (row.delivered_message_id, row.delivery_channel_id, row.delivery_guild_id) == (sent.id, THREAD, SERVER)


@pytest.mark.parametrize(
    ("state", "failure"),
    [
        (ProductionState.DONE, None),
        (ProductionState.FAILED, "Unavailable"),
        (ProductionState.HELD, "OutcomeUnknown"),
        (ProductionState.CANCELLED, "CancelledByOperator"),
        (ProductionState.CANCELLED, "Declined"),
    ],
)
async def test_every_end_is_told_once_whatever_became_of_the_first_answer(
    post: Post, state: ProductionState, failure: str | None
) -> None:
    await post.ended(state, failure)
    post.wire.faults[THREAD] = [Lost()]
    await post.look()
    post.wire.nonces.clear()  # as Discord forgets them after some minutes

    post.restarted()
    await post.look(later=HOUR)
    await post.look(later=HOUR)

    assert [channel for channel, _ in post.wire.all()] == [THREAD]
    assert (await post.outbox.due()) == []


async def test_what_its_owner_cancelled_is_told_by_the_card_alone(post: Post) -> None:
    production = await post.ended(ProductionState.CANCELLED)

    await post.look()

    assert post.wire.all() == []
    assert (await post.row(production)).delivered_at is not None


async def test_a_held_film_brings_its_buttons(post: Post) -> None:
    production = await post.ended(ProductionState.HELD, "OutcomeUnknown")
    await post.lifecycle.set_take(production.id, 1, TakeState.UNKNOWN, failure="OutcomeUnknown")

    await post.look()

    ((_, sent),) = post.wire.all()
    assert sent.labels[-1] == "Stop"


async def test_a_link_whose_answer_was_lost_is_found_though_it_is_another_link_by_now(post: Post) -> None:
    await post.ended()
    post.carrier.failure = CannotFit(max_bytes=1, duration=1.0)
    post.wire.faults[THREAD] = [Lost()]
    await post.look()
    post.wire.nonces.clear()

    await post.look(later=HOUR)

    assert len(post.wire.all()) == 1


async def test_a_look_that_fails_posts_nothing(post: Post) -> None:
    production = await post.ended()
    post.wire.faults[THREAD] = [http(503)]
    await post.look()

    post.wire.look_fault = http(503)
    await post.look(later=HOUR)

    assert post.wire.tries == [THREAD]
    assert (await post.row(production)).delivery_tries == 2


async def test_an_end_that_is_taken_back_this_moment_is_not_told(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    production = await post.ended(ProductionState.HELD, "OutcomeUnknown")
    begin_try = Outbox.begin_try

    async def begun(outbox: Outbox, production_id: str, *, after: int) -> bool:
        begun = await begin_try(outbox, production_id, after=after)
        async with post.database.transaction() as transaction:  # its owner orders again
            await post.lifecycle.resume_within(transaction, production_id, [ProductionState.HELD])
        return begun

    monkeypatch.setattr(Outbox, "begin_try", begun)
    await post.look()

    assert post.wire.all() == []
    assert (await post.row(production)).delivered_at is None


# Again, and when


async def test_tries_go_on_where_a_killed_process_stopped(post: Post) -> None:
    production = await post.ended()
    post.wire.always[THREAD] = http(503)
    pauses: list[float] = []
    for _ in range(12):
        began = post.now
        await post.look()
        row = await post.row(production)
        post.restarted()  # remembers nothing
        await post.look(later=(row.delivery_at or 0) - post.now - 0.5)
        assert len(post.wire.tries) == len(pauses) + 1
        post.now += 0.5
        pauses.append(post.now - began)

    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (FIRST_PAUSE, LONGEST_PAUSE)
    assert set(post.wire.tries) == {THREAD}  # an unknown outcome is never posted elsewhere


async def test_discord_is_left_alone_for_as_long_as_it_says(post: Post) -> None:
    production = await post.ended()
    post.wire.faults[THREAD] = [discord.RateLimited(2 * HOUR)]
    await post.look()

    await post.look(later=2 * HOUR - 1)
    assert len(post.wire.tries) == 1
    await post.look(later=1)
    assert (await post.row(production)).delivered_message_id is not None


async def test_a_block_of_everything_stops_every_end_and_no_try_is_counted(post: Post) -> None:
    await post.ended()
    post.wire.faults[THREAD] = [http(429)]
    await post.look()
    other = await post.ended(press="other")

    await post.look(later=1)
    assert (await post.row(other)).delivery_tries == 0
    await post.look(later=LONGEST_PAUSE)

    assert len(post.wire.all()) == 2


async def test_an_end_that_discord_never_takes_is_kept_after_days_and_says_so(post: Post) -> None:
    production = await post.ended()
    post.wire.always[THREAD] = http(503)
    for _ in range(LEAST_TRIES):
        await post.look(later=GIVE_UP_AFTER / 4)

    row = await post.row(production)
    assert (row.delivered_at is not None, row.undelivered) == (True, "Busy:0")
    assert await post.outbox.due() == []


# Elsewhere


@pytest.mark.parametrize("code", [10003, 50001, 50013, 160005, 30007, 200000, 50035])
async def test_where_the_thread_takes_nothing_the_channel_does(post: Post, code: int) -> None:
    production = await post.ended()
    post.wire.always[THREAD] = http(404 if code == 10003 else 403 if code in (50001, 50013) else 400, code)

    await post.look()

    assert [channel for channel, _ in post.wire.all()] == [CHANNEL]
    row = await post.row(production)
    assert (row.delivery_channel_id, row.delivery_guild_id) == (CHANNEL, SERVER)


@pytest.mark.parametrize("state", [ProductionState.DONE, ProductionState.FAILED])
async def test_where_the_server_is_gone_the_owner_is_written_to(post: Post, state: ProductionState) -> None:
    production = await post.ended(state, "Unavailable" if state is ProductionState.FAILED else None)
    post.wire.always = {THREAD: http(404, 10003), CHANNEL: http(403, 50001)}

    await post.look()

    assert [channel for channel, _ in post.wire.all()] == [DM]
    row = await post.row(production)
    assert (row.delivery_channel_id, row.delivery_guild_id) == (DM, None)


async def test_a_film_that_nobody_takes_is_kept_and_asked_nowhere_again(post: Post) -> None:
    production = await post.ended()
    post.wire.always = {THREAD: http(403, 50013), CHANNEL: http(404, 10003), DM: http(403, 50278)}
    await post.look()
    await post.look(later=24 * HOUR)

    assert post.wire.tries == [THREAD, CHANNEL, DM]
    assert (await post.row(production)).undelivered == "NotAllowed:50013"


async def test_a_closed_channel_is_not_tried_for_a_while_by_any_film_after_a_restart_either(post: Post) -> None:
    post.wire.always = {THREAD: http(403, 50013), CHANNEL: http(403, 50013), DM: http(403, 50007)}
    await post.ended(press="1")
    await post.look()
    second = await post.ended(press="2")
    post.restarted()

    await post.look(later=1)
    assert post.wire.tries == [THREAD, CHANNEL, DM]
    post.wire.always.clear()
    await post.look(later=CLOSED_FOR)

    assert (await post.row(second)).delivery_channel_id == THREAD


async def test_a_dm_that_was_closed_is_not_tried_for_a_day(post: Post) -> None:
    post.wire.always = {THREAD: http(404, 10003), CHANNEL: http(404, 10003), DM: http(403, 50007)}
    await post.ended(press="1")
    await post.look()
    await post.ended(press="2")
    await post.look(later=HOUR)
    assert post.wire.tries.count(DM) == 1

    await post.ended(press="3")
    await post.look(later=DM_CLOSED_FOR)
    assert post.wire.tries.count(DM) == 2


async def test_a_server_that_returns_gets_what_was_kept_for_it(post: Post) -> None:
    production = await post.ended()
    post.wire.always = {THREAD: http(403, 50001), CHANNEL: http(404, 10004), DM: http(403, 50278)}
    await post.look()
    post.wire.always.clear()

    await post.outbox.redeliver_in(SERVER)
    await post.look(later=1)

    assert [channel for channel, _ in post.wire.all()] == [THREAD]
    assert (await post.row(production)).undelivered is None


async def test_a_film_is_sent_again_where_it_is_asked_for_as_a_new_message(post: Post) -> None:
    production = await post.ended()
    await post.look()

    await post.outbox.redeliver(production.id, channel_id=ELSEWHERE)
    post.wire.faults[ELSEWHERE] = [Lost()]
    await post.look(later=1)
    await post.look(later=60)
    await post.outbox.redeliver(production.id)
    await post.look(later=1)

    assert [channel for channel, _ in post.wire.all()] == [THREAD, THREAD, ELSEWHERE]
    assert post.wire.looks == [ELSEWHERE]


async def test_what_stood_before_is_not_taken_for_what_is_sent_again(post: Post) -> None:
    production = await post.ended()
    await post.look()
    await post.outbox.redeliver(production.id)
    post.wire.faults[THREAD] = [http(503)]
    await post.look(later=1)

    await post.look(later=FIRST_PAUSE)

    first, second = post.wire.sent[THREAD]
    assert (await post.row(production)).delivered_message_id == second.id != first.id


@pytest.mark.parametrize(("channel_id", "guild_id"), [(ELSEWHERE, SERVER), (DM, None)])
async def test_a_card_can_lead_to_where_a_film_was_asked_to_be(
    post: Post, channel_id: int, guild_id: int | None
) -> None:
    production = await post.ended()
    await post.look()

    await post.outbox.redeliver(production.id, channel_id=channel_id)
    await post.look(later=1)

    row = await post.row(production)
    assert (row.delivery_channel_id, row.delivery_guild_id) == (channel_id, guild_id)
    assert row.delivered_message_id == post.wire.sent[channel_id][-1].id


async def test_what_a_servers_people_hid_comes_to_its_owner_and_not_to_the_server(post: Post) -> None:
    production = await post.ended()
    reports = Reports(post.database, Wake())
    await reports.report(production.project_id, reporter_id=2002, guild_id=SERVER, reason="x")
    [report] = await reports.pending()
    await reports.decide(report.id, ReportState.HIDDEN, by=3003)

    await post.look()

    assert [channel for channel, _ in post.wire.all()] == [DM]


@pytest.mark.parametrize("everywhere", [True, False])
async def test_the_owner_of_a_film_that_waited_when_it_was_hidden_is_told_once_in_a_dm(
    post: Post, everywhere: bool
) -> None:
    project = await post.film()
    await post.projects.set_thread(project.id, THREAD)
    await post.accept(project.id)
    reports = Reports(post.database, Wake(), clock=lambda: post.now)
    await reports.report(project.id, reporter_id=2002, guild_id=SERVER, reason="x")
    [report] = await reports.pending()
    await reports.decide(report.id, ReportState.HIDDEN, by=3003, everywhere=everywhere)

    await post.look()
    await post.look(later=60)

    [(channel, sent)] = post.wire.all()
    assert channel == DM
    assert "reported while it waited" in sent.content
    assert "If you think that is wrong" in sent.content
    assert "nothing was charged" in sent.content


async def test_hurrying_an_end_whose_outcome_is_unknown_looks_for_it_first(post: Post) -> None:
    production = await post.ended()
    post.wire.faults[THREAD] = [Lost()]
    await post.look()
    post.wire.nonces.clear()

    await post.outbox.redeliver(production.id)
    await post.look(later=1)

    assert len(post.wire.all()) == 1


# In another form


async def test_what_a_channel_really_takes_is_learned_and_forgotten_after_a_week(post: Post) -> None:
    await post.ended(press="1")
    post.wire.limits[THREAD] = 12_000
    await post.look()
    ((_, sent),) = post.wire.all()
    assert 0.8 * 12_000 < sent.size <= 12_000
    tries = len(post.wire.tries)

    await post.ended(press="2")
    post.restarted()
    await post.look(later=1)
    assert len(post.wire.tries) == tries + 1

    await post.ended(press="3")
    await post.look(later=LIMIT_HOLDS + 1)
    assert post.carrier.limits.count(50 << 20) == 2  # asked for anew


async def test_the_limit_is_that_of_the_server_and_of_a_dm_nobodys_boosts(post: Post) -> None:
    await post.ended()
    post.wire.always = {THREAD: http(404, 10003), CHANNEL: http(404, 10003)}

    await post.look()

    assert post.carrier.limits == [50 << 20, 50 << 20, 10 << 20]


@pytest.mark.parametrize(("limit", "fault"), [(1, None), (FILM, http(400, 400001))])
async def test_a_film_that_fits_nowhere_is_linked_and_where_uploads_are_limited_too(
    post: Post, limit: int, fault: Exception | None
) -> None:
    await post.ended()
    post.wire.limits[THREAD] = limit
    post.wire.faults[THREAD] = [fault]

    await post.look()

    ((channel, sent),) = post.wire.all()
    assert (channel, "\nlink" in sent.content) == (THREAD, True)


@pytest.mark.parametrize("failure", [StoreUnavailable("503"), StoreMisconfigured("AccessDenied")])
async def test_a_store_that_fails_is_waited_for_if_it_may_pass_and_then_words_are_sent(
    post: Post, failure: StorageError
) -> None:
    await post.ended()
    post.wire.faults[THREAD] = [http(400, 400001)]
    post.carrier.failure = None
    post.carrier.carry = _failing_store(post.carrier, failure)  # type: ignore[method-assign]
    await post.look()
    assert len(post.wire.all()) == (0 if isinstance(failure, StoreUnavailable) else 1)

    post.wire.faults[THREAD] = [http(400, 400001)]
    await post.look(later=STORE_PATIENCE + LONGEST_PAUSE)

    ((_, sent),) = post.wire.all()
    assert f"words {type(failure).__name__}" in sent.content


def _failing_store(carrier: Sizes, failure: StorageError) -> Any:
    carry = carrier.carry

    @asynccontextmanager
    async def failing(end: End, form: Form, *, limit: int, because: str = "") -> AsyncIterator[Carried]:
        if form is Form.LINK:
            raise failure
        async with carry(end, form, limit=limit, because=because) as carried:
            yield carried

    return failing


@pytest.mark.parametrize("code", [200000, 200001, 240000, 50035])
async def test_refused_words_are_left_out_and_the_film_comes(post: Post, code: int) -> None:
    production = await post.ended()
    post.wire.faults[THREAD] = [http(400, code)]

    await post.look()

    ((channel, sent),) = post.wire.all()
    assert (channel, sent.file_name, sent.alt) == (THREAD, file_name(production), None)
    assert sent.content == f"<@{OWNER}> Your film is ready.\n-# {mark(production)}"


async def test_an_archived_thread_is_opened_once(post: Post) -> None:
    await post.ended()
    post.wire.always[THREAD] = http(400, 50083)

    await post.look()

    assert post.wire.opened == [THREAD]
    assert [channel for channel, _ in post.wire.all()] == [CHANNEL]


async def test_a_fault_of_ours_holds_up_no_other_film_and_ends(post: Post) -> None:
    broken = await post.ended(press="1")
    post.wire.faults[THREAD] = [ZeroDivisionError() for _ in range(20)]
    await post.look()
    post.wire.faults.clear()
    post.wire.always[THREAD] = ZeroDivisionError()
    for _ in range(12):
        await post.look(later=LONGEST_PAUSE)

    assert (await post.row(broken)).undelivered == "ZeroDivisionError"
    assert len(post.wire.tries) == 10


# How an end is known again


def test_the_first_run_keeps_the_name_that_older_versions_posted() -> None:
    first = a_production()

    assert file_name(first) == f"greenlight-{first.id}.mp4"


def test_a_later_run_is_not_mistaken_for_the_end_of_an_earlier_one() -> None:
    runs = [replace(a_production(), run=run) for run in (1, 2, 12)]
    ends = [End(production=each, news="**Koi** is ready", small=["-# plan v1"]) for each in runs]

    assert len({file_name(each) for each in runs}) == 3
    for one in ends:
        assert [each for each in ends if each.is_in(one.words(), [])] == [one]
        assert [each for each in ends if each.is_in(one.words(is_plain=True), [])] == [one]


def test_an_end_of_any_length_is_a_message_and_is_known_again() -> None:
    end = End(production=a_production(), news="n" * 3000, small=["-# s" * 900])

    assert len(end.words("\n" + "c" * 500)) <= 2000
    assert end.is_in(end.words("\n" + "c" * 500), [])
    assert US != DM


async def test_an_end_is_told_in_the_language_of_its_film(post: Post) -> None:
    with speaking(Language.GERMAN):
        await post.ended()

    await post.look()

    ((_, sent),) = post.wire.all()
    assert sent.content.startswith(f"<@{OWNER}> **Koi** ist fertig")
    assert "Kosten 0,00\xa0$" in sent.content
