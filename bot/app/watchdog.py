"""Watches the event loop: how late it comes to what is due, and what stands in its way.

One blocking call keeps everybody waiting, and Discord gives three seconds. A tick on the loop notes how late it comes;
a thread beside it writes down where the loop is while the tick is overdue.
"""

from __future__ import annotations

import asyncio
import logging
import math
import signal
import sys
import threading
import time
import traceback
from collections import Counter
from types import FrameType
from typing import NoReturn

logger = logging.getLogger(__name__)

#: Seconds between two ticks, and between two looks at them.
TICK = 0.025
#: A loop that is late by more than this, in seconds, is blocked.
BLOCKED_AFTER = 0.25
#: Seconds between two stacks that are told, so that a slow machine does not fill the log.
REST = 10.0
#: Seconds between two reports.
REPORT_EVERY = 3600.0
#: Frames of a stack that are told, the innermost last.
FRAMES = 12


class Lateness:
    """A histogram of seconds in steps of a tenth or so; it takes the same room however much it has seen."""

    _STEP = math.log(1.1)
    _LEAST = 0.0001

    def __init__(self) -> None:
        self.seen = 0
        self.most = 0.0
        self._steps: Counter[int] = Counter()

    def note(self, seconds: float) -> None:
        self.seen += 1
        self.most = max(self.most, seconds)
        self._steps[math.ceil(math.log(max(seconds, self._LEAST) / self._LEAST) / self._STEP)] += 1

    def within(self, share: float) -> float:
        """The seconds that this share of all stayed within, at most a tenth too many; 0 where nothing was seen."""
        left = share * self.seen
        for step in sorted(self._steps):
            left -= self._steps[step]
            if left <= 0:
                return min(self._LEAST * math.exp(step * self._STEP), self.most)
        return self.most


class Watchdog:
    """One per process. `tick` and `blocked_after` are in seconds. SIGUSR1 has it report at once."""

    def __init__(self, *, tick: float = TICK, blocked_after: float = BLOCKED_AFTER) -> None:
        self._tick = tick
        self._blocked_after = blocked_after
        self._due = math.inf
        self._over = threading.Event()
        self._lateness = Lateness()
        self._blocks = 0

    async def run(self) -> NoReturn:
        """Watch until cancelled, and report at the end what was seen since the last report."""
        loop = asyncio.get_running_loop()
        now = loop.time
        self._over.clear()
        watching = threading.Thread(target=self._look_on, args=(threading.get_ident(),), name="watchdog", daemon=True)
        watching.start()
        loop.add_signal_handler(signal.SIGUSR1, self._report)
        report_at = now() + REPORT_EVERY
        try:
            while True:
                self._due = now() + self._tick
                await asyncio.sleep(self._tick)
                late = now() - self._due
                self._lateness.note(late)
                self._blocks += late > self._blocked_after
                if now() >= report_at:
                    self._report()
                    report_at = now() + REPORT_EVERY
        finally:
            loop.remove_signal_handler(signal.SIGUSR1)
            self._due = math.inf
            self._over.set()
            self._report()

    def late(self) -> float:
        """The seconds by which 99 of 100 ticks came late at most, since the last report."""
        return self._lateness.within(0.99)

    def _report(self) -> None:
        """Numbers of this stretch of time; the next begins with none."""
        seen, self._lateness = self._lateness, Lateness()
        blocks, self._blocks = self._blocks, 0
        facts = {"p50": seen.within(0.5), "p99": seen.within(0.99), "most": seen.most}
        logger.info(
            "event loop",
            extra={"ticks": seen.seen, **{f"late_{name}": round(late, 4) for name, late in facts.items()}}
            | {"blocks": blocks},
        )

    def _look_on(self, loop_thread: int) -> None:
        """In a thread of its own: tell where the loop is while it is late."""
        told, rests_until = math.inf, 0.0
        while not self._over.wait(self._tick):
            due, now = self._due, time.monotonic()
            late = now - due
            if late < self._blocked_after or due == told or now < rests_until:
                continue
            frame = sys._current_frames().get(loop_thread)  # noqa: SLF001  # the documented way to another's stack
            if frame is None or _is_idle(frame):
                continue  # the machine is busy, not the loop
            told, rests_until = due, now + REST
            stack = traceback.extract_stack(frame, FRAMES)
            logger.warning(
                "the event loop stands still",
                extra={
                    "seconds": round(late, 3),
                    "stack": " < ".join(f"{each.filename}:{each.lineno} {each.name}" for each in reversed(stack)),
                },
            )


def _is_idle(frame: FrameType) -> bool:
    """Whether the loop waits for something to happen: then it did not get its turn from the machine."""
    return frame.f_code.co_name == "select" and frame.f_globals.get("__name__") == "selectors"
