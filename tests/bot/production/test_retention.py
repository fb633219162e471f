"""What is not needed goes in time, and nothing that anybody still waits for ever does."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from sqlalchemy import insert, update

from bot.db import Database
from bot.db.tables import assets, productions, projects, turns
from bot.production.model import Production, ProductionState
from bot.production.retention import DAY, LEFT_AFTER, OPEN_FOR, ORPHANED_AFTER, Keep, Retention, Use, is_worn
from bot.storage.files import Files
from tests.bot.production.test_productions import Office
from tests.bot.studio.samples import asset

ON_BOTH_DATABASES = True

KEEP = Keep(uploads=20 * DAY, clips=30 * DAY, films=90 * DAY)
BEGAN = 1_700_000_000.0


class Cellar:
    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.office = Office(database)
        self.office.now = BEGAN
        self.files = Files(folder / "data", min_free_bytes=0, min_free_share=0.0)

    async def film(self, state: ProductionState, *, delivered: bool = True) -> Production:
        """With a clip, an upload and, if done, the film itself; all as old as its rows."""
        project = await self.office.film(state)
        production = await self.office.accept(project.id, press=state)
        async with self.database.transaction() as transaction:
            kept = {**_row(), "created_at": BEGAN}
            await transaction.execute(insert(assets).values(**kept))
            await transaction.execute(update(projects).values(asset_id=kept["id"]))
            await transaction.execute(
                update(productions).values(state=state, delivered_at=BEGAN if delivered else None)
            )
        self.put(self.files.artefact(project.id, "clip.mp4"))
        self.put(self.files.upload(asset().id, "mp4"))
        if state is ProductionState.DONE:
            self.put(self.files.artefact(project.id, f"film-{production.id}.mp4"))
        return production

    def put(self, path: Path, at: float = BEGAN) -> Path:
        path.write_bytes(b"x")
        os.utime(path, (at, at))
        return path

    async def swept(self, days: float, keep: Keep = KEEP) -> list[str]:
        """The names of what goes when so many days have passed."""
        self.office.now = BEGAN + days * DAY
        retention = Retention(self.database, self.files, keep, clock=lambda: self.office.now)
        return sorted(path.name.partition("-")[0] for path in await retention.sweep())


def _row() -> dict[str, object]:
    found = asset()
    return {name: getattr(found, name) for name in found.__dataclass_fields__}


@pytest.fixture
def cellar(database: Database, tmp_path: Path) -> Cellar:
    return Cellar(database, tmp_path)


@pytest.mark.parametrize(
    ("use", "modified_at", "keep", "worn"),
    [
        (Use(0.0), 0.0, 100.0, True),
        (Use(1.0), 0.0, 100.0, False),
        (Use(0.0), 1.0, 100.0, False),
        (Use(0.0, is_needed=True), 0.0, 100.0, False),
        (Use(0.0), 0.0, None, False),
    ],
)
def test_a_file_is_worn(use: Use, modified_at: float, keep: float | None, worn: bool) -> None:
    assert is_worn(use, modified_at, keep, 100.5) is worn


async def test_a_film_that_was_told_goes_bit_by_bit(cellar: Cellar) -> None:
    await cellar.film(ProductionState.DONE)
    upload = f"{asset().id}.mp4"
    assert [await cellar.swept(days) for days in (19.9, 20.1, 29.9, 30.1, 89.9, 90.1)] == [
        [],
        [upload],
        [],
        ["clip.mp4"],
        [],
        ["film"],
    ]
    assert not list((cellar.files.root / "films").iterdir())  # its folder, too
    assert (cellar.files.root / "uploads").is_dir()


@pytest.mark.parametrize(
    "state", [ProductionState.ASKING, ProductionState.ACCEPTED, ProductionState.RUNNING, ProductionState.HELD]
)
async def test_what_may_still_be_made_keeps_everything(cellar: Cellar, state: ProductionState) -> None:
    await cellar.film(state)
    assert await cellar.swept(3650) == []


@pytest.mark.parametrize("state", [ProductionState.DONE, ProductionState.FAILED, ProductionState.CANCELLED])
async def test_what_was_not_told_yet_keeps_everything(cellar: Cellar, state: ProductionState) -> None:
    await cellar.film(state, delivered=False)
    assert await cellar.swept(3650) == []


async def test_words_in_the_thread_keep_its_clips_and_its_video(cellar: Cellar) -> None:
    film = await cellar.film(ProductionState.FAILED)
    async with cellar.database.transaction() as transaction:
        said = {"project_id": film.project_id, "author_id": 1, "words": "and now in blue"}
        await transaction.execute(insert(turns).values(**said, created_at=BEGAN + 25 * DAY))
    assert await cellar.swept(44) == []
    assert len(await cellar.swept(56)) == 2


async def test_a_thread_that_may_be_open_keeps_its_clips_whatever_the_settings_say(cellar: Cellar) -> None:
    await cellar.film(ProductionState.FAILED)
    hasty = Keep(uploads=1.0, clips=1.0, films=1.0)
    assert await cellar.swept(OPEN_FOR / DAY - 0.1, hasty) == []
    assert len(await cellar.swept(OPEN_FOR / DAY + 0.1, hasty)) == 2


async def test_for_ever_is_for_ever(cellar: Cellar) -> None:
    await cellar.film(ProductionState.DONE)
    assert await cellar.swept(36_500, Keep(uploads=None, clips=None, films=None)) == []


async def test_an_upload_that_another_film_needs_stays(cellar: Cellar) -> None:
    await cellar.film(ProductionState.FAILED)
    another = await cellar.office.accept((await cellar.office.film("another")).id, press="another")
    async with cellar.database.transaction() as transaction:
        mine = productions.c.id == another.id
        await transaction.execute(update(productions).where(mine).values(asset_id=asset().id))
    assert await cellar.swept(3650) == ["clip.mp4"]


async def test_what_no_row_knows_goes_by_its_own_age(cellar: Cellar) -> None:
    cellar.put(cellar.files.upload("c" * 64, "mp4"))
    cellar.put(cellar.files.artefact("stranger", "clip.mp4"))
    assert await cellar.swept(19) == []
    assert await cellar.swept(31) == [f"{'c' * 64}.mp4", "clip.mp4"]


async def test_what_a_killed_process_left_goes_after_a_day_and_work_under_way_stays(cellar: Cellar) -> None:
    folder = cellar.files.artefact("p1", "clip.mp4").parent
    left = [cellar.put(folder / name) for name in ("clip.unchecked-1.mp4", "clip.late-2.mp4", "voice-1-new.mp3")]
    desk = cellar.files.root / "work" / "desk"
    desk.mkdir()
    cellar.put(desk / "half.mp4", BEGAN + LEFT_AFTER)  # written to a moment ago
    os.utime(desk, (BEGAN, BEGAN))
    await cellar.swept(LEFT_AFTER / DAY + 0.1)
    assert [path.exists() for path in left] == [False] * 3
    assert (desk / "half.mp4").exists()
    await cellar.swept(2 * LEFT_AFTER / DAY + 0.1)
    assert not desk.exists()


async def test_what_was_lent_to_a_film_that_was_never_made_goes_after_an_hour(cellar: Cellar) -> None:
    film = await cellar.film(ProductionState.RUNNING)
    lent, fresh, other = "a" * 32, "b" * 32, "voice-41"
    for folder in (film.project_id, lent, fresh, other):
        at = cellar.put(cellar.files.artefact(folder, "clip.mp4")).parent
        age = 60.0 if folder == fresh else ORPHANED_AFTER + 1.0
        os.utime(at, (BEGAN + DAY - age, BEGAN + DAY - age))

    await cellar.swept(1)

    left = {each.name for each in (cellar.files.root / "films").iterdir()}
    assert left == {film.project_id, fresh, other}
