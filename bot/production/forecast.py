"""When films that wait will be made, as ranges: from how long films took here lately, and who is ahead.

A range is told or nothing is: nobody is promised a moment. Seconds and Unix seconds.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Sequence
from dataclasses import dataclass

#: Films that a range goes by at least; and the parts of them that were quicker than its begin, and than its end.
LEAST, QUICK, SLOW = 3, 0.1, 0.9
#: By how much their numbers of shots may differ for two films to be alike.
ALIKE = 1.5


@dataclass(frozen=True, slots=True)
class Between:
    """Probably not before `soonest`, and not after `latest`."""

    soonest: float
    latest: float


@dataclass(frozen=True, slots=True)
class Made:
    """A film that was made: of how many shots, and in how many seconds."""

    shots: int
    took: float


def usual_pace(made: Sequence[Made], shots: int | None = None) -> Between | None:
    """How long a film takes, by how long others took: rather those of about as many shots, where they are enough.

    `None` where even all of them are too few.
    """
    alike = [] if shots is None else [each for each in made if shots / ALIKE <= each.shots <= shots * ALIKE]
    known = sorted(each.took for each in (alike if len(alike) >= LEAST else made))
    if len(known) < LEAST:
        return None
    last = len(known) - 1
    return Between(known[math.floor(QUICK * last)], known[math.ceil(SLOW * last)])


def begins(place: int, running_since: Sequence[float], pace: Between, now: float) -> Between:
    """When the film at this place in the line begins, counted from 1, while those that run are all that may at once."""
    if not running_since:
        return Between(now, now)
    quick = _end_of(place, [max(now, since + pace.soonest) for since in running_since], pace.soonest)
    slow = _end_of(place, [_late_end(since, pace, now) for since in running_since], pace.latest)
    return Between(quick, max(quick, slow))


def ends(since: Between, pace: Between, now: float) -> Between | None:
    """When a film is done that begins, or began, then; `None` where it takes longer than films do here."""
    soonest, latest = max(now, since.soonest + pace.soonest), since.latest + pace.latest
    return Between(soonest, latest) if latest > now else None


def _late_end(since: float, pace: Between, now: float) -> float:
    """When one that runs is over at the latest; one that should be over already is given a while."""
    return max(since + pace.latest, now + (pace.latest - pace.soonest) / 2)


def _end_of(place: int, ends_at: list[float], takes: float) -> float:
    """When the `place`th film ends from now on, where each that ends lets another begin."""
    heapq.heapify(ends_at)
    for _ in range(place - 1):
        heapq.heapreplace(ends_at, ends_at[0] + takes)
    return ends_at[0]
