"""Rows that come from a backup: what was open is held, what may have been ordered since is a silence in the ledger."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import insert, select, update

from bot.db import Database
from bot.db.tables import (
    announcement_posts,
    announcements,
    audit,
    cards,
    paid_calls,
    plans,
    productions,
    reports,
    stills,
    storyboards,
)
from bot.jobs.ledger import Accepted, CallState, Completed, Intent, Ledger, Outcome, Refused, Unknown
from bot.jobs.wake import Wake
from bot.production.decisions import Decision, Decisions
from bot.production.dms import Dms
from bot.production.model import RESTORED, Production, ProductionState, TakeState
from bot.production.reports import Reports, ReportState
from bot.production.restoration import Restoration
from bot.production.sound import voice_path
from bot.production.storyboards import StillState, StoryboardState
from bot.storage.files import Files
from bot.studio.budget import Budgets
from bot.studio.soundtrack import SoundOffer
from tests.bot.production.test_productions import Office
from tests.bot.studio.samples import CATALOGUE, OWNER, plan, shot
from tests.bot.ui.test_delivery import Post

ON_BOTH_DATABASES = True

MADE_AT = 5000.0
OFFER = SoundOffer(
    voice=CATALOGUE.speech_models({"elevenlabs"})[0],
    music=CATALOGUE.music_models({"elevenlabs"})[0],
    effects=next(model for model in CATALOGUE.sound_models({"elevenlabs"}) if model.price_microusd(1.0) is not None),
)


class Bench:
    def __init__(self, database: Database, tmp_path: Path) -> None:
        self.database = database
        self.office = Office(database)
        self.office.now = MADE_AT
        self.ledger = Ledger(database, clock=lambda: self.office.now)
        self.files = Files(tmp_path / "data")

    async def restored(self, offer: SoundOffer | None = None) -> list[str]:
        self.office.now = MADE_AT + 1000.0
        restoration = Restoration(
            self.database,
            self.office.lifecycle,
            CATALOGUE,
            self.files,
            offer or SoundOffer(),
            clock=lambda: self.office.now,
        )
        return await restoration.hold(MADE_AT, "a-backup")

    async def film(self, state: ProductionState) -> Production:
        production = await self.office.accept((await self.office.film(state)).id, press=state)
        if state not in {ProductionState.ACCEPTED, ProductionState.ASKING}:
            await self.office.lifecycle.begin(production.id)
        if state not in {ProductionState.ACCEPTED, ProductionState.ASKING, ProductionState.RUNNING}:
            await self.office.lifecycle.end(production.id, state)
        if state is ProductionState.ASKING:
            async with self.database.transaction() as transaction:
                await transaction.execute(update(productions).values(state=state))
        return production

    async def call(self, production: Production, part: str, outcome: Outcome, number: int = 1) -> None:
        async def post() -> Outcome:
            return outcome

        intent = Intent(
            key=f"{production.id}/{part}/{number}",
            job=production.id,
            provider="runway",
            model="gen4.5",
            key_id="key-1",
            request_hash="hash",
            price_microusd=600_000,
            deadline_at=0.0,
        )
        await self.ledger.order(intent, post)

    async def made(self, production: Production, number: int, *, there: bool = True) -> None:
        take = (await self.office.productions.takes_of(production.id))[number - 1]
        await self.office.lifecycle.set_take(production.id, number, TakeState.MADE)
        if there:
            self.files.artefact(production.project_id, f"{take.content}.mp4").write_bytes(b"clip")

    async def calls(self, production: Production) -> dict[str, CallState]:
        return {call.key.split("/", 1)[1]: call.state for call in await self.ledger.calls_of(production.id)}

    async def takes(self, production: Production) -> list[TakeState]:
        return [take.state for take in await self.office.productions.takes_of(production.id)]


@pytest.fixture
def bench(database: Database, tmp_path: Path) -> Bench:
    return Bench(database, tmp_path)


OPEN = [ProductionState.ASKING, ProductionState.ACCEPTED, ProductionState.RUNNING, ProductionState.HELD]


async def test_a_dm_that_may_have_been_sent_since_is_not_sent_again(bench: Bench) -> None:
    over, running = await bench.film(ProductionState.DONE), await bench.film(ProductionState.RUNNING)
    dms = Dms(bench.database, Wake(), clock=lambda: bench.office.now)
    for film in (over, running):
        await dms.expect(film.id)

    await bench.restored()
    for film in (over, running):
        await bench.office.outbox.posted(await bench.office.productions.get(film.id), 800)

    assert [film.id for film in await dms.due()] == [running.id]


@pytest.mark.parametrize("state", OPEN)
async def test_a_film_that_was_open_is_held_and_its_end_is_told_anew(bench: Bench, state: ProductionState) -> None:
    film = await bench.film(state)
    assert await bench.restored() == [film.id]
    held = await bench.office.productions.get(film.id)
    assert (held.state, held.failure, held.run) == (ProductionState.HELD, RESTORED, 2)
    assert (held.delivered_at, held.delivering_at) == (None, MADE_AT)
    assert await bench.takes(film) == [TakeState.UNKNOWN] * 3
    assert await bench.calls(film) == {f"{number}/1": CallState.UNKNOWN for number in (1, 2, 3)}
    assert await bench.office.productions.at_risk(film.id) == film.price_microusd


@pytest.mark.parametrize("state", [ProductionState.DONE, ProductionState.FAILED, ProductionState.CANCELLED])
async def test_a_film_that_was_over_stays_so_and_its_end_is_looked_for_first(
    bench: Bench, state: ProductionState
) -> None:
    film = await bench.film(state)
    delivered = await bench.office.accept((await bench.office.film("told")).id, press="told")
    await bench.office.lifecycle.begin(delivered.id)
    await bench.office.lifecycle.end(delivered.id, state)
    await bench.office.outbox.posted(await bench.office.productions.get(delivered.id), 77)

    assert await bench.restored() == []

    after = await bench.office.productions.get(film.id)
    project = await bench.office.projects.get(film.project_id)
    assert (after.state, after.run, after.delivering_at) == (state, 1, MADE_AT)
    assert (after.delivery_channel_id, after.delivery_guild_id) == (project.channel_id, project.guild_id)
    async with bench.database.transaction() as transaction:
        rows = await transaction.execute(select(productions.c.id, productions.c.delivery_tries))
        assert {row.id: row.delivery_tries for row in rows} == {film.id: 1, delivered.id: 0}


async def test_an_end_that_was_pending_is_looked_for_where_it_was_aimed_at(bench: Bench) -> None:
    film = await bench.film(ProductionState.DONE)
    async with bench.database.transaction() as transaction:  # its owner's DM
        await transaction.execute(update(productions).values(delivery_channel_id=44, delivery_guild_id=None))
    await bench.restored()
    after = await bench.office.productions.get(film.id)
    assert (after.delivery_channel_id, after.delivery_guild_id) == (44, None)


async def test_an_end_that_was_pending_and_was_posted_since_is_not_told_twice(
    database: Database, tmp_path: Path
) -> None:
    post = Post(database, tmp_path)
    film = await post.ended()
    made_at = post.now
    await post.look(later=60.0)
    ((channel, told),) = post.wire.all()
    async with database.transaction() as transaction:  # as the backup knew it
        pending = dict.fromkeys(
            (
                "delivering_at",
                "delivered_at",
                "delivered_message_id",
                "delivery_channel_id",
                "delivery_guild_id",
                "delivery_at",
            )
        )
        await transaction.execute(update(productions).values(**pending, delivery_tries=0))

    await Restoration(database, post.lifecycle, CATALOGUE, post.files, SoundOffer()).hold(made_at, "a-backup")
    post.restarted()
    await post.look(later=60.0)

    assert len(post.wire.all()) == 1
    row = await post.row(film)
    assert (row.delivered_message_id, row.delivery_channel_id) == (told.id, channel)


async def test_what_is_there_is_kept_and_what_is_missing_may_have_been_ordered(bench: Bench) -> None:
    film = await bench.film(ProductionState.RUNNING)
    await bench.call(film, "1", Accepted(operation="op-1"))
    await bench.ledger.finish(f"{film.id}/1/1", CallState.DONE)
    await bench.made(film, 1)
    await bench.made(film, 2, there=False)  # its clip was not in the backup
    await bench.restored()
    assert await bench.takes(film) == [TakeState.MADE, TakeState.UNKNOWN, TakeState.UNKNOWN]
    assert await bench.calls(film) == {"1/1": CallState.DONE, "2/1": CallState.UNKNOWN, "3/1": CallState.UNKNOWN}


@pytest.mark.parametrize(
    ("outcome", "calls"),
    [
        (Accepted(operation="op"), {"1/1": CallState.SUBMITTED, "1/2": CallState.UNKNOWN}),
        (Refused("busy"), {"1/1": CallState.UNKNOWN}),
        (Unknown("silence"), {"1/1": CallState.UNKNOWN}),
    ],
)
async def test_behind_the_last_known_order_stands_one_without_an_answer(
    bench: Bench, outcome: Outcome, calls: dict[str, CallState]
) -> None:
    film = await bench.film(ProductionState.RUNNING)
    await bench.call(film, "1", outcome)
    await bench.restored()
    assert {key: state for key, state in (await bench.calls(film)).items() if key.startswith("1/")} == calls
    unanswered = await bench.ledger.find(f"{film.id}/{list(calls)[-1]}")
    assert unanswered is not None
    assert unanswered.price_microusd > 0


async def test_an_order_that_was_cut_off_by_the_backup_is_unanswered(bench: Bench) -> None:
    film = await bench.film(ProductionState.RUNNING)
    await bench.call(film, "1", Unknown("silence"))
    async with bench.database.transaction() as transaction:
        await transaction.execute(update(paid_calls).values(state=CallState.INTENT))
    await bench.restored()
    assert (await bench.calls(film))["1/1"] is CallState.UNKNOWN


async def test_recordings_that_are_missing_are_not_bought_again_by_guessing(bench: Bench) -> None:
    loud = plan(shot("One", narration="It begins.", sound="rain"), shot("Two", narration="It ends."), music="calm")
    project = await bench.office.film("loud", planned=False)
    await bench.office.projects.keep_plan(project.id, loud)
    film = await bench.office.accept(project.id, press="loud")
    await bench.office.lifecycle.begin(film.id)
    await bench.call(film, "voice-1", Completed())
    voice_path(bench.files, project.id, loud.voice, "It begins.").write_bytes(b"voice")
    await bench.restored(OFFER)
    calls = await bench.calls(film)
    assert calls.pop("voice-1/1") is CallState.DONE
    assert {key for key in calls if not key[0].isdigit()} == {"voice-2/1", "effect-1/1", "music/1"}
    assert set(calls.values()) == {CallState.UNKNOWN}
    line = await bench.ledger.find(f"{film.id}/voice-2/1")
    assert line is not None
    assert line.created_at == MADE_AT  # its service's history is searched from then on


async def test_a_shot_that_was_left_out_stays_so(bench: Bench) -> None:
    film = await bench.film(ProductionState.RUNNING)
    await bench.office.lifecycle.set_take(film.id, 2, TakeState.LEFT_OUT)
    await bench.restored()
    assert await bench.takes(film) == [TakeState.UNKNOWN, TakeState.LEFT_OUT, TakeState.UNKNOWN]
    assert "2/1" not in await bench.calls(film)


async def test_its_money_stays_aside_and_ordering_again_is_its_owners_word(bench: Bench) -> None:
    film = await bench.film(ProductionState.RUNNING)
    await bench.restored()
    budgets = Budgets(bench.database, clock=lambda: bench.office.now)
    assert (await budgets.standing(OWNER, None)).user.used_microusd == film.price_microusd

    await Decisions(bench.database, bench.office.productions, bench.office.lifecycle, Wake()).decide(
        Decision.AGAIN, film.id, OWNER
    )

    assert set((await bench.calls(film)).values()) == {CallState.LOST}
    again = await bench.office.productions.get(film.id)
    assert (again.state, again.run, again.failure) == (ProductionState.ACCEPTED, 3, None)


async def test_its_card_is_shown_anew_and_the_restore_is_written_down(bench: Bench) -> None:
    film = await bench.film(ProductionState.HELD)
    async with bench.database.transaction() as transaction:
        row = {"kind": "job", "ref": film.id, "channel_id": 1, "message_id": 2, "settled": 1, "stamp": 9.0}
        await transaction.execute(insert(cards).values(**row, created_at=0.0))
    await bench.restored()
    async with bench.database.transaction() as transaction:
        assert (await transaction.execute(select(cards.c.settled, cards.c.stamp))).one() == (0, 0.0)
        assert (await transaction.execute(select(audit.c.action, audit.c.ref))).one() == ("restored", "a-backup")


async def test_a_film_whose_model_has_gone_is_held_all_the_same(bench: Bench) -> None:
    project = await bench.office.film("gone", planned=False)
    await bench.office.projects.keep_plan(project.id, plan())
    film = await bench.office.accept(project.id, press="gone")
    async with bench.database.transaction() as transaction:
        gone = replace(plan(), model="no-such-model")
        await transaction.execute(update(plans).values(plan=gone.to_json()))
    await bench.restored()
    assert await bench.office.state(film) is ProductionState.HELD
    assert await bench.calls(film) == {f"{number}/1": CallState.UNKNOWN for number in (1, 2, 3)}


async def test_a_film_that_was_posted_since_is_found_done_and_settled_once(bench: Bench) -> None:
    film = await bench.film(ProductionState.RUNNING)
    await bench.restored()
    await bench.office.lifecycle.found_done(film.id)
    await bench.office.lifecycle.found_done(film.id)
    assert await bench.office.state(film) is ProductionState.DONE
    assert await bench.takes(film) == [TakeState.MADE] * 3
    standing = await Budgets(bench.database, clock=lambda: bench.office.now).standing(OWNER, None)
    assert (standing.user.used_microusd, standing.bot.used_microusd) == (0, film.price_microusd)


async def test_only_what_a_restore_held_is_found_done(bench: Bench) -> None:
    film = await bench.film(ProductionState.HELD)
    await bench.office.lifecycle.found_done(film.id)
    assert await bench.office.state(film) is ProductionState.HELD


async def test_what_was_to_be_told_is_looked_for_or_not_told_again(bench: Bench) -> None:
    async with bench.database.transaction() as transaction:
        await transaction.execute(
            insert(announcements).values(id="a" * 32, words="x", audience="all", by=1, at=MADE_AT)
        )
        for channel, began in ((1, None), (2, 40.0)):
            row = {"announcement_id": "a" * 32, "channel_id": channel, "posting_at": began, "next_at": MADE_AT}
            await transaction.execute(insert(announcement_posts).values(**row))
        row = {"id": "b" * 32, "project_id": "c" * 32, "owner_id": OWNER, "reporter_id": 5, "reason": "x", "at": 1.0}
        await transaction.execute(insert(reports).values(**row, state=ReportState.HIDDEN, shown=ReportState.OPEN))

    await bench.restored()

    assert await Reports(bench.database, Wake()).pending() == []
    async with bench.database.transaction() as transaction:
        tried = select(announcement_posts.c.posting_at).order_by(announcement_posts.c.channel_id)
        assert (await transaction.execute(tried)).scalars().all() == [MADE_AT, 40.0]


async def test_a_still_that_waited_may_have_been_drawn_and_charged_since(bench: Bench) -> None:
    board, now = "d" * 32, MADE_AT
    film = await bench.office.film("drawn")
    async with bench.database.transaction() as transaction:
        row = {"id": board, "request_id": "1", "project_id": film.id, "version": 1, "owner_id": OWNER}
        made = {"provider": "gemini", "model": "m", "ratio": "16:9", "accepted_at": now, "updated_at": now}
        await transaction.execute(
            insert(storyboards).values(**row, **made, state=StoryboardState.DRAWING, price_microusd=90)
        )
        for number, content in enumerate("aab", start=1):
            still = {"storyboard_id": board, "shot": number, "content": content, "prompt": "x", "price_microusd": 30}
            await transaction.execute(insert(stills).values(**still, state=StillState.WAITING))
        await transaction.execute(
            insert(cards).values(kind="storyboard", ref=board, channel_id=66, created_at=now, stamp=0.0)
        )

    await bench.restored()

    calls = {call.key.split("/", 1)[1]: call.state for call in await bench.ledger.calls_of(board)}
    assert calls == {"still-1/1": CallState.UNKNOWN, "still-3/1": CallState.UNKNOWN}
    async with bench.database.transaction() as transaction:
        assert (await transaction.execute(select(storyboards.c.cost_microusd))).scalar_one() == 0
        assert (await transaction.execute(select(cards.c.settled).where(cards.c.ref == board))).scalar_one() == 1
