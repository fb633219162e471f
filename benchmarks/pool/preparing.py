"""Callers that prepare 0 to 3 seconds between the grant and the sending: the grant is not the sending.

Who tells the pool (`lease.sent()`) has it counted from there; who does not is counted from the end of the block.
"""

from __future__ import annotations

import asyncio
import random

from benchmarks.pool.findings import Claim, Findings
from benchmarks.pool.servers import SERVERS, Server
from benchmarks.pool.world import MINUTE, Network, make_pool, now, tell
from ratelimit import Limit, Priority

ACCOUNTS, LIMIT = 3, 15


def measure(*, quick: bool = False) -> Findings:
    requests = 180 if quick else 1_000
    seeds = range(1 if quick else 5)
    rows, claims = [], []
    for says_so in (True, False):
        name = "with sent()" if says_so else "without sent()"
        refused_by_all = 0
        for server, make in SERVERS.items():
            runs = [tell(_prepare(make(LIMIT, MINUTE), requests, says_so=says_so, seed=seed)) for seed in seeds]
            refused = sum(run[0] for run in runs)
            refused_by_all += refused
            last = max(run[1] for run in runs)
            ideal = MINUTE * ((requests - 1) // (ACCOUNTS * LIMIT))
            rows.append([name, server, str(refused), f"{last / ideal:.3f}"])
        claims.append(Claim(what=f"refusals {name}", measured=refused_by_all, aim=0))
    return Findings(
        question=f"Preparing 0 to 3 s after the grant: {requests:,} requests at {ACCOUNTS} × {LIMIT} per minute",
        head=("", "server counts by", "refused", "makespan ×"),
        rows=rows,
        claims=claims,
        notes=["the makespan's bound prepares in no time; each window may cost the longest preparation, 3 s of 60"],
    )


async def _prepare(server: Server, requests: int, *, says_so: bool, seed: int) -> tuple[int, float]:
    """How many were refused, and when the last one left."""
    pool, network = make_pool(Limit(LIMIT, period=MINUTE), accounts=ACCOUNTS), Network(seed)
    dice = random.Random(seed)  # noqa: S311 - a story
    refused, last = 0, 0.0

    async def one(number: int) -> None:
        nonlocal refused, last
        async with pool.lease(user=f"user-{number % 10}", priority=Priority.MEDIUM) as lease:
            await asyncio.sleep(dice.uniform(0, 3))
            if says_so:
                lease.sent()
            last = max(last, now())
            await asyncio.sleep(network.delay())
            if not server.admits(lease.key.account, now()):
                refused += 1
            await asyncio.sleep(network.delay())

    await asyncio.gather(*(one(number) for number in range(requests)))
    return refused, last
