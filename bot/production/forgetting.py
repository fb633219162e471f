"""Removes on this machine what was deleted by its owner on another: the rows tell, whatever lies in the store.

A file whose copy is missing in the store is no reason: it may be the only one there is.
"""

from __future__ import annotations

import asyncio
import logging
import re
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from sqlalchemy import func, select

from bot.db import Database
from bot.db.tables import assets, deletions, projects
from bot.storage.files import Files
from bot.studio.pseudonyms import Pseudonyms

logger = logging.getLogger(__name__)

#: What is deleted must be gone everywhere within a day: looked for so often, in seconds.
LOOK_EVERY = 3600.0
#: Seconds an upload is left alone after it was written, for its row follows it.
LEFT_FOR = 6 * 3600.0
_VOICE = re.compile(r"voice-(\d+)")


class Forgetting:
    """Goes by what rows say was deleted. A database that is new, or another one, says nothing."""

    def __init__(
        self, database: Database, files: Files, pseudonyms: Pseudonyms, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._database = database
        self._files = files
        self._pseudonyms = pseudonyms
        self._clock = clock

    async def run(self) -> NoReturn:
        while True:
            await self.look()
            await asyncio.sleep(LOOK_EVERY)

    async def look(self) -> list[Path]:
        """Remove what was deleted; what was removed."""
        found = await asyncio.to_thread(_with_times, self._files.root)  # first: what comes later is not looked at
        rows = await self._rows()
        gone = [path for path, written_at in found.items() if self._is_deleted(path, written_at, rows)]
        for path in gone:
            await asyncio.to_thread(_remove, path)
            logger.info("deleted elsewhere, and so here", extra={"file": path.name})
        return gone

    async def _rows(self) -> _Rows:
        everything = select(deletions.c.owner_id, func.max(deletions.c.erased_at).label("at"))
        everything = everything.where(deletions.c.project_id.is_(None), deletions.c.erased_at.is_not(None))
        async with self._database.transaction() as transaction:
            films = await transaction.execute(select(projects.c.id).where(projects.c.deleted_at.is_not(None)))
            people = await transaction.execute(everything.group_by(deletions.c.owner_id))
            uploads = await transaction.execute(select(assets.c.id))
            began_at = (await transaction.execute(select(func.min(projects.c.created_at)))).scalar()
        return _Rows(
            films=frozenset(films.scalars()),
            uploads=frozenset(uploads.scalars()),
            people={row.owner_id: row.at for row in people},
            began_at=began_at if began_at is not None else self._clock(),
        )

    def _is_deleted(self, path: Path, written_at: float, rows: _Rows) -> bool:
        if path.parent.name == "uploads":
            # No row is left of an upload that was deleted; one older than all rows is another database's.
            return rows.began_at <= written_at < self._clock() - LEFT_FOR and path.stem not in rows.uploads
        if (voice := _VOICE.fullmatch(path.name)) is not None:
            ids = (int(voice[1]), self._pseudonyms.of(int(voice[1])))  # a deletion that is done knows the second one
            return any(written_at < rows.people.get(each, 0.0) for each in ids)
        return path.name in rows.films


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rows:
    """Films that were deleted, uploads there are, when people had everything deleted, and when the first film began."""

    films: frozenset[str]
    uploads: frozenset[str]
    people: Mapping[int, float]
    began_at: float


def _with_times(root: Path) -> dict[Path, float]:
    """Film folders and uploads, and when anything in them was written last."""
    return {path: _written_at(path) for path in (*(root / "films").iterdir(), *(root / "uploads").iterdir())}


def _written_at(path: Path) -> float:
    inside = path.iterdir() if path.is_dir() else ()
    times: list[float] = [each.stat().st_mtime for each in (path, *inside)]
    return max(times)


def _remove(path: Path) -> None:
    shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
