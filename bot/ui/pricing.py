"""What a film costs here, and whether it can be made: by its models, and from what of it lies here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence

from bot.speech import counted, say
from bot.storage.files import Files
from bot.studio.casting import Casting, Quote, cast, quote
from bot.studio.errors import CannotRender, ModelGone, StillGone, UploadGone
from bot.studio.model import Asset, Plan, Project, ShotStart
from bot.studio.projects import Projects
from bot.studio.revision import with_model
from bot.studio.soundtrack import sound_price, soundtrack
from bot.studio.storyboard import still_name
from bot.ui.away import Away
from bot.ui.offer import Offer, switched_off
from bot.ui.wording import enumerated, money
from providers.catalogue import Catalogue, VideoModel
from providers.errors import ModelRetired, RequestFault


class Pricing:
    def __init__(
        self,
        catalogue: Catalogue,
        offer: Offer,
        projects: Projects,
        files: Files | None = None,
        has_upload: Callable[[Asset], Awaitable[bool]] | None = None,
        away: Away | None = None,
    ) -> None:
        """Without `files` nothing is kept, without `has_upload` every video is, and without `away` nothing is away."""
        self._catalogue = catalogue
        self.offer = offer
        self._projects = projects
        self._files = files
        self._has_upload = has_upload
        self._away = away or Away({})

    async def price(self, project: Project, plan: Plan, *, draft: bool = False) -> tuple[tuple[Casting, ...], Quote]:
        """How a plan would be made here and what it would cost at most. Raises `StudioError | ModelRetired`."""
        castings = cast(plan, self._catalogue, asset_id=project.asset_id, draft=draft)
        recordings = {heard.name for heard in soundtrack(plan, castings, self.offer.sound)}
        kept = await self._kept(project.id, {casting.clip for casting in castings} | recordings)
        made = {casting.content for casting in castings if casting.clip in kept}
        return castings, quote(castings, made, sound_price(plan, castings, self.offer.sound, kept), kept & recordings)

    def can_render(self, castings: Sequence[Casting]) -> bool:
        return {casting.model.provider for casting in castings} <= self.offer.providers

    async def instead(self, project: Project, plan: Plan) -> tuple[VideoModel, Plan, Quote] | None:
        """A model of another service, or the successor of one that is gone, that could make this plan; with its price.

        The plan that comes with it is the same one for that model, in its lengths and shape.
        """
        try:
            model = self._catalogue.resolve(plan.model)
            others = self._catalogue.equals(model, self.offer.providers, plan.ratio)
        except ModelRetired:
            successor = self._catalogue.successor(plan.model, self.offer.providers)
            others = (successor,) if successor is not None else ()
        for other in others:
            moved = with_model(plan, other)
            try:
                castings, quoted = await self.price(project, moved)
            except (CannotRender, RequestFault):
                continue
            if self.can_render(castings) and not self.away(castings, quoted):
                return other, moved, quoted
        return None

    async def gone(self, project: Project, plan: Plan, error: ModelRetired) -> ModelGone:
        """That a plan's model has gone, with what its successor would cost."""
        words = await self.way_out(project, plan) or say(
            "Say with **Change…** on the plan card which model to take instead."
        )
        return ModelGone(plan.model, switched_off(plan.model, error), words)

    async def way_out(self, project: Project, plan: Plan) -> str:
        """Which model would make a plan instead, and for how much; "" where none would."""
        found = await self.instead(project, plan)
        if found is None:
            return ""
        model, _, quoted = found
        return say(
            "{label} would make this film for at most {price}: press **Use {label}** on the plan card, and nothing "
            "is ordered before you greenlight that.",
            label=model.label,
            price=money(quoted.price_microusd),
        )

    def away(self, castings: Sequence[Casting], quoted: Quote) -> str:
        """That services which have something to make of it are away just now; "" where none is."""
        services = self._away.among(casting for casting in castings if casting.number not in quoted.kept)
        if not services:
            return ""
        return counted(
            len(services),
            "{services} is away just now: none of this bot's keys for it works.",
            "{services} are away just now: none of this bot's keys for them works.",
            services=enumerated(services),
        )

    async def check_upload(self, project: Project, castings: Sequence[Casting]) -> None:
        """Videos and stills are not kept for ever; what starts from one needs it. Raises `UploadGone | StillGone`."""
        stills = {still_name(casting.shot.still) for casting in castings if casting.shot.start is ShotStart.STILL}
        if self._files is not None and stills - await self._kept(project.id, stills):
            raise StillGone
        needs_it = any(casting.shot.start is ShotStart.UPLOAD for casting in castings)
        if project.asset_id is not None and needs_it and not await self.keeps_video(project.asset_id):
            raise UploadGone

    async def keeps_video(self, asset_id: str) -> bool:
        """Whether an uploaded video still lies here."""
        return self._has_upload is None or await self._has_upload(await self._projects.asset(asset_id))

    async def _kept(self, project_id: str, names: Collection[str]) -> set[str]:
        """What of a film need not be paid again: what lies there, as those who order go by that, too."""
        return set() if self._files is None else await self._files.kept(project_id, names)
