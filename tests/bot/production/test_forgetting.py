"""A machine forgets what was deleted on another one, and nothing that any row knows."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path

from sqlalchemy import insert, update

from bot.db import Database
from bot.db.tables import assets, projects
from bot.production.forgetting import LEFT_FOR, Forgetting
from bot.storage.files import Files
from tests.bot.production.test_productions import Office
from tests.bot.studio.samples import asset

ON_BOTH_DATABASES = True
NOW = 1_700_000_000.0


async def test_what_no_row_knows_any_more_goes_and_all_else_stays(database: Database, tmp_path: Path) -> None:
    office, files = Office(database), Files(tmp_path)
    kept, deleted = [(await office.film(name)).id for name in ("kept", "deleted")]
    known = {**asdict(asset()), "id": "a" * 64, "created_at": NOW}
    async with database.transaction() as transaction:
        await transaction.execute(update(projects).where(projects.c.id == deleted).values(deleted_at=NOW))
        await transaction.execute(insert(assets).values(**known))
    there = [files.artefact(film, "clip.mp4") for film in (kept, deleted, "f" * 32, "voice-7")]
    there += [files.upload(letter * 64, "mp4") for letter in "ab"]
    young = files.artefact("e" * 32, "clip.mp4")
    for path in (*there, young):
        path.write_bytes(b"a clip")
        for each in (path, *([path.parent] if path.parent.name != "uploads" else [])):
            os.utime(each, (NOW - LEFT_FOR - (path is not young),) * 2)

    gone = await Forgetting(database, files, clock=lambda: NOW).look()

    assert {path.name for path in gone} == {deleted, "f" * 32, f"{'b' * 64}.mp4"}
    assert [path.exists() for path in (*there, young)] == [True, False, False, True, True, False, True]
