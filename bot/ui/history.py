"""Reading, comparing, undoing and forking a plan: what the second row of its card leads to, each in private.

No press orders anything. Who may is looked up at each of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import discord
from discord import app_commands, ui

from bot.production.forks import Forks
from bot.speech import counted, say
from bot.studio.casting import Quote
from bot.studio.errors import CannotRender, NoSuchVersion
from bot.studio.model import Plan, Project
from bot.studio.projects import Projects
from bot.studio.rights import Act
from bot.studio.versions import Versions
from bot.ui.answering import answer, chosen_in, shown, turn
from bot.ui.card_layout import PAST, READY, layout, title
from bot.ui.client import Greenlight
from bot.ui.comparison_view import Comparing, comparison_view, pair_of
from bot.ui.custom_ids import Action, CustomId
from bot.ui.desk import Desk
from bot.ui.entrance import is_age_restricted
from bot.ui.homes import home_of
from bot.ui.plan_pages import ShotPage, page_view
from bot.ui.surface import Press
from bot.ui.talk_facts import onward
from bot.ui.wording import money, plain, price_change
from providers.errors import RequestFault


@dataclass(frozen=True, slots=True)
class _Cost:
    label: str
    quote: Quote
    can_render: bool


class History:
    """The surface of a plan's versions."""

    def __init__(self, desk: Desk, projects: Projects, versions: Versions, forks: Forks) -> None:
        self._desk = desk
        self._projects = projects
        self._versions = versions
        self._forks = forks

    @property
    def presses(self) -> Mapping[Action, Press]:
        return {
            Action.READ: self._read,
            Action.UNDO: self._undo,
            Action.BACK: self._undo,
            Action.COMPARE: self._compare,
            Action.FORK: self._ask_fork,
            Action.FORKIT: self._fork,
        }

    def add_to(self, tree: app_commands.CommandTree[discord.Client]) -> None:
        """There is no command for it: it begins on the card."""

    async def _read(self, interaction: discord.Interaction, custom_id: CustomId) -> None:
        async def act() -> ui.LayoutView:
            return await self.page(custom_id, interaction.user.id)

        await shown(interaction, act)

    async def _undo(self, interaction: discord.Interaction, custom_id: CustomId) -> None:
        async def act() -> str:
            return await self.back(custom_id, interaction.user.id)

        await answer(interaction, act)

    async def _compare(self, interaction: discord.Interaction, custom_id: CustomId) -> None:
        async def act() -> ui.LayoutView:
            chosen = pair_of(chosen_in(interaction) or "")
            left, right = chosen or (custom_id.numbers[0], custom_id.version or 0)
            return await self.comparison(custom_id.ref, left, right, interaction.user.id)

        await shown(interaction, act)

    async def _ask_fork(self, interaction: discord.Interaction, custom_id: CustomId) -> None:
        async def act() -> ui.LayoutView:
            return await self.fork_question(custom_id.ref, custom_id.version or 0, interaction.user.id)

        await shown(interaction, act)

    async def _fork(self, interaction: discord.Interaction, custom_id: CustomId) -> None:
        async def act() -> ui.LayoutView:
            words = await self._forked(interaction, custom_id)
            return layout(ui.Container(ui.TextDisplay(words), accent_colour=PAST))

        await turn(interaction, act)

    # --- what they read

    async def page(self, custom_id: CustomId, user_id: int) -> ui.LayoutView:
        """A page of a version, whole. Raises `NoSuchFilm | NotYours | NoSuchVersion`."""
        project = await self._desk.allowed(custom_id.ref, Act.SEE, user_id)
        plan = await self._version(project, custom_id.version or 0)
        cost = await self._cost(project, plan)
        return page_view(
            ShotPage(
                project_id=project.id,
                plan=plan,
                number=custom_id.numbers[0],
                model_label=cost.label if cost is not None else plan.model,
                price_microusd=cost.quote.price_microusd if cost is not None else None,
                kept=cost.quote.kept if cost is not None else (),
                buttons=[*await self._deeds(project, plan, cost, user_id), *onward(project.id, plan.version)],
            )
        )

    async def _deeds(self, project: Project, plan: Plan, cost: _Cost | None, user_id: int) -> list[ui.Button[Any]]:
        """What changes the film, for whoever may and cannot reach its card: that may stand in a DM of its owner's."""
        newest = await self._projects.plan(project.id)
        if newest is None or newest.version != plan.version:
            return []
        deeds: list[ui.Button[Any]] = []
        if cost is not None and cost.can_render and await self._desk.rights.may(user_id, Act.GREENLIGHT, project):
            price = cost.quote.price_microusd
            deeds.append(
                ui.Button(
                    style=discord.ButtonStyle.success,
                    label=say("Greenlight · {price}", price=money(price)),
                    custom_id=str(CustomId(Action.GREENLIGHT, project.id, plan.version, (price,))),
                )
            )
        if await self._desk.rights.may(user_id, Act.CHANGE, project):
            deeds.append(
                ui.Button(
                    style=discord.ButtonStyle.secondary,
                    label=say("Change…"),
                    custom_id=str(CustomId(Action.CHANGE, project.id, plan.version)),
                )
            )
        return deeds

    async def back(self, custom_id: CustomId, user_id: int) -> str:
        """Undo the last change, or go back to a version. Raises `StudioError`."""
        project = await self._desk.allowed(custom_id.ref, Act.CHANGE, user_id)
        target = custom_id.numbers[0] if custom_id.action is Action.BACK else None
        made = await self._versions.back(project, custom_id.version or 0, target)
        plan = made.right.plan
        words = say("**Plan v{version}**: {changes}", version=plan.version, changes=plain(plan.changes))
        difference, price = made.difference_microusd, made.right.price_microusd
        if difference is not None and price is not None:
            words += say(" · {change}, at most {price}", change=price_change(difference), price=money(price))
        rest = say("Nothing was ordered. **Undo** on the new card takes this back, too.")
        return f"{words}.\n{rest}"

    async def comparison(self, project_id: str, left: int, right: int, user_id: int) -> ui.LayoutView:
        """Two versions side by side. Raises `StudioError`."""
        project = await self._desk.allowed(project_id, Act.SEE, user_id)
        compared = await self._versions.compare(project, left, right)
        return comparison_view(
            Comparing(
                project_id=project.id,
                compared=compared,
                may_change=await self._desk.rights.may(user_id, Act.CHANGE, project),
                may_fork=await self._desk.rights.may(user_id, Act.FORK, project),
            )
        )

    async def fork_question(self, project_id: str, version: int, user_id: int) -> ui.LayoutView:
        """What a fork is and costs, with the button that makes it. Raises `StudioError`."""
        project = await self._desk.allowed(project_id, Act.FORK, user_id)
        plan = await self._version(project, version)
        cost = await self._cost(project, plan)
        words = say(
            "## 🍴 Fork {title}?\nA film of your own begins with plan v{version}, in a thread of its own in this "
            "channel: you direct it and pay for it, and this one stays as it is.",
            title=title(plan),
            version=version,
        )
        if cost is not None:
            words += "\n" + say(
                "Making it would cost you at most **{price}**; nothing is ordered before you greenlight.",
                price=money(cost.quote.price_microusd),
            )
            if kept := len(cost.quote.kept):
                words += " " + counted(
                    kept,
                    "{number} shot that is made already comes along and is not paid again.",
                    "{number} shots that are made already come along and are not paid again.",
                )
        if user_id != project.owner_id:
            words += "\n-# " + say(
                "It is yours even after <@{owner_id}> deletes this film, and shows nothing of their talk.",
                owner_id=project.owner_id,
            )
        forks: ui.Button[Any] = ui.Button(
            style=discord.ButtonStyle.primary,
            label=say("Fork v{version}", version=version),
            custom_id=str(CustomId(Action.FORKIT, project.id, version)),
        )
        return layout(ui.Container(ui.TextDisplay(words), ui.ActionRow(forks), accent_colour=READY))

    async def _forked(self, interaction: discord.Interaction, custom_id: CustomId) -> str:
        source = await self._desk.allowed(custom_id.ref, Act.FORK, interaction.user.id)
        home = await home_of(interaction)
        is_here = home.guild_id == interaction.guild_id
        question = interaction.message.id if interaction.message is not None else interaction.id
        project = await self._forks.fork(
            source,
            custom_id.version or 0,
            request_id=f"fork-{question}",  # pressed twice on one question, it is one fork
            user_id=interaction.user.id,
            guild_id=home.guild_id,
            channel_id=home.channel_id,
            thread_id=home.thread_id,
            takes_adult=is_here and is_age_restricted(interaction),
        )
        assert isinstance(interaction.client, Greenlight)
        words = await interaction.client.open_thread(project)
        return f"{say('## 🍴 Forked')}\n{home.aside or words}"

    async def _version(self, project: Project, version: int) -> Plan:
        plan = await self._projects.plan(project.id, version)
        if plan is None:
            raise NoSuchVersion(version)
        return plan

    async def _cost(self, project: Project, plan: Plan) -> _Cost | None:
        """Who would make it and for how much; `None` where nobody here can."""
        try:
            castings, quoted = await self._desk.pricing.price(project, plan)
        except (CannotRender, RequestFault):
            return None
        label = " + ".join(dict.fromkeys(casting.model.label for casting in castings))
        return _Cost(label, quoted, self._desk.pricing.can_render(castings))
