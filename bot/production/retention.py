"""What of the files is not needed any more: decided from when its film was last worked on, swept once a day.

Nothing is touched that a film needs which may still be made, held or told, nor the clips of a thread that may be open:
Discord closes one after a week in which nobody spoke. A clip that has gone is priced again when its plan is greenlit.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections import defaultdict
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, or_, select

from bot.db import Database
from bot.db.tables import productions, projects, turns
from bot.production.model import OPEN, TERMINAL
from bot.storage.errors import StorageError
from bot.storage.files import Files, lasting_files
from bot.studio.picks import Picks

logger = logging.getLogger(__name__)

DAY = 24 * 3600.0
#: Seconds after the last word in a thread during which Discord may show it as open.
OPEN_FOR = 7 * DAY
#: Seconds after the start: that has more urgent things to do.
FIRST_AFTER = 600.0
#: Seconds after which unfinished work is nobody's: no piece of it takes so long.
LEFT_AFTER = DAY
#: Seconds after which the folder of a film that has no row is nobody's: a fork's is filled just before its row is made.
ORPHANED_AFTER = 3600.0
_FILM = re.compile(r"film-([0-9a-f]{32})\.mp4")


@dataclass(frozen=True, slots=True, kw_only=True)
class Keep:
    """How long files are kept after they were last used, in seconds; `None` for ever."""

    uploads: float | None
    clips: float | None
    films: float | None


@dataclass(frozen=True, slots=True)
class Use:
    """When something was last worked on, and whether somebody still waits for what is made of it."""

    at: float = 0.0
    is_needed: bool = False

    def __or__(self, other: Use) -> Use:
        return Use(max(self.at, other.at), self.is_needed or other.is_needed)


def is_worn(use: Use, modified_at: float, keep: float | None, now: float) -> bool:
    """Whether a file that was used so is not kept any longer."""
    if keep is None or use.is_needed:
        return False
    return now - max(use.at, modified_at) > keep


class Retention:
    def __init__(self, database: Database, files: Files, keep: Keep, *, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._files = files
        self._keep = keep
        self._clock = clock

    async def run(self) -> None:
        """Sweep soon, and once a day, until cancelled."""
        await asyncio.sleep(FIRST_AFTER)
        while True:
            await self.sweep()
            await asyncio.sleep(DAY)

    async def sweep(self) -> list[Path]:
        """Remove what is not kept any longer; what was removed."""
        films, uploads, ends = await self._uses()
        now = self._clock()
        await Picks(self._database, clock=self._clock).forget_old()
        found = await asyncio.to_thread(lambda: [*lasting_files(self._files.root)])
        removed = []
        for file in found:
            if file.is_relative_to(self._files.root / "uploads"):
                use, keep = uploads.get(file.stem, Use()), _at_least(self._keep.uploads, OPEN_FOR)
            elif (film := _FILM.fullmatch(file.name)) is not None:
                use = Use(ends.get(film[1], 0.0), films.get(file.parent.name, Use()).is_needed)
                keep = self._keep.films
            else:
                use, keep = films.get(file.parent.name, Use()), _at_least(self._keep.clips, OPEN_FOR)
            if await asyncio.to_thread(_remove_if_worn, file, use, keep, now):
                removed.append(file)
                await self._unshare(file)
        orphans = await self._remove_orphans(films, now - ORPHANED_AFTER)
        left = await asyncio.to_thread(self._files.remove_left, now - LEFT_AFTER)
        if removed or left or orphans:
            logger.info("swept", extra={"files": len(removed), "left_behind": left, "orphans": orphans})
        return removed

    async def _remove_orphans(self, films: Collection[str], before: float) -> int:
        """Remove the folders of films that have no row, and were not filled since; how many."""
        removed = 0
        for film_id in await asyncio.to_thread(self._files.films_untouched_since, before):
            if film_id in films:
                continue
            try:
                await self._files.remove_film(film_id)
                removed += 1
            except (StorageError, OSError) as error:
                logger.warning("orphan not removed", extra={"film": film_id, "error": type(error).__name__})
        return removed

    async def _unshare(self, file: Path) -> None:
        """Its copy goes, too: it would be fetched again, and counted as kept."""
        if self._files.sharing is not None:
            try:
                await self._files.sharing.remove(file)
            except StorageError as error:
                logger.warning("copy not removed", extra={"file": file.name, "error": type(error).__name__})

    async def _uses(self) -> tuple[dict[str, Use], dict[str, Use], dict[str, float]]:
        """By film's id, by upload's id, and by production's id when its end was last touched."""
        films: dict[str, Use] = defaultdict(Use)
        uploads: dict[str, Use] = defaultdict(Use)
        needed = or_(
            productions.c.state.in_(OPEN),
            productions.c.state.in_(TERMINAL) & productions.c.delivered_at.is_(None),
        )
        async with self._database.transaction() as transaction:
            rows = (await transaction.execute(select(projects.c.id, projects.c.asset_id, projects.c.updated_at))).all()
            said = await transaction.execute(
                select(turns.c.project_id, func.max(turns.c.created_at).label("at")).group_by(turns.c.project_id)
            )
            for talk in said:
                films[talk.project_id] |= Use(talk.at)
            made = (
                await transaction.execute(
                    select(
                        productions.c.id,
                        productions.c.project_id,
                        productions.c.asset_id,
                        productions.c.updated_at,
                        needed.label("is_needed"),
                    )
                )
            ).all()
        for row in rows:
            films[row.id] |= Use(row.updated_at)
        for row in made:
            films[row.project_id] |= Use(row.updated_at, bool(row.is_needed))
        users = [(row.asset_id, row.id) for row in rows] + [(row.asset_id, row.project_id) for row in made]
        for asset_id, film in users:
            if asset_id is not None:
                uploads[asset_id] |= films[film]
        return films, uploads, {row.id: row.updated_at for row in made}


def _at_least(keep: float | None, least: float) -> float | None:
    return None if keep is None else max(keep, least)


def _remove_if_worn(file: Path, use: Use, keep: float | None, now: float) -> bool:
    try:
        if not is_worn(use, file.stat().st_mtime, keep, now):
            return False
        file.unlink()
    except FileNotFoundError:
        return False
    if file.parent.name != "uploads":
        with suppress(OSError):
            file.parent.rmdir()  # the last file of a film takes its folder with it
    return True
