"""Ten thousand wait: what does one grant cost then, and what does it take to keep one waiter?

As many wait all the time: whoever was served asks again. CPU time on virtual time, so that only work counts. Memory is
what tasks waiting for a key hold beyond tasks that wait for a bare future.
"""

from __future__ import annotations

import asyncio
import gc
import random
import time
import tracemalloc
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from benchmarks.pool.findings import Claim, Findings
from benchmarks.pool.peers import MISSING, Acquire, peers, round_robin
from benchmarks.pool.world import make_pool, tell
from ratelimit import Cost, KeyPool, Limit, Priority

ACCOUNTS, LIMIT, PERIOD, TOKENS = 3, 20, 1.0, 20_000
BUDGET = 2.0  # seconds of CPU for one figure; whoever is slow is measured over fewer grants


@dataclass(frozen=True, slots=True)
class Crowd:
    """Who waits: how each asks, given its number and a pool."""

    name: str
    lease: Callable[[KeyPool, int, random.Random], Coroutine[Any, Any, object]]


def measure(*, quick: bool = False) -> Findings:
    sizes = (50, 500) if quick else (100, 1_000, 10_000)
    grants, repeats = (200, 1) if quick else (2_000, 3)
    rows, claims = [], []
    for crowd in CROWDS:
        micros = [_at_best(repeats, lambda c=crowd, n=size: _ours(c, n, grants)) for size in sizes]  # type: ignore[misc]  # bound as they are now
        rows.append(
            [f"the pool, {crowd.name}", *(f"{value:.0f}" for value in micros), f"{micros[-1] / micros[0]:.2f}", ""]
        )
        claims.append(
            Claim(
                what=f"CPU per grant at {sizes[-1]:,} beside {sizes[0]}, {crowd.name}",
                measured=micros[-1] / micros[0],
                aim=2,
                unit="×",
            )
        )
    for row, crowd in zip(rows, CROWDS, strict=True):
        held = _bytes_each(sizes[-1], crowd.lease)
        row[-1] = f"{held:,.0f}"
        if crowd is CROWDS[0] or crowd is CROWDS[1]:
            what = f"bytes per waiter over a bare awaiting task, {crowd.name}"
            claims.append(Claim(what=what, measured=held, aim=1_200))
    for peer in peers():
        if peer.make is None:
            rows.append([peer.name, MISSING, *[""] * (len(sizes) + 1)])
            continue
        few = 20 if quick else 100
        micros = [_theirs(peer.make, size, min(grants, few * 10 if size < 5_000 else few)) for size in sizes]
        rows.append(
            [
                peer.name,
                *(f"{value:.0f}" for value in micros),
                f"{micros[-1] / micros[0]:.2f}",
                f"{_bytes_of(sizes[-1], peer.make):,.0f}",
            ]
        )
    return Findings(
        question=f"A crowd waits for {ACCOUNTS} × {LIMIT} per second: CPU per grant, µs",
        head=("waiting", *(f"{size:,}" for size in sizes), "×", "bytes each"),
        rows=rows,
        claims=claims,
        notes=["a grant is in it with its task's wake-up, release and coming back to wait"],
    )


async def _one_user(pool: KeyPool, number: int, dice: random.Random) -> None:
    del number, dice
    async with pool.lease(user="ana", priority=Priority.GENERATION):
        pass


async def _many_users(pool: KeyPool, number: int, dice: random.Random) -> None:
    del dice
    async with pool.lease(user=f"user-{number}", priority=Priority.GENERATION):
        pass


async def _tokens(pool: KeyPool, number: int, dice: random.Random) -> None:
    cost = Cost(tokens=dice.randrange(1, 2_000))
    async with pool.lease(user=f"user-{number % 1_000}", priority=Priority.GENERATION, cost=cost):
        pass


async def _models(pool: KeyPool, number: int, dice: random.Random) -> None:
    del dice
    async with pool.lease(user=f"user-{number % 1_000}", priority=Priority.GENERATION, model=f"model-{number % 20}"):
        pass


async def _classes(pool: KeyPool, number: int, dice: random.Random) -> None:
    del dice
    async with pool.lease(user=f"user-{number % 1_000}", priority=Priority(number % 4)):
        pass


CROWDS = (
    Crowd("one user", _one_user),
    Crowd("a user each", _many_users),
    Crowd("random token costs", _tokens),
    Crowd("20 models", _models),
    Crowd("all classes", _classes),
)


def _at_best(repeats: int, once: Callable[[], float]) -> float:
    return min(once() for _ in range(repeats))


def _ours(crowd: Crowd, waiting: int, grants: int) -> float:
    async def story() -> float:
        pool, dice = make_pool(Limit(LIMIT, TOKENS, period=PERIOD), accounts=ACCOUNTS), random.Random(1)  # noqa: S311
        return await _keep_waiting(lambda number: crowd.lease(pool, number, dice), waiting, grants)

    return tell(story())


def _theirs(make: Callable[[int, float], Acquire], waiting: int, grants: int) -> float:
    async def story() -> float:
        acquire = round_robin([make(LIMIT, PERIOD) for _ in range(ACCOUNTS)])
        return await _keep_waiting(lambda number: acquire(), waiting, grants)  # noqa: ARG005 - they know no users

    return tell(story())


async def _keep_waiting(turn: Callable[[int], Awaitable[object]], waiting: int, grants: int) -> float:
    """Microseconds of CPU per grant while so many wait; those of the first windows are not counted."""
    granted, began, done = 0, 0.0, asyncio.Event()

    async def one(number: int) -> None:
        nonlocal granted
        while True:
            await turn(number)
            granted += 1
            if granted >= until or (began and time.process_time() - began > BUDGET):
                done.set()
                await asyncio.Event().wait()

    until = ACCOUNTS * LIMIT * 3
    tasks = [asyncio.ensure_future(one(number)) for number in range(waiting)]
    try:
        await done.wait()
        done.clear()
        gc.collect()
        first, until, began = granted, granted + grants, time.process_time()
        await done.wait()
        return (time.process_time() - began) / (granted - first) * 1e6
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _bytes_each(waiting: int, ask: Callable[[KeyPool, int, random.Random], Coroutine[Any, Any, object]]) -> float:
    async def story() -> float:
        pool, dice = make_pool(Limit(1, period=3_600.0)), random.Random(1)  # noqa: S311 - a story
        await ask(pool, 0, dice)
        return await weigh(lambda number: ask(pool, number, dice), waiting)

    return tell(story())


def _bytes_of(waiting: int, make: Callable[[int, float], Acquire]) -> float:
    async def story() -> float:
        acquire = make(1, 3_600.0)
        await acquire()

        async def once(number: int) -> None:
            del number
            await acquire()

        return await weigh(once, waiting)

    return tell(story())


async def weigh(wait: Callable[[int], Coroutine[Any, Any, object]], waiting: int) -> float:
    """What a task that waits so holds beyond one that waits for a bare future, in bytes."""

    async def bare(number: int) -> None:
        del number
        await asyncio.get_running_loop().create_future()

    return await _held(wait, waiting) - await _held(bare, waiting)


async def _held(wait: Callable[[int], Coroutine[Any, Any, object]], waiting: int) -> float:
    gc.collect()
    tracemalloc.start()
    try:
        tasks = [asyncio.ensure_future(wait(number)) for number in range(waiting)]
        for _ in range(3):
            await asyncio.sleep(0)
        gc.collect()
        held = tracemalloc.get_traced_memory()[0] / waiting
    finally:
        tracemalloc.stop()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return held
