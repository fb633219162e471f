"""A machine forgets what was deleted on another one, and nothing that was not."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path

from sqlalchemy import insert, update

from bot.db import Database
from bot.db.tables import assets, deletions, projects
from bot.production.forgetting import LEFT_FOR, Forgetting
from bot.storage.files import Files
from bot.studio.pseudonyms import Pseudonyms
from tests.bot.production.test_productions import Office
from tests.bot.studio.samples import asset

ON_BOTH_DATABASES = True
NOW = 1_700_000_000.0
BEGAN, OLD = NOW - 10 * LEFT_FOR, NOW - LEFT_FOR - 1.0
NAMES = Pseudonyms("the bot's token")


def write(path: Path, at: float) -> Path:
    path.write_bytes(b"a clip")
    for each in (path, *([path.parent] if path.parent.name != "uploads" else [])):
        os.utime(each, (at, at))
    return path


def forgetting(database: Database, files: Files) -> Forgetting:
    return Forgetting(database, files, NAMES, clock=lambda: NOW)


async def test_what_was_deleted_goes_and_all_else_stays(database: Database, tmp_path: Path) -> None:
    office, files = Office(database), Files(tmp_path)
    office.now = BEGAN
    kept, deleted = [(await office.film(name)).id for name in ("kept", "deleted")]
    known = {**asdict(asset()), "id": "a" * 64, "created_at": BEGAN}
    asked = {"project_id": None, "asked_at": OLD, "unposted": 0, "erased_at": OLD + 1.0}
    async with database.transaction() as transaction:
        await transaction.execute(update(projects).where(projects.c.id == deleted).values(deleted_at=NOW))
        await transaction.execute(insert(assets).values(**known))
        await transaction.execute(insert(deletions).values(owner_id=7, **asked))
        await transaction.execute(insert(deletions).values(owner_id=NAMES.of(8), done_at=NOW, **asked))
    gone = {write(files.artefact(film, "clip.mp4"), OLD).parent for film in (deleted, "voice-7", "voice-8")}
    gone.add(write(files.upload("b" * 64, "mp4"), OLD))
    stays = [write(files.artefact(film, "clip.mp4"), OLD) for film in (kept, "f" * 32, "voice-9")]
    stays += [write(files.upload("a" * 64, "mp4"), OLD), write(files.upload("c" * 64, "mp4"), NOW)]

    assert set(await forgetting(database, files).look()) == gone

    assert all(path.exists() for path in stays)
    assert not any(path.exists() for path in gone)
    write(files.artefact("voice-7", "again.mp3"), NOW)
    assert await forgetting(database, files).look() == []


async def test_a_database_that_is_not_the_files_own_takes_none_of_them(database: Database, tmp_path: Path) -> None:
    files = Files(tmp_path)
    there = [write(files.artefact("f" * 32, "film.mp4"), OLD), write(files.upload("b" * 64, "mp4"), OLD)]
    assert await forgetting(database, files).look() == []
    office = Office(database)
    office.now = OLD + 1.0
    await office.film()

    assert await forgetting(database, files).look() == []
    assert all(path.exists() for path in there)
