"""A full disk: nothing new is begun or paid for, what was ordered is fetched once there is room, a cut waits."""

from __future__ import annotations

import asyncio
import errno
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.db import Database, open_database
from bot.jobs.wake import Wake
from bot.media.errors import FfmpegFailed
from bot.media.ffmpeg import Ffmpeg
from bot.production.cut import Cut
from bot.production.model import ProductionState, TakeState
from bot.production.sizes import clip_bytes, cut_bytes, film_bytes, is_full_disk
from bot.storage import files as files_module
from bot.storage.errors import DiskFull
from bot.storage.files import Files
from bot.studio.casting import cast
from bot.ui.desk import Desk
from tests.bot.production import hurry
from tests.bot.production.fakes import ScriptedStudio
from tests.bot.production.test_camera import Set
from tests.bot.production.test_film import Workshop
from tests.bot.studio.samples import CATALOGUE, OWNER, plan
from tests.bot.ui.test_desk import RUNWAY, Counter

CASTINGS = cast(plan(), CATALOGUE)


@dataclass
class Disk:
    """Full until somebody makes room."""

    asked: list[int]
    room: asyncio.Event

    async def until_room(self, asked: int) -> None:
        self.asked.append(asked)
        await self.room.wait()

    def require_room(self, asked: int) -> None:
        self.asked.append(asked)
        if not self.room.is_set():
            raise DiskFull(free=1, asked=asked, reserve=1)


def test_a_film_takes_its_clips_and_every_copy_of_its_cut() -> None:
    assert film_bytes(CASTINGS) == sum(map(clip_bytes, CASTINGS)) + cut_bytes(CASTINGS) > 15 * 10 * 1_000_000
    assert film_bytes(()) == 0


@pytest.mark.parametrize(
    ("error", "full"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), True),
        (OSError(errno.EDQUOT, "Disk quota exceeded"), True),
        (OSError(errno.EACCES, "Permission denied"), False),
        (FfmpegFailed(returncode=228, stderr="x\nError writing trailer: No space left on device\nmore"), True),
        (FfmpegFailed(returncode=1, stderr="Invalid data"), False),
    ],
)
def test_a_full_disk_is_told_from_other_faults(error: Exception, full: bool) -> None:
    assert is_full_disk(error) is full


def test_nothing_is_ordered_on_a_full_disk_and_a_clip_is_fetched_however_late(
    tmp_path: Path, ffmpeg: Ffmpeg, plain: Path
) -> None:
    async def story() -> None:
        database = await open_database(f"sqlite+aiosqlite:///{tmp_path}/greenlight.sqlite3")
        set_ = Set(database, tmp_path, ScriptedStudio(plain.read_bytes()), ffmpeg)
        disk = Disk([], asyncio.Event())
        set_.camera._until_room = disk.until_room
        order = await set_.order()
        async with asyncio.TaskGroup() as group:
            shooting = group.create_task(set_.camera.shoot(order))
            await asyncio.sleep(10)
            assert not set_.studio.orders
            set_.studio.gate.clear()
            disk.room.set()
            await set_.studio.ordering.wait()
            disk.room.clear()  # it filled up while the clip was made
            set_.studio.gate.set()
            await asyncio.sleep(60)  # beyond the time in which an operation must be over
            assert not order.destination.exists()
            assert (await set_.take(order)).state is not TakeState.UNKNOWN
            disk.room.set()
            assert await shooting
        assert len(set_.studio.orders) == 1
        assert order.destination.is_file()
        assert set(disk.asked) == {clip_bytes(order.casting)}
        await database.close()

    hurry.run(story())


async def test_a_cut_waits_for_room_and_is_done_again_where_it_did_not_suffice(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.production.film.ROOM_EVERY", 0.0)
    workshop = Workshop(database, tmp_path)
    production = await workshop.begun()
    disk = Disk([], asyncio.Event())
    disk.room.set()
    monkeypatch.setattr(workshop.files, "until_room", disk.until_room)
    failures: list[Exception] = [
        OSError(errno.ENOSPC, "full"),
        FfmpegFailed(returncode=1, stderr="No space left on device"),
    ]

    async def cut(*_: object, **__: object) -> Cut:
        if failures:
            raise failures.pop()
        return Cut(duration=3.0)

    monkeypatch.setattr(workshop.maker._cutter, "cut", cut)
    assert await workshop.maker._cut(production.id) == "done"
    assert disk.asked == [cut_bytes(CASTINGS)] * 3
    assert await workshop.state(production) is ProductionState.DONE


async def test_a_greenlight_is_refused_where_the_film_would_not_fit_and_taken_once_it_does(database: Database) -> None:
    counter = Counter(database)
    disk = Disk([], asyncio.Event())
    desk = Desk(
        projects=counter.projects,
        productions=counter.productions,
        greenlights=counter.greenlights,
        lifecycle=counter.lifecycle,
        outbox=counter.outbox,
        catalogue=CATALOGUE,
        offer=RUNWAY,
        changed=Wake(),
        require_room=disk.require_room,
    )
    project = await counter.film()
    with pytest.raises(DiskFull):
        await desk.greenlight(request_id="p", project_id=project.id, version=1, user_id=OWNER)
    assert await counter.productions.latest_of(project.id) is None
    disk.room.set()
    await desk.greenlight(request_id="p", project_id=project.id, version=1, user_id=OWNER)
    assert disk.asked == [film_bytes(CASTINGS)] * 2


async def test_whoever_waits_for_room_is_told_of_once_and_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    monkeypatch.setattr(files_module, "ROOM_EVERY", 0.0)
    files = Files(tmp_path, min_free_bytes=0, min_free_share=0.0)
    looks = 0

    def require(asked: int = 0) -> None:
        nonlocal looks
        looks += 1
        if looks < 5:
            raise DiskFull(free=1, asked=asked, reserve=2)

    monkeypatch.setattr(files, "require_room", require)
    await files.until_room(7)
    assert [record.message for record in caplog.records if "room" in record.message] == [
        "THE DISK IS FULL: films wait for room",
        "there is room again",
    ]
