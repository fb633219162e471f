"""What to do about a card that could not be posted or edited: one pure function, as `delivery_rules` is for ends.

A card is a view: losing one loses nothing, so it never goes to another channel.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.ui.delivery_rules import ARCHIVED, CLOSED_FOR, GIVE_UP_AFTER, LONGEST_WAIT
from bot.ui.sending import Busy, DiscordFailed, NotAllowed, Vanished

_MESSAGE_GONE = 10008


@dataclass(frozen=True, slots=True, kw_only=True)
class CardTried:
    """Of a card that failed: whether it shows an end that nothing changes any more (`is_final`), its seconds since it
    was created, and what was done for it before.
    """

    is_final: bool = False
    age: float = 0.0
    was_lost: bool = False
    was_opened: bool = False


@dataclass(frozen=True, slots=True)
class Later:
    """Try again after at least so many seconds; `for_channel`: no other card of the channel is tried before, either."""

    seconds: float = 0.0
    for_channel: bool = False


@dataclass(frozen=True, slots=True)
class Anew:
    """Post it again: its message was deleted."""


@dataclass(frozen=True, slots=True)
class Unarchive:
    """Take its thread out of the archive, then try again."""


@dataclass(frozen=True, slots=True)
class Settle:
    """Give it up."""


CardStep = Later | Anew | Unarchive | Settle


def decide_card(error: DiscordFailed, tried: CardTried) -> CardStep:
    match error:
        case Busy():
            return Later(min(error.retry_after, LONGEST_WAIT))
        case Vanished(code=code) if code == _MESSAGE_GONE and not tried.is_final and not tried.was_lost:
            return Anew()  # somebody may still have to press something; who deletes it twice means it
        case NotAllowed(code=code) if code == ARCHIVED and tried.age < GIVE_UP_AFTER:
            # For its end only: progress wakes no thread that people have put away.
            return Unarchive() if tried.is_final and not tried.was_opened else Later()
        case NotAllowed() if tried.age < GIVE_UP_AFTER:
            return Later(CLOSED_FOR, for_channel=True)
        case _:
            return Settle()
