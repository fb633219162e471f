"""More work than fits, for ten windows: does the provider ever refuse, and is any of its capacity left unused?

The bound is what a perfect sender would do that knows every delay beforehand: 45 at second 0 and at every full minute.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from statistics import mean

from benchmarks.pool.findings import Claim, Findings
from benchmarks.pool.peers import MISSING, Peer, peers, round_robin
from benchmarks.pool.servers import SERVERS, Server, SlidingWindow
from benchmarks.pool.world import MINUTE, Network, Refusal, make_pool, now, tell
from ratelimit import KeyPool, Limit, Priority, Throttled

ACCOUNTS, LIMIT, WINDOWS = 3, 15, 10
PER_WINDOW = ACCOUNTS * LIMIT

Turn = Callable[[int], AbstractAsyncContextManager[str]]
"""`turn(number)` waits and yields the account to send with; refusals leave its block as exceptions."""


@dataclass(slots=True)
class Run:
    """When each request left, and how many the server refused."""

    sent: list[float] = field(default_factory=list)
    refused: int = 0

    @property
    def makespan(self) -> float:
        return max(self.sent)

    @property
    def utilisation(self) -> float:
        """What was sent, as a share of what a perfect sender would have sent by the same moment."""
        return len(self.sent) / bound(self.makespan)

    @property
    def refused_per_1000(self) -> float:
        return 1000 * self.refused / len(self.sent)


def bound(seconds: float) -> int:
    """How many may be sent from second 0 to this one, it included."""
    return PER_WINDOW * (int(seconds // MINUTE) + 1)


def measure(*, quick: bool = False) -> Findings:
    seeds = range(1) if quick else range(5)
    windows = 2 if quick else WINDOWS
    rows, claims = [], []
    for priority in (Priority.MEDIUM, Priority.GENERATION, Priority.LOW):
        of_all: list[Run] = []
        for server, make in SERVERS.items():
            runs = [tell(_ours(make(LIMIT, MINUTE), windows * PER_WINDOW, priority, seed)) for seed in seeds]
            rows.append([f"the pool, all {priority.name}", server, *_cells(runs, windows)])
            of_all += runs
        claims += _claims(f"all {priority.name}, all servers", of_all, windows)
    for peer in peers():
        rows += _peer_rows(peer, windows, range(1))
    short, cells = _short_backlogs()
    return Findings(
        question=f"Saturated: {ACCOUNTS} accounts × {LIMIT} per minute, a backlog of {windows} windows",
        head=("", "server counts by", "refused per 1,000", "utilisation", "makespan ×"),
        rows=[*rows, *cells],
        claims=[*claims, *short],
        notes=[
            "utilisation: sent ÷ what a perfect sender had sent when our last one left; ×: time of the last ÷ its time",
            "a short backlog of one class alone: nobody else is about, so spacing it serves nobody",
        ],
    )


def _claims(name: str, runs: list[Run], windows: int) -> list[Claim]:
    return [
        Claim(what=f"refusals, {name}", measured=sum(run.refused for run in runs), aim=0),
        Claim(what=f"utilisation, {name}", measured=min(run.utilisation for run in runs), aim=0.98, at_least=True),
        Claim(what=f"makespan, {name}", measured=max(_ratio(run, windows) for run in runs), aim=1.03, unit="×"),
    ]


def _ratio(run: Run, windows: int) -> float:
    return run.makespan / (MINUTE * (windows - 1))


def _cells(runs: list[Run], windows: int) -> list[str]:
    return [
        f"{mean(run.refused_per_1000 for run in runs):.1f}",
        f"{mean(run.utilisation for run in runs):.3f}",
        f"{mean(_ratio(run, windows) for run in runs):.3f}",
    ]


def _peer_rows(peer: Peer, windows: int, seeds: range) -> list[list[str]]:
    if peer.make is None:
        return [[peer.name, MISSING, "", "", ""]]
    return [
        [
            peer.name,
            server,
            *_cells([tell(_theirs(peer, make(LIMIT, MINUTE), windows * PER_WINDOW, seed)) for seed in seeds], windows),
        ]
        for server, make in SERVERS.items()
    ]


def _short_backlogs() -> tuple[list[Claim], list[list[str]]]:
    """Seven windows of the lowest classes, as `ratelimit.md` measured it, and less than one window at once."""
    claims, rows = [], []
    for priority in (Priority.LOW, Priority.GENERATION):
        for windows in (7, 2):
            run = tell(_ours(SlidingWindow(LIMIT, MINUTE), windows * PER_WINDOW, priority, seed=1))
            rows.append([f"the pool, {windows} windows of {priority.name}", "sliding window", *_cells([run], windows)])
            claims.append(
                Claim(
                    what=f"utilisation, {windows} windows of {priority.name} alone",
                    measured=run.utilisation,
                    aim=0.98,
                    at_least=True,
                )
            )
        run = tell(_ours(SlidingWindow(LIMIT, MINUTE), PER_WINDOW, priority, seed=1))
        claims.append(
            Claim(what=f"one window of {priority.name} alone, last sent", measured=run.makespan, aim=1.0, unit="s")
        )
    return claims, rows


async def _ours(server: Server, requests: int, priority: Priority, seed: int) -> Run:
    pool = make_pool(Limit(LIMIT, period=MINUTE), accounts=ACCOUNTS)
    return await saturate(lambda number: _turn(pool, number, priority), server, requests, seed)


@asynccontextmanager
async def _turn(pool: KeyPool, number: int, priority: Priority) -> AsyncIterator[str]:
    async with pool.lease(user=f"user-{number % 10}", priority=priority) as lease:
        yield lease.key.account


async def _theirs(peer: Peer, server: Server, requests: int, seed: int) -> Run:
    assert peer.make is not None
    acquire = round_robin([peer.make(LIMIT, MINUTE) for _ in range(ACCOUNTS)])

    @asynccontextmanager
    async def turn(number: int) -> AsyncIterator[str]:
        del number
        yield f"account-{await acquire()}"

    return await saturate(turn, server, requests, seed)


async def saturate(turn: Turn, server: Server, requests: int, seed: int) -> Run:
    """Send so many requests, all wanted at second 0; whoever is refused asks again."""
    run, network = Run(), Network(seed)

    async def one(number: int) -> None:
        is_served = False
        while not is_served:
            try:
                async with turn(number) as account:
                    left = now()
                    await asyncio.sleep(network.delay())
                    is_served = server.admits(account, now())
                    await asyncio.sleep(network.delay())
                    if not is_served:
                        run.refused += 1
                        raise Refusal(Throttled())
            except Refusal:
                await asyncio.sleep(1.0)
        run.sent.append(left)

    await asyncio.gather(*(one(number) for number in range(requests)))
    return run
