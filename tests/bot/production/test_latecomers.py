"""What comes after the camera has stopped looking is kept, and lets its held film go on."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import select, text, update

from bot.app.pools import judge
from bot.db import Database, open_database
from bot.db.tables import paid_calls, reservations
from bot.jobs.ledger import Accepted, CallState
from bot.jobs.wake import Wake
from bot.media.ffmpeg import Ffmpeg
from bot.production.camera import Rig
from bot.production.latecomers import LOOK_AGAIN, PATIENCE, Latecomers
from bot.production.model import Production, ProductionState, TakeState
from bot.production.reports import Reports, ReportState
from bot.storage.files import Files
from providers.credential import Credential
from providers.errors import ContentRejected, OperationFailed, ProviderError, Unavailable
from providers.video import Failed, OperationState, Running, Succeeded
from ratelimit import ApiKey, KeyPool, Limits
from tests.bot.production.fakes import NOT_A_CLIP, EndlessStudio, ScriptedStudio
from tests.bot.production.test_decisions import Bench
from tests.bot.waiting import until


class Vigil(Bench):
    """A held film of three shots, of which the third was accepted and not seen to end."""

    def __init__(self, database: Database, folder: Path, ffmpeg: Ffmpeg, studio: ScriptedStudio) -> None:
        super().__init__(database)
        self.studio = studio
        self.files = Files(folder)
        pool = KeyPool("runway", [ApiKey("key-1", "a", "fake-secret")], limits=Limits(), judge=judge)
        self.latecomers = Latecomers(
            database,
            self.ledger,
            self.office.lifecycle,
            {"runway": Rig(provider=studio, pool=pool)},
            ffmpeg,
            self.files,
            Wake(),
            clock=lambda: self.office.now,
        )

    async def late(self, state: ProductionState = ProductionState.HELD) -> Production:
        production = await self.office.accept((await self.office.film()).id)
        await self.office.lifecycle.begin(production.id)
        for shot in (1, 2):
            await self.office.lifecycle.set_take(production.id, shot, TakeState.MADE)
        await self.call(production, 3, Accepted(operation="op"))
        await self.ledger.give_back(f"{production.id}/3/1")
        await self.office.lifecycle.set_take(production.id, 3, TakeState.UNKNOWN, failure="NotOverYet")
        await self.office.lifecycle.end(production.id, state, failure="NotOverYet")
        return production

    async def clip(self, production: Production) -> Path:
        take = (await self.office.productions.takes_of(production.id))[2]
        return self.files.artefact(production.project_id, f"{take.content}.mp4")


@pytest.fixture
def drawn(plain: Path) -> bytes:
    return plain.read_bytes()


def _vigil(
    database: Database, folder: Path, ffmpeg: Ffmpeg, clip: bytes, *polls: OperationState | ProviderError
) -> Vigil:
    return Vigil(database, folder, ffmpeg, ScriptedStudio(clip, polls=polls or (Succeeded(output="clip"),)))


async def test_a_late_clip_lets_its_held_film_go_on(
    database: Database, tmp_path: Path, ffmpeg: Ffmpeg, drawn: bytes
) -> None:
    vigil = _vigil(database, tmp_path, ffmpeg, drawn)
    film = await vigil.late()

    await vigil.latecomers.look()

    assert await vigil.calls(film) == [CallState.DONE]
    assert await vigil.takes(film) == [TakeState.MADE] * 3
    assert (await vigil.clip(film)).read_bytes() == drawn
    again = await vigil.office.productions.get(film.id)
    assert (again.state, again.run) == (ProductionState.ACCEPTED, 2)
    await vigil.latecomers.look()
    assert len(vigil.studio.looks) == 1


async def test_a_late_clip_does_not_let_a_deleted_film_go_on(
    database: Database, tmp_path: Path, ffmpeg: Ffmpeg, drawn: bytes
) -> None:
    vigil = _vigil(database, tmp_path, ffmpeg, drawn)
    film = await vigil.late()
    await vigil.office.delete(film)

    await vigil.latecomers.look()

    assert await vigil.office.state(film) is ProductionState.HELD


async def test_a_late_clip_does_not_let_a_hidden_film_go_on_and_is_kept(
    database: Database, tmp_path: Path, ffmpeg: Ffmpeg, drawn: bytes
) -> None:
    vigil = _vigil(database, tmp_path, ffmpeg, drawn)
    film = await vigil.late()
    reports = Reports(database, Wake())
    await reports.report(film.project_id, reporter_id=2002, guild_id=film.guild_id, reason="x")
    [report] = await reports.pending()
    await reports.decide(report.id, ReportState.HIDDEN, by=3003)

    await vigil.latecomers.look()

    assert await vigil.office.state(film) is ProductionState.HELD
    assert await vigil.takes(film) == [TakeState.MADE] * 3


@pytest.mark.parametrize("state", [ProductionState.FAILED, ProductionState.CANCELLED])
async def test_the_late_clip_of_a_film_that_is_over_is_kept_for_the_next(
    database: Database, tmp_path: Path, ffmpeg: Ffmpeg, drawn: bytes, state: ProductionState
) -> None:
    vigil = _vigil(database, tmp_path, ffmpeg, drawn)
    film = await vigil.late(state)

    await vigil.latecomers.look()

    assert await vigil.office.state(film) is state
    take = (await vigil.office.productions.takes_of(film.id))[2]
    assert await vigil.files.kept(film.project_id, [f"{take.content}.mp4"]) == {f"{take.content}.mp4"}


async def test_a_film_that_lacks_something_else_stays_held(
    database: Database, tmp_path: Path, ffmpeg: Ffmpeg, drawn: bytes
) -> None:
    vigil = _vigil(database, tmp_path, ffmpeg, drawn)
    film = await vigil.late()
    await vigil.office.lifecycle.set_take(film.id, 1, TakeState.UNKNOWN, failure="OutcomeUnknown")

    await vigil.latecomers.look()

    assert await vigil.office.state(film) is ProductionState.HELD
    assert (await vigil.takes(film))[2] is TakeState.MADE


async def test_an_operation_is_looked_at_every_five_minutes_for_a_day(
    database: Database, tmp_path: Path, ffmpeg: Ffmpeg, drawn: bytes
) -> None:
    vigil = _vigil(database, tmp_path, ffmpeg, drawn, Unavailable("runway"), Running(progress=None, waiting=False))
    film = await vigil.late()
    began = vigil.office.now

    looks = []
    for after in (0.0, LOOK_AGAIN - 1, LOOK_AGAIN, PATIENCE - 1, PATIENCE + LOOK_AGAIN):
        vigil.office.now = began + after
        await vigil.latecomers.look()
        looks.append(len(vigil.studio.looks))

    assert looks == [1, 1, 2, 3, 3]
    assert await vigil.calls(film) == [CallState.SUBMITTED]


@pytest.mark.parametrize(("endless", "within"), [("poll", "LOOK_WITHIN"), ("fetch", "FETCH_WITHIN")])
async def test_an_answer_without_end_holds_up_no_other_film(
    database: Database, tmp_path: Path, ffmpeg: Ffmpeg, monkeypatch: pytest.MonkeyPatch, endless: str, within: str
) -> None:
    monkeypatch.setattr(f"bot.production.latecomers.{within}", 0.05)
    polls = [Succeeded(output="clip")] if endless == "fetch" else []
    vigil = Vigil(database, tmp_path, ffmpeg, EndlessStudio(endless, polls=polls))
    film = await vigil.late()

    async with asyncio.timeout(30.0):
        await vigil.latecomers.look()

    assert await vigil.calls(film) == [CallState.SUBMITTED]  # looked at again, as after any fault of the network
    assert await vigil.office.state(film) is ProductionState.HELD


@pytest.mark.parametrize(
    ("ended", "clip", "failure"),
    [
        (Failed(error=ContentRejected("runway"), price_microusd=0), b"", "ContentRejected"),
        (Succeeded(output="clip"), NOT_A_CLIP, "UnusableClip"),
    ],
)
async def test_what_ends_without_a_clip_is_failed(
    database: Database, tmp_path: Path, ffmpeg: Ffmpeg, ended: OperationState, clip: bytes, failure: str
) -> None:
    vigil = _vigil(database, tmp_path, ffmpeg, clip, ended)
    film = await vigil.late()

    await vigil.latecomers.look()

    assert await vigil.calls(film) == [CallState.FAILED]
    take = (await vigil.office.productions.takes_of(film.id))[2]
    assert (take.state, take.failure) == (TakeState.FAILED, failure)
    assert await vigil.office.state(film) is ProductionState.HELD
    assert not (await vigil.clip(film)).exists()


async def test_a_shot_that_its_owner_finishes_without_stays_left_out_when_it_fails_late(
    database: Database, tmp_path: Path, ffmpeg: Ffmpeg
) -> None:
    failed = Failed(error=OperationFailed("runway"), price_microusd=0)
    vigil = _vigil(database, tmp_path, ffmpeg, b"", failed)
    film = await vigil.late()
    poll = vigil.studio.poll

    async def decided(operation_id: str, credential: Credential) -> OperationState:
        await vigil.office.lifecycle.set_take(film.id, 3, TakeState.LEFT_OUT)
        return await poll(operation_id, credential)

    vigil.studio.poll = decided  # type: ignore[method-assign]
    await vigil.latecomers.look()

    assert (await vigil.office.productions.takes_of(film.id))[2].state is TakeState.LEFT_OUT
    assert await vigil.calls(film) == [CallState.FAILED]


@pytest.mark.parametrize(
    ("poll", "settled", "written_off"),
    [
        (Succeeded(output="clip", price_microusd=600_000), 600_000, 0),
        (Succeeded(output="clip", price_microusd=900_000), 600_000, 300_000),  # its owner was charged the estimate
        (Failed(error=ContentRejected("runway"), price_microusd=0), 0, 0),  # and is given back what was not taken
    ],
)
async def test_what_a_film_is_charged_after_its_end_is_the_bots(
    database: Database,
    tmp_path: Path,
    ffmpeg: Ffmpeg,
    drawn: bytes,
    poll: OperationState,
    settled: int,
    written_off: int,
) -> None:
    vigil = _vigil(database, tmp_path, ffmpeg, drawn, poll)
    film = await vigil.late(ProductionState.CANCELLED)

    await vigil.latecomers.look()

    async with database.transaction() as transaction:
        row = (await transaction.execute(select(reservations).where(reservations.c.id == film.id))).one()
    assert (row.settled_microusd, row.written_off_microusd) == (settled, written_off)
    assert (await vigil.office.productions.get(film.id)).cost_microusd == settled + written_off


async def test_what_a_held_film_is_charged_late_is_settled_at_its_end(
    database: Database, tmp_path: Path, ffmpeg: Ffmpeg, drawn: bytes
) -> None:
    vigil = _vigil(database, tmp_path, ffmpeg, drawn, Succeeded(output="clip", price_microusd=900_000))
    film = await vigil.late()

    await vigil.latecomers.look()

    async with database.transaction() as transaction:
        row = (await transaction.execute(select(reservations).where(reservations.c.id == film.id))).one()
    assert (row.settled_microusd, row.written_off_microusd) == (None, 0)


async def test_of_two_workers_one_looks(postgres_database: str, tmp_path: Path, ffmpeg: Ffmpeg, drawn: bytes) -> None:
    ana, ben = await open_database(postgres_database), await open_database(postgres_database)
    studio = ScriptedStudio(drawn, polls=(Running(progress=None),))
    vigils = [Vigil(database, tmp_path / name, ffmpeg, studio) for name, database in (("a", ana), ("b", ben))]
    await vigils[0].late()

    async def both_have_found_it() -> bool:
        async with ana.transaction() as transaction:
            query = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
            return (await transaction.execute(query)).scalar() == 2

    try:
        async with asyncio.TaskGroup() as group, ben.transaction() as transaction:
            await transaction.execute(update(paid_calls).values(detail="held up"))
            for vigil in vigils:
                group.create_task(vigil.latecomers.look())
            await until(both_have_found_it)
        assert len(studio.looks) == 1
    finally:
        await ana.close()
        await ben.close()
