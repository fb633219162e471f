"""One user with 60 jobs before everybody else: do twelve light users and two who pay for more get their turn?

Five slots; a job takes 90 s on average, 45 to 135, so that slots do not free all at once. The whale's jobs come at
second 0, then a light user with one job every minute, and two weighted users (weight 2) with five jobs each at about
200 and 500 s: arrivals under which first come, first served makes light users wait some 850 (p50) and 980 s (p95).
"""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import mean

from benchmarks.pool.findings import Claim, Findings
from benchmarks.pool.world import MINUTE, jain, make_pool, now, percentile, tell
from ratelimit import KeyPool, Limit, Priority

SLOTS, JOB = 5, 90.0
WHALE, LIGHT, WEIGHTED = 60, 12, 2


@dataclass(frozen=True, slots=True)
class Job:
    user: str
    at: float
    seconds: float
    weight: float = 1.0


@dataclass(slots=True)
class Run:
    """Seconds waited, by kind of user, and when the last job ended."""

    waits: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    makespan: float = 0.0


def measure(*, quick: bool = False) -> Findings:
    seeds = range(2 if quick else 20)
    fair = [tell(_work(_jobs(seed))) for seed in seeds]
    fifo = [tell(_work(_jobs(seed), is_fifo=True)) for seed in seeds]
    backlog = 100 if quick else 300
    rates, rooms = tell(_backlogs_over_rates(backlog)), tell(_backlogs_over_room(backlog))
    light = _pooled(fair, "light")
    return Findings(
        question=f"A whale with {WHALE} jobs, {LIGHT} light and {WEIGHTED} weighted users, {SLOTS} slots of {JOB:g} s",
        head=("seconds", "light p50", "light p95", "weighted p50", "weighted p95", "makespan"),
        rows=[_row("the pool", fair), _row("first come, first served", fifo)],
        claims=[
            Claim(what="light p50", measured=percentile(light, 0.5), aim=21, unit="s"),
            Claim(what="light p95", measured=percentile(light, 0.95), aim=63, unit="s"),
            Claim(what="makespan beside FIFO's", measured=_makespan(fair) / _makespan(fifo), aim=1.01, unit="×"),
            Claim(what="Jain's index, backlogs over rates", measured=rates, aim=0.99, at_least=True),
            Claim(what="Jain's index, backlogs over room", measured=rooms, aim=0.99, at_least=True),
        ],
        notes=["backlogs: ten users, 30:1 in jobs, two of weight 2, measured while all of them wait"],
    )


def _jobs(seed: int) -> list[Job]:
    dice = random.Random(seed)  # noqa: S311 - a story
    jobs = [Job("whale", 0.0, _length(dice)) for _ in range(WHALE)]
    jobs += [Job(f"light-{n}", MINUTE * (n + 1) + dice.uniform(0, MINUTE), _length(dice)) for n in range(LIGHT)]
    for n in range(WEIGHTED):
        at = 200.0 + 300.0 * n + dice.uniform(0, MINUTE)
        jobs += [Job(f"weighted-{n}", at, _length(dice), weight=2.0) for _ in range(5)]
    return jobs


def _length(dice: random.Random) -> float:
    return dice.uniform(0.5 * JOB, 1.5 * JOB)


async def _work(jobs: Sequence[Job], *, is_fifo: bool = False) -> Run:
    pool, run = make_pool(room=SLOTS), Run()

    async def one(job: Job) -> None:
        await asyncio.sleep(job.at)
        # One user for all: within a user, first come is first served.
        user, weight = ("everybody", 1.0) if is_fifo else (job.user, job.weight)
        async with pool.lease(user=user, priority=Priority.GENERATION, weight=weight):
            run.waits[job.user.partition("-")[0]].append(now() - job.at)
            await asyncio.sleep(job.seconds)
        run.makespan = max(run.makespan, now())

    await asyncio.gather(*(one(job) for job in jobs))
    return run


async def _backlogs_over_rates(jobs: int) -> float:
    return await _backlogs(make_pool(Limit(15, period=MINUTE), accounts=3), jobs, seconds=0.1)


async def _backlogs_over_room(jobs: int) -> float:
    return await _backlogs(make_pool(room=SLOTS), jobs, seconds=JOB)


async def _backlogs(pool: KeyPool, jobs: int, seconds: float) -> float:
    """Jain's index of what ten users got, each by weight, when one of the small ones has had most of it."""
    weights = {f"user-{n}": 2.0 if n < 2 else 1.0 for n in range(10)}
    served = dict.fromkeys(weights, 0)
    wanted = {user: 10 * jobs if user == "user-9" else jobs // 3 for user in weights}
    index = 0.0

    async def one(user: str) -> None:
        nonlocal index
        async with pool.lease(user=user, priority=Priority.GENERATION, weight=weights[user]):
            if now() > 1.0:  # what was free at first went to whoever asked first
                served[user] += 1
            if not index and served[user] == jobs // 4:
                index = jain([count / weights[name] for name, count in served.items()])
            await asyncio.sleep(seconds)

    await asyncio.gather(*(one(user) for user, count in reversed(wanted.items()) for _ in range(count)))
    return index


def _pooled(runs: Sequence[Run], kind: str) -> list[float]:
    return [wait for run in runs for wait in run.waits[kind]]


def _makespan(runs: Sequence[Run]) -> float:
    return mean(run.makespan for run in runs)


def _row(name: str, runs: Sequence[Run]) -> list[str]:
    cells = [f"{percentile(_pooled(runs, kind), share):.0f}" for kind in ("light", "weighted") for share in (0.5, 0.95)]
    return [name, *cells, f"{_makespan(runs):,.0f}"]
