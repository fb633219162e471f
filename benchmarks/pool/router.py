"""LiteLLM's Router beside the pool, unmodified, in a process of its own whose every clock is virtual.

It talks through its OpenAI client to a transport in memory that counts as the provider does. `python -m
benchmarks.pool.router SCENARIO` prints what came of it as JSON; `routers` runs that and reads it.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import logging
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from benchmarks.pool.peers import MISSING, is_installed
from benchmarks.pool.servers import SlidingWindow
from benchmarks.pool.world import EPOCH, MINUTE, Network, StoryLoop, now

STRATEGIES = ("simple-shuffle", "usage-based-routing-v2")


def routers(scenario: str, *, quick: bool = False) -> Iterator[tuple[str, list[str]]]:
    """A name and four cells for each strategy: served, failed, refused, seconds."""
    for strategy in STRATEGIES:
        name = f"LiteLLM, {strategy}"
        if quick or not is_installed("litellm"):
            yield name, ["left out (quick)" if quick else MISSING, "", "", ""]
            continue
        run = subprocess.run(
            [sys.executable, "-m", "benchmarks.pool.router", scenario, strategy],
            capture_output=True,
            check=False,
            text=True,
            timeout=180,
            env={**os.environ, "LITELLM_LOCAL_MODEL_COST_MAP": "True"},
        )
        if run.returncode:
            yield name, [f"did not run: {run.stderr.strip().splitlines()[-1][:60]}", "", "", ""]
        else:
            told = json.loads(run.stdout.splitlines()[-1])
            yield name, [str(told["served"]), str(told["failed"]), str(told["refused"]), f"{told['seconds']:.1f}"]


class Story:
    """One scenario on virtual time: a provider in memory, and a Router with a deployment for each key."""

    def __init__(self, strategy: str, rates: Mapping[str, int], dead: str | None) -> None:
        self.served = self.failed = self.refused = 0
        self._dead = dead
        self._network = Network(5)
        self._server = SlidingWindow(20, MINUTE, dict(rates))
        litellm: Any = importlib.import_module("litellm")
        httpx: Any = importlib.import_module("httpx")
        story = self

        class Provider(httpx.AsyncBaseTransport):  # type: ignore[misc]  # a class that may be missing
            async def handle_async_request(self, request: Any) -> Any:  # noqa: ANN401 - httpx's
                key = request.headers["authorization"].removeprefix("Bearer ")
                status = await story.answer(key)
                return httpx.Response(status, json=_ANSWER if status == 200 else _ERROR, request=request)

        litellm.aclient_session = httpx.AsyncClient(transport=Provider())
        litellm.suppress_debug_info = True
        self._router: Any = litellm.Router(
            model_list=[
                {
                    "model_name": "film",
                    "litellm_params": {
                        "model": "openai/film",
                        "api_key": key,
                        "api_base": "http://provider/v1",
                        "rpm": rate,
                    },
                }
                for key, rate in rates.items()
            ],
            routing_strategy=strategy,
            num_retries=3,
            cooldown_time=30,
        )

    async def answer(self, key: str) -> int:
        await asyncio.sleep(self._network.delay())
        status = 403 if key == self._dead else 200 if self._server.admits(key, now()) else 429
        self.refused += status != 200
        await asyncio.sleep(0.15)
        return status

    async def request(self) -> None:
        try:
            await self._router.acompletion(model="film", messages=[{"role": "user", "content": "a paper boat"}])
        except Exception:  # noqa: BLE001 - whatever it is, a user sees it
            self.failed += 1
        else:
            self.served += 1


_ANSWER = {
    "id": "1",
    "object": "chat.completion",
    "created": 1,
    "model": "film",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "yes"}}],
    "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
}
_ERROR = {"error": {"message": "refused", "type": "refused", "code": "refused"}}


async def _eight_keys(strategy: str) -> dict[str, float]:
    from benchmarks.pool.eight_keys import CALLERS, DEAD, RATES, REQUESTS

    story = Story(strategy, RATES, DEAD)

    async def caller(number: int) -> None:
        for _ in range(number, REQUESTS, CALLERS):
            await story.request()

    await asyncio.gather(*(caller(number) for number in range(CALLERS)))
    return {"served": story.served, "failed": story.failed, "refused": story.refused, "seconds": now()}


async def _minute_edge(strategy: str) -> dict[str, float]:
    from benchmarks.pool.minute_edge import BURST, KEYS, LIMIT

    story = Story(strategy, {f"k{n}": LIMIT for n in range(KEYS)}, None)
    await asyncio.sleep(55.0)
    async with asyncio.TaskGroup() as group:
        for _ in range(BURST):
            group.create_task(story.request())
        await asyncio.sleep(MINUTE - now())
        for _ in range(BURST):
            group.create_task(story.request())
    return {"served": story.served, "failed": story.failed, "refused": story.refused, "seconds": now() - 55}


def _replace_clocks(loop: asyncio.AbstractEventLoop) -> None:
    """Every clock of the process, from now on, is the loop's."""

    class VirtualDatetime(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:  # noqa: ANN401 - datetime's own
            return datetime.fromtimestamp(EPOCH, tz) + timedelta(seconds=loop.time())

        @classmethod
        def utcnow(cls) -> Any:  # noqa: ANN401 - likewise
            return datetime.utcfromtimestamp(EPOCH) + timedelta(seconds=loop.time())  # noqa: DTZ004 - what it replaces

    for name, module in list(sys.modules.items()):
        if name.partition(".")[0] == "litellm":
            if getattr(module, "datetime", None) is datetime:
                module.datetime = VirtualDatetime  # type: ignore[attr-defined]  # a module's global
            elif getattr(getattr(module, "datetime", None), "datetime", None) is datetime:
                module.datetime = _WithDatetime(VirtualDatetime)  # type: ignore[attr-defined]  # likewise
    time.time = lambda: EPOCH + loop.time()
    time.monotonic = loop.time


def _beat(loop: asyncio.AbstractEventLoop) -> None:
    """Give its threads a real moment now and then; a story that has not ended after an hour hangs."""
    if loop.time() > 60 * MINUTE:
        raise TimeoutError("an hour has passed")
    time.sleep(0.001)
    loop.call_later(1.0, _beat, loop)


class _WithDatetime:
    """The module `datetime` with another class in it."""

    def __init__(self, virtual: type[datetime]) -> None:
        self.datetime = virtual

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - a module's
        return getattr(importlib.import_module("datetime"), name)


def main() -> None:
    scenario, strategy = sys.argv[1:]
    logging.disable(logging.CRITICAL)
    importlib.import_module("litellm")
    importlib.import_module("litellm.router")
    importlib.import_module("litellm.router_strategy.lowest_tpm_rpm_v2")
    stories = {"eight_keys": _eight_keys, "minute_edge": _minute_edge}
    loop = StoryLoop()
    _replace_clocks(loop)
    loop.call_soon(_beat, loop)
    told = loop.run_until_complete(stories[scenario](strategy))
    print(json.dumps(told), flush=True)
    os._exit(0)  # its threads and tasks are not ours to wind up, and there is nothing to lose


if __name__ == "__main__":
    main()
