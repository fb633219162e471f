"""`python -m benchmarks.hops [TRANSACTIONS]`: what a transaction takes with aiosqlite as it comes, and with our hops.

Both in one run, in turns, on files of their own; each transaction reads four times, and every tenth writes.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from statistics import median

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bot.db import open_database
from bot.db.hops import connecting
from bot.db.tables import audit, projects

TRANSACTIONS, ROUNDS = 500, 5


async def measure(transactions: int) -> None:
    with tempfile.TemporaryDirectory(prefix="greenlight-hops-") as folder:
        makers: dict[str, Callable[[str], AsyncEngine]] = {
            "as it comes": lambda file: create_async_engine(f"sqlite+aiosqlite:///{file}", pool_size=1),
            "our hops": lambda file: create_async_engine(
                f"sqlite+aiosqlite:///{file}", pool_size=1, async_creator=connecting(file)
            ),
        }
        engines = {}
        for number, (name, make) in enumerate(makers.items()):
            file = str(Path(folder) / f"{number}.db")
            await (await open_database(f"sqlite+aiosqlite:///{file}")).close()
            engines[name] = make(file)
        took: dict[str, list[tuple[float, float]]] = {name: [] for name in engines}
        for _ in range(ROUNDS):
            for name, engine in engines.items():
                took[name].append(await _timed(partial(_work, engine, transactions)))
        print(f"{transactions} transactions of four reads each, every tenth writes; median of {ROUNDS} rounds")
        for name, rounds in took.items():
            wall, cpu = (median(times) / transactions * 1000 for times in zip(*rounds, strict=True))
            print(f"  {name:<12} {wall:6.2f} ms each, {cpu:6.2f} ms of processor time")
        for engine in engines.values():
            await engine.dispose()


async def _timed(work: Callable[[], Awaitable[None]]) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    await work()
    return time.perf_counter() - wall, time.process_time() - cpu


async def _work(engine: AsyncEngine, transactions: int) -> None:
    for number in range(transactions):
        async with engine.begin() as transaction:
            for owner in range(4):
                await transaction.execute(select(func.count()).where(projects.c.owner_id == owner))
            if not number % 10:
                await transaction.execute(
                    insert(audit).values(at=1.0, actor_id=number, action="measured", ref=str(number))
                )


if __name__ == "__main__":
    asyncio.run(measure(int(sys.argv[1]) if len(sys.argv) > 1 else TRANSACTIONS))
