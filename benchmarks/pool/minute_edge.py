"""140 requests just before a full minute and 140 just after, on eight keys of 20 per minute.

The provider counts any 60 seconds, so only 20 of the second 140 fit at once. Whoever counts by the clock's minute
believes that all of them do, and is refused.
"""

from __future__ import annotations

import asyncio
from types import SimpleNamespace

from benchmarks import adapter
from benchmarks.pool.eight_keys import Run
from benchmarks.pool.findings import Claim, Findings
from benchmarks.pool.router import routers
from benchmarks.pool.servers import SlidingWindow
from benchmarks.pool.world import MINUTE, Network, now, tell

KEYS, LIMIT, BURST = 8, 20, 140


def measure(*, quick: bool = False) -> Findings:
    run = tell(_story())
    rows = [["the pool", str(run.served), str(run.failed), str(run.refused), f"{run.ended_at - 55:.1f}"]]
    rows += [[name, *cells] for name, cells in routers("minute_edge", quick=quick)]
    return Findings(
        question=f"A minute's edge: {BURST} requests at :55 and {BURST} at :00, {KEYS} keys of {LIMIT} per minute",
        head=("", "served", "failed", "refused by the provider", "seconds"),
        rows=rows,
        claims=[
            Claim(what="served", measured=run.served, aim=2 * BURST, at_least=True),
            Claim(what="refused by the provider", measured=run.refused, aim=0),
        ],
    )


async def _story() -> Run:
    pool = adapter.make({"keys": [f"k{n}" for n in range(KEYS)], "limits": {"requests": LIMIT, "period": MINUTE}})
    run, network, server = Run(), Network(5), SlidingWindow(LIMIT, MINUTE)

    async def send(key: str) -> SimpleNamespace:
        run.calls += 1
        await asyncio.sleep(network.delay())
        status = 200 if server.admits(key, now()) else 429
        run.refused += status != 200
        await asyncio.sleep(0.15)
        return SimpleNamespace(status=status, headers={}, retry_after=None, reason="")

    async def one(number: int) -> None:
        result = await pool.call(send, user=f"user-{number % 30}", priority="medium")
        run.served += result.status == 200
        run.failed += result.status != 200

    await asyncio.sleep(55.0)
    async with asyncio.TaskGroup() as group:
        for number in range(BURST):
            group.create_task(one(number))
        await asyncio.sleep(MINUTE - now())
        for number in range(BURST):
            group.create_task(one(number))
    run.ended_at = now()
    return run
