"""`/queue` and `/cancel`: one's open films and how the line stands, and the way out of it; in private."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import discord
from discord import app_commands, ui

from bot.production.model import ProductionState
from bot.production.productions import Productions
from bot.production.prospects import Prospects
from bot.production.switches import ALL
from bot.speech import say
from bot.studio.errors import NoSuchFilm, NotYours
from bot.studio.text import clean, shorten
from bot.ui.answering import Answer, answer, picked, turn
from bot.ui.commands.suggestions import LONGEST, MOST
from bot.ui.custom_ids import Action, CustomId
from bot.ui.films import owner_of
from bot.ui.queue_card import QueuedFilm, QueueFacts, queue_view, stopped_words
from bot.ui.waits import Waits
from bot.ui.wording import plain, titled

if TYPE_CHECKING:
    from bot.production.prospects import Prospect
    from bot.ui.desk import Desk
    from bot.ui.surface import Press

_ID = re.compile(r"[0-9a-f]{32}")


class QueueMenu:
    """Shows what waits and runs, and cancels."""

    def __init__(
        self,
        desk: Desk,
        productions: Productions,
        prospects: Prospects,
        waits: Waits,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._desk = desk
        self._productions = productions
        self._prospects = prospects
        self._waits = waits
        self._clock = clock

    @property
    def presses(self) -> Mapping[Action, Press]:
        return {Action.QUEUE: self._again, Action.LEAVE: self._leave}

    def add_to(self, tree: app_commands.CommandTree[discord.Client]) -> None:
        @tree.command(name="queue", description="Your films in the works, why they wait, and how the line stands")
        async def queue(interaction: discord.Interaction) -> None:
            async def act() -> Answer:
                return Answer(view=await self.shown(interaction.user.id))

            await answer(interaction, act)

        @tree.command(name="cancel", description="Cancel one of your films that waits or runs")
        @app_commands.describe(film="Which one: type a word of its title")
        @app_commands.autocomplete(film=self._suggest)
        async def cancel(
            interaction: discord.Interaction, film: app_commands.Range[str, 1, LONGEST] | None = None
        ) -> None:
            await answer(interaction, lambda: self.cancelled(interaction.user.id, film))

    async def shown(self, user_id: int, note: str = "") -> ui.LayoutView:
        """A person's open films, and the line."""
        paused = await self._prospects.paused()
        films = [await self._open(prospect, paused) for prospect in await self._prospects.of(user_id)]
        totals = await self._prospects.totals()
        return queue_view(
            QueueFacts(
                owner_id=user_id, films=films, totals=totals, now=self._clock(), is_paused=ALL in paused, note=note
            )
        )

    async def cancelled(self, user_id: int, film: str | None) -> Answer | str:
        """Cancel a film by its id or a word of its title; without one, the only one, or ask which.

        Raises:
            NoSuchFilm | NotYours: none of theirs, and they are no operator.
        """
        theirs = [each for each in await self._prospects.of(user_id) if each.production.state in _STOPPABLE]
        words = clean(film or "").strip()
        if _ID.fullmatch(words):
            return await self._stop(await self._production_of(words), user_id)
        wanted = [each for each in theirs if _is_called(each, words)]
        if len(wanted) == 1:
            return await self._stop(wanted[0].production.id, user_id)
        if not theirs:
            return say("Nothing of yours waits or runs, so there is nothing to cancel. `/films` shows what you have.")
        note = say("Which one? Choose it in the menu below.")
        if words and not wanted:
            note = say(
                "None of your open films is called *{words}*. Choose one below.", words=plain(shorten(words, 80))
            )
        return Answer(view=await self.shown(user_id, note))

    async def _again(self, interaction: discord.Interaction, custom_id: CustomId) -> None:
        await turn(interaction, lambda: self._looked_at(interaction.user.id, custom_id))

    async def _looked_at(self, user_id: int, custom_id: CustomId) -> ui.LayoutView:
        _check(user_id, custom_id)
        return await self.shown(user_id)

    async def _leave(self, interaction: discord.Interaction, custom_id: CustomId) -> None:
        async def act() -> ui.LayoutView:
            _check(interaction.user.id, custom_id)
            note = ""
            for production_id in picked(interaction):
                note = await self._stop(production_id, interaction.user.id)
            return await self.shown(interaction.user.id, note)

        await turn(interaction, act)

    async def _stop(self, production_id: str, user_id: int) -> str:
        """Ask it to stop, and say of which film what came of that."""
        production = await self._desk.cancel(production_id=production_id, user_id=user_id)
        return say("**{title}**: {words}", title=await self._title(production_id), words=stopped_words(production))

    async def _title(self, production_id: str) -> str:
        production = await self._productions.get(production_id)
        return plain(shorten(await self._prospects.title(production), 60))

    async def _production_of(self, film_id: str) -> str:
        """The production of an id, or the latest of a film's. Raises `NoSuchFilm`."""
        try:
            return (await self._productions.get(film_id)).id
        except NoSuchFilm:
            latest = await self._productions.latest_of(film_id)
            if latest is None:
                raise
            return latest.id

    async def _open(self, prospect: Prospect, paused: frozenset[str]) -> QueuedFilm:
        production, plan = prospect.production, prospect.plan
        if production.state is ProductionState.RUNNING:
            takes = await self._productions.takes_of(production.id)
            return QueuedFilm(prospect=prospect, takes=takes, waits=self._waits.of(production, plan, takes, paused))
        services = self._waits.services(plan, production.asset_id)
        return QueuedFilm(
            prospect=prospect,
            busy=[titled(name) for name in self._waits.busy(plan, production.asset_id)],
            paused=[titled(name) for name in sorted(services & paused)],
        )

    async def _suggest(self, interaction: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
        theirs = await self._prospects.of(interaction.user.id)
        found = [
            each for each in theirs if each.production.state in _STOPPABLE and _is_called(each, clean(typed).strip())
        ]
        return [
            app_commands.Choice(
                name=shorten(" ".join(each.plan.title.split()), LONGEST) or "…", value=each.production.id
            )
            for each in found[:MOST]
        ]


_STOPPABLE = {ProductionState.ASKING, ProductionState.ACCEPTED, ProductionState.RUNNING}


def _is_called(prospect: Prospect, words: str) -> bool:
    title = prospect.plan.title.casefold()
    return all(word in title for word in words.casefold().split())


def _check(user_id: int, custom_id: CustomId) -> None:
    """Raises `NotYours`."""
    if owner_of(custom_id.ref) != user_id:
        raise NotYours(owner_of(custom_id.ref))
