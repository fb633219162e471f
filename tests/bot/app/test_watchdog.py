"""Who watches the event loop sees that it stands still, and where."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import time

import pytest

from bot.app.watchdog import Lateness, Watchdog
from tests.bot.waiting import until


def test_a_share_of_what_was_late_is_told_within_a_tenth() -> None:
    lateness = Lateness()
    for number in range(1, 1001):
        lateness.note(number / 1000)

    assert lateness.within(0.5) == pytest.approx(0.5, rel=0.1)
    assert lateness.within(0.99) == pytest.approx(0.99, rel=0.1)
    assert lateness.within(1.0) == lateness.most == 1.0


def test_who_has_seen_nothing_tells_nothing() -> None:
    assert Lateness().within(0.99) == 0.0


def blocking_call(log: pytest.LogCaptureFixture) -> None:
    """Stand in the loop's way until somebody says so; without a watchdog for two seconds."""
    give_up_at = time.monotonic() + 2.0
    while "stands still" not in log.text and time.monotonic() < give_up_at:
        time.sleep(0.001)


async def test_a_call_that_blocks_the_loop_is_told_with_its_stack(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    async with asyncio.TaskGroup() as group:
        watching = group.create_task(Watchdog(tick=0.005, blocked_after=0.03).run())
        await asyncio.sleep(0.01)
        blocking_call(caplog)
        await asyncio.sleep(0.01)
        watching.cancel()

    told, report = caplog.records
    assert "blocking_call" in told.__dict__["stack"]
    assert report.message == "event loop"
    assert report.__dict__["blocks"] >= 1
    assert report.__dict__["late_most"] > 0.03


async def test_a_loop_that_waits_is_not_taken_for_a_blocked_one(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    async with asyncio.TaskGroup() as group:
        watching = group.create_task(Watchdog(tick=0.001, blocked_after=-1.0).run())  # every tick counts as late
        await asyncio.sleep(0.05)
        watching.cancel()

    stacks = [record.__dict__["stack"] for record in caplog.records]
    assert not [stack for stack in stacks if " select < " in stack]


async def test_whoever_asks_by_a_signal_is_told_at_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    async def told() -> bool:
        return bool(caplog.records)

    async with asyncio.TaskGroup() as group:
        watching = group.create_task(Watchdog(tick=0.001).run())
        await asyncio.sleep(0.01)
        os.kill(os.getpid(), signal.SIGUSR1)
        await until(told)
        assert caplog.records[-1].message == "event loop"
        watching.cancel()
