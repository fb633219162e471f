"""How the last two days went: once a minute each process writes down what it saw, for the chart and the dashboard."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What happened in the time up to `at` (a minute as written; longer where samples were thinned out).

    Args:
        seconds: how long that time was.
        requests: lent to each key, by its id.
        waiting: how many stood in line for a key, by class ("high", "medium", "generation", "low").
        films: accepted films that waited to begin.
        oldest: seconds that the one had waited who waited longest, for a key or to begin.
        spent_microusd: by the whole bot, so far in its UTC day.
        errors: what speaks against a key or its service.
        limited: answers of 429, by services and by Discord.
    """

    at: float
    seconds: float
    requests: Mapping[str, int] = field(default_factory=dict)
    waiting: Mapping[str, int] = field(default_factory=dict)
    films: int = 0
    oldest: float = 0.0
    spent_microusd: int = 0
    errors: int = 0
    limited: int = 0
