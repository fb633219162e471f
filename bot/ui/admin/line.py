"""`/admin queue`: the films under way; one of them explained, moved or stopped.

Operators see all of them; those who manage a server see that server's, may stop them, and learn of no money.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import discord
from discord import app_commands, ui

from bot.production.lifecycle import Lifecycle
from bot.production.line import Ahead
from bot.production.model import Production, ProductionState, Take
from bot.production.moves import Moves, Where
from bot.production.overseen import OverseenFilm, Overseer
from bot.production.productions import Productions
from bot.production.switches import ALL, Switches
from bot.speech import later, say
from bot.studio.errors import NoSuchFilm
from bot.studio.model import Plan
from bot.studio.projects import Projects
from bot.studio.text import clean, shorten
from bot.ui.admin.line_card import ON_A_PAGE, Job, LinePage, job_view, line_view
from bot.ui.admin.pieces import Act, in_place
from bot.ui.answering import Answer, answer
from bot.ui.custom_ids import Action
from bot.ui.rights import Asker, Rights
from bot.ui.surface import Press

#: Suggestions that Discord shows at most, and characters of one.
_MOST, _LONGEST = 25, 100
_SAID = {
    Where.FRONT: later("⏫ It goes first now."),
    Where.BACK: later("⏬ It waits for all others now."),
    Where.FAIR: later("It stands where its owner's turn is."),
}


class Stands(Protocol):
    """The line, as the dispatcher has it."""

    @property
    def at_once(self) -> int: ...

    async def in_order(self) -> list[str]: ...

    def ahead(self, production_id: str) -> Ahead: ...


class TellsWaits(Protocol):
    def of(
        self, production: Production, plan: Plan, takes: Sequence[Take], paused: frozenset[str]
    ) -> Mapping[int, str]: ...


class Queue:
    """A part of `/admin`, for operators and for those who manage a server."""

    def __init__(
        self,
        overseer: Overseer,
        productions: Productions,
        lifecycle: Lifecycle,
        projects: Projects,
        moves: Moves,
        line: Stands,
        waits: TellsWaits,
        switches: Switches,
        rights: Rights,
    ) -> None:
        self._overseer = overseer
        self._productions = productions
        self._lifecycle = lifecycle
        self._projects = projects
        self._moves = moves
        self._line = line
        self._waits = waits
        self._switches = switches
        self._rights = rights

    @property
    def presses(self) -> Mapping[Action, Press]:
        return {
            Action.OPLINE: self._turning(lambda asker, at: self.page(asker, at.version or 1)),
            Action.OPJOB: self._turning(lambda asker, at: self.explain(asker, at.ref)),
            Action.OPFRONT: self._turning(lambda asker, at: self.move(asker, at.ref, Where.FRONT)),
            Action.OPBACK: self._turning(lambda asker, at: self.move(asker, at.ref, Where.BACK)),
            Action.OPFAIR: self._turning(lambda asker, at: self.move(asker, at.ref, Where.FAIR)),
            Action.OPSTOP: self._turning(lambda asker, at: self.stop(asker, at.ref)),
        }

    def add_to(self, group: app_commands.Group) -> None:
        @group.command(
            name="queue", description="The films under way: why one waits, whose turn it is, move or stop it"
        )
        @app_commands.describe(film="Only this one: type a word of its title")
        @app_commands.autocomplete(film=self._suggest)
        async def queue(interaction: discord.Interaction, film: app_commands.Range[str, 1, 100] | None = None) -> None:
            async def act() -> Answer:
                asker = self._rights.of(interaction)
                return Answer(view=await (self.page(asker) if film is None else self.named(asker, clean(film))))

            await answer(interaction, act)

    async def page(self, asker: Asker, number: int = 1, note: str = "") -> ui.LayoutView:
        """What is under way where the asker governs. Raises `NotAdmin`."""
        known = await self._overseer.under_way(asker.scope())
        order = await self._line.in_order()
        places = {production_id: place for place, production_id in enumerate(order, start=1)}
        ids = _served(known, order)
        pages = max(1, -(-len(ids) // ON_A_PAGE))
        number = min(max(1, number), pages)
        shown = ids[(number - 1) * ON_A_PAGE : number * ON_A_PAGE]
        found = await self._overseer.films(shown)
        states = list(known.values())
        return line_view(
            LinePage(
                films=[found[each] for each in shown if each in found],
                places=places,
                total=len(ids),
                running=states.count(ProductionState.RUNNING),
                in_line=states.count(ProductionState.ACCEPTED),
                at_once=self._line.at_once if asker.is_operator else 0,
                is_paused=await self._switches.is_paused(ALL),
                sees_money=asker.is_operator,
                number=number,
                note=note,
            )
        )

    async def named(self, asker: Asker, words: str) -> ui.LayoutView:
        """The film that was chosen, or whose title the words are of; the whole line where that is not one."""
        found = await self._named(asker, words)
        if len(found) == 1:
            return await self.explain(asker, found[0].production.id)
        note = say("Several films are called so: choose one of those that Discord suggests.")
        return await self.page(asker, note=note if found else say("No film under way is called so."))

    async def explain(self, asker: Asker, production_id: str, note: str = "") -> ui.LayoutView:
        """Why a film stands where it stands. Raises `NotAdmin | NoSuchFilm`."""
        film = await self._governed(asker, production_id)
        production = film.production
        order = await self._line.in_order()
        place = order.index(production_id) + 1 if production_id in order else None
        following = (await self._overseer.films(order[:1])).get(order[0]) if order and asker.is_operator else None
        paused = await self._switches.paused()
        takes = await self._productions.takes_of(production_id)
        plan = await self._projects.plan(production.project_id, production.version)
        return job_view(
            Job(
                film=film,
                takes=takes,
                place=place,
                own_before=self._line.ahead(production_id).own,
                following=following,
                running=len(await self._productions.running()),
                at_once=self._line.at_once,
                is_paused=ALL in paused,
                waits=self._waits.of(production, plan, takes, paused) if plan is not None else {},
                may_move=asker.is_operator,
                sees_money=asker.is_operator,
            ),
            note,
        )

    async def move(self, asker: Asker, production_id: str, where: Where) -> ui.LayoutView:
        """Let a film go before or behind all others. Raises `NotOperator | NoSuchFilm`."""
        by = asker.check_operator()
        moved = await self._moves.move(production_id, where, by)
        note = say(_SAID[where]) if moved else say("It isn't in the line any more, so it was not moved.")
        return await self.explain(asker, production_id, note)

    async def stop(self, asker: Asker, production_id: str) -> ui.LayoutView:
        """End a film for its owner, who is told. Raises `NotAdmin | NoSuchFilm`."""
        await self._governed(asker, production_id)
        await self._lifecycle.stop(production_id, asker.user_id, operators={asker.user_id})
        note = say("⏹️ Stopped. What was ordered is charged, shots that are made are kept, and its owner is told.")
        return await self.explain(asker, production_id, note)

    async def _governed(self, asker: Asker, production_id: str) -> OverseenFilm:
        asker.scope()
        film = (await self._overseer.films([production_id])).get(production_id)
        if film is None or not asker.governs(film.production.guild_id):
            raise NoSuchFilm  # of what others govern, nothing is told
        return film

    def _turning(self, act: Act) -> Press:
        return in_place(self._rights, act)

    async def _suggest(self, interaction: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
        asker = self._rights.of(interaction)
        if not (asker.is_operator or asker.manages):
            return []
        return [
            app_commands.Choice(name=shorten(" ".join(clean(_name(film)).split()), _LONGEST), value=film.production.id)
            for film in (await self._named(asker, clean(typed)))[:_MOST]
        ]

    async def _named(self, asker: Asker, typed: str) -> list[OverseenFilm]:
        """Those under way that have this id, else all these words in their names."""
        ids = _served(await self._overseer.under_way(asker.scope()), await self._line.in_order())[:500]
        found = await self._overseer.films(ids)
        if typed in found:
            return [found[typed]]
        words = typed.casefold().split()
        films = [found[each] for each in ids if each in found]
        return [film for film in films if all(word in _name(film).casefold() for word in words)]


def _name(film: OverseenFilm) -> str:
    return f"{film.title} · {film.production.id[:8]}"


def _served(known: Mapping[str, ProductionState], order: Sequence[str]) -> list[str]:
    """What runs, then the line in its order, then what waits for somebody."""
    running = [each for each, state in known.items() if state is ProductionState.RUNNING]
    line = [each for each in order if known.get(each) is ProductionState.ACCEPTED]
    placed = {*running, *line}
    rest = [each for each in known if each not in placed]
    return [*running, *line, *rest]
