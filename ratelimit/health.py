"""How one thing that can be refused (a key, an account, a model on an account, a provider) fares.

    healthy ──refused──> resting ──time passes──> half-open ──success──> healthy
                            ^                        │
                            └────────refused─────────┘     each time for longer, up to a cap

Half-open lets one request through at a time: that is the probe by which it comes back by itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

SHORTEST_REST = 1.0
"""Seconds; doubles with every refusal in a row, up to 8 where the service names a time of its own. Keeps one that says
"retry after 0" and refuses again from being asked in a hot loop; and it is the first rest of a key whose service
failed."""

NEVER_SERVED = 10
"""A rejected key that has not served once rests as many times longer as others serve, up to this: a wrong key in the
settings is the likelier story then, every probe of it is a refusal somebody waits out, and the more others serve, the
less it is missed."""

USED_UP = 3600.0
"""Seconds until what is used up without a word until when is asked again, should somebody have paid meanwhile."""

TRIAL = 2.0
"""Seconds for which a key that never served gets no second request while its first is under way: a dead key in the
settings is found out by one refusal then, not by as many as wait. Longer would make people wait for a slow answer."""

PROBE = 10.0
"""Seconds for which what comes back from a rest gets no second request while its first is under way. One that takes
longer was not refused, and nobody should wait for all of it."""


@dataclass(slots=True)
class Health:
    """Whether one thing may serve, and if not, until when and why.

    Attributes:
        cooldown: seconds to rest when refused without a time; grows with every refusal in a row.
        longest: seconds, the cap of that growth.
        until: when the rest ends; meaningful while `refusals` > 0.
        refusals: in a row.
        changed: the pool's epoch of the last change. What a lease learned counts fully if it was granted in or after
            that epoch: requests in flight together fail together, and that is one refusal, not many; and a success
            that was on its way before the refusal proves nothing.
        why: in words, for operators.
        probed_until: while one request is under way to find out: until when it gets no second.
        is_lasting: time alone is not expected to mend it, so that nobody should wait for it.
        has_served: at least once.
        cause: the failure behind it, to be chained to `NoUsableKey`.
    """

    cooldown: float
    longest: float
    until: float = 0.0
    refusals: int = 0
    is_probed: bool = False
    changed: int = 0
    why: str = ""
    probed_until: float = 0.0
    is_lasting: bool = False
    has_served: bool = False
    cause: BaseException | None = None

    @property
    def is_healthy(self) -> bool:
        return not self.refusals

    def is_out(self, now: float) -> bool:
        """Waiting will not help: nobody expects it back by itself, though it may be asked again some day."""
        return bool(self.refusals) and self.is_lasting and now < self.until

    def may_serve(self, now: float) -> bool:
        return now >= self.until and (not self.is_probed or now >= self.probed_until)

    def rest(
        self, until: float | None, why: str, *, now: float, epoch: int, is_current: bool, jitter: Callable[[], float]
    ) -> bool:
        """It was refused, until a time (on the clock of `now`) or without one; whether that changed anything.

        Without a time the first rest is `cooldown`, and the following are drawn between that and its double, fourfold,
        …: full jitter, uniform in [0, 1), over the growth. `epoch` is the pool's after this change; `is_current` says
        that the refused request was sent after the last one.
        """
        if until is not None and not math.isfinite(until):
            until = None  # no time that anybody could mean
        is_news = is_current and now >= self.until
        if is_news:
            growth = 2.0 ** min(self.refusals, 30)
            if until is None:
                until = now + min(self.cooldown * (1 + (growth - 1) * jitter()), self.longest)
            else:
                until = max(until, now + SHORTEST_REST * min(growth, 8.0))
        elif until is None or until <= self.until:
            return False
        self._refuse(max(self.until, until), why, epoch, is_again=is_news or self.is_healthy)
        return True

    def fail(self, *, now: float, epoch: int, is_current: bool) -> bool:
        """Its service failed while others serve: rest briefly, and longer each time; whether that changed anything."""
        if not is_current or now < self.until:
            return False
        rest = min(SHORTEST_REST * 2.0 ** min(self.refusals, 30), self.longest)
        self._refuse(now + rest, "unavailable", epoch)
        return True

    def reject(
        self, cause: BaseException | None, *, now: float, epoch: int, is_current: bool, serving: int = 0
    ) -> bool:
        """It is not accepted: out, and asked again after a rest that grows; whether that changed anything.

        So many others are `serving` meanwhile.
        """
        if self.is_out(now) or not is_current:
            return False
        patience = 1 if self.has_served else max(1, min(serving, NEVER_SERVED))
        rest = patience * self.cooldown * 2.0 ** min(self.refusals, 30)
        self._refuse(now + min(rest, 6 * self.longest), "rejected", epoch)
        self.is_lasting = True
        self.cause = cause
        return True

    def use_up(self, cause: BaseException | None, *, now: float, epoch: int, is_current: bool) -> bool:
        """Its credit is gone: out, and asked again every hour; whether that changed anything."""
        if self.is_out(now) or not is_current:
            return False
        self._refuse(now + USED_UP, "exhausted", epoch)
        self.is_lasting = True
        self.cause = cause
        return True

    def recover(self, *, epoch: int, is_current: bool) -> bool:
        """It served; whether that changed anything."""
        self.has_served = True
        if not self.refusals or not is_current:
            return False
        self.reset(epoch=epoch)
        return True

    def reset(self, *, epoch: int) -> None:
        self.refusals = 0
        self.until = 0.0
        self.is_probed = False
        self.why = ""
        self.is_lasting = False
        self.cause = None
        self.changed = epoch

    def _refuse(self, until: float, why: str, epoch: int, *, is_again: bool = True) -> None:
        self.refusals += is_again
        self.is_probed = False
        self.until = until
        self.why = why
        self.is_lasting = False
        self.changed = epoch
