"""Four processes on one quota over PostgreSQL: is it ever exceeded, and is any of it left unused?

Real processes under real time, with windows of six seconds. Each wants more than all of it, and writes a line for every
request that leaves; the strictest provider, here, counts those of all together.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from sqlalchemy.ext.asyncio import create_async_engine

from benchmarks.pool.findings import Claim, Findings
from bot.db.tables import usage_entries
from sandbox.postgres import NoPostgres, cluster
from tests.bot.app.hammers import Hammer, over_admitted

LIMIT, SKEW = 60, 0.05
AIMS = ("admitted beyond the quota", "utilisation", "journeys to the store per grant")


def measure(*, quick: bool = False) -> Findings:
    period, windows = (2.0, 2) if quick else (6.0, 6)
    rows, claims = [], []
    try:
        with cluster() as url:
            asyncio.run(_create_table(url))
            for number in (1, 4):
                hammers = asyncio.run(_hammer(url, number, period, windows))
                beyond, utilisation, journeys = _count(hammers, period)
                shares = ", ".join(str(len(hammer.sent)) for hammer in hammers)
                rows.append([str(number), shares, str(beyond), f"{utilisation:.3f}", f"{journeys:.2f}"])
            claims = [
                Claim(what=AIMS[0], measured=beyond, aim=0),
                Claim(what=AIMS[1], measured=utilisation, aim=0.95, at_least=True),
                Claim(what=AIMS[2], measured=journeys, aim=1.0),
            ]
    except NoPostgres as missing:
        claims = [Claim(what=what, measured=None, aim=0, note=f"no PostgreSQL here: {missing}") for what in AIMS]
    return Findings(
        question=f"Processes on one quota (PostgreSQL): {LIMIT} per {period:g} s, {windows} windows, kept busy",
        head=("processes", "sent by each", "beyond", "utilisation", "journeys per grant"),
        rows=rows,
        claims=claims,
        notes=[
            "utilisation: sent ÷ what a perfect sender had sent when the last one left; a journey is two round trips"
        ],
    )


async def _create_table(url: str) -> None:
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        await connection.run_sync(usage_entries.create)
    await engine.dispose()


async def _hammer(url: str, number: int, period: float, windows: int) -> list[Hammer]:
    # Another number, another quota: nothing is left of the one before.
    hammers = [
        await Hammer.start(url, limit=LIMIT, period=period, skew=SKEW, pool=f"shared by {number}")
        for _ in range(number)
    ]
    await asyncio.gather(*(hammer.until_sent() for hammer in hammers))
    await asyncio.sleep(period * windows)
    await asyncio.gather(*(hammer.stop() for hammer in hammers))
    return hammers


def _count(hammers: Sequence[Hammer], period: float) -> tuple[int, float, float]:
    sent = sorted(at for hammer in hammers for at in hammer.sent)
    bound = LIMIT * (int((sent[-1] - sent[0]) // period) + 1)
    journeys = sum(hammer.journeys for hammer in hammers) / len(sent)
    return over_admitted(sent, LIMIT, period), len(sent) / bound, journeys
