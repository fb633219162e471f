"""What was seen in the video of one film or analysis, as a row of its own.

`analyses` keeps what a model saw by video and question, so that nothing is paid twice; whose it is, it does not know.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from sqlalchemy import delete, insert, select, update

from bot.db import Database, Transaction, lock
from bot.db.tables import projects, sightings
from bot.studio.errors import NoSuchFilm
from bot.studio.model import Analysis, ProjectState


class Sightings:
    def __init__(self, database: Database, *, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    async def of(self, project_id: str) -> Analysis | None:
        """What was seen for this project; `None` where nothing was yet."""
        query = select(sightings.c.analysis).where(sightings.c.project_id == project_id)
        async with self._database.transaction() as transaction:
            found = (await transaction.execute(query)).scalar()
        return Analysis.from_json(found) if found is not None else None

    async def keep(self, project_id: str, analysis: Analysis, *, is_answer: bool = False) -> None:
        """Keep what was seen, in place of what was seen of a video before; an answer ends what was asked for.

        Raises:
            NoSuchFilm: it was deleted meanwhile; nothing is kept.
        """
        now = self._clock()
        async with self._database.transaction() as transaction:
            await lock(transaction, f"project {project_id}")
            there = select(projects.c.id).where(projects.c.id == project_id, projects.c.deleted_at.is_(None))
            if (await transaction.execute(there)).one_or_none() is None:
                raise NoSuchFilm
            await transaction.execute(delete(sightings).where(sightings.c.project_id == project_id))
            await transaction.execute(
                insert(sightings).values(project_id=project_id, analysis=analysis.to_json(), created_at=now)
            )
            ended = {"state": ProjectState.PLANNED, "failure": None} if is_answer else {}
            await transaction.execute(
                update(projects).where(projects.c.id == project_id).values(updated_at=now, **ended)
            )


async def copy_sighting(transaction: Transaction, source_id: str, project_id: str, now: float) -> None:
    """Give what was seen for one project to another: it is about the same video, and is not paid for again."""
    seen = select(sightings.c.analysis).where(sightings.c.project_id == source_id)
    if (found := (await transaction.execute(seen)).scalar()) is not None:
        await transaction.execute(insert(sightings).values(project_id=project_id, analysis=found, created_at=now))
