"""A plan's storyboard as people ask for it: what it costs, its order, and a shot that starts from its picture."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from bot.jobs.wake import Wake
from bot.production.storyboards import Storyboard, Storyboards, StoryboardState, shown_stills
from bot.speech import speaking
from bot.storage.files import Files
from bot.studio.casting import Quote
from bot.studio.drafts import EditDraft, EditKind, StartDraft
from bot.studio.errors import NothingToRender, PlanMoved, PriceRose, StillGone
from bot.studio.model import Plan, Project
from bot.studio.projects import Projects
from bot.studio.revision import Choices, revise
from bot.studio.rights import Act
from bot.studio.storyboard import ShotStill, StoryboardQuote, image_model, quote_storyboard, still_name, stills_of
from bot.ui.desk import Desk
from bot.ui.wording import money
from providers.catalogue import Catalogue


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered:
    """A storyboard with its price. `stands` says that it is none of now: every still of it was drawn and posted."""

    storyboard: Storyboard
    quote: StoryboardQuote
    stands: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A version of the plan that was added, and its price; both `None` where the shot starts from its still already."""

    plan: Plan | None = None
    quote: Quote | None = None


class Storyboarding:
    """`providers` are the names of those that draw here."""

    def __init__(
        self,
        *,
        desk: Desk,
        projects: Projects,
        storyboards: Storyboards,
        catalogue: Catalogue,
        providers: Collection[str],
        files: Files,
        changed: Wake,
    ) -> None:
        self._desk = desk
        self._projects = projects
        self._storyboards = storyboards
        self._catalogue = catalogue
        self._providers = providers
        self._files = files
        self._changed = changed

    async def quote(self, project_id: str, plan: Plan) -> StoryboardQuote:
        """What its storyboard costs, without the stills that are there. Raises `NoStoryboard`."""
        model = image_model(self._catalogue, self._providers, plan.ratio)
        stills = stills_of(plan, model)
        return quote_storyboard(stills, model, await self.kept(project_id, {still.content for still in stills}))

    async def kept(self, project_id: str, contents: Collection[str]) -> set[str]:
        """Those of these stills that lie there."""
        names = {still_name(content): content for content in contents}
        return {names[name] for name in await self._files.kept(project_id, names)}

    async def newest_of(self, project_id: str) -> Storyboard | None:
        return await self._storyboards.newest_of(project_id)

    async def shows(self, storyboard: Storyboard | None, quoted: StoryboardQuote) -> bool:
        """Whether a storyboard that is over shows every still as it would be drawn now."""
        if storyboard is None or storyboard.state is not StoryboardState.OVER:
            return False
        drawn = shown_stills(await self._storyboards.stills_of(storyboard.id))
        return drawn == {still.number: still.content for still in quoted.stills}

    async def order(
        self,
        *,
        request_id: str,
        project_id: str,
        version: int,
        user_id: int,
        shown_microusd: int,
        role_ids: frozenset[int] = frozenset(),
    ) -> Ordered:
        """Have the stills drawn that are not there, and all posted; pressing twice is pressing once.

        Raises:
            NoSuchFilm | NotYours | NothingToRender | PlanMoved: not this film, or not as it stands.
            NoStoryboard: nobody draws here.
            AlreadyDrawing: its storyboard is being drawn.
            PriceRose: it costs more than was shown: a still that was there is gone.
            NeedsApproval | OverBudget: it costs more than may be ordered here.
        """
        project = await self._desk.allowed(project_id, Act.GREENLIGHT, user_id)
        plan = await self._newest(project)
        if plan.version != version:
            raise PlanMoved(plan.version)
        quoted = await self.quote(project_id, plan)
        if quoted.price_microusd > shown_microusd:
            await self._projects.touch(project_id)
            self._changed()
            raise PriceRose(money(shown_microusd), money(quoted.price_microusd))
        standing = await self.newest_of(project_id)
        if standing is not None and not quoted.missing and await self.shows(standing, quoted):
            return Ordered(storyboard=standing, quote=quoted, stands=True)
        ordered = await self._storyboards.accept(
            request_id=request_id,
            project_id=project_id,
            version=version,
            user_id=user_id,
            quote=quoted,
            share=await self._desk.share_of(project.guild_id, role_ids if user_id == project.owner_id else frozenset()),
        )
        return Ordered(storyboard=ordered, quote=quoted)

    async def start_from(self, *, project_id: str, version: int, shot: int, user_id: int) -> Started:
        """Add a version of the plan in which a shot starts from its still, as it was drawn for `version`.

        The plan may have moved on since, as long as the shot looks the same.

        Raises:
            NoSuchFilm | NotYours | NothingToRender: not this person's film.
            PlanMoved: the shot is another now.
            StillGone: its picture is not kept any more.
            NoStoryboard | CannotRender | RequestFault: nobody could make it like that any more.
        """
        project = await self._desk.allowed(project_id, Act.CHANGE, user_id)
        plan = await self._newest(project)
        drawn = await self._projects.plan(project_id, version)
        model = image_model(self._catalogue, self._providers, plan.ratio)
        wanted = _still_of(stills_of(drawn, model) if drawn is not None else (), shot)
        if wanted is None or _still_of(stills_of(plan, model), shot) != wanted:
            raise PlanMoved(plan.version)
        if not await self.kept(project_id, {wanted.content}):
            raise StillGone
        edit = EditDraft(
            kind=EditKind.SET_START, shot=shot, start=StartDraft.STILL, duration=None, text=None, position=None
        )
        choices = Choices(stills={shot: wanted.content})
        video_model = self._catalogue.resolve(plan.model)
        with speaking(project.language):  # its card is for everybody who takes part
            moved = revise(plan, [edit], video_model, has_upload=project.asset_id is not None, choices=choices)
        if moved is None:
            return Started()
        _, quoted = await self._desk.pricing.price(project, moved)
        await self._projects.keep_plan(project_id, moved)
        self._changed()
        return Started(plan=moved, quote=quoted)

    async def _newest(self, project: Project) -> Plan:
        plan = await self._projects.plan(project.id)
        if plan is None:
            raise NothingToRender
        return plan


def _still_of(stills: Collection[ShotStill], shot: int) -> ShotStill | None:
    return next((still for still in stills if still.number == shot), None)
