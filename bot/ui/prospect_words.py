"""Why a film in the line has not begun, and when it probably will: on its card, and in `/queue`.

Moments are Discord's relative times, and always two: a range, rounded outwards.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from bot.production.forecast import Between
from bot.production.line import Ahead
from bot.production.prospects import Prospect
from bot.speech import counted, say
from bot.ui.waits import grain
from bot.ui.wording import enumerated

#: Places of which cards tell the reason and the range. Farther back these are of little use and change with every film
#: that begins, on ten thousand cards.
FORETOLD = 100


def why_in_line(ahead: Ahead, *, paused: Sequence[str] = (), busy: Sequence[str] = ()) -> str:
    """Everything that a film waits for, as a sentence; services go by the names that people know."""
    reasons = [who_goes_first(ahead)]
    if paused:
        reasons.append(
            counted(
                len(paused),
                "{services} is paused by the operator",
                "{services} are paused by the operator",
                services=enumerated(paused),
            )
        )
    elif busy:
        reasons.append(say("all keys of {services} are busy", services=enumerated(busy)))
    return f"{'; '.join(reasons)}."


def who_goes_first(ahead: Ahead) -> str:
    """Who goes before, of one's own films and others'."""
    if not ahead.own and not ahead.others:
        return say("It is next: it begins when a film that runs is done")
    own = counted(ahead.own, "your other film goes first", "{number} other films of yours go first")
    if not ahead.others:
        return own[0].upper() + own[1:]
    others = counted(ahead.others, "{number} film of others is ahead", "{number} films of others are ahead")
    if ahead.favoured:
        others = say("{others} ({number} of a higher class)", others=others, number=ahead.favoured)
    return say("{others}, and {own}", others=others, own=own) if ahead.own else others


def when_it_begins(prospect: Prospect, now: float, *, paused: Sequence[str] = ()) -> str:
    """When a film in the line probably begins and is done, or that nobody can tell."""
    if paused or prospect.begins is None or prospect.ends is None:
        return say("Nobody can tell yet when it begins.")
    return say(
        "Probably begins {begins}, and is done {ends}.",
        begins=in_range(prospect.begins, now),
        ends=in_range(prospect.ends, now),
    )


def in_range(between: Between, now: float) -> str:
    """From when to when, rounded outwards: it must not look surer than it is."""
    soonest, latest = _outwards(between, now)
    if soonest <= now:
        return say("any moment, or as late as <t:{latest}:R>", latest=latest)
    return say("<t:{soonest}:R> to <t:{latest}:R>", soonest=soonest, latest=latest)


def holds_until(prospect: Prospect, now: float, *, paused: Sequence[str] = ()) -> float | None:
    """When the first moment passes that is told of a film in the line; `None` where none is told."""
    if paused or prospect.begins is None or prospect.ends is None:
        return None
    moments = [*_outwards(prospect.begins, now), *_outwards(prospect.ends, now)]
    return min((moment for moment in moments if moment > now), default=now)


def _outwards(between: Between, now: float) -> tuple[int, int]:
    early, late = grain(between.soonest, now), grain(between.latest, now)
    return math.floor(between.soonest / early) * early, math.ceil(between.latest / late) * late
