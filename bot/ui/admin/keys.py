"""`/admin keys`: the key of every service, for operators: pause, resume, test, add or retire one without a restart."""

from __future__ import annotations

from collections.abc import Mapping

import discord
from discord import app_commands, ui

from bot.speech import counted, say
from bot.studio.errors import KeyRefused
from bot.studio.keyring import HeldKey, Keyring, Tried
from bot.studio.text import clean
from bot.ui.admin.keys_card import (
    ACCOUNT_FIELD,
    SECRET_FIELD,
    KeysPage,
    add_form,
    key_view,
    keys_view,
    retire_view,
)
from bot.ui.admin.pieces import Act, in_place, ref_of
from bot.ui.answering import Answer, answer, open_modal, submitted, turn
from bot.ui.custom_ids import Action, CustomId
from bot.ui.replies import words_for
from bot.ui.rights import Asker, Rights
from bot.ui.surface import Press
from providers.errors import InvalidRequest

#: Suggestions that Discord shows at most.
_MOST = 25


class Keys:
    """A part of `/admin`, for operators."""

    def __init__(self, keyring: Keyring, rights: Rights) -> None:
        self._keyring = keyring
        self._rights = rights

    @property
    def presses(self) -> Mapping[Action, Press]:
        return {
            Action.OPKEYS: self._turning(lambda asker, at: self.page(asker, at.version or 1)),
            Action.OPKEY: self._turning(lambda asker, at: self.open(asker, at.ref)),
            Action.OPKEYPAUSE: self._turning(lambda asker, at: self.pause(asker, at.ref)),
            Action.OPKEYRESUME: self._turning(lambda asker, at: self.resume(asker, at.ref)),
            Action.OPKEYTEST: self._turning(lambda asker, at: self.test(asker, at.ref)),
            Action.OPKEYRETIRE: self._turning(lambda asker, at: self.ask_to_retire(asker, at.ref)),
            Action.OPKEYGONE: self._turning(lambda asker, at: self.retire(asker, at.ref)),
            Action.OPKEYADD: self._add,
        }

    def add_to(self, group: app_commands.Group) -> None:
        if not self._rights.operators:
            return  # nobody may use it here

        @group.command(name="keys", description="The API keys: see how they fare, pause, test, add or retire one")
        @app_commands.describe(key="Only this one: type a part of its name")
        @app_commands.autocomplete(key=self._suggest)
        async def keys(interaction: discord.Interaction, key: app_commands.Range[str, 1, 80] | None = None) -> None:
            async def act() -> Answer:
                asker = self._rights.of(interaction)
                return Answer(view=await (self.page(asker) if key is None else self.named(asker, clean(key))))

            await answer(interaction, act)

    # What is asked

    async def page(self, asker: Asker, number: int = 1, note: str = "") -> ui.LayoutView:
        """All keys. Raises `NotOperator`, as everything here does."""
        asker.check_operator()
        held = await self._keyring.held()
        return keys_view(KeysPage(keys=held, services=self._keyring.services, number=number, note=note))

    async def named(self, asker: Asker, words: str) -> ui.LayoutView:
        """The key that was chosen, or whose name the words are of; all of them where that is not one."""
        asker.check_operator()
        found = await self._named(words)
        if len(found) == 1:
            return await self.open(asker, ref_of(found[0].id))
        note = say("Several keys are called so: choose one of those that Discord suggests.")
        return await self.page(asker, note=note if found else say("No key is called so."))

    async def open(self, asker: Asker, ref: str, note: str = "") -> ui.LayoutView:
        asker.check_operator()
        return key_view(await self._key(ref), note)

    async def pause(self, asker: Asker, ref: str) -> ui.LayoutView:
        by = asker.check_operator()
        await self._keyring.pause((await self._key(ref)).id, by)
        return await self.open(asker, ref, say("It is lent no more. Whoever needs this very key waits for it."))

    async def resume(self, asker: Asker, ref: str) -> ui.LayoutView:
        by = asker.check_operator()
        await self._keyring.resume((await self._key(ref)).id, by)
        return await self.open(asker, ref, say("It is lent again."))

    async def test(self, asker: Asker, ref: str) -> ui.LayoutView:
        asker.check_operator()
        key = await self._key(ref)
        return await self.open(asker, ref, tried_words(await self._keyring.test(key.id)))

    async def ask_to_retire(self, asker: Asker, ref: str) -> ui.LayoutView:
        asker.check_operator()
        return retire_view(await self._key(ref))

    async def retire(self, asker: Asker, ref: str) -> ui.LayoutView:
        by = asker.check_operator()
        key = await self._key(ref)
        waiting = await self._keyring.retire(key.id, by)
        note = say("⚪ {key} is retired.", key=f"`{key.id}`")
        if waiting:
            note += " " + counted(waiting, "{number} order goes on with it.", "{number} orders go on with it.")
        return await self.page(asker, note=note)

    async def add(self, asker: Asker, service_ref: str, account: str, secret: str) -> ui.LayoutView:
        """Take what the form brought."""
        by = asker.check_operator()
        service = self._service(service_ref)
        name, tried = await self._keyring.add(service, account.strip(), secret.strip(), by)
        told = tried_words(tried) if tried is not None else say("It is tried with the next order.")
        return await self.open(asker, ref_of(name), say("➕ Added, and lent from now on.") + f" {told}")

    # How it is asked

    def _turning(self, act: Act) -> Press:
        return in_place(self._rights, act)

    async def _add(self, interaction: discord.Interaction, custom_id: CustomId) -> None:
        asker = self._rights.of(interaction)
        if interaction.type is discord.InteractionType.modal_submit:
            account, secret = submitted(interaction, ACCOUNT_FIELD), submitted(interaction, SECRET_FIELD)
            await turn(interaction, lambda: self.add(asker, custom_id.ref, account, secret))
            return

        async def form() -> ui.Modal:
            asker.check_operator()
            return add_form(self._service(custom_id.ref), str(custom_id))

        await open_modal(interaction, form)

    async def _suggest(self, interaction: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
        if not self._rights.of(interaction).is_operator:
            return []
        return [
            app_commands.Choice(name=_shown(key)[:100], value=key.id)
            for key in (await self._named(clean(typed)))[:_MOST]
        ]

    async def _named(self, typed: str) -> list[HeldKey]:
        """Those of this id, else with all these words in their names."""
        held = await self._keyring.held()
        words = typed.casefold().split()
        return [key for key in held if key.id == typed] or [
            key for key in held if all(word in f"{key.id} {key.account}".casefold() for word in words)
        ]

    async def _key(self, ref: str) -> HeldKey:
        found = next((key for key in await self._keyring.held() if ref_of(key.id) == ref), None)
        if found is None:
            raise KeyRefused(say("I don't know that key any more. `/admin keys` shows those that I have."))
        return found

    def _service(self, ref: str) -> str:
        found = next((service for service in self._keyring.services if ref_of(service) == ref), None)
        if found is None:
            raise KeyRefused(say("That service isn't set up here any more."))
        return found


def tried_words(tried: Tried) -> str:
    """What a free call with a key told."""
    if tried.refusal is None:
        return counted(
            tried.models,
            "✅ The service takes it, and lists {number} model for it.",
            "✅ The service takes it, and lists {number} models for it.",
        )
    if isinstance(tried.refusal, InvalidRequest):  # a key that may speak, and not look
        return say("⚠️ This key may not make the free call that keys are tried with. The next order shows if it works.")
    return say("⚠️ It was tried with a free call: {what}", what=words_for(tried.refusal))


def _shown(key: HeldKey) -> str:
    health = key.view.health.value if key.view is not None else "—"
    return f"{key.id} · {health}" if key.account == key.id else f"{key.id} · {key.account} · {health}"
