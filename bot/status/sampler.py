"""Takes a sample once a minute: what the pools did since the one before, and how it stands."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from typing import NoReturn

from bot.db import AWAY
from bot.db.faults import DatabaseFull
from bot.status.collector import Collector
from bot.status.recent import Look
from bot.status.samples import EVERY, Sample, Samples
from bot.status.status import Status
from ratelimit import KeyPool

logger = logging.getLogger(__name__)

#: Samples between two removals of what is too old.
FORGET_EVERY = 60
#: What speaks against a key or its service, by the names of verdicts.
AGAINST = frozenset({"Throttled", "Exhausted", "Rejected", "Unavailable"})


class Sampler:
    """Of one process. What could not be written counts in the next sample."""

    def __init__(
        self,
        collector: Collector,
        samples: Samples,
        pools: Mapping[str, KeyPool],
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._collector = collector
        self._samples = samples
        self._pools = pools
        self._clock = clock
        self._looks: dict[str, Look] = {}
        self._limited = 0  # by Discord, so far
        self._taken_at = clock()

    async def run(self) -> NoReturn:
        """Until cancelled, at the turn of every minute."""
        self._collector.recent.note(self._clock())
        taken = 0
        while True:
            await asyncio.sleep(EVERY - self._clock() % EVERY)
            try:
                await self.take()
                taken += 1
                if taken % FORGET_EVERY == 1:
                    await self._samples.forget()
            except (*AWAY, DatabaseFull, TimeoutError) as error:
                logger.warning("no sample written", extra={"error": type(error).__name__})

    async def take(self) -> None:
        """Write one down."""
        status = await self._collector.collect()
        looks = {name: Look.at(pool) for name, pool in self._pools.items()}
        since = [look.since(self._looks.get(name, Look())) for name, look in looks.items()]
        limited = status.discord.limited if status.discord is not None else 0
        sample = sample_of(status, since, seconds=status.at - self._taken_at, limited=limited - self._limited)
        here = next(each for each in status.processes if each.is_here)
        await self._samples.write(sample, here)
        self._looks, self._limited, self._taken_at = looks, limited, status.at
        self._collector.recent.note(status.at)


def sample_of(status: Status, since: Iterable[Look], *, seconds: float, limited: int) -> Sample:
    """A sample from a status and what the pools did meanwhile; `limited` is by Discord."""
    looks = list(since)
    oldest = [line.oldest for line in (*status.waits.values(), status.films.line) if line.oldest is not None]
    verdicts = [look.by_verdict() for look in looks]
    return Sample(
        at=status.at,
        seconds=max(0.0, seconds),
        requests={key: number for look in looks for key, number in look.asked.items()},
        waiting={priority.name.lower(): line.waiting for priority, line in status.waits.items()},
        films=status.films.line.waiting,
        oldest=max(oldest, default=0.0),
        spent_microusd=status.money.bot.used_microusd if status.money is not None else 0,
        errors=sum(number for each in verdicts for name, number in each.items() if name in AGAINST),
        limited=max(0, limited) + sum(each["Throttled"] for each in verdicts),
    )
