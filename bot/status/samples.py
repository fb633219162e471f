"""How the last two days went: once a minute each process writes down what it saw, for the chart and the dashboard."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import delete, select

from bot.db import Database, Transaction, insert_or_ignore
from bot.db.tables import samples
from bot.status.status import ProcessStatus

#: Seconds between two samples, for which they are kept, and for which a process that wrote one counts as alive.
EVERY, KEPT, ALIVE = 60.0, 48 * 3600.0, 150.0
#: What is shown: a day, a point for every five minutes.
DAY, POINTS = 24 * 3600.0, 288


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What happened in the time up to `at` (a minute as written; longer where samples were thinned out).

    Args:
        seconds: how long that time was.
        requests: lent to each key, by its id.
        waiting: how many stood in line for a key, by class ("high", "medium", "generation", "low").
        films: accepted films that waited to begin.
        oldest: seconds that the one had waited who waited longest, for a key or to begin.
        spent_microusd: by the whole bot, so far in its UTC day.
        errors: what speaks against a key or its service.
        limited: answers of 429, by services and by Discord.
    """

    at: float
    seconds: float
    requests: Mapping[str, int] = field(default_factory=dict)
    waiting: Mapping[str, int] = field(default_factory=dict)
    films: int = 0
    oldest: float = 0.0
    spent_microusd: int = 0
    errors: int = 0
    limited: int = 0


class Samples:
    """The rows."""

    def __init__(self, database: Database, *, clock: Callable[[], float] = time.time) -> None:
        self._database = database
        self._clock = clock

    async def write(self, sample: Sample, process: ProcessStatus) -> None:
        """Keep a sample of this process; a second one of the same minute takes the place of the first."""
        row = {"at": _minute(sample.at), "process": process.name, "taken": _to_json(sample, process)}
        async with self._database.transaction() as transaction:
            fresh = insert_or_ignore(transaction, samples).values(row)
            await transaction.execute(
                fresh.on_conflict_do_update(index_elements=["at", "process"], set_={"taken": row["taken"]})
            )

    async def read(self, period: float = DAY, points: int = POINTS) -> tuple[Sample, ...]:
        """The last `period` seconds of all processes together, in at most so many points, the oldest first.

        A time in which nobody took a sample has no point: the bot was not there.
        """
        since = self._clock() - period
        query = select(samples.c.at, samples.c.taken).where(samples.c.at > since).order_by(samples.c.at)
        async with self._database.transaction() as transaction:
            rows = [(at, taken) for at, taken in await transaction.execute(query)]
        # Beside the loop: a day of five processes takes a tenth of a second to read.
        return await asyncio.to_thread(_points, rows, since, period / points)

    async def forget(self) -> None:
        """Remove what is older than two days."""
        async with self._database.transaction() as transaction:
            await transaction.execute(delete(samples).where(samples.c.at < self._clock() - KEPT))


async def processes(transaction: Transaction, now: float, *, but_for: str) -> tuple[ProcessStatus, ...]:
    """Who else wrote a sample lately, as it stood then."""
    query = (
        select(samples.c.at, samples.c.process, samples.c.taken)
        .where(samples.c.at > now - ALIVE, samples.c.process != but_for)
        .order_by(samples.c.at)
    )
    found = {name: _process(name, at, taken) for at, name, taken in await transaction.execute(query)}
    return tuple(found[name] for name in sorted(found))


def together(same: Sequence[Sample]) -> Sample:
    """What several processes saw in the same minute: what each did adds up, what all see counts once."""
    return Sample(
        at=same[0].at,
        seconds=max(each.seconds for each in same),
        requests=_sum(each.requests for each in same),
        waiting=_sum(each.waiting for each in same),
        films=max(each.films for each in same),
        oldest=max(each.oldest for each in same),
        spent_microusd=max(each.spent_microusd for each in same),
        errors=sum(each.errors for each in same),
        limited=sum(each.limited for each in same),
    )


def thinned(minutes: Iterable[Sample], since: float, width: float) -> tuple[Sample, ...]:
    """One for every `width` seconds from `since` on, in which there are any; of those who wait, the most."""
    points: defaultdict[int, list[Sample]] = defaultdict(list)
    for each in minutes:
        points[int((each.at - since) / width)].append(each)
    return tuple(_one(points[number]) for number in sorted(points))


def _points(rows: Iterable[tuple[int, str]], since: float, width: float) -> tuple[Sample, ...]:
    minutes: defaultdict[float, list[Sample]] = defaultdict(list)
    for at, taken in rows:
        minutes[at].append(_from_json(at, taken))
    return thinned([together(same) for same in minutes.values()], since, width)


def _one(many: Sequence[Sample]) -> Sample:
    waiting: dict[str, int] = {}
    for each in many:
        for name, number in each.waiting.items():
            waiting[name] = max(number, waiting.get(name, 0))
    return Sample(
        at=many[-1].at,
        seconds=sum(each.seconds for each in many),
        requests=_sum(each.requests for each in many),
        waiting=waiting,
        films=max(each.films for each in many),
        oldest=max(each.oldest for each in many),
        spent_microusd=many[-1].spent_microusd,
        errors=sum(each.errors for each in many),
        limited=sum(each.limited for each in many),
    )


def _sum(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for each in counts:
        total.update(each)
    return dict(total)


def _minute(at: float) -> int:
    return int(at // EVERY * EVERY)


def _to_json(sample: Sample, process: ProcessStatus) -> str:
    return json.dumps(
        {
            "seconds": round(sample.seconds, 1),
            "requests": {name: number for name, number in sample.requests.items() if number},
            "waiting": {name: number for name, number in sample.waiting.items() if number},
            "films": sample.films,
            "oldest": round(sample.oldest, 1),
            "spent": sample.spent_microusd,
            "errors": sample.errors,
            "limited": sample.limited,
            "process": {
                "role": process.role,
                "version": process.version,
                "shards": process.shards,
                "started_at": process.started_at,
                "seen_at": process.seen_at,
                "memory": process.memory_bytes,
                "late": process.loop_late,
                "waiting": process.waiting,
            },
        },
        separators=(",", ":"),
    )


def _from_json(at: float, taken: str) -> Sample:
    data = json.loads(taken)
    return Sample(
        at=float(at),
        seconds=data["seconds"],
        requests=data["requests"],
        waiting=data["waiting"],
        films=data["films"],
        oldest=data["oldest"],
        spent_microusd=data["spent"],
        errors=data["errors"],
        limited=data["limited"],
    )


def _process(name: str, at: float, taken: str) -> ProcessStatus:
    data = json.loads(taken)["process"]
    return ProcessStatus(
        name=name,
        role=data["role"],
        version=data["version"],
        shards=data["shards"],
        started_at=data["started_at"],
        seen_at=data.get("seen_at", at),
        is_here=False,
        memory_bytes=data["memory"],
        loop_late=data["late"],
        waiting=data["waiting"],
    )
