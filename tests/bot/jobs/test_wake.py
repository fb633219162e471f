"""Nudges between loops."""

from __future__ import annotations

import asyncio

from bot.jobs.wake import Wake, keep_looking
from tests import virtual_time


def test_a_nudge_ends_the_wait_of_every_listener() -> None:
    async def story() -> float:
        wake = Wake()
        async with asyncio.TaskGroup() as group:
            for _ in range(2):
                group.create_task(wake.listener().wait(at_most=60.0))
            await asyncio.sleep(1.0)
            wake()
        return virtual_time.now()

    assert virtual_time.run(story()) == 1.0


def test_a_nudge_that_came_while_the_loop_was_busy_is_remembered_once() -> None:
    async def story() -> list[float]:
        wake = Wake()
        listener = wake.listener()
        wake()
        wake()
        times = []
        for _ in range(2):
            await listener.wait(at_most=5.0)
            times.append(virtual_time.now())
        return times

    assert virtual_time.run(story()) == [0.0, 5.0]


def test_without_a_nudge_the_wait_ends_after_at_most_so_long() -> None:
    async def story() -> float:
        await Wake().listener().wait(at_most=5.0)
        return virtual_time.now()

    assert virtual_time.run(story()) == 5.0


def test_a_loop_looks_at_each_nudge_and_every_so_often_but_takes_a_breath_first() -> None:
    async def story() -> list[float]:
        wake, looks = Wake(), list[float]()

        async def look() -> None:
            looks.append(virtual_time.now())

        async with asyncio.TaskGroup() as group:
            loop = group.create_task(keep_looking(look, wake.listener(), every=10.0, breath=2.0))
            await asyncio.sleep(1.0)
            wake()
            await asyncio.sleep(14.0)
            loop.cancel()
        return looks

    assert virtual_time.run(story()) == [0.0, 2.0, 14.0]
