"""A task that runs while a pool is used, from the first who needs it on; who waits for it learns of its end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Self


class Stopped(RuntimeError):
    """The pool was stopped while somebody waited for a key."""


class Upkeep:
    """Of one pool. `run` goes on until it is cancelled."""

    def __init__(self, run: Callable[[], Coroutine[None, None, None]]) -> None:
        self._run = run
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Quiet if it runs. After it failed or was stopped it begins anew."""
        self._running()

    def _running(self) -> asyncio.Task[None]:
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run(), name="upkeep")  # stop() ends it
        return self._task

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def needed(self) -> Waiting:
        """For as long as somebody waits for what it brings; starts it."""
        return Waiting(self._running())


class Waiting:
    """A block that fails with the task's error if the task ends before it `is_over`.

    Leaving the block raises what ended the task, or `Stopped`.
    """

    __slots__ = ("_deadline", "_is_on", "_task")

    def __init__(self, task: asyncio.Task[None]) -> None:
        self._task = task
        self._deadline: asyncio.Timeout | None = None
        self._is_on = False

    async def __aenter__(self) -> Self:
        self._deadline = await asyncio.timeout(None).__aenter__()  # the way to interrupt a task that is not ours
        self._task.add_done_callback(self._end)
        self._is_on = True
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, failure: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._deadline is not None, "only what was entered is left"
        self.is_over()
        self._task.remove_done_callback(self._end)
        try:
            await self._deadline.__aexit__(kind, failure, trace)
        except TimeoutError:
            error = None if self._task.cancelled() else self._task.exception()
            raise error or Stopped("the pool was stopped") from None

    def is_over(self) -> None:
        """They have what they waited for: the end of the task does not concern them."""
        self._is_on = False
        if self._deadline is not None and not self._deadline.expired():
            self._deadline.reschedule(None)

    def goes_on(self) -> None:
        """They wait for more."""
        self._is_on = True
        if self._task.done():
            self._end(self._task)

    def _end(self, task: asyncio.Task[None]) -> None:  # noqa: ARG002 - the shape of a callback
        if self._is_on and self._deadline is not None and not self._deadline.expired():
            self._deadline.reschedule(0.0)
