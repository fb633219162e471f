"""`python -m benchmarks.load [LT1 LT2 …] [--seconds N]`: what the bot bears; a table for each target.

The real bot as a process, on the same cores as the sandbox. Figures of one run may be compared with each other; those
of another machine, or another hour, hardly.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from benchmarks.load.line import measure_line
from benchmarks.load.presses import measure_burst, measure_ceiling, measure_presses
from benchmarks.load.report import Chapter, head, render, short
from benchmarks.load.running import measure_running
from benchmarks.load.storm import measure_storm
from benchmarks.load.talk import measure_talk
from benchmarks.load.workers import measure_workers
from benchmarks.stage import JourneyFailed

Measure = Callable[[Path, float], Awaitable[Chapter]]

#: LT6 is told by all of them, LT7 by LT1, LT4 and LT10 together; "ceiling" is the sandbox's own.
MEASURES: dict[str, Measure] = {
    "ceiling": measure_ceiling,
    "LT1": measure_presses,
    "LT2": measure_burst,
    "LT3": measure_line,
    "LT4": measure_running,
    "LT5": measure_talk,
    "LT10": measure_running,
    "storm": measure_storm,
    "films": measure_workers,
}
SECONDS = 60.0


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of {', '.join(MEASURES)}; all by default")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="how long each crowd acts")
    arguments = parser.parse_args()
    if unknown := set(arguments.targets) - MEASURES.keys():
        parser.error(f"no such target: {', '.join(sorted(unknown))}")
    wanted = {MEASURES[target]: target for target in reversed(arguments.targets or list(MEASURES))}  # each once
    return asyncio.run(measure([*wanted.values()][::-1], arguments.seconds))


async def measure(targets: list[str], seconds: float) -> int:
    """Measure one after the other, each told as soon as it is known; 1 where one could not be measured."""
    print(head(seconds, os.getloadavg()[0]), flush=True)
    chapters: list[Chapter] = []
    for target in targets:
        chapters += await _measure(target, seconds)
    if missed := short(chapters):
        print(f"\nSHORT  {'; '.join(missed)}")
    return int(len(chapters) < len(targets))


async def _measure(target: str, seconds: float) -> list[Chapter]:
    chapters = []
    with tempfile.TemporaryDirectory(prefix="greenlight-load-") as folder:
        try:
            chapters.append(await MEASURES[target](Path(folder) / "stage", seconds))
        except* (JourneyFailed, TimeoutError) as failed:
            print(f"\nNOT MEASURED  {target}: {failed.exceptions[0]}", file=sys.stderr)
    for chapter in chapters:
        print(f"\n{render(chapter)}\n  load average {os.getloadavg()[0]:.1f} after", flush=True)
    return chapters


if __name__ == "__main__":
    sys.exit(main())
