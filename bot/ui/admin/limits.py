"""`/admin limits`: what each account may do, where that comes from, what of it is used; changed without a restart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import discord
from discord import app_commands, ui

from bot.speech import say
from bot.studio.account_limits import models_asked
from bot.studio.errors import LimitRefused
from bot.studio.limiter import Limiter, Place, allowance_at
from bot.ui.admin.limits_card import AccountFacts, account_view, limits_view, looser_words, place_ref
from bot.ui.admin.limits_form import REQUESTS, ROOM, TOKENS, limits_form, read_form
from bot.ui.admin.pieces import in_place
from bot.ui.answering import Answer, answer, chosen_in, open_modal, submitted, turn
from bot.ui.custom_ids import Action, CustomId
from bot.ui.rights import Asker, Rights
from bot.ui.surface import Press
from providers.catalogue import Catalogue
from ratelimit import KeyPool, KeyView


class Limits:
    """A part of `/admin`, for operators."""

    def __init__(self, pools: Mapping[str, KeyPool], limiter: Limiter, catalogue: Catalogue, rights: Rights) -> None:
        self._pools = pools
        self._limiter = limiter
        self._catalogue = catalogue
        self._rights = rights

    @property
    def presses(self) -> Mapping[Action, Press]:
        return {
            Action.OPLIMITS: in_place(self._rights, lambda asker, at: self.page(asker, at.version or 1)),
            Action.OPLIMIT: in_place(self._rights, lambda asker, at: self.open(asker, at.ref)),
            Action.OPLIMITUNDO: in_place(self._rights, lambda asker, at: self.undo(asker, at.ref)),
            Action.OPLIMITSET: self._change,
        }

    def add_to(self, group: app_commands.Group) -> None:
        if not self._rights.operators:
            return  # nobody may use it here

        @group.command(name="limits", description="What each account may do, what of it is used, and changing it")
        async def limits(interaction: discord.Interaction) -> None:
            async def act() -> Answer:
                return Answer(view=await self.page(self._rights.of(interaction)))

            await answer(interaction, act)

    # What is asked

    async def page(self, asker: Asker, number: int = 1) -> ui.LayoutView:
        """The accounts of all services, a few on a page. Raises `NotOperator`, as everything here does."""
        asker.check_operator()
        accounts = [(name, view) for name in self._pools for view in self._accounts(name).values()]
        return limits_view(accounts, list(self._pools), self._limiter, number)

    async def open(self, asker: Asker, ref: str, note: str = "") -> ui.LayoutView:
        """One account, or every one of a service. Raises `LimitRefused`: it is not there any more."""
        asker.check_operator()
        place = self._place(ref)
        view = None if place.account is None else self._accounts(place.provider)[place.account]
        at = Place(place.provider, place.account)
        return account_view(AccountFacts(place=at, models=self._models(at), view=view, note=note), self._limiter)

    async def set(self, asker: Asker, ref: str, *, requests: str, tokens: str, room: str) -> ui.LayoutView:
        """Take what the form brought. Raises `LimitRefused`: it cannot be read, and nothing changes."""
        by = asker.check_operator()
        place = self._place(ref)
        line = await self._limiter.put(place, read_form(place, requests=requests, tokens=tokens, room=room), by=by)
        note = say("✅ As the settings say.")
        if line is not None:
            note = say("✅ It holds from now on: {limits}.", limits=f"`{line.said}`")
            if looser := self._limiter.looser(line):
                note += "\n⚠️ " + looser_words(looser)
        return await self.open(asker, place_ref(Place(place.provider, place.account)), note)

    async def undo(self, asker: Asker, ref: str) -> ui.LayoutView:
        """Let the settings hold again for this account and its models."""
        by = asker.check_operator()
        was_set = await self._limiter.drop(self._place(ref), by=by)
        return await self.open(asker, ref, say("✅ As the settings say.") if was_set else say("Nothing was set here."))

    # How it is asked

    async def _change(self, interaction: discord.Interaction, custom_id: CustomId) -> None:
        asker = self._rights.of(interaction)
        if interaction.type is discord.InteractionType.modal_submit:
            requests, tokens, room = (submitted(interaction, field) for field in (REQUESTS, TOKENS, ROOM))
            await turn(
                interaction,
                lambda: self.set(asker, custom_id.ref, requests=requests, tokens=tokens, room=room),
            )
            return

        async def form() -> ui.Modal:
            asker.check_operator()
            place = self._place(chosen_in(interaction) or custom_id.ref)
            now = allowance_at(self._limiter.limits(place.provider, place.account), place.model)
            return limits_form(place, now, str(CustomId(Action.OPLIMITSET, place_ref(place))))

        await open_modal(interaction, form)

    # What there is

    def _place(self, ref: str) -> Place:
        found = next((place for place in self._places() if place_ref(place) == ref), None)
        if found is None:
            raise LimitRefused(say("I don't lend keys of that account any more. `/admin limits` shows those I have."))
        return found

    def _places(self) -> Iterator[Place]:
        for name in self._pools:
            for account in (None, *self._accounts(name)):
                at = Place(name, account)
                yield at
                yield from (Place(name, account, model) for model in self._models(at))

    def _accounts(self, provider: str) -> dict[str, KeyView]:
        """All keys of an account tell the same of it."""
        return {view.account: view for view in reversed(self._pools[provider].view().keys)}

    def _models(self, place: Place) -> Sequence[str]:
        """Those with limits of their own first."""
        own = self._limiter.limits(place.provider, place.account).models
        return list(dict.fromkeys([*own, *sorted(models_asked(self._catalogue, place.provider))]))
