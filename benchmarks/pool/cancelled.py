"""Half of 10,000 waiters are cancelled at random instants, many of them in the very turn in which a key is lent.

A slot that is lost shows as a longer makespan; one that is lent twice as a refusal, or as too many in the room.
"""

from __future__ import annotations

import asyncio
import random

from benchmarks.pool.findings import Claim, Findings
from benchmarks.pool.servers import SlidingWindow
from benchmarks.pool.world import MINUTE, Network, make_pool, now, tell
from ratelimit import Limit, Priority

ACCOUNTS, LIMIT, ROOM = 3, 50, 20


def measure(*, quick: bool = False) -> Findings:
    waiters = 1_000 if quick else 10_000
    served, cancelled, refused, crowding, left_open, makespan = tell(_story(waiters))
    # All were there at second 0. In time, only those cancelled while they waited spare their slot.
    ideal = MINUTE * ((served - 1) // (ACCOUNTS * LIMIT))
    return Findings(
        question=f"Half of {waiters:,} waiters cancelled, {ACCOUNTS} × {LIMIT} per minute, {ROOM} open at once",
        head=("served", "cancelled", "refused", "most open at once", "left open", "makespan ×"),
        rows=[[str(served), str(cancelled), str(refused), str(crowding), str(left_open), f"{makespan / ideal:.3f}"]],
        claims=[
            Claim(what="neither served nor cancelled", measured=waiters - served - cancelled, aim=0),
            Claim(what="refusals", measured=refused, aim=0),
            Claim(what="open beyond the room", measured=max(0, crowding - ROOM), aim=0),
            Claim(what="room left open at the end", measured=left_open, aim=0),
            Claim(what="makespan", measured=makespan / ideal, aim=1.03, unit="×"),
        ],
    )


async def _story(waiters: int) -> tuple[int, int, int, int, int, float]:
    pool = make_pool(Limit(LIMIT, period=MINUTE), accounts=ACCOUNTS, room=ROOM)
    server, network, dice = SlidingWindow(LIMIT, MINUTE), Network(3), random.Random(3)  # noqa: S311 - a story
    served, refused, crowding = 0, 0, 0
    holders: dict[str, int] = {}
    sent_at: list[float] = []

    async def one(number: int) -> None:
        nonlocal served, refused, crowding
        async with pool.lease(user=f"user-{number % 50}", priority=Priority(number % 4)) as lease:
            account = lease.key.account
            holders[account] = holders.get(account, 0) + 1
            crowding = max(crowding, holders[account])
            try:
                left = now()
                await asyncio.sleep(network.delay())
                refused += not server.admits(account, now())
                await asyncio.sleep(network.delay())
                sent_at.append(left)
                served += 1
            finally:
                holders[account] -= 1

    tasks = [asyncio.ensure_future(one(number)) for number in range(waiters)]
    lasts = MINUTE * waiters / (ACCOUNTS * LIMIT) / 2
    for task in dice.sample(tasks, waiters // 2):
        at = dice.uniform(0, lasts)
        if dice.random() < 0.5:  # in the same turn of the loop as a window opens
            at = (MINUTE + 0.25) * round(at / (MINUTE + 0.25))
        asyncio.get_running_loop().call_at(at, task.cancel)
    await asyncio.gather(*tasks, return_exceptions=True)
    cancelled = sum(task.cancelled() for task in tasks)
    failures = [task.exception() for task in tasks if not task.cancelled() and task.exception()]
    assert not failures, failures[0]
    left_open = sum(key.open for key in pool.view().keys)
    return served, cancelled, refused, crowding, left_open, max(sent_at)
