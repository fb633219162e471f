"""Which cards of films in the line tell a place that has changed since: no row says so, and ten thousand may wait.

Rendering each of them every few seconds took all the bot had (measured, 2026-11). What a card tells of its place is
kept here in words, so that only those are rendered whose words have changed, the foremost first and few at a time.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from bot.ui.card_rows import Card
from bot.ui.cards import place_in_words

#: Cards of one look whose place alone has changed: Discord's limits are needed for what people wait for.
MOST_AT_ONCE = 10


@dataclass(slots=True)
class _Shown:
    production_id: str
    words: str


class LinePlaces:
    """`position` is the dispatcher's: a production's place in the line, counted from 1."""

    def __init__(self, position: Callable[[str], int | None]) -> None:
        self._position = position
        self._shown: dict[int, _Shown] = {}  # by card
        self.is_paused = False

    def know(self, in_line: Mapping[int, str]) -> None:
        """The cards of all films in the line, and the films; what a new one shows of its place is not known yet."""
        self._shown = {card: self._shown.get(card) or _Shown(film, "") for card, film in in_line.items()}

    def tells(self, card: Card, words: str) -> None:
        """Discord shows a card that tells a place in these words."""
        if card.is_in_line:
            self._shown[card.id] = _Shown(card.ref, words)
        else:
            self._shown.pop(card.id, None)

    def words(self, production_id: str) -> str:
        """What a card rendered now would tell."""
        return place_in_words(self._position(production_id), self.is_paused)

    def changed(self, but_for: Collection[int]) -> list[int]:
        """A few cards that tell another place than they should, the foremost first."""
        found = []
        for card, shown in self._shown.items():
            position = self._position(shown.production_id)
            if position is None or card in but_for:
                continue  # it has left the line, and its rows say so
            if place_in_words(position, self.is_paused) != shown.words:
                found.append((position, card))
        return [card for _, card in heapq.nsmallest(MOST_AT_ONCE, found)]
