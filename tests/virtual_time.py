"""An event loop whose clock jumps: where nothing is ready, it is at once the time of the next timer.

    async def story() -> None: ...

    virtual_time.run(story())

Hours pass in milliseconds, and the same story always takes the same turn. A story that waits for what no timer will
bring fails at once, instead of hanging.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")


class _JumpingSelector(selectors.DefaultSelector):
    """Asks for what is ready, and turns the time it should have slept into time that has passed."""

    passed = 0.0
    watch: Callable[[], None] | None = None

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready: list[tuple[selectors.SelectorKey, int]] = super().select(0)
        if not ready:
            if timeout is None:
                raise RuntimeError("everybody waits, and no timer will ever wake anybody")
            if timeout and self.watch is not None:
                self.watch()
            self.passed += timeout
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._jumping = _JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.passed

    def watch(self, look: Callable[[], None]) -> None:
        """Call `look` whenever all who could act have acted, right before time goes on."""
        self._jumping.watch = look


def run(story: Coroutine[Any, Any, Result]) -> Result:
    """Run `story` from second 0 of a fresh virtual clock, `asyncio.get_running_loop().time()`."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(story)


def watch(look: Callable[[], None]) -> None:
    """Call `look` before time goes on, each time it does."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualTimeLoop)
    loop.watch(look)


def now() -> float:
    return asyncio.get_running_loop().time()
