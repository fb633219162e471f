"""**Safer words** wherever a content policy refused something: one tap rewrites just that.

Of refused shots and stills it makes a version of the plan, shown with what is different; of a refused idea another
idea, which is planned. Nothing is ordered before that is greenlit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import discord
from discord import app_commands, ui

from bot.jobs.wake import Wake
from bot.production.model import ProductionState, Take, TakeState
from bot.production.productions import Productions
from bot.production.storyboards import Still, StillState, Storyboards
from bot.speech import say
from bot.studio.budget import Budgets
from bot.studio.errors import NothingToRender, PlanMoved
from bot.studio.model import Plan, Project, ProjectKind, ProjectState
from bot.studio.projects import Projects
from bot.studio.rights import Act, FilmRights
from bot.studio.softening import Softener
from bot.studio.text import shorten
from bot.ui.answering import Answer, answer
from bot.ui.card_layout import READY, fitted, layout
from bot.ui.custom_ids import Action, CustomId
from bot.ui.surface import Press
from bot.ui.wording import plain
from providers.errors import ContentRejected

#: Characters of old and new words that are shown: of a shot, and of an idea.
_SHOWN, _SHOWN_OF_IDEA = 300, 800


def refused_shots(takes: Sequence[Take]) -> list[int]:
    """The shots, by number, whose words a content policy refused."""
    return [take.shot for take in takes if take.state is TakeState.FAILED and _is_refused(take.failure)]


def refused_stills(stills: Sequence[Still]) -> list[int]:
    """The shots, by number, whose words it refused for their pictures in the storyboard."""
    return [still.shot for still in stills if still.state is StillState.FAILED and _is_refused(still.failure)]


def is_refused_idea(project: Project) -> bool:
    """Whether a film has no plan because its idea was refused; with a video it may be that, which no words mend."""
    has_video = project.asset_id is not None or project.attachment is not None
    is_film = project.kind is ProjectKind.FILM and project.state is ProjectState.FAILED
    return is_film and not has_video and _is_refused(project.failure)


def _is_refused(failure: str | None) -> bool:
    """Of a failure as a row keeps it."""
    return (failure or "").partition(":")[0] == ContentRejected.__name__


def safer_button(project_id: str, version: int | None = None) -> ui.Button[Any]:
    """`version` is the plan's, `None` where the idea was refused."""
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
        storyboards: Storyboards,
    ) -> None:
        self._storyboards = storyboards
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
        if plan is None:
            return await self._soften_idea(project)
        if plan.version != version:
            raise PlanMoved(plan.version)
        refused = await self._refused(project_id, version)
        if not refused:
            raise PlanMoved(plan.version)
        await self._budgets.check_day()
        revised = await self._softener.soften(project, plan, refused)
        await self._projects.keep_plan(project_id, revised)
        self._changed()
        latest = await self._productions.latest_of(project_id)
        is_held = latest is not None and latest.state is ProductionState.HELD
        return Answer(view=fitted(lambda room: difference_view(difference(plan, revised, room, is_held=is_held))))

    async def _refused(self, project_id: str, version: int) -> set[int]:
        """The shots of this version that were refused, for the film and for its storyboard."""
        refused: set[int] = set()
        latest = await self._productions.latest_of(project_id)
        if latest is not None and latest.version == version:
            refused |= {*refused_shots(await self._productions.takes_of(latest.id))}
        board = await self._storyboards.newest_of(project_id)
        if board is not None and board.version == version:
            refused |= {*refused_stills(await self._storyboards.stills_of(board.id))}
        return refused

    async def _soften_idea(self, project: Project) -> Answer:
        """Have another idea planned in the place of one that was refused."""
        if not is_refused_idea(project):
            raise NothingToRender
        await self._budgets.check_day()
        idea = await self._softener.soften_idea(project)
        if not is_refused_idea(
            await self._projects.get(project.id)
        ):  # another press, or words in the thread, came first
            raise NothingToRender
        await self._projects.try_again(project.id, idea)
        self._changed()
        words = [
            say(
                "I plan your film from safer words. The plan comes in its thread; nothing is ordered before you "
                "greenlight it."
            ),
            say("**Your idea** was: {words}", words=plain(shorten(project.idea, _SHOWN_OF_IDEA))),
            say("> now: {words}", words=plain(shorten(idea, _SHOWN_OF_IDEA))),
        ]
        return Answer(words="\n".join(words))


def difference_view(words: str) -> ui.LayoutView:
    """A card, for it holds twice what a message's words do: a film may have a dozen shots that were refused."""
    return layout(ui.Container(ui.TextDisplay(words), accent_colour=READY))


def difference(before: Plan, after: Plan, room: int = _SHOWN, *, is_held: bool = False) -> str:
    """Each shot that has other words, as it was and as it is, with so much room for each.

    `is_held` where its film waits for a decision.
    """
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
    if is_held:
        lines.append(
            say(
                "The film of v{version} is held: press **Stop** on its card before you greenlight this one. What is "
                "made of it is kept and not paid again.",
                version=before.version,
            )
        )
    return "\n".join(lines)
