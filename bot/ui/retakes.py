"""Changing one shot of a film that was made: another take of it, or one that is kept.

Each is a new version of the plan. Nothing is ordered here: the owner sees the price and greenlights.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.jobs.wake import Wake
from bot.production.takebook import TakeBook
from bot.speech import say, speaking
from bot.studio.casting import Quote
from bot.studio.changes import changes_between
from bot.studio.errors import CannotRender, EditRefused, NothingToRender, PlanMoved
from bot.studio.model import Plan, Project
from bot.studio.projects import Projects
from bot.studio.rights import Act
from bot.studio.takes import ShotTakes, another_take, chosen_take, every_take_anew
from bot.ui.desk import Desk
from providers.errors import RequestFault


@dataclass(frozen=True, slots=True, kw_only=True)
class Rushes:
    """The newest plan of a film with the takes of each of its shots, by their numbers."""

    project: Project
    plan: Plan
    takes: Mapping[int, ShotTakes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A version of the plan that was added, with what it costs; `anew` are the shots that will be ordered for it."""

    plan: Plan
    quote: Quote
    anew: Sequence[int]


class Retakes:
    def __init__(self, desk: Desk, projects: Projects, book: TakeBook, changed: Wake) -> None:
        self._desk = desk
        self._projects = projects
        self._book = book
        self._changed = changed

    async def rushes(self, project_id: str, user_id: int, act: Act) -> Rushes:
        """What was made of a film, for whoever may do this with it.

        Raises:
            NoSuchFilm | NotYours | NothingToRender: it is none of theirs, or has no plan.
        """
        project = await self._desk.allowed(project_id, act, user_id)
        plan = await self._projects.plan(project_id)
        if plan is None:
            raise NothingToRender
        return Rushes(project=project, plan=plan, takes=await self._book.takes(project, plan))

    async def price_of_another(self, rushes: Rushes, shot: int) -> Quote | None:
        """What the film would cost with another take of a shot; `None` where there can be none."""
        try:
            _, quoted = await self._desk.pricing.price(rushes.project, another_take(rushes.plan, shot, rushes.takes))
        except (EditRefused, CannotRender, RequestFault):
            return None
        return quoted

    async def another(self, *, project_id: str, version: int, shot: int, user_id: int) -> Proposal:
        """Add a version of the plan with another take of a shot.

        Raises:
            NoSuchFilm | NotYours | NothingToRender | PlanMoved: not this film, or not as it stands.
            EditRefused: the shot is not made, or has had all its takes.
            CannotRender | ModelRetired: its model is gone.
        """
        rushes = await self._at(project_id, version, user_id)
        return await self._propose(rushes, another_take(rushes.plan, shot, rushes.takes))

    async def anew(self, *, project_id: str, user_id: int) -> Proposal:
        """Add a version of the plan with another take of every shot that was made. Raises as `another`."""
        rushes = await self.rushes(project_id, user_id, Act.CHANGE)
        return await self._propose(rushes, every_take_anew(rushes.plan, rushes.takes))

    async def use(self, *, project_id: str, version: int, shot: int, take: int, user_id: int) -> Proposal:
        """Add a version of the plan with a take that is kept. Raises as `another`."""
        rushes = await self._at(project_id, version, user_id)
        return await self._propose(rushes, chosen_take(rushes.plan, shot, take, rushes.takes))

    async def _at(self, project_id: str, version: int, user_id: int) -> Rushes:
        rushes = await self.rushes(project_id, user_id, Act.CHANGE)
        if rushes.plan.version != version:
            raise PlanMoved(rushes.plan.version)
        return rushes

    async def _propose(self, rushes: Rushes, plan: Plan) -> Proposal:
        if plan == rushes.plan:
            raise EditRefused(say("The plan uses that take already. Nothing was changed."))
        _, quoted = await self._desk.pricing.price(rushes.project, plan)
        with speaking(rushes.project.language):
            changes = changes_between(rushes.plan, plan)
        plan = replace(plan, version=plan.version + 1, changes=changes)
        await self._projects.keep_plan(rushes.project.id, plan)
        self._changed()
        return Proposal(plan=plan, quote=quoted, anew=not_kept(plan, quoted.kept))


def not_kept(plan: Plan, kept: Collection[int]) -> list[int]:
    return [number for number in range(1, len(plan.shots) + 1) if number not in kept]
