"""How one thing that can be refused (a key, an account, a model on an account, a provider) fares.

    healthy ──refused──> cooling ──time passes──> half-open ──success──> healthy
                            ^                        │
                            └────────refused─────────┘     each time for twice as long, up to a cap

Half-open lets one request through at a time: that is the probe by which it comes back by itself.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

SHORTEST_REST = 1.0
"""Seconds; doubles with every refusal in a row. Keeps a service that says "retry after 0" and refuses again from
being asked in a hot loop."""


@dataclass(slots=True)
class Health:
    """Whether one thing may serve, and if not, until when and why.

    Attributes:
        cooldown: seconds to rest when refused without a time; doubles with every refusal in a row.
        longest: seconds, the cap of that doubling.
        until: when the rest ends, infinity for good; meaningful while `refusals` > 0.
        refusals: in a row.
        generation: grows with every change. What a lease learned counts fully if the generation is still that of its
            grant: requests in flight together fail together, and that is one refusal, not many; and a success that
            was on its way before the refusal proves nothing.
        why: in words, for operators.
        cause: what put it out for good, to be chained to `NoUsableKey`.
    """

    cooldown: float
    longest: float
    until: float = 0.0
    refusals: int = 0
    is_probed: bool = False
    generation: int = 0
    why: str = ""
    cause: BaseException | None = None

    @property
    def is_healthy(self) -> bool:
        return not self.refusals

    @property
    def is_out(self) -> bool:
        """Out for good: waiting will not help."""
        return bool(self.refusals) and self.until == math.inf

    def may_serve(self, now: float) -> bool:
        return not self.refusals or (now >= self.until and not self.is_probed)

    def rest(self, until: float | None, why: str, *, generation: int, now: float) -> None:
        """It was refused, until a time or without one."""
        is_news = generation == self.generation and now >= self.until
        if is_news:
            growth = 2.0 ** min(self.refusals, 30)
            if until is None:
                until = now + min(self.cooldown * growth, self.longest)
            else:
                until = max(until, now + min(SHORTEST_REST * growth, self.longest))
        elif until is None or until <= self.until:
            return
        self.refusals += is_news or self.is_healthy
        self.until = max(self.until, until)
        self.why = why
        self.generation += 1

    def put_out(self, why: str, cause: BaseException | None) -> None:
        self.refusals += 1
        self.until = math.inf
        self.why = why
        self.cause = cause
        self.generation += 1

    def recover(self, *, generation: int) -> None:
        """It served."""
        if self.refusals and not self.is_out and generation == self.generation:
            self.reset()

    def reset(self) -> None:
        self.refusals = 0
        self.until = 0.0
        self.is_probed = False
        self.why = ""
        self.cause = None
        self.generation += 1
