"""One thing that is not well, and how much that matters."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from bot.speech import say

#: Of requests or films: a share that failed which is too large, where there were at least so many.
ERROR_SHARE, ENOUGH = 0.2, 10
#: Share of a cap, or of a limit over a day, from which on it is told.
NEARLY = 0.8


class Severity(IntEnum):
    """How much it matters; greater is worse."""

    NOTE = 1  # good to know
    WARNING = 2  # somebody should look today
    CRITICAL = 3  # people are let down now

    @property
    def word(self) -> str:
        """In the language spoken."""
        match self:
            case Severity.NOTE:
                return say("Note")
            case Severity.WARNING:
                return say("Warning")
            case Severity.CRITICAL:
                return say("Critical")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is not well. `name` stays the same while it lasts, so that it can be told once.

    `what` and `remedy` are sentences for operators, in the language spoken.
    """

    name: str
    severity: Severity
    what: str
    remedy: str
