"""The short form of `python -m benchmarks.proof.chaos`: a few films, one kill, one request in seven goes wrong."""

from __future__ import annotations

from pathlib import Path

from benchmarks.proof.chaos import Storm, weathered


async def test_films_come_through_a_kill_and_faults_once_each(tmp_path: Path) -> None:
    storm = Storm(films=2, seconds=40.0, people=2, faults=0.1, kill_every=(0.8, 0.8), kills=1, quiet=1.0, seed=5)
    outcome = await weathered(tmp_path, storm)
    assert not outcome.breaches, outcome
    assert (outcome.kills, outcome.ends.total()) == (1, 2)
    assert outcome.faults.total() > 0
