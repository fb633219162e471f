"""What a film has beside its plan and its productions, gathered from rows and files: its storyboard and its draft."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path

from bot.production.model import OPEN, Production, ProductionState
from bot.production.productions import Productions
from bot.production.reports import Reports
from bot.production.shelf import PostedMessage
from bot.production.storyboards import Still, StillState, Storyboard, Storyboards, StoryboardState
from bot.speech import speaking
from bot.storage.files import Files
from bot.studio.casting import cast
from bot.studio.errors import CannotRender, NoDraft, NoStoryboard, NoSuchFilm
from bot.studio.model import Plan, Project, ShotStart
from bot.studio.projects import Projects
from bot.studio.storyboard import StoryboardQuote, still_name
from bot.ui.card_layout import CardKind
from bot.ui.card_rows import CardRows
from bot.ui.desk import Desk
from bot.ui.films import link_to
from bot.ui.renderings import Rendering
from bot.ui.storyboard_card import StoryboardFacts, picture_name, storyboard_card
from bot.ui.storyboarding import Storyboarding
from bot.ui.talk_facts import hears_there
from bot.ui.tryouts import DraftOffer, Tryouts
from providers.catalogue import Catalogue
from providers.errors import RequestFault


class FilmExtras:
    """Gathers facts for the cards; as `renderings.Extras`. `hears_all` asks the client."""

    def __init__(
        self,
        *,
        rows: CardRows,
        projects: Projects,
        productions: Productions,
        storyboards: Storyboards,
        storyboarding: Storyboarding,
        desk: Desk,
        catalogue: Catalogue,
        files: Files,
        reports: Reports,
        hears_all: Callable[[], bool] = lambda: True,
    ) -> None:
        self._reports = reports
        self._hears_all = hears_all
        self._rows = rows
        self._projects = projects
        self._productions = productions
        self._storyboards = storyboards
        self._storyboarding = storyboarding
        self._desk = desk
        self._catalogue = catalogue
        self._files = files

    async def tryouts(self, project: Project, plan: Plan, production: Production | None) -> Tryouts | None:
        """What can be had before the film is paid for: nothing while it is made, and once it is."""
        if production is not None and (production.state in OPEN or _is_film_of(production, plan)):
            return None
        quoted = await self._quote(project, plan)
        newest = await self._storyboards.newest_of(project.id)
        return Tryouts(
            storyboard=quoted,
            is_drawing=newest is not None and newest.state is StoryboardState.DRAWING,
            is_shown=quoted is not None and await self._storyboarding.shows(newest, quoted),
            draft=await self._draft(project, plan, production),
        )

    async def real_price(self, project: Project, plan: Plan) -> int | None:
        """What the film of a plan costs at most, while that is the newest and can be made here."""
        newest = await self._projects.plan(project.id)
        if newest is None or newest.version != plan.version:
            return None
        try:
            castings, quoted = await self._desk.pricing.price(project, plan)
        except (CannotRender, RequestFault):
            return None
        return quoted.price_microusd if self._desk.pricing.can_render(castings) else None

    async def storyboard(self, storyboard_id: str) -> Rendering | None:
        board = await self._storyboards.get(storyboard_id)
        project = await self._projects.get(board.project_id)
        if await self._reports.hides(project.id, project.guild_id):
            return None
        with speaking(project.language):
            return await self._storyboard_of(board, project)

    async def _storyboard_of(self, board: Storyboard, project: Project) -> Rendering:
        plan = await self._projects.plan(project.id, board.version)
        if plan is None:
            raise NoSuchFilm
        newest = await self._storyboards.newest_of(project.id)
        stills = await self._storyboards.stills_of(board.id)
        label = next((model.label for model in self._catalogue.image if model.id == board.model), board.model)
        facts = StoryboardFacts(storyboard=board, plan=plan, stills=stills, model_label=label)
        if newest is not None and newest.id != board.id and newest.state is StoryboardState.OVER:
            return await self._replaced(facts, newest)
        pictures = await self._pictures(board, stills)
        facts = replace(
            facts,
            shown=pictures.keys(),
            price_again_microusd=await self._price_again(project, board, stills, pictures),
            can_start=self._can_start(project, plan, pictures),
            hears_all=hears_there(project, shows_all=self._hears_all()),
        )
        return Rendering(storyboard_card(facts), pictures={picture_name(shot): path for shot, path in pictures.items()})

    async def _replaced(self, facts: StoryboardFacts, newest: Storyboard) -> Rendering:
        """An old one points to the newest once that is posted."""
        place = await self._rows.place_of(CardKind.STORYBOARD, newest.id)
        if place is None or place[1] is None:
            return Rendering(storyboard_card(facts), provisional=True)
        link = link_to(PostedMessage(guild_id=facts.storyboard.guild_id, channel_id=place[0], message_id=place[1]))
        return Rendering(storyboard_card(replace(facts, replaced_by=link)), final=True)

    async def _quote(self, project: Project, plan: Plan) -> StoryboardQuote | None:
        try:
            return await self._storyboarding.quote(project.id, plan)
        except NoStoryboard:
            return None

    async def _draft(self, project: Project, plan: Plan, production: Production | None) -> DraftOffer | None:
        try:
            castings, quoted = await self._desk.pricing.price(project, plan, draft=True)
        except (CannotRender, NoDraft, RequestFault):
            return None
        if not self._desk.pricing.can_render(castings):
            return None
        sizes = dict.fromkeys(casting.resolution or "" for casting in castings)
        is_made = (
            production is not None
            and production.draft
            and production.state is ProductionState.DONE
            and production.version == plan.version
        )
        return DraftOffer(resolution=" + ".join(sizes), price_microusd=quoted.price_microusd, is_made=is_made)

    async def _pictures(self, board: Storyboard, stills: Collection[Still]) -> dict[int, Path]:
        """What was drawn and lies there, by its shot."""
        found = {}
        for still in stills:
            path = self._files.artefact(board.project_id, still_name(still.content))
            if still.state is StillState.DRAWN and await self._files.here(path):
                found[still.shot] = path
        return found

    async def _price_again(
        self, project: Project, board: Storyboard, stills: Collection[Still], shown: Collection[int]
    ) -> int | None:
        """What the missing ones cost, while the plan is still the newest and somebody draws."""
        newest = await self._projects.plan(project.id)
        if newest is None or newest.version != board.version or len(shown) == len(stills):
            return None
        quoted = await self._quote(project, newest)
        return None if quoted is None else quoted.price_microusd

    def _can_start(self, project: Project, plan: Plan, shown: Collection[int]) -> bool:
        """Whether its model, or a sister of it, begins with pictures in the film's shape."""
        shots = tuple(replace(shot, start=ShotStart.STILL, still="") for shot in plan.shots)
        try:
            castings = cast(replace(plan, shots=shots), self._catalogue, asset_id=project.asset_id)
        except (CannotRender, RequestFault):
            return False
        return bool(shown) and self._desk.pricing.can_render(castings)


def _is_film_of(production: Production, plan: Plan) -> bool:
    """Whether this very version has its film."""
    return production.state is ProductionState.DONE and not production.draft and production.version == plan.version
