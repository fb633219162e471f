"""A look into a film: its finished shots while the others are made or could not be, and what it was made from."""

from __future__ import annotations

from collections.abc import Mapping

import discord
from discord import app_commands

from bot.production.model import Production, Take, TakeState
from bot.production.productions import Productions
from bot.speech import counted, say
from bot.studio.casting import Casting, cast
from bot.studio.errors import NoSuchFilm, StudioError
from bot.studio.model import Plan
from bot.studio.projects import Projects
from bot.studio.rights import Act
from bot.studio.text import shorten
from bot.ui.answering import Answer, answer
from bot.ui.custom_ids import Action, CustomId
from bot.ui.desk import Desk
from bot.ui.film_details import details_answer
from bot.ui.previews import MOST_FILES, Previews
from bot.ui.surface import Press
from bot.ui.wording import plain
from providers.catalogue import Catalogue
from providers.errors import ProviderError


class FilmLooks:
    def __init__(
        self, desk: Desk, productions: Productions, projects: Projects, previews: Previews, catalogue: Catalogue
    ) -> None:
        self._desk = desk
        self._productions = productions
        self._projects = projects
        self._previews = previews
        self._catalogue = catalogue

    @property
    def presses(self) -> Mapping[Action, Press]:
        return {Action.WATCH: self._watch, Action.DETAILS: self._details}

    def add_to(self, tree: app_commands.CommandTree[discord.Client]) -> None:
        """It has no command: it begins on cards and films."""

    async def _watch(self, interaction: discord.Interaction, custom_id: CustomId) -> None:
        await answer(interaction, lambda: self.finished(custom_id.ref, interaction.user.id))

    async def _details(self, interaction: discord.Interaction, custom_id: CustomId) -> None:
        await answer(interaction, lambda: self.details(custom_id.ref, interaction.user.id))

    async def finished(self, production_id: str, user_id: int) -> Answer | str:
        """The shots that are made, as files. Raises `NoSuchFilm | NotYours`."""
        production, plan = await self._film(production_id, user_id)
        made = [t for t in await self._productions.takes_of(production.id) if t.state is TakeState.MADE]
        if not made:
            return say("No shot of it is made yet. The first comes here as soon as it is.")
        found: Answer | None = None
        for begin in reversed(range(0, len(made), MOST_FILES)):  # what goes into no message comes in one of its own
            some = made[begin : begin + MOST_FILES]
            files = await self._previews.of_shots(production.project_id, {take.shot: take.content for take in some})
            lines = [] if begin else [_told(len(made), len(plan.shots))]
            lines += [_line(take, plan, is_shown=take.shot in files) for take in some]
            found = Answer("\n".join(lines), files=list(files.values()), then=found)
        assert found is not None
        return found

    async def details(self, production_id: str, user_id: int) -> Answer:
        """What it was made from. Raises `NoSuchFilm | NotYours`."""
        production, plan = await self._film(production_id, user_id)
        return details_answer(production, plan, self._castings(production, plan))

    async def _film(self, production_id: str, user_id: int) -> tuple[Production, Plan]:
        production = await self._productions.get(production_id)
        project = await self._desk.allowed(production.project_id, Act.SEE, user_id)
        plan = await self._projects.plan(project.id, production.version)
        if plan is None:
            raise NoSuchFilm
        return production, plan

    def _castings(self, production: Production, plan: Plan) -> tuple[Casting, ...]:
        try:
            return cast(
                plan,
                self._catalogue.on(production.greenlit_on),
                asset_id=production.asset_id,
                draft=production.draft,
            )
        except (StudioError, ProviderError):  # a model of it has left the catalogue since
            return ()


def _told(made: int, count: int) -> str:
    return counted(
        made,
        "**{number} of {count} shots** is made; only you see this.",
        "**{number} of {count} shots** are made; only you see this.",
        count=count,
    )


def _line(take: Take, plan: Plan, *, is_shown: bool) -> str:
    name = plain(shorten(plan.shots[take.shot - 1].title, 50))
    line = f"**{take.shot}. {name}**"
    return line if is_shown else f"{line} · " + say("made, but it can't be shown here just now")
