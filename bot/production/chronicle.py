"""What became of a film's newest order, told in few words to whoever talks the film over with its people."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bot.production.model import Production, ProductionState, Take, TakeState
from bot.production.productions import Productions
from bot.studio.model import Project

#: States of a shot as words, where the state alone says too little.
_STATES = {
    TakeState.WAITING: "waits for a free key, or for the shot before",
    TakeState.ORDERED: "ordered, in the service's own line",
    TakeState.RENDERING: "being made",
    TakeState.MADE: "made",
    TakeState.FAILED: "failed",
    TakeState.UNKNOWN: "the order went unanswered, so it may or may not have been charged",
    TakeState.LEFT_OUT: "left out, as its owner chose",
}


class Chronicle:
    """Reads the newest production of a film.

    Args:
        place: where a film stands in the line, counted from 1; `None` for one that does not wait.
        words: the sentence for a failure as rows keep it.
    """

    def __init__(
        self,
        productions: Productions,
        *,
        place: Callable[[str], int | None] = lambda _id: None,
        words: Callable[[str], str] = str,
    ) -> None:
        self._productions = productions
        self._place = place
        self._words = words

    async def tell(self, project: Project) -> Mapping[str, object]:
        """Its state, its cost and each shot's fate; nothing where it was never ordered."""
        production = await self._productions.latest_of(project.id)
        if production is None:
            return {}
        told = self._film(production)
        at_risk = await self._productions.at_risk(production.id)
        if at_risk:
            told["unanswered_may_cost"] = _dollars(at_risk)
        told["shots"] = [self._shot(take) for take in await self._productions.takes_of(production.id)]
        return told

    def _film(self, production: Production) -> dict[str, object]:
        told: dict[str, object] = {
            "of_plan_version": production.version,
            "state": "being cancelled" if production.stopping else production.state.value,
            "at_most": _dollars(production.price_microusd),
        }
        if production.cost_microusd is not None:
            told["charged"] = _dollars(production.cost_microusd)
        if production.state is ProductionState.ACCEPTED and (place := self._place(production.id)) is not None:
            told["place_in_line"] = place
        if production.film_duration is not None:
            told["film_seconds"] = round(production.film_duration, 1)
        if production.failure is not None:
            told["why"] = self._words(production.failure)
        if production.notes:
            told["not_as_planned"] = [
                {"what": note.kind.value, "shot": note.shot, "why": note.reason} for note in production.notes
            ]
        return told

    def _shot(self, take: Take) -> dict[str, object]:
        told: dict[str, object] = {"number": take.shot, "state": _STATES[take.state]}
        if take.progress is not None and take.state is TakeState.RENDERING:
            told["done_percent"] = round(100 * take.progress)
        if take.failure is not None:
            told["why"] = self._words(take.failure)
        if take.price_microusd:
            told["at_most"] = _dollars(take.price_microusd)
        return told


def _dollars(microusd: int) -> str:
    return f"${microusd / 1_000_000:.2f}"
