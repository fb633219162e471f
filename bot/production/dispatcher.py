"""Decides which accepted film renders next and starts it; ends what was stopped or has broken.

The line is kept in memory, filled from rows: a restart fills it again, and starting a workflow twice is starting it
once.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable

from bot.jobs.engine import Engine
from bot.jobs.wake import Listener, keep_looking
from bot.production.film import FILM, SETTLE
from bot.production.lifecycle import Lifecycle
from bot.production.line import Ahead, Line
from bot.production.model import Production, ProductionState
from bot.production.productions import Productions
from bot.production.switches import ALL, Switches

logger = logging.getLogger(__name__)

#: Looks at the rows at least this often, in seconds, whatever nudges come.
LOOK_EVERY = 5.0


class Dispatcher:
    """Admits productions, `at_once` of them at a time, fairly between their owners.

    Where several processes share the rows, each has a dispatcher: `worker` is its name, and `at_once` counts what it
    has under way itself. One that may have nothing under way only knows the line.

    `give_back` frees the room of a production that a fault of ours ended; `clock` never runs backwards.
    """

    def __init__(
        self,
        engine: Engine,
        productions: Productions,
        lifecycle: Lifecycle,
        *,
        give_back: Callable[[str], Awaitable[None]],
        at_once: int,
        worker: str | None = None,
        clock: Callable[[], float] = time.monotonic,
        switches: Switches | None = None,
    ) -> None:
        self._engine = engine
        self._productions = productions
        self._lifecycle = lifecycle
        self._give_back = give_back
        self.at_once = at_once
        self._worker = worker
        self._line = Line(productions, clock=clock)
        self._paused = False
        self._switches = switches

    async def run(self, listener: Listener) -> None:
        """Dispatch until cancelled."""
        await keep_looking(self.look, listener, every=LOOK_EVERY)

    def pause(self) -> None:
        """Start no more films; what runs goes on. For draining before a stop."""
        self._paused = True

    def position(self, production_id: str) -> int | None:
        """Place in the line, counted from 1; `None` where it is not in it."""
        return self._line.position(production_id)

    def ahead(self, production_id: str) -> Ahead:
        """Who is served before it."""
        return self._line.ahead(production_id)

    async def in_order(self) -> list[str]:
        """The whole line as its rows are now, who is next first."""
        await self._line.catch_up()
        return list(self._line.in_order())

    async def look(self) -> None:
        """Bring the line and the engine in step with the rows, once."""
        if self._worker is not None and self.at_once:
            await self._lifecycle.inherit(None, self._worker)  # begun where one process was alone, and brought here
        await self._line.catch_up()
        running = [each for each in await self._productions.running() if self._worker in {None, each.worker}]
        for production in running:
            await self._tend(production)
        for _ in range(self.at_once - len(running)):
            if self._paused or await self._is_paused() or (production_id := self._line.pop()) is None:
                break
            if await self._lifecycle.begin(production_id, self._worker):
                production = await self._productions.get(production_id)
                await self._engine.start(FILM, production.workflow_id, production_id)
                logger.info("film started", extra={"production": production_id})

    async def _is_paused(self) -> bool:
        """Asked before each film: whoever pauses counts right afterwards what runs."""
        return self._switches is not None and await self._switches.is_paused(ALL)

    async def _tend(self, production: Production) -> None:
        """Look after a running film: stop it, settle it, or notice that its workflow ended without an end."""
        if production.stopping:
            settling = f"{production.workflow_id}-settle"
            await self._engine.cancel(production.workflow_id)
            if await self._engine.was_started(settling) and await self._engine.is_over(settling):
                await self._end_broken(production, ProductionState.CANCELLED)
            elif await self._engine.is_over(production.workflow_id):
                await self._engine.start(SETTLE, settling, production.id)
            return
        if not await self._engine.was_started(production.workflow_id):
            await self._engine.start(
                FILM, production.workflow_id, production.id
            )  # killed between the row and the start
        elif await self._engine.is_over(production.workflow_id):
            await self._end_broken(production, ProductionState.FAILED)

    async def _end_broken(self, production: Production, state: ProductionState) -> None:
        """A workflow writes its end before it returns: one that is over without it has failed in our own code."""
        current = await self._productions.get(production.id)
        if current.state is not ProductionState.RUNNING or current.run != production.run:
            return
        logger.error("film ended by a fault of ours", extra={"production": production.id})
        await self._give_back(production.id)
        if state is ProductionState.FAILED and await self._lifecycle.holds_for_answers(production.id):
            state = ProductionState.HELD  # what may have been charged is asked about, whatever else went wrong
        await self._lifecycle.end(production.id, state, failure="Bug")
