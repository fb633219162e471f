"""The engine, for real and each time in a process of its own: DBOS is process-wide, and one test kills it."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]


async def process(folder: Path, story: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.bot.jobs.engine_process", str(folder), story),
        cwd=ROOT,
        stderr=asyncio.subprocess.PIPE,
    )


async def ended_well(process: asyncio.subprocess.Process) -> None:
    async with asyncio.timeout(40):
        _, said = await process.communicate()
    assert process.returncode == 0, said.decode()[-3000:]


def notes(folder: Path) -> list[str]:
    path = folder / "notes"
    return path.read_text().splitlines() if path.exists() else []


def steps_done(folder: Path) -> list[str]:
    """What the engine has written down as done, as a restart would find it."""
    connection = sqlite3.connect(f"file:{folder}/engine.sqlite3?mode=ro", uri=True)
    try:
        return [name for (name,) in connection.execute("SELECT function_name FROM operation_outputs")]
    finally:
        connection.close()


async def test_a_workflow_runs_once_ends_in_any_way_and_stops_when_cancelled(tmp_path: Path) -> None:
    await ended_well(await process(tmp_path, "life"))

    said = notes(tmp_path)
    assert said[0] == "unknown: over True, started False"
    assert sorted(said[1:4]) == ["quick a", "slow begins a", "slow ends a"]
    assert said[4:] == [
        "end quick,slow",
        "film: started True",
        "broken: over",
        "waits c",
        "cancelled c",
        "endless: over",
    ]


async def test_after_a_kill_it_goes_on_with_the_step_that_was_running_and_repeats_none_that_was_done(
    tmp_path: Path,
) -> None:
    first = await process(tmp_path, "begin")
    async with asyncio.timeout(40):
        while "slow begins a" not in notes(tmp_path) or "quick" not in steps_done(tmp_path):
            assert first.returncode is None
            await asyncio.sleep(0.02)
    first.kill()
    await first.communicate()

    await ended_well(await process(tmp_path, "resume"))

    assert sorted(notes(tmp_path)[:2]) == ["quick a", "slow begins a"]
    assert notes(tmp_path)[2:] == ["slow begins a", "slow ends a", "end quick,slow"]
