"""The last 24 hours as a picture, and in words.

Drawn by a process of its own (`bot.status.drawing`): a plotting library takes 80 MB that would never be given back.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from bot.speech import counted, say
from bot.status.samples import DAY, Sample, Samples

logger = logging.getLogger(__name__)

#: Seconds that drawing may take, and for which a picture is handed out again.
WITHIN, FRESH = 30.0, 30.0
#: A point for every half hour: more are not seen at the width that Discord shows.
POINTS = 48
_DRAWING = Path(__file__).with_name("drawing.py")


class ChartFailed(Exception):
    """No picture was drawn; the text says why, for the log."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """A PNG, and what it shows in words: its alt text, and what stands in its place where there is none."""

    png: bytes
    words: str
    at: float


class Charts:
    """Draws one picture at a time. `cache` is a folder where the plotting library may keep what it knows of fonts."""

    def __init__(self, samples: Samples, cache: Path, *, clock: Callable[[], float] = time.time) -> None:
        self._samples = samples
        self._cache = cache
        self._clock = clock
        self._turn = asyncio.Lock()
        self._newest: Chart | None = None

    async def last_day(self) -> Chart:
        """The chart of the last 24 hours. Raises `ChartFailed`."""
        async with self._turn:
            now = self._clock()
            if self._newest is None or not 0 <= now - self._newest.at < FRESH:
                seen = await self._samples.read(DAY, POINTS)
                self._newest = Chart(png=await draw(seen, now, self._cache), words=described(seen), at=now)
            return self._newest


async def draw(samples: Sequence[Sample], now: float, cache: Path) -> bytes:
    """A PNG of the 24 hours before `now`. Cancelled, it leaves no process. Raises `ChartFailed`."""
    order = json.dumps({"now": now, "period": DAY, "samples": [asdict(sample) for sample in samples]})
    cache.mkdir(parents=True, exist_ok=True)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", str(_DRAWING)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={"MPLCONFIGDIR": str(cache), "MPLBACKEND": "agg", "OPENBLAS_NUM_THREADS": "1", "LC_ALL": "C.UTF-8"},
        cwd=cache,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(WITHIN):
            png, said = await process.communicate(order.encode())
    except TimeoutError:
        raise ChartFailed(f"it took more than {WITHIN:.0f} s") from None
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
    if process.returncode != 0 or not png.startswith(b"\x89PNG"):
        raise ChartFailed(said.decode("utf-8", "replace").strip()[-300:] or f"it ended with {process.returncode}")
    return png


def described(samples: Sequence[Sample]) -> str:
    """What the picture shows, in a few sentences."""
    if not samples:
        return say("Nothing was measured in the last 24 hours yet.")
    asked: Counter[str] = Counter()
    for sample in samples:
        asked.update(sample.requests)
    parts = [say("The last 24 hours.")]
    parts.append(counted(asked.total(), "{number} request to services.", "{number} requests to services."))
    if asked:
        key, most = asked.most_common(1)[0]
        parts.append(say("The busiest of {keys} keys, {key}, had {most}.", keys=len(asked), key=key, most=most))
    fullest = max(samples, key=lambda sample: sum(sample.waiting.values()) + sample.films)
    waiting = sum(fullest.waiting.values())
    if waiting or fullest.films:
        parts.append(
            say(
                "At most {waiting} requests and {films} films waited, at {time} UTC; the longest wait was {longest} s.",
                waiting=waiting,
                films=fullest.films,
                time=_clock_time(fullest.at),
                longest=round(max(sample.oldest for sample in samples)),
            )
        )
    else:
        parts.append(say("Nobody had to wait at the turn of a minute."))
    errors, limited = sum(sample.errors for sample in samples), sum(sample.limited for sample in samples)
    parts.append(say("Errors of services: {errors}; answers of 429: {limited}.", errors=errors, limited=limited))
    spent = f"${samples[-1].spent_microusd / 1_000_000:.2f}"
    parts.append(say("Spent so far today (UTC): {spent}.", spent=spent))
    return " ".join(parts)


def _clock_time(at: float) -> str:
    return f"{datetime.fromtimestamp(at, tz=UTC):%H:%M}"
