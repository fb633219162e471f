"""From a card's row to what it should show now: gathers the facts, leaves the words to `bot.ui.cards`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from discord import ui

from bot.production.dispatcher import Dispatcher
from bot.production.model import TERMINAL, Production, ProductionState, Take, TakeState
from bot.production.productions import Productions
from bot.production.prospects import Prospects
from bot.production.switches import ALL
from bot.speech import say, speaking
from bot.studio.casting import Casting, Quote
from bot.studio.errors import CannotRender, NoSuchFilm, StudioError
from bot.studio.model import Plan, Project, ProjectState
from bot.studio.projects import Projects
from bot.studio.sightings import Sightings
from bot.studio.soundtrack import overruns
from bot.ui.analysis_card import AnalysisFacts, analysis_cards
from bot.ui.card_rows import Card, CardRows
from bot.ui.cards import CardKind, JobFacts, PlanFacts, fingerprint, job_card, plan_card
from bot.ui.desk import Desk
from bot.ui.instead import Instead
from bot.ui.job_buttons import can_help_to_retry
from bot.ui.plan_card import is_ordered, is_settled
from bot.ui.prospect_words import FORETOLD, holds_until
from bot.ui.receipts import receipt
from bot.ui.remarks import remark_on_sight, remarks_on_length
from bot.ui.talk_facts import TalkFacts, TalkReader
from bot.ui.tryouts import Tryouts
from bot.ui.waits import Waits
from bot.ui.wording import day, plain, titled
from providers.catalogue import Catalogue
from providers.errors import ModelRetired, RequestFault
from ratelimit import KeyPool

#: Failures of a shot that another service may not have: this one had no room, no key or no such model for us.
NO_ROOM = frozenset(
    {
        "Unavailable",
        "RateLimited",
        "QuotaExhausted",
        "KeyRejected",
        "KeyFault",
        "NoUsableKey",
        "LeaseTimeout",
        "ModelRetired",
        "CannotRender",
        "OperationFailed",
    }
)
_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class Rendering:
    """What a card should show.

    `final`: nothing can change it any more; `provisional`: wait for what it still lacks. `pictures` are attached when
    it is posted, by the names that the view knows them by; a message that stands takes none, so it is left as it is.
    `news` changes where more has happened than progress; "" where everything is news.
    `until` is when a moment passes that a film in the line is told to begin or end at; `None` where none is told.
    """

    view: ui.LayoutView
    final: bool = False
    provisional: bool = False
    pictures: Mapping[str, Path] = field(default_factory=dict)
    news: str = ""
    until: float | None = None


class Extras(Protocol):
    """What a film has beside its plan and its productions."""

    async def tryouts(self, project: Project, plan: Plan, production: Production | None) -> Tryouts | None:
        """What can be had of a plan before its film is paid for; `None` where nothing can just now."""

    async def storyboard(self, storyboard_id: str) -> Rendering | None:
        """Its card; `None` where its film is gone."""


class Renderer:
    """Renders cards from the rows as they are."""

    def __init__(
        self,
        *,
        rows: CardRows,
        projects: Projects,
        productions: Productions,
        dispatcher: Dispatcher,
        sightings: Sightings,
        catalogue: Catalogue,
        desk: Desk,
        pools: Mapping[str, KeyPool],
        clock: Callable[[], float],
        prospects: Prospects | None = None,
        talk: TalkReader | None = None,
        extras: Extras | None = None,
    ) -> None:
        self._extras = extras
        self._rows = rows
        self._projects = projects
        self._productions = productions
        self._dispatcher = dispatcher
        self._sightings = sightings
        self._catalogue = catalogue
        self._desk = desk
        self._prospects = prospects
        self._clock = clock
        self._waits = Waits(catalogue, pools, clock)
        self._talk = talk

    async def render(self, card: Card) -> Rendering | None:
        """The card as it should be; `None` where its film is gone."""
        try:
            match card.kind:
                case CardKind.PLAN:
                    return await self._plan(card)
                case CardKind.JOB:
                    return await self._job(card)
                case CardKind.ANALYSIS:
                    return await self._analysis(card)
                case CardKind.STORYBOARD:
                    return await self._extras.storyboard(card.ref) if self._extras is not None else None
        except NoSuchFilm:
            return None

    async def _analysis(self, card: Card) -> Rendering | None:
        project_id, _, part = card.ref.partition(":")
        project = await self._projects.get(project_id)
        facts = AnalysisFacts(project=project, hears_all=self._hears(project))
        if project.state is ProjectState.PLANNED and (seen := await self._sightings.of(project_id)) is not None:
            asset = await self._projects.asset(project.asset_id) if project.asset_id is not None else None
            facts = replace(facts, seen=seen, asset=asset)
        with speaking(project.language):
            pages = analysis_cards(facts)
        if int(part) == 1:
            await self._rows.add_parts(card, len(pages))
        if int(part) > len(pages):  # what was kept is not there any more
            return None
        return Rendering(pages[int(part) - 1], final=facts.seen is not None)

    def _hears(self, project: Project) -> bool:
        return self._talk is None or self._talk.hears(project)

    async def _plan(self, card: Card) -> Rendering:
        project_id, _, version = card.ref.partition(":")
        project = await self._projects.get(project_id)
        with speaking(project.language):
            return await self._plan_of(card, project, int(version))

    async def _plan_of(self, card: Card, project: Project, version: int) -> Rendering:
        project_id = project.id
        newest = await self._projects.plan(project_id)
        if newest is None:
            return Rendering(
                plan_card(PlanFacts(project=project, plan=None, talk=TalkFacts(hears_all=self._hears(project))))
            )
        plan = newest if newest.version == version else await self._projects.plan(project_id, version)
        assert plan is not None, card
        facts = PlanFacts(project=project, plan=plan, model_label=plan.model, newest_version=newest.version)
        if plan.version < newest.version:
            return await self._replaced(facts, newest)
        facts = replace(facts, production=await self._productions.latest_of(project_id), can_render=False)
        if self._talk is not None:
            facts = replace(facts, talk=await self._talk.of(project, plan, is_ordered=is_ordered(facts)))
        try:
            castings, quoted = await self._desk.pricing.price(project, plan)
        except (CannotRender, RequestFault) as error:  # its model has left the catalogue since
            return Rendering(plan_card(replace(facts, instead=await self._instead(project, plan, error))))
        label = " + ".join(dict.fromkeys(casting.model.label for casting in castings))
        can_render = self._desk.pricing.can_render(castings)
        facts = replace(facts, remarks=await self._remarks(project, plan, castings))
        facts = await self._with_way_out(facts, castings, quoted, can_render=can_render)
        if self._extras is not None:
            facts = replace(facts, tryouts=await self._extras.tryouts(project, plan, facts.production))
        return Rendering(plan_card(replace(facts, quote=quoted, model_label=label, can_render=can_render)))

    async def _with_way_out(
        self, facts: PlanFacts, castings: Sequence[Casting], quoted: Quote, *, can_render: bool
    ) -> PlanFacts:
        """With another model to take, where the plan's is not set up here or its service is away just now."""
        assert facts.plan is not None
        if not can_render:
            return replace(facts, instead=await self._instead(facts.project, facts.plan))
        if is_settled(facts) or not (away := self._desk.pricing.away(castings, quoted)):
            return facts
        instead = await self._instead(facts.project, facts.plan)
        if instead is None:
            return replace(facts, remarks=[*facts.remarks, f"⚠️ {away}"])
        return replace(facts, instead=replace(instead, gone=f"⚠️ {away}"))

    async def _remarks(self, project: Project, plan: Plan, castings: Sequence[Casting]) -> list[str]:
        """What of a plan will not be as wished, and how its video was seen."""
        remarks = []
        if self._desk.offer.sound.voice is not None:
            lengths = {casting.number: casting.duration for casting in castings}
            remarks += remarks_on_length(overruns(castings), lengths)
        elif any(shot.narration for shot in plan.shots):
            remarks.append(say("🔇 No voice service is set up here, so nobody speaks the narration."))
        analysis = await self._projects.analysis(project.asset_id) if project.asset_id is not None else None
        if analysis is not None and (remark := remark_on_sight(analysis)):
            remarks.append(remark)
        return remarks

    async def _instead(self, project: Project, plan: Plan, error: Exception | None = None) -> Instead | None:
        """Another model that could make a plan; `error` is why its own cannot, where it is gone."""
        found = await self._desk.pricing.instead(project, plan)
        if found is None:
            return None
        gone = ""
        if isinstance(error, ModelRetired):
            gone = say("**{model}** was switched off.", model=plain(plan.model))
            if error.retired is not None:
                gone = say("**{model}** was switched off on {day}.", model=plain(plan.model), day=day(error.retired))
        return Instead(label=found[0].label, price_microusd=found[2].price_microusd, gone=gone)

    async def _replaced(self, facts: PlanFacts, newest: Plan) -> Rendering:
        """An old version points to the newest once that is posted, and to nothing if it never will be."""
        place = await self._rows.place_of(CardKind.PLAN, f"{facts.project.id}:{newest.version}")
        if place is None:
            return Rendering(plan_card(facts), provisional=True)
        channel_id, message_id = place
        if message_id is not None:
            facts = replace(facts, replaced_by=_link(facts.project.guild_id, channel_id, message_id))
        return Rendering(plan_card(facts), final=True)

    async def _job(self, card: Card) -> Rendering:
        production = await self._productions.get(card.ref)
        project = await self._projects.get(production.project_id)
        with speaking(project.language):
            return await self._job_of(project, production)

    async def _job_of(self, project: Project, production: Production) -> Rendering:
        plan = await self._projects.plan(project.id, production.version)
        assert plan is not None, production
        takes = await self._productions.takes_of(production.id)
        link = None
        if production.delivered_at is not None and production.delivered_message_id is not None:
            place = (project.guild_id, project.thread_id or project.channel_id)
            if production.delivery_channel_id is not None:
                place = (production.delivery_guild_id, production.delivery_channel_id)
            link = _link(*place, production.delivered_message_id)
        paused = frozenset[str]() if self._desk.switches is None else await self._desk.switches.paused()
        facts = JobFacts(
            production=production,
            plan=plan,
            takes=takes,
            position=self._dispatcher.position(production.id),
            waits=self._waits.of(production, plan, takes, paused),
            is_paused=ALL in paused,
            film_link=link,
            receipt=await self._receipt(production),
            instead=await self._way_out(production, project, plan, takes),
            at_risk_microusd=await self._productions.at_risk(production.id),
            retry_microusd=await self._retry(production, project, plan, takes),
        )
        facts, until = await self._foretold(facts, paused)
        # A film that could not be posted may be sent again: its card is not final before it leads there. Nor is that of
        # a film which waits for a decision.
        final = production.state in TERMINAL and production.state is not ProductionState.HELD
        if production.state is ProductionState.DONE:
            final = link is not None
        news = ""
        if production.state is ProductionState.RUNNING:
            waits = {shot: _NUMBER.sub("", words) for shot, words in facts.waits.items()}
            calm = replace(facts, takes=[replace(take, progress=None) for take in takes], waits=waits)
            news = fingerprint(job_card(calm))
        return Rendering(job_card(facts), final=final, news=news, until=until)

    async def _foretold(self, facts: JobFacts, paused: frozenset[str]) -> tuple[JobFacts, float | None]:
        """With what a film in the line waits for, and when it probably begins; and until when that holds."""
        production, now = facts.production, self._clock()
        is_near = facts.position is not None and facts.position <= FORETOLD and not facts.is_paused
        if self._prospects is None or production.state is not ProductionState.ACCEPTED or not is_near:
            return facts, None
        services = self._waits.services(facts.plan, production.asset_id) & paused
        names = [titled(name) for name in sorted(services)]
        prospect = await self._prospects.of_film(production, facts.plan)
        return replace(facts, prospect=prospect, paused=names, now=now), holds_until(prospect, now, paused=names)

    async def _receipt(self, production: Production) -> str:
        if production.state not in TERMINAL:
            return ""
        return receipt(await self._productions.bill(production.id), production.price_microusd)

    async def _way_out(
        self, production: Production, project: Project, plan: Plan, takes: Sequence[Take]
    ) -> Instead | None:
        """What to offer for a film that its service had no room for, while its plan is still the newest."""
        failures = {(take.failure or "").partition(":")[0] for take in takes if take.state is TakeState.FAILED}
        if production.state is not ProductionState.FAILED or not failures & NO_ROOM:
            return None
        newest = await self._projects.plan(project.id)
        if newest is None or newest.version != production.version:
            return None
        return await self._instead(project, plan)

    async def _retry(self, production: Production, project: Project, plan: Plan, takes: Sequence[Take]) -> int | None:
        """What ordering what failed once more costs, while its plan is the newest and that may help."""
        newest = await self._projects.plan(project.id)
        if production.state is not ProductionState.FAILED or not can_help_to_retry(takes):
            return None
        if newest is None or newest.version != production.version:
            return None
        try:
            castings, quoted = await self._desk.pricing.price(project, plan, draft=production.draft)
        except (StudioError, RequestFault):  # nobody can make it any more
            return None
        return quoted.price_microusd if self._desk.pricing.can_render(castings) else None


def _link(guild_id: int | None, channel_id: int, message_id: int) -> str:
    return f"https://discord.com/channels/{guild_id or '@me'}/{channel_id}/{message_id}"
