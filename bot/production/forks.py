"""Films that begin with the plan of another: a row, a thread and money of their own; what was made is not paid again.

The stills, clips and recordings that the plan needs and that lie there are lent to the fork before its row is written,
so its price, which goes by the files, leaves them out from the first moment on.
"""

from __future__ import annotations

import asyncio
import logging
import time
import uuid
from collections.abc import Callable
from contextlib import suppress

from sqlalchemy import insert, select

from bot.db import Database, insert_or_ignore, lock
from bot.db.tables import plans, projects
from bot.jobs.wake import Wake
from bot.production.reports import check_shown
from bot.storage.errors import StorageError
from bot.storage.files import Files
from bot.studio.casting import cast
from bot.studio.errors import CannotRender, FilmHidden, FilmHiddenHere, NoSuchFilm, NoSuchVersion
from bot.studio.model import Plan, Project, ProjectState
from bot.studio.projects import project_of
from bot.studio.soundtrack import SoundOffer, soundtrack
from bot.studio.storyboard import still_name, stills_of
from bot.studio.takes import contents_of_takes
from providers.catalogue import Catalogue
from providers.errors import RequestFault

logger = logging.getLogger(__name__)

#: Seconds that lending may take; what is not there by then is in the fork's price.
LENDING = 60.0
_FORKS = uuid.UUID("0a3c1a1e-6a0b-4c52-9a5e-7b1f6d0e2c11")


class Forks:
    def __init__(
        self,
        database: Database,
        files: Files,
        catalogue: Catalogue,
        sound: SoundOffer,
        changed: Wake,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database = database
        self._files = files
        self._catalogue = catalogue
        self._sound = sound
        self._changed = changed
        self._clock = clock

    async def fork(
        self,
        source: Project,
        version: int,
        *,
        request_id: str,
        user_id: int,
        guild_id: int | None,
        channel_id: int,
        thread_id: int | None = None,
        takes_adult: bool = False,
    ) -> Project:
        """Begin a film of somebody's own with a version of a plan; the same request twice is one film.

        Who may is asked before. The film it comes from is not touched. Where another begins it, the words in which its
        owner asked for it, and the most they would pay, stay theirs. `takes_adult`: its place is restricted by age.

        Raises:
            NoSuchFilm | NoSuchVersion: that is not there (any more).
            FilmHidden | FilmHiddenHere: it was hidden after a report, everywhere or in that server.
        """
        plan = await self._plan(source.id, version)
        # Known by its request, so that what a crash left lent is found again by the next try.
        fork_id = uuid.uuid5(_FORKS, request_id).hex
        await self._lend(source, plan, fork_id)
        now = self._clock()
        try:
            async with self._database.transaction() as transaction:
                await lock(transaction, f"project {source.id}")
                row = (await transaction.execute(select(projects).where(projects.c.id == source.id))).one_or_none()
                if row is None or row.deleted_at is not None:
                    raise NoSuchFilm
                await check_shown(transaction, source.id, guild_id)
                kept = dict(row._mapping)  # noqa: SLF001  # its public view
                own = {
                    "id": fork_id,
                    "request_id": request_id,
                    "owner_id": user_id,
                    "guild_id": guild_id,
                    "channel_id": channel_id,
                    "thread_id": thread_id,
                    "is_adult": row.is_adult and takes_adult,
                    "model": plan.model,
                    "ratio": plan.ratio,
                    "attachment": None,
                    "state": ProjectState.PLANNED,
                    "failure": None,
                    "forked_from": f"{source.id}:{version}",
                    "created_at": now,
                    "updated_at": now,
                }
                if user_id != row.owner_id:
                    own |= {"idea": f"{plan.title}\n{plan.logline}".strip(), "max_price_microusd": None}
                added = await transaction.execute(
                    insert_or_ignore(transaction, projects)
                    .values(**{**kept, **own})
                    .on_conflict_do_nothing(index_elements=["request_id"])
                    .returning(projects.c.id)
                )
                if added.one_or_none() is not None:
                    await transaction.execute(
                        insert(plans).values(
                            project_id=fork_id, version=1, plan=plan.to_json(), changes="", created_at=now
                        )
                    )
                made = (await transaction.execute(select(projects).where(projects.c.request_id == request_id))).one()
        except (NoSuchFilm, FilmHidden, FilmHiddenHere):
            await self._take_back(fork_id)
            raise
        self._changed()
        logger.info("a film was forked", extra={"project": source.id, "fork": fork_id})
        return project_of(made)

    async def _take_back(self, fork_id: str) -> None:
        """Remove what was lent to a fork that was never made."""
        async with self._database.transaction() as transaction:
            made = (await transaction.execute(select(projects.c.id).where(projects.c.id == fork_id))).one_or_none()
        if made is None:
            with suppress(StorageError):  # then the next sweep finds it
                await self._files.remove_film(fork_id)

    async def _plan(self, project_id: str, version: int) -> Plan:
        query = select(plans).where(plans.c.project_id == project_id, plans.c.version == version)
        async with self._database.transaction() as transaction:
            row = (await transaction.execute(query)).one_or_none()
        if row is None:
            raise NoSuchVersion(version)
        return Plan.from_json(row.plan, version=version, changes="")

    async def _lend(self, source: Project, plan: Plan, fork_id: str) -> None:
        """Let the fork have every still, take and recording of this plan that lies there."""
        drawn = {still.content for model in self._catalogue.image for still in stills_of(plan, model)}
        drawn |= {shot.still for shot in plan.shots if shot.still}  # of words that it had then
        names = {still_name(content) for content in drawn}
        with suppress(CannotRender, RequestFault):  # then nothing of it can be made here any more
            castings = cast(plan, self._catalogue, asset_id=source.asset_id)
            names |= {f"{each}.mp4" for casting in castings for each in contents_of_takes(casting).values()}
            names |= {heard.name for heard in soundtrack(plan, castings, self._sound)}
        try:
            async with asyncio.timeout(LENDING):
                await self._files.lend(source.id, fork_id, names)
        except TimeoutError:
            logger.warning("not everything was lent to a fork in time", extra={"fork": fork_id})
