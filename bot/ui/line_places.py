"""Which cards of films in the line tell a place that has changed since: no row says so, and ten thousand may wait.

Rendering each of them every few seconds took all the bot had (measured, 2026-11). What a card tells of its place is
kept here in words, so that only those are rendered whose words have changed, the foremost first and few at a time.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from bot.production.line import Ahead
from bot.production.switches import ALL
from bot.ui.card_rows import Card
from bot.ui.cards import place_in_words
from bot.ui.job_card import TOLD_EXACTLY
from bot.ui.prospect_words import FORETOLD, who_goes_first

#: Cards of one look whose place alone has changed: Discord's limits are needed for what people wait for.
MOST_AT_ONCE = 10
#: Seconds for which the moments on a card are left as they are at least, though they pass.
LEAVE_FOR = 60.0


@dataclass(slots=True)
class _Shown:
    production_id: str
    words: str
    until: float = math.inf


class LinePlaces:
    """`position` and `ahead` are the dispatcher's: a production's place in the line, counted from 1, and who is before.

    `paused` is what the operator has paused just now.
    """

    def __init__(
        self,
        position: Callable[[str], int | None],
        ahead: Callable[[str], Ahead],
        clock: Callable[[], float],
    ) -> None:
        self._position = position
        self._ahead = ahead
        self._clock = clock
        self._shown: dict[int, _Shown] = {}  # by card
        self.paused = frozenset[str]()

    def know(self, in_line: Mapping[int, str]) -> None:
        """The cards of all films in the line, and the films; what a new one shows of its place is not known yet."""
        self._shown = {card: self._shown.get(card) or _Shown(film, "") for card, film in in_line.items()}

    def tells(self, card: Card, words: str, until: float | None = None) -> None:
        """Discord shows a card that tells a place in these words, and moments of which the first passes at `until`."""
        if card.is_in_line:
            passes = math.inf if until is None else max(until, self._clock() + LEAVE_FOR)
            self._shown[card.id] = _Shown(card.ref, words, passes)
        else:
            self._shown.pop(card.id, None)

    def words(self, production_id: str) -> str:
        """What a card rendered now would tell."""
        return self._words(production_id, self._position(production_id))

    def changed(self, but_for: Collection[int]) -> list[int]:
        """A few cards that tell another place than they should, or a moment that has passed; the foremost first."""
        found = []
        now = self._clock()
        for card, shown in self._shown.items():
            position = self._position(shown.production_id)
            if position is None or card in but_for:
                continue  # it has left the line, and its rows say so
            if shown.until <= now or self._words(shown.production_id, position) != shown.words:
                found.append((position, card))
        return [card for _, card in heapq.nsmallest(MOST_AT_ONCE, found)]

    def _words(self, production_id: str, position: int | None) -> str:
        """What of a card changes with the line alone, each part as far back as it is told, or costs nothing to ask."""
        words = place_in_words(position, ALL in self.paused)
        if position is None or position > FORETOLD or ALL in self.paused:
            return words
        if position <= TOLD_EXACTLY:
            words += who_goes_first(self._ahead(production_id))
        return " ".join([words, *sorted(self.paused)])
