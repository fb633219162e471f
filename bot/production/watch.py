"""How long an operation at a provider is looked at, and how often."""

from __future__ import annotations

import asyncio
import math

from providers.errors import RequestFault
from providers.video import OperationState

#: An operation that is not over after this long is given up, in seconds; its take is held.
OPERATION_DEADLINE = 3600.0
#: An operation the provider does not know for this long, in seconds, is lost; it may know it a moment later.
LOST_AFTER = 600.0
#: The longest pause between two looks while the provider does not answer, in seconds.
LONGEST_PAUSE = 60.0


class Watch:
    """How long one operation is looked at, and how often. Measured on the loop's clock, which never jumps."""

    def __init__(self, interval: float, *, deadline: float, lost_after: float) -> None:
        self._now = asyncio.get_running_loop().time
        self._interval = interval
        self._deadline = self._now() + deadline
        self._lost_after = lost_after
        self._lost_at = math.inf
        self.pause = interval
        self.unusable = 0

    @property
    def is_over(self) -> bool:
        return self._now() >= self._deadline

    @property
    def has_lost_it(self) -> bool:
        """Whether the provider has not known the operation for so long that it never will."""
        return self._now() >= self._lost_at

    def saw(self, state: OperationState | RequestFault | None) -> None:
        if isinstance(state, RequestFault):
            self._lost_at = min(self._lost_at, self._now() + self._lost_after)
        else:
            self._lost_at = math.inf
        if state is None:
            self.slow_down()
        else:
            self.pause = self._interval

    def slow_down(self) -> None:
        self.pause = min(self.pause * 2, LONGEST_PAUSE)
