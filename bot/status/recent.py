"""What the key pools of this process did lately: their counters only grow, so an earlier look is taken off."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field

from ratelimit import KeyPool, Priority, Waits

#: Seconds that count as lately.
PERIOD = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """The counters of one pool at a time: waits by class, requests and refusals by key, verdicts by key and name."""

    waits: tuple[Waits, ...] = field(default_factory=lambda: tuple(Waits() for _ in Priority))
    asked: Mapping[str, int] = field(default_factory=dict)
    refused: Mapping[str, int] = field(default_factory=dict)
    verdicts: Mapping[tuple[str, str], int] = field(default_factory=dict)

    @classmethod
    def at(cls, pool: KeyPool) -> Look:
        """How a pool stands now."""
        keys = pool.view().keys
        return cls(
            waits=tuple(deepcopy(waits) for waits in pool.counters.waits),
            asked={key.id: key.granted for key in keys},
            refused={key.id: key.refused for key in keys},
            verdicts=dict(pool.counters.verdicts),
        )

    def since(self, earlier: Look) -> Look:
        """What was done after an earlier look."""
        return Look(
            waits=tuple(now.since(then) for now, then in zip(self.waits, earlier.waits, strict=True)),
            asked=_growth(self.asked, earlier.asked),
            refused=_growth(self.refused, earlier.refused),
            verdicts={
                place: number - earlier.verdicts.get(place, 0)
                for place, number in self.verdicts.items()
                if number > earlier.verdicts.get(place, 0)
            },
        )

    def by_verdict(self) -> Counter[str]:
        """How often each was learned, of all keys."""
        found: Counter[str] = Counter()
        for (_, name), number in self.verdicts.items():
            found[name] += number
        return found


class Recent:
    """Looks at pools, kept for `period` seconds; `note` is called now and then."""

    def __init__(self, pools: Mapping[str, KeyPool], *, period: float = PERIOD) -> None:
        self.period = period
        self._pools = pools
        self._looks: deque[tuple[float, dict[str, Look]]] = deque()

    def note(self, now: float) -> None:
        """Remember how they stand; `now` never runs backwards."""
        self._looks.append((now, {name: Look.at(pool) for name, pool in self._pools.items()}))
        while len(self._looks) > 1 and self._looks[1][0] <= now - self.period:
            self._looks.popleft()

    def lately(self, name: str) -> Look:
        """What a pool did since the oldest look; all it ever did, before there is one."""
        now = Look.at(self._pools[name])
        return now.since(self._looks[0][1].get(name, Look())) if self._looks else now


def _growth(now: Mapping[str, int], earlier: Mapping[str, int]) -> dict[str, int]:
    return {name: max(0, number - earlier.get(name, 0)) for name, number in now.items()}
