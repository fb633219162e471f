"""An event loop whose seconds are short, for stories that wait and work with a real database and a real ffmpeg.

Virtual time would jump over what threads and processes are doing; here everything just passes sooner.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

Result = TypeVar("Result")

#: A minute is two real seconds: deadlines of ffmpeg still hold, waits of a second are over in a blink.
FASTER = 30.0


class _HurriedSelector(selectors.DefaultSelector):
    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        found: list[tuple[selectors.SelectorKey, int]] = super().select(None if timeout is None else timeout / FASTER)
        return found


class HurriedLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        super().__init__(_HurriedSelector())

    def time(self) -> float:
        return super().time() * FASTER


def run(story: Coroutine[Any, Any, Result]) -> Result:
    """Run `story` on a hurried loop of its own."""
    with asyncio.Runner(loop_factory=HurriedLoop) as runner:
        return runner.run(story)
