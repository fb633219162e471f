"""The bot is killed at each step of a production and started again: one end is told, nothing is ordered twice."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from sandbox.providers.faults import Hang
from sandbox.providers.journal import LoggedRequest
from tests.journeys.stage import Stage

SHOTS = 2
Moment = Callable[[Stage, int], Awaitable[None]]


async def _accepted(stage: Stage, thread: int) -> None:
    await stage.until_told(stage.mia, "Greenlit")


async def _ordered(stage: Stage, thread: int) -> None:
    # Not the provider's word but ours: killed before the id is committed, an order's fate is unknown (tested below).
    await _row(stage, "SELECT 1 FROM paid_calls WHERE state = 'submitted' GROUP BY state HAVING count(*) = 2")


async def _looked_at(stage: Stage, thread: int) -> None:
    await _ordered(stage, thread)
    await stage.until_ordered(lambda: any(r.path.startswith("/v1/tasks/") for r in stage.providers.requests))


async def _fetching(stage: Stage, thread: int) -> None:
    await _ordered(stage, thread)
    await stage.until_ordered(lambda: any(r.method == "GET" and "/tasks/" not in r.path for r in _runway(stage)))


async def _cutting(stage: Stage, thread: int) -> None:
    await _row(stage, "SELECT 1 FROM productions WHERE stage = 'cut'")


async def _cut(stage: Stage, thread: int) -> None:
    await _row(stage, "SELECT 1 FROM productions WHERE state = 'done'")


async def _posted(stage: Stage, thread: int) -> None:
    await stage.film_in(thread)


MOMENTS = [_accepted, _ordered, _looked_at, _fetching, _cutting, _cut, _posted]


@pytest.mark.parametrize("moment", MOMENTS, ids=lambda moment: moment.__name__.strip("_"))
async def test_a_film_survives_kill_9(tmp_path: Path, moment: Moment) -> None:
    async with Stage(tmp_path) as stage:
        thread = await stage.plan(stage.mia)
        await stage.greenlight(stage.mia, thread)
        await moment(stage, thread)
        await stage.bot.kill()
        await stage.restart()
        await stage.film_in(thread)
        await stage.until(lambda: stage.card(thread, "Here is your film"))
        await stage.say_and_wait(stage.mia, thread, "what is shot 1 about?")  # a second delivery would come before this
        assert len(stage.films(thread)) == 1
        assert len(stage.orders()) == SHOTS


@pytest.mark.parametrize("applied", [False, True], ids=["not taken", "taken"])
async def test_an_order_without_an_answer_is_never_repeated(tmp_path: Path, applied: bool) -> None:
    async with Stage(tmp_path) as stage:
        thread = await stage.plan(stage.mia)
        stage.providers.faults.add("runway", "POST", "/v1/text_to_video", Hang(applied=applied))
        await stage.greenlight(stage.mia, thread)
        await stage.until_ordered(lambda: len(stage.orders()) == SHOTS)
        await stage.bot.kill()
        await stage.restart()
        await stage.until(lambda: stage.card(thread, "Held"))
        await stage.until(lambda: "went silent" in stage.read(thread))
        assert len(stage.orders()) == SHOTS
        assert not stage.films(thread)


@pytest.mark.parametrize("applied", [False, True], ids=["not posted", "posted"])
async def test_a_delivery_cut_off_in_the_middle_is_made_once(tmp_path: Path, applied: bool) -> None:
    async with Stage(tmp_path, pace=4.0) as stage:
        thread = await stage.plan(stage.mia)
        await stage.greenlight(stage.mia, thread)
        await stage.until(lambda: stage.card(thread, "Rendering"))
        posts = rf"/channels/{thread}/messages"
        stage.discord.faults.hang_up("POST", posts, applied=applied)
        before = len([r for r in stage.discord.requests if r.method == "POST" and r.path == posts])
        await stage.until(
            lambda: len([r for r in stage.discord.requests if r.method == "POST" and r.path == posts]) > before
        )
        await stage.bot.kill()
        await stage.restart()
        await stage.until(lambda: stage.card(thread, "Here is your film"))
        assert len(stage.films(thread)) == 1


async def test_a_stop_in_the_middle_is_clean_and_the_film_goes_on(tmp_path: Path) -> None:
    async with Stage(tmp_path) as stage:
        thread = await stage.plan(stage.mia)
        await stage.greenlight(stage.mia, thread)
        await _ordered(stage, thread)
        async with asyncio.timeout(25):
            assert await stage.bot.stop() == 0
        await stage.restart()
        await stage.film_in(thread)
        assert len(stage.orders()) == SHOTS


async def test_a_stop_does_not_wait_for_an_order_that_never_answers(tmp_path: Path) -> None:
    async with Stage(tmp_path) as stage:
        thread = await stage.plan(stage.mia)
        stage.providers.faults.add("runway", "POST", "/v1/text_to_video", Hang(applied=True))
        await stage.greenlight(stage.mia, thread)
        await stage.until_ordered(lambda: len(stage.orders()) == SHOTS)
        async with asyncio.timeout(25):  # what the README promises, and less than Docker's patience
            assert await stage.bot.stop() == 0
        await stage.restart()
        await stage.until(lambda: stage.card(thread, "Held"))
        assert len(stage.orders()) == SHOTS


async def test_a_stop_during_an_order_waits_for_its_answer(tmp_path: Path) -> None:
    async with Stage(tmp_path, pace=1.0) as stage:
        thread = await stage.plan(stage.mia)
        await stage.greenlight(stage.mia, thread)
        await stage.until_ordered(lambda: bool(stage.orders()))
        async with asyncio.timeout(25):
            assert await stage.bot.stop() == 0
        assert stage.rows("SELECT count(*) FROM paid_calls WHERE state = 'intent'") == [(0,)]
        await stage.restart()
        await stage.film_in(thread)
        assert len(stage.orders()) == SHOTS


def _runway(stage: Stage) -> list[LoggedRequest]:
    return [request for request in stage.providers.requests if request.service == "runway"]


async def _row(stage: Stage, query: str) -> None:
    async with asyncio.timeout(60):
        while not stage.rows(query):  # noqa: ASYNC110  # another process's row wakes nobody here
            await asyncio.sleep(0.01)
