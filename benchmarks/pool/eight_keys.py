"""Eight keys, one of them dead and one slower, and twice as many requests as fit into a minute.

Six keys of 20 per minute, k6 of 10, and k7 whose every request is answered 403. 0.15 s for an answer. Thirty callers,
each with one request after the other; or, as a harness may read "twice what fits", all requests through a minute.
A router without a queue fails what does not fit; ours waits.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from types import SimpleNamespace

from benchmarks import adapter
from benchmarks.pool.findings import Claim, Findings
from benchmarks.pool.router import routers
from benchmarks.pool.servers import SlidingWindow
from benchmarks.pool.world import MINUTE, Network, now, tell

RATES = {**{f"k{n}": 20 for n in range(6)}, "k6": 10, "k7": 20}
DEAD = "k7"
REQUESTS, CALLERS, ANSWER = 260, 30, 0.15


@dataclass(slots=True)
class Run:
    served: int = 0
    failed: int = 0
    calls: int = 0
    refused: int = 0
    waits: list[float] = field(default_factory=list)
    ended_at: float = 0.0


def measure(*, quick: bool = False) -> Findings:
    runs = {"thirty callers": tell(_story(through_a_minute=False)), "in a minute": tell(_story(through_a_minute=True))}
    rows = [
        [f"the pool, {how}", str(run.served), str(run.failed), str(run.refused), f"{run.ended_at:.1f}"]
        for how, run in runs.items()
    ]
    rows += [[name, *cells] for name, cells in routers("eight_keys", quick=quick)]
    rows.append(["gemini-balance (not run; peers.md)", "130", "130", "352", ""])
    return Findings(
        question=f"Eight keys: six of 20 per minute, one of 10, one dead; {REQUESTS} requests, twice what fits",
        head=("", "served", "failed", "refused by the provider", "seconds"),
        rows=rows,
        claims=[
            claim
            for how, run in runs.items()
            for claim in (
                Claim(what=f"served, {how}", measured=run.served, aim=REQUESTS, at_least=True),
                Claim(what=f"failed, {how}", measured=run.failed, aim=0),
                Claim(what=f"refused by the provider, {how}", measured=run.refused, aim=1),
            )
        ],
    )


async def _story(*, through_a_minute: bool) -> Run:
    spec = {"keys": list(RATES), "limits": {key: {"requests": rate, "period": MINUTE} for key, rate in RATES.items()}}
    pool = adapter.make(spec)
    run, network, server = Run(), Network(5), SlidingWindow(20, MINUTE, RATES)

    async def send(key: str) -> SimpleNamespace:
        run.calls += 1
        await asyncio.sleep(network.delay())
        status = 403 if key == DEAD else 200 if server.admits(key, now()) else 429
        run.refused += status != 200
        await asyncio.sleep(ANSWER)
        return SimpleNamespace(status=status, headers={}, retry_after=None, reason="")

    async def request(number: int) -> None:
        if through_a_minute:
            await asyncio.sleep(number * MINUTE / REQUESTS)
        result = await pool.call(send, user=f"user-{number % CALLERS}", priority="medium")
        run.served += result.status == 200
        run.failed += result.status != 200

    async def caller(number: int) -> None:
        for each in range(number, REQUESTS, CALLERS):
            await request(each)

    await pool.start()
    if through_a_minute:
        await asyncio.gather(*(request(number) for number in range(REQUESTS)))
    else:
        await asyncio.gather(*(caller(number) for number in range(CALLERS)))
    await pool.stop()
    run.ended_at = now()
    return run
