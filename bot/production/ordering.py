"""Who may order something for a film, whatever it is: its greenlight, its storyboard."""

from __future__ import annotations

from sqlalchemy import Row, select

from bot.db import Transaction
from bot.db.tables import projects
from bot.production.reports import check_shown
from bot.studio.errors import NoSuchFilm, NothingToRender, PlanMoved
from bot.studio.projects import latest_version
from bot.studio.rights import Act, refusal, role_of


async def film_to_order(
    transaction: Transaction, project_id: str, version: int, user_id: int
) -> Row[tuple[object, ...]]:
    """The film as it is at this moment, where this person may order something for this version of its plan.

    Raises `NoSuchFilm | NotYours | FilmHidden | FilmHiddenHere | NothingToRender | PlanMoved`.
    """
    project = (await transaction.execute(select(projects).where(projects.c.id == project_id))).one_or_none()
    if project is None or project.deleted_at is not None:
        raise NoSuchFilm
    role = await role_of(transaction, project_id, user_id)
    if refused := refusal(Act.GREENLIGHT, user_id=user_id, owner_id=project.owner_id, role=role):
        raise refused
    await check_shown(transaction, project_id, project.guild_id)
    newest = await latest_version(transaction, project_id)
    if newest == 0:
        raise NothingToRender
    if newest != version:
        raise PlanMoved(newest)
    return project
