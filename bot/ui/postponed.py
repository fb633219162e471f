"""Commands that wait while somebody is asked a question first: kept for a while, so that they go on by themselves.

In memory alone: what somebody asked for is nobody's business once it is answered, and a command asked for again after
a restart costs a moment. How many are kept, and for how long, is bounded.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

import discord

#: Seconds for which one is kept, as long as Discord lets us touch our answer to it (docs, 2026-08); and how many.
KEPT_FOR, MOST_KEPT = 900.0, 1000


@dataclass(frozen=True, slots=True)
class _Kept:
    asked: discord.Interaction
    at: float


class Postponed:
    """The last command of each person in each channel. `clock` never runs backwards."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: OrderedDict[tuple[int, int | None], _Kept] = OrderedDict()

    def keep(self, asked: discord.Interaction) -> bool:
        """Keep a command or the choice in a message's menu; false for anything else.

        A press stays to be made again: it may order something, at a price that was on the screen then.
        """
        if asked.type is not discord.InteractionType.application_command:
            return False
        where = (asked.user.id, asked.channel_id)
        self._kept.pop(where, None)
        self._kept[where] = _Kept(asked, self._clock())
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        return True

    def take(self, press: discord.Interaction) -> discord.Interaction | None:
        """What whoever presses asked for in this channel, once; `None` where it is not known any more."""
        kept = self._kept.pop((press.user.id, press.channel_id), None)
        if kept is None or self._clock() - kept.at >= KEPT_FOR:
            return None
        return kept.asked
