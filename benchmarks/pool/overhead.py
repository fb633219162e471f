"""What the pool costs where nobody waits: CPU time of lease and release, in microseconds, beside the peers' acquire.

Windows are short enough for what is spent to leave them while it is measured: that costs, too. Ours and theirs take
turns, batch by batch, so that a busy neighbour slows both; of each the quickest batch counts.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import time
from collections.abc import Awaitable, Callable
from typing import Any

from benchmarks.adapter import make
from benchmarks.pool.findings import Claim, Findings
from benchmarks.pool.peers import MISSING, is_installed, peers
from benchmarks.pool.world import make_pool
from ratelimit import DayLimit, KeyPool, Limit, Priority

PLENTY = 1_000_000_000
SHORT = 0.1  # seconds


def measure(*, quick: bool = False) -> Findings:
    return asyncio.run(_measure(batches=3 if quick else 15, size=500 if quick else 4_000))


async def _measure(batches: int, size: int) -> Findings:
    five_rates = tuple(Limit(PLENTY, PLENTY, period=SHORT * factor) for factor in (1, 2, 3, 4, 5))
    minute_and_day = (Limit(PLENTY, PLENTY, period=SHORT), DayLimit(PLENTY, PLENTY))
    contestants: dict[str, Callable[[], Awaitable[object]]] = {
        "the pool, one key, one limit": _lease(make_pool(Limit(PLENTY, period=SHORT))),
        "the pool, 100 keys, requests and tokens by minute and day, and room": _lease(
            make_pool(*minute_and_day, accounts=100, room=PLENTY)
        ),
        "the pool, 100 keys, five windows": _lease(make_pool(*five_rates, accounts=100)),
        "the pool, one key, one limit, through the adapter": _acquire(
            {"limits": {"requests": PLENTY, "period": SHORT}}
        ),
    }
    one, hundred, windows, adapted = contestants
    missing = []
    for peer in peers():
        if peer.make is None:
            missing.append(peer.name)
        else:
            contestants[peer.name] = peer.make(PLENTY, 1.0 if "limits" in peer.name else SHORT)
    if is_installed("litellm") and size > 500:
        contestants["LiteLLM, picking a key"] = _pick(100)
    micros = await _race(contestants, batches, size)
    theirs = micros.get("aiolimiter")
    rows = [[name, f"{value:.1f}", f"{value / micros[one]:.2f}"] for name, value in micros.items()]
    return Findings(
        question="Uncontended: CPU of one lease and release",
        head=("", "µs", "× ours"),
        rows=[*rows, *([name, MISSING, ""] for name in missing)],
        claims=[
            Claim(
                what="one key, one limit, beside aiolimiter's acquire",
                measured=micros[one] / theirs if theirs else None,
                aim=5,
                unit="×",
                note="" if theirs else f"aiolimiter {MISSING}",
            ),
            Claim(what="the same through the adapter", measured=micros[adapted] / micros[one], aim=1.25, unit="×"),
            Claim(what="100 keys, five limits (minute, day, room)", measured=micros[hundred], aim=15, unit="µs"),
            Claim(what="100 keys, five windows", measured=micros[windows], aim=15, unit="µs"),
        ],
    )


def _lease(pool: KeyPool) -> Callable[[], Awaitable[object]]:
    async def lease() -> None:
        async with pool.lease(user="ana", priority=Priority.MEDIUM):
            pass

    return lease


def _acquire(spec: dict[str, object]) -> Callable[[], Awaitable[object]]:
    pool = make({"keys": ["key-1"], **spec})

    async def acquire() -> None:
        async with pool.acquire(user="ana", priority="medium", cost=1):
            pass

    return acquire


def _pick(keys: int) -> Callable[[], Awaitable[object]]:
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # or importing it asks the network
    litellm: Any = importlib.import_module("litellm")
    router = litellm.Router(
        model_list=[
            {"model_name": "film", "litellm_params": {"model": "openai/film", "api_key": f"k{n}", "rpm": 1_000_000}}
            for n in range(keys)
        ],
        routing_strategy="usage-based-routing-v2",
    )

    async def pick() -> None:
        await router.async_get_available_deployment(model="film", request_kwargs={}, messages=[])

    return pick


async def _race(contestants: dict[str, Callable[[], Awaitable[object]]], batches: int, size: int) -> dict[str, float]:
    best = dict.fromkeys(contestants, float("inf"))
    for _ in range(batches):
        for name, once in contestants.items():
            turns = size // 100 if name.startswith("LiteLLM") else size
            began = time.process_time()
            for _ in range(turns):
                await once()
            best[name] = min(best[name], (time.process_time() - began) / turns * 1e6)
    return best
