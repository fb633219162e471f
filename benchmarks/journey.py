"""`python -m benchmarks.journey`: what a film, a start and an idle bot cost; a report on standard output.

Everything is seen from outside: a real bot as a process, its requests, its log, its rows, and ffmpeg's comings and
goings. Figures of one run may be compared with each other; those of another machine, or another hour, hardly.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.ffmpeg_runs import version
from benchmarks.films import measure_films
from benchmarks.memory import measure_memory
from benchmarks.report import Findings, machine, render
from benchmarks.stage import JourneyFailed
from benchmarks.startup import measure_starts

SIZES = (1, 4, 12)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """How much is measured: starts, films of each size, and films for memory with a look after each `every`.

    `settle` is the rest before a look at memory, in seconds.
    """

    starts: int
    repeats: int
    films: int
    every: int
    settle: float


FULL = Scale(starts=5, repeats=3, films=50, every=10, settle=5.0)
QUICK = Scale(starts=1, repeats=1, films=5, every=1, settle=1.0)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.journey", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one of each and 5 films for memory: a minute or so")
    scale = QUICK if parser.parse_args().quick else FULL
    code = 1
    with tempfile.TemporaryDirectory(prefix="greenlight-bench-") as folder:
        try:
            print(render(asyncio.run(measure(Path(folder), scale))))
            code = 0
        except* (JourneyFailed, TimeoutError) as failed:  # a group where several people waited
            print(f"NOT MEASURED  {failed.exceptions[0]}", file=sys.stderr)
    return code


async def measure(folder: Path, scale: Scale) -> Findings:
    """Measure everything, one thing after the other. Raises `JourneyFailed` or `TimeoutError`."""
    load = os.getloadavg()[0]
    _say(f"{2 * scale.starts} starts")
    first_starts, restarts = await measure_starts(folder / "starts", scale.starts)
    _say(f"{scale.repeats * len(SIZES)} films, timed")
    films = await measure_films(folder / "films", SIZES, scale.repeats)
    _say(f"{scale.films} films, for memory")
    memory = await measure_memory(folder / "memory", films=scale.films, every=scale.every, settle=scale.settle)
    return Findings(
        machine=machine(await asyncio.to_thread(version), load),
        first_starts=first_starts,
        restarts=restarts,
        films=films,
        memory=memory,
    )


def _say(what: str) -> None:
    print(f"… {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
