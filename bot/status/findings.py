"""Is it well? What in a status wants somebody, the gravest first, each with what to do about it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from bot.speech import counted, say
from bot.status.status import Status


class Severity(IntEnum):
    """How much it matters; greater is worse."""

    NOTE = 1  # good to know
    WARNING = 2  # somebody should look today
    CRITICAL = 3  # people are let down now


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is not well. `name` stays the same while it lasts, so that it is told once: "key runway-1a2b out".

    `what` and `remedy` are sentences for operators, in the language spoken.
    """

    name: str
    severity: Severity
    what: str
    remedy: str


def findings(status: Status) -> list[Finding]:
    """Everything that is not well, the gravest first; empty where all is well."""
    return sorted(_found(status), key=lambda finding: -finding.severity)


def _found(status: Status) -> Iterator[Finding]:
    yield from ()
    if status.database.error is not None:
        yield Finding(
            name="database",
            severity=Severity.CRITICAL,
            what=say("The database is not reached: {error}.", error=status.database.error),
            remedy=say("Start it, or look at its log; the bot goes on by itself once it is back."),
        )
    for paused in status.paused:
        yield Finding(
            name=f"paused {paused.name}",
            severity=Severity.NOTE,
            what=say("{name} is paused since {since}.", name=paused.name, since=f"<t:{paused.at:.0f}:R>"),
            remedy=say("Let it go on with /admin resume."),
        )
    if status.films.undelivered:
        yield Finding(
            name="undelivered",
            severity=Severity.WARNING,
            what=counted(
                status.films.undelivered,
                "{number} film could not be posted.",
                "{number} films could not be posted.",
            ),
            remedy=say("Look at the channels that are closed to me."),
        )
