"""What was made of each shot of a film: the takes that were ordered, and those whose clips lie there."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select

from bot.db import Database
from bot.db.tables import productions, takes
from bot.storage.files import Files
from bot.studio.casting import cast
from bot.studio.errors import CannotRender
from bot.studio.model import Plan, Project
from bot.studio.takes import ShotTakes, contents_of_takes, takes_of
from providers.catalogue import Catalogue
from providers.errors import RequestFault


class TakeBook:
    def __init__(self, database: Database, catalogue: Catalogue, files: Files) -> None:
        self._database = database
        self._catalogue = catalogue
        self._files = files

    async def takes(self, project: Project, plan: Plan) -> Mapping[int, ShotTakes]:
        """What there is of each shot of a plan, by its number; nothing where no model can make it."""
        try:
            castings = cast(plan, self._catalogue, asset_id=project.asset_id)
        except (CannotRender, RequestFault):  # its model has left the catalogue since
            return {}
        names = {f"{each}.mp4" for casting in castings for each in contents_of_takes(casting).values()}
        kept = await self._files.kept(project.id, names)
        return takes_of(
            castings, ordered=await self._ordered(project.id), kept={name.removesuffix(".mp4") for name in kept}
        )

    async def _ordered(self, project_id: str) -> set[str]:
        """The contents of every shot that was greenlit for this film, whatever became of it."""
        query = (
            select(takes.c.content)
            .join(productions, productions.c.id == takes.c.production_id)
            .where(productions.c.project_id == project_id)
            .distinct()
        )
        async with self._database.transaction() as transaction:
            return {row.content for row in await transaction.execute(query)}
