"""`/admin budget`: what may be spent, what was, and changing it while the bot runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import discord
from discord import app_commands, ui

from bot.db import Database
from bot.speech import later, say
from bot.studio.budget import Bound, Budgets, Caps, Spending
from bot.studio.cap_book import CapBook, SetCap
from bot.ui.admin.pieces import button, in_place, moment
from bot.ui.admin.sums import SUM_FIELD, set_typed, sum_form, sum_words
from bot.ui.answering import Answer, answer, open_modal, submitted, turn
from bot.ui.card_layout import READY, layout
from bot.ui.custom_ids import Action, CustomId
from bot.ui.rights import Asker, Rights
from bot.ui.surface import Press
from bot.ui.wording import money

#: In the order of the card, which its buttons count by.
BOUNDS = tuple(Bound)
_NAMES = {
    Bound.FILM: later("One film"),
    Bound.USER_DAY: later("One person, a day"),
    Bound.GUILD_MONTH: later("One server, a month"),
    Bound.BOT_DAY: later("The whole bot, a day"),
    Bound.APPROVAL: later("Needs approval above"),
}
#: Where each stands in the settings.
_VARIABLES = {
    Bound.FILM: "MAX_USD_PER_FILM",
    Bound.USER_DAY: "MAX_USD_PER_USER_DAY",
    Bound.GUILD_MONTH: "MAX_USD_PER_GUILD_MONTH",
    Bound.BOT_DAY: "MAX_USD_PER_DAY",
    Bound.APPROVAL: "APPROVAL_ABOVE_USD",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetFacts:
    """The caps that hold, which of them were set while the bot runs, and what was spent today."""

    caps: Caps
    were_set: Mapping[Bound, SetCap]
    today: Spending
    note: str = ""


class Budget:
    """A part of `/admin`, for operators."""

    def __init__(self, database: Database, budgets: Budgets, book: CapBook, rights: Rights) -> None:
        self._database = database
        self._budgets = budgets
        self._book = book
        self._rights = rights

    @property
    def presses(self) -> Mapping[Action, Press]:
        return {
            Action.OPBUDGET: in_place(self._rights, lambda asker, _: self.card(asker)),
            Action.OPCAP: self._change,
        }

    def add_to(self, group: app_commands.Group) -> None:
        if not self._rights.operators:
            return  # nobody may use it here

        @group.command(name="budget", description="What may be spent, what was, and changing it while I run")
        async def budget(interaction: discord.Interaction) -> None:
            async def act() -> Answer:
                return Answer(view=await self.card(self._rights.of(interaction)))

            await answer(interaction, act)

    async def card(self, asker: Asker, note: str = "") -> ui.LayoutView:
        """Raises `NotOperator`."""
        asker.check_operator()
        were_set = await self._book.of()
        async with self._database.transaction() as transaction:
            caps = await self._budgets.caps_within(transaction)
            today = await self._budgets.today(transaction)
        return budget_view(BudgetFacts(caps=caps, were_set=were_set, today=today, note=note))

    async def change(self, asker: Asker, bound: Bound, typed: str) -> ui.LayoutView:
        """Set a cap to what was typed. Raises `NotOperator`."""
        by = asker.check_operator()
        return await self.card(asker, await set_typed(self._book, bound, typed, by=by))

    async def _change(self, interaction: discord.Interaction, custom_id: CustomId) -> None:
        asker = self._rights.of(interaction)
        bound = BOUNDS[min(custom_id.version or 0, len(BOUNDS) - 1)]
        if interaction.type is discord.InteractionType.modal_submit:
            typed = submitted(interaction, SUM_FIELD)
            await turn(interaction, lambda: self.change(asker, bound, typed))
            return

        async def form() -> ui.Modal:
            asker.check_operator()
            return sum_form(
                say(_NAMES[bound]), str(custom_id), say("“none” for no bound, “default” for the settings'.")
            )

        await open_modal(interaction, form)


def budget_view(facts: BudgetFacts) -> ui.LayoutView:
    """The caps, each with a button that changes it: a pure rendering."""
    today = facts.today
    spent = money(today.used_microusd)
    if today.held_microusd:
        spent = say("{spent}, {held} of that kept aside", spent=spent, held=money(today.held_microusd))
    head = say("## 💵 What may be spent") + "\n-# "
    head += say("today {spent} · anew {when}", spent=spent, when=moment(today.resets_at))
    parts: list[ui.Item[ui.LayoutView]] = [ui.TextDisplay(f"{head}\n{facts.note}" if facts.note else head)]
    parts.append(ui.Separator())
    for number, bound in enumerate(BOUNDS):
        were_set = facts.were_set.get(bound)
        origin = say("from the settings, {variable}", variable=f"`{_VARIABLES[bound]}`")
        if were_set is not None:
            origin = say("set by {who} {when}", who=f"<@{were_set.by}>", when=moment(were_set.at))
        value = getattr(facts.caps, bound.field)
        words = f"**{say(_NAMES[bound])}**: {sum_words(value)}\n-# {origin}"
        changes = button(Action.OPCAP, say("Change…"), version=number)
        parts.append(ui.Section(ui.TextDisplay(words), accessory=changes))
    parts += [
        ui.Separator(),
        ui.TextDisplay(
            say("-# What is set here holds over restarts, in the place of the settings. One person's: `/admin user`.")
        ),
    ]
    return layout(ui.Container(*parts, accent_colour=READY))
