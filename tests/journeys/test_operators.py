"""What operators see of a bot that runs: ready once it is connected, its film in the numbers, gone when it stops."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from pathlib import Path

import aiohttp
from jsonschema import Draft202012Validator

from sandbox.process import ROOT
from tests.bot.ops.desk import TOKEN, fetch, schemas
from tests.bot.waiting import until
from tests.journeys.stage import Stage


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


async def test_a_film_is_seen_over_http_and_the_token_in_no_log(tmp_path: Path) -> None:
    port = free_port()
    environ = {"OPS_PORT": str(port), "OPS_TOKEN": TOKEN, "MIN_FREE_DISK_MIB": "1"}
    url, bearer = f"http://127.0.0.1:{port}", f"Bearer {TOKEN}"
    async with Stage(tmp_path, environ=environ) as stage:

        async def is_ready() -> bool:
            return (await fetch(f"{url}/readyz"))[:2] == (200, {"ready": True, "reasons": {}})

        await until(is_ready, every=0.1)
        assert await health(stage) == 0
        thread = await stage.plan(stage.mia)
        await stage.greenlight(stage.mia, thread)
        await stage.film_in(thread)
        await asyncio.sleep(1.0)  # for as long as a status is handed out again
        _, told, _ = await fetch(f"{url}/api/status", Authorization=bearer)
        Draft202012Validator(schemas()["status"]).validate(told)
        # Models end on days of the real calendar; a machine that tests is busy.
        found = {each["name"].split()[0] for each in told["findings"]}
        assert found <= {"model", "price", "loop"}, told["findings"]
        assert told["discord"]["is_connected"]
        assert told["money"]["users_today"][0]["id"] == str(stage.mia.id)
        orders = {each["name"]: each["orders_last_day"] for each in told["services"]}
        assert sum(sum(states.values()) for states in orders.values()) >= 2

        _, text, _ = await fetch(f"{url}/metrics", Authorization=bearer)
        assert 'greenlight_films_ended_last_day{state="done"} 1.0' in text
        await stage.bot.stop()
        assert await health(stage) == 1
        assert TOKEN not in stage.bot.said()
        assert "operators" in stage.bot.said()


async def health(stage: Stage) -> int:
    """What `python -m bot health` ends with."""
    environ = {**stage.environ(), "PATH": os.environ["PATH"]}
    asked = await asyncio.create_subprocess_exec(sys.executable, "-m", "bot", "health", cwd=ROOT, env=environ)
    return await asked.wait()


async def test_a_bot_that_cannot_reach_discord_lives_and_is_not_ready(tmp_path: Path) -> None:
    port = free_port()
    environ = {"OPS_PORT": str(port), "DISCORD_GATEWAY_URL": "ws://127.0.0.1:9/gateway"}
    async with Stage(tmp_path, environ=environ, starts=False) as stage:
        await stage.bot.start()

        async def answers() -> bool:
            try:
                return (await fetch(f"http://127.0.0.1:{port}/healthz"))[0] == 200
            except aiohttp.ClientError:
                return False

        await until(answers, within=60.0, every=0.1)
        code, told, _ = await fetch(f"http://127.0.0.1:{port}/readyz")
        await stage.bot.stop()

    assert code == 503
    assert told["reasons"]["discord"] == "not connected"
