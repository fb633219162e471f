"""Going between the versions of a plan: back to an earlier one, and what two of them differ in.

History only grows: going back adds a version that is equal to an earlier one, so undoing what was undone redoes it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bot.jobs.wake import Wake
from bot.speech import speaking
from bot.studio.casting import Casting, Quote
from bot.studio.changes import returned
from bot.studio.comparison import Comparison, compared
from bot.studio.errors import CannotRender, NoSuchVersion, NothingToRender, NothingToUndo, PlanMoved
from bot.studio.model import Plan, Project
from bot.studio.projects import Projects
from providers.errors import RequestFault

#: How a plan would be made here and what it would cost; raises `CannotRender | RequestFault` where it cannot.
Prices = Callable[[Project, Plan], Awaitable[tuple[tuple[Casting, ...], Quote]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Priced:
    """`price_microusd` is what it would cost now, `None` where nobody here can make it."""

    plan: Plan
    price_microusd: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """Two versions, and what the second has that the first has not; `newest` is the plan as it stands."""

    left: Priced
    right: Priced
    comparison: Comparison
    newest: int

    @property
    def difference_microusd(self) -> int | None:
        """How much more the second costs; `None` where one of them cannot be made here."""
        return _difference(self.left, self.right)


def _difference(one: Priced, other: Priced) -> int | None:
    """Between the prices as people read them, rounded up to the cent, so that they add up."""
    if one.price_microusd is None or other.price_microusd is None:
        return None
    return (-(-other.price_microusd // 10_000) + -one.price_microusd // 10_000) * 10_000


class Versions:
    """Looks versions up, and adds those that go back; who may is asked before."""

    def __init__(self, projects: Projects, prices: Prices, changed: Wake) -> None:
        self._projects = projects
        self._prices = prices
        self._changed = changed

    async def back(self, project: Project, version: int, target: int | None = None) -> Compared:
        """Add a version equal to `target`, to the one before the last change where none is named.

        `version` is the newest as whoever asks has seen it. Nothing is ordered.

        Raises:
            NothingToRender | NothingToUndo | NoSuchVersion: there is nothing to go back to.
            PlanMoved: the plan has moved on meanwhile.
            NoSuchFilm: it was deleted meanwhile.
        """
        newest = await self._projects.plan(project.id)
        if newest is None:
            raise NothingToRender
        if newest.version != version:
            raise PlanMoved(newest.version)
        if newest.version == 1:
            raise NothingToUndo
        earlier = await self._version(project, newest.version - 1 if target is None else target)
        with speaking(project.language):  # its card is for everybody who takes part
            again = returned(newest, earlier)
        await self._projects.keep_plan(project.id, again)
        self._changed()
        return await self._compared(project, newest, again, again.version)

    async def compare(self, project: Project, left: int, right: int) -> Compared:
        """What is different between two versions. Raises `NoSuchVersion | NothingToRender`."""
        newest = await self._projects.plan(project.id)
        if newest is None:
            raise NothingToRender
        return await self._compared(
            project, await self._version(project, left), await self._version(project, right), newest.version
        )

    async def difference(self, project: Project, plan: Plan) -> int | None:
        """How much more a version costs than the one before it, in micro-dollars; `None` where that is not known."""
        before = await self._projects.plan(project.id, plan.version - 1) if plan.version > 1 else None
        if before is None:
            return None
        return _difference(await self._priced(project, before), await self._priced(project, plan))

    async def _compared(self, project: Project, left: Plan, right: Plan, newest: int) -> Compared:
        return Compared(
            left=await self._priced(project, left),
            right=await self._priced(project, right),
            comparison=compared(left, right),
            newest=newest,
        )

    async def _version(self, project: Project, version: int) -> Plan:
        plan = await self._projects.plan(project.id, version)
        if plan is None:
            raise NoSuchVersion(version)
        return plan

    async def _priced(self, project: Project, plan: Plan) -> Priced:
        try:
            _, quoted = await self._prices(project, plan)
        except (CannotRender, RequestFault):  # its model has left the catalogue since
            return Priced(plan=plan, price_microusd=None)
        return Priced(plan=plan, price_microusd=quoted.price_microusd)
