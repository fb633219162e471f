"""**Safer words** on the card of a film that a content policy refused: one tap rewrites the refused shots alone.

It makes a version of the plan, shown with what is different; nothing is ordered before that is greenlit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import discord
from discord import app_commands, ui

from bot.jobs.wake import Wake
from bot.production.model import Take, TakeState
from bot.production.productions import Productions
from bot.speech import say
from bot.studio.budget import Budgets
from bot.studio.errors import NothingToRender, PlanMoved
from bot.studio.model import Plan
from bot.studio.projects import Projects
from bot.studio.rights import Act, FilmRights
from bot.studio.softening import Softener
from bot.studio.text import shorten
from bot.ui.answering import Answer, answer
from bot.ui.card_layout import READY, fitted, layout
from bot.ui.custom_ids import Action, CustomId
from bot.ui.surface import Press
from bot.ui.wording import plain

#: Characters of a shot's old and new words that are shown.
_SHOWN = 300


def refused_shots(takes: Sequence[Take]) -> list[int]:
    """The shots, by number, whose words a content policy refused."""
    return [
        take.shot
        for take in takes
        if take.state is TakeState.FAILED and (take.failure or "").partition(":")[0] == "ContentRejected"
    ]


def safer_button(project_id: str, version: int) -> ui.Button[Any]:
    return ui.Button(
        style=discord.ButtonStyle.primary,
        label=say("Safer words"),
        emoji="🪄",
        custom_id=str(CustomId(Action.SOFTEN, project_id, version)),
    )


class SaferWords:
    """Answers the button, for the film's owner and directors."""

    def __init__(
        self,
        projects: Projects,
        productions: Productions,
        softener: Softener,
        changed: Wake,
        rights: FilmRights,
        budgets: Budgets,
    ) -> None:
        self._budgets = budgets
        self._rights = rights
        self._projects = projects
        self._productions = productions
        self._softener = softener
        self._changed = changed

    @property
    def presses(self) -> Mapping[Action, Press]:
        return {Action.SOFTEN: self._press}

    def add_to(self, tree: app_commands.CommandTree[discord.Client]) -> None:
        """It has no command."""

    async def _press(self, interaction: discord.Interaction, custom_id: CustomId) -> None:
        await answer(interaction, lambda: self.soften(custom_id.ref, custom_id.version or 0, interaction.user.id))

    async def soften(self, project_id: str, version: int, user_id: int) -> Answer:
        """Rewrite, and say what is different. Raises `StudioError | ProviderError | RateLimitError`."""
        project = await self._projects.get(project_id)
        await self._rights.check(user_id, Act.CHANGE, project)
        plan = await self._projects.plan(project_id)
        latest = await self._productions.latest_of(project_id)
        if plan is None or latest is None:
            raise NothingToRender
        if plan.version != version or latest.version != version:
            raise PlanMoved(plan.version)
        refused = refused_shots(await self._productions.takes_of(latest.id))
        await self._budgets.check_day()
        revised = await self._softener.soften(project, plan, refused)
        await self._projects.keep_plan(project_id, revised)
        self._changed()
        return Answer(view=fitted(lambda room: difference_view(difference(plan, revised, room))))


def difference_view(words: str) -> ui.LayoutView:
    """A card, for it holds twice what a message's words do: a film may have a dozen shots that were refused."""
    return layout(ui.Container(ui.TextDisplay(words), accent_colour=READY))


def difference(before: Plan, after: Plan, room: int = _SHOWN) -> str:
    """Each shot that has other words, as it was and as it is, with so much room for each."""
    room = min(room, _SHOWN)
    lines = [
        say(
            "**Plan v{version}** has safer words. Nothing is ordered before you press **Greenlight** on its card.",
            version=after.version,
        )
    ]
    for number, (old, new) in enumerate(zip(before.shots, after.shots, strict=True), start=1):
        if old != new:
            lines.append(say("**Shot {number}** was: {words}", number=number, words=plain(shorten(old.prompt, room))))
            lines.append(say("> now: {words}", words=plain(shorten(new.prompt, room))))
    return "\n".join(lines)
