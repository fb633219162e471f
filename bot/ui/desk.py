"""What people can ask for, whichever way they ask: plan a film, say something, greenlight, cancel, send again.

Commands, buttons, modals and messages all end here, so that each rule stands once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

from bot.jobs.wake import Wake
from bot.production.approvals import Approvals
from bot.production.cut import RATIOS
from bot.production.decisions import Decision, Decisions
from bot.production.drains import Drains, UnderWay
from bot.production.greenlights import Greenlights
from bot.production.lifecycle import Lifecycle
from bot.production.model import Production
from bot.production.outbox import Outbox
from bot.production.productions import Productions
from bot.production.sizes import film_bytes
from bot.production.switches import Switches
from bot.speech import say, shared, speaking
from bot.storage.files import Files
from bot.studio.budget import Budgets
from bot.studio.casting import Quote
from bot.studio.errors import (
    CannotPlan,
    CannotRender,
    IdeaMissing,
    IdeaTooLong,
    NotApprover,
    NothingToRender,
    NotOperator,
    NoVoice,
    PlanMoved,
    PriceRose,
    RatioNotOffered,
    ServiceAway,
    VoiceNotFound,
)
from bot.studio.guilds import EVEN, Adult, Guilds, Share
from bot.studio.house_rules import HouseRules
from bot.studio.inquiries import check_video
from bot.studio.model import MAX_IDEA, USUAL_RATIO, Asset, Attachment, Plan, Project, ProjectState, Request
from bot.studio.preferences import PreferenceRows
from bot.studio.projects import Projects
from bot.studio.rights import Act, FilmRights
from bot.studio.text import clean, shorten
from bot.studio.voices import Voices
from bot.studio.wishes import Wishes
from bot.ui.away import Away
from bot.ui.library import Library
from bot.ui.maximum import check_maximum, seconds_within
from bot.ui.offer import Offer, model_named
from bot.ui.pricing import Pricing
from bot.ui.wording import enumerated, money
from providers.catalogue import Catalogue, VideoModel
from providers.errors import ModelRetired
from providers.speech import Voice


class Desk:
    """Checks what is asked, writes it down, nudges whoever does it."""

    def __init__(
        self,
        *,
        projects: Projects,
        productions: Productions,
        greenlights: Greenlights,
        lifecycle: Lifecycle,
        outbox: Outbox,
        catalogue: Catalogue,
        offer: Offer,
        changed: Wake,
        operators: frozenset[int] = frozenset(),
        voices: Voices | None = None,
        decisions: Decisions | None = None,
        switches: Switches | None = None,
        drains: Drains | None = None,
        budgets: Budgets | None = None,
        approvals: Approvals | None = None,
        library: Library | None = None,
        files: Files | None = None,
        rights: FilmRights | None = None,
        require_room: Callable[[int], None] | None = None,
        has_upload: Callable[[Asset], Awaitable[bool]] | None = None,
        guilds: Guilds | None = None,
        allows_adult: bool = False,
        preferences: PreferenceRows | None = None,
        rules: HouseRules | None = None,
        away: Away | None = None,
    ) -> None:
        self._rules = rules
        self.guilds = guilds
        self._allows_adult = allows_adult
        self.rights = rights or FilmRights()
        self._require_room = require_room
        self._projects = projects
        self._productions = productions
        self._greenlights = greenlights
        self._lifecycle = lifecycle
        self._outbox = outbox
        self._catalogue = catalogue
        self.pricing = Pricing(catalogue, offer, projects, files, has_upload, away)
        self._changed = changed
        self.operators = operators
        self.voices = voices
        self._decisions = decisions
        self.switches = switches
        self.drains = drains
        self.budgets = budgets
        self._approvals = approvals
        self.library = library
        self.preferences = preferences
        self._wishes = None if preferences is None else self._completing(preferences)

    @property
    def offer(self) -> Offer:
        return self.pricing.offer

    def _completing(self, preferences: PreferenceRows) -> Wishes:
        return Wishes(
            preferences,
            models=self.offer.video_models,
            usual=self._catalogue.resolve(self.offer.default_model),
            ratios_of=self.ratios_of,
            voices=self.voices,
        )

    @property
    def ratios(self) -> tuple[str, ...]:
        """The shapes that some model on offer can make a whole film in, the usual one first."""
        offered = {ratio for model in self.offer.video_models for ratio in self.ratios_of(model)}
        return tuple(ratio for ratio in RATIOS if ratio in offered) or self.ratios_of(
            self._catalogue.resolve(self.offer.default_model)
        )

    def ratios_of(self, model: VideoModel) -> tuple[str, ...]:
        """What a film of this model can look like: a shot may always start from words alone, so a sister that only
        animates pictures adds nothing.
        """
        family = [each for each in self._catalogue.video_models({model.provider}) if each.family == model.family]
        made = {ratio for each in family if not each.needs_start_image for ratio in each.ratios}
        return tuple(ratio for ratio in RATIOS if ratio in made)

    async def plan(self, request: Request) -> Project:
        """Take a request for a film; the same request twice is one film.

        Raises:
            IdeaMissing | IdeaTooLong | CannotPlan | CannotRender | RatioNotOffered: it cannot be taken.
            ModelGone | ModelNotFound: the model named is not offered.
            NoVoice | VoiceNotFound: nobody here speaks like that.
            AboveMaximum: nothing of this model is to be had for the most that it may cost.
            OverBudget: the bot has spent what it may for today.
        """
        idea = clean(request.idea)
        if not idea and request.attachment is None:
            raise IdeaMissing
        if len(idea) > MAX_IDEA:
            raise IdeaTooLong(len(idea), MAX_IDEA)
        if not self.offer.can_plan:
            raise CannotPlan
        await self._check_day()
        if self._wishes is not None:
            request = await self._wishes.completed(request)
        model = model_named(request.model or self.offer.default_model, self.offer, self._catalogue)
        if request.model and model.provider not in self.offer.providers:
            raise CannotRender
        ratios = self.ratios_of(model)
        request = replace(request, ratio=request.ratio or next(iter(ratios), USUAL_RATIO))
        if request.ratio not in ratios:
            raise RatioNotOffered(model.label, enumerated(ratios))
        if request.max_price_microusd is not None:
            request = replace(request, seconds=seconds_within(request.max_price_microusd, model, request.seconds))
        if request.voice:
            voice = await self.voice(request.voice)
            request = replace(request, voice=voice.id, voice_name=voice.name)
        if not idea:
            with speaking(shared()):
                idea = say("Make a film from this video.")
        request = replace(request, idea=idea, is_adult=request.is_adult and await self._takes_adult(request.guild_id))
        project, _ = await self._projects.create(request, model=model.id)
        self._changed()
        return project

    async def _takes_adult(self, guild_id: int | None) -> bool:
        """Whether adult ideas are taken in that server, in places that Discord restricts by age."""
        if not self._allows_adult or self.guilds is None:
            return False
        return (await self.guilds.of(guild_id)).adult is Adult.RESTRICTED

    async def voice(self, id_or_name: str) -> Voice:
        """A voice by what the person chose or typed. Raises `NoVoice | VoiceNotFound`."""
        if self.voices is None:
            raise NoVoice
        found = await self.voices.named(id_or_name)
        if found is None:
            raise VoiceNotFound(shorten(clean(id_or_name), 40))
        return found

    async def use_instead(self, *, project_id: str, version: int, user_id: int) -> tuple[Plan, Quote]:
        """Add a version of the plan for the model that `instead` offers; ordering it is another decision.

        Raises:
            NoSuchFilm | NotYours | PlanMoved | NothingToRender: not this film, or not as it stands.
            CannotRender: no other model can make it any more.
        """
        project = await self.allowed(project_id, Act.CHANGE, user_id)
        plan = await self._newest(project_id, version)
        found = await self.pricing.instead(project, plan)
        if found is None:
            raise CannotRender
        model, moved, quoted = found
        with speaking(project.language):
            changes = say("made by {model}", model=model.label)
        moved = replace(moved, version=plan.version + 1, changes=changes)
        await self._projects.keep_plan(project_id, moved)
        self._changed()
        return moved, quoted

    async def say(
        self, project: Project, *, message_id: int | None, author_id: int, words: str, attachment: Attachment | None
    ) -> bool:
        """Take what somebody said in a film's thread; false where it was heard before or says nothing.

        Raises:
            NotYours: only the owner directs, and whom they invited for that.
            IdeaTooLong: too many words.
            OneVideo: another video where one is talked about already.
            OverBudget: the bot has spent what it may for today.
        """
        words = clean(words)
        await self._check(project, Act.CHANGE, author_id, words)
        if len(words) > MAX_IDEA:
            raise IdeaTooLong(len(words), MAX_IDEA)
        if attachment is None and not words:
            return False
        await self._check_day()
        check_video(project, attachment)
        if project.state is ProjectState.FAILED and await self._projects.plan(project.id) is None:
            await self._projects.try_again(project.id, words or None, attachment)
            self._changed()
            return True
        if attachment is not None:
            await self._projects.attach(project.id, attachment)
        if words:
            heard = await self._projects.hear(project.id, message_id=message_id, author_id=author_id, words=words)
            if heard is None:
                return False
        self._changed()
        return True

    async def allowed(self, project_id: str, act: Act, user_id: int) -> Project:
        """A film, for whoever may do this with it. Raises `NoSuchFilm | NotYours`, and where it is changed or ordered
        what `HouseRules.check_film` does.
        """
        project = await self._projects.get(project_id)
        await self._check(project, act, user_id)
        return project

    async def _check(self, project: Project, act: Act, user_id: int, *words: str) -> None:
        """The person's rights, and the rules of the film's own server, wherever they ask from."""
        await self.rights.check(user_id, act, project)
        if self._rules is not None and act in {Act.CHANGE, Act.GREENLIGHT}:
            await self._rules.check_film(user_id, project.guild_id, words)

    async def greenlight(
        self,
        *,
        request_id: str,
        project_id: str,
        version: int,
        user_id: int,
        shown_microusd: int | None = None,
        role_ids: frozenset[int] = frozenset(),
        draft: bool = False,
    ) -> Production:
        """Put a film, or its draft, in the line; pressing twice is pressing once. `shown_microusd` is the price that
        was shown, and `role_ids` are the roles of whoever pressed, which weigh what their server says.

        Whoever presses, its owner pays: an approver presses because the owner has invited them for that.

        Raises:
            PriceRose: it costs more now, for what was kept is gone or something got dearer; its card is brought up to
                date.
            ServiceAway: no key of a service that would make it works; with another model at its price.
            DiskFull: it could not be kept.
            StudioError: it cannot be made, or not now.
        """
        project = await self.allowed(project_id, Act.GREENLIGHT, user_id)
        plan = await self._newest(project_id, version)
        try:
            castings, quoted = await self.pricing.price(project, plan, draft=draft)
        except ModelRetired as error:
            raise await self.pricing.gone(project, plan, error) from error
        if not self.pricing.can_render(castings):
            raise CannotRender
        if away := self.pricing.away(castings, quoted):
            await self._show_anew(project_id)
            raise ServiceAway(away, await self.pricing.way_out(project, plan))
        if shown_microusd is not None and quoted.price_microusd > shown_microusd:
            await self._show_anew(project_id)
            raise PriceRose(money(shown_microusd), money(quoted.price_microusd))
        check_maximum(project, quoted.price_microusd)
        missing = [casting for casting in castings if casting.number not in quoted.kept]
        await self.pricing.check_upload(project, missing)
        if self._require_room is not None:
            await asyncio.to_thread(self._require_room, film_bytes(missing))
        return await self._greenlights.accept(
            request_id=request_id,
            project_id=project_id,
            version=version,
            user_id=user_id,
            castings=castings,
            quote=quoted,
            # What is an owner's goes by the owner's roles, which Discord tells with a press of theirs only.
            share=await self.share_of(project.guild_id, role_ids if user_id == project.owner_id else frozenset()),
            draft=draft,
        )

    async def share_of(self, guild_id: int | None, role_ids: frozenset[int]) -> Share:
        """What a server gives a member with these roles."""
        return EVEN if self.guilds is None else await self.guilds.share_of(guild_id, role_ids)

    async def _show_anew(self, project_id: str) -> None:
        """Have its card brought up to date."""
        await self._projects.touch(project_id)
        self._changed()

    async def cancel(self, *, production_id: str, user_id: int) -> Production:
        """Ask a production to stop; its owner, its approvers and operators may. Raises `NoSuchFilm | NotYours`."""
        return await self._lifecycle.stop(production_id, user_id, operators=self.operators)

    async def decide(self, decision: Decision, *, production_id: str, user_id: int) -> None:
        """Go on with a held film, or not; its owner decides, and so may an operator. Raises `StudioError`."""
        if self._rules is not None and decision is not Decision.STOP:
            await self._rules.check_film(user_id, (await self._productions.get(production_id)).guild_id)
        assert self._decisions is not None
        await self._decisions.decide(decision, production_id, user_id)

    @property
    def services(self) -> frozenset[str]:
        """What can be paused beside the line of films: every service that makes something for one."""
        sound = self.offer.sound
        models = (sound.voice, sound.music, sound.effects)
        return self.offer.providers | {model.provider for model in models if model is not None}

    async def pause(self, name: str, *, user_id: int, reason: str) -> UnderWay:
        """Pause the line or a service; what goes on all the same. Raises `NotOperator`."""
        self._check_operator(user_id)
        assert self.switches is not None
        assert self.drains is not None
        await self.switches.pause(name, user_id, reason)
        return await self.drains.under_way(name)

    async def drain(self, name: str, *, user_id: int, reason: str) -> UnderWay:
        """Pause, and have it told once nothing is under way there; what still is. Raises `NotOperator`."""
        self._check_operator(user_id)
        assert self.drains is not None
        return await self.drains.begin(name, user_id, reason)

    async def resume(self, name: str, *, user_id: int) -> bool:
        """Go on; false where it was not paused. Raises `NotOperator`."""
        self._check_operator(user_id)
        assert self.switches is not None
        return await self.switches.resume(name, user_id)

    def _check_operator(self, user_id: int) -> None:
        if user_id not in self.operators:
            raise NotOperator

    async def judge(self, *, production_id: str, user_id: int, role_ids: frozenset[int], approves: bool) -> None:
        """Approve or decline a film that asks. Raises `NoSuchFilm | NotApprover | DecidedAlready`."""
        if self._approvals is None:
            raise NotApprover
        decide = self._approvals.approve if approves else self._approvals.decline
        await decide(production_id, user_id, role_ids)

    async def _check_day(self) -> None:
        """Language models cost money, too: no new plan and no talk once the whole bot's day is used up."""
        if self.budgets is not None:
            await self.budgets.check_day()

    async def resend(self, *, production_id: str, user_id: int) -> bool:
        """Post the end of a film again that could not be posted; false where it stands there.

        Raises:
            NoSuchFilm | NotYours: not this person's film.
        """
        production = await self._productions.get(production_id)
        await self.allowed(production.project_id, Act.RESEND, user_id)
        if production.delivered_message_id is not None and production.delivered_at is not None:
            return False
        await self._outbox.redeliver(production_id)
        return True

    async def try_again(self, *, project_id: str, user_id: int) -> None:
        """Plan a film that failed before it had a plan once more, from the same words."""
        project = await self.allowed(project_id, Act.CHANGE, user_id)
        if project.state is ProjectState.FAILED:
            await self._projects.try_again(project_id, None)
            self._changed()

    async def _newest(self, project_id: str, version: int) -> Plan:
        plan = await self._projects.plan(project_id)
        if plan is None:
            raise NothingToRender
        if plan.version != version:
            raise PlanMoved(plan.version)
        return plan
