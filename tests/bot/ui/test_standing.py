"""How we stand with Discord: what was refused, what is left, and for how long nothing is sent."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, cast

import aiohttp
import pytest

from bot.db import Database
from bot.ui.brake import Brake, Sessions, until_we_may_identify
from bot.ui.standing import standing
from tests import virtual_time
from tests.bot.ui.test_client import Lobby


def refuse(brake: Brake, status: int, **headers: str) -> Any:
    answer: Any = type("Answer", (), {"status": status, "headers": headers, "content_type": "application/json"})()
    end: Any = type("End", (), {"response": answer})()
    return brake._after(cast("aiohttp.ClientSession", None), cast("Any", None), end)


def test_what_is_refused_counts_for_ten_minutes_and_silence_ends_with_it() -> None:
    async def story() -> None:
        brake = Brake(budget=2)
        await refuse(brake, 403, Via="1.1 google")
        await asyncio.sleep(100)
        await refuse(brake, 429, Via="1.1 google")
        assert (brake.refused(), brake.limited) == (2, 1)
        assert brake.silent_for() == pytest.approx(500.0)
        await asyncio.sleep(501)
        assert (brake.refused(), brake.silent_for()) == (1, 0.0)

    virtual_time.run(story())


def test_a_pause_that_the_front_asks_for_is_silence() -> None:
    async def story() -> None:
        brake = Brake()
        await refuse(brake, 429, **{"Retry-After": "120"})
        assert brake.silent_for() == pytest.approx(120.0)

    virtual_time.run(story())


async def test_what_is_left_of_the_days_sessions_is_remembered() -> None:
    async def told() -> tuple[int, str, dict[str, int]]:
        return 1, "", {"remaining": 977, "total": 1000, "reset_after": 3_600_000}

    http: Any = type("Http", (), {"get_bot_gateway": staticmethod(told)})()
    brake = Brake()
    await until_we_may_identify(http, brake)

    assert brake.sessions is not None
    assert (brake.sessions.left, brake.sessions.of) == (977, 1000)


async def test_a_client_that_is_not_connected_says_so(database: Database, tmp_path: Path) -> None:
    client = Lobby(database, tmp_path).client
    client.brake.sessions = Sessions(5, 1000, 9.0)
    client.brake.limited = 3

    found = standing(client)

    assert (found.is_connected, found.latency, found.silent_until) == (False, None, None)
    assert (found.sessions_left, found.limited, found.refused_at_most) == (5, 3, client.brake.budget)
