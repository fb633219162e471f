"""Removes on this machine what was deleted by its owner on another: the rows tell, whatever lies in the store.

A file whose copy is missing in the store is no reason: it may be the only one there is.
"""

from __future__ import annotations

import asyncio
import logging
import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

from sqlalchemy import select

from bot.db import Database
from bot.db.tables import assets, projects
from bot.storage.files import Files

logger = logging.getLogger(__name__)

#: What is deleted must be gone everywhere within a day: looked for so often, and left alone so long after it was
#: written, in seconds, for a row follows its file.
LOOK_EVERY, LEFT_FOR = 3600.0, 6 * 3600.0
_FILM = re.compile(r"[0-9a-f]{32}")


class Forgetting:
    def __init__(self, database: Database, files: Files, *, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._files = files
        self._clock = clock

    async def run(self) -> NoReturn:
        while True:
            await self.look()
            await asyncio.sleep(LOOK_EVERY)

    async def look(self) -> list[Path]:
        """Remove films and uploads that no row knows any more; what was removed."""
        # Files first: whatever comes between the two looks has a row by the second one.
        found = await asyncio.to_thread(_written_before, self._files.root, self._clock() - LEFT_FOR)
        async with self._database.transaction() as transaction:
            films = set(
                (await transaction.execute(select(projects.c.id).where(projects.c.deleted_at.is_(None)))).scalars()
            )
            uploads = set((await transaction.execute(select(assets.c.id))).scalars())
        gone = [path for path in found if path.stem not in (films if path.parent.name == "films" else uploads)]
        for path in gone:
            await asyncio.to_thread(_remove, path)
            logger.info("deleted elsewhere, and so here", extra={"file": path.name})
        return gone


def _written_before(root: Path, before: float) -> list[Path]:
    """Film folders and uploads in which nothing was written since."""
    films = [path for path in (root / "films").iterdir() if _FILM.fullmatch(path.name)]
    return [path for path in (*films, *(root / "uploads").iterdir()) if _written_at(path) < before]


def _written_at(path: Path) -> float:
    inside = path.iterdir() if path.is_dir() else ()
    times: list[float] = [each.stat().st_mtime for each in (path, *inside)]
    return max(times)


def _remove(path: Path) -> None:
    shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
