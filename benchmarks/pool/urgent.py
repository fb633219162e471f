"""Urgent requests over a flood of 2,000 of the lowest class: do they find the window burnt, and what does that cost?

Whoever sends as fast as the window allows has nothing left for a minute; whoever always spaces wastes the first minute
of every short backlog (`saturated` measures that). Here the flood comes at second 0 and the urgent ones at random.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field

from benchmarks.pool.findings import Claim, Findings
from benchmarks.pool.peers import MISSING, Peer, peers, round_robin
from benchmarks.pool.servers import SlidingWindow
from benchmarks.pool.world import MINUTE, Network, make_pool, now, percentile, tell
from ratelimit import Limit, Priority

ACCOUNTS, LIMIT, FLOOD = 3, 15, 2_000
LASTS = 10 * MINUTE
GAPS = (6.0, 20.0)

Turn = Callable[[Priority], AbstractAsyncContextManager[str]]


@dataclass(slots=True)
class Run:
    """Seconds the urgent ones waited, when; how much of everything was sent in ten minutes; refusals."""

    waits: list[tuple[float, float]] = field(default_factory=list)
    sent: int = 0
    refused: int = 0


def measure(*, quick: bool = False) -> Findings:
    seeds = range(2 if quick else 20)
    flood = 500 if quick else FLOOD
    rows, claims = [], []
    for gap in GAPS[:1] if quick else GAPS:
        for story, is_known in (("", False), (", known keys", True)):
            runs = [tell(_ours(seed, gap, flood, is_known)) for seed in seeds]
            rows.append(_row(f"the pool{story}, one in {gap:g} s", runs))
            claims += _claims(f"one in {gap:g} s{story}", runs)
        for peer in peers() if gap == GAPS[0] else ():
            if peer.make is None:
                rows.append([peer.name, MISSING, "", "", "", "", ""])
            else:
                rows.append(_row(f"{peer.name}, one in {gap:g} s", [tell(_theirs(peer, 1, gap, flood))]))
    return Findings(
        question=f"Urgent requests over a flood of {flood:,} LOW, {ACCOUNTS} × {LIMIT} per minute, ten minutes",
        head=("seconds waited", "p50", "p99", "p99, worst seed", "longest", "throughput", "refused"),
        rows=rows,
        claims=claims,
        notes=[
            f"{len(seeds)} seeds together; the peers' queues know no classes, one seed",
            "known keys: each served a minute before, so that none is on trial when the flood comes",
            "throughput: all that was sent in ten minutes ÷ the bound of 450",
        ],
    )


def _claims(story: str, runs: Sequence[Run]) -> list[Claim]:
    waits = _waits(runs)
    late = [wait for run in runs for at, wait in run.waits if at >= MINUTE]
    return [
        Claim(
            what=f"urgent p99, {story}",
            measured=percentile(waits, 0.99),
            aim=2.6,
            unit="s",
            note=f"after the first minute {percentile(late, 0.99):.2f} s",
        ),
        Claim(
            what=f"throughput, {story}",
            measured=min(_throughput(run) for run in runs),
            aim=0.98,
            at_least=True,
        ),
        Claim(what=f"refusals, {story}", measured=sum(run.refused for run in runs), aim=0),
    ]


def _waits(runs: Sequence[Run]) -> list[float]:
    return [wait for run in runs for _, wait in run.waits]


def _throughput(run: Run) -> float:
    return run.sent / (ACCOUNTS * LIMIT * LASTS / MINUTE)


def _row(name: str, runs: Sequence[Run]) -> list[str]:
    waits = _waits(runs)
    worst = max(percentile([wait for _, wait in run.waits], 0.99) for run in runs)
    return [
        name,
        *(f"{value:.2f}" for value in (percentile(waits, 0.5), percentile(waits, 0.99), worst, max(waits))),
        f"{min(_throughput(run) for run in runs):.3f}",
        str(sum(run.refused for run in runs)),
    ]


async def _ours(seed: int, gap: float, flood: int, is_known: bool) -> Run:
    pool = make_pool(Limit(LIMIT, period=MINUTE), accounts=ACCOUNTS, seed=seed)
    if is_known:
        for number in range(1, ACCOUNTS + 1):
            async with pool.lease(user="before", priority=Priority.LOW, account=f"account-{number}"):
                pass
        await asyncio.sleep(MINUTE + 1)

    @asynccontextmanager
    async def turn(priority: Priority) -> AsyncIterator[str]:
        async with pool.lease(user=priority.name, priority=priority) as lease:
            yield lease.key.account

    return await _flood(turn, seed, gap, flood)


async def _theirs(peer: Peer, seed: int, gap: float, flood: int) -> Run:
    assert peer.make is not None
    acquire = round_robin([peer.make(LIMIT, MINUTE) for _ in range(ACCOUNTS)])

    @asynccontextmanager
    async def turn(priority: Priority) -> AsyncIterator[str]:
        del priority
        yield f"account-{await acquire()}"

    return await _flood(turn, seed, gap, flood)


async def _flood(turn: Turn, seed: int, gap: float, flood: int) -> Run:
    run, network, server = Run(), Network(seed), SlidingWindow(LIMIT, MINUTE)
    began = now()
    dice = random.Random(1_000 + seed)  # noqa: S311 - a story

    async def send(priority: Priority, asked: float) -> None:
        async with turn(priority) as account:
            granted = now()
            if priority is Priority.HIGH:
                run.waits.append((asked - began, granted - asked))
            if granted < began + LASTS:
                run.sent += 1
            await asyncio.sleep(network.delay())
            if not server.admits(account, now()):
                run.refused += 1

    async with asyncio.TaskGroup() as group:
        low = [group.create_task(send(Priority.LOW, began)) for _ in range(flood)]
        urgent = []
        while (pause := dice.expovariate(1 / gap)) + now() < began + LASTS:
            await asyncio.sleep(pause)
            urgent.append(group.create_task(send(Priority.HIGH, now())))
        await asyncio.sleep(max(0.0, began + LASTS - now()))
        # Whoever is urgent is waited for; in a queue that knows no classes that may be the whole flood's length.
        await asyncio.wait(urgent, timeout=60 * MINUTE)
        for task in (*low, *urgent):
            task.cancel()
    return run
